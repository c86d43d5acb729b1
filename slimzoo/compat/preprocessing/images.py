"""What the kinds of preprocessing share: reading the argument, gray, pictures for TensorBoard."""

from typing import Any

import tensorflow as tf


def require_image(image: Any) -> tf.Tensor:
    """Returns one image as a tensor; ValueError unless it is [height, width, channels]."""
    image = tf.convert_to_tensor(image)
    if image.shape.rank not in (None, 3):
        raise ValueError(
            f"Input must be of size [height, width, C>0], not {image.shape}; preprocess images one by one, "
            "before they are batched"
        )
    return image


def gray(image: tf.Tensor, use_grayscale: bool) -> tf.Tensor:
    """Returns RGB as one channel, if wanted."""
    return tf.image.rgb_to_grayscale(image) if use_grayscale else image


def show(name: str, image: tf.Tensor, wanted: bool = True) -> None:
    """Adds a summary of an image [H, W, C], or of a batch of them, where there is a TF 1 graph to hold it."""
    if wanted and not tf.compat.v1.executing_eagerly_outside_functions():
        tf.compat.v1.summary.image(name, image[tf.newaxis] if image.shape.rank == 3 else image)


def crop_or_pad(image: tf.Tensor, output_height: int, output_width: int) -> tf.Tensor:
    """Returns the middle of `image`, black around it where it is smaller: [output_width, output_height, C].

    Height and width change places in the original too, which only ever asked for squares.
    """
    return tf.image.resize_with_crop_or_pad(image, output_width, output_height)
