"""Where on an image a network saw a class: Grad-CAM. Selvaraju et al. 2017, arXiv:1610.02391."""

import base64
import io
from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from PIL import Image

from slimzoo.model.layers import LOGITS
from slimzoo.model.model import Model
from slimzoo.preprocessing.ranges import denormalise

SIDE = 224  # pixels of a picture
COLOUR = np.array((255, 60, 0), np.float32)  # of what spoke for the class
QUALITY = 75


def last_map(model: Model) -> str | None:
    """Returns the end point nearest to the logits that still is a map of the image, None if there is none."""
    rows = slice(2, 4) if model.parts.data_format == "NCHW" else slice(1, 3)
    shapes = model.discovery.mode(False).end_points
    maps = [
        name
        for name, shape in shapes.items()
        if len(shape or ()) == 4 and all(side is None or side > 1 for side in (shape or ())[rows])
    ]
    return maps[-1] if maps else None


def grad_cam(model: Model, images: tf.Tensor, classes: Sequence[int]) -> np.ndarray | None:
    """Returns where on `images` the class of each was seen, float32 [N, h, w], each 0..1.

    A map of zeros: nothing spoke for the class. None: the network has no map to look at, or nothing of it
    leads to the logits.
    """
    name = last_map(model)
    if name is None:
        return None
    wanted = tf.constant(classes, tf.int32)

    @tf.function(autograph=False)
    def maps_and_slopes(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor | None]:
        with tf.GradientTape() as tape:
            tape.watch(images)
            found = model.run_network(images, False, (LOGITS, name))
            score = tf.reduce_sum(tf.gather(found[LOGITS], wanted, axis=1, batch_dims=1))
        return found[name], tape.gradient(score, found[name])

    values, slopes = maps_and_slopes(tf.convert_to_tensor(images))
    if slopes is None:
        return None
    values, slopes = (np.asarray(tf.cast(x, tf.float32)) for x in (values, slopes))
    found = np.maximum((values * slopes.mean((1, 2), keepdims=True)).sum(-1), 0)
    return found / np.maximum(found.max((1, 2), keepdims=True), np.finfo(np.float32).tiny)


def pictures(model: Model, images: tf.Tensor, classes: Sequence[int]) -> list[str]:
    """Returns a JPEG in base64 for each of `images`, as the network took it: bright where grad_cam() is high.

    "" where nothing spoke for the class; no picture at all where grad_cam() cannot tell.
    """
    found = grad_cam(model, images, classes)
    if found is None or model.preprocessing is None:
        return []
    pixels = denormalise(model.preprocessing, images)
    return [_picture(*pair) for pair in zip(pixels, found, strict=True)]


def _picture(pixels: np.ndarray, heat: np.ndarray) -> str:
    if not heat.any():
        return ""
    pixels = np.broadcast_to(pixels, (*pixels.shape[:2], 3))
    size = (SIDE, SIDE)
    photo = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC), np.float32)
    glow = Image.fromarray(np.uint8(255 * heat)).resize(size, Image.Resampling.BICUBIC)
    share = np.asarray(glow, np.float32)[..., None] / 255
    dimmed = photo * (0.35 + 0.65 * share)  # what did not matter is dark, for eyes that tell no colours
    shown = dimmed * (1 - 0.45 * share) + COLOUR * (0.45 * share)
    data = io.BytesIO()
    Image.fromarray(np.uint8(np.clip(shown, 0, 255))).save(data, "JPEG", quality=QUALITY, optimize=True)
    return base64.b64encode(data.getvalue()).decode("ascii")
