"""Files here, and files behind addresses (s3://, gs://, ...) by fsspec."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, NamedTuple

from slimzoo.errors import SlimzooError, shown
from slimzoo.files.reading import LARGEST, read_whole

FETCHING, FETCHING_FAR = 4, 32  # threads that wait for a disk, and for a store
_EXTRA = "pip install 'slimzoo[remote]'"


class Entry(NamedTuple):
    """A file, and how many bytes it has; -1: not known, or it is not there."""

    where: str
    size: int


def is_remote(where: str) -> bool:
    """Whether `where` is an address and no path."""
    scheme, sign, _ = where.partition("://")
    return bool(sign) and scheme.replace("+", "").replace("-", "").isalnum()


def is_far(where: str, names: Sequence[str]) -> bool:
    """Whether a container, or what a list in it names, is in a store."""
    return is_remote(where) or any(map(is_remote, names[:1]))


def read_bytes(where: str) -> bytes:
    """Returns what is in a file, of at most LARGEST bytes. Raises: OSError, SlimzooError."""
    try:
        if not is_remote(where):
            return read_whole(where)
        with open_binary(where) as file:
            found = file.read(LARGEST + 1)
    except ValueError as error:
        raise SlimzooError(f"{where} cannot be read: {error}") from error
    if len(found) > LARGEST:
        raise SlimzooError(f"{where} has more than {LARGEST:,} bytes")
    return found


@contextlib.contextmanager
def open_binary(where: str) -> Iterator[BinaryIO]:
    """Yields the file, open. Raises: OSError, SlimzooError: it cannot be read."""
    if not is_remote(where):
        with open(where, "rb") as file:
            yield file
        return
    with _reaching(where):
        system, path = _system(where)
        opened = system.open(path, "rb")
    with opened:
        yield opened


def size_of(where: str) -> int:
    """Returns the bytes of a file here, -1 where there is none; of an address what its store says."""
    if not is_remote(where):
        try:
            return os.stat(where).st_size
        except OSError:
            return -1
    with _reaching(where):
        system, path = _system(where)
        return int(system.size(path) or 0)


def remote_files(where: str) -> list[Entry]:
    """Returns the files that an address stands for, sorted: itself, those below it, or those of a pattern.

    Raises: SlimzooError: there are none, or the store cannot be reached.
    """
    with _reaching(where):
        system, path = _system(where)
        if any(sign in path for sign in "*?["):
            found = system.glob(path, detail=True)
        elif system.isfile(path):
            return [Entry(where, int(system.size(path) or 0))]
        else:
            found = system.find(path, detail=True)
        files = [
            Entry(system.unstrip_protocol(name), int(about.get("size") or 0))
            for name, about in found.items()
            if about.get("type") != "directory"
        ]
    if not files:
        raise SlimzooError(f"{where} holds no file, or is not there")
    return sorted(files)


def _system(where: str) -> tuple[Any, str]:
    try:
        import fsspec
    except ImportError:
        raise SlimzooError(f"{where} needs fsspec, which is not installed: {_EXTRA}") from None
    return fsspec.core.url_to_fs(where)


@contextlib.contextmanager
def _reaching(where: str) -> Iterator[None]:
    """Turns whatever the library of a store raises into an OSError or a SlimzooError that names `where`."""
    try:
        yield
    except (SlimzooError, FileNotFoundError, PermissionError):
        raise
    except ImportError as error:
        raise SlimzooError(f"{where} cannot be read without another package ({error}): {_EXTRA}") from error
    except ValueError as error:
        raise SlimzooError(f"{where} cannot be read: {shown(str(error), 300)}") from error
    except Exception as error:
        raise OSError(
            f"{where} cannot be reached: {type(error).__name__}: {shown(str(error), 300)}"
        ) from error
