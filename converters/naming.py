"""From the names in a file to slim's: what training left aside, renamed, excluded, read as the network's."""

from __future__ import annotations

import contextlib
import functools
import logging
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from slimzoo.converters import folding, prefixes
from slimzoo.converters.averages import with_averages_named
from slimzoo.converters.inference import inference_variables
from slimzoo.converters.matching import Rename, renamed_names
from slimzoo.converters.name_maps import LIBRARIES, NameMap, fitting, get_name_map
from slimzoo.converters.numbered import numbered
from slimzoo.converters.prefixes import Fit, Wanted
from slimzoo.converters.source import Source
from slimzoo.errors import SlimzooError
from slimzoo.names import Scopes, cuts, matches_nothing
from slimzoo.registry import SEGMENTATION, Row, rows

log = logging.getLogger("slimzoo")
Shapes = Mapping[str, tuple[int, ...]]
NUMBERS = "numbers of no variable"
_COUNTED = ".num_batches_tracked"  # of PyTorch's batch norms, which the maps of names know


@dataclass(frozen=True, kw_only=True)
class Named:
    """The tensors of a file as the variables of a network; those of no variable keep their names.

    Attributes:
      left_out: what of the file is not among them, counted.
      unused: the same by name, without what only training needs.
      exclude: what the caller excluded, in slim's names.
      absent: scopes of the network that the file is without.
      name_map: of the library whose names they had; None: slim's.
      in_file: {name: in the file}, as far as it has one there.
      hint: returns a line to end a message in, if the variables do not fit.
    """

    variables: Source
    left_out: Counter[str]
    exclude: Scopes
    in_file: Mapping[str, str]
    unused: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    name_map: NameMap | None = None
    hint: Callable[[], str] = str


@dataclass(frozen=True)
class _Given:
    """What is asked of a file: its tensors as the caller named them, and of which network they shall be."""

    variables: Source
    network: Row | None
    shapes: Callable[[], Shapes]
    exclude: Scopes
    renamed: bool
    library: str | None
    whole: bool

    @property
    def name(self) -> str:
        return self.network.name if self.network else ""

    @functools.cached_property
    def excluded(self) -> frozenset[str]:
        """The tensors that the caller excluded by their names in the file."""
        return frozenset(name for name in self.variables if in_file_scopes(name, self.exclude))

    def wanted(self) -> Wanted:
        shapes, row = self.shapes(), self.network if not self.whole else None
        optional = Scopes((*self.exclude, *(row.side_heads if row else ())))
        return Wanted(
            shapes=shapes,
            last=frozenset(Scopes(row.main_heads if row else ()).of(shapes)),
            optional=frozenset(optional.of(shapes)),
        )

    def maps(self) -> list[NameMap]:
        """Every list of names that the network's tensors may have."""
        found = [] if self.library else prefixes.spellings(self.name, self.shapes())
        for library in LIBRARIES if self.library is None else filter(None, [self.library]):
            with contextlib.suppress(SlimzooError):  # it has none of this network
                if name_map := get_name_map(library, self.name):
                    found.append(name_map)
        return found


def named(
    source: Source,
    network: Row | None,
    shapes: Callable[[], Shapes],
    *,
    ema: bool = False,
    rename: Rename = None,
    exclude: Iterable[str] = (),
    library: str | None = None,
    whole: bool = False,
    arguments: Mapping[str, Any] = MappingProxyType({}),
) -> Named:
    """Returns the tensors of `source` under the names of `network`'s variables; none is read yet.

    In this order: what only training needs is left out, and averages taken; `rename`; numbers of no variable
    are left out; `exclude`, of names in the file as of slim's; what stands before every name is taken off;
    another library's names are mapped.

    Args:
      network: None: a function of the caller's own.
      shapes: of its variables; called where the names alone do not show that they are slim's.
      library: whose names they are, "" for slim's; None: it is found.
      arguments: of the network function, where folded weights are told by its layers.
      whole: nothing of the network may be missing, not even its last layers.
    Raises: SlimzooError: an argument does not fit the file, or the file holds the network several times.
    """
    if network or whole:
        source = _of_variables(source)
    kept, left_out = inference_variables(with_averages_named(source), ema)
    names = renamed_names(kept, rename)
    variables = kept.with_tensors({new: kept.tensors[old] for new, old in names.items()})
    shapes = functools.cache(shapes)
    if network and (numbers := _numbers_of_none(variables, shapes, Scopes(exclude))):
        left_out[NUMBERS] += len(numbers)
        rest = {name: t for name, t in variables.tensors.items() if name not in numbers}
        variables = variables.with_tensors(rest)
    given = _Given(variables, network, shapes, Scopes(exclude), bool(rename), library, whole)
    found = Named(
        variables=variables,
        left_out=left_out,
        exclude=given.exclude,
        absent=() if whole or not network else _without_any(network.side_heads, variables),
        in_file=names,
        hint=lambda: prefixes.hint(variables.shapes, given.maps(), given.wanted()),
    )
    if network and (layers := folding.unfolded(variables, network.name, arguments, whole)):
        return replace(found, variables=layers, absent=folding.absent_in(layers))
    if backbone := _of_a_backbone(found, given):
        return backbone
    if _is_slims(given):
        return found
    read = _read_as(found, given)
    if library and read is found and (name_map := get_name_map(library, given.name)):
        name_map.apply(variables)  # which says what does not fit
    return read


def in_file_scopes(name: str, scopes: Iterable[str]) -> bool:
    """Whether `name` lies in one of `scopes`, whose parts "." may separate as "/" does."""
    return name in Scopes(scopes) or _slashed(name) in Scopes(_slashed(scope) for scope in scopes)


def excluded_among(names: Iterable[str], scopes: Scopes) -> list[str]:
    """Returns those of `names`, of a file, that are in `scopes`.

    Raises: SlimzooError: one of these matches nothing.
    """
    names = list(names)
    lost = [scope for scope in scopes if not any(in_file_scopes(name, [scope]) for name in names)]
    if lost:
        raise SlimzooError("\n".join(matches_nothing(scopes.option, scope, names) for scope in lost))
    return [name for name in names if in_file_scopes(name, scopes)]


def _of_variables(source: Source) -> Source:
    """Returns `source` with the names of variables where it has those of their tensors: "conv1/weights:0"."""
    names = {name: name.removesuffix(":0") for name in source}
    if len(set(names.values())) < len(names):
        return source
    return source.with_tensors({names[name]: tensor for name, tensor in source.tensors.items()})


def _numbers_of_none(variables: Source, shapes: Callable[[], Shapes], exclude: Scopes) -> set[str]:
    """Returns the tensors of one number that are no variables, as an epoch, but for what is known of."""
    found = {name for name, tensor in variables.tensors.items() if tensor.shape == ()}
    found = {name for name in found if not (name.endswith(_COUNTED) or in_file_scopes(name, exclude))}
    return {name for name in found if not any(rest in shapes() for _, rest in cuts(name))}


def _without_any(scopes: Iterable[str], names: Iterable[str]) -> tuple[str, ...]:
    """Returns those of `scopes` in which none of `names` lies."""
    names = list(names)
    return tuple(scope for scope in scopes if not Scopes(scope).of(names))


def _slashed(name: str) -> str:
    return name.replace(".", "/")


def _is_slims(given: _Given) -> bool:
    """Whether the names alone show that they are slim's, with nothing before them."""
    if given.renamed or given.library:
        return False
    if given.whole or given.network is None:
        return given.shapes().keys() <= given.variables.tensors.keys()
    about, heads = given.variables.metadata, Scopes(given.network.main_heads)
    if "network" in about and "names" not in about:  # slimzoo wrote it, under slim's names
        return True
    return any(name in heads and not name.endswith(("/kernel", "/bias")) for name in given.variables)


def _of_a_backbone(found: Named, given: _Given) -> Named | None:
    """Returns a classifier's variables for a network that gives masks, without its heads; None: it is none.

    Those of a backbone that has a scope of its own in the network (fcn_8s/vgg_16) are found without that too.
    """
    row, variables = given.network, given.variables
    if row is None or row.task != SEGMENTATION or given.whole or given.library:
        return None
    heads = Scopes(row.transfer_heads)
    if heads.of(variables):
        return None
    renamed = {name: name if name in given.shapes() else f"{row.top}/{name}" for name in variables}
    ours = {new: old for old, new in renamed.items() if new in given.shapes() and new not in heads}
    if not row.has_scope_of(ours):
        return None
    others = sorted(variables.tensors.keys() - set(ours.values()))
    return replace(
        found,
        variables=variables.with_tensors({new: variables.tensors[old] for new, old in ours.items()}),
        left_out=found.left_out + Counter({"of other layers": len(others)} if others else {}),
        unused=tuple(others),
        in_file={new: found.in_file[old] for new, old in ours.items()},
        absent=tuple(dict.fromkeys((*found.absent, *row.transfer_heads))),
    )


def _read_as(found: Named, given: _Given) -> Named:
    """Returns `found` with its tensors read in the one way that is known for their names, if there is one."""
    name_map = fitting_of(given)
    if name_map and not _by_alphabet(name_map, given.variables):
        return _mapped(found, given, name_map)
    if fit := _fit(given):
        if said := prefixes.line(fit, found.variables.path):
            log.warning("%s", said)
        return _mapped(found, given, fit.name_map, fit)
    if numbered := fitting_of(replace(given, variables=_by_number(given.variables))):
        log.warning("%s: no name says which layer is which; they are taken by number", found.variables.path)
        return _mapped(found, given, numbered)
    return found


def fitting_of(given: _Given) -> NameMap | None:
    """Returns the map of another library that the names fit as they are, without or with what is excluded."""
    if given.network is None or given.library == "":
        return None
    if given.excluded and (found := _fitted(given, given.excluded)):
        return found
    found = _fitted(given, frozenset())
    spare = given.excluded.difference(name for entry in found.rows for name in entry.theirs) if found else ()
    return _fitted(given, spare) or found if spare else found


def _fitted(given: _Given, aside: Container[str]) -> NameMap | None:
    rest = {name: tensor for name, tensor in given.variables.tensors.items() if name not in aside}
    variables = given.variables.with_tensors(rest)
    if given.library is None:
        return fitting(variables, given.name)
    name_map = get_name_map(given.library, given.name)
    return name_map.fitted(variables) if name_map else None


def _by_alphabet(name_map: NameMap, variables: Source) -> bool:
    """Whether `name_map` goes by the order of a file that has no order but the alphabet's."""
    if not getattr(name_map, "by_order", False) or variables.format.startswith("keras"):
        return False
    return list(variables) == sorted(variables)


def _by_number(variables: Source) -> Source:
    """Returns `variables` in the order of their layers' numbers, conv2d_9 before conv2d_10.

    Of layers that are not numbered through nothing is returned.
    """
    places = {name: numbered(name.rpartition("/")[0]) for name in variables}
    order = {name: place for name, place in places.items() if place}
    if len(order) < len(places) or len({place.scope for place in order.values()}) > 1:
        return variables.with_tensors({})
    return variables.with_tensors({n: variables.tensors[n] for n in sorted(order, key=lambda n: order[n])})


def _fit(given: _Given) -> Fit | None:
    wanted, excluded = given.wanted(), given.excluded
    found = [
        fit
        for name_map in given.maps()
        for fit in prefixes.fits(given.variables.tensors, name_map, wanted, excluded)
        if not _of_other_network(fit, given)
    ]
    if given.whole:
        found = [fit for fit in found if not fit.others]
    shapes = given.variables.shapes
    return prefixes.choose(found, shapes, wanted, given.variables.path, given.renamed)


def _of_other_network(fit: Fit, given: _Given) -> bool:
    """Whether the scope in place of ours is that of another registered network."""
    if fit.name_map.library != prefixes.BARE or not given.network:
        return False
    scope = prefixes.stem(fit.prefix).rpartition("/")[2]
    return scope in {row.top for row in rows().values()} - {given.network.top}


def _mapped(found: Named, given: _Given, name_map: NameMap, fit: Fit | None = None) -> Named:
    taken = {name: t for name, t in given.variables.tensors.items() if fit is None or name in fit.taken}
    if fit is None:
        theirs = {name for entry in name_map.rows for name in entry.theirs}
        taken = {name: t for name, t in taken.items() if name in theirs or name not in given.excluded}
    variables = name_map.apply(given.variables.with_tensors(taken))
    for line in name_map.said:
        log.warning("%s", line)
    others = [name for name in sorted(given.excluded) if name not in taken] + list(fit.others if fit else ())
    heads = (*given.network.heads,) if given.network and fit and not given.whole else ()
    without = _without_any(heads, variables)
    in_file = {
        entry.ours[0]: found.in_file[entry.theirs[0]] for entry in name_map.rows if len(entry.ours) == 1
    }
    return replace(
        found,
        variables=variables,
        left_out=found.left_out
        + Counter("excluded" if name in given.excluded else "of other layers" for name in others),
        exclude=_in_slims_names(given, name_map, variables),
        in_file=in_file,
        unused=tuple(others),
        absent=tuple(dict.fromkeys((*name_map.absent, *without))),
        name_map=None if fit and fit.of_slim else name_map,
        hint=str,
    )


def _in_slims_names(given: _Given, name_map: NameMap, ours: Iterable[str]) -> Scopes:
    """Returns what is excluded, by the file's names or by slim's, in slim's."""
    ours, excluded = list(ours), given.excluded
    kept = [
        scope
        for scope in given.exclude
        if Scopes(scope).of(ours) or not any(in_file_scopes(name, [scope]) for name in excluded)
    ]
    mapped = [name for row in name_map.rows if not excluded.isdisjoint(row.theirs) for name in row.ours]
    return Scopes((*kept, *mapped), given.exclude.option)
