"""The LSTM of tf.contrib.rnn whose products are convolutions. Shi et al. 2015, arXiv:1506.04214."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from slimzoo.compat.tf_layers.base import v1
from slimzoo.compat.tf_rnn.base import LSTMStateTuple
from slimzoo.compat.tf_rnn.gated import SizedCell


class ConvLSTMCell(SizedCell):
    """The LSTM of images, rows or volumes [N, ..., channels].

    Args:
      conv_ndims: 1 to 3, how many dimensions are convolved.
      input_shape: without the batch, with the channels.
      kernel_shape: conv_ndims numbers.
      skip_connection: whether the inputs are beside the outputs.
      initializers: not used, as in TensorFlow 1.15.
    """

    def __init__(
        self,
        conv_ndims: int,
        input_shape: Sequence[int],
        output_channels: int,
        kernel_shape: Sequence[int],
        use_bias: bool = True,
        skip_connection: bool = False,
        forget_bias: float = 1.0,
        initializers: Any = None,
        name: str = "conv_lstm_cell",
    ):
        if conv_ndims != len(input_shape) - 1:
            raise ValueError(
                f"Invalid input_shape {input_shape} for conv_ndims={conv_ndims}; it has the convolved sizes, "
                "then the channels"
            )
        del initializers
        sizes, channels = list(input_shape[:-1]), output_channels + skip_connection * input_shape[-1]
        state = tf.TensorShape([*sizes, output_channels])
        super().__init__(LSTMStateTuple(state, state), tf.TensorShape([*sizes, channels]), name=name)
        self._channels, self._kernel_shape, self._use_bias = output_channels, list(kernel_shape), use_bias
        self._skip_connection, self._forget_bias = skip_connection, forget_bias

    def call(self, inputs: tf.Tensor, state: Any, scope: Any = None) -> Any:  # type: ignore[override]
        """Returns [N, ..., channels] and the next state."""
        del scope
        c, h = state
        entry, new, forget, out = tf.split(self._convolved(tf.concat([inputs, h], -1)), 4, axis=-1)
        c = tf.sigmoid(forget + self._forget_bias) * c + tf.sigmoid(entry) * tf.tanh(new)
        h = tf.tanh(c) * tf.sigmoid(out)
        if self._skip_connection:
            h = tf.concat([h, inputs], -1)
        return h, LSTMStateTuple(c, h)

    def _convolved(self, joined: tf.Tensor) -> tf.Tensor:
        channels, dtype = 4 * self._channels, joined.dtype
        shape = [*self._kernel_shape, joined.shape.as_list()[-1], channels]
        outputs = tf.nn.convolution(joined, v1.get_variable("kernel", shape, dtype), padding="SAME")
        if not self._use_bias:
            return outputs
        return outputs + v1.get_variable("biases", [channels], dtype, v1.constant_initializer(0.0))


class Conv1DLSTMCell(ConvLSTMCell):
    """ConvLSTMCell of rows [N, length, channels]."""

    def __init__(self, name: str = "conv_1d_lstm_cell", **settings: Any):
        super().__init__(conv_ndims=1, name=name, **settings)


class Conv2DLSTMCell(ConvLSTMCell):
    """ConvLSTMCell of images [N, height, width, channels]."""

    def __init__(self, name: str = "conv_2d_lstm_cell", **settings: Any):
        super().__init__(conv_ndims=2, name=name, **settings)


class Conv3DLSTMCell(ConvLSTMCell):
    """ConvLSTMCell of volumes [N, depth, height, width, channels]."""

    def __init__(self, name: str = "conv_3d_lstm_cell", **settings: Any):
        super().__init__(conv_ndims=3, name=name, **settings)
