"""Seeds for Keras's layers of random changes, so that what they draw follows from a seed of ours alone."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf


class Seeds(keras.random.SeedGenerator):
    """A seed generator as Keras's layers ask for, without a state: its seeds are folded from a given one.

    Keras's own has a variable, which the order of parallel calls and a restart would change.
    """

    def __init__(self, seed: tf.Tensor):
        self._seed = seed
        self._drawn = 0

    def next(self, ordered: bool = True) -> tf.Tensor:
        """Returns int32 [2], another at each call."""
        del ordered
        self._drawn += 1
        return tf.random.fold_in(self._seed, self._drawn)


def outside_of_graphs(make: Callable[..., Any], *arguments: float) -> Any:
    """Returns the layer of Keras's that `make` makes: its own seed is a variable, which no graph may make."""
    with tf.init_scope():
        return make(*arguments)
