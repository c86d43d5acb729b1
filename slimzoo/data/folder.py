"""A folder of images with one sub-folder a class."""

import fnmatch
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from slimzoo.data.dataset import Dataset, Example
from slimzoo.data.headers import READABLE, SIGNATURES, foreign, image_format, read_header
from slimzoo.data.text import same
from slimzoo.errors import SlimzooError, counted, listing, some

__all__ = ["SIGNATURES", "image_format", "parts", "read", "read_numbered", "visible"]

_CLUTTER = (  # what file managers, archives, editors and downloads leave behind, in small letters
    *(".*", "thumbs.db", "ehthumbs*.db", "desktop.ini", "icon\r", "__macosx", "@eadir", "$recycle.bin"),
    *("system volume information", "lost+found", "__pycache__", "~$*", "*~", "*.lock", "*.lck", "*.tmp"),
    *("*.part", "*.crdownload"),
)
PARTS = {  # what a folder is called that holds a part of the images: which part
    **dict.fromkeys(("train", "training", "train_set", "training_set"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "val_set", "validation_set", "dev", "eval"), "val"),
    **dict.fromkeys(("test", "testing", "test_set", "testing_set"), "test"),
}


def read(path: str | os.PathLike, classes: Sequence[str] | None = None) -> Dataset:
    """Reads a folder with one sub-folder a class; the class is called like the sub-folder.

    Files are judged by their content, not their ending; hidden files and clutter are passed over. A name is
    the same however its accents are written: folders from a Mac and from elsewhere are one class.

    Args:
      classes: names in the order of a network's outputs, for a second folder that must fit the first; a
        class may then have no folder. None: the sub-folders, sorted.
    Raises:
      FileNotFoundError: there is no such folder.
      SlimzooError: classes without images, files that are no images, folders that are no class: all listed.
    """
    root = _existing(path)
    _check_whole(root)
    entries = visible(root)
    folders = [entry for entry in entries if entry.is_dir()]
    problems = [problem for entry in entries if (problem := _problem_outside(entry))]
    names = tuple(sorted({_name(folder) for folder in folders})) if classes is None else tuple(classes)
    problems += _class_problems(root, folders, names, classes is not None)
    examples: list[Example] = []
    for folder in folders:
        found, faults = _read_class(folder, names)
        examples += found
        problems += faults
    _raise_all(root, problems)
    return Dataset(tuple(examples), names, root.name, multi_label=False)


def read_numbered(
    path: str | os.PathLike, classes_of: Callable[[Sequence[str]], tuple[Mapping[str, int], list[str]]]
) -> tuple[Dataset, np.ndarray]:
    """Reads a folder whose sub-folders are classes that go by numbers: a thousand labels an image are none.

    Args:
      classes_of: from the names of the folders to {name: class}, and what is wrong with the others.
    Returns: the images, a Dataset without classes; and the class of each, int64 [N].
    Raises: as read() does; what `classes_of` finds wrong is listed with the rest.
    """
    root = _existing(path)
    _check_whole(root)
    entries = visible(root)
    folders = [entry for entry in entries if entry.is_dir()]
    problems = [problem for entry in entries if (problem := _problem_outside(entry))]
    problems += _class_problems(root, folders, (), given=False)
    numbers, wrong = classes_of([_name(folder) for folder in folders])
    problems += [f"{root}: {problem}" for problem in wrong]
    examples: list[Example] = []
    classes: list[int] = []
    for folder in folders:
        found, faults = _read_class(folder, ())
        examples += found
        classes += [numbers.get(_name(folder), -1)] * len(found)
        problems += faults
    _raise_all(root, problems)
    return Dataset(tuple(examples), (), root.name, multi_label=False), np.array(classes, np.int64)


def parts(path: str | os.PathLike) -> dict[str, Path]:
    """Returns the folders in `path` by part ("train", "val", "test"), if it holds these in place of classes.

    Raises: FileNotFoundError: there is no such folder.
    """
    folders = [entry for entry in visible(_existing(path)) if entry.is_dir()]
    found = {part_of(folder): folder for folder in folders}
    if "train" not in found or "" in found or len(found) < len(folders):
        return {}
    return found if any(entry.is_dir() for entry in visible(found["train"])) else {}


def part_of(folder: Path) -> str:
    """Returns which part of the images a folder holds by its name: "train", "val", "test", or ""."""
    return PARTS.get(folder.name.lower(), "")


def _raise_all(root: Path, problems: list[str]) -> None:
    if problems:
        raise SlimzooError(listing(f"{root} cannot be used, {counted(len(problems), 'problem')}:", problems))


def _existing(path: str | os.PathLike) -> Path:
    root = Path(path)
    if not root.is_dir():
        raise FileNotFoundError(
            f"there is no folder {root}; it should hold one sub-folder of images for each class"
        )
    return root


def _check_whole(root: Path) -> None:
    if found := parts(root):
        names = ", ".join(f"{folder.name}/" for folder in found.values())
        advice = " or ".join(str(folder) for folder in found.values())
        raise SlimzooError(f"{root} holds {names} in place of classes; give one of them: {advice}")


def visible(folder: Path) -> list[Path]:
    """Returns what is in `folder`, in order, without hidden files and clutter."""
    return sorted(path for path in folder.iterdir() if not _is_clutter(path.name.lower()))


def _is_clutter(name: str) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in _CLUTTER)


def _name(folder: Path) -> str:
    """Returns the name of the class, accents and letters in one (NFC)."""
    return same(folder.name)


def _problem_outside(entry: Path) -> str:
    """Returns what is wrong with an entry of the outer folder, "" if it may stand there."""
    if not entry.exists():
        return _dangling(entry)
    is_image = entry.is_file() and read_header(entry).format
    return f"{entry}: an image outside of the class folders" if is_image else ""


def _class_problems(root: Path, folders: list[Path], names: tuple[str, ...], given: bool) -> list[str]:
    if not folders:
        return [f"{root}: no sub-folder in it; make one for each class and put its images there"]
    if given:
        known = {same(name) for name in names}
        return [
            f"{folder}: not a class; known are {some(names, 10)}"
            for folder in folders
            if _name(folder) not in known
        ]
    if len(names) == 1:
        inside = any(entry.is_dir() for entry in visible(folders[0]))
        advice = f". It holds folders: give {folders[0]} if these are the classes" if inside else ""
        return [f"{root}: only one class ({names[0]}); at least two are needed{advice}"]
    return []


def _read_class(folder: Path, names: tuple[str, ...]) -> tuple[list[Example], list[str]]:
    entries = visible(folder)
    problems = [] if entries else [f"{folder}: a class without images"]
    labels = np.array([same(name) == _name(folder) for name in names], np.float32)
    weights = np.ones_like(labels)
    found = {entry: _problem(entry) for entry in entries}
    problems += [problem for problem in found.values() if problem]
    return [Example(str(entry), labels, weights) for entry, problem in found.items() if not problem], problems


def _problem(entry: Path) -> str:
    """Returns why `entry` is no image of a class, "" if it is one."""
    if entry.is_dir():
        return f"{entry}: a folder inside of a class; images must lie directly in {entry.parent}"
    if not entry.exists():
        return _dangling(entry)
    if not entry.is_file():
        return f"{entry}: neither a file nor a folder"
    try:
        return "" if image_format(entry) else f"{entry}: not an image ({READABLE}){foreign(entry)}"
    except OSError as error:
        return f"{entry}: {error.strerror}"


def _dangling(entry: Path) -> str:
    return f"{entry}: a link to what is not there"
