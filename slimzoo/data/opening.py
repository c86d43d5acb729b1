"""Training and validation data by kind: Pascal VOC, a folder of images, or COCO's and YOLO's boxes."""

import logging
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from slimzoo.data import boxes, folder, splits, voc
from slimzoo.data.dataset import Dataset
from slimzoo.data.places import real
from slimzoo.errors import SlimzooError

log = logging.getLogger("slimzoo")
_ADVICE = {  # where images are in both parts
    "voc": "train on another list than {split!r} (VOC has train and val for that)",
    "folder": "give two folders, or a part of one as a number (0.2)",
    "boxes": "give two files or folders, or a part of one as a number (0.2)",
}
KINDS = tuple(_ADVICE)
_PARTS_IN = {"folder": folder.parts, "boxes": boxes.parts}  # what finds train/ and val/ in the data
HELD_OUT = 0.2  # of the training data, where nothing else is said


def open_data(
    kind: str,
    data: str | os.PathLike,
    *,
    year: str | int = "2012",
    split: str = "trainval",
    classes: Sequence[str] | None = None,
    images: str | os.PathLike | None = None,
    validation: float | str | None = None,
    seed: int = 0,
    turn: bool = True,
) -> tuple[Dataset, Dataset]:
    """Returns (training, validation) data.

    Args:
      kind: "voc", "folder" with one sub-folder of images a class, or "boxes" as COCO and YOLO keep them.
      data: VOCdevkit, the folder, or COCO's file.
      split: of VOC: the list to train on.
      classes: of VOC and boxes: in the order of the labels; None: as voc.read or boxes.read finds them.
      images: of boxes: the folder they are in; None: beside `data`.
      validation: the part held out of it (0.2), or where else it is: a list of VOC ("val"), another folder.
        None: the folder val/ beside train/ if `data` is laid out so, else 0.2.
      turn: images are turned upright where EXIF says how the camera was held.
    Raises: SlimzooError, FileNotFoundError: data that cannot be read, or images that are in both.
    """
    _check_kind(kind)
    if validation is None and images is None and (parts_in := _PARTS_IN.get(kind)):
        data, validation = _laid_out(data, parts_in(data))
    validation = HELD_OUT if validation is None else validation

    def read(place: str | os.PathLike, part: str, names: Sequence[str] | None) -> Dataset:
        if kind == "voc":
            return voc.read(data, year, part, names)
        return folder.read(place, names) if kind == "folder" else boxes.read(place, images, names)

    train = replace(read(data, split, None if kind == "folder" else classes), turn=turn)
    _say_alike(train)
    if isinstance(validation, (int, float)):
        return splits.split(train, float(validation), seed)
    held_out = replace(read(validation, validation, train.classes), turn=turn)
    _check_apart(train, held_out, _ADVICE[kind].format(split=split))
    return train, held_out


def open_all(
    kind: str,
    data: str | os.PathLike,
    *,
    year: str | int = "2012",
    split: str = "trainval",
    classes: Sequence[str] | None = None,
    images: str | os.PathLike | None = None,
    turn: bool = True,
) -> Dataset:
    """Returns the data whole, nothing held out; the arguments are open_data()'s."""
    _check_kind(kind)
    if kind == "voc":
        whole = voc.read(data, year, split, classes)
    else:
        whole = folder.read(data) if kind == "folder" else boxes.read(data, images, classes)
    whole = replace(whole, turn=turn)
    _say_alike(whole)
    return whole


def _check_kind(kind: str) -> None:
    if kind not in KINDS:
        raise SlimzooError(f"kind of data is {kind!r}; there are {', '.join(KINDS)}")


def _laid_out(data: str | os.PathLike, parts: Mapping[str, Path]) -> tuple[str | os.PathLike, str | None]:
    """Returns what to train on and what to hold out of a folder that may hold train/ and val/; it is said."""
    if not parts:
        return data, None
    train, held_out = parts["train"], parts.get("val")
    left = [str(path) for part, path in parts.items() if part not in ("train", "val")]
    log.warning(
        "%s holds parts: trained on is %s, held out %s%s",
        Path(data),
        train,
        held_out or f"{HELD_OUT} of it",
        f"; {', '.join(left)} is left alone" if left else "",
    )
    return train, None if held_out is None else str(held_out)


def _say_alike(train: Dataset) -> None:
    """Warns of classes that are one, as it seems, written in two ways."""
    names: dict[str, list[str]] = {}
    for name in train.classes:
        names.setdefault(re.sub(r"[\s_-]+", "", name.casefold()), []).append(repr(name))
    alike = [" and ".join(several) for several in names.values() if len(several) > 1]
    if alike:
        log.warning(
            "classes of %s with nearly the same name are classes apart: %s", train.name, ", ".join(alike)
        )


def _check_apart(train: Dataset, held_out: Dataset, advice: str) -> None:
    both = len({*map(real, train.paths)} & {*map(real, held_out.paths)})
    if both:
        raise SlimzooError(
            f"{both} of the {len(held_out)} images of {held_out.name} are trained on too, which would make "
            f"every figure too good; {advice}"
        )
