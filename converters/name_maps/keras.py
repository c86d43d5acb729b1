"""keras.applications and slim, by the layer names of Keras 3; other files of Keras are matched by order.

Kernels are laid out alike. Where Keras's weights take BGR images (VGG, ResNet v1: its mode "caffe"), the
first convolution's input axis is turned round, so that ours take RGB. A network is found among other layers,
too: a head of one layer becomes ours, any other is left out, and said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from slimzoo.converters.name_maps import NameMap, Row
from slimzoo.converters.name_maps.keras_fitting import Layer, Pairs, find_base, find_top, layers_in
from slimzoo.converters.name_maps.keras_networks import TWINS
from slimzoo.converters.name_maps.keras_sayings import of_twin, said_of
from slimzoo.converters.source import Source

NETWORKS = tuple(TWINS)
_KINDS = ("moving_mean", "pointwise_kernel", "depthwise_kernel", "kernel")  # by the first that a layer has

Layers = dict[str, list[dict[str, str]]]  # kind: {variable: name} of each layer, in order


@dataclass(frozen=True, kw_only=True)
class KerasMap(NameMap):
    """A name map that also fits files with other names of layers, or other layers around the network.

    Attributes:
      top: the rows of the layers that a model made with include_top=False lacks.
      inputs: how many channels each layer of the top takes, or the layer whose channels it takes.
      by_order: it was fitted to other names by the order of layers, as Keras itself loads `.h5` files.
    """

    top: tuple[Row, ...] = ()
    inputs: tuple[int | str, ...] = ()
    by_order: bool = False

    def __str__(self) -> str:
        return f"{self.library}/{self.network}{', by the order of layers' if self.by_order else ''}"

    def fitted(self, names: Iterable[str]) -> KerasMap | None:
        """Returns the map for a file of these `names`, in the file's order of layers, or None.

        By name where all are Keras 3's; else by order, within each class of layer. Of a Source, whose shapes
        are known, other layers may stand around the network's.
        """
        source = names if isinstance(names, Source) else None
        known = tuple(names)
        candidates = (self, self.without_top())
        for candidate in candidates:
            if NameMap.fitted(candidate, known):
                return _heeding(candidate, source) if source else candidate
        if source:
            return self._among(source)
        for candidate in candidates:
            if spelling := _by_order(candidate.names, known):
                return candidate.respelled(spelling)
        return None

    def _among(self, source: Source) -> KerasMap | None:
        """Returns the map of those layers in `source` that are the network's; the others are ignored."""
        base, layers = self.without_top(), layers_in(source)
        pairs = find_base(base.rows, layers)
        if not pairs:
            return None
        front, head = _around(pairs, layers)
        inputs = _inputs(self.inputs, pairs)
        top = find_top(self.top, inputs, head)
        fitted = base.respelled(_spelling(pairs))
        rows = (*fitted.rows, *(top or ()))
        changes: dict[str, Any] = {
            "rows": rows,
            "ignored": _others(source, rows),
            "absent": self.absent if top else fitted.absent,
            "by_order": not _labels(rows) <= _labels(self.rows),
            "said": (
                *of_twin(source, self.network, pairs, find_base(base.rows, head)),
                *said_of(source, self.network, inputs, front, head, found=bool(top)),
            ),
        }
        return replace(fitted, **changes)

    def without_top(self) -> KerasMap:
        """Returns the map of the network without its top; those variables of ours are absent."""
        scopes = (ours.rpartition("/")[0] for entry in self.top for ours in entry.ours)
        rows = tuple(entry for entry in self.rows if entry not in self.top)
        return self._with(rows=rows, absent=tuple(dict.fromkeys((*self.absent, *scopes))))

    def respelled(self, spelling: Mapping[str, str]) -> KerasMap:
        """Returns the map for a file that has other names of layers: {name here: name there}."""
        rows = (replace(entry, theirs=tuple(spelling[name] for name in entry.theirs)) for entry in self.rows)
        return self._with(rows=tuple(rows), by_order=True)

    @property
    def names(self) -> dict[str, None]:
        """Theirs, in order."""
        return {name: None for entry in self.rows for name in entry.theirs}

    def _with(self, **changes: Any) -> KerasMap:
        return replace(self, top=(), **changes)

    def apply(self, source: Source) -> Source:
        """See NameMap.apply; the map is fitted to the names in `source` first."""
        return NameMap.apply(self.fitted(source) or self, source)

    def to_theirs(self, source: Source) -> Source:
        """See NameMap.to_theirs; a network without its top becomes a model without it."""
        headless = self.top and not any(ours in source for entry in self.top for ours in entry.ours)
        return NameMap.to_theirs(self.without_top() if headless else self, source)


def _heeding(found: KerasMap, source: Source) -> KerasMap:
    """Returns the map of a file that has the network's layers only, as far as they have weights."""
    changes: dict[str, Any] = {"said": said_of(source, found.network, [], [], [], found=bool(found.top))}
    return found if found.said else replace(found, **changes)


def _around(pairs: Pairs, layers: list[Layer]) -> tuple[list[Layer], list[Layer]]:
    """Returns the layers that only scale pixels, and what else is not the network's."""
    used = {theirs.name for _, theirs in pairs}
    others = [layer for layer in layers if layer.name not in used]
    front = [layer for layer in others if layer.kind == "normalization"]
    return front, [layer for layer in others if layer not in front]


def _others(source: Source, rows: Iterable[Row]) -> tuple[str, ...]:
    """Returns the patterns of what none of `rows` takes."""
    taken = {name for entry in rows for name in entry.theirs}
    return tuple(re.escape(name) for name in source if name not in taken)


def _labels(rows: Iterable[Row]) -> set[str]:
    """Returns the names of the layers, without those of the models that they are in."""
    return {name.rpartition("/")[0].rpartition("/")[2] for entry in rows for name in entry.theirs}


def _inputs(wanted: Iterable[int | str], pairs: Pairs) -> list[int]:
    layers: dict[int | str, Layer] = {mine.name: theirs for mine, theirs in pairs}
    return [layers[width].channels if isinstance(width, str) else width for width in wanted]


def _spelling(pairs: Pairs) -> dict[str, str]:
    """Returns {name in the table: name in the file}."""
    return {name: theirs.variables[key] for mine, theirs in pairs for key, name in mine.variables.items()}


def _by_order(wanted: Iterable[str], names: Iterable[str]) -> dict[str, str] | None:
    """Returns {name in the table: name in the file}, or None where the layers are not of the same kinds."""
    table, file = _layers(wanted), _layers(names)
    if table.keys() != file.keys() or any(len(table[kind]) != len(file[kind]) for kind in table):
        return None
    pairs = [pair for kind in table for pair in zip(table[kind], file[kind], strict=True)]
    if any(mine.keys() != theirs.keys() for mine, theirs in pairs):
        return None
    return {mine[key]: theirs[key] for mine, theirs in pairs for key in mine}


def _layers(names: Iterable[str]) -> Layers:
    owned: dict[str, dict[str, str]] = {}
    for name in names:
        layer, _, key = name.rpartition("/")
        owned.setdefault(layer, {})[key] = name
    layers: Layers = {}
    for variables in owned.values():
        kind = next((mark for mark in _KINDS if mark in variables), "")
        layers.setdefault(kind, []).append(variables)
    return layers


@cache
def name_map(network: str) -> KerasMap:
    """Returns the map of `network`, one of NETWORKS."""
    twin = TWINS[network]()
    return KerasMap(
        library="keras",
        network=network,
        rows=(*twin.rows, *twin.top),
        top=twin.top,
        inputs=twin.inputs,
        absent=twin.absent,
        note=twin.note,
        arguments=twin.arguments,
        preprocessing=twin.preprocessing,
    )
