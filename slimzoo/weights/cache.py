"""The cache of converted weights: <network>/<tag>/model.safetensors with model.json; weights.lock for all."""

import functools
import itertools
import json
import logging
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from slimzoo.errors import SlimzooError
from slimzoo.files import MODEL, schema, write_error, write_text
from slimzoo.files.locks import check_lock
from slimzoo.files.schema import Damaged, needed
from slimzoo.files.user_cache import cache_dir
from slimzoo.weights.download import digests
from slimzoo.weights.manifest import LENGTHS, WeightsRow

log = logging.getLogger("slimzoo")
RECORD, LOCK, ORIGINAL = "model.json", ".lock", "original"
KNOWN = "weights.lock"  # in the cache: the digests of what was trusted on first use, by row
_MARKS = (MODEL, RECORD, LOCK, "*.part.json")  # of a folder of the cache; the lock may be gone
_DIGEST = needed(schema.text("[0-9a-f]{64}", "64 lower-case hexadecimal digits"))
_RECORD: schema.Schema = {  # what is read of model.json
    "source": needed(schema.text()),
    "source_digests": needed(schema.dict_of(schema.text("[0-9a-f]+", "hexadecimal digits"), least=1)),
    "sha256": _DIGEST,
    "size": needed(schema.whole()),
    "mtime_ns": needed(schema.whole(-(2**63))),
    "fetched": schema.text(),
}
_NOTE: schema.Schema = {"sha256": _DIGEST, "source": schema.text(), "first_seen": schema.text()}


def cache_dirs() -> list[Path]:
    """Returns where weights are looked for: the user's cache, then $SLIMZOO_SHARED_CACHE, which is only read.

    The latter may name several folders, separated as in PATH.
    """
    shared = os.environ.get("SLIMZOO_SHARED_CACHE", "").split(os.pathsep)
    return [cache_dir(), *(Path(given).expanduser().absolute() for given in shared if given)]


@dataclass(frozen=True)
class Cached:
    """One folder of a cache with what was noted about its file; `record` is {} where that is missing."""

    folder: Path
    record: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The row it was made of, as "vgg_16.slim_in1k"."""
        return f"{self.folder.parent.name}.{self.folder.name}"

    @property
    def model(self) -> Path:
        return self.folder / MODEL

    @property
    def bytes(self) -> int:
        """Of all files in the folder."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())

    @property
    def leftovers(self) -> list[Path]:
        """Files that interrupted downloads and conversions have left."""
        names = (path for path in self.folder.iterdir() if path.is_file())
        return sorted(p for p in names if p.suffix in (".part", ".tmp") or p.name.endswith(".part.json"))

    @property
    def originals(self) -> list[Path]:
        """Downloaded files that were kept beside what was made of them."""
        return sorted(path for path in (self.folder / ORIGINAL).glob("*") if path.is_file())


def cached(folder: Path) -> Cached:
    """Returns what lies in `folder` of a cache."""
    return Cached(folder, read_record(folder))


def cached_weights(root: Path | None = None) -> list[Cached]:
    """Returns everything in the cache at `root` (default: the user's), in order of name.

    Raises: SlimzooError: it is no folder.
    """
    root = cache_dir() if root is None else root
    if root.is_file():
        raise SlimzooError(f"the cache {root} is a file; SLIMZOO_CACHE names a folder, which may be new")
    found = (path.parent for name in _MARKS for path in root.glob(f"*/*/{name}"))
    return [cached(folder) for folder in sorted(set(found))]


def read_record(folder: Path) -> dict[str, Any]:
    """Returns what was noted beside the cached file in `folder`: source, digests, sizes; {} if nothing.

    A note that is damaged counts as none, and is said once.
    """
    path = folder / RECORD
    try:
        record = schema.read(path)
        schema.take(record, _RECORD, path)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except Damaged as error:
        _say(f"{error}\nWhat lies beside it counts as not there, and is made again where it is asked for")
        return {}
    return record


def write_record(folder: Path, record: Mapping[str, Any]) -> None:
    """Notes `record` beside the cached file in `folder`."""
    write_text(folder / RECORD, json.dumps(record, indent=1))


def differing(found: Mapping[str, str], expected: Mapping[str, str]) -> str:
    """Returns the first digest of `expected` that `found` does not have, in words, or ""."""
    for name, digest in expected.items():
        if found.get(name) != digest:
            return f"its {name} is {found.get(name, 'not noted')}, not {digest}"
    return ""


def wrong_with(there: Cached, expected: Mapping[str, str], verify: bool) -> str:
    """Returns in what the cached file differs from what was written, or "".

    Args:
      expected: digests of the original that it must be made of.
      verify: read the whole file, not only its size and time.
    """
    record = there.record
    if not record or not there.model.is_file():
        return "it is not complete"
    stat = there.model.stat()
    if wrong := differing(record["source_digests"], expected):
        return f"of the file it is made of: {wrong}"
    if stat.st_size != record["size"]:
        return f"it has {stat.st_size:,} bytes, not {record['size']:,}"
    if not verify and stat.st_mtime_ns == record["mtime_ns"]:
        return ""
    wrong = differing(digests(there.model), {"sha256": record["sha256"]})
    if not wrong and stat.st_mtime_ns != record["mtime_ns"]:
        with suppress(SlimzooError):  # a cache that is only read: next time it is read whole again
            write_record(there.folder, {**record, "mtime_ns": stat.st_mtime_ns})
    return wrong


@contextmanager
def alone_in(folder: Path, wait: bool = True) -> Iterator[bool]:
    """Yields True once no other process builds in `folder`; False where that cannot be known.

    Args:
      wait: where another does, wait for it; else yield False.
    Raises: SlimzooError: the lock there is a folder or a link.
    """
    check_lock(folder / LOCK)
    lock = FileLock(folder / LOCK, fallback_to_soft=False)  # a soft lock outlives its process
    try:
        alone = _acquire(lock, folder, wait)
    except OSError:  # a file system without locks; or another user's file, in a cache that several share
        alone = False
    try:
        yield alone
    finally:
        lock.release()


def _acquire(lock: FileLock, folder: Path, wait: bool) -> bool:
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if wait:
            log.warning("waiting: another process is at work in %s", folder)
            lock.acquire()
        return wait
    return True


def first_seen(row: WeightsRow) -> dict[str, str]:
    """Returns the sha256 that was noted when a file of `row` was first trusted, in any of the caches."""
    for root in cache_dirs():
        noted = known(root).get(str(row), {}).get("sha256")
        before = read_record(root / row.network / row.tag).get("source_digests", {}).get("sha256")
        if noted or before:
            return {"sha256": str(noted or before)}
    return {}


def note_first_seen(name: str, sha256: str, source: str, date: str) -> None:
    """Notes in the user's cache which file of the row `name` was trusted; what is noted there stays."""
    root = cache_dir()
    with alone_in(root):
        noted = _mended(root)
        noted.setdefault(name, {"sha256": sha256, "source": source, "first_seen": date})
        write_text(root / KNOWN, json.dumps(dict(sorted(noted.items())), indent=1))


def known(root: Path) -> dict[str, dict[str, str]]:
    """Returns what the weights.lock of the cache at `root` notes: {row: {"sha256": ...}}.

    A damaged one is kept aside, and said: what it noted cannot be compared any more. Of one that is damaged
    in some rows the others count.
    """
    noted, wrong = _read_known(root / KNOWN)
    if not wrong:
        return noted
    if root != cache_dir():  # it is only read
        _say(f"{wrong}\nWhat it noted there cannot be compared")
        return noted
    try:
        with alone_in(root):
            return _mended(root)
    except SlimzooError as error:  # a cache that cannot be written: nothing will be noted there either
        _say(f"{wrong}\n{error}")
        return noted


def set_aside(root: Path) -> list[Path]:
    """Returns what was kept of a damaged weights.lock of the cache at `root`."""
    return sorted(root.glob(f"{KNOWN}.damaged*"))


def _mended(root: Path) -> dict[str, dict[str, str]]:
    """Returns what is noted in `root`, where nobody else writes now; a damaged file is put aside."""
    path = root / KNOWN
    noted, wrong = _read_known(path)
    if not wrong:
        return noted
    if not os.access(path, os.R_OK):  # another user's: it need not be damaged
        raise SlimzooError(f"{wrong}; what is trusted on first use is noted there, so nothing can be")
    numbered = (path.with_name(f"{KNOWN}.damaged-{number}") for number in itertools.count(1))
    aside = next(place for place in numbered if not place.exists())
    try:
        if noted:  # a kill between the two leaves the damaged file where it was
            shutil.copyfile(path, aside)
            write_text(path, json.dumps(noted, indent=1))
        else:
            os.replace(path, aside)
    except OSError as error:
        raise write_error(error, aside) from error
    _say(
        f"{wrong}\nIt is kept as {aside}. Digests noted on first use that it held and {path} does not are "
        "unknown now: those weights are trusted anew when they are fetched, and that is said"
    )
    return noted


def _read_known(path: Path) -> tuple[dict[str, dict[str, str]], str]:
    """Returns what can be read of a weights.lock, and what is wrong with it, or ""."""
    try:
        rows = schema.read(path)
        schema.take(rows, {}, path)
    except (FileNotFoundError, NotADirectoryError):
        return {}, ""
    except Damaged as error:
        return {}, str(error)
    noted, problems = {}, []
    for name, row in rows.items():
        try:
            noted[name] = schema.take(row, _NOTE, f"{path}, {name},")
        except Damaged as error:
            problems.append(str(error))
    return noted, "\n".join(problems)


@functools.cache
def _say(text: str) -> None:
    """Warns, once in a process."""
    log.warning("%s", text)


def remove(paths: Iterable[Path]) -> None:
    """Deletes files, then their folders as far as these are empty."""
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise SlimzooError(f"cannot delete {path}: {error.strerror}") from error
        for folder in path.parents[:3]:
            if folder == cache_dir() or any(folder.iterdir()):
                break
            folder.rmdir()


def is_digest(value: Any, algorithm: str = "sha256") -> bool:
    """Whether `value` is a digest of `algorithm` in lower-case hexadecimal digits."""
    return isinstance(value, str) and len(value) == LENGTHS[algorithm] and not value.strip("0123456789abcdef")
