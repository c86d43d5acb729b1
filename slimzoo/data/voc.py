"""Pascal VOC's development kit as a classification data set; reads annotations, no pixels."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from slimzoo.data.dataset import Dataset, Example
from slimzoo.errors import SlimzooError, listing
from slimzoo.labels import VOC


def read(
    devkit: str | os.PathLike,
    year: str | int = "2012",
    split: str | None = "trainval",
    classes: Sequence[str] = VOC,
) -> Dataset:
    """Reads the images of one VOC year with the classes that show in them.

    A class shows where at least one of its objects is not marked difficult; a class with difficult objects
    only has weight 0 there: neither right nor wrong, as in VOC's own evaluation.

    Args:
      devkit: the folder VOCdevkit, the folder that holds it, or VOC2012 itself.
      split: a list in ImageSets/Main ("train", "val", "trainval", "test"); None for every annotated image.
    Raises:
      FileNotFoundError: there is no such folder, year or split.
      SlimzooError: annotations are broken, name unknown classes, or images are missing: all are listed.
    """
    root = _find_year(Path(devkit), str(year))
    names = _image_names(root, split)
    examples, problems = [], []
    for name in names:
        found, faults = _read_example(root, name, tuple(classes))
        examples.append(found)
        problems += faults
    title = f"{root.name} {split or 'all'}"
    if not names:
        problems.append(f"no image is listed in {root} ({split or 'Annotations'})")
    if problems:
        raise SlimzooError(listing(f"{title} in {root} cannot be used, {len(problems)} problems:", problems))
    return Dataset(tuple(examples), tuple(classes), title, multi_label=True)


def read_objects(path: str | os.PathLike) -> list[tuple[str, bool]]:
    """Returns (class name, difficult) for each object of one annotation file.

    A document type is refused, and with it entities: VOC has none, and they are how XML attacks its reader.

    Raises: ValueError: the file is no annotation; the message does not name the file.
    """
    try:
        parser = ElementTree.XMLParser(target=_PlainTree())
        root = ElementTree.parse(path, parser).getroot()
    except ElementTree.ParseError as error:
        raise ValueError(f"broken XML ({error})") from error
    if root.tag != "annotation":
        raise ValueError(f"the outermost element is <{root.tag}>, not <annotation>")
    return [_read_object(element) for element in root.findall("object")]


class _PlainTree(ElementTree.TreeBuilder):
    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise ElementTree.ParseError(f"it declares a document type {name!r}, which VOC annotations never do")


def _read_object(element: ElementTree.Element) -> tuple[str, bool]:
    name = (element.findtext("name") or "").strip()
    if not name:
        raise ValueError("an <object> has no <name>")
    difficult = (element.findtext("difficult") or "0").strip()
    if difficult not in ("0", "1"):
        raise ValueError(f"<difficult> of a {name} is {difficult!r}, not 0 or 1")
    return name, difficult == "1"


def _find_year(folder: Path, year: str) -> Path:
    year = year.lower().removeprefix("voc")
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}; give VOCdevkit, or VOC{year} in it")
    for candidate in (folder / f"VOC{year}", folder / "VOCdevkit" / f"VOC{year}"):
        if candidate.is_dir():
            return candidate
    if (folder / "Annotations").is_dir():
        if folder.name.startswith("VOC") and folder.name != f"VOC{year}":
            raise FileNotFoundError(
                f"{folder} was given, but year {year} was asked for; say year={folder.name[3:]}"
            )
        return folder
    years = sorted(p.name for p in folder.glob("VOC*") if p.is_dir())
    there = (
        f"years there: {', '.join(years)}"
        if years
        else "nothing in it looks like VOC (Annotations, JPEGImages)"
    )
    raise FileNotFoundError(f"there is no VOC{year} in {folder}; {there}")


def _image_names(root: Path, split: str | None) -> list[str]:
    if split is None:
        return sorted(path.stem for path in (root / "Annotations").glob("*.xml"))
    lists = root / "ImageSets" / "Main"
    path = lists / f"{split}.txt"
    if not path.is_file():
        splits = sorted(p.stem for p in lists.glob("*.txt") if "_" not in p.stem)
        there = (
            f"splits there: {', '.join(splits)}"
            if splits
            else "no split is there; split=None takes every image"
        )
        raise FileNotFoundError(f"there is no split {split!r} ({path}); {there}")
    names = path.read_text(encoding="utf-8").split()
    repeated = sorted(name for name, times in Counter(names).items() if times > 1)
    if repeated:
        raise SlimzooError(listing(f"{path} lists images more than once:", repeated))
    return names


def _read_example(root: Path, name: str, classes: tuple[str, ...]) -> tuple[Example, list[str]]:
    """Returns the example and what is wrong with it."""
    image = root / "JPEGImages" / f"{name}.jpg"
    annotation = root / "Annotations" / f"{name}.xml"
    problems = [] if image.is_file() else [f"{image}: no such image"]
    objects: list[tuple[str, bool]] = []
    try:
        objects = read_objects(annotation)
    except FileNotFoundError:
        problems.append(f"{annotation}: no such annotation")
    except ValueError as error:
        problems.append(f"{annotation}: {error}")
    for unknown in sorted({label for label, _ in objects} - set(classes)):
        problems.append(f"{annotation}: unknown class {unknown!r}; known are {', '.join(classes)}")
    shown = {label for label, difficult in objects if not difficult}
    ignored = {label for label, _ in objects} - shown
    labels = np.array([label in shown for label in classes], np.float32)
    weights = np.array([label not in ignored for label in classes], np.float32)
    return Example(str(image), labels, weights), problems
