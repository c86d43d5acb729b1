"""The first images that a run learns from, as its network sees them: changed, mixed, made pictures."""

import base64
import io
from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from PIL import Image

from slimzoo.data.pipeline import batches
from slimzoo.model.model import Model
from slimzoo.preprocessing import Preprocessing
from slimzoo.preprocessing.ranges import denormalise
from slimzoo.report import Sample
from slimzoo.training.feeding import Feed
from slimzoo.training.recipes import METHODS
from slimzoo.training.settings import Settings

SHOWN = 12
QUALITY = 80


def samples(settings: Settings, model: Model) -> list[Sample]:
    """Returns the first images of the first batch, each with its classes; [] where they are no pictures."""
    preprocessing = model.preprocessing
    if preprocessing is None or len(model.input_shape) != 4:
        return []
    batch = next(iter(_learnt_from(settings, preprocessing)))
    pixels = denormalise(preprocessing, batch["image"][:SHOWN])
    rows = zip(pixels, batch["labels"][:SHOWN].numpy(), batch["weights"][:SHOWN].numpy(), strict=True)
    classes = settings.train.classes
    return [
        Sample(_jpeg(picture), _classes(classes, shares * (weights > 0))) for picture, shares, weights in rows
    ]


def _learnt_from(settings: Settings, preprocessing: Preprocessing) -> tf.data.Dataset:
    """Returns what the steps train on, from the first; a fit takes the images as they are."""
    if METHODS[settings.recipe.method].steps:
        return Feed(settings, preprocessing).batches(0)
    first = settings.train.subset(range(min(SHOWN, len(settings.train))))
    return batches(first, preprocessing, SHOWN, training=False)


def _classes(names: Sequence[str], shares: np.ndarray) -> dict[str, float]:
    """Returns the classes of an image with their shares, the largest first."""
    order = np.argsort(-shares, kind="stable")
    return {names[k]: round(float(shares[k]), 3) for k in order if shares[k] > 0}


def _jpeg(pixels: np.ndarray) -> str:
    """Returns uint8 [height, width, 1 or 3] as JPEG in base64."""
    whole = np.broadcast_to(pixels, (*pixels.shape[:2], 3))
    data = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(whole)).save(data, "JPEG", quality=QUALITY, optimize=True)
    return base64.b64encode(data.getvalue()).decode("ascii")
