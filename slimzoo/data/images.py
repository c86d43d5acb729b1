"""Image files to pixels: TensorFlow's own decoders for all but BMP."""

import io
import os
import struct

import numpy as np
import tensorflow as tf
from PIL import Image, UnidentifiedImageError

from slimzoo.data.dataset import Dataset
from slimzoo.data.headers import (
    READABLE,
    UPRIGHT,
    Header,
    foreign,
    foreign_start,
    header_of,
    image_format,
    read_header,
    too_large,
)
from slimzoo.data.places import image_bytes, is_there
from slimzoo.errors import SlimzooError, listing, tensorflow_says

_REFUSED = (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError)
_UNREADABLE = (OSError, ValueError, SyntaxError, EOFError, struct.error, Image.DecompressionBombError)


def decode(contents: tf.Tensor, bitmaps: bool = True) -> tf.Tensor:
    """Returns the pixels of a JPEG, PNG, GIF (its first picture) or BMP file, uint8 [H, W, 3].

    Gray becomes RGB, an alpha channel is dropped, 16 bits become 8, and an orientation noted in the file is
    not applied (see turned). The format is found by content. The same bytes give the same pixels.

    Args:
      bitmaps: it may be a BMP, which is read in Python; False, where it is none, stays in TensorFlow.
    """

    def by_tensorflow() -> tf.Tensor:
        return tf.io.decode_image(contents, channels=3, expand_animations=False)

    def by_pillow() -> tf.Tensor:
        return tf.numpy_function(_bitmap, [contents], tf.uint8, stateful=False)

    if bitmaps:
        pixels = tf.cond(tf.strings.substr(contents, 0, 2) == b"BM", by_pillow, by_tensorflow)
    else:
        pixels = by_tensorflow()
    return tf.ensure_shape(pixels, [None, None, 3])


def turned(pixels: tf.Tensor, orientation: int | tf.Tensor) -> tf.Tensor:
    """Returns `pixels` [H, W, C] upright, as EXIF's `orientation` (1 to 8) says they were taken."""
    across = (1, 0, 2)
    views = (
        lambda: pixels,
        lambda: pixels[:, ::-1],
        lambda: pixels[::-1, ::-1],
        lambda: pixels[::-1],
        lambda: tf.transpose(pixels, across),
        lambda: tf.transpose(pixels[::-1], across),
        lambda: tf.transpose(pixels[::-1, ::-1], across),
        lambda: tf.transpose(pixels[:, ::-1], across),
    )
    return tf.ensure_shape(
        tf.switch_case(tf.convert_to_tensor(orientation) - 1, views), [None, None, pixels.shape[-1]]
    )


def read_image(path: str | os.PathLike, turn: bool = True) -> np.ndarray:
    """Returns the pixels of an image file, uint8 [H, W, 3].

    Args:
      turn: upright, where EXIF says how the camera was held.
    Raises:
      FileNotFoundError: there is no such file.
      SlimzooError: it is not an image, broken, or of too many pixels.
    """
    header = check_image(path)
    return _decoded(image_bytes(path), header, path, turn)


def pixels_in(contents: bytes, name: str, turn: bool = True) -> np.ndarray:
    """Returns what read_image() does, of the bytes of an image that is called `name` in messages.

    Raises: SlimzooError: it is not an image, broken, or of too many pixels.
    """
    header = header_of(io.BytesIO(contents))
    if header.format is None:
        raise SlimzooError(f"{name} is not an image; {READABLE}{foreign_start(contents[:64])}")
    if large := too_large(name, header):
        raise SlimzooError(large)
    return _decoded(contents, header, name, turn)


def _decoded(contents: bytes, header: Header, name: str | os.PathLike, turn: bool) -> np.ndarray:
    try:
        if header.format == "BMP":
            return _bitmap(contents)
        pixels = decode(tf.constant(contents), bitmaps=False)
    except _REFUSED as error:
        raise SlimzooError(f"{name} is a broken image: {tensorflow_says(error)}") from error
    except SlimzooError as error:
        raise SlimzooError(f"{name} is a broken image: {error}") from error
    return (turned(pixels, header.orientation) if turn and header.orientation != UPRIGHT else pixels).numpy()


def check_image(path: str | os.PathLike) -> Header:
    """Returns what an image file says of itself before its pixels; runs nothing of TensorFlow's.

    Raises:
      FileNotFoundError: there is no such file.
      SlimzooError: it is not an image, or of too many pixels.
    """
    if not is_there(path):
        raise FileNotFoundError(f"there is no image {path}")
    header = read_header(path)
    if header.format is None:
        raise SlimzooError(f"{path} is not an image; {READABLE}{foreign(path)}")
    if large := too_large(path, header):
        raise SlimzooError(large)
    return header


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
                problems.append(f"{path} is not an image; {READABLE}{foreign(path)}")
        except (SlimzooError, OSError) as error:
            problems.append(str(error))
    if problems:
        count = f"{len(problems)} of {len(dataset)} images cannot be read:"
        raise SlimzooError(listing(f"{dataset.name}: {count}", problems))


def _bitmap(contents: bytes) -> np.ndarray:
    """Returns the pixels of a BMP file; TensorFlow would take the indices of its palette for shades."""
    try:
        with Image.open(io.BytesIO(contents), formats=["BMP"]) as image:
            return np.array(image.convert("RGB"))
    except UnidentifiedImageError as error:
        raise SlimzooError("it is cut off, or of a kind that Pillow does not know") from error
    except _UNREADABLE as error:
        raise SlimzooError(f"{error}; save it as PNG if other programs can read it") from error
