"""Batches of images with masks: which step s holds, and how each is changed, follows from (seed, s) alone."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from slimzoo.data.dense.dataset import MaskDataset, MaskExample
from slimzoo.data.dense.masks import read_mask
from slimzoo.data.mixing import Whole
from slimzoo.data.pipeline import check, positions, rows_of_batches, view_seed
from slimzoo.data.pixels import ImageFiles
from slimzoo.errors import SlimzooError
from slimzoo.preprocessing import Preprocessing
from slimzoo.preprocessing.paired import Pairing, random_pair


def batches(
    dataset: MaskDataset,
    preprocessing: Preprocessing,
    batch_size: int,
    *,
    pairing: Pairing,
    seed: int = 0,
    start_step: int = 0,
    odds: np.ndarray | None = None,
    share: tuple[int, int] | None = None,
    num_parallel_calls: int = tf.data.AUTOTUNE,
) -> tf.data.Dataset:
    """Returns training batches as dicts of tensors, for ever; order and draws as data.pipeline.batches().

    Args:
      pairing: how an image and its mask become a view.
      odds: float [len(dataset)], as data.pipeline.batches() takes it.
      share: (begin, end) of the rows of every batch that are wanted; no other image is read.
    Returns: image float32 [B, size, size, channels], mask int32 [B, size, size] of class ids and 255, index
      int64 [B] (which example of `dataset`).
    Raises: SlimzooError: `dataset` is empty, an image of it has too many pixels, or a number is out of range.
    """
    check(dataset, batch_size, seed, start_step)
    order = positions(len(dataset), seed, shuffle=True, repeat=True, skip=start_step * batch_size, odds=odds)
    if share is not None:
        order = rows_of_batches(order, Whole(batch_size, share, preprocessing.shape))
        batch_size = share[1] - share[0]
    images, ids = ImageFiles(dataset), mask_ids(dataset)

    @tf.autograph.experimental.do_not_convert
    def load(epoch: tf.Tensor, index: tf.Tensor) -> dict[str, tf.Tensor]:
        drawn = view_seed(seed, epoch, index)
        image, mask = random_pair(preprocessing, pairing, images.whole(index), ids(index), drawn)
        return {"image": image, "mask": mask, "index": index}

    examples = order.map(load, num_parallel_calls=num_parallel_calls, deterministic=True)
    options = tf.data.Options()
    options.deterministic = True
    found = examples.batch(batch_size, drop_remainder=True)  # never drops: the shape becomes static
    return found.with_options(options).prefetch(2)


def ids_of(dataset: MaskDataset, index: int) -> np.ndarray:
    """Returns the mask of an example, uint8 [H, W].

    Raises: SlimzooError: it is not any more what it was when the masks were looked through.
    """
    example = dataset.examples[index]
    assert isinstance(example, MaskExample)
    ids = read_mask(example.mask, dataset.coding)
    if ids.shape != example.size:
        raise SlimzooError(f"{example.mask} has another size than when the masks were looked through")
    return ids


def mask_ids(dataset: MaskDataset) -> Callable[[tf.Tensor], tf.Tensor]:
    """Returns what gives the mask of an example by its index, uint8 [H, W]; Pillow reads it."""

    def read(index: np.ndarray) -> np.ndarray:
        return ids_of(dataset, int(index))

    def ids(index: tf.Tensor) -> tf.Tensor:
        return tf.ensure_shape(tf.numpy_function(read, [index], tf.uint8, stateful=False), [None, None])

    return ids
