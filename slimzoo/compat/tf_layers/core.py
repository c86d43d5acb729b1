"""Dense, Dropout and Flatten of tf.layers."""

from typing import Any

import tensorflow as tf

from slimzoo.compat.tf_layers.base import InputSpec, Layer, activation, v1
from slimzoo.compat.tf_layers.functions import as_function
from slimzoo.slim.shape import drop
from slimzoo.slim.utils import last_dimension, smart_cond

ZEROS = v1.zeros_initializer()


class Dense(Layer):
    """Multiplies the last dimension by the variable "kernel" [in, units] and adds "bias"."""

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = None,
        bias_initializer: Any = ZEROS,
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        trainable: bool = True,
        name: str | None = None,
        **settings: Any,
    ):
        super().__init__(trainable, name, activity_regularizer=activity_regularizer, **settings)
        self.units, self.activation, self.use_bias = int(units), activation, use_bias
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer
        self.kernel_regularizer, self.bias_regularizer = kernel_regularizer, bias_regularizer
        self.kernel_constraint, self.bias_constraint = kernel_constraint, bias_constraint
        self.input_spec = InputSpec(min_ndim=2)
        self.kernel = self.bias = None

    def build(self, input_shape: tf.TensorShape) -> None:
        """Makes "kernel" and "bias"."""
        channels = last_dimension(input_shape, min_rank=2)
        self.input_spec = InputSpec(min_ndim=2, axes={-1: channels})
        make_kernel_and_bias(self, [channels, self.units], self.units)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Returns [N, ..., units]."""
        if inputs.shape.rank == 2:
            outputs = tf.matmul(inputs, self.kernel)
        else:
            outputs = tf.tensordot(inputs, self.kernel, [[inputs.shape.rank - 1], [0]])
            outputs.set_shape([*inputs.shape.as_list()[:-1], self.units])
        if self.use_bias:
            outputs = tf.nn.bias_add(outputs, self.bias)
        return activated(self, outputs)


class Dropout(Layer):
    """Sets values to 0 with probability `rate` in training and divides the others by 1 - rate."""

    def __init__(
        self,
        rate: float = 0.5,
        noise_shape: Any = None,
        seed: int | None = None,
        name: str | None = None,
        **settings: Any,
    ):
        super().__init__(name=name, **settings)
        self.rate, self.noise_shape, self.seed = rate, noise_shape, seed

    def call(self, inputs: tf.Tensor, training: Any = False) -> tf.Tensor:
        """Returns `inputs`, in part dropped; `training` is a bool or a bool tensor."""
        return smart_cond(
            training,
            lambda: drop(inputs, 1 - self.rate, self.noise_shape, self.seed, "dropout"),
            lambda: tf.identity(inputs),
        )


class Flatten(Layer):
    """Makes one dimension of all but the first."""

    def __init__(self, data_format: str = "channels_last", name: str | None = None, **settings: Any):
        super().__init__(name=name, **settings)
        self.data_format = data_format
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Returns [N, everything else], the channels last."""
        rank = inputs.shape.rank
        if self.data_format == "channels_first" and rank is not None and rank > 1:
            inputs = tf.transpose(inputs, [0, *range(2, rank), 1])
        batch, *rest = inputs.shape.as_list()
        size = None if None in rest else tf.TensorShape(rest).num_elements()
        rows = batch if size is None and batch is not None else tf.shape(inputs)[0] if size is None else -1
        outputs = tf.reshape(inputs, [rows, -1 if size is None else size])
        outputs.set_shape([batch, size])
        return outputs


def make_kernel_and_bias(layer: Any, kernel_shape: list[int], outputs: int) -> None:
    """Makes the variables "kernel" and, where the layer uses it, "bias"."""
    layer.kernel = layer.add_weight(
        "kernel",
        kernel_shape,
        initializer=layer.kernel_initializer,
        regularizer=layer.kernel_regularizer,
        constraint=layer.kernel_constraint,
    )
    make_bias(layer, outputs)


def make_bias(layer: Any, outputs: int) -> None:
    """Makes the variable "bias", where the layer uses it."""
    if layer.use_bias:
        layer.bias = layer.add_weight(
            "bias",
            [outputs],
            initializer=layer.bias_initializer,
            regularizer=layer.bias_regularizer,
            constraint=layer.bias_constraint,
        )


def activated(layer: Any, outputs: tf.Tensor) -> tf.Tensor:
    """Returns `outputs` activated, where the layer has an activation."""
    function = activation(layer.activation)
    return outputs if function is None else function(outputs)


dense = as_function(Dense, "dense")


def dropout(
    inputs: Any,
    rate: float = 0.5,
    noise_shape: Any = None,
    seed: int | None = None,
    training: Any = False,
    name: str | None = None,
) -> tf.Tensor:
    """Dropout, made, named and called at once."""
    return Dropout(rate, noise_shape, seed, name)(inputs, training=training)


def flatten(inputs: Any, name: str | None = None, data_format: str = "channels_last") -> tf.Tensor:
    """Flatten, made, named and called at once."""
    return Flatten(data_format, name)(inputs)
