"""MNIST as the tutorials read it: `read_data_sets(folder)`, `next_batch`. Nothing is fetched."""

import collections
import gzip
import math
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from slimzoo.errors import SlimzooError, listing

Datasets = collections.namedtuple("Datasets", ("train", "validation", "test"))
__all__ = ["DataSet", "load_mnist", "read_data_sets"]

IMAGES, LABELS = 2051, 2049  # what a file begins with
FILES = {
    "train": ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
    "test": ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
}
CLASSES = 10


class DataSet:
    """Images and labels, in batches.

    Args:
      images: uint8 [N, H, W, 1]; `images` is [N, H * W] where `reshape`, 0 to 1 where `dtype` is tf.float32.
      labels: [N], or [N, 10].
      seed: of the order, which is that of NumPy's own generator.
    Raises: TypeError: `dtype` is neither tf.uint8 nor tf.float32.
    """

    def __init__(
        self,
        images: np.ndarray,
        labels: np.ndarray,
        fake_data: bool = False,
        one_hot: bool = False,
        dtype: Any = tf.float32,
        reshape: bool = True,
        seed: int | None = None,
    ):
        of_graph, of_op = tf.compat.v1.get_seed(seed)
        np.random.seed(of_graph if seed is None else of_op)
        dtype = tf.as_dtype(dtype)
        if dtype not in (tf.uint8, tf.float32):
            raise TypeError(f"images are tf.uint8 or tf.float32, not {dtype!r}")
        if fake_data:
            raise NotImplementedError("fake_data is not served: give arrays of your own")
        if len(images) != len(labels):
            raise ValueError(f"{len(images)} images have {len(labels)} labels")
        if reshape:
            images = images.reshape(len(images), math.prod(images.shape[1:]))
        if dtype == tf.float32:
            images = np.multiply(images.astype(np.float32), 1.0 / 255.0)
        self.images, self.labels = images, labels
        self.num_examples, self.epochs_completed = len(images), 0
        self._next = 0

    def next_batch(self, batch_size: int, fake_data: bool = False, shuffle: bool = True) -> tuple[Any, Any]:
        """Returns the next images and labels; the last ones of an epoch come with the first of the next."""
        if self._next == 0 and self.epochs_completed == 0 and shuffle:
            self._shuffle()
        start, end = self._next, self._next + batch_size
        if end <= self.num_examples:
            self._next = end
            return self.images[start:end], self.labels[start:end]
        rest = self.images[start:], self.labels[start:]
        self.epochs_completed += 1
        if shuffle:
            self._shuffle()
        self._next = end - self.num_examples
        first = self.images[: self._next], self.labels[: self._next]
        images, labels = (np.concatenate(pair, axis=0) for pair in zip(rest, first, strict=True))
        return images, labels

    def _shuffle(self) -> None:
        order = np.arange(self.num_examples)
        np.random.shuffle(order)
        self.images, self.labels = self.images[order], self.labels[order]


def read_data_sets(
    train_dir: str,
    fake_data: bool = False,
    one_hot: bool = False,
    dtype: Any = tf.float32,
    reshape: bool = True,
    validation_size: int = 5000,
    seed: int | None = None,
    source_url: str = "",
) -> Any:
    """Returns Datasets(train, validation, test) of the four files of MNIST in the folder `train_dir`.

    Args: `validation_size` of the training images, the first, are for validation; the others as in DataSet.
    Raises: SlimzooError: a file is not there, or is none of MNIST; ValueError: the validation's size.
    """
    folder = Path(train_dir)
    lacking = [name for pair in FILES.values() for name in pair if not (folder / name).is_file()]
    if lacking:
        files = listing(f"{train_dir} has no MNIST; slimzoo fetches no data, put these files there:", lacking)
        raise SlimzooError(files)
    images, labels = (_read(folder / name) for name in FILES["train"])
    tests = [_read(folder / name) for name in FILES["test"]]
    if not 0 <= validation_size <= len(images):
        raise ValueError(
            f"Validation size should be between 0 and {len(images)}. Received: {validation_size}."
        )
    parts = (
        (images[validation_size:], labels[validation_size:]),
        (
            images[:validation_size],
            labels[:validation_size],
        ),
    )
    options = {"fake_data": fake_data, "dtype": dtype, "reshape": reshape, "seed": seed}
    made = [DataSet(x, np.eye(CLASSES)[y] if one_hot else y, **options) for x, y in (*parts, tests)]
    return Datasets(*made)


def load_mnist(train_dir: str = "MNIST-data") -> Any:
    """Returns read_data_sets(train_dir)."""
    return read_data_sets(train_dir)


def _read(path: Path) -> np.ndarray:
    """Returns uint8 [N, H, W, 1] of a file of images, [N] of one of labels."""
    print("Extracting", path)  # as it always told
    try:
        data = gzip.decompress(path.read_bytes())
    except (OSError, EOFError) as error:
        raise SlimzooError(f"{path}: cannot be read as gzip: {error}") from None
    kind = int.from_bytes(data[:4], "big")
    dimensions = {IMAGES: 3, LABELS: 1}.get(kind, 0)
    head = 4 + 4 * dimensions
    shape = [int.from_bytes(data[start : start + 4], "big") for start in range(4, head, 4)]
    values = np.frombuffer(data[head:], np.uint8)
    if not dimensions or len(data) < head or values.size != math.prod(shape):
        raise SlimzooError(f"{path}: no file of MNIST, or damaged: it begins with {kind}")
    return values.reshape(*shape, 1) if kind == IMAGES else values
