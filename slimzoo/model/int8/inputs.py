"""Images as a model takes them, a few at a time: decoded anew whenever they are gone through."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from slimzoo.data.calibration import Samples
from slimzoo.data.images import read_image
from slimzoo.errors import SlimzooError, listing
from slimzoo.model.images import prepare
from slimzoo.registry import CLASSIFICATION

BATCH = 16


class Prepared:
    """Batches float32 [N, H, W, C] of images, in their order.

    Files and pixels, uint8, are prepared as the model's weights want them; arrays of floats are taken as
    prepared.
    Raises: SlimzooError: the model has no preprocessing, or arrays are of another size.
    """

    def __init__(self, model: Any, samples: Samples) -> None:
        self._model, self._images = model, samples.images
        self._size = BATCH if model.task == CLASSIFICATION else _few(model.input_shape[1:3])
        problems = []
        raw = [image for image in samples.images if not _is_prepared(image)]
        if raw and model.preprocessing is None:
            problems.append(
                f"{model.name} has no preprocessing, and {len(raw)} images are files or uint8: give the "
                "model one, slimzoo.load(..., preprocessing=...), or arrays that are prepared, float32"
            )
        wanted = model.input_shape[1:]
        shapes = {image.shape for image in samples.images if _is_prepared(image)} - {wanted}
        if shapes:
            problems.append(
                f"prepared images have shape {' and '.join(map(str, sorted(shapes)))}; {model.name} takes "
                f"{wanted}: pixels of another size are given as uint8, which model.preprocess() sees to"
            )
        prepared = model.preprocessing
        if raw and prepared is not None and prepared.shape != wanted:
            problems.append(f"images are prepared as {prepared.shape}, and {model.name} takes {wanted}")
        if problems:
            raise SlimzooError(listing(f"{samples.name} cannot be used:", problems))

    def unreadable(self) -> list[str]:
        """Returns why each file that cannot be decoded cannot: known before what takes minutes is begun."""
        files = [image for image in self._images if isinstance(image, str | os.PathLike)]
        with ThreadPoolExecutor(thread_name_prefix="slimzoo-images") as threads:
            return [problem for problem in threads.map(_problem, files) if problem]

    def __len__(self) -> int:
        """Returns how many batches there are."""
        return -(-len(self._images) // self._size)

    def __iter__(self) -> Iterator[np.ndarray]:
        for start in range(0, len(self._images), self._size):
            yield self._batch(self._images[start : start + self._size])

    def _batch(self, images: tuple[Any, ...]) -> np.ndarray:
        if all(map(_is_prepared, images)):
            return np.stack(images).astype(np.float32)
        if any(map(_is_prepared, images)):
            return np.concatenate([self._batch((image,)) for image in images])
        return prepare([*images], self._model.preprocessing).numpy()


def _problem(file: str | os.PathLike) -> str:
    try:
        read_image(file)
    except (SlimzooError, OSError) as error:
        return str(error)
    return ""


def _few(sides: tuple[int, int]) -> int:
    """Returns how many images of these sides have as many pixels as BATCH of 224, whose logits are maps."""
    return max(1, min(BATCH, BATCH * 224**2 // (sides[0] * sides[1])))


def _is_prepared(image: Any) -> bool:
    return isinstance(image, np.ndarray) and image.dtype.kind == "f"
