"""What is on these images?"""

import itertools
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Unpack

from slimzoo.data.finding import image_files
from slimzoo.errors import SlimzooError, listing
from slimzoo.files.progress import bar
from slimzoo.loading.arguments import LoadArguments
from slimzoo.loading.load import load

if TYPE_CHECKING:
    import numpy as np

    from slimzoo.model.model import Model
    from slimzoo.model.predictor import Predictor

Best = list[tuple[int, str, float]]


@dataclass(frozen=True)
class Prediction:
    """What a model says of one image.

    index: of the image, among all that were given.
    path: of its file; None: it was given as pixels.
    best: (class, name, probability), the best first.
    probabilities: float32 [classes]; None: the image cannot be read.
    problem: why it cannot be read; "" where it can.
    """

    index: int
    path: str | None
    best: Best = field(default_factory=list)
    probabilities: "np.ndarray | None" = field(default=None, repr=False, compare=False)
    problem: str = ""


def predictions(
    model: "Model | Predictor | str | os.PathLike",
    images: Any,
    *,
    top: int | None = 5,
    threshold: float = 0.0,
    batch_size: int = 32,
    flip: bool = False,
    turn: bool = True,
    progress: bool = False,
    pretrained: bool = False,
    **arguments: Unpack[LoadArguments],
) -> Iterator[Prediction]:
    """Yields a Prediction for each image, in order, as soon as its batch is through.

    Images are read by threads while the model computes. One that cannot be read ends nothing: its
    Prediction says why.

    Args:
      model: a Model, a Predictor, or what load() takes, with `pretrained` and `arguments`.
      images: the path of a file, of a folder (all images below it) or a pattern ("photos/**/*.jpg"); or a
        list, or any iterable, of these, of Pillow's images and of arrays uint8 [H, W, C].
      top: how many classes an image at most; None: all of them.
      threshold: the least probability of a class that is named, 0 to 1.
      flip: probabilities are the mean of those of the image and of its mirror image.
      turn: files are turned upright where EXIF says how the camera was held.
    Raises: SlimzooError: a number out of range; a folder without images, a pattern that matches nothing.
    """
    _check(top, threshold, batch_size)
    given = _expanded(images)
    network = load(model, pretrained, **arguments) if isinstance(model, str | os.PathLike) else model
    from slimzoo.loading.predicting import predicted  # brings TensorFlow, as load() does

    if network.preprocessing is None:
        network.preprocess([])  # which says so
    total = len(given) if isinstance(given, Sequence) else None
    shown = bar(given, total=total, desc="predict", unit="image", disable=not progress, leave=False)
    rows = predicted(network, shown, batch_size, flip, turn)
    return (_prediction(index, row, network.labels, top, threshold) for index, row in enumerate(rows))


def predict(
    model: "Model | Predictor | str | os.PathLike",
    images: Any,
    top: int = 5,
    batch_size: int = 32,
    pretrained: bool = False,
    turn: bool = True,
    **arguments: Unpack[LoadArguments],
) -> list[Best]:
    """Returns for each image its best (class, name, probability); predictions() does it one by one.

    Args: as predictions() has them.
    Raises: SlimzooError: images that cannot be read, all of them named.
    """
    kind: dict[str, Any] = {"top": top, "batch_size": batch_size, "turn": turn, "pretrained": pretrained}
    found = [*predictions(model, images, **kind, **arguments)]
    problems = [prediction.problem for prediction in found if prediction.problem]
    if problems:
        raise SlimzooError(
            problems[0] if len(found) == 1 else listing(unreadable(len(problems), len(found)), problems)
        )
    return [prediction.best for prediction in found]


def _prediction(
    index: int, row: tuple[str | None, "np.ndarray | str"], labels: Any, top: int | None, threshold: float
) -> Prediction:
    from slimzoo.model.images import ranked

    path, found = row
    if isinstance(found, str):
        return Prediction(index, path, problem=found)
    (best,) = ranked(found[None], labels, top, threshold)
    return Prediction(index, path, best, found)


def unreadable(count: int, total: int) -> str:
    """Returns how a list of images that cannot be read begins."""
    return f"{count} of {total} images cannot be used:"


def _check(top: int | None, threshold: float, batch_size: int) -> None:
    problems = []
    if top is not None and top < 1:
        problems.append(f"top is {top}; it must be at least 1, or None for all classes")
    if not 0 <= threshold <= 1:
        problems.append(f"threshold is {threshold}; it must be a probability, 0 to 1")
    if batch_size < 1:
        problems.append(f"batch_size is {batch_size}; it must be at least 1")
    if problems:
        raise SlimzooError(listing("nothing can be predicted:", problems))


def _expanded(images: Any) -> Iterable[Any]:
    """Returns the images one by one, paths of files in place of those of folders and patterns."""
    if isinstance(images, str | os.PathLike):
        return image_files([images])
    if not isinstance(images, list | tuple):
        return itertools.chain.from_iterable(map(_one_or_more, images))
    if all(isinstance(image, str | os.PathLike) for image in images):
        return image_files(images)
    return [file for image in images for file in _one_or_more(image)]


def _one_or_more(image: Any) -> list[Any]:
    return image_files([image]) if isinstance(image, str | os.PathLike) else [image]
