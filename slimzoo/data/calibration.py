"""Images to quantise a model with: some to calibrate on, others, held out, to judge it by. No pixels yet."""

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from slimzoo.data import folder, voc
from slimzoo.data.dataset import Dataset
from slimzoo.data.finding import image_files
from slimzoo.data.headers import READABLE, foreign, read_header, too_large
from slimzoo.data.places import image_bytes, is_there
from slimzoo.data.text import same
from slimzoo.data.voc_files import annotation_folder, find_images
from slimzoo.errors import SlimzooError, listing, shown
from slimzoo.preprocessing.pictures import as_pixels

LEAST = 16  # images in all
MOST = 300  # of each part: more tell little that is new
_HELD_OUT = 1 / 3
_MOST_PROBLEMS = 40


@dataclass(frozen=True, eq=False)
class Samples:
    """Images, and what shows on them where that is known.

    Attributes:
      images: paths of files, or pixels as arrays.
      labels, weights: float32 [N, classes], as a Dataset has them; None: not known.
    """

    images: tuple[Any, ...]
    name: str
    labels: np.ndarray | None = None
    weights: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.images)

    def subset(self, indices: Sequence[int]) -> "Samples":
        """Returns those at `indices`, in that order."""
        images = tuple(self.images[i] for i in indices)
        if self.labels is None or self.weights is None:
            return Samples(images, self.name)
        return Samples(images, self.name, self.labels[indices], self.weights[indices])


def find(given: Any, classes: Sequence[str] | None = None, multi_label: bool = False) -> Samples:
    """Returns the images that `given` stands for.

    Args:
      given: a folder, all images below it; one with a sub-folder a class, or a kit of Pascal VOC's, tell the
        labels too where they are those of `classes`; a file or a pattern; a Dataset; or any iterable of
        these, of arrays uint8 [H, W, C], of prepared float32 ones, of batches of either, and of pairs of an
        image and the number of its class, of which the first 2 * MOST are taken.
      classes: names of the model's classes.
      multi_label: an image may show several of them.
    Raises: SlimzooError, FileNotFoundError: there is no such folder, no image in it, or wrong labels.
    """
    if isinstance(given, Dataset):
        return _of_dataset(given, classes)
    if isinstance(given, str | os.PathLike):
        path = Path(given)
        if not path.exists() and not set("*?[") & set(os.fspath(given)):
            raise FileNotFoundError(f"there is no folder {path} of images to calibrate with")
        return _of_folder(path, classes, multi_label) if path.is_dir() else _of_files([given])
    if not isinstance(given, Iterable):
        raise SlimzooError(f"calibrate is {shown(given)}; give a folder of images, or an iterable of them")
    return _of_items(given, len(classes or ()))


def apart(samples: Samples, seed: int = 0) -> tuple[Samples, Samples]:
    """Returns (those to calibrate with, those held out): the same for the same images, and none in both.

    A file that is there twice, under whatever names, counts once.
    Raises: SlimzooError: there are too few, or some are no images: all of them are named.
    """
    random = np.random.RandomState(seed)  # its stream is frozen by NumPy
    order = [int(i) for i in random.permutation(len(samples))]
    chosen: dict[bytes, int] = {}
    problems: list[str] = []
    for i in order:
        if len(chosen) == 2 * MOST or len(problems) == _MOST_PROBLEMS:
            break
        if problem := _problem(samples.images[i]):
            problems.append(problem)
        else:
            chosen.setdefault(_digest(samples.images[i]), i)
    if problems:
        raise SlimzooError(listing(f"{samples.name} cannot be calibrated with:", problems))
    if len(chosen) < LEAST:
        raise SlimzooError(
            f"{samples.name} holds {len(chosen)} different images; int8 is calibrated with two thirds of "
            f"them and judged by the others: give {LEAST} or more, a hundred are better"
        )
    indices = [*chosen.values()]
    held_out = min(round(len(indices) * _HELD_OUT), MOST)
    return samples.subset(indices[held_out:][:MOST]), samples.subset(indices[:held_out])


def _of_dataset(dataset: Dataset, classes: Sequence[str] | None) -> Samples:
    if classes is None or tuple(classes) != tuple(dataset.classes):
        return Samples(dataset.paths, dataset.name)
    return Samples(dataset.paths, dataset.name, dataset.labels, dataset.weights)


def _of_folder(path: Path, classes: Sequence[str] | None, multi_label: bool) -> Samples:
    if kit := _kit(path):
        if classes and multi_label:
            return _of_dataset(voc.read(kit, kit.name.removeprefix("VOC"), None, classes), classes)
        files = sorted({os.fspath(file) for file in find_images(kit).values()})
        return Samples(tuple(files), os.fspath(path))
    known = {same(name) for name in classes or ()}
    inside = [entry for entry in folder.visible(path) if entry.is_dir()]
    if known and inside and all(same(entry.name) in known for entry in inside):
        return _of_dataset(folder.read(path, classes), classes)
    return _of_files([path])


def _kit(path: Path) -> Path | None:
    """Returns the latest year of a kit of VOC's at `path`, None where it is none."""
    years = [*path.glob("VOC[0-9]*"), *path.glob("VOCdevkit/VOC[0-9]*")]
    kits = [place for place in (*sorted(years), path) if annotation_folder(place) != place]
    kits = [place for place in kits if annotation_folder(place).is_dir()]
    return kits[-1] if kits else None


def _of_files(given: list[Any]) -> Samples:
    return Samples(tuple(image_files(given)), os.fspath(given[0]))


def _of_items(items: Iterable[Any], classes: int) -> Samples:
    images: list[Any] = []
    numbers: list[int | None] = []
    for item in items:
        image, number = item if isinstance(item, tuple) and len(item) == 2 else (item, None)
        several = _one_by_one(image)
        images += several
        numbers += [None] * len(several) if number is None else [int(n) for n in np.ravel(number)]
        if len(images) >= 2 * MOST:
            break
    name = "what is given"
    if not images or None in numbers or not classes or len(numbers) != len(images):
        return Samples(tuple(images), name)
    if wrong := sorted({n for n in numbers if n is not None and not 0 <= n < classes}):
        raise SlimzooError(f"{shown(wrong)} is no class: there are {classes}, counted from 0")
    labels = np.eye(classes, dtype=np.float32)[np.array(numbers, np.int64)]
    return Samples(tuple(images), name, labels, np.ones_like(labels))


def _one_by_one(image: Any) -> list[Any]:
    """Returns the images that one item of an iterable stands for."""
    if isinstance(image, str | os.PathLike):
        return [*image_files([image])]
    array = np.asarray(as_pixels(image))
    if array.ndim not in (3, 4) or array.dtype.kind not in "uif":
        raise SlimzooError(
            f"an image to calibrate with has shape {array.shape} and type {array.dtype}; give paths, arrays "
            "[height, width, channels], or batches of them"
        )
    return [*array] if array.ndim == 4 else [array]


def _problem(image: Any) -> str:
    """Returns why `image` cannot be read, as far as its header tells; "" where it can."""
    if not isinstance(image, str | os.PathLike):
        return ""
    if not is_there(image):
        return f"there is no image {image}"
    header = read_header(image)
    if header.format is None:
        return f"{image} is not an image; {READABLE}{foreign(image)}"
    return too_large(image, header)


def _digest(image: Any) -> bytes:
    file = isinstance(image, str | os.PathLike)
    content = image_bytes(image) if file else np.ascontiguousarray(image).tobytes()
    return hashlib.blake2b(content, digest_size=16).digest()
