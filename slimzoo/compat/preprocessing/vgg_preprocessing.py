"""Preprocessing of VGG and ResNet: the shorter side to a length, a crop, the channel means taken off."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager

import tensorflow as tf

from slimzoo.compat.preprocessing.images import gray, require_image
from slimzoo.preprocessing.geometry import resize
from slimzoo.preprocessing.ranges import channel_mean
from slimzoo.preprocessing.spec import Preprocessing

_R_MEAN, _G_MEAN, _B_MEAN = 123.68, 116.78, 103.94
_RESIZE_SIDE_MIN = 256
_RESIZE_SIDE_MAX = 512


def preprocess_for_train(
    image: tf.Tensor,
    output_height: int,
    output_width: int,
    resize_side_min: int = _RESIZE_SIDE_MIN,
    resize_side_max: int = _RESIZE_SIDE_MAX,
    use_grayscale: bool = False,
) -> tf.Tensor:
    """Returns a random view, float32 [output_height, output_width, C].

    Args:
      image: [H, W, 3], pixels 0..255.
      resize_side_min: what the shorter side becomes at least; up to `resize_side_max`, that included.
      use_grayscale: make one channel of three.
    """
    side = tf.random.uniform([], minval=resize_side_min, maxval=resize_side_max + 1, dtype=tf.int32)
    image = _aspect_preserving_resize(image, side)
    (image,) = _random_crop([image], output_height, output_width)
    return _centered(_sized(image, output_height, output_width), use_grayscale, flip=True)


def preprocess_for_eval(
    image: tf.Tensor, output_height: int, output_width: int, resize_side: int, use_grayscale: bool = False
) -> tf.Tensor:
    """Returns the middle of `image`, float32 [output_height, output_width, C].

    Args:
      image: [H, W, 3], pixels 0..255.
      resize_side: what the shorter side becomes before the crop.
      use_grayscale: make one channel of three.
    """
    image = _aspect_preserving_resize(image, resize_side)
    (image,) = _central_crop([image], output_height, output_width)
    return _centered(_sized(image, output_height, output_width), use_grayscale)


def preprocess_image(
    image: tf.Tensor,
    output_height: int,
    output_width: int,
    is_training: bool = False,
    resize_side_min: int = _RESIZE_SIDE_MIN,
    resize_side_max: int = _RESIZE_SIDE_MAX,
    use_grayscale: bool = False,
) -> tf.Tensor:
    """Returns `image` as `preprocess_for_train` or `preprocess_for_eval` (at resize_side_min) makes it."""
    if is_training:
        return preprocess_for_train(
            image, output_height, output_width, resize_side_min, resize_side_max, use_grayscale
        )
    return preprocess_for_eval(image, output_height, output_width, resize_side_min, use_grayscale)


def _smallest_size_at_least(
    height: int | tf.Tensor, width: int | tf.Tensor, smallest_side: int | tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns int32 (height, width) with the shorter one equal to `smallest_side`, in the same proportion."""
    sides = tf.cast(tf.stack([height, width]), tf.float32)
    scale = tf.cast(smallest_side, tf.float32) / tf.reduce_min(sides)
    new_height, new_width = tf.unstack(tf.cast(tf.math.rint(sides * scale), tf.int32))
    return new_height, new_width


def _aspect_preserving_resize(image: tf.Tensor, smallest_side: int | tf.Tensor) -> tf.Tensor:
    """Returns [H, W, 3] resized until its shorter side is `smallest_side`, float32."""
    image = require_image(image)
    height, width = tf.unstack(tf.shape(image)[:2])
    resized = resize(image, *_smallest_size_at_least(height, width, smallest_side))
    resized.set_shape([None, None, 3])
    return resized


def _random_crop(image_list: Sequence[tf.Tensor], crop_height: int, crop_width: int) -> list[tf.Tensor]:
    """Returns the same random part of several images of one size.

    Raises: ValueError: there is no image. When run, tf.errors.InvalidArgumentError: they differ in size or
      are smaller than the crop.
    """
    if not image_list:
        raise ValueError("Empty image_list. Give at least one image [H, W, C]")
    sizes = [tf.shape(require_image(image))[:2] for image in image_list]
    words = "Wrong height or width: all images that are cropped alike must be of one size"
    same = [tf.compat.v1.assert_equal(size, sizes[0], message=words) for size in sizes[1:]]
    with _controlled([*same, _room(sizes[0], crop_height, crop_width)]):
        room = sizes[0] - [crop_height, crop_width] + 1
    top, left = (tf.random.uniform([], maxval=room[i], dtype=tf.int32) for i in range(2))
    return [_crop(image, top, left, crop_height, crop_width) for image in image_list]


def _central_crop(image_list: Sequence[tf.Tensor], crop_height: int, crop_width: int) -> list[tf.Tensor]:
    """Returns the middle of each image."""
    corners = [(tf.shape(image)[:2] - [crop_height, crop_width]) // 2 for image in image_list]
    return [
        _crop(image, corner[0], corner[1], crop_height, crop_width)
        for image, corner in zip(image_list, corners, strict=True)
    ]


def _crop(
    image: tf.Tensor,
    offset_height: int | tf.Tensor,
    offset_width: int | tf.Tensor,
    crop_height: int,
    crop_width: int,
) -> tf.Tensor:
    """Returns [crop_height, crop_width, C] of `image` from a corner on, which is rounded down."""
    image = require_image(image)
    corner = [tf.cast(offset_height, tf.int32), tf.cast(offset_width, tf.int32), 0]
    with _controlled([_room(tf.shape(image)[:2], crop_height, crop_width)]):
        return tf.slice(image, tf.stack(corner), tf.stack([crop_height, crop_width, tf.shape(image)[2]]))


def _mean_image_subtraction(image: tf.Tensor, means: Sequence[float]) -> tf.Tensor:
    """Returns [H, W, C] less one mean a channel.

    Raises: ValueError: `image` is not of rank 3, or has not as many channels as there are means.
    """
    if image.shape.rank != 3:
        raise ValueError(f"Input must be of size [height, width, C>0], not {image.shape}")
    if image.shape[-1] != len(means):
        raise ValueError(
            f"len(means) must match the number of channels: {len(means)} means, {image.shape[-1]} channels"
        )
    return image - tf.constant(means, image.dtype)


def _centered(image: tf.Tensor, use_grayscale: bool, flip: bool = False) -> tf.Tensor:
    image = gray(image, use_grayscale)
    if flip:
        image = tf.image.random_flip_left_right(image)
    return _mean_image_subtraction(image, _gray_mean() if use_grayscale else [_R_MEAN, _G_MEAN, _B_MEAN])


def _gray_mean() -> list[float]:
    vgg = Preprocessing(kind="vgg", size=224, resize_side=_RESIZE_SIDE_MIN, channel_order="GRAY")
    mean = channel_mean(vgg)
    assert mean is not None
    return mean.tolist()


def _sized(image: tf.Tensor, height: int, width: int) -> tf.Tensor:
    image.set_shape([height, width, 3])
    return tf.cast(image, tf.float32)


def _room(size: tf.Tensor, crop_height: int, crop_width: int) -> tf.Operation | None:
    words = f"Crop size greater than the image size. The crop is {crop_height} by {crop_width}"
    return tf.compat.v1.assert_greater_equal(size, [crop_height, crop_width], message=words)


def _controlled(assertions: Iterable[tf.Operation | None]) -> AbstractContextManager:
    return tf.control_dependencies([made for made in assertions if made is not None])
