"""What engines compiled, kept in slimzoo's cache: a folder for the weights, the longest unused go first."""

import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from slimzoo.errors import SlimzooError
from slimzoo.weights.cache import cache_dir

log = logging.getLogger("slimzoo")
FOLDER = "compiled"  # of the cache
LIMIT = 4 << 30  # bytes of all of them together
_VARIABLE = "SLIMZOO_COMPILED_LIMIT"


@dataclass(frozen=True)
class Blobs:
    """What an engine compiled of some weights.

    Attributes:
      engine: its name, with its version and a digest of how it compiled.
      digest: of the weights.
      used: seconds since the epoch.
    """

    engine: str
    digest: str
    folder: Path
    bytes: int
    used: float


def limit() -> int:
    """Returns how many bytes may be kept: $SLIMZOO_COMPILED_LIMIT, or 4 GiB; 0: nothing is.

    Raises: SlimzooError: it is no number.
    """
    given = os.environ.get(_VARIABLE, "").strip()
    if given and not given.isdecimal():
        raise SlimzooError(f"{_VARIABLE} is {given!r}; it is a number of bytes, 0 for keeping nothing")
    return int(given) if given else LIMIT


@contextmanager
def kept_blobs(engine: str, digest: str) -> Iterator[Path | None]:
    """Yields the folder for what `engine` compiles of the weights `digest`; None where nothing can be kept.

    One process at a time has it; the next finds there what this one left. Too much is deleted afterwards.
    """
    most, root = limit(), cache_dir() / FOLDER
    lock = _locked(root, f"{digest}.lock") if most else None
    if lock is None:
        yield None
        return
    folder = root / engine / digest
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        with suppress(OSError):
            os.utime(folder)  # used now
    finally:
        lock.release()
    prune(root, most)


def kept() -> list[Blobs]:
    """Returns what is kept, in the order of use: the longest unused first."""
    return _kept_in(cache_dir() / FOLDER)


def _kept_in(root: Path) -> list[Blobs]:
    folders = sorted((p for p in root.glob("*/*") if p.is_dir()), key=_used)
    return [Blobs(p.parent.name, p.name, p, _bytes(p), _used(p)) for p in folders]


def forget(dry_run: bool = False) -> list[Blobs]:
    """Deletes what is kept, and returns it; what a process is compiling now stays."""
    root = cache_dir() / FOLDER
    there = [blobs for blobs in kept() if blobs.bytes]
    return [one for one in there if dry_run or _deleted(one.folder, root / f"{one.digest}.lock")]


def _locked(root: Path, name: str) -> FileLock | None:
    """Returns the lock `name` in `root`, held; None where the cache cannot be written."""
    lock = FileLock(root / name)
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as error:
        log.info("%s: nothing compiled is kept there: %s", root, error.strerror or error)
        return None
    return lock


def prune(root: Path, most: int) -> None:
    """Deletes the folders of `root` that were not used for the longest time, until `most` bytes are left."""
    lock = _locked(root, "prune.lock")
    if lock is None:
        return
    try:
        there = _kept_in(root)
        total = sum(blobs.bytes for blobs in there)
        for blobs in there:
            if total <= most:
                break
            if _deleted(blobs.folder, root / f"{blobs.digest}.lock"):
                total -= blobs.bytes
    finally:
        lock.release()


def _deleted(folder: Path, lock: Path) -> bool:
    """Deletes `folder` unless another process is compiling into it; says whether it did."""
    held = FileLock(lock)
    try:
        held.acquire(timeout=0)
    except (Timeout, OSError):
        return False
    try:
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        held.release()
    return True


def _used(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:
        return 0.0


def _bytes(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with suppress(OSError):  # deleted meanwhile
            total += path.stat().st_size
    return total
