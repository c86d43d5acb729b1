"""Images in, a class for every pixel out, at the size of the images."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from slimzoo.data.images import read_image
from slimzoo.engines.rows import wrong_counts
from slimzoo.errors import SlimzooError, counted, listing
from slimzoo.model.views import Looking
from slimzoo.preprocessing.pictures import as_pixels
from slimzoo.preprocessing.views import Views
from slimzoo.registry import SEGMENTATION, check_task


def masks_of(
    model: Any, images: Any, batch_size: int = 8, turn: bool = True, views: Views | None = None
) -> np.ndarray | list[np.ndarray]:
    """Returns the class of every pixel of `images`: see Model.predict_masks()."""
    looking = looking_of(model, views)
    if wrong := [*wrong_counts(batch_size=batch_size)]:
        raise SlimzooError(wrong[0])
    pixels, problems = [], []
    for image in _listed(images):
        try:
            pixels.append(pixels_of(image, turn))
        except (SlimzooError, OSError) as error:
            problems.append(str(error))
    if problems:
        raise SlimzooError(listing(f"{counted(len(problems), 'image')} cannot be used:", problems))
    if not pixels:
        raise SlimzooError("there is no image in an empty list; give at least one")
    found = [*looking.masks(pixels, batch_size)]
    return np.stack(found) if len({mask.shape for mask in found}) == 1 else found


def looking_of(model: Any, views: Views | None = None) -> Looking:
    """Returns how the Model or Predictor `model` looks at images.

    Raises: SlimzooError: it tells images apart, has no preprocessing, or cannot look so.
    """
    check_task(model.name, model.task, SEGMENTATION)
    if model.num_classes == 0:
        raise SlimzooError(f"{model.name} has no last layer, which gives the classes: load it with one")
    return Looking(model, model.needed_preprocessing(), views or Views())


def _listed(images: Any) -> Sequence[Any]:
    if isinstance(images, str | os.PathLike):
        return [images]
    if isinstance(images, list | tuple):
        return images
    array = as_pixels(images)
    return list(array) if np.ndim(array) == 4 else [array]


def pixels_of(image: Any, turn: bool) -> np.ndarray:
    """Returns the pixels of an image, [H, W, C]. Raises: SlimzooError, OSError: it is none."""
    if isinstance(image, str | os.PathLike):
        return read_image(image, turn)
    pixels = np.asarray(as_pixels(image, turn))
    if pixels.ndim != 3 or pixels.dtype.kind not in "biuf":
        raise SlimzooError(
            f"{image!r:.60} is no image: give a path, a Pillow image or pixels [height, width, 3]"
        )
    return pixels
