"""Images in, a class for every pixel out, at the size of the images."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from slimzoo.data.images import read_image
from slimzoo.engines.rows import wrong_counts
from slimzoo.errors import SlimzooError, counted, listing
from slimzoo.model.images import prepare_one, stacked
from slimzoo.preprocessing import Preprocessing
from slimzoo.preprocessing.geometry import seen_part
from slimzoo.preprocessing.pictures import as_pixels
from slimzoo.registry import SEGMENTATION, check_task


def masks_of(
    model: Any, images: Any, batch_size: int = 8, turn: bool = True
) -> np.ndarray | list[np.ndarray]:
    """Returns the class of every pixel of `images`: see Model.predict_masks()."""
    check_task(model.name, model.task, SEGMENTATION)
    if model.preprocessing is None:
        model.preprocess([])  # which says so
    if wrong := [*wrong_counts(batch_size=batch_size)]:
        raise SlimzooError(wrong[0])
    pixels, problems = [], []
    for image in _listed(images):
        try:
            pixels.append(_pixels(image, turn))
        except (SlimzooError, OSError) as error:
            problems.append(str(error))
    if problems:
        raise SlimzooError(listing(f"{counted(len(problems), 'image')} cannot be used:", problems))
    if not pixels:
        raise SlimzooError("there is no image in an empty list; give at least one")
    found = [*_masks(model, pixels, batch_size)]
    return np.stack(found) if len({mask.shape for mask in found}) == 1 else found


def logits_at(logits: tf.Tensor, preprocessing: Preprocessing, height: int, width: int) -> tf.Tensor:
    """Returns `logits` [size, size, classes] of a prepared image as [height, width, classes] of the image."""
    high, wide = seen_part(preprocessing, height, width)
    seen = logits[:high, :wide]
    if (high, wide) == (height, width):
        return seen
    resized = tf.raw_ops.ResizeBilinear(images=seen[None], size=[height, width], align_corners=True)
    return resized[0]


def _listed(images: Any) -> Sequence[Any]:
    if isinstance(images, str | os.PathLike):
        return [images]
    if isinstance(images, list | tuple):
        return images
    array = as_pixels(images)
    return list(array) if np.ndim(array) == 4 else [array]


def _pixels(image: Any, turn: bool) -> np.ndarray:
    if isinstance(image, str | os.PathLike):
        return read_image(image, turn)
    pixels = np.asarray(as_pixels(image, turn))
    if pixels.ndim != 3 or pixels.dtype.kind not in "biuf":
        raise SlimzooError(
            f"{image!r:.60} is no image: give a path, a Pillow image or pixels [height, width, 3]"
        )
    return pixels


def _masks(model: Any, images: Sequence[np.ndarray], batch_size: int) -> Iterator[np.ndarray]:
    preprocessing = model.preprocessing
    for start in range(0, len(images), batch_size):
        chunk = images[start : start + batch_size]
        sizes = [image.shape[:2] for image in chunk]
        for size in sizes:
            seen_part(preprocessing, *size)  # before anything is computed
        batch = stacked([prepare_one(image, preprocessing, model=model) for image in chunk], model)
        for logits, size in zip(model(batch), sizes, strict=True):
            ids = tf.argmax(logits_at(logits, preprocessing, *size), axis=-1)
            yield tf.cast(ids, tf.uint8 if logits.shape[-1] <= 256 else tf.int32).numpy()
