"""The cells of tf.nn.rnn_cell: the plain one, GRU, LSTM."""

from typing import Any

import tensorflow as tf

from slimzoo.compat.tf_layers.base import InputSpec, activation, v1
from slimzoo.compat.tf_rnn.base import (
    LayerRNNCell,
    clipped,
    lstm_sizes,
    lstm_state,
    next_lstm_state,
    warn_of_joined_state,
    weighed,
    width,
)


class NumberedCell(LayerRNNCell):
    """A cell of inputs [N, in] whose state and outputs are [N, num_units]."""

    def __init__(
        self,
        num_units: int,
        activation_fn: Any,
        reuse: bool | None,
        name: str | None,
        dtype: Any,
        **settings: Any,
    ):
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **settings)
        self._num_units = num_units
        self._activation = activation(activation_fn) if activation_fn else tf.tanh
        self.input_spec = InputSpec(ndim=2)

    @property
    def state_size(self) -> Any:
        """num_units."""
        return self._num_units

    @property
    def output_size(self) -> int:
        """num_units."""
        return self._num_units


class BasicRNNCell(NumberedCell):
    """activation(W [inputs, state] + b), the output and the next state."""

    def __init__(
        self,
        num_units: int,
        activation: Any = None,
        reuse: bool | None = None,
        name: str | None = None,
        dtype: Any = None,
        **settings: Any,
    ):
        super().__init__(num_units, activation, reuse, name, dtype, **settings)

    def build(self, inputs_shape: Any) -> None:
        """Makes "kernel" [in + num_units, num_units] and "bias"."""
        size = self._num_units
        self._kernel = self.add_variable("kernel", [width(inputs_shape) + size, size])
        self._bias = self.add_variable("bias", [size], initializer=v1.zeros_initializer())
        self.built = True

    def call(self, inputs: tf.Tensor, state: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:  # type: ignore[override]
        """Returns [N, num_units], twice."""
        output = self._activation(weighed([inputs, state], self._kernel, self._bias))
        return output, output


class GRUCell(NumberedCell):
    """The gated recurrent unit. Cho et al. 2014, arXiv:1406.1078."""

    def __init__(
        self,
        num_units: int,
        activation: Any = None,
        reuse: bool | None = None,
        kernel_initializer: Any = None,
        bias_initializer: Any = None,
        name: str | None = None,
        dtype: Any = None,
        **settings: Any,
    ):
        super().__init__(num_units, activation, reuse, name, dtype, **settings)
        self._kernel_initializer, self._bias_initializer = kernel_initializer, bias_initializer

    def build(self, inputs_shape: Any) -> None:
        """Makes a kernel and a bias of the gates (1 at first), and of the candidate (0 at first)."""
        size, joined = self._num_units, width(inputs_shape) + self._num_units
        self._gates = self._pair("gates", [joined, 2 * size], 1.0)
        self._candidate = self._pair("candidate", [joined, size], 0.0)
        self.built = True

    def call(self, inputs: tf.Tensor, state: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:  # type: ignore[override]
        """Returns [N, num_units], twice."""
        gates = tf.sigmoid(weighed([inputs, state], *self._gates))
        reset, update = tf.split(gates, 2, axis=1)
        candidate = self._activation(weighed([inputs, reset * state], *self._candidate))
        output = update * state + (1 - update) * candidate
        return output, output

    def _pair(self, part: str, shape: list[int], start: float) -> tuple[Any, Any]:
        bias_initializer = self._bias_initializer or v1.constant_initializer(start)
        kernel = self.add_variable(f"{part}/kernel", shape, initializer=self._kernel_initializer)
        return kernel, self.add_variable(f"{part}/bias", shape[1:], initializer=bias_initializer)


class BasicLSTMCell(NumberedCell):
    """The LSTM without clipping, projection and peepholes. Zaremba et al. 2014, arXiv:1409.2329."""

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        state_is_tuple: bool = True,
        activation: Any = None,
        reuse: bool | None = None,
        name: str | None = None,
        dtype: Any = None,
        **settings: Any,
    ):
        super().__init__(num_units, activation, reuse, name, dtype, **settings)
        self._forget_bias, self._state_is_tuple = forget_bias, state_is_tuple
        if not state_is_tuple:
            warn_of_joined_state(self)

    @property
    def state_size(self) -> Any:
        """LSTMStateTuple(num_units, num_units), or 2 * num_units where the state is no tuple."""
        return lstm_sizes(self._num_units, None, self._state_is_tuple)[0]

    def build(self, inputs_shape: Any) -> None:
        """Makes "kernel" [in + num_units, 4 * num_units] and "bias"."""
        size = self._num_units
        self._kernel = self.add_variable("kernel", [width(inputs_shape) + size, 4 * size])
        self._bias = self.add_variable("bias", [4 * size], initializer=v1.zeros_initializer())
        self.built = True

    def call(self, inputs: tf.Tensor, state: Any) -> tuple[tf.Tensor, Any]:  # type: ignore[override]
        """Returns [N, num_units] and the next state."""
        c, h = lstm_state(state, self._num_units, self._state_is_tuple)
        entry, new, forget, out = tf.split(weighed([inputs, h], self._kernel, self._bias), 4, axis=1)
        c, h = plain_lstm_step(c, entry, new, forget, out, self._forget_bias, self._activation)
        return h, next_lstm_state(c, h, self._state_is_tuple)


def plain_lstm_step(
    c: Any, entry: Any, new: Any, forget: Any, out: Any, forget_bias: Any, activation: Any
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the next c and h, [N, num_units] as all are; their tensors are called "Add_1" and "Mul_2"."""
    kept = tf.multiply(c, tf.sigmoid(tf.add(forget, forget_bias, name="Add")), name="Mul")
    c = tf.add(kept, tf.multiply(tf.sigmoid(entry), activation(new), name="Mul"), name="Add")
    return c, tf.multiply(activation(c), tf.sigmoid(out), name="Mul")


class LSTMCell(NumberedCell):
    """The LSTM with peepholes, clipping and a projection. Sak et al. 2014, arXiv:1402.1128."""

    def __init__(
        self,
        num_units: int,
        use_peepholes: bool = False,
        cell_clip: float | None = None,
        initializer: Any = None,
        num_proj: int | None = None,
        proj_clip: float | None = None,
        num_unit_shards: int | None = None,
        num_proj_shards: int | None = None,
        forget_bias: float = 1.0,
        state_is_tuple: bool = True,
        activation: Any = None,
        reuse: bool | None = None,
        name: str | None = None,
        dtype: Any = None,
        **settings: Any,
    ):
        super().__init__(num_units, activation, reuse, name, dtype, **settings)
        self._use_peepholes, self._initializer = use_peepholes, initializer
        self._cell_clip, self._proj_clip, self._num_proj = cell_clip, proj_clip, num_proj
        self._num_unit_shards, self._num_proj_shards = num_unit_shards, num_proj_shards
        self._forget_bias, self._state_is_tuple = forget_bias, state_is_tuple
        self._state_size, self._output_size = lstm_sizes(num_units, num_proj, state_is_tuple)
        if not state_is_tuple:
            warn_of_joined_state(self)

    @property
    def state_size(self) -> Any:
        """LSTMStateTuple(num_units, output_size), or their sum where the state is no tuple."""
        return self._state_size

    @property
    def output_size(self) -> int:
        """num_proj, or num_units where there is no projection."""
        return self._output_size

    def build(self, inputs_shape: Any) -> None:
        """Makes "kernel", "bias", and those of the peepholes and of the projection."""
        size = self._num_units
        joined = width(inputs_shape) + self._output_size
        self._kernel = self._weight("kernel", [joined, 4 * size], self._num_unit_shards)
        self._bias = self.add_variable("bias", [4 * size], initializer=v1.zeros_initializer())
        if self._use_peepholes:
            peepholes = [self._weight(f"w_{gate}_diag", [size]) for gate in "fio"]
            self._w_f_diag, self._w_i_diag, self._w_o_diag = peepholes
        if self._num_proj is not None:
            self._proj_kernel = self._weight(
                "projection/kernel", [size, self._num_proj], self._num_proj_shards
            )
        self.built = True

    def call(self, inputs: tf.Tensor, state: Any) -> tuple[tf.Tensor, Any]:  # type: ignore[override]
        """Returns [N, output_size] and the next state."""
        c, h = lstm_state(state, self._num_units, self._state_is_tuple)
        entry, new, forget, out = tf.split(weighed([inputs, h], self._kernel, self._bias), 4, axis=1)
        forget = forget + self._forget_bias
        if self._use_peepholes:
            forget, entry = forget + self._w_f_diag * c, entry + self._w_i_diag * c
        c = tf.sigmoid(forget) * c + tf.sigmoid(entry) * self._activation(new)
        c = self._clip(c)
        if self._use_peepholes:
            out = out + self._w_o_diag * c
        h = tf.sigmoid(out) * self._activation(c)
        if self._num_proj is not None:
            h = clipped(tf.matmul(h, self._proj_kernel), self._proj_clip)
        return h, next_lstm_state(c, h, self._state_is_tuple)

    def _clip(self, memory: tf.Tensor) -> tf.Tensor:
        return clipped(memory, self._cell_clip)

    def _weight(self, name: str, shape: list[int], shards: int | None = None) -> Any:
        parts = None if shards is None else v1.fixed_size_partitioner(shards)
        return self.add_variable(name, shape, initializer=self._initializer, partitioner=parts)
