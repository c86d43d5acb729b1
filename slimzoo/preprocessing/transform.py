"""Pixels to network input: `apply` as the original evaluated, `augment` for training."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from slimzoo.errors import SlimzooError
from slimzoo.preprocessing.pictures import as_pixels
from slimzoo.preprocessing.ranges import channel_mean, channel_scale, check_pixels
from slimzoo.preprocessing.spec import Preprocessing

if TYPE_CHECKING:
    import tensorflow as tf

    from slimzoo.preprocessing.augmentation import Further

log = logging.getLogger("slimzoo")
_WARNED: set[Preprocessing] = set()

# TensorFlow is imported in the functions: a Preprocessing is data, and reading the manifest does without it.


def apply(preprocessing: Preprocessing, image: Any) -> "tf.Tensor":
    """Returns `image` as the network wants it for evaluation, equal to what the original project made of it.

    Works eagerly and in graphs (tf.data). Eagerly it warns of pixels of another range, once a Preprocessing.

    Args:
      image: pixels 0..255, uint8 or float: [H, W, 3], gray [H, W, 1] or [H, W]; a batch [N, H, W, C]; a
        Pillow image; or a list or tuple of images, each of its own size. (An array made of a Pillow image
        with a palette holds indices, which nothing tells from shades: give the image.)
    Returns: float32 [size, size, channels], or [N, size, size, channels].
    Raises: SlimzooError: the shape or the dtype is none of these.
    """
    import tensorflow as tf

    if preprocessing not in _WARNED and tf.executing_eagerly():
        for single in image if isinstance(image, list | tuple) else [image]:
            _notice(preprocessing, as_pixels(single))
    return prepared(preprocessing, image)


def prepared(preprocessing: Preprocessing, image: Any) -> "tf.Tensor":
    """Returns what apply() does, and warns of nothing."""

    def one(single: Any) -> "tf.Tensor":
        from slimzoo.preprocessing.geometry import evaluation_crop

        return _normalise(preprocessing, evaluation_crop(preprocessing, pixels_of(preprocessing, single)))

    return _each(preprocessing, one, image)


def augment(
    preprocessing: Preprocessing,
    image: Any,
    seed: Any,
    strength: str = "mild",
    further: "Further | None" = None,
    boxed: bool = False,
) -> "tf.Tensor":
    """Returns a random view of one `image` as the network wants it for training.

    Kind "lenet" has no random change, in the original neither: it equals `apply`.

    Args:
      image: one image, as `apply` takes it.
      seed: int32 [2]; the same seed gives the same result on any machine.
      strength: "mild", or "original" for what the original project trained with (see AUGMENTATIONS).
      further: what is changed beside that.
      boxed: `image` was cut already, by augmentation.random_box().
    Returns: float32 [size, size, channels].
    Raises: SlimzooError: the shape, the dtype or `strength` is none of these.
    """
    from slimzoo.preprocessing.augmentation import get_augmentation, random_view

    how = get_augmentation(preprocessing, strength)
    view = random_view(preprocessing, how, pixels_of(preprocessing, image), seed, further, boxed)
    return _normalise(preprocessing, view)


def _notice(preprocessing: Preprocessing, pixels: Any) -> None:
    if (message := check_pixels(pixels)) and preprocessing not in _WARNED and np.size(pixels):
        _WARNED.add(preprocessing)
        log.warning("pixels for preprocessing.apply: %s (said once)", message)


def _each(preprocessing: Preprocessing, one: Callable, image: Any) -> "tf.Tensor":
    import tensorflow as tf

    if isinstance(image, list | tuple):
        image = [as_pixels(single) for single in image]
        if image and len(getattr(image[0], "shape", ())) >= 2:
            return tf.stack([one(single) for single in image])
    image = as_pixels(image)
    image = tf.convert_to_tensor(image)
    if image.shape.rank == 4:
        signature = tf.TensorSpec(preprocessing.shape, tf.float32)
        return tf.map_fn(one, image, fn_output_signature=signature)
    return one(image)


def pixels_of(preprocessing: Preprocessing, image: Any) -> "tf.Tensor":
    """Returns `image` as float32 [H, W, C], 0..255, C: 1 for GRAY, else 3 in RGB order."""
    import tensorflow as tf

    image = tf.convert_to_tensor(as_pixels(image))
    if image.shape.rank == 2:
        image = image[..., tf.newaxis]
    _check(image)
    gray, wants_gray = image.shape[-1] == 1, preprocessing.channel_order == "GRAY"
    image = tf.cast(image, tf.float32)
    if gray and not wants_gray:
        return tf.image.grayscale_to_rgb(image)
    return tf.image.rgb_to_grayscale(image) if wants_gray and not gray else image


def _check(image: "tf.Tensor") -> None:
    wanted = "one image is [H, W, 3], [H, W, 1] or [H, W] with pixels 0..255"
    if image.shape.rank != 3:
        shape = tuple(image.shape) if image.shape.rank is not None else "unknown"
        raise SlimzooError(f"an image of shape {shape} was given; {wanted}")
    if image.shape[-1] == 4:
        raise SlimzooError(
            f"an image of shape {tuple(image.shape)} was given: 4 channels, so it seems to have an alpha "
            "channel; drop it with image[..., :3]. Of CMYK, give Pillow's image in place of an array"
        )
    if image.shape[-1] not in (1, 3):
        hint = ". In a graph, say it with tf.ensure_shape" if image.shape[-1] is None else ""
        raise SlimzooError(f"an image with {image.shape[-1]} channels was given; {wanted}{hint}")
    if 0 in image.shape[:2]:
        raise SlimzooError(f"an image of shape {tuple(image.shape)} was given; it holds no pixel")
    if not image.dtype.is_floating and image.dtype.name not in ("uint8", "int32", "int64"):
        raise SlimzooError(f"an image of {image.dtype.name} was given; pixels are uint8 or float, 0..255")


def _normalise(preprocessing: Preprocessing, image: "tf.Tensor") -> "tf.Tensor":
    """Returns float32 [size, size, C] of 0..255 as the network's numbers in its channel order."""
    import tensorflow as tf

    return normalised(preprocessing, tf.ensure_shape(image, preprocessing.shape))


def normalised(preprocessing: Preprocessing, image: "tf.Tensor") -> "tf.Tensor":
    """Returns float32 [H, W, C] of 0..255, of any size, as the network's numbers in its channel order."""
    import tensorflow as tf

    if preprocessing.channel_order == "BGR":
        image = tf.reverse(image, axis=[-1])
    mean = channel_mean(preprocessing)
    if mean is None:
        return tf.image.per_image_standardization(image)
    return (image - mean) / channel_scale(preprocessing)
