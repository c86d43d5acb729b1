"""Where things lie in a folder of Pascal VOC's kind: the year, the lists of images, the images."""

import glob
import logging
import re
from collections import Counter
from pathlib import Path, PureWindowsPath

from slimzoo.data.headers import ENDINGS, FOREIGN_ENDINGS
from slimzoo.data.text import read_lines, same
from slimzoo.errors import SlimzooError, listing

log = logging.getLogger("slimzoo")
ALL = "all"  # every annotated image, as a split
_IMAGES = ("JPEGImages", "Images", "images")  # folders, the first of them that is there
_ANNOTATIONS = ("Annotations", "annotations")
_FLAGS = ("-1", "0", "1", "+1")  # of one class: shows not, only in difficult objects, shows

Flags = dict[str, dict[str, int]]  # image: {class: -1, 0 or 1}


def find_year(folder: Path, year: str) -> Path:
    """Returns the folder of `year` ("2012", "VOC2012"): `folder`, or one in it.

    Raises: FileNotFoundError: it is not there; the message says which are.
    """
    year = year.lower().removeprefix("voc")
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}; give VOCdevkit, or VOC{year} in it")
    for candidate in (folder / f"VOC{year}", folder / "VOCdevkit" / f"VOC{year}"):
        if candidate.is_dir():
            return candidate
    if annotation_folder(folder).is_dir():
        if re.fullmatch(r"VOC\d+", folder.name) and folder.name != f"VOC{year}":
            raise FileNotFoundError(
                f'{folder} was given, but year {year} was asked for; say year="{folder.name[3:]}"'
            )
        return folder
    raise FileNotFoundError(f"there is no VOC{year} in {folder}; {_years(folder)}")


def _years(folder: Path) -> str:
    years = sorted(path.name for path in folder.glob("VOC*") if path.is_dir())
    if years:
        return f"years there: {', '.join(years)}"
    kits = sorted(str(path) for path in folder.iterdir() if annotation_folder(path).is_dir())
    if kits:
        return f"give {' or '.join(kits)} itself"
    return "nothing in it looks like VOC (Annotations, JPEGImages)"


def read_list(root: Path, split: str | None) -> Flags:
    """Returns the images of a list in the order they stand there, with what it says of their classes.

    `dog_train.txt` says so of dogs; where there is no `train.txt`, all the `*_train.txt` make it up. A kit
    without any list is taken whole for "trainval".

    Raises: FileNotFoundError: there is no such list. SlimzooError: it names images twice.
    """
    known: Flags = {name: {} for name in find_annotations(root)}
    if split is None:
        return known
    folders = (root / "ImageSets" / "Main", root / "ImageSets")
    for folder in folders:
        if (folder / f"{split}.txt").is_file():
            return _read_file(folder / f"{split}.txt", split.rpartition("_")[0], known)
        if of_classes := sorted(folder.glob(f"*_{glob.escape(split)}.txt")):
            return _together(of_classes, split, known)
    there = sorted({path.stem.rpartition("_")[2] for folder in folders for path in folder.glob("*.txt")})
    if split == ALL:
        return known
    if not there and split == "trainval":
        log.warning("%s holds no list of images (ImageSets/Main): all %d are taken", root, len(known))
        return known
    hint = f"splits there: {', '.join(there)}" if there else f'none is there; split="{ALL}" takes every image'
    raise FileNotFoundError(f"there is no split {split!r} ({folders[0] / split}.txt); {hint}")


def _together(paths: list[Path], split: str, known: Flags) -> Flags:
    found: Flags = {}
    for path in paths:
        name = path.stem.removesuffix(f"_{split}")
        for image, flags in _read_file(path, name, known).items():
            found.setdefault(image, {}).update(flags)
    return found


def _read_file(path: Path, class_name: str, known: Flags) -> Flags:
    rows = [row for line in read_lines(path) for row in _row(line, known, of_class=bool(class_name))]
    repeated = sorted(name for name, times in Counter(name for name, _ in rows).items() if times > 1)
    if repeated:
        raise SlimzooError(listing(f"{path} lists images more than once:", repeated))
    return {name: {same(class_name): flag} if class_name and flag is not None else {} for name, flag in rows}


def _row(line: str, known: Flags, of_class: bool) -> list[tuple[str, int | None]]:
    """Returns (image, flag) of a line; a name may hold blanks, and a line several names without.

    In a list that is `of_class`, `1 0` is the flag of image 1; in others it is the images 1 and 0.
    """
    if line in known:
        return [(line, None)]
    parts = _images_of(line, known)
    together = all(part in known for part in parts)
    name, *flag = line.rsplit(None, 1)
    if flag and flag[0] in _FLAGS and (of_class or not together):
        return [(_image_name(name, known), int(flag[0]))]
    if together:
        return [(part, None) for part in parts]
    return [(_image_name(line, known), None)]


def _images_of(line: str, known: Flags) -> list[str]:
    """Returns the images of a line's words; one that stands there with its annotation is there once."""
    pairs = [(part, _image_name(part, known)) for part in line.split()]
    first: dict[str, str] = {}
    return [image for text, image in pairs if first.setdefault(image, text) == text]


def _image_name(text: str, known: Flags) -> str:
    """Returns `text` without a folder (of Windows too) and an ending, if that is an image and `text` none."""
    path = PureWindowsPath(text)
    bare = path.stem if path.suffix.lower() in (*ENDINGS, *FOREIGN_ENDINGS, ".xml") else path.name
    return bare if text not in known and bare in known else text


def find_annotations(root: Path) -> dict[str, Path]:
    """Returns the annotations of the kit by the name of their image, sorted; a Mac's `._a.xml` is none."""
    folder = annotation_folder(root)
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    return {same(path.stem): path for path in paths if path.suffix.lower() == ".xml" and path.name[0] != "."}


def annotation_folder(root: Path) -> Path:
    """Returns where the annotations of the kit are, beside the images perhaps, or should be."""
    folder = next((root / name for name in _ANNOTATIONS if (root / name).is_dir()), root / _ANNOTATIONS[0])
    return root if not folder.is_dir() and any(root.glob("*.xml")) else folder


def find_images(root: Path) -> dict[str, Path]:
    """Returns the images of the kit by name, with and without their ending.

    One of a format that is not read is among them: who reads it says what it is.
    """
    folder = next((root / name for name in _IMAGES if (root / name).is_dir()), annotation_folder(root))
    paths = [path for path in sorted(folder.iterdir()) if path.name[0] != "."] if folder.is_dir() else []
    found = {same(path.name): path for path in paths}
    for ending in (*ENDINGS, *FOREIGN_ENDINGS):
        for path in paths:
            if path.suffix.lower() == ending:
                found.setdefault(same(path.stem), path)
    return found
