"""Boxes as COCO's JSON or YOLO's text files keep them, as labels of images: what has a box shows."""

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from slimzoo.data.dataset import Dataset, Example
from slimzoo.data.text import read_lines, same
from slimzoo.errors import SlimzooError, listing

_ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".gif")
_NAMES = ("classes.txt", "obj.names", "data.yaml", "dataset.yaml")  # of YOLO's classes


class _Found(NamedTuple):
    """Of each image the classes with a box, True where one is no crowd; the classes; what is wrong."""

    images: dict[Path, dict[str, bool]]
    classes: tuple[str, ...]
    problems: list[str]


def read(
    path: str | os.PathLike, images: str | os.PathLike | None = None, classes: Sequence[str] | None = None
) -> Dataset:
    """Reads the images of a COCO file, or of a folder of YOLO's, with the classes that have a box in them.

    A class of which COCO marks crowds only (iscrowd) has weight 0 there: neither right nor wrong.

    Args:
      path: a .json file; or a folder that holds images/ and labels/, or images with a text file beside each.
      images: the folder of the images; None: looked for beside `path`.
      classes: in the order of the labels; None: the file's own (of YOLO's: of classes.txt or data.yaml, which
        say what the numbers mean; where they are missing, `classes` does).
    Raises:
      FileNotFoundError: there is no such file or folder.
      SlimzooError: files are broken, name unknown classes, or images are missing: all are listed.
    """
    root = Path(path)
    if not root.exists():
        raise FileNotFoundError(
            f"there is no {root}; give COCO's .json, or a folder with images/ and labels/"
        )
    found = _read_yolo(root, images, classes) if root.is_dir() else _read_coco(root, images)
    names = found.classes if classes is None else tuple(map(same, classes))
    shown = {label for labels in found.images.values() for label in labels}
    problems = found.problems + [f"unknown class {label!r}" for label in sorted(shown - set(names))]
    problems += [f"{image}: no such image" for image in found.images if not image.is_file()]
    if not found.images:
        problems.append("no image in it")
    if problems:
        raise SlimzooError(listing(f"{root} cannot be used, {len(problems)} problems:", problems))
    examples = tuple(_example(image, labels, names) for image, labels in found.images.items())
    return Dataset(examples, names, root.stem, multi_label=True)


def _example(image: Path, labels: Mapping[str, bool], classes: tuple[str, ...]) -> Example:
    shows = np.array([labels.get(label, False) for label in classes], np.float32)
    weights = np.array([labels.get(label, True) for label in classes], np.float32)
    return Example(str(image), shows, weights)


def _read_coco(path: Path, folder: str | os.PathLike | None) -> _Found:
    try:
        tables = json.loads(path.read_bytes())
        names = {
            row["id"]: same(row["name"]) for row in sorted(tables["categories"], key=lambda row: row["id"])
        }
        files = {row["id"]: row["file_name"] for row in tables["images"]}
        boxes = [(b["image_id"], b["category_id"], bool(b.get("iscrowd"))) for b in tables["annotations"]]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SlimzooError(f"{path} is no COCO file (images, annotations, categories): {error!r}") from error
    problems = [f"a box is of image {i}, which is not listed" for i in {i for i, _, _ in boxes} - {*files}]
    problems += [
        f"a box is of category {c}, which is not listed" for c in {c for _, c, _ in boxes} - {*names}
    ]
    place = Path(folder) if folder else _coco_folder(path, files.values())
    labels: dict[Any, dict[str, bool]] = {image: {} for image in files}
    for image, category, crowd in boxes:
        if image in files and category in names:
            labels[image][names[category]] = labels[image].get(names[category], False) or not crowd
    return _Found({place / files[image]: labels[image] for image in files}, tuple(names.values()), problems)


def _coco_folder(path: Path, files: Iterable[str]) -> Path:
    """Returns where the first image is: beside the file, or as COCO is unpacked."""
    part = path.stem.removeprefix("instances_")  # instances_train2017.json has train2017/
    around = (path.parent, path.parent.parent)
    places = [place / name for place in around for name in ("", part, "images", f"images/{part}")]
    first = next(iter(files), "")
    return next((place for place in places if (place / first).is_file()), path.parent)


def _read_yolo(root: Path, folder: str | os.PathLike | None, given: Sequence[str] | None) -> _Found:
    names = _yolo_names(root, given)
    place = Path(folder) if folder else root / "images" if (root / "images").is_dir() else root
    paths = [path for path in sorted(place.rglob("*")) if path.suffix.lower() in _ENDINGS]
    files = {path: _yolo_file(path, root, place) for path in paths if not path.name.startswith(".")}
    images, problems = {}, []
    for path, file in files.items():
        shown, faults = _yolo_labels(file, names)
        images[path] = dict.fromkeys(shown, True)
        problems += faults
    if files and not any(file.is_file() for file in files.values()):
        problems.append("no image has a text file of labels, in labels/ or beside it")
    return _Found(images, names, problems)


def _yolo_file(image: Path, root: Path, place: Path) -> Path:
    """Returns the text file of `image`: in labels/ of `root`, in labels/ beside images/, beside itself."""
    inside = root / "labels" / image.relative_to(place)
    before, found, after = str(image).rpartition(f"{os.sep}images{os.sep}")
    swapped = Path(before, "labels", after) if found else inside
    files = [path.with_suffix(".txt") for path in (inside, swapped, image)]
    return next((file for file in files if file.is_file()), files[-1])


def _yolo_labels(path: Path, names: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Returns the classes in a text file, none where there is no file, and what is wrong in it."""
    numbers = [line.split()[0] for line in read_lines(path)] if path.is_file() else []
    known = {str(i): name for i, name in enumerate(names)}
    problems = [f"{path}: class {n}; there are 0 to {len(names) - 1}" for n in numbers if n not in known]
    return [known[n] for n in numbers if n in known], problems


def _yolo_names(root: Path, given: Sequence[str] | None) -> tuple[str, ...]:
    """Returns what the numbers mean: the folder's own names, or those that are given where it has none."""
    places = [folder / name for folder in (root, root / "labels", *root.parents[:2]) for name in _NAMES]
    path = next((place for place in places if place.is_file()), None)
    names = _names_in(path) if path else tuple(map(same, given or ()))
    if not names:
        raise SlimzooError(
            f"{root} does not say its classes: no {', '.join(_NAMES)} with names in it; name them (--classes)"
        )
    return names


def _names_in(path: Path) -> tuple[str, ...]:
    """Returns the lines of a file; of a .yaml what follows `names:`, in brackets or one a line."""
    lines = read_lines(path)
    if path.suffix != ".yaml":
        return tuple(lines)
    start = next((i for i, line in enumerate(lines) if line.startswith("names:")), len(lines))
    text = "\n".join(lines[start:]).removeprefix("names:").strip()
    if text.startswith("["):
        names = text[1:].partition("]")[0].split(",")
    else:
        rows = takewhile(bool, (re.fullmatch(r"(?:-|\d+:)\s*(.+)", line) for line in text.splitlines()))
        names = [row[1] for row in rows if row]
    return tuple(name.strip().strip("'\"") for name in names if name.strip())
