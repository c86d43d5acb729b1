"""A convolution of every channel with the same kernel: conv2d_in_plane."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from slimzoo.slim.arg_scope import add_arg_scope
from slimzoo.slim.conv import XAVIER, ZEROS, convolve_depthwise
from slimzoo.slim.layer_core import check_padding, check_rank, finish, known_channels, layer_scope
from slimzoo.slim.types import (
    Activation,
    Collections,
    Initializer,
    Normalizer,
    Regularizer,
    Reuse,
    Scope,
    Size,
    TensorLike,
    VariableCollections,
)
from slimzoo.slim.utils import collect_named_outputs, get_variable_collections, two_element_tuple
from slimzoo.slim.variables import model_variable


@add_arg_scope
def convolution2d_in_plane(
    inputs: TensorLike,
    kernel_size: Size,
    stride: Size = 1,
    padding: str = "SAME",
    activation_fn: Activation | None = tf.nn.relu,
    normalizer_fn: Normalizer | None = None,
    normalizer_params: Mapping[str, Any] | None = None,
    weights_initializer: Initializer = XAVIER,
    weights_regularizer: Regularizer | None = None,
    biases_initializer: Initializer | None = ZEROS,
    biases_regularizer: Regularizer | None = None,
    reuse: Reuse | None = None,
    variables_collections: VariableCollections | None = None,
    outputs_collections: Collections | None = None,
    trainable: bool = True,
    scope: Scope | None = None,
) -> tf.Tensor:
    """Convolves each channel by itself with the same variable "weights" [height, width, 1, 1].

    Adds "biases", unless there is a normalizer or no biases_initializer, then normalises, then activates.

    Args:
      inputs: [N, H, W, C].
      kernel_size, stride: one int, or (height, width).
      padding: "SAME" or "VALID".
      normalizer_params: keyword arguments of normalizer_fn.
      variables_collections: a list, or a dict with lists for "weights" and "biases".
      scope: of the variables; default "ConvInPlane".

    Raises: ValueError: another rank or padding, or an unknown number of channels.
    """
    with layer_scope("conv2d_in_plane", scope, "ConvInPlane", inputs, reuse) as (layer, inputs):
        check_rank("conv2d_in_plane", inputs, 4)
        padding = check_padding(padding)
        channels = known_channels("conv2d_in_plane", inputs, "NHWC")

        def made(
            name: str, shape: list[int], initializer: Initializer, regularizer: Regularizer | None
        ) -> tf.Variable:
            return model_variable(
                name,
                shape=shape,
                dtype=inputs.dtype,
                initializer=initializer,
                regularizer=regularizer,
                collections=get_variable_collections(variables_collections, name),
                trainable=trainable,
            )

        shape = [*two_element_tuple(kernel_size), 1, 1]
        kernel = tf.tile(
            made("weights", shape, weights_initializer, weights_regularizer), [1, 1, channels, 1]
        )
        strides = [1, *two_element_tuple(stride), 1]
        outputs = convolve_depthwise(inputs, kernel, strides, padding, (1, 1), "NHWC")
        if normalizer_fn is None and biases_initializer is not None:
            biases = made("biases", [channels], biases_initializer, biases_regularizer)
            outputs = tf.nn.bias_add(outputs, biases)
        outputs = finish(outputs, normalizer_fn, normalizer_params, activation_fn)
        return collect_named_outputs(outputs_collections, layer.name, outputs)


conv2d_in_plane = convolution2d_in_plane
