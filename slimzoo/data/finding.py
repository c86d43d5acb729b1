"""The image files that files, folders and patterns stand for."""

import glob
import mimetypes
import os
from collections.abc import Sequence
from pathlib import Path

from slimzoo.data.folder import visible
from slimzoo.data.headers import READABLE, image_format
from slimzoo.errors import SlimzooError, listing, not_there

_SIGNS = "*?["  # of a pattern
_MOST_NAMED = 10  # of files that are not there


def image_files(given: Sequence[str | os.PathLike]) -> list[str]:
    """Returns the paths that `given` stand for, in its order; those of a folder or a pattern are sorted.

    A folder stands for every image below it, by content or by name; hidden files and clutter are passed
    over. A pattern (*, ?, [...], ** for folders) stands for the files it matches; a file that is called like
    a pattern is a file. Any other path stands for itself, whether there is a file or not.

    Raises: SlimzooError: folders without an image, patterns that match nothing: all of them at once.
    """
    found: list[str] = []
    problems = []
    for name in [os.fspath(path) for path in given]:
        if os.path.isdir(name):
            files = [str(path) for path in files_below(Path(name)) if _is_image(path)]
            problems += [] if files else [f"the folder {name} holds no image; {READABLE}"]
        elif any(sign in name for sign in _SIGNS) and not os.path.lexists(name):
            files = sorted(path for path in glob.iglob(name, recursive=True) if os.path.isfile(path))
            problems += [] if files else [f"the pattern {name} matches no file"]
        else:
            files = [name]
        found += files
    if len(problems) == 1:
        raise SlimzooError(problems[0])
    if problems:
        raise SlimzooError(listing("no images are found:", problems))
    return found


def check_some_there(files: Sequence[str]) -> None:
    """Raises FileNotFoundError where none of `files` is there: said before a model is loaded for them."""
    if files and not any(os.path.exists(file) for file in files):
        raise not_there("\n".join(f"there is no image {file}" for file in files[:_MOST_NAMED]) + _more(files))


def _more(files: Sequence[str]) -> str:
    return f"\n... nor any of {len(files) - _MOST_NAMED:,} more" if len(files) > _MOST_NAMED else ""


def files_below(folder: Path) -> list[Path]:
    """Returns the files below `folder`, each folder's in order, without hidden files and clutter.

    Links in a circle are gone through once.
    """
    return _below(folder, set())


def _below(folder: Path, seen: set[str]) -> list[Path]:
    real = os.path.realpath(folder)
    if real in seen:
        return []
    seen.add(real)
    found: list[Path] = []
    for path in visible(folder):
        found += _below(path, seen) if path.is_dir() else [path]
    return found


def _is_image(path: Path) -> bool:
    """Whether `path` holds an image or is called like one: what is broken, or of another kind, is said."""
    kind = mimetypes.guess_type(path.name, strict=False)[0] or ""
    return path.is_file() and (image_format(path) is not None or kind.startswith("image/"))
