"""Preprocessing of CIFAR-10: each image to mean 0 and deviation 1."""

import tensorflow as tf

from slimzoo.compat.preprocessing.images import crop_or_pad, gray, require_image, show

_PADDING = 4  # pixels on each side, before a random crop


def preprocess_for_train(
    image: tf.Tensor,
    output_height: int,
    output_width: int,
    padding: int = _PADDING,
    add_image_summaries: bool = True,
    use_grayscale: bool = False,
) -> tf.Tensor:
    """Returns a random view: float32 [output_height, output_width, C], mean 0 and deviation 1.

    Args:
      image: [H, W, 3], pixels 0..255.
      padding: black pixels around it before the crop.
      use_grayscale: make one channel of three.
    """
    image = require_image(image)
    show("image", image, add_image_summaries)
    image = gray(tf.cast(image, tf.float32), use_grayscale)
    if padding > 0:
        image = tf.pad(image, [[padding, padding], [padding, padding], [0, 0]])
    channels = 1 if use_grayscale else 3
    view = tf.image.random_crop(image, [output_height, output_width, channels])
    view = tf.image.random_flip_left_right(view)
    show("distorted_image", view, add_image_summaries)
    view = tf.image.random_brightness(view, max_delta=63)
    view = tf.image.random_contrast(view, lower=0.2, upper=1.8)
    return tf.image.per_image_standardization(view)


def preprocess_for_eval(
    image: tf.Tensor,
    output_height: int,
    output_width: int,
    add_image_summaries: bool = True,
    use_grayscale: bool = False,
) -> tf.Tensor:
    """Returns the middle of `image`: float32 [output_width, output_height, C], mean 0 and deviation 1."""
    image = require_image(image)
    show("image", image, add_image_summaries)
    image = gray(tf.cast(image, tf.float32), use_grayscale)
    image = crop_or_pad(image, output_height, output_width)
    show("resized_image", image, add_image_summaries)
    return tf.image.per_image_standardization(image)


def preprocess_image(
    image: tf.Tensor,
    output_height: int,
    output_width: int,
    is_training: bool = False,
    add_image_summaries: bool = True,
    use_grayscale: bool = False,
) -> tf.Tensor:
    """Returns `image` as `preprocess_for_train` or `preprocess_for_eval` makes it."""
    prepare = preprocess_for_train if is_training else preprocess_for_eval
    settings = {"add_image_summaries": add_image_summaries, "use_grayscale": use_grayscale}
    return prepare(image, output_height, output_width, **settings)
