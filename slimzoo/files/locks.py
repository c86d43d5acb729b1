"""One process at a time, in the folder of a run or at a file: a lock that says who holds it."""

import json
import logging
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from slimzoo.errors import SlimzooError
from slimzoo.files import schema
from slimzoo.files.schema import Damaged, needed, text, whole

log = logging.getLogger("slimzoo")
_BOOT = Path("/proc/sys/kernel/random/boot_id")  # the same in all containers of a machine, until it restarts
_OWNER = {
    "pid": needed(whole(1)),
    "host": needed(text(r"[\w.-]{1,255}")),
    "machine": needed(text(r"[\w.-]{1,255}")),
    "since": needed(text(r"[\d T:-]{1,40}")),
}


@dataclass(frozen=True)
class Owner:
    """A process that holds a lock, as the lock file names it."""

    pid: int
    host: str
    machine: str  # as this start of it is called
    since: str

    @property
    def is_elsewhere(self) -> bool:
        """Whether it runs on a machine of which no lock can tell here."""
        here = current()
        return self.host != here.host and self.machine != here.machine

    @property
    def is_running(self) -> bool:
        """Whether a process of this machine has its number, for file systems that know no locks."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except OSError:  # it is another user's
            return True
        return self.pid != os.getpid()

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, since {self.since}"


def current() -> Owner:
    """Returns this process."""
    host = "".join(c if c.isalnum() or c in ".-_" else "-" for c in platform.node()) or "localhost"
    try:
        machine = _BOOT.read_text("ascii").strip()
    except OSError:
        machine = host
    return Owner(os.getpid(), host, machine, time.strftime("%Y-%m-%d %H:%M:%S"))


def check_lock(path: Path) -> None:
    """Raises SlimzooError where `path` is something else than a file that can be locked."""
    if path.is_symlink() or (path.exists() and not path.is_file()):
        kind = "a link" if path.is_symlink() else "a folder" if path.is_dir() else "no plain file"
        raise SlimzooError(f"{path} is {kind}; slimzoo keeps a lock of that name there: move it away")


@contextmanager
def alone_at(what: str | os.PathLike, lock: Path, advice: str) -> Iterator[None]:
    """Holds the lock file `lock` inside the block; it is gone afterwards.

    A process that is killed holds it no longer. Of one on another machine that cannot be known: it counts as
    at work until its file is deleted.

    Args:
      what: is worked on, for the message; advice: what to do while another process does.
    Raises: SlimzooError: another process holds it, who is named; or `lock` is a folder or a link.
    """
    from filelock import FileLock, Timeout

    check_lock(lock)
    held, locks = FileLock(lock, fallback_to_soft=False), True
    try:
        held.acquire(timeout=0)
    except Timeout:
        raise SlimzooError(f"{what} is in use by {_owner(lock) or 'another process'}; {advice}") from None
    except OSError:  # a file system without locks, or a folder that cannot be written: that is said later
        locks = False
    try:
        _check_owner(what, lock, locks, advice)
        with _noted(lock):
            yield
    finally:
        held.release()


@contextmanager
def _noted(lock: Path) -> Iterator[None]:
    """Says in `lock` who holds it, where it can be written; it is gone after the block."""
    try:
        lock.write_text(json.dumps(asdict(current())), encoding="utf-8")
    except OSError:
        yield
        return
    try:
        yield
    finally:
        with suppress(OSError):  # Windows deletes no file that is open
            lock.unlink()


@contextmanager
def writing(path: str | os.PathLike) -> Iterator[None]:
    """Lets no other process write `path` inside the block. Raises: SlimzooError: another does."""
    path = Path(os.path.abspath(path))  # an ending "/" means a folder, and no other place
    if not path.parent.is_dir():
        with suppress(OSError):  # said by what writes there
            path.parent.mkdir(parents=True, exist_ok=True)
    with alone_at(path, path.with_name(f".{path.name}.lock"), "wait for it, or name another file"):
        yield


def _owner(lock: Path) -> Owner | None:
    """Returns who is noted in `lock`, None where nobody is."""
    try:
        return Owner(**schema.take(schema.read(lock), _OWNER, lock))
    except (FileNotFoundError, Damaged):
        return None


def _check_owner(what: str | os.PathLike, lock: Path, locks: bool, advice: str) -> None:
    """Raises SlimzooError where the one noted in `lock`, which did not end by itself, may be at work."""
    owner = _owner(lock)
    if owner is None:
        return
    if owner.is_elsewhere:
        raise SlimzooError(
            f"{what} is in use by {owner}, another machine, or that process was killed; {advice}. If it runs "
            f"no longer, delete {lock}"
        )
    if not locks and owner.is_running:
        raise SlimzooError(f"{what} is in use by {owner}; {advice}")
    log.info("%s: %s was killed", what, owner)
