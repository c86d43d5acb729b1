"""Which images a run trained on and which it held out, kept in its folder, so that nobody measures on
the former.
"""

import os
from pathlib import Path

from slimzoo.data.dataset import Dataset
from slimzoo.errors import SlimzooError
from slimzoo.files import write_text

_FILES = {"train": "train.txt", "validation": "validation.txt"}


def remember(folder: Path, train: Dataset, validation: Dataset) -> None:
    """Writes the names of the images of both parts into `folder`."""
    for part, data in (("train", train), ("validation", validation)):
        write_text(folder / _FILES[part], "".join(f"{name}\n" for name in _names(data)))


def images(folder: str | os.PathLike, part: str) -> frozenset[str] | None:
    """Returns the names of the images in `part` ("train", "validation") of the run in `folder`, None if
    unknown.

    Raises: SlimzooError: the file that remembers them is damaged.
    """
    path = Path(folder) / _FILES[part]
    if not path.is_file():
        return None
    try:
        return frozenset(path.read_text("utf-8").split("\n")) - {""}
    except UnicodeDecodeError as error:
        raise SlimzooError(
            f"{path} is damaged ({error}): which images are of that part of the run is not known any more. "
            "Delete it to measure all the same"
        ) from error


def count_trained_on(folder: str | os.PathLike, dataset: Dataset) -> int:
    """Returns how many images of `dataset` the run in `folder` was trained on, as far as it remembers."""
    trained, apart = (images(folder, part) or frozenset() for part in ("train", "validation"))
    only = trained - apart  # beside train/cat/1.jpg there may be a val/cat/1.jpg
    return sum(name in only for name in _names(dataset))


def only_held_out(folder: str | os.PathLike, dataset: Dataset) -> Dataset:
    """Returns the part of `dataset` that the run in `folder` held out.

    Raises: SlimzooError: the run remembers none, or none of these.
    """
    held_out = images(folder, "validation") or frozenset()
    picked = [i for i, name in enumerate(_names(dataset)) if name in held_out]
    if not picked:
        raise SlimzooError(
            f"{dataset.name} holds none of the images that the run in {folder} held out; name those to "
            'measure on (split="val")'
        )
    return dataset.subset(picked, f"{dataset.name}, held out")


def _names(dataset: Dataset) -> list[str]:
    return [example.known_as for example in dataset.examples]
