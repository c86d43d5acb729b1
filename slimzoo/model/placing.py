"""Files and folders of a whole model put into their place: whole, or not at all."""

import glob
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
    """Writes an .xml and its .bin, whole or not at all.

    No .xml stands beside a .bin that is not its own, whenever the process is killed: the old .xml goes first,
    the new one, without which nobody opens the other, comes last. What a kill between leaves of the old pair
    lies in a hidden folder beside it, which the next writing of it removes.
    """
    pair = check_writable(path, overwrite), check_writable(path.with_suffix(".bin"), overwrite)
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent) as folder:
        made = Path(folder, "model.xml")
        try:
            write(made)
            new = made, made.with_suffix(".bin")
            for file in new:
                sync(file)
            for file in pair:  # another process may have written it meanwhile
                check_writable(file, overwrite)
            _exchange(pair, new, Path(folder))
        except OSError as error:
            raise error if isinstance(error, FileExistsError) else write_error(error, path) from error
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        shutil.rmtree(left, ignore_errors=True)
    return path


def _exchange(pair: tuple[Path, Path], new: tuple[Path, Path], aside: Path) -> None:
    """Puts the .xml and .bin `new` in the place of `pair`; on any failure the old ones are there again."""
    xml, weights = pair
    old = [(file, aside / f"old{file.suffix}") for file in pair if file.exists()]
    try:
        for file, kept in old:  # the .xml first
            os.replace(file, kept)
        os.replace(new[1], weights)
        os.replace(new[0], xml)
    except BaseException:
        moved = [(file, kept) for file, kept in old if kept.exists()]
        still = {file for file, _ in old} - {file for file, _ in moved}
        for file in pair:  # the .xml first
            if file not in still:
                file.unlink(missing_ok=True)
        for file, kept in reversed(moved):
            os.replace(kept, file)
        raise
    sync(xml.parent)


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
