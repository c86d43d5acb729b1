"""Image files to pixels, through TensorFlow's own decoders."""

import os
from pathlib import Path

import numpy as np
import tensorflow as tf

from slimzoo.data.dataset import Dataset
from slimzoo.data.folder import SIGNATURES, image_format
from slimzoo.errors import SlimzooError, listing


def decode(contents: tf.Tensor) -> tf.Tensor:
    """Returns the pixels of a JPEG, PNG, GIF (its first picture) or BMP file, uint8 [H, W, 3].

    Gray becomes RGB, an alpha channel is dropped, and an orientation noted in the file is not applied.
    The format is found by content. The same bytes give the same pixels.
    """
    pixels = tf.io.decode_image(contents, channels=3, expand_animations=False)
    return tf.ensure_shape(pixels, [None, None, 3])


def read_image(path: str | os.PathLike) -> np.ndarray:
    """Returns the pixels of an image file, uint8 [H, W, 3].

    Raises:
      FileNotFoundError: there is no such file.
      SlimzooError: it is not an image, or broken.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no image {path}")
    if image_format(path) is None:
        raise SlimzooError(f"{path} is not an image; {', '.join(SIGNATURES)} can be read")
    try:
        return decode(tf.constant(path.read_bytes())).numpy()
    except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError) as error:
        reason = str(error.message).split("[Op:")[0].strip()
        raise SlimzooError(f"{path} is a broken image: {reason}") from error


def verify_images(dataset: Dataset, full: bool = True) -> None:
    """Raises one SlimzooError that names every image of `dataset` that cannot be read.

    Args:
      full: decode every image (a few milliseconds each); False reads only how each file begins, which is
        quick but does not find one that was cut off.
    """
    problems = []
    for path in dataset.paths:
        try:
            if full:
                read_image(path)
            elif image_format(path) is None:
                problems.append(f"{path} is not an image; {', '.join(SIGNATURES)} can be read")
        except (SlimzooError, OSError) as error:
            problems.append(str(error))
    if problems:
        count = f"{len(problems)} of {len(dataset)} images cannot be read:"
        raise SlimzooError(listing(f"{dataset.name}: {count}", problems))
