"""Boxes as COCO's JSON or YOLO's text files keep them, as labels of images: what has a box shows."""

import itertools
import json
import logging
import os
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PureWindowsPath
from typing import Any, NamedTuple

import numpy as np

from slimzoo.data.dataset import Dataset, Example
from slimzoo.data.finding import files_below
from slimzoo.data.folder import part_of, visible
from slimzoo.data.headers import ENDINGS, foreign
from slimzoo.data.text import read_lines, same
from slimzoo.data.yolo_names import FILES, read_names
from slimzoo.errors import SlimzooError, counted, listing, shown, some
from slimzoo.files.reading import read_whole

log = logging.getLogger("slimzoo")
_CROWD = (1, True, "1")
_TRIED = 100  # images that are looked for to find their folder
_LARGEST = 1 << 33  # bytes of COCO's file: that of 2017 has 448 MB, others ten times as many


class _Found(NamedTuple):
    """Of each image the classes with a box, True where one is no crowd; the classes; what is wrong."""

    images: dict[Path, dict[str, bool]]
    classes: tuple[str, ...]
    problems: list[str]


def read(
    path: str | os.PathLike, images: str | os.PathLike | None = None, classes: Sequence[str] | None = None
) -> Dataset:
    """Reads the images of a COCO file, or of a folder of YOLO's, with the classes that have a box in them.

    A class of which COCO marks crowds only (iscrowd) has weight 0 there: neither right nor wrong. Classes of
    one name are one class.

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
    repeated = [name for name, times in Counter(names).items() if times > 1]
    seen = {label for labels in found.images.values() for label in labels}
    problems = found.problems + [f"class {name!r} is given more than once" for name in repeated]
    problems += [f"unknown class {label!r}" for label in sorted(seen - set(names))]
    problems += [f"{image}: no such image" for image in found.images if not os.path.isfile(image)]
    if not found.images:
        problems.append("no image in it")
    if problems:
        raise SlimzooError(listing(f"{root} cannot be used, {counted(len(problems), 'problem')}:", problems))
    examples = tuple(_example(image, labels, names) for image, labels in found.images.items())
    return Dataset(examples, names, root.stem, multi_label=True)


def parts(path: str | os.PathLike) -> dict[str, Path]:
    """Returns the folders to read by part ("train", "val", "test"), if a folder of YOLO's has several."""
    root = Path(path)
    for place in (root, root / "images") if root.is_dir() else ():
        folders = [entry for entry in visible(place) if entry.is_dir()] if place.is_dir() else []
        found = {part: folder for folder in folders if (part := part_of(folder))}
        if "train" in found and len(found) > 1:
            return found
    return {}


def _example(image: Path, labels: Mapping[str, bool], classes: tuple[str, ...]) -> Example:
    shows = np.array([labels.get(label, False) for label in classes], np.float32)
    weights = np.array([labels.get(label, True) for label in classes], np.float32)
    return Example(str(image), shows, weights)


def _said(error: Exception) -> str:
    """Returns what is wrong with a COCO file that cannot be read so."""
    if isinstance(error, KeyError):
        return f"{error} is missing"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, ValueError):
        return f"it is no JSON: {error}"
    return f"ids are numbers, names and file_name texts, the three of them lists of objects ({error})"


def _read_coco(path: Path, folder: str | os.PathLike | None) -> _Found:
    try:
        tables = json.loads(read_whole(path, _LARGEST))
        names = {row["id"]: same(row["name"]) for row in tables["categories"]}
        files = {row["id"]: os.fspath(row["file_name"]) for row in tables["images"]}
        boxes = [(b["image_id"], b["category_id"], b.get("iscrowd")) for b in tables["annotations"]]
        classes = _in_order(names)
        strange = {i for i, _, _ in boxes} - {*files}, {c for _, c, _ in boxes} - {*names}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise SlimzooError(
            f"{path} is no COCO file (images, annotations, categories): {_said(error)}{_instead(path)}"
        ) from error
    problems = [*_repeated("image", tables["images"]), *_repeated("category", tables["categories"])]
    problems += [f"a box is of image {shown(i)}, which is not listed" for i in strange[0]]
    problems += [f"a box is of category {shown(c)}, which is not listed" for c in strange[1]]
    place = Path(folder) if folder else _coco_folder(path, files.values())
    alone = _each_alone(files.values())
    images = {number: _at(place, name, alone) for number, name in files.items()}
    labels: dict[Path, dict[str, bool]] = {image: {} for image in images.values()}
    for number, category, crowd in boxes:
        if number in files and category in names:
            found, name = labels[images[number]], names[category]
            found[name] = found.get(name, False) or crowd not in _CROWD
    return _Found(labels, classes, problems)


def _repeated(what: str, rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Returns which rows say otherwise of a number that a row before them has."""
    first: dict[Any, Any] = {}
    key = "file_name" if what == "image" else "name"
    return [
        f"{what} {row['id']} is {first[row['id']]!r} and {row[key]!r}"
        for row in rows
        if first.setdefault(row["id"], row[key]) != row[key]
    ]


def _instead(path: Path) -> str:
    """Returns what to add of what is no COCO file: what it is, or what to give, if that shows."""
    if path.suffix.lower() in (".yaml", ".yml", ".txt", ".names"):
        return f". Of YOLO give the folder of images and labels, {path.parent}"
    return foreign(path)


def _each_alone(names: Iterable[str]) -> bool:
    """Whether no two images have one name in different folders."""
    names = {*names}
    return len({PureWindowsPath(name).name for name in names}) == len(names)


def _at(folder: Path, name: str, alone: bool = True) -> Path:
    """Returns where the image `name` is, as it was written down on Windows, on a Mac or in another folder.

    Args:
      alone: its name without folders is enough to tell it.
    """
    slashed = name.replace("\\", "/")
    ways = [name, slashed] + ([PureWindowsPath(name).name] if alone else [])
    spelled = [unicodedata.normalize(form, way) for form in ("NFC", "NFD") for way in ways]
    paths = (folder / way for way in dict.fromkeys((*ways, *spelled)))
    return next((path for path in paths if os.path.isfile(path)), folder / slashed)


def _coco_folder(path: Path, files: Iterable[str]) -> Path:
    """Returns where the first images are: beside the file, or as COCO is unpacked."""
    part = path.stem.removeprefix("instances_")  # instances_train2017.json has train2017/
    around = (path.parent, path.parent.parent)
    places = [place / name for place in around for name in ("", part, "images", f"images/{part}")]
    first = [*itertools.islice(files, _TRIED)]
    found = (place for place in places if any(os.path.isfile(_at(place, name)) for name in first))
    return next(found, path.parent)


def _read_yolo(root: Path, folder: str | os.PathLike | None, given: Sequence[str] | None) -> _Found:
    names = _yolo_names(root, given)
    place = Path(folder) if folder else root / "images" if (root / "images").is_dir() else root
    paths = [path for path in files_below(place) if path.suffix.lower() in ENDINGS]
    files = {path: _yolo_file(path, root, place) for path in paths}
    images, problems = {}, []
    for path, file in files.items():
        found, faults = _yolo_labels(file, names)
        images[path] = dict.fromkeys(found, True)
        problems += faults
    if files and not any(file.is_file() for file in files.values()):
        problems.append("no image has a text file of labels, in labels/ or beside it")
    else:
        _say_left_out(root, files, all_images=folder is None)
    if folder is None and (several := parts(root)):
        shown_parts = ", ".join(map(str, several.values()))
        log.warning("%s holds parts, all of which are read; give one of them: %s", root, shown_parts)
    return _Found(images, _in_order(names), problems)


def _in_order(names: Mapping[int, str]) -> tuple[str, ...]:
    """Returns the names by their numbers; two numbers of one name are one class."""
    return tuple(dict.fromkeys(names[number] for number in sorted(names)))


def _yolo_file(image: Path, root: Path, place: Path) -> Path:
    """Returns the text file of `image`: in labels/ of `root`, in labels/ beside images/, beside itself."""
    inside = root / "labels" / image.relative_to(place)
    before, found, after = str(image).rpartition(f"{os.sep}images{os.sep}")
    swapped = Path(before, "labels", after) if found else inside
    files = [path.with_suffix(".txt") for path in (inside, swapped, image)]
    return next((file for file in files if file.is_file()), files[-1])


def _yolo_labels(path: Path, names: Mapping[int, str]) -> tuple[list[str], list[str]]:
    """Returns the classes in a text file, none where there is no file, and what is wrong in it."""
    numbers = [line.split()[0] for line in read_lines(path)] if path.is_file() else []
    known = {str(i): name for i, name in names.items()}
    there = f"0 to {len(names) - 1}" if max(names) < len(names) else some([*known], 20)
    problems = [f"{path}: class {n}; there are {there}" for n in numbers if n not in known]
    return [known[n] for n in numbers if n in known], problems


def _yolo_names(root: Path, given: Sequence[str] | None) -> dict[int, str]:
    """Returns what the numbers mean: the folder's own names, or those that are given where it has none."""
    places = [folder / name for folder in (root, root / "labels", *root.parents[:2]) for name in FILES]
    path = next((place for place in places if place.is_file()), None)
    names = read_names(path) if path else dict(enumerate(map(same, given or ())))
    if not names:
        tables = [str(path) for path in visible(root) if path.suffix.lower() == ".json"]
        raise SlimzooError(
            f"{root} does not say its classes: no {', '.join(FILES)} with names in it; name them, "
            f"classes=NAMES{f'; or give a file of COCO, as {some(tables)}' if tables else ''}"
        )
    return names


def _say_left_out(root: Path, files: Mapping[Path, Path], all_images: bool) -> None:
    """Warns of images without labels, and of labels without an image; none is a problem by itself."""
    without = [path for path, file in files.items() if not file.is_file()]
    if without:
        log.warning(
            "%d of %d images in %s have no text file of labels, so that nothing shows on them: %s",
            *(len(without), len(files), root, some([path.name for path in without])),
        )
    folder = root / "labels"
    stray = [
        str(path) for path in sorted({*folder.rglob("*.txt")} - {*files.values()}) if path.name not in FILES
    ]
    if all_images and stray:
        log.warning(
            "%d text files in %s have no image (%s) and are left out: %s",
            *(len(stray), folder, ", ".join(ENDINGS), some(stray)),
        )
