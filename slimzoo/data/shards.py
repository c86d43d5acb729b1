"""Which files of a folder are shards of TFRecords, of which part of the images; by their names."""

import fnmatch
import glob
import logging
import os
import re
from collections.abc import Iterable
from pathlib import Path

from slimzoo.data.folder import PARTS, visible
from slimzoo.errors import SlimzooError, counted, listing, some

log = logging.getLogger("slimzoo")
SHARD = r"\.tfrecords?(-\d+-of-\d+)?$|\.tfrec$|-\d{5}-of-\d{5}$"  # how they are called, in small letters
_NUMBER = re.compile(r"(?s)(.*?)[-_.]?(\d+)-of-(\d+)(.*)")
_GIVE = "a folder of shards (train-00000-of-00008, ...), one of them, or a pattern such as 'data/train-*'"


def parts(path: str | os.PathLike) -> dict[str, list[Path]]:
    """Returns the shards in a folder by part ("train", "val", "test"), if they are called after parts."""
    found: dict[str, list[Path]] = {}
    for shard in _inside(Path(path)) if os.path.isdir(path) else ():
        found.setdefault(part_of(shard), []).append(shard)
    return found if any(found) else {}


def part_of(shard: Path) -> str:
    """Returns which part of the images a shard is of by a word in its name; "" where it is of none."""
    words = re.split(r"[^a-z]+", shard.name.lower())
    return next((PARTS[word] for word in words if word in PARTS), "")


def find(given: str | os.PathLike, split: str | None = None) -> list[Path]:
    """Returns the shards that `given` names, in order.

    Args:
      given: a folder, a file, or a pattern of files.
      split: of a folder: a part ("train"), a word in their names, or a pattern ("train-*"); None: all.
    Raises:
      FileNotFoundError: there is no such file or folder.
      SlimzooError: there are no shards, or of a folder some are missing by their own numbers; of a pattern,
        which may want some alone, this is a warning.
    """
    root = Path(given)
    if root.is_dir():
        shards = _of_split(root, split)
    elif root.is_file():
        shards = [root]
    else:
        shards = [Path(name) for name in sorted(glob.glob(os.fspath(given))) if os.path.isfile(name)]
        if not shards:
            raise FileNotFoundError(f"there is no {given}; give {_GIVE}")
    if shards != [root] and (problems := _missing(shards)):
        said = listing(f"shards of {given} are missing by the numbers in their names:", problems)
        if root.is_dir():
            raise SlimzooError(said)
        log.warning("%s", said)
    return shards


def is_split(given: str | os.PathLike, split: str) -> bool:
    """Whether `split` names shards in the folder `given`."""
    return os.path.isdir(given) and bool(_matching(_inside(Path(given)), split))


def _of_split(root: Path, split: str | None) -> list[Path]:
    shards = _inside(root)
    if not shards:
        raise SlimzooError(f"{root} holds no shard of TFRecords; give {_GIVE}")
    if split is None:
        return shards
    if found := _matching(shards, split):
        return found
    names = some(sorted({series(shard) for shard in shards}), 8)
    raise SlimzooError(f"{root} holds no shard of split {split!r}; there are {names}")


def _matching(shards: Iterable[Path], split: str) -> list[Path]:
    shards, part = [*shards], PARTS.get(split.lower())
    named = [shard for shard in shards if split.lower() in re.split(r"[^a-z0-9]+", shard.name.lower())]
    called = [shard for shard in shards if fnmatch.fnmatchcase(shard.name, split)]
    return called or named or [shard for shard in shards if part and part_of(shard) == part]


def _inside(root: Path) -> list[Path]:
    return [path for path in visible(root) if re.search(SHARD, path.name.lower()) and path.is_file()]


def series(shard: Path) -> str:
    """Returns the name of a shard without its number: what it has in common with the others."""
    found = _NUMBER.fullmatch(shard.name)
    return f"{found[1]}{found[4]}" if found else shard.name


def before_number(shard: Path) -> str:
    """Returns what stands before the number in the name of a shard, "" where it has none."""
    found = _NUMBER.fullmatch(shard.name)
    return found[1] if found else ""


def numbered(folder: Path) -> set[str]:
    """Returns what stands before the numbers of the shards in `folder`."""
    return {name for name in map(before_number, _inside(folder)) if name}


def _missing(shards: Iterable[Path]) -> list[str]:
    """Returns what is not there of the series that the names of `shards` count."""
    series: dict[tuple[Path, str, int], set[int]] = {}
    for shard in shards:
        if found := _NUMBER.fullmatch(shard.name):
            series.setdefault((shard.parent, f"{found[1]}*{found[4]}", int(found[3])), set()).add(
                int(found[2])
            )
    return [
        f"{name} has {counted(len(there), 'shard')} of {count}: there is no "
        f"{some([str(n) for n in range(count) if n not in there], 10)}"
        for (_, name, count), there in series.items()
        if len(there) < count
    ]
