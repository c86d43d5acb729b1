"""The phased LSTM of tf.contrib.rnn: a gate that opens and closes with time."""

import math
from typing import Any

import tensorflow as tf

from slimzoo.compat.tf_layers.base import v1
from slimzoo.compat.tf_rnn.base import LSTMStateTuple, lstm_sizes
from slimzoo.compat.tf_rnn.gated import SizedProductCell


class PhasedLSTMCell(SizedProductCell):
    """The LSTM that a gate of time opens; inputs are (time [N, 1], values [N, in]). arXiv:1610.09513.

    Args:
      leak: what passes where the gate is closed.
      ratio_on: the part of a period in which it is open.
      period_init_min, period_init_max: between which the periods are drawn.
    """

    def __init__(
        self,
        num_units: int,
        use_peepholes: bool = False,
        leak: float = 0.001,
        ratio_on: float = 0.1,
        trainable_ratio_on: bool = True,
        period_init_min: float = 1.0,
        period_init_max: float = 1000.0,
        reuse: bool | None = None,
    ):
        super().__init__(*lstm_sizes(num_units), _reuse=reuse)
        self._num_units, self._use_peepholes, self._leak = num_units, use_peepholes, leak
        self._ratio_on, self._trainable_ratio_on = ratio_on, trainable_ratio_on
        self._periods = (period_init_min, period_init_max)

    def call(self, inputs: Any, state: Any) -> Any:
        """Returns [N, num_units] and the next state."""
        time, values = inputs
        new_c, new_h = self._unphased(values, state)
        openness = self._openness(time)
        c = openness * new_c + (1 - openness) * state[0]
        h = openness * new_h + (1 - openness) * state[1]
        return h, LSTMStateTuple(c, h)

    def _unphased(self, values: tf.Tensor, state: Any) -> tuple[tf.Tensor, tf.Tensor]:
        c, h = state
        gates = tf.sigmoid(self._scoped("mask_gates", [values, h], c, 2 * self._num_units))
        entry, forget = tf.split(gates, 2, axis=1)
        new = tf.tanh(self._scoped("new_input", [values, h], None, self._num_units))
        c = c * forget + entry * new
        return c, tf.tanh(c) * tf.sigmoid(self._scoped("output_gate", [values, h], c, self._num_units))

    def _scoped(self, name: str, args: list[tf.Tensor], seen: tf.Tensor | None, size: int) -> tf.Tensor:
        peephole = [seen] if seen is not None and self._use_peepholes else []
        with v1.variable_scope(name):
            return self.product(name, [*args, *peephole], size)

    def _openness(self, time: tf.Tensor) -> tf.Tensor:
        size = [self._num_units]
        period = v1.get_variable("period", size, initializer=_exponential(*self._periods))
        start = getattr(period, "initial_value", self._periods[1])
        phase = v1.get_variable("phase", size, initializer=v1.random_uniform_initializer(0.0, start))
        ratio = v1.get_variable(
            "ratio_on",
            size,
            initializer=v1.constant_initializer(self._ratio_on),
            trainable=self._trainable_ratio_on,
        )
        period, phase = tf.cast(period, time.dtype), tf.cast(phase, time.dtype)
        shifted = time - phase
        place = (
            tf.stop_gradient(tf.math.floormod(shifted, period) - shifted) + shifted
        )  # gradients as of shifted
        place = tf.cast(place / period, tf.float32)
        rising = 2 * place / ratio
        closing = tf.where(place < ratio, 2 - rising, self._leak * place)
        return tf.where(place < 0.5 * ratio, rising, closing)


def _exponential(lowest: float, highest: float) -> Any:
    """Returns an initializer whose logarithms are uniform."""

    def initializer(shape: Any, dtype: Any = tf.float32, partition_info: Any = None) -> tf.Tensor:
        del partition_info
        return tf.exp(tf.random.uniform(shape, math.log(lowest), math.log(highest), dtype))

    return initializer
