"""The images of a data set by their number, in TensorFlow's graphs: read, and decoded as far as is needed."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np
import tensorflow as tf

from slimzoo.data.dataset import Dataset, Example
from slimzoo.data.headers import UPRIGHT, Header, read_header, too_large
from slimzoo.data.images import decode, read_image, turned
from slimzoo.data.records import read_record
from slimzoo.errors import SlimzooError, listing

NO_BATCHES = "no batches can be made:"
_BESIDE = 16  # columns decoded on either side of a box: the decoder smooths colours across its edges
Box = Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]  # from [H, W, 3] to begin and extent


class Images(Protocol):
    """Images by their number: uint8 [H, W, 3], upright if the data set says so."""

    def whole(self, index: tf.Tensor) -> tf.Tensor:
        """Returns all of an image."""
        ...

    def boxed(self, index: tf.Tensor, draw: Box) -> tf.Tensor:
        """Returns the box of it that `draw` gives of its shape."""
        ...


class ImageFiles:
    """Images in files and shards; of a JPEG no more than the box is decoded, to the same pixels."""

    def __init__(self, dataset: Dataset):
        """Raises SlimzooError: an image of `dataset` has too many pixels."""
        headers = _headers(dataset)
        both = zip(dataset.paths, headers, strict=True)
        if problems := [large for path, header in both if (large := too_large(path, header))]:
            raise SlimzooError(listing(NO_BATCHES, problems))
        self._contents = _contents(dataset)
        self._bitmaps = any(header.format == "BMP" for header in headers)
        turns = np.array([header.orientation for header in headers], np.int32)
        self._turns = None if not dataset.turn or (turns == UPRIGHT).all() else tf.constant(turns)
        upright = (turns == UPRIGHT) | (not dataset.turn)
        jpegs = np.array([header.format == "JPEG" and header.height > 0 for header in headers])
        self._cut = jpegs & upright
        self._shapes = tf.constant([(header.height, header.width, 3) for header in headers], tf.int32)

    def whole(self, index: tf.Tensor) -> tf.Tensor:
        """Returns all of an image."""
        pixels = decode(self._contents(index), self._bitmaps)
        return pixels if self._turns is None else turned(pixels, self._turns[index])

    def boxed(self, index: tf.Tensor, draw: Box) -> tf.Tensor:
        """Returns the box of it that `draw` gives of its shape."""

        def cut() -> tf.Tensor:
            return decode_box(self._contents(index), self._shapes[index], *draw(self._shapes[index]))

        def slice_of_whole() -> tf.Tensor:
            return _sliced(self.whole(index), draw)

        if self._cut.all():
            return cut()
        return (
            tf.cond(tf.constant(self._cut)[index], cut, slice_of_whole)
            if self._cut.any()
            else slice_of_whole()
        )


class CachedImages:
    """Images that are decoded once and kept in memory, in one long array."""

    def __init__(self, dataset: Dataset):
        images = [read_image(path, dataset.turn) for path in dataset.paths]
        self._shapes = tf.constant([image.shape for image in images], tf.int64)
        self._starts = tf.constant(np.cumsum([0] + [image.size for image in images[:-1]]), tf.int64)
        self._values = tf.constant(np.concatenate([image.reshape(-1) for image in images]))

    def whole(self, index: tf.Tensor) -> tf.Tensor:
        """Returns all of an image."""
        shape = self._shapes[index]
        flat = tf.slice(self._values, [self._starts[index]], [tf.reduce_prod(shape)])
        return tf.ensure_shape(tf.reshape(flat, shape), [None, None, 3])

    def boxed(self, index: tf.Tensor, draw: Box) -> tf.Tensor:
        """Returns the box of it that `draw` gives of its shape."""
        return _sliced(self.whole(index), draw)


def decode_box(jpeg: tf.Tensor, shape: tf.Tensor, begin: tf.Tensor, extent: tf.Tensor) -> tf.Tensor:
    """Returns the pixels of a box of a JPEG, uint8 [h, w, 3]: those that decode() and a slice give.

    Args:
      shape: int32 [H, W, 3] of the image; begin, extent: int32 [3] of the box.
    """
    left = tf.maximum(begin[1] - _BESIDE, 0)
    right = tf.minimum(begin[1] + extent[1] + _BESIDE, shape[1])
    window = tf.stack([begin[0], left, extent[0], right - left])
    pixels = tf.io.decode_and_crop_jpeg(jpeg, window, channels=3)
    return tf.ensure_shape(tf.slice(pixels, [0, begin[1] - left, 0], extent), [None, None, 3])


def rows_of(dataset: Dataset, field: str) -> Callable[[tf.Tensor], tf.Tensor]:
    """Returns what gives "labels" or "weights" of an example, float32 [K]; equal ones are kept once."""
    numbers: dict[bytes, int] = {}
    of_array: dict[int, int] = {}  # by identity: images of a class share theirs
    which = np.empty(len(dataset), np.int32)
    for i, example in enumerate(dataset.examples):
        row = getattr(example, field)
        number = of_array.get(id(row))
        if number is None:
            key = np.asarray(row, np.float32).tobytes()
            number = of_array[id(row)] = numbers.setdefault(key, len(numbers))
        which[i] = number
    values = np.frombuffer(b"".join(numbers), np.float32).reshape(len(numbers), len(dataset.classes))
    table, places = tf.constant(values), tf.constant(which)
    return lambda index: table[places[index]]


def _sliced(pixels: tf.Tensor, draw: Box) -> tf.Tensor:
    return tf.ensure_shape(tf.slice(pixels, *draw(tf.shape(pixels))), [None, None, 3])


def _headers(dataset: Dataset) -> list[Header]:
    """Returns what the images say of themselves; the index of a shard knows."""

    def header(example: Example) -> Header:
        return read_header(example.path) if example.record is None else example.record.header

    with ThreadPoolExecutor() as threads:
        return [*threads.map(header, dataset.examples)]


def _contents(dataset: Dataset) -> Callable[[tf.Tensor], tf.Tensor]:
    """Returns what gives the bytes of an image."""
    records = [example.record for example in dataset.examples]
    paths = None
    if None in records:
        paths = tf.constant([os.fsencode(path) for path in dataset.paths])
    if paths is not None and not any(records):
        return lambda index: tf.io.read_file(paths[index])

    def read(index: np.ndarray) -> bytes:
        record = records[int(index)]
        return b"" if record is None else read_record(record)

    def from_shard(index: tf.Tensor) -> tf.Tensor:
        return tf.ensure_shape(tf.numpy_function(read, [index], tf.string, stateful=False), [])

    if paths is None:
        return from_shard
    in_shard = tf.constant([record is not None for record in records])
    return lambda index: tf.cond(
        in_shard[index], lambda: from_shard(index), lambda: tf.io.read_file(paths[index])
    )
