"""Training and validation data by kind: Pascal VOC, or a folder of images."""

import os

from slimzoo.data import folder, splits, voc
from slimzoo.data.dataset import Dataset
from slimzoo.errors import SlimzooError

KINDS = ("voc", "folder")


def open_data(
    kind: str,
    data: str | os.PathLike,
    *,
    year: str | int = "2012",
    split: str = "trainval",
    validation: float | str = 0.2,
    seed: int = 0,
) -> tuple[Dataset, Dataset]:
    """Returns (training, validation) data.

    Args:
      kind: "voc", or "folder" with one sub-folder of images a class.
      data: VOCdevkit, or the folder.
      split: of VOC: the list to train on.
      validation: the part held out of it (0.2), or where else it is: a list of VOC ("val"), another folder.
    Raises: SlimzooError, FileNotFoundError: data that cannot be read, or images that are in both.
    """
    if kind not in KINDS:
        raise SlimzooError(f"kind of data is {kind!r}; there are {', '.join(KINDS)}")
    train = voc.read(data, year, split) if kind == "voc" else folder.read(data)
    if isinstance(validation, (int, float)):
        return splits.split(train, float(validation), seed)
    if kind == "voc":
        held_out = voc.read(data, year, validation)
        advice = f"train on another list than {split!r} (VOC has train and val for that)"
    else:
        held_out = folder.read(validation, train.classes)
        advice = "give two folders, or a part of one as a number (0.2)"
    _check_apart(train, held_out, advice)
    return train, held_out


def _check_apart(train: Dataset, held_out: Dataset, advice: str) -> None:
    both = len({os.path.realpath(p) for p in train.paths} & {os.path.realpath(p) for p in held_out.paths})
    if both:
        raise SlimzooError(
            f"{both} of the {len(held_out)} images of {held_out.name} are trained on too, which would make "
            f"every figure too good; {advice}"
        )
