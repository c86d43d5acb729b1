"""A folder of images with one sub-folder a class."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from slimzoo.data.dataset import Dataset, Example
from slimzoo.errors import SlimzooError, listing

SIGNATURES = {  # format: how its files begin
    "JPEG": (b"\xff\xd8\xff",),
    "PNG": (b"\x89PNG\r\n\x1a\n",),
    "GIF": (b"GIF87a", b"GIF89a"),
    "BMP": (b"BM",),
}
_CLUTTER = {"thumbs.db", "desktop.ini"}  # what file managers leave behind


def read(path: str | os.PathLike, classes: Sequence[str] | None = None) -> Dataset:
    """Reads a folder with one sub-folder a class; the class is called like the sub-folder.

    Files are judged by their content, not their ending; hidden files are passed over.

    Args:
      classes: names in the order of a network's outputs, for a second folder that must fit the first; a
        class may then have no folder. None: the sub-folders, sorted.
    Raises:
      FileNotFoundError: there is no such folder.
      SlimzooError: classes without images, files that are no images, folders that are no class: all listed.
    """
    root = Path(path)
    if not root.is_dir():
        raise FileNotFoundError(
            f"there is no folder {root}; it should hold one sub-folder of images for each class"
        )
    entries = _visible(root)
    folders = [entry for entry in entries if entry.is_dir()]
    problems = [
        f"{entry}: an image outside of the class folders"
        for entry in entries
        if entry.is_file() and image_format(entry)
    ]
    names = tuple(folder.name for folder in folders) if classes is None else tuple(classes)
    problems += _class_problems(root, folders, names, classes is not None)
    examples: list[Example] = []
    for folder in folders:
        found, faults = _read_class(folder, names)
        examples += found
        problems += faults
    if problems:
        raise SlimzooError(listing(f"{root} cannot be used, {len(problems)} problems:", problems))
    return Dataset(tuple(examples), names, root.name, multi_label=False)


def image_format(path: str | os.PathLike) -> str | None:
    """Returns "JPEG", "PNG", "GIF" or "BMP" by how the file begins, or None."""
    with open(path, "rb") as file:
        start = file.read(8)
    for name, beginnings in SIGNATURES.items():
        if start.startswith(beginnings):
            return name
    return None


def _visible(folder: Path) -> list[Path]:
    return sorted(
        p for p in folder.iterdir() if not p.name.startswith(".") and p.name.lower() not in _CLUTTER
    )


def _class_problems(root: Path, folders: list[Path], names: tuple[str, ...], given: bool) -> list[str]:
    if not folders:
        return [f"{root}: no sub-folder in it; make one for each class and put its images there"]
    if given:
        return [
            f"{folder}: not a class; known are {', '.join(names)}"
            for folder in folders
            if folder.name not in names
        ]
    if len(names) == 1:
        return [f"{root}: only one class ({names[0]}); at least two are needed"]
    return []


def _read_class(folder: Path, names: tuple[str, ...]) -> tuple[list[Example], list[str]]:
    examples, problems = [], []
    entries = _visible(folder)
    if not entries:
        problems.append(f"{folder}: a class without images")
    labels = np.array([name == folder.name for name in names], np.float32)
    for entry in entries:
        if entry.is_dir():
            problems.append(f"{entry}: a folder inside of a class; images must lie directly in {folder}")
        elif image_format(entry) is None:
            problems.append(f"{entry}: not an image ({', '.join(SIGNATURES)} can be read)")
        else:
            examples.append(Example(str(entry), labels, np.ones_like(labels)))
    return examples, problems
