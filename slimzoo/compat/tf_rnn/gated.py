"""Cells of tf.contrib.rnn with other gates: normalized, coupled, grouped, UGRNN, NAS."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from slimzoo.compat.tf_layers.base import v1
from slimzoo.compat.tf_rnn.base import (
    LayerRNNCell,
    LSTMStateTuple,
    RNNCell,
    clipped,
    lstm_sizes,
    lstm_state,
    next_lstm_state,
    warn_of_joined_state,
    width,
)
from slimzoo.compat.tf_rnn.projections import ProductCell
from slimzoo.slim.shape import drop

Activation = Callable[[tf.Tensor], tf.Tensor]


def normalized(values: tf.Tensor, scope: str, gain: float, shift: float) -> tf.Tensor:
    """Returns layer norm of [N, size], with the variables "gamma" and "beta" in `scope`."""
    size, dtype = values.shape.as_list()[-1:], values.dtype
    with v1.variable_scope(scope):
        gamma = v1.get_variable("gamma", size, dtype, v1.constant_initializer(gain))
        beta = v1.get_variable("beta", size, dtype, v1.constant_initializer(shift))
    mean, variance = tf.nn.moments(values, [1], keepdims=True)
    return tf.nn.batch_normalization(values, mean, variance, beta, gamma, 1e-12)


def in_shards(name: str, shape: list[int], dtype: Any, shards: int) -> tf.Tensor:
    """Returns the variables "<name>_0", "<name>_1", ... one above the other."""
    if shards > shape[0]:
        raise ValueError(f"Too many shards: shape={shape}, num_shards={shards}; there may be {shape[0]}")
    rows = [shape[0] // shards + (number < shape[0] % shards) for number in range(shards)]
    parts = [v1.get_variable(f"{name}_{i}", [n, *shape[1:]], dtype) for i, n in enumerate(rows)]
    return parts[0] if shards == 1 else tf.concat(parts, 0)


class SizedCell(RNNCell):
    """A cell that makes its variables as it runs, with sizes that it was given."""

    def __init__(self, state_size: Any, output_size: Any, **settings: Any):
        super().__init__(**settings)
        self._state_size, self._output_size = state_size, output_size

    @property
    def state_size(self) -> Any:
        """As the class says."""
        return self._state_size

    @property
    def output_size(self) -> Any:
        """As the class says."""
        return self._output_size


class SizedProductCell(SizedCell, ProductCell):
    """Such a cell that is made of products."""


class LayerNormBasicLSTMCell(SizedCell):
    """The LSTM with layer norm at its gates, and dropout of what is new. Ba 2016, Semeniuta 2016."""

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        input_size: Any = None,
        activation: Activation = tf.tanh,
        layer_norm: bool = True,
        norm_gain: float = 1.0,
        norm_shift: float = 0.0,
        dropout_keep_prob: Any = 1.0,
        dropout_prob_seed: int | None = None,
        reuse: bool | None = None,
    ):
        super().__init__(*lstm_sizes(num_units), _reuse=reuse)
        del input_size
        self._num_units, self._forget_bias, self._activation = num_units, forget_bias, activation
        self._layer_norm, self._norm = layer_norm, (norm_gain, norm_shift)
        self._keep_prob, self._seed = dropout_keep_prob, dropout_prob_seed

    def call(self, inputs: tf.Tensor, state: Any) -> Any:  # type: ignore[override]
        """Returns [N, num_units] and the next state."""
        c, h = state
        joined = tf.concat([inputs, h], 1)
        gates = tf.matmul(
            joined, self._variable("kernel", [width(joined.shape), 4 * self._num_units], joined)
        )
        if not self._layer_norm:
            gates = tf.nn.bias_add(gates, self._variable("bias", [4 * self._num_units], joined))
        parts = tf.split(gates, 4, axis=1)
        if self._layer_norm:
            names = ("input", "transform", "forget", "output")
            parts = [normalized(part, name, *self._norm) for part, name in zip(parts, names, strict=True)]
        entry, new, forget, out = parts
        new = self._activation(new)
        if not isinstance(self._keep_prob, float) or self._keep_prob < 1:
            new = drop(new, self._keep_prob, None, self._seed, "dropout")
        c = c * tf.sigmoid(forget + self._forget_bias) + tf.sigmoid(entry) * new
        if self._layer_norm:
            c = normalized(c, "state", *self._norm)
        h = self._activation(c) * tf.sigmoid(out)
        return h, LSTMStateTuple(c, h)

    def _variable(self, name: str, shape: list[int], like: tf.Tensor) -> Any:
        return v1.get_variable(name, shape, like.dtype)


class CoupledInputForgetGateLSTMCell(SizedCell):
    """The LSTM whose memory takes what it does not keep. Greff et al. 2015, arXiv:1503.04069."""

    def __init__(
        self,
        num_units: int,
        use_peepholes: bool = False,
        initializer: Any = None,
        num_proj: int | None = None,
        proj_clip: float | None = None,
        num_unit_shards: int = 1,
        num_proj_shards: int = 1,
        forget_bias: float = 1.0,
        state_is_tuple: bool = True,
        activation: Activation = tf.tanh,
        reuse: bool | None = None,
        layer_norm: bool = False,
        norm_gain: float = 1.0,
        norm_shift: float = 0.0,
    ):
        super().__init__(*lstm_sizes(num_units, num_proj, state_is_tuple), _reuse=reuse)
        del initializer  # TensorFlow 1.15 did not use it
        if not state_is_tuple:
            warn_of_joined_state(self)
        self._num_units, self._use_peepholes, self._activation = num_units, use_peepholes, activation
        self._num_proj, self._proj_clip, self._state_is_tuple = num_proj, proj_clip, state_is_tuple
        self._shards, self._forget_bias = (num_unit_shards, num_proj_shards), forget_bias
        self._layer_norm, self._norm = layer_norm, (norm_gain, norm_shift)

    def call(self, inputs: tf.Tensor, state: Any) -> Any:  # type: ignore[override]
        """Returns [N, output_size] and the next state."""
        c, h = lstm_state(state, self._num_units, self._state_is_tuple)
        new, forget, out = self._gates(tf.concat([inputs, h], 1))
        dtype = inputs.dtype
        of_forget, of_out = (
            [v1.get_variable(f"W_{gate}_diag", [self._num_units], dtype) for gate in "FO"]
            if self._use_peepholes
            else (0.0, 0.0)
        )
        kept = tf.sigmoid(forget + self._forget_bias + of_forget * c)
        c = kept * c + (1 - kept) * self._activation(new)
        if self._layer_norm:
            c = normalized(c, "state", *self._norm)
        h = tf.sigmoid(out + of_out * c) * self._activation(c)
        if self._num_proj is not None:
            projection = in_shards("W_P", [self._num_units, self._num_proj], dtype, self._shards[1])
            h = clipped(tf.matmul(h, projection), self._proj_clip)
        return h, next_lstm_state(c, h, self._state_is_tuple)

    def _gates(self, joined: tf.Tensor) -> list[tf.Tensor]:
        shape = [width(joined.shape), 3 * self._num_units]
        kernel = in_shards("W", shape, joined.dtype, self._shards[0])
        bias = v1.get_variable("B", shape[1:], joined.dtype, v1.zeros_initializer())
        product = tf.matmul(joined, kernel)
        if not self._layer_norm:
            return tf.split(tf.nn.bias_add(product, bias), 3, axis=1)
        names = ("transform", "forget", "output")
        parts = zip(tf.split(product, 3, axis=1), names, strict=True)
        return [normalized(part, name, *self._norm) for part, name in parts]


class UGRNNCell(SizedProductCell):
    """The update gate RNN. Collins et al. 2016, arXiv:1611.09913."""

    def __init__(
        self,
        num_units: int,
        initializer: Any = None,
        forget_bias: float = 1.0,
        activation: Activation = tf.tanh,
        reuse: bool | None = None,
    ):
        super().__init__(num_units, num_units, _reuse=reuse)
        self._num_units, self._initializer = num_units, initializer
        self._forget_bias, self._activation = forget_bias, activation

    def call(self, inputs: tf.Tensor, state: tf.Tensor) -> Any:  # type: ignore[override]
        """Returns [N, num_units], twice."""
        width(inputs.shape)
        with v1.variable_scope(v1.get_variable_scope(), initializer=self._initializer):
            product = self.product("gates", tf.concat([inputs, state], 1), 2 * self._num_units)
        gate, new = tf.split(product, 2, axis=1)
        kept = tf.sigmoid(gate + self._forget_bias)
        state = kept * state + (1.0 - kept) * self._activation(new)
        return state, state


class IntersectionRNNCell(SizedProductCell):
    """The +RNN: a gate for the state, and one for the depth. Collins et al. 2016, arXiv:1611.09913.

    Inputs are [N, num_units], or of any size where num_in_proj says num_units.
    """

    def __init__(
        self,
        num_units: int,
        num_in_proj: int | None = None,
        initializer: Any = None,
        forget_bias: float = 1.0,
        y_activation: Activation = tf.nn.relu,
        reuse: bool | None = None,
    ):
        super().__init__(num_units, num_units, _reuse=reuse)
        self._num_units, self._num_in_proj, self._initializer = num_units, num_in_proj, initializer
        self._forget_bias, self._y_activation = forget_bias, y_activation

    def call(self, inputs: tf.Tensor, state: tf.Tensor) -> Any:  # type: ignore[override]
        """Returns outputs and state [N, num_units]."""
        with v1.variable_scope(v1.get_variable_scope(), initializer=self._initializer):
            inputs = self._fitting(inputs)
            product = self.product("gates", tf.concat([inputs, state], 1), 4 * self._num_units)
        state_gate, new_state, depth_gate, new_output = tf.split(product, 4, axis=1)
        kept = tf.sigmoid(state_gate + self._forget_bias)
        passed = tf.sigmoid(depth_gate + self._forget_bias)
        state = kept * state + (1.0 - kept) * tf.tanh(new_state)
        return passed * inputs + (1.0 - passed) * self._y_activation(new_output), state

    def _fitting(self, inputs: tf.Tensor) -> tf.Tensor:
        if width(inputs.shape) == self._num_units:
            return inputs
        if not self._num_in_proj:
            raise ValueError(
                "Must have input size == output size for Intersection RNN. "
                "To fix, num_in_proj should be set to num_units at cell init."
            )
        with v1.variable_scope("in_projection"):
            return self.product("in", inputs, self._num_units)


class GLSTMCell(SizedProductCell):
    """The LSTM whose gates are products of groups. Kuchaiev and Ginsburg 2017, arXiv:1703.10722."""

    def __init__(
        self,
        num_units: int,
        initializer: Any = None,
        num_proj: int | None = None,
        number_of_groups: int = 1,
        forget_bias: float = 1.0,
        activation: Activation = tf.tanh,
        reuse: bool | None = None,
    ):
        super().__init__(*lstm_sizes(num_units, num_proj), _reuse=reuse)
        for name, size in (("num_units", num_units), ("num_proj", num_proj or 0)):
            if size % number_of_groups:
                raise ValueError(f"{name} must be divisible by number_of_groups: {size}, {number_of_groups}")
        self._num_units, self._num_proj, self._groups = num_units, num_proj, number_of_groups
        self._initializer, self._forget_bias, self._activation = initializer, forget_bias, activation

    def call(self, inputs: tf.Tensor, state: Any) -> Any:  # type: ignore[override]
        """Returns [N, output_size] and the next state."""
        c, h = state
        if width(inputs.shape) % self._groups:
            raise ValueError(
                f"input size ({width(inputs.shape)}) must be divisible by number_of_groups ({self._groups})"
            )
        with v1.variable_scope(v1.get_variable_scope(), initializer=self._initializer):
            entry, new, forget, out = self._gates(inputs, h)
        c = tf.sigmoid(forget + self._forget_bias) * c + tf.sigmoid(entry) * tf.tanh(new)
        h = tf.sigmoid(out) * self._activation(c)
        if self._num_proj is not None:
            with v1.variable_scope("projection"):
                h = self.product("projection", h, self._num_proj, bias=False)
        return h, LSTMStateTuple(c, h)

    def _gates(self, inputs: tf.Tensor, h: tf.Tensor) -> list[tf.Tensor]:
        by_group = []
        pairs = zip(tf.split(inputs, self._groups, 1), tf.split(h, self._groups, 1), strict=True)
        for number, pair in enumerate(pairs):
            with v1.variable_scope(f"group{number}"):
                size = 4 * (self._num_units // self._groups)
                product = self.product(number, tf.concat(pair, 1), size, bias=False)
                by_group.append(tf.split(product, 4, axis=1))
        zeros = v1.constant_initializer(0.0)
        biases = [v1.get_variable(f"bias_{g}", [self._num_units], inputs.dtype, zeros) for g in "ijfo"]
        gates = [tf.concat(parts, 1) for parts in zip(*by_group, strict=True)]
        return [tf.nn.bias_add(gate, bias) for gate, bias in zip(gates, biases, strict=True)]


class NASCell(LayerRNNCell):
    """The cell that a search found. Zoph and Le 2016, arXiv:1611.01578."""

    def __init__(
        self,
        num_units: int,
        num_proj: int | None = None,
        use_bias: bool = False,
        reuse: bool | None = None,
        **settings: Any,
    ):
        super().__init__(_reuse=reuse, **settings)
        self._num_units, self._num_proj, self._use_bias = num_units, num_proj, use_bias
        self._state_size, self._output_size = lstm_sizes(num_units, num_proj)

    @property
    def state_size(self) -> LSTMStateTuple:
        """LSTMStateTuple(num_units, output_size)."""
        return self._state_size

    @property
    def output_size(self) -> int:
        """num_proj, or num_units where there is no projection."""
        return self._output_size

    def build(self, inputs_shape: Any) -> None:
        """Makes "recurrent_kernel", "kernel", and as asked "bias" and "projection_weights"."""
        gates = 8 * self._num_units
        self.recurrent_kernel = self.add_variable("recurrent_kernel", [self._output_size, gates])
        self.kernel = self.add_variable("kernel", [width(inputs_shape), gates])
        if self._use_bias:
            self.bias = self.add_variable("bias", [gates], initializer=v1.zeros_initializer())
        if self._num_proj is not None:
            shape = [self._num_units, self._num_proj]
            self.projection_weights = self.add_variable("projection_weights", shape)
        self.built = True

    def call(self, inputs: tf.Tensor, state: Any) -> Any:  # type: ignore[override]
        """Returns [N, output_size] and the next state."""
        c, h = state
        recurrent = tf.matmul(h, self.recurrent_kernel)
        if self._use_bias:
            recurrent = tf.nn.bias_add(recurrent, self.bias)
        of_state = tf.split(recurrent, 8, axis=1)
        of_input = tf.split(tf.matmul(inputs, self.kernel), 8, axis=1)
        joined = [of_input[i] * of_state[i] if i == 3 else of_input[i] + of_state[i] for i in range(8)]
        functions = (tf.sigmoid, tf.nn.relu, tf.sigmoid, tf.nn.relu, tf.tanh, tf.sigmoid, tf.tanh, tf.sigmoid)
        a = [function(value) for function, value in zip(functions, joined, strict=True)]
        c = tf.tanh(tf.tanh(a[0] * a[1]) + c) * tf.tanh(a[2] + a[3])
        h = tf.tanh(c * tf.tanh(tf.tanh(a[4] * a[5]) + tf.sigmoid(a[6] + a[7])))
        if self._num_proj is not None:
            h = tf.matmul(h, self.projection_weights)
        return h, LSTMStateTuple(c, h)
