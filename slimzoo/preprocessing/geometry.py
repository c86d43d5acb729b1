"""Which part of an image a network sees: resizing as TF 1.15 does it, central crops, padding."""

import tensorflow as tf

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


def central_crop(image: tf.Tensor, size: int) -> tf.Tensor:
    """Returns the middle [size, size, C] of an image that is at least as large."""
    corner = (tf.shape(image)[:2] - size) // 2
    return image[corner[0] : corner[0] + size, corner[1] : corner[1] + size]


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
    assert geometry == "crop_or_pad", geometry
    return tf.image.resize_with_crop_or_pad(image, size, size)
