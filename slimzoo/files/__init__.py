"""Writing that never costs the user a file: temporary name, fsync, rename. And values as JSON has them."""

import dataclasses
import errno
import math
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from slimzoo.errors import SlimzooError

MODEL = "model.safetensors"  # the weights in a folder of a run, of the cache or of the hub
_ADVICE = {
    errno.ENOSPC: "the disk is full: free some space or write elsewhere; nothing was left half written",
    errno.EDQUOT: "your disk quota is used up: free some space or write elsewhere; nothing is half written",
    errno.EACCES: "permission denied: choose a folder you may write to",
    errno.EPERM: "permission denied: choose a folder you may write to",
    errno.EROFS: "the file system is read-only: choose another folder",
    errno.ENOTDIR: "a part of the path is a file, not a folder",
    errno.EEXIST: "a part of the path is a file, not a folder",  # what mkdir says of it
    errno.EFBIG: "the file would be larger than is allowed here; nothing was left half written",
}


def check_writable(path: str | os.PathLike, overwrite: bool = False) -> Path:
    """Returns `path` as a Path if a file could be written there now; its folder is made.

    Raises:
      FileExistsError: there is something already and `overwrite` is False, or it is a folder.
      SlimzooError: the folder cannot be made or written to.
    """
    path = Path(path)
    if path.is_dir():
        raise FileExistsError(f"{path} is a folder; name a file in it")
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path} exists already; name another file; overwrite=True replaces it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(error, path) from error
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise SlimzooError(f"cannot write {path}: {_ADVICE[errno.EACCES]}")
    return path


def check_folder(path: str | os.PathLike) -> Path:
    """Returns `path` as a Path if it is a folder that can be written, or one could be made; none is.

    Raises:
      FileExistsError: it is a file.
      SlimzooError: it, or the folder that it would be made in, cannot be written to.
    """
    path = Path(path)
    if os.path.lexists(path) and not path.is_dir():
        raise FileExistsError(f"{path} is a file; name a folder, out=DIR")
    there = next(place for place in (path, *Path(os.path.abspath(path)).parents) if os.path.lexists(place))
    if not there.is_dir():
        raise SlimzooError(f"cannot write {path}: {there} is a file, not a folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise SlimzooError(f"cannot write {path}: {_ADVICE[errno.EACCES]}")
    return path


def write_error(error: OSError, path: str | os.PathLike) -> SlimzooError:
    """Returns the error to raise when writing `path` failed with `error`."""
    advice = _ADVICE.get(error.errno or 0, error.strerror or str(error))
    return SlimzooError(f"cannot write {path}: {advice}")


def sync(path: str | os.PathLike) -> None:
    """Makes the file or folder at `path` durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def atomic_write(path: str | os.PathLike, overwrite: bool = False) -> Iterator[Path]:
    """Yields a temporary path beside `path`; a clean exit makes it durable and renames it to `path`.

    On any failure, Ctrl-C included, the temporary file is removed and what stood at `path` stays.
    Raises: FileExistsError, SlimzooError (see check_writable); SlimzooError: the disk is full, and the like.
    """
    path = check_writable(path, overwrite)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        yield temporary
        sync(temporary)
        check_writable(path, overwrite)  # another process may have written it meanwhile
        os.replace(temporary, path)
        sync(path.parent)
    except OSError as error:
        if error.errno in _ADVICE or error.filename == os.fspath(temporary):
            raise write_error(error, path) from error
        raise
    finally:
        _remove(temporary)


def write_text(path: str | os.PathLike, text: str, overwrite: bool = True) -> Path:
    """Writes `text` as UTF-8 to `path`, whole or not at all; what cannot be is written as \\udce9."""
    with atomic_write(path, overwrite) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
    return Path(path)


def plain(value: Any) -> Any:
    """Returns `value` as JSON has it: dataclasses as dicts, arrays as lists, NaN and infinity as None.

    What JSON has nothing for, a path for one, is text.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if hasattr(value, "tolist"):  # NumPy's scalars and arrays
        value = value.tolist()
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
