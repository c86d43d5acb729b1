"""Batches of a data set: which images step s holds, and how each is changed, follows from (seed, s) alone."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from slimzoo.data.dataset import Dataset
from slimzoo.data.mixing import Mixing, Whole
from slimzoo.data.pixels import NO_BATCHES, CachedImages, ImageFiles, Images, rows_of
from slimzoo.errors import SlimzooError, listing
from slimzoo.preprocessing import Preprocessing, apply, augment
from slimzoo.preprocessing.augmentation import Further, draws_box, random_box

PADDING = -1  # the index of an example that only fills up the last batch
_ORDER, _VIEW, _MIX, _DRAW = 0, 1, 2, 3  # what a seed is used for
_NO_END = np.iinfo(np.int64).max


def batches(
    dataset: Dataset,
    preprocessing: Preprocessing,
    batch_size: int,
    *,
    seed: int = 0,
    start_step: int = 0,
    training: bool = True,
    repeat: bool | None = None,
    augmentation: str | None = "mild",
    further: Further | None = None,
    mixing: Mixing | None = None,
    odds: np.ndarray | None = None,
    pad_last: bool = False,
    cache: bool = False,
    share: tuple[int, int] | None = None,
    num_parallel_calls: int = tf.data.AUTOTUNE,
) -> tf.data.Dataset:
    """Returns batches as dicts of tensors.

    Training shuffles anew for each epoch and fills batches across the end of an epoch, so every batch is full
    and no example is left out. Evaluation goes through once in order. Shuffled are numbers, not images: no
    image waits in a buffer, and `start_step=s` goes on where s steps ended without reading what came before.

    Args:
      batch_size: of the whole step, all replicas together.
      seed: 0 to 2**31 - 1.
      start_step: how many batches to leave out.
      repeat: go on for ever; None: in training only. Without it the last batch may be smaller.
      augmentation: "mild" or "original" (see preprocessing.AUGMENTATIONS), None for none; only in training.
      further: what images are changed by beside that; only with an augmentation.
      mixing: what whole batches are changed by; only in training.
      odds: float [len(dataset)]: an epoch has as many draws, each of an image by its odds, in place of every
        image once; only in training.
      pad_last: fill up a smaller last batch with images of 0 that have weight 0 and index -1.
      cache: keep all decoded images in memory (bytes: 3 * height * width each); the batches stay the same.
      share: (begin, end) of the rows of every batch that are wanted, where other processes make the others;
        only in training. No other image is read, but those that wanted ones are mixed with.
      num_parallel_calls: images read at a time; the order does not depend on it.
    Returns: image float32 [B, size, size, channels], labels and weights float32 [B, K], index int64 [B]
      (which example of `dataset`).
    Raises: SlimzooError: `dataset` is empty, an image of it has too many pixels, or a number is out of range.
    """
    check(dataset, batch_size, seed, start_step)
    repeat = training if repeat is None else repeat
    view = augmentation if training else None
    odds = odds if training else None
    skip = start_step * batch_size
    order = positions(len(dataset), seed, shuffle=training, repeat=repeat, skip=skip, odds=odds)
    mixing, whole = mixing if training and mixing else None, None
    if share is not None:
        whole = Whole(batch_size, share, preprocessing.shape)
        order = rows_of_batches(order, whole, mixing, seed, start_step)
        batch_size = whole.loaded(mixing)
    load = _loader(dataset, preprocessing, seed, view, cache, further)
    examples = order.map(load, num_parallel_calls=num_parallel_calls, deterministic=True)
    if repeat:
        result = examples.batch(
            batch_size, drop_remainder=True
        )  # never drops: it only makes the shape static
    elif pad_last:
        count = -len(dataset) % batch_size
        result = examples.concatenate(_padding(dataset, preprocessing, count)).batch(
            batch_size, drop_remainder=True
        )
    else:
        result = examples.batch(batch_size)
    if mixing:
        result = _mixed(result, mixing, seed, start_step, whole)
    options = tf.data.Options()
    options.deterministic = True
    return result.with_options(options).prefetch(2)


def epoch_order(count: int, seed: int, epoch: int | tf.Tensor) -> tf.Tensor:
    """Returns the numbers 0 .. count - 1 in the order of `epoch`, int64 [count]."""
    key = tf.random.fold_in(tf.constant([seed, _ORDER], tf.int32), tf.cast(epoch, tf.int32))
    draws = tf.random.stateless_uniform([count], key, None, None, tf.int64, alg="philox")
    return tf.cast(tf.argsort(draws, stable=True), tf.int64)


def view_seed(seed: int, epoch: int | tf.Tensor, index: int | tf.Tensor) -> tf.Tensor:
    """Returns the seed that augments example `index` in `epoch`, int32 [2]."""
    key = tf.constant([seed, _VIEW], tf.int32)
    return tf.random.fold_in(tf.random.fold_in(key, tf.cast(epoch, tf.int32)), tf.cast(index, tf.int32))


def draws(odds: np.ndarray, seed: int, epoch: int | tf.Tensor) -> tf.Tensor:
    """Returns the numbers of the examples that `epoch` draws by their `odds`, int64 [len(odds)]."""
    key = tf.random.fold_in(tf.constant([seed, _DRAW], tf.int32), tf.cast(epoch, tf.int32))
    chances = tf.math.log(tf.constant(odds, tf.float32))[tf.newaxis]
    return tf.random.stateless_categorical(chances, len(odds), key, tf.int64)[0]


def _mixed(
    examples: tf.data.Dataset, mixing: Mixing, seed: int, start_step: int, whole: Whole | None
) -> tf.data.Dataset:
    """Returns the batches changed, each by the number of its step."""

    mixing.prepare()

    @tf.autograph.experimental.do_not_convert
    def change(step: tf.Tensor, batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        return mixing.change(batch, _mix_seed(seed, step), whole)

    steps = tf.data.Dataset.range(start_step, _NO_END)
    return tf.data.Dataset.zip(steps, examples).map(change, num_parallel_calls=2, deterministic=True)


def _mix_seed(seed: int, step: tf.Tensor) -> tf.Tensor:
    return tf.random.fold_in(tf.constant([seed, _MIX], tf.int32), tf.cast(step, tf.int32))


def rows_of_batches(
    order: tf.data.Dataset, whole: Whole, mixing: Mixing | None = None, seed: int = 0, start: int = 0
) -> tf.data.Dataset:
    """Returns (epoch, index) of the examples of each batch that a process wants, its partners behind them."""
    if mixing:
        mixing.prepare()

    @tf.autograph.experimental.do_not_convert
    def wanted(step: tf.Tensor, epochs: tf.Tensor, indices: tf.Tensor) -> tf.data.Dataset:
        rows = tf.range(*whole.rows, dtype=tf.int64)
        if mixing and mixing.mixes:
            partners = mixing.partners(_mix_seed(seed, step), whole)
            rows = tf.concat([rows, partners[whole.rows[0] : whole.rows[1]]], 0)
        return tf.data.Dataset.from_tensor_slices((tf.gather(epochs, rows), tf.gather(indices, rows)))

    batched = order.batch(whole.count, drop_remainder=True)
    steps = tf.data.Dataset.range(start, _NO_END)
    numbered = tf.data.Dataset.zip(steps, batched).map(lambda step, both: (step, *both))
    return numbered.flat_map(wanted)


def check(dataset: Dataset, batch_size: int, seed: int, start_step: int) -> None:
    """Raises what batches() does of these."""
    problems = []
    if not len(dataset):
        problems.append(f"{dataset.name} holds no example")
    if batch_size < 1:
        problems.append(f"batch_size is {batch_size}; it must be at least 1")
    if not 0 <= seed < 2**31:
        problems.append(f"seed is {seed}; it must lie between 0 and {2**31 - 1}")
    if start_step < 0:
        problems.append(f"start_step is {start_step}; it must be at least 0")
    if problems:
        raise SlimzooError(listing(NO_BATCHES, problems))


def positions(
    count: int, seed: int, *, shuffle: bool, repeat: bool, skip: int, odds: np.ndarray | None = None
) -> tf.data.Dataset:
    """Returns (epoch, index) of each example that is due, both int64 []."""

    @tf.autograph.experimental.do_not_convert
    def one_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
        if odds is not None:
            order = draws(odds, seed, epoch)
        else:
            order = epoch_order(count, seed, epoch) if shuffle else tf.range(count, dtype=tf.int64)
        return tf.data.Dataset.from_tensor_slices((tf.fill([count], epoch), order))

    epochs = tf.data.Dataset.range(skip // count, _NO_END if repeat else 1)
    return epochs.flat_map(one_epoch).skip(skip % count)


def _loader(
    dataset: Dataset,
    preprocessing: Preprocessing,
    seed: int,
    view: str | None,
    cache: bool,
    further: Further | None = None,
) -> Callable[..., dict[str, tf.Tensor]]:
    labels, weights = rows_of(dataset, "labels"), rows_of(dataset, "weights")
    images = CachedImages(dataset) if cache else ImageFiles(dataset)

    if view is not None and further is not None:
        further.prepare()

    @tf.autograph.experimental.do_not_convert
    def load(epoch: tf.Tensor, index: tf.Tensor) -> dict[str, tf.Tensor]:
        if view is None:
            image = apply(preprocessing, images.whole(index))
        else:
            image = _view(images, preprocessing, index, view_seed(seed, epoch, index), view, further)
        return {"image": image, "labels": labels(index), "weights": weights(index), "index": index}

    return load


def _view(
    images: Images,
    preprocessing: Preprocessing,
    index: tf.Tensor,
    key: tf.Tensor,
    view: str,
    further: Further | None,
) -> tf.Tensor:
    """Returns a random view of an image; where that begins with a box, no more than this is decoded."""
    if not draws_box(preprocessing, view, further):
        return augment(preprocessing, images.whole(index), key, view, further)
    pixels = images.boxed(index, lambda shape: random_box(preprocessing, shape, key, view, further))
    return augment(preprocessing, pixels, key, view, further, boxed=True)


def _padding(dataset: Dataset, preprocessing: Preprocessing, count: int) -> tf.data.Dataset:
    nothing = tf.zeros([len(dataset.classes)])
    example = {
        "image": tf.zeros(preprocessing.shape),
        "labels": nothing,
        "weights": nothing,
        "index": tf.constant(PADDING, tf.int64),
    }
    return tf.data.Dataset.from_tensors(example).repeat(count)
