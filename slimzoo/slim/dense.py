"""Fully connected layers."""

import functools
import operator
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from slimzoo.slim.arg_scope import add_arg_scope
from slimzoo.slim.conv import XAVIER, ZEROS
from slimzoo.slim.layer_core import (
    RENAMED,
    finish,
    layer_biases,
    layer_scope,
    layer_variable,
    model_getter,
    name_update_ops,
    own_ops,
)
from slimzoo.slim.types import (
    Activation,
    Collections,
    Initializer,
    Normalizer,
    Regularizer,
    Reuse,
    Scope,
    TensorLike,
    VariableCollections,
)
from slimzoo.slim.utils import collect_named_outputs, last_dimension


@add_arg_scope
def fully_connected(
    inputs: TensorLike,
    num_outputs: int,
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
    """Multiplies the last dimension of `inputs` by the variable "weights" [in, num_outputs].

    Adds "biases", unless there is a normalizer or no biases_initializer, then normalises, then activates.

    Args:
      inputs: [N, ..., in], of rank 2 or more.
      normalizer_params: keyword arguments of normalizer_fn.
      variables_collections: a list, or a dict with lists for "weights" and "biases".
      scope: of the variables; default "fully_connected".

    Returns: [N, ..., num_outputs].
    Raises: ValueError: num_outputs is no int, the rank of `inputs` below 2, or its last dimension unknown.
    """
    num_outputs = _units(num_outputs)
    getter = model_getter(RENAMED)
    with layer_scope("fully_connected", scope, "fully_connected", inputs, reuse, getter) as (layer, inputs):
        settings = {"dtype": inputs.dtype, "trainable": trainable, "collections": variables_collections}
        with own_ops(layer):
            weights = layer_variable(
                layer,
                "weights",
                "kernel",
                shape=[last_dimension(inputs.shape, min_rank=2), num_outputs],
                initializer=weights_initializer,
                regularizer=weights_regularizer,
                **settings,
            )
            biases = layer_biases(
                layer, num_outputs, normalizer_fn, biases_initializer, biases_regularizer, **settings
            )
            outputs = _multiply(inputs, weights, num_outputs)
            if biases is not None:
                outputs = tf.nn.bias_add(outputs, biases)
        name_update_ops()
        outputs = finish(outputs, normalizer_fn, normalizer_params, activation_fn)
        return collect_named_outputs(outputs_collections, layer.name, outputs)


def _multiply(inputs: tf.Tensor, weights: tf.Tensor, num_outputs: int) -> tf.Tensor:
    if inputs.shape.rank == 2:
        return tf.matmul(inputs, weights)
    outputs = tf.tensordot(inputs, weights, [[inputs.shape.rank - 1], [0]])
    outputs.set_shape([*inputs.shape.as_list()[:-1], num_outputs])
    return outputs


def _units(num_outputs: Any) -> int:
    try:
        return operator.index(num_outputs)
    except TypeError:
        raise ValueError(f"num_outputs type should be one of int, got {num_outputs!r}") from None


elu = functools.partial(fully_connected, activation_fn=tf.nn.elu)
linear = functools.partial(fully_connected, activation_fn=None)
relu = functools.partial(fully_connected, activation_fn=tf.nn.relu)
relu6 = functools.partial(fully_connected, activation_fn=tf.nn.relu6)
