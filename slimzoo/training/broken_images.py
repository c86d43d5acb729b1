"""What to say when an image cannot be read in the middle of training."""

from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf

from slimzoo.data.dataset import Dataset
from slimzoo.data.images import verify_images

_OF_IMAGES = (tf.errors.InvalidArgumentError, tf.errors.NotFoundError, tf.errors.UnimplementedError)


@contextmanager
def naming_broken_images(dataset: Dataset) -> Iterator[None]:
    """Turns TensorFlow's error about an image into one that names every broken image of `dataset`.

    They are not verified beforehand: that takes a few milliseconds each, and the first epoch reads them all.
    """
    try:
        yield
    except _OF_IMAGES:
        verify_images(dataset)
        raise
