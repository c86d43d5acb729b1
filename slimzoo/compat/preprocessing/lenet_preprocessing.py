"""Preprocessing of LeNet: the middle of the image, values -1..1."""

import tensorflow as tf

from slimzoo.compat.preprocessing.images import crop_or_pad, gray, require_image


def preprocess_image(
    image: tf.Tensor, output_height: int, output_width: int, is_training: bool, use_grayscale: bool = False
) -> tf.Tensor:
    """Returns float32 [output_width, output_height, C], -1..1; there is nothing random in training.

    Args:
      image: [H, W, C], pixels 0..255.
      use_grayscale: make one channel of three.
    """
    del is_training
    image = gray(tf.cast(require_image(image), tf.float32), use_grayscale)
    return (crop_or_pad(image, output_height, output_width) - 128.0) / 128.0
