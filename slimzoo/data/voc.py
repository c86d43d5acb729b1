"""Pascal VOC's development kit as a classification data set; reads annotations, no pixels."""

import logging
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePath

import numpy as np

from slimzoo.data.annotations import Annotation, read_annotation
from slimzoo.data.dataset import Dataset, Example
from slimzoo.data.text import same
from slimzoo.data.voc_files import annotation_folder, find_annotations, find_images, find_year, read_list
from slimzoo.errors import SlimzooError, counted, listing, some
from slimzoo.labels import VOC

log = logging.getLogger("slimzoo")


def read(
    devkit: str | os.PathLike,
    year: str | int = "2012",
    split: str | None = "trainval",
    classes: Sequence[str] | None = None,
) -> Dataset:
    """Reads the images of one VOC year with the classes that show in them.

    A class shows where at least one of its objects is not marked difficult; a class with difficult objects
    only has weight 0 there: neither right nor wrong, as in VOC's own evaluation. The flags 1, -1 and 0 of a
    class's own list say the same, and are believed.

    Args:
      devkit: the folder VOCdevkit, the folder that holds it, or VOC2012 itself; a kit of your own is laid out
        like that one. Images may be JPEG, PNG, BMP or GIF, called like the annotation or as its <filename>.
      split: a list in ImageSets/Main ("train", "val", "trainval", "test", "dog_train"); None or "all" for
        every annotated image.
      classes: in the order of the labels; None: VOC's 20, or where others are annotated all that are.
    Raises:
      FileNotFoundError: there is no such folder, year or split.
      SlimzooError: annotations are broken, name unknown classes, or images are missing: all are listed.
    """
    root = find_year(Path(devkit), str(year))
    listed = read_list(root, split)
    annotations, problems = _read_annotations(root, listed)
    names = _classes(root, annotations.values()) if classes is None else tuple(map(same, classes))
    problems += _problems_of_classes(root, annotations, names)
    _say_ignored_flags(root, listed, names)
    images, examples = find_images(root), []
    found: dict[Path | None, list[str]] = {}
    for name, flags in listed.items():
        annotation = annotations.get(name, Annotation())
        image = _image_of(images, name, annotation.filename)
        if image is None or not image.is_file():
            problems.append(f"{image or root / 'JPEGImages' / f'{name}.jpg'}: no such image")
        found.setdefault(image, []).append(name)
        examples.append(_example(image or root, annotation, flags, names))
    problems += _problems_of_shared(found)
    _say_contradictions(root, annotations, listed, names)
    title = f"{root.name} {split or 'all'}"
    if not listed:
        problems.append(f"no image is listed in {root} ({split or 'Annotations'})")
    if problems:
        raise SlimzooError(
            listing(f"{title} in {root} cannot be used, {counted(len(problems), 'problem')}:", problems)
        )
    return Dataset(tuple(examples), names, title, multi_label=True)


def read_objects(path: str | os.PathLike) -> list[tuple[str, bool]]:
    """Returns (class name, difficult) for each object of one annotation file.

    Raises: ValueError: the file is no annotation; the message does not name the file.
    """
    return list(read_annotation(path).objects)


def _read_annotations(root: Path, names: Iterable[str]) -> tuple[dict[str, Annotation], list[str]]:
    """Returns the annotations by image, and what is wrong with the others."""
    paths, folder = find_annotations(root), annotation_folder(root)
    found, problems = {}, []
    for name in names:
        path = paths.get(name, folder / f"{name}.xml")
        try:
            found[name] = read_annotation(path)
        except FileNotFoundError:
            problems.append(f"{path}: no such annotation")
        except OSError as error:
            problems.append(f"{path}: {error.strerror}")
        except ValueError as error:
            problems.append(f"{path}: {error}")
    return found, problems


def _classes(root: Path, annotations: Iterable[Annotation]) -> tuple[str, ...]:
    """Returns VOC's classes; where others are annotated, all that are in the whole kit, and says so."""
    if all(annotation.names <= set(VOC) for annotation in annotations):
        return VOC
    everywhere, _ = _read_annotations(root, find_annotations(root))
    counts = Counter(name for annotation in everywhere.values() for name in annotation.names)
    classes = tuple(sorted(counts))
    shown = some([f"{name} ({counts[name]})" for name in classes], 40)
    log.warning("classes of %s and their images, as annotated: %s; classes=NAMES names others", root, shown)
    return classes


def _problems_of_classes(
    root: Path, annotations: Mapping[str, Annotation], names: tuple[str, ...]
) -> list[str]:
    repeated = [name for name, times in Counter(names).items() if times > 1]
    problems = [f"class {name!r} is given more than once" for name in repeated]
    folder = annotation_folder(root)
    for image, annotation in annotations.items():
        for unknown in sorted(annotation.names - set(names)):
            path = folder / f"{image}.xml"
            problems.append(f"{path}: unknown class {unknown!r}; known are {some(names, 10)}")
    return problems


def _say_ignored_flags(root: Path, listed: Mapping[str, Mapping[str, int]], names: tuple[str, ...]) -> None:
    unknown = sorted({label for flags in listed.values() for label in flags} - set(names))
    if unknown:
        log.warning(
            "flags in lists of %s are of no class of it: %s; they are left out", root, some(unknown, 10)
        )


def _problems_of_shared(found: Mapping[Path | None, Sequence[str]]) -> list[str]:
    """Returns which images several annotations are of: each would deny the classes of the others."""
    shared = {image: names for image, names in found.items() if image is not None and len(names) > 1}
    return [f"{image}: the image of several annotations: {some(names)}" for image, names in shared.items()]


def _say_contradictions(
    root: Path,
    annotations: Mapping[str, Annotation],
    listed: Mapping[str, Mapping[str, int]],
    names: tuple[str, ...],
) -> None:
    """Warns where a flag says of a class that it shows and no object does, or the other way round."""
    differ = [
        image
        for image, flags in listed.items()
        if image in annotations and any(_contradicts(annotations[image], flags, label) for label in names)
    ]
    if differ:
        log.warning(
            "flags in lists of %s contradict the annotations of %d images, and are believed: %s",
            *(root, len(differ), some(differ)),
        )


def _contradicts(annotation: Annotation, flags: Mapping[str, int], label: str) -> bool:
    flag = flags.get(label, 0)
    return (flag == 1 and label not in annotation.names) or (flag == -1 and label in annotation.shown)


def _image_of(images: Mapping[str, Path], name: str, filename: str) -> Path | None:
    """Returns the image called `name`, with the ending of `filename` if there are several; or called so."""
    if PurePath(filename).stem == name and filename in images:
        return images[filename]
    return images.get(name) or images.get(filename) or images.get(PurePath(filename).stem)


def _example(
    image: Path, annotation: Annotation, flags: Mapping[str, int], classes: tuple[str, ...]
) -> Example:
    said = {label: 1 if label in annotation.shown else 0 for label in annotation.names} | dict(flags)
    labels = np.array([said.get(label, -1) == 1 for label in classes], np.float32)
    weights = np.array([said.get(label, -1) != 0 for label in classes], np.float32)
    return Example(str(image), labels, weights)
