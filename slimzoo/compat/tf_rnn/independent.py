"""Cells of tf.contrib.rnn whose units see their own state alone: IndRNN, IndyGRU, IndyLSTM, SRU."""

from typing import Any

import tensorflow as tf

from slimzoo.compat.tf_layers.base import v1
from slimzoo.compat.tf_rnn.base import LSTMStateTuple, width
from slimzoo.compat.tf_rnn.cells import NumberedCell, plain_lstm_step


class _IndependentCell(NumberedCell):
    """A cell of gates W x + u * h + b, by their names."""

    def __init__(
        self,
        num_units: int,
        activation: Any = None,
        reuse: bool | None = None,
        kernel_initializer: Any = None,
        bias_initializer: Any = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(num_units, activation, reuse, name, dtype)
        self._kernel_initializer, self._bias_initializer = kernel_initializer, bias_initializer
        self._made: dict[str, tuple[Any, Any, Any]] = {}

    def _make(
        self, inputs_shape: Any, prefix: str, count: int, start: float, kernel: str = "kernel_w"
    ) -> None:
        size = count * self._num_units
        initializer = self._kernel_initializer
        shape = [width(inputs_shape), size]
        weights = self.add_variable(f"{prefix}{kernel}", shape, initializer=initializer)
        uniform = v1.random_uniform_initializer(-1, 1)
        diagonal = self.add_variable(f"{prefix}kernel_u", [1, size], initializer=uniform)
        zeros = self._bias_initializer or v1.constant_initializer(start)
        self._made[prefix] = (
            weights,
            diagonal,
            self.add_variable(f"{prefix}bias", [size], initializer=zeros),
        )

    def _gates(self, inputs: tf.Tensor, state: tf.Tensor, prefix: str, count: int) -> tf.Tensor:
        kernel, diagonal, bias = self._made[prefix]
        seen = tf.tile(state, [1, count]) if count > 1 else state
        return tf.nn.bias_add(tf.matmul(inputs, kernel) + seen * diagonal, bias)


class IndRNNCell(_IndependentCell):
    """activation(W x + u * h + b). Li et al. 2018, arXiv:1803.04831."""

    def __init__(
        self,
        num_units: int,
        activation: Any = None,
        reuse: bool | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(num_units, activation, reuse, None, None, name, dtype)

    def build(self, inputs_shape: Any) -> None:
        """Makes "kernel_w", "kernel_u" and "bias"."""
        self._make(inputs_shape, "", 1, 0.0)
        self.built = True

    def call(self, inputs: tf.Tensor, state: tf.Tensor) -> Any:  # type: ignore[override]
        """Returns [N, num_units], twice."""
        output = self._activation(self._gates(inputs, state, "", 1))
        return output, output


class IndyGRUCell(_IndependentCell):
    """The GRU of independent units. Gonnet and Deselaers 2019, arXiv:1903.08023."""

    def build(self, inputs_shape: Any) -> None:
        """Makes those three of the gates (biases 1 at first) and of the candidate."""
        self._make(inputs_shape, "gates/", 2, 1.0)
        self._make(inputs_shape, "candidate/", 1, 0.0, "kernel")
        self.built = True

    def call(self, inputs: tf.Tensor, state: tf.Tensor) -> Any:  # type: ignore[override]
        """Returns [N, num_units], twice."""
        reset, update = tf.split(tf.sigmoid(self._gates(inputs, state, "gates/", 2)), 2, axis=1)
        candidate = self._activation(self._gates(inputs, reset * state, "candidate/", 1))
        output = update * state + (1 - update) * candidate
        return output, output


class IndyLSTMCell(_IndependentCell):
    """The LSTM of independent units. Gonnet and Deselaers 2019, arXiv:1903.08023."""

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        activation: Any = None,
        reuse: bool | None = None,
        kernel_initializer: Any = None,
        bias_initializer: Any = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(num_units, activation, reuse, kernel_initializer, bias_initializer, name, dtype)
        self._forget_bias = forget_bias

    @property
    def state_size(self) -> Any:
        """LSTMStateTuple(num_units, num_units)."""
        return LSTMStateTuple(self._num_units, self._num_units)

    def build(self, inputs_shape: Any) -> None:
        """Makes "kernel_w", "kernel_u" and "bias"."""
        self._make(inputs_shape, "", 4, 0.0)
        self.built = True

    def call(self, inputs: tf.Tensor, state: Any) -> Any:  # type: ignore[override]
        """Returns [N, num_units] and the next state."""
        c, h = state
        entry, new, forget, out = tf.split(self._gates(inputs, h, "", 4), 4, axis=1)
        c, h = plain_lstm_step(c, entry, new, forget, out, self._forget_bias, self._activation)
        return h, LSTMStateTuple(c, h)


class SRUCell(NumberedCell):
    """The simple recurrent unit. Lei et al. 2017, arXiv:1709.02755."""

    def __init__(
        self,
        num_units: int,
        activation: Any = None,
        reuse: bool | None = None,
        name: str | None = None,
        **settings: Any,
    ):
        super().__init__(num_units, activation, reuse, name, settings.pop("dtype", None), **settings)

    def build(self, inputs_shape: Any) -> None:
        """Makes "kernel" [in, 4 * num_units] and "bias" [2 * num_units]."""
        size = self._num_units
        self._kernel = self.add_variable("kernel", [width(inputs_shape), 4 * size])
        self._bias = self.add_variable("bias", [2 * size], initializer=v1.zeros_initializer())
        self.built = True

    def call(self, inputs: tf.Tensor, state: tf.Tensor) -> Any:  # type: ignore[override]
        """Returns outputs and state [N, num_units]."""
        size = self._num_units
        new, gates, passed = tf.split(tf.matmul(inputs, self._kernel), [size, 2 * size, size], axis=1)
        forget, reset = tf.split(tf.sigmoid(tf.nn.bias_add(gates, self._bias)), 2, axis=1)
        state = forget * state + (1.0 - forget) * new
        return reset * self._activation(state) + (1.0 - reset) * passed, state
