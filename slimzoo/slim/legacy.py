"""The oldest fully connected layer: its bias is called "bias", and its collections are its own."""

import functools

import tensorflow as tf

from slimzoo.slim.conv import XAVIER, ZEROS
from slimzoo.slim.hosting import HOST
from slimzoo.slim.layer_core import layer_scope
from slimzoo.slim.reuse import explained_reuse
from slimzoo.slim.types import Activation, Collections, Initializer, Regularizer, Scope, TensorLike
from slimzoo.slim.variables import OnePenalty, as_list

KEYS = tf.compat.v1.GraphKeys


def legacy_fully_connected(
    x: TensorLike,
    num_output_units: int,
    activation_fn: Activation | None = None,
    weight_init: Initializer = XAVIER,
    bias_init: Initializer | None = ZEROS,
    name: Scope | None = None,
    weight_collections: Collections = (KEYS.WEIGHTS,),
    bias_collections: Collections = (KEYS.BIASES,),
    output_collections: Collections = (KEYS.ACTIVATIONS,),
    trainable: bool = True,
    weight_regularizer: Regularizer | None = None,
    bias_regularizer: Regularizer | None = None,
) -> tf.Tensor:
    """Multiplies the last dimension of `x` by the variable "weights" [in, num_output_units] and adds "bias".

    Args:
      x: [N, ..., in], of rank 2 or more.
      bias_init: None: no bias.
      name: of the variables' scope; default "fully_connected".

    Returns: [N, ..., num_output_units].
    Raises: ValueError: the rank of `x` is below 2, or its last dimension unknown.
    """
    with layer_scope("legacy_fully_connected", name, "fully_connected", x) as (_, x):
        units = _inputs(x)

        def made(
            name: str,
            shape: list[int],
            initializer: Initializer,
            collections: Collections,
            regularizer: Regularizer | None,
        ) -> tf.Variable:
            if regularizer is not None and HOST.get() is None:
                regularizer = OnePenalty(regularizer)
            with explained_reuse():
                return tf.compat.v1.get_variable(
                    name,
                    shape=shape,
                    dtype=x.dtype,
                    initializer=initializer,
                    collections=[*as_list(collections), KEYS.GLOBAL_VARIABLES],
                    regularizer=regularizer,
                    trainable=trainable,
                )

        shape = [units, num_output_units]
        weights = made("weights", shape, weight_init, weight_collections, weight_regularizer)
        rows = x if x.shape.rank == 2 else tf.reshape(x, [-1, units])
        outputs = tf.matmul(rows, weights)
        if bias_init is not None:
            bias = made("bias", [num_output_units], bias_init, bias_collections, bias_regularizer)
            outputs = tf.nn.bias_add(outputs, bias)
        if x.shape.rank > 2:
            outputs = tf.reshape(outputs, tf.stack([*tf.unstack(tf.shape(x))[:-1], num_output_units]))
            outputs.set_shape([*x.shape.as_list()[:-1], num_output_units])
        outputs = outputs if activation_fn is None else activation_fn(outputs)
        tf.compat.v1.add_to_collections(as_list(output_collections), outputs)
        return outputs


def _inputs(x: tf.Tensor) -> int:
    """Returns the last dimension of `x`, or raises ValueError in the words old programs look for."""
    if x.shape.rank is None:
        raise ValueError("dims of x must be known but is None; call set_shape on x first")
    if x.shape.rank < 2:
        raise ValueError(f"rank of x must be at least 2 not: {x.shape.rank}, of shape {x.shape}")
    units = x.shape.as_list()[-1]
    if units is None:
        raise ValueError(
            f"last dimension of x must be known but is None: shape {x.shape}; call set_shape on x first"
        )
    return units


legacy_linear = functools.partial(legacy_fully_connected, activation_fn=None)
legacy_relu = functools.partial(legacy_fully_connected, activation_fn=tf.nn.relu)
