"""One network of a file that holds several under equal names, as the towers of a training on several GPUs."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from slimzoo.names import cuts, prefixes_of

Shapes = Mapping[str, tuple[int, ...]]
_MANY = 0.5  # of a network's names: so many after a prefix are no chance


@dataclass(frozen=True)
class Tower:
    """The part of a file that is to be read as a network.

    Attributes:
      shapes: {tensor: shape} of it.
      equal: {tensor: variable} where the names after the prefix, and the shapes, are equal.
      rivals: prefixes that would have done as well, this one's included; none where it is the only one.
    """

    shapes: Shapes
    equal: Mapping[str, str]
    rivals: tuple[str, ...]


def one_tower(source: Shapes, target: Shapes) -> Tower:
    """Returns the part of `source` that is most like `target`: by names, else by its own order."""
    found = prefixes_of(target, source)
    if (
        found
        and max(found.values()) >= _MANY * len(target)
        and (tower := _after_prefix(source, target, found))
    ):
        return tower
    twins = _twins(source, int(_MANY * len(target)))
    aside = tuple(twins[1:])
    return Tower({n: s for n, s in source.items() if not n.startswith(aside)}, {}, tuple(twins))


def _after_prefix(source: Shapes, target: Shapes, found: Mapping[str, int]) -> Tower | None:
    """Returns the tower after the prefix that most names fit after; None if they are numbered otherwise."""
    most = max(found.values())
    rivals = sorted(before for before, count in found.items() if count == most)
    prefix, aside = rivals[0], tuple(rivals[1:])
    left = [name[len(prefix) :] for name in source if name.startswith(prefix)]
    missing = (name for name in target if prefix + name not in source)
    if {_form(name) for name in left if name not in target} & {_form(name) for name in missing}:
        return None  # unit_0 is left over and unit_6 missing: an equal name may be another layer's
    equal = {
        prefix + name: name
        for name, shape in target.items()
        if prefix + name in source and tuple(source[prefix + name]) == tuple(shape)
    }
    shapes = {n: s for n, s in source.items() if not (aside and n.startswith(aside)) or n in equal}
    return Tower(shapes, equal, tuple(rivals) if prefix and aside else ())


def _form(name: str) -> str:
    """Returns `name` without its numbers."""
    return re.sub(r"\d+", "#", name)


def _twins(source: Shapes, least: int) -> list[str]:
    """Returns prefixes after which equal names of equal shapes stand, `least` at least, the highest up."""
    for level in range(1, 4):
        inside: dict[str, dict] = defaultdict(dict)
        for name, shape in source.items():
            if before := _up_to(name, level):
                inside[before][name[len(before) :]] = tuple(shape)
        twins = _equal_ones(inside)
        if twins and len(inside[twins[0]]) >= max(least, 2):
            return twins
    return []


def _up_to(name: str, level: int) -> str:
    places = [before for before, _ in cuts(name)]
    return places[level] if level < len(places) else ""


def _equal_ones(inside: Mapping[str, Mapping]) -> list[str]:
    """Returns the largest group of prefixes that hold the same; none where each holds its own."""
    groups: dict[frozenset, list[str]] = defaultdict(list)
    for before, content in inside.items():
        groups[frozenset(content.items())].append(before)
    several = (group for group in groups.values() if len(group) > 1)
    return max(several, key=lambda group: len(group) * len(inside[group[0]]), default=[])
