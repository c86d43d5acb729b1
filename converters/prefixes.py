"""A network among other names: what stands before its own, found by the names after it."""

from __future__ import annotations

import re
from collections.abc import Collection, Container, Iterable, Mapping
from dataclasses import dataclass, replace

from slimzoo.converters.name_maps import NameMap, Row, row
from slimzoo.errors import SlimzooError, listing
from slimzoo.names import cuts, prefixes_of

Shapes = Mapping[str, tuple[int, ...]]
SLIM, TF_LAYERS, BARE = "slim", "tf.layers", "slim without the outermost scope"  # libraries of spellings()
DOTTED = 'slim, with "." for "/"'
_OURS = (SLIM, TF_LAYERS, BARE, DOTTED)  # laid out as the variables are
_TF_LAYERS = {"weights": "kernel", "biases": "bias"}  # what slim calls it: what tf.layers does
_SHOWN = 5  # names in a message


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What of a network a file must hold, in slim's names.

    Attributes:
      last: the variables of the last layers: a file has all of them or none.
      optional: variables that a file may be without.
    """

    shapes: Shapes
    last: Container[str] = ()
    optional: Container[str] = ()

    def of_last(self, entry: Row) -> bool:
        """Whether `entry` makes a part of the last layers."""
        return any(name in self.last and name not in self.optional for name in entry.ours)

    def needs(self, entry: Row) -> bool:
        """Whether no file of the network is without what `entry` makes."""
        return not any(name in self.last or name in self.optional for name in entry.ours)


@dataclass(frozen=True, kw_only=True)
class Fit:
    """A way to read a file as a network's.

    Attributes:
      name_map: from the file's own names; its rows are those that the file has.
      prefix: what stands before the names of the network, with its separator.
      headless: the file is without the network's last layers.
      others: tensors that are not the network's.
    """

    name_map: NameMap
    prefix: str
    headless: bool
    others: tuple[str, ...]

    @property
    def taken(self) -> frozenset[str]:
        """The tensors that are the network's."""
        return frozenset(name for entry in self.name_map.rows for name in entry.theirs)

    @property
    def of_slim(self) -> bool:
        """Whether the names after the prefix are slim's, and no other library's."""
        return self.name_map.library in _OURS


def spellings(network: str, shapes: Shapes) -> list[NameMap]:
    """Returns how slim's own variables may be called: as they are, by tf.layers, with dots, without scope."""
    ours = list(shapes)
    found = {SLIM: ours, TF_LAYERS: [_of_tf_layers(name) for name in ours]}
    found[DOTTED] = [name.replace("/", ".") for name in ours]
    if len({name.partition("/")[0] for name in ours}) == 1 and all("/" in name for name in ours):
        found[BARE] = [name.partition("/")[2] for name in ours]
    return [
        NameMap(library=library, network=network, rows=tuple(map(row, theirs, ours)))
        for library, theirs in found.items()
    ]


def _of_tf_layers(name: str) -> str:
    scope, _, last = name.replace("/BatchNorm/", "/batch_normalization/").rpartition("/")
    last = _TF_LAYERS.get(last, last.replace("_weights", "_kernel"))
    return f"{scope}/{last}" if scope else last


def fits(
    names: Collection[str], name_map: NameMap, wanted: Wanted, excused: Container[str] = ()
) -> list[Fit]:
    """Returns every way to read a file of these `names` by `name_map`, at most one for each prefix.

    Args:
      excused: names that the file may have without being the network's.
    """
    there = set(names)
    needed = {name for entry in name_map.rows if wanted.needs(entry) for name in entry.theirs}
    found = (prefix for prefix, count in prefixes_of(needed, names).items() if count == len(needed))
    every = (_at(prefix, there, name_map, wanted, excused) for prefix in found)
    return [fit for fit in every if fit and any(name not in excused for name in fit.taken)]


def _at(
    prefix: str, there: set[str], name_map: NameMap, wanted: Wanted, excused: Container[str]
) -> Fit | None:
    """Returns how names with `prefix` are read, None where a part of the last layers is missing."""
    rows = [replace(entry, theirs=tuple(prefix + name for name in entry.theirs)) for entry in name_map.rows]
    kept = tuple(entry for entry in rows if there.issuperset(entry.theirs))
    last = [there.issuperset(entry.theirs) for entry in rows if wanted.of_last(entry)]
    if any(last) and not all(last):
        return None
    others = there.difference(*(entry.theirs for entry in kept))
    ignored = re.compile(f"(?:{re.escape(prefix)})?(?:{'|'.join(name_map.ignored) or '(?!)'})")
    return Fit(
        name_map=replace(name_map, rows=kept, ignored=(".*",)),
        prefix=prefix,
        headless=bool(last) and not any(last),
        others=tuple(sorted(n for n in others if n not in excused and not ignored.fullmatch(n))),
    )


def choose(found: Iterable[Fit], given: Shapes, wanted: Wanted, where: object, renamed: bool) -> Fit | None:
    """Returns the one way to read a file, None where something of it would be left over for no reason.

    What may be left over: anything beside a network without its last layers, as in a detector; and beside
    names that the caller has chosen, the same network once more.

    Args:
      given: {tensor: shape} of the file.
      renamed: the caller has renamed tensors to say which are meant.
    Raises: SlimzooError: the file holds the network several times.
    """
    found = list({fit.taken: fit for fit in reversed([*found])}.values())[::-1]
    if whole := [fit for fit in found if not fit.others]:
        return whole[0]
    found = [fit for fit in found if fit.name_map.library != BARE]
    found = [fit for fit in found if _has_shapes(fit, given, wanted)] or found
    if renamed and (own := [fit for fit in found if not fit.prefix]):
        return own[0] if own[0].headless or _all_taken(own[0].others, found) else None
    prefixes = list(dict.fromkeys(fit.prefix for fit in found))
    if len(prefixes) > 1:
        raise SlimzooError(_several(where, found[0], prefixes))
    return found[0] if found and found[0].headless else None


def _all_taken(names: Iterable[str], found: Iterable[Fit]) -> bool:
    return frozenset().union(*(fit.taken for fit in found)).issuperset(names)


def _has_shapes(fit: Fit, given: Shapes, wanted: Wanted) -> bool:
    """Whether the tensors have the shapes of the variables, as far as they are laid out alike."""
    rows = [entry for entry in fit.name_map.rows if fit.of_slim and wanted.needs(entry)]
    return all(tuple(given[r.theirs[0]]) == tuple(wanted.shapes[r.ours[0]]) for r in rows)


def _several(where: object, fit: Fit, prefixes: list[str]) -> str:
    shown = ", ".join(before or "nothing" for before in prefixes)
    headline = (
        f"{where} holds {fit.name_map.network or 'the network'} {len(prefixes)} times: "
        f"{len(fit.taken)} names fit after each of {shown}. Say which is meant:"
    )
    return listing(headline, [f'rename={{"{stem(before)}": ""}}' for before in prefixes if before], limit=20)


def stem(prefix: str) -> str:
    """Returns `prefix` without its separator, as rename takes it."""
    return prefix.rstrip("/.")


def line(fit: Fit, where: object) -> str:
    """Returns what is to be said of a file that was read so, "" where its names are the network's own."""
    parts = []
    if fit.name_map.library == BARE:
        scope = fit.name_map.rows[0].ours[0].partition("/")[0]
        parts.append(f"{len(fit.taken)} names fit with {scope}/ in place of {fit.prefix or 'nothing'}")
    elif fit.prefix:
        parts.append(f"{len(fit.taken)} names fit after {fit.prefix}, which is taken off")
    if fit.name_map.library in (TF_LAYERS, DOTTED):
        parts.append(f"its names are those of {fit.name_map.library}")
    if fit.others:
        parts.append(
            f"left out, no part of the network: {len(fit.others)} in {', '.join(_scopes(fit.others))}"
        )
    return f"{where}: {'; '.join(parts)}" if parts else ""


def _scopes(names: Iterable[str]) -> list[str]:
    """Returns the outermost scopes of `names`, so many that they can be shown."""
    scopes = sorted({re.split(r"[/.]", name)[0] for name in names})
    return [*scopes[:_SHOWN], "..."] if len(scopes) > _SHOWN else scopes


@dataclass(frozen=True)
class _Covered:
    """Prefixes after which names of a network stand, each name after one of them.

    Attributes:
      others: the names of the file that are none of the network's, which are `taken`.
      become: what comes in place of a prefix.
    """

    prefixes: tuple[str, ...]
    covered: int
    wanted: int
    others: tuple[str, ...]
    taken: tuple[str, ...]
    become: str

    @property
    def part(self) -> float:
        return self.covered / max(1, self.wanted)

    def moved(self, names: Iterable[str]) -> list[str]:
        """Returns `names` as they are after the rename that is proposed."""
        return [self._moved(name) for name in names]

    def _moved(self, name: str) -> str:
        before = max((prefix for prefix in self.prefixes if name.startswith(prefix)), key=len, default=None)
        if before is None:
            return name
        return f"{self.become}/{name[len(before) :]}" if self.become else name[len(before) :]


def hint(given: Shapes, maps: Iterable[NameMap], wanted: Wanted) -> str:
    """Returns the `rename` that would help a file, as a line of a message; "" for none.

    Args:
      given: {tensor: shape} of the file.
    """
    every = (_covered(given, name_map, wanted) for name_map in maps)
    found = max(every, key=lambda found: found.part, default=None)
    if found is None or found.part < (1 if found.become else 0.5):
        return ""
    if not any(found.prefixes) and not found.become:
        return f"\nLikely: what else is there: {_excluding(found)}" if _excluding(found) else ""
    changed = [before for before in found.prefixes if before or found.become]
    pairs = ", ".join(f'"{stem(before)}": "{found.become}"' for before in changed)
    places = " and ".join(before or "nothing" for before in found.prefixes)
    count = f"all {found.wanted}" if found.part == 1 else f"{found.covered} of {found.wanted}"
    text = f"\nLikely: {count} names fit after {places}: rename={{{pairs}}}"
    return f"{text} and {_excluding(found)}" if _excluding(found) else text


def _excluding(found: _Covered) -> str:
    """Returns the `exclude` that leaves out what is no part of a network that is there as a whole, or ""."""
    scopes = _scopes_apart(*map(found.moved, (found.others, found.taken))) if found.part == 1 else []
    return f"exclude=[{', '.join(map(_quoted, scopes))}]" if 0 < len(scopes) <= _SHOWN else ""


def _scopes_apart(names: Iterable[str], taken: Iterable[str]) -> list[str]:
    """Returns the outermost scopes of `names` that hold none of `taken`, or names themselves, sorted."""
    shared = {before for name in taken for before, _ in cuts(name)}
    ways = ([*(before for before, _ in cuts(name)), name] for name in names)
    return sorted({stem(next(before for before in way if before not in shared)) for way in ways})


def _quoted(text: str) -> str:
    return f'"{text}"'


def _covered(given: Shapes, name_map: NameMap, wanted: Wanted) -> _Covered:
    shapes = _shapes_of(name_map, wanted)
    after: dict[str, dict[str, str]] = {}
    for name, shape in given.items():
        for before, rest in cuts(name):
            if rest in shapes and shapes[rest] in (None, tuple(shape)):
                after.setdefault(before, {})[rest] = name
    prefixes: list[str] = []
    covered: dict[str, str] = {}
    for before in sorted(after, key=lambda before: (-len(after[before]), before)):
        if not after[before].keys() & covered.keys():
            prefixes.append(before)
            covered |= after[before]
    become = name_map.rows[0].ours[0].partition("/")[0] if name_map.library == BARE else ""
    others = tuple(sorted(set(given).difference(covered.values())))
    return _Covered(tuple(prefixes), len(covered), len(shapes), others, tuple(covered.values()), become)


def _shapes_of(name_map: NameMap, wanted: Wanted) -> dict[str, tuple[int, ...] | None]:
    """Returns the shapes of the names of `name_map`; None for any: of other layouts, and any classes."""
    if name_map.library not in _OURS:
        return {name: None for entry in name_map.rows for name in entry.theirs}
    return {
        entry.theirs[0]: None if wanted.of_last(entry) else tuple(wanted.shapes[entry.ours[0]])
        for entry in name_map.rows
    }
