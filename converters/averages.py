"""Moving averages under the names that training programs give them: slim's name for each."""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from slimzoo.converters.leftovers import AVERAGE
from slimzoo.converters.source import Source
from slimzoo.names import prefixes_of

Shapes = Mapping[str, tuple[int, ...]]
_WORDS = {"ema", "ema1", "swa", "averaged", "averages", "shadow"}


@functools.lru_cache(4096)  # names of a network have their parts in common
def is_average(part: str) -> bool:
    """Whether a key, or a part of a name, says that averages are under it: "state_dict_ema"."""
    return not _WORDS.isdisjoint(re.split(r"[^a-z0-9]+", part.lower().replace("_", " ")))


def with_averages_named(source: Source) -> Source:
    """Returns `source` with averages of its tensors under slim's name for them, "<tensor>/<AVERAGE>"."""
    plain = plain_names(source.shapes)
    if not plain:
        return source
    names = {name: f"{plain[name]}/{AVERAGE}" if name in plain else name for name in source}
    return source.with_tensors({names[name]: tensor for name, tensor in source.tensors.items()})


def plain_names(shapes: Shapes) -> dict[str, str]:
    """Returns {an average: the tensor of which it is one, of equal shape}."""
    groups: dict[str, list[str]] = defaultdict(list)
    for name in shapes:
        if head := _head(name):
            groups[head].append(name[len(head) :])
    if not groups:
        return {}
    plain = [name for name in shapes if not _head(name)]
    found: dict[str, str] = {}
    for head, rests in groups.items():
        pairs = {head + rest: name for rest, name in _aligned(rests, plain).items()}
        found |= {old: new for old, new in pairs.items() if shapes[old] == shapes[new]}
    return found if len(set(found.values())) == len(found) else {}


def _head(name: str) -> str:
    """Returns the beginning of `name` as far as the part that says average, "" for a plain tensor."""
    end = 0
    for part in re.findall(r"[^/.]*[/.]", name):
        end += len(part)
        if is_average(part):
            return name[:end]
    return ""


def _aligned(rests: Iterable[str], plain: Iterable[str]) -> dict[str, str]:
    """Returns {rest: plain name} where one prefix before all rests, or one part less, gives plain names."""
    rests, plain = list(rests), list(plain)
    for shift in (0, 1):
        short = {re.sub(r"^[^/.]*[/.]", "", rest) if shift else rest: rest for rest in rests}
        if best := prefixes_of(short, plain).most_common(1):
            prefix, there = best[0][0], set(plain)
            return {rest: prefix + name for name, rest in short.items() if prefix + name in there}
    return {}
