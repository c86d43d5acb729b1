"""Batches whose images are mixed with one another: mixup and cutmix, by Keras's layers and our seeds."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from slimzoo.preprocessing.seeds import Seeds, outside_of_graphs

Batch = dict[str, tf.Tensor]


@dataclass(frozen=True)
class Whole:
    """The batch that a process makes a part of.

    Attributes:
      count: of its images.
      rows: (begin, end) of the part. Where images are mixed, their partners come with it: row i of the part
        has row i + end - begin.
      shape: of an image.
    """

    count: int
    rows: tuple[int, int]
    shape: tuple[int, ...]

    @property
    def part(self) -> int:
        """How many images the part has."""
        return self.rows[1] - self.rows[0]

    def loaded(self, mixing: "Mixing | None") -> int:
        """Returns how many images are read for the part."""
        return self.part * (2 if mixing is not None and mixing.mixes else 1)

    def images(self) -> tf.Tensor:
        """Returns what stands for the images of the batch: only its shape is ever looked at."""
        return tf.zeros([self.count, *self.shape])


@dataclass(frozen=True, kw_only=True)
class Mixing:
    """What is done to whole batches in training; None, or the default, is nothing.

    Attributes:
      mixup, cutmix: of Beta(this, this), from which the part of an image comes that stays its own. With
        both a batch has the one or the other, in half of the draws.
      size: pixels, square, that the images are resized to in the end.
    """

    mixup: float | None = None
    cutmix: float | None = None
    size: int | None = None

    def __bool__(self) -> bool:
        return self != Mixing()

    def prepare(self) -> None:
        """Makes the layers that change() wants, which have variables: tf.data.map may make none."""
        self._ways()

    @property
    def mixes(self) -> bool:
        """Whether an image depends on others of its batch."""
        return self.mixup is not None or self.cutmix is not None

    def _ways(self) -> list[Any]:
        made = ((self.mixup, _mix_up), (self.cutmix, _cut_mix))
        return [make(alpha) for alpha, make in made if alpha is not None]

    def change(self, batch: Batch, seed: tf.Tensor, whole: Whole | None = None) -> Batch:
        """Returns `batch` changed; the same `seed`, int32 [2], gives the same batch.

        Args:
          whole: what `batch` is a part of, with the partners of its images.
        """
        if self.mixes:
            batch = self._either(seed, lambda layer: _mixed(layer, batch, seed, whole))
        if self.size is None:
            return batch
        return {**batch, "image": tf.image.resize(batch["image"], [self.size, self.size], antialias=True)}

    def partners(self, seed: tf.Tensor, whole: Whole) -> tf.Tensor:
        """Returns which image of the batch change() mixes each with, int64 [count]."""

        def drawn(layer: Any) -> tf.Tensor:
            return tf.cast(_drawn(layer, whole.images(), seed)["permutation_order"], tf.int64)

        return self._either(seed, drawn)

    def _either(self, seed: tf.Tensor, do: Callable[[Any], Any]) -> Any:
        """Returns what `do` gives with the layer that mixes, with both with the one that `seed` draws."""
        layers = self._ways()
        if len(layers) == 1:
            return do(layers[0])
        first = tf.random.stateless_uniform([], tf.random.fold_in(seed, 1)) < 0.5
        return tf.cond(first, lambda: do(layers[0]), lambda: do(layers[1]))


@functools.cache
def _mix_up(alpha: float) -> Any:
    return outside_of_graphs(lambda: keras.layers.MixUp(alpha=alpha, dtype="float32"))


@functools.cache
def _cut_mix(alpha: float) -> Any:
    return outside_of_graphs(lambda: keras.layers.CutMix(factor=(alpha, alpha), dtype="float32"))


def _drawn(layer: Any, images: tf.Tensor, seed: tf.Tensor) -> dict[str, tf.Tensor]:
    """Returns what `layer` draws for `images`; each value has a row an image."""
    return layer.get_random_transformation(images, training=True, seed=Seeds(tf.random.fold_in(seed, 2)))


def _mixed(layer: Any, batch: Batch, seed: tf.Tensor, whole: Whole | None) -> Batch:
    """Returns `batch` as `layer` mixes it; what does not count in one of two images counts in none."""
    images, weights = batch["image"], batch["weights"]
    how = _drawn(layer, images if whole is None else whole.images(), seed)
    how = how if whole is None else _of_part(how, whole)
    both = tf.minimum(weights, tf.gather(weights, how["permutation_order"])) > 0
    mixed = layer.transform_labels(weights, how, training=True)
    result = {
        **batch,
        "image": layer.transform_images(images, how, training=True),
        "labels": layer.transform_labels(batch["labels"], how, training=True),
        "weights": tf.where(both, mixed, 0.0),
    }
    return result if whole is None else {name: value[: whole.part] for name, value in result.items()}


def _of_part(how: dict[str, tf.Tensor], whole: Whole) -> dict[str, tf.Tensor]:
    """Returns what was drawn for the rows of the part; the partners behind them get the same, for nothing."""
    begin, end = whole.rows
    twice = {name: tf.concat([value[begin:end]] * 2, 0) for name, value in how.items()}
    partner = (tf.range(2 * whole.part) + whole.part) % (2 * whole.part)
    return {**twice, "permutation_order": tf.cast(partner, how["permutation_order"].dtype)}
