"""What load() is going to make: decided from the network, what its weights hold, and what is asked for."""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from slimzoo import converters
from slimzoo.converters.folding import arguments_of
from slimzoo.converters.matching import Rename
from slimzoo.converters.name_maps import NameMap
from slimzoo.converters.naming import named
from slimzoo.errors import SlimzooError
from slimzoo.loading.source import Source, of_usual_classes
from slimzoo.names import Scopes
from slimzoo.preprocessing import KINDS, Preprocessing, of_kind
from slimzoo.registry import SEGMENTATION, Row
from slimzoo.tracing.shapes import shapes_of

log = logging.getLogger("slimzoo")
ImageShape = tuple[int | None, ...]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the caller of load() asks for; None: as the weights, or the network, have it."""

    num_classes: int | None
    input_shape: ImageShape | None
    exclude: Scopes
    labels: Iterable[str] | None
    preprocessing: Preprocessing | None
    size: int | None
    sum_rgb: bool


@dataclass(frozen=True)
class Contents:
    """The tensors of a weight file, under slim's names.

    Attributes:
      absent: scopes of the network that they are without.
      left_out: what is not among them: {kind: tensors}.
      name_map: from the names in the file; None: they are slim's.
      exclude: what the caller excluded, in slim's names.
      unused: tensors of the file that are no part of the network.
      hint: returns what may help where they do not fit.
      arguments: of the network, with which it computes what a graph that was folded does.
    """

    variables: converters.Source
    absent: tuple[str, ...]
    left_out: Mapping[str, int]
    name_map: NameMap | None
    exclude: Scopes
    unused: tuple[str, ...]
    hint: Callable[[], str]
    arguments: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A Model that is to be made, and how the weights fill it.

    Attributes:
      known_classes: that the weights tell apart; None where it does not show.
      new_head: the last layer is new, for another number of classes.
      absent: scopes that the weights are without, if the network has them.
      exclude: scopes that keep their new values.
    """

    network: Row
    num_classes: int | None
    input_shape: ImageShape
    labels: tuple[str, ...] | None
    label_offset: int
    preprocessing: Preprocessing
    multi_label: bool
    known_classes: int | None
    new_head: bool
    absent: tuple[str, ...]
    exclude: Scopes

    def absent_among(self, names: Iterable[str]) -> list[str]:
        """Returns those scopes of `absent` that hold some of the variables `names`."""
        names = list(names)
        return [scope for scope in self.absent if Scopes(scope).of(names)]

    def warning(self, absent: Iterable[str]) -> str:
        """Returns what wants training before the Model is of use, "" for nothing."""
        network = self.network
        if new := [scope for scope in absent if scope not in Scopes(network.side_heads)]:
            return f"{network.name}: the weights are without {', '.join(new)}: new here, and wanting training"
        if self.new_head and self.num_classes:
            return (
                f"{network.name}: the weights know {self.known_classes} classes and {self.num_classes} are "
                f"asked for: {', '.join(network.heads)} is new and wants training"
            )
        return ""


def open_contents(
    source: Source,
    network: Row,
    ema: bool,
    rename: Rename,
    exclude: Scopes,
    arguments: Mapping[str, Any] = MappingProxyType({}),
) -> Contents:
    """Opens the file of `source`; no tensor is read yet. arguments: of the network function."""
    found = named(
        converters.read(source.path),
        network,
        lambda: shapes_of(network.name, arguments=arguments),
        ema=ema,
        rename=rename,
        exclude=exclude,
        arguments=arguments,
    )
    if not ema and (averages := found.left_out["moving averages"]):
        log.warning(
            "%s holds %d moving averages too; the plain values are taken, ema=True takes the averages",
            *(source.where, averages),
        )
    return Contents(
        found.variables,
        tuple(dict.fromkeys((*found.absent, *source.absent))),
        found.left_out,
        found.name_map,
        found.exclude,
        found.unused,
        found.hint,
        arguments_of(found.variables),
    )


def plan_new(network: Row, wanted: Wanted) -> Plan:
    """Returns the plan of a Model without weights."""
    preprocessing = _resized(wanted.preprocessing or _original(network, wanted.input_shape), wanted.size)
    return Plan(
        network=network,
        num_classes=wanted.num_classes,
        input_shape=wanted.input_shape or preprocessing.shape,
        labels=None if wanted.labels is None else tuple(wanted.labels),
        label_offset=0,
        preprocessing=preprocessing,
        multi_label=False,
        known_classes=None,
        new_head=False,
        absent=(),
        exclude=wanted.exclude,
    )


def plan_for(network: Row, source: Source, contents: Contents, wanted: Wanted) -> Plan:
    """Returns the plan of a Model that `contents` fill.

    Raises: SlimzooError: they are without the last layer, and nothing says what shall be there.
    """
    shapes, absent = contents.variables.shapes, contents.absent
    if network.task == SEGMENTATION and set(network.transfer_heads) <= set(absent):
        source = _of_backbone(source)
    known = network.classes_in(shapes) or source.num_classes
    headless = known == 0 or bool(Scopes(network.main_heads).of(absent))
    if headless and wanted.num_classes is None and source.num_classes is None:
        raise SlimzooError(
            f"{source.where} is without the last layer of {network.name}: num_classes=N makes a new one, "
            "num_classes=0 leaves it out"
        )
    if source.labels is None and (source.num_classes is None or source.converted):
        source = of_usual_classes(source, network, known)
    if source.labels is not None and known and len(source.labels) != known and wanted.labels is None:
        raise SlimzooError(
            f"{source.where} names {len(source.labels)} classes, and its last layer tells {known} apart; "
            "labels= names them"
        )
    asked = wanted.num_classes
    new_head = asked is not None and asked != known and (headless or known is not None)
    kind = contents.name_map.preprocessing if contents.name_map else ""
    preprocessing = _preprocessing(network, source, network.has_scope_of(shapes), wanted, kind)
    labels = wanted.labels if wanted.labels is not None else None if new_head else source.labels
    heads = network.heads if new_head and not headless else ()
    return Plan(
        network=network,
        num_classes=known if asked is None else asked,
        input_shape=wanted.input_shape or preprocessing.shape,
        labels=None if labels is None else tuple(labels),
        label_offset=0 if new_head else source.label_offset,
        preprocessing=preprocessing,
        multi_label=source.multi_label and not new_head,
        known_classes=known,
        new_head=new_head,
        absent=(*absent, *network.main_heads) if known == 0 and new_head else absent,
        exclude=Scopes((*wanted.exclude, *heads), wanted.exclude.option),
    )


def _of_backbone(source: Source) -> Source:
    """Returns `source` without what its file, of a classifier, says of its classes and its images."""
    return replace(
        source, num_classes=None, label_offset=0, labels=None, preprocessing=None, multi_label=False
    )


def _preprocessing(network: Row, source: Source, of_scope: bool, wanted: Wanted, kind: str) -> Preprocessing:
    """The caller's, the weights' own, their library's `kind`, or what the network was published with."""
    size_there = source.image_size if of_scope else None
    found = wanted.preprocessing or source.preprocessing
    found = _resized(found or _original(network, wanted.input_shape, size_there, kind), wanted.size)
    return replace(found, channel_order="GRAY") if wanted.sum_rgb else found


def _original(
    network: Row, input_shape: ImageShape | None, size: int | None = None, kind: str = ""
) -> Preprocessing:
    """What the network was published with: for weights that come without their own, and for new ones."""
    size = (input_shape or (None,))[0] or size or network.image_size
    channels = input_shape[2] if input_shape else network.channels
    return of_kind(kind or kind_for(network), size, "GRAY" if channels == 1 else "RGB")


def kind_for(network: Row) -> str:
    """Returns the kind of preprocessing that the network's row names. Raises: SlimzooError: there is none."""
    if network.preprocessing not in KINDS:
        raise SlimzooError(
            f"network {network.name!r} is registered with preprocessing {network.preprocessing!r}, which "
            f"does not exist; there are {', '.join(KINDS)}. Name one in its row, or pass preprocessing=..."
        )
    return network.preprocessing


def _resized(preprocessing: Preprocessing, size: int | None) -> Preprocessing:
    """The same for images of another size; a side that it resizes to grows in proportion."""
    if size is None or size == preprocessing.size:
        return preprocessing
    side = preprocessing.resize_side
    side = None if side is None else round(side * size / preprocessing.size)
    return replace(preprocessing, size=size, resize_side=side)
