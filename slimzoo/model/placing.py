"""Files and folders of a whole model put into their place: whole, or not at all."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from slimzoo.converters.whole_models import kind_of
from slimzoo.files import atomic_write, check_writable, sync, write_error
from slimzoo.files.locks import writing


def check_place(path: str | os.PathLike, overwrite: bool) -> None:
    """Raises what write_whole() would of a file's `path` as it is now: before what takes its time."""
    for file in (Path(path), Path(path).with_suffix(".bin"))[: 1 + (kind_of(os.fspath(path)) == ".xml")]:
        check_writable(file, overwrite)


def write_whole(path: str, write: Callable[[Path], None], overwrite: bool) -> Path:
    """Lets `write` write a file or a folder of KINDS under a temporary name, then puts it at `path`.

    Of an .xml, what `write` is given is a path beside which it leaves the .bin too.
    Raises: SlimzooError, FileExistsError: see export().
    """
    kind = kind_of(path)
    with writing(path):
        if kind == "/":
            return _write_folder(Path(path), write, overwrite)
        if kind == ".xml":
            return write_pair(Path(path), write, overwrite)
        with atomic_write(path, overwrite) as temporary:
            write(temporary)
    return Path(path)


def write_pair(path: Path, write: Callable[[Path], None], overwrite: bool) -> Path:
    """Writes an .xml and its .bin; the .xml, without which nobody opens the other, takes its place last."""
    weights = path.with_suffix(".bin")
    with (
        atomic_write(path, overwrite) as graph,
        atomic_write(weights, overwrite) as values,
        tempfile.TemporaryDirectory(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent) as folder,
    ):
        made = Path(folder, "model.xml")
        write(made)
        os.replace(made, graph)
        os.replace(made.with_suffix(".bin"), values)
    return path


def _write_folder(path: Path, write: Callable[[Path], None], overwrite: bool) -> Path:
    """Writes a folder under a temporary name, then puts it in its place; an old one goes last."""
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path} exists already; name another folder, or allow overwriting")
    if path.exists() and not (path / "saved_model.pb").is_file():
        raise FileExistsError(f"{path} is there and holds no SavedModel; it is not overwritten")
    mark = secrets.token_hex(4)
    temporary, old = (path.with_name(f".{path.name}.{mark}.{word}") for word in ("tmp", "old"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(temporary)
        for file in temporary.rglob("*"):
            sync(file)
        if path.exists():
            os.replace(path, old)
        os.replace(temporary, path)
        sync(path.parent)
    except OSError as error:
        if old.exists() and not path.exists():
            os.replace(old, path)
        raise write_error(error, path) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
    return path
