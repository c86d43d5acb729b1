"""Batches whose images are mixed with one another: mixup and cutmix, by Keras's layers and our seeds."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from slimzoo.preprocessing.seeds import Seeds, outside_of_graphs

Batch = dict[str, tf.Tensor]
Way = Callable[[Batch, tf.Tensor], Batch]


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

    def _ways(self) -> list[Way]:
        ways = [_with(self.mixup, _mix_up), _with(self.cutmix, _cut_mix)]
        return [way for way in ways if way is not None]

    def change(self, batch: Batch, seed: tf.Tensor) -> Batch:
        """Returns `batch` changed; the same `seed`, int32 [2], gives the same batch."""
        chosen = self._ways()
        if len(chosen) == 2:
            first = tf.random.stateless_uniform([], tf.random.fold_in(seed, 1)) < 0.5
            batch = tf.cond(first, lambda: chosen[0](batch, seed), lambda: chosen[1](batch, seed))
        elif chosen:
            batch = chosen[0](batch, seed)
        if self.size is None:
            return batch
        return {**batch, "image": tf.image.resize(batch["image"], [self.size, self.size], antialias=True)}


def _with(alpha: float | None, make: Callable[[float], Any]) -> Way | None:
    if alpha is None:
        return None
    layer = make(alpha)
    return lambda batch, seed: _mixed(layer, batch, seed)


@functools.cache
def _mix_up(alpha: float) -> Any:
    return outside_of_graphs(lambda: keras.layers.MixUp(alpha=alpha, dtype="float32"))


@functools.cache
def _cut_mix(alpha: float) -> Any:
    return outside_of_graphs(lambda: keras.layers.CutMix(factor=(alpha, alpha), dtype="float32"))


def _mixed(layer: Any, batch: Batch, seed: tf.Tensor) -> Batch:
    """Returns `batch` as `layer` mixes it; what does not count in one of two images counts in none."""
    images, weights = batch["image"], batch["weights"]
    how = layer.get_random_transformation(images, training=True, seed=Seeds(tf.random.fold_in(seed, 2)))
    both = tf.minimum(weights, tf.gather(weights, how["permutation_order"])) > 0
    mixed = layer.transform_labels(weights, how, training=True)
    return {
        **batch,
        "image": layer.transform_images(images, how, training=True),
        "labels": layer.transform_labels(batch["labels"], how, training=True),
        "weights": tf.where(both, mixed, 0.0),
    }
