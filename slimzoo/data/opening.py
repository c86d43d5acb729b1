"""Training and validation data by kind: Pascal VOC, folders, boxes, shards of TFRecords."""

import logging
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, NamedTuple

from slimzoo.data import boxes, dense, folder, lists, shards, splits, tensorflow_datasets, tfrecord, voc
from slimzoo.data.columns import Wanted
from slimzoo.data.dataset import Dataset
from slimzoo.data.places import real
from slimzoo.errors import SlimzooError, some
from slimzoo.registry import CLASSIFICATION, SEGMENTATION

log = logging.getLogger("slimzoo")
HELD_OUT = 0.2  # of the training data, where nothing else is said
Place = str | os.PathLike
Names = Sequence[str] | None
Classes = Names | str | dense.Classes  # of masks also a file that names them, or what one said


class Part(NamedTuple):
    """A part of the data: where it is, and which list or split it is there."""

    place: Place
    split: str | None = None

    def __str__(self) -> str:
        return os.fspath(self.place) if self.split is None else self.split


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is said beside where the data are; a kind takes what concerns it. See open_data()."""

    year: str | int = "2012"
    images: Place | None = None
    image_column: str | None = None
    label_columns: Names = None
    progress: bool = True
    turn: bool = True

    @property
    def columns(self) -> Wanted:
        """Of a list, those that are named."""
        return Wanted(self.image_column, self.label_columns)


@dataclass(frozen=True)
class Kind:
    """A kind of data.

    Attributes:
      read: (part, names of the classes, what else is asked) to the data.
      advice: what to do where images are both trained on and held out.
      parts: finds train, val and test in the data, if these are laid out so.
      split: to train on, where none is asked for.
      held_out: (data, validation) to the part that is held out.
    """

    read: Callable[[Part, Any, Asked], Dataset]
    advice: str
    parts: Callable[[Place, Asked], Mapping[str, Part]] = lambda data, asked: {}
    split: str | None = None
    held_out: Callable[[Place, str], Part] = lambda data, validation: Part(validation)


def _folders(
    find: Callable[[Place], Mapping[str, Path]],
) -> Callable[[Place, Asked], Mapping[str, Part]]:
    def parts(data: Place, asked: Asked) -> Mapping[str, Part]:
        return {} if asked.images else {name: Part(path) for name, path in find(data).items()}

    return parts


def read_shards(place: Place, split: str | None, names: Names, progress: bool = True) -> Dataset:
    """Returns a data set in shards: files, or one of TensorFlow Datasets by name."""
    read = tensorflow_datasets.read if tensorflow_datasets.is_name(place) else tfrecord.read
    return read(str(place), split, names, progress)


def shard_parts(place: Place) -> dict[str, str]:
    """Returns the splits of a data set in shards by part ("train", "val", "test"), if it has them."""
    if tensorflow_datasets.is_name(place):
        return tensorflow_datasets.parts(str(place))
    return {name: name for name in shards.parts(place)}


def _of_shards(data: Place, asked: Asked) -> Mapping[str, Part]:
    del asked
    return {name: Part(data, split) for name, split in shard_parts(data).items()}


def _of_lists(data: Place, asked: Asked) -> Mapping[str, Part]:
    found = lists.parts(data, asked.images, asked.columns)
    return {name: Part(data, value) for name, value in found.items()}


def _lists_apart(data: Place, validation: str) -> Part:
    return Part(validation) if os.path.isfile(validation) else Part(data, validation)


def _shards_apart(data: Place, validation: str) -> Part:
    by_name = tensorflow_datasets.is_name(data) and tensorflow_datasets.has_split(str(data), validation)
    return Part(data, validation) if by_name or shards.is_split(data, validation) else Part(validation)


KINDS = {
    "voc": Kind(
        lambda part, names, asked: voc.read(part.place, asked.year, part.split, names),
        "train on another list than {split!r} (VOC has train and val for that)",
        split="trainval",
        held_out=Part,
    ),
    "folder": Kind(
        lambda part, names, asked: folder.read(part.place, names),
        "give two folders, or a part of one as a number (0.2)",
        _folders(folder.parts),
    ),
    "boxes": Kind(
        lambda part, names, asked: boxes.read(part.place, asked.images, names),
        "give two files or folders, or a part of one as a number (0.2)",
        _folders(boxes.parts),
    ),
    "tfrecord": Kind(
        lambda part, names, asked: read_shards(*part, names, asked.progress),
        "give two splits or patterns, or a part of one as a number (0.2)",
        _of_shards,
        held_out=_shards_apart,
    ),
    "list": Kind(
        lambda part, names, asked: lists.read(part.place, asked.images, names, part.split, asked.columns),
        "give two lists, or a part of one as a number (0.2)",
        _of_lists,
        held_out=_lists_apart,
    ),
}


MASKS = {  # kinds of data in which every pixel has a class
    "voc": Kind(
        lambda part, names, asked: dense.voc.read(
            part.place, asked.year, part.split, names, asked.turn, asked.progress
        ),
        "train on another list than {split!r} (VOC has train and val for that)",
        split="trainval",
        held_out=Part,
    ),
    "folder": Kind(
        lambda part, names, asked: dense.folder.read(part.place, names, asked.turn, asked.progress),
        "give two folders, or a part of one as a number (0.2)",
        _folders(dense.folder.parts),
    ),
}
_KINDS = {CLASSIFICATION: KINDS, SEGMENTATION: MASKS}


def open_data(
    kind: str,
    data: Place,
    *,
    year: str | int = "2012",
    split: str | None = None,
    classes: Names | str = None,
    images: Place | None = None,
    image_column: str | None = None,
    label_columns: Names = None,
    validation: float | str | None = None,
    seed: int = 0,
    turn: bool = True,
    progress: bool = True,
    task: str = CLASSIFICATION,
) -> tuple[Dataset, Dataset]:
    """Returns (training, validation) data.

    Args:
      kind: "voc", "folder" with one sub-folder of images a class, "boxes" as COCO and YOLO keep them,
        "tfrecord", shards of records, or "list", images and labels in a table of text.
      data: VOCdevkit, the folder, COCO's file, a folder or a pattern of shards, the table.
      split: of VOC: the list to train on, None: "trainval". Of shards: those to train on, as shards.find()
        takes it; of a list: a value of its column split; None: those of train if there are parts, else all.
      classes: in the order of the labels; None: as `kind`'s read() finds them. Of masks also a file that
        names them, as dense.coding.read_classes() takes it.
      images: of boxes and lists: the folder they are in; None: beside `data`.
      image_column, label_columns: of lists, by name or number; None: as names and contents show.
      validation: the part held out of it (0.2), or where else it is: a list of VOC ("val"), another folder,
        other shards. None: the folder or the shards val beside train if `data` is laid out so, else 0.2.
      turn: images are turned upright where EXIF says how the camera was held.
      progress: a bar where it takes long.
      task: what is to be learnt: registry.SEGMENTATION reads masks, of the kinds voc and folder.
    Raises: SlimzooError, FileNotFoundError: data that cannot be read, or images that are in both.
    """
    row = _kind(kind, task, classes)
    asked = Asked(
        year=year,
        images=images,
        image_column=image_column,
        label_columns=label_columns,
        progress=progress,
        turn=turn,
    )
    apart: Part | None = None
    if validation is None and split is None:
        part, apart = _laid_out(Part(data, row.split), row.parts(data, asked))
    else:
        part = _whole(row, data, split, asked)
    if isinstance(validation, str):
        apart = row.held_out(data, validation)
    train = replace(row.read(part, classes, asked), turn=turn)
    _say_alike(train)
    if apart is None:
        fraction = HELD_OUT if validation is None else float(validation)
        return splits.split(train, fraction, seed)
    held_out = replace(row.read(apart, _classes_of(train), asked), turn=turn)
    _check_apart(train, held_out, row.advice.format(split=part.split))
    return train, held_out


def open_all(
    kind: str,
    data: Place,
    *,
    year: str | int = "2012",
    split: str | None = None,
    classes: Names | str = None,
    images: Place | None = None,
    image_column: str | None = None,
    label_columns: Names = None,
    turn: bool = True,
    progress: bool = True,
    task: str = CLASSIFICATION,
) -> Dataset:
    """Returns the data whole, nothing held out; the arguments are open_data()'s."""
    row = _kind(kind, task, classes)
    asked = Asked(
        year=year,
        images=images,
        image_column=image_column,
        label_columns=label_columns,
        progress=progress,
        turn=turn,
    )
    whole = replace(row.read(_whole(row, data, split, asked), classes, asked), turn=turn)
    _say_alike(whole)
    return whole


def open_parts(
    kind: str, data: Place, *, validation: float | str | None = None, **where: Any
) -> dict[str, Dataset]:
    """Returns the parts of the data: "train", and "validation" if that is asked for or lies beside train.

    The arguments are open_data()'s.
    """
    if validation is None and (where.get("split") or not _is_in_parts(kind, data, **where)):
        return {"train": open_all(kind, data, **where)}
    train, held_out = open_data(kind, data, validation=validation, **where)
    return {"train": train, "validation": held_out}


def _is_in_parts(kind: str, data: Place, **where: Any) -> bool:
    named = {field.name for field in fields(Asked)} & where.keys()
    return {"train", "val"} <= _kind(kind, where.get("task", CLASSIFICATION)).parts(
        data, Asked(**{name: where[name] for name in named})
    ).keys()


def _kind(kind: str, task: str, classes: Classes = None) -> Kind:
    rows = _KINDS[task]
    if kind not in rows and kind in _KINDS[CLASSIFICATION]:
        raise SlimzooError(
            f"data of the kind {kind!r} says what images show, not pixels, and a network of the task {task} "
            f"learns from masks: the kinds {' and '.join(rows)} have some, with task={task!r}. From {kind!r} "
            f"a network of the task {CLASSIFICATION} learns; `slimzoo list --task classification`"
        )
    if kind not in rows:
        raise SlimzooError(f"kind of data is {kind!r}; there are {', '.join(rows)}")
    if task == CLASSIFICATION and isinstance(classes, str):
        raise SlimzooError(
            f"classes={classes!r} says how masks name classes, for the task segmentation; here they are names"
        )
    return rows[kind]


def _classes_of(train: Dataset) -> Classes:
    """Returns the classes that another part must have, as row.read() takes them."""
    return (
        dense.Classes(train.classes, train.coding) if isinstance(train, dense.MaskDataset) else train.classes
    )


def _whole(row: Kind, data: Place, split: str | None, asked: Asked) -> Part:
    """Returns what is read where nothing is held out: of shards and lists of parts those of train."""
    parts = {} if split else row.parts(data, asked)
    train = parts.get("train")
    _say_without_train(data, parts)
    if train is None or train.split is None:
        return Part(data, split or row.split)
    if len(parts) > 1:
        log.warning("%s holds parts %s: read is %s", data, ", ".join(map(str, parts.values())), train)
    return train


def _laid_out(part: Part, parts: Mapping[str, Part]) -> tuple[Part, Part | None]:
    """Returns what to train on and what to hold out of data that may hold train and val; it is said."""
    _say_without_train(part.place, parts)
    if "train" not in parts:
        return part, None
    train, held_out = parts["train"], parts.get("val")
    left = [str(other) for name, other in parts.items() if name not in ("train", "val")]
    log.warning(
        "%s holds parts: trained on is %s, held out %s%s",
        Path(part.place),
        train,
        held_out or f"{HELD_OUT} of it",
        f"; {', '.join(left)} is left alone" if left else "",
    )
    return train, held_out


def _say_without_train(place: Place, parts: Mapping[str, Part]) -> None:
    """Warns where data hold parts, and none to train on."""
    if parts and "train" not in parts:
        log.warning(
            "%s holds %s and no part train: all of it is read as one",
            Path(place),
            some([name or "others" for name in parts]),
        )


def _say_alike(train: Dataset) -> None:
    """Warns of classes that are one, as it seems, written in two ways."""
    names: dict[str, list[str]] = {}
    for name in train.classes:
        names.setdefault(re.sub(r"[\s_-]+", "", name.casefold()), []).append(repr(name))
    alike = [" and ".join(several) for several in names.values() if len(several) > 1]
    if alike:
        log.warning("classes of %s with nearly the same name are classes apart: %s", train.name, some(alike))
    if train.task == CLASSIFICATION and {name.lower() for name in train.classes} == {"images", "masks"}:
        log.warning(
            "images and masks in %s are taken for two classes; a network of the task segmentation learns "
            "masks: --task segmentation",
            train.name,
        )


def _check_apart(train: Dataset, held_out: Dataset, advice: str) -> None:
    both = len({*map(real, train.paths)} & {*map(real, held_out.paths)})
    if both:
        raise SlimzooError(
            f"{both} of the {len(held_out)} images of {held_out.name} are trained on too, which would make "
            f"every figure too good; {advice}"
        )
