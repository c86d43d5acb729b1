"""One state dict in several files, as large ones are kept: model-00001-of-00003.safetensors and so on."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from slimzoo.converters.source import Source
from slimzoo.errors import SlimzooError, listing, not_there, some

_PART = re.compile(r"(.+)-(\d{5})-of-(\d{5})(\.(?:safetensors|bin|pth|pt))")
INDEX = ".index.json"  # says which tensor is in which file


def parts_of(path: Path) -> list[Path]:
    """Returns the files of the set that `path` is one of, in order; `path` alone where it is of none.

    Raises: FileNotFoundError: some are missing.
    """
    found = _PART.fullmatch(path.name)
    if not found:
        return [path]
    stem, _, count, ending = found.groups()
    names = [f"{stem}-{number:05}-of-{count}{ending}" for number in range(1, int(count) + 1)]
    if path.name not in names:
        return [path]
    there = {file.name for file in path.parent.iterdir()}
    if missing := [name for name in names if name not in there]:
        raise not_there(
            f"{path} is one of {len(names)} files that belong together, and {some(missing)} is not beside it"
        )
    return [path.with_name(name) for name in names]


def joined(path: Path, sources: Sequence[Source]) -> Source:
    """Returns what is in all the `sources` of a set, of which `path` was named.

    Raises: SlimzooError: a tensor is in two of them.
    """
    counts = Counter(name for source in sources for name in source)
    if twice := [name for name, count in counts.items() if count > 1]:
        raise SlimzooError(listing(f"{path}: tensors are in several files of its set:", twice))
    found = sources[0].with_tensors({name: t for source in sources for name, t in source.tensors.items()})
    found.path, found.files = path, tuple(file for source in sources for file in source.files)
    found.owner = tuple(sources)
    return found
