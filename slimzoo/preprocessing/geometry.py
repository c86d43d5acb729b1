"""Which part of an image a network sees: resizing as TF 1.15 does it, central crops, padding."""

from typing import Any

import tensorflow as tf

from slimzoo.errors import SlimzooError
from slimzoo.preprocessing.ranges import channel_mean
from slimzoo.preprocessing.spec import KINDS, Preprocessing


def resize(image: tf.Tensor, height: int | tf.Tensor, width: int | tf.Tensor) -> tf.Tensor:
    """Resizes float32 [H, W, C] bilinearly on TF 1.15's grid: corners not aligned, no half-pixel centres."""
    resized = tf.raw_ops.ResizeBilinear(
        images=image[tf.newaxis], size=[height, width], align_corners=False, half_pixel_centers=False
    )
    return resized[0]


def resize_shorter_side(image: tf.Tensor, pixels: int | tf.Tensor) -> tf.Tensor:
    """Resizes float32 [H, W, C] until its shorter side is `pixels`, keeping the aspect ratio."""
    shape = tf.cast(tf.shape(image)[:2], tf.float32)
    pixels = tf.cast(pixels, tf.float32)
    sides = tf.cast(tf.math.rint(shape * (pixels / tf.reduce_min(shape))), tf.int32)
    return resize(image, sides[0], sides[1])


def resize_smoothly(image: tf.Tensor, pixels: int | tf.Tensor, interpolation: str) -> tf.Tensor:
    """Resizes float32 [H, W, C] until its shorter side is `pixels`, as Pillow does: nothing is skipped.

    Args:
      interpolation: "bilinear" or "bicubic".
    Returns: float32 [H', W', C] within 0..255; the longer side is cut off to whole pixels.
    """
    shape = tf.shape(image)[:2]
    sides = tf.cast(shape, tf.int64) * tf.cast(pixels, tf.int64) // tf.cast(tf.reduce_min(shape), tf.int64)
    image = tf.image.resize(image, tf.cast(sides, tf.int32), method=interpolation, antialias=True)
    return tf.clip_by_value(image, 0.0, 255.0)


def inside(size: int, height: Any, width: Any) -> tuple[Any, Any]:
    """Returns what height and width become where neither may exceed `size`: numbers, or tensors of tensors.

    An image that is small enough stays as it is.
    """
    height, width = tf.cast(height, tf.float32), tf.cast(width, tf.float32)
    scale = tf.minimum(1.0, size / tf.maximum(height, width))
    sides = (tf.maximum(tf.cast(tf.math.rint(side * scale), tf.int32), 1) for side in (height, width))
    high, wide = sides
    return high, wide


def resize_inside(image: tf.Tensor, size: int, around: tf.Tensor | float = 0.0) -> tf.Tensor:
    """Returns float32 [H, W, C] as [size, size, C]: shrunk to fit, with `around` below and on the right."""
    high, wide = inside(size, *tf.unstack(tf.shape(image)[:2]))
    return resize_within(image, (high, wide), (size, size), around)


def resize_within(
    image: tf.Tensor,
    sides: tuple[int | tf.Tensor, int | tf.Tensor],
    canvas: tuple[int, int],
    around: tf.Tensor | float = 0.0,
) -> tf.Tensor:
    """Returns float32 [H, W, C] resized to `sides`, with `around` below and on the right up to `canvas`."""
    resized = tf.image.resize(image, sides, method="bilinear", antialias=True)
    paddings = [[0, canvas[0] - sides[0]], [0, canvas[1] - sides[1]], [0, 0]]
    filled = tf.pad(resized - around, paddings) + around
    return tf.ensure_shape(filled, [*canvas, image.shape[-1]])


def central_crop(image: tf.Tensor, size: int) -> tf.Tensor:
    """Returns the middle [size, size, C] of an image that is at least as large."""
    corner = (tf.shape(image)[:2] - size) // 2
    return image[corner[0] : corner[0] + size, corner[1] : corner[1] + size]


def shade_of(preprocessing: Preprocessing) -> tf.Tensor | float:
    """Returns the pixel [C] that becomes 0 for the network, in the order of red, green and blue."""
    mean = channel_mean(preprocessing)
    if mean is None:
        return 0.0
    return tf.constant(mean[::-1] if preprocessing.channel_order == "BGR" else mean)


def seen_part(preprocessing: Preprocessing, height: int, width: int) -> tuple[int, int]:
    """Returns height and width of what the network's input has of an image, from its upper left corner.

    Raises: SlimzooError: the preprocessing cuts some of the image off, so that a map says nothing of that.
    """
    geometry = KINDS[preprocessing.kind].geometry
    if geometry == "longer_side":
        high, wide = inside(preprocessing.size, height, width)
        return int(high), int(wide)
    if geometry == "central_fraction" and preprocessing.crop == 1:
        return preprocessing.size, preprocessing.size
    whole = ", ".join(kind for kind, row in KINDS.items() if row.geometry == "longer_side")
    raise SlimzooError(
        f"preprocessing of kind {preprocessing.kind!r} cuts off a part of the image, of which a mask would "
        f"say nothing; kinds that keep all of it: {whole}, or inception with crop=1"
    )


def evaluation_crop(preprocessing: Preprocessing, image: tf.Tensor) -> tf.Tensor:
    """Returns what the evaluation sees of float32 [H, W, C]: [size, size, C], values still 0..255."""
    size, geometry = preprocessing.size, KINDS[preprocessing.kind].geometry
    if geometry == "central_fraction":
        return resize(tf.image.central_crop(image, preprocessing.crop), size, size)
    if geometry == "shorter_side":
        return central_crop(resize_shorter_side(image, preprocessing.resize_side), size)
    if geometry == "smooth_shorter_side":
        assert preprocessing.interpolation is not None
        return central_crop(
            resize_smoothly(image, preprocessing.resize_side, preprocessing.interpolation), size
        )
    if geometry == "longer_side":
        return resize_inside(image, size, shade_of(preprocessing))
    assert geometry == "crop_or_pad", geometry
    return tf.image.resize_with_crop_or_pad(image, size, size)
