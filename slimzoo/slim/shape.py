"""Layers without weights on shapes and values: flatten, softmax, one_hot_encoding, dropout."""

import math

import tensorflow as tf

from slimzoo.slim.arg_scope import add_arg_scope
from slimzoo.slim.hosting import HOST
from slimzoo.slim.layering import layer_scope, model_getter, op_scope, own_ops
from slimzoo.slim.utils import collect_named_outputs, last_dimension, smart_cond


@add_arg_scope
def flatten(inputs, outputs_collections=None, scope=None):
    """Returns `inputs` [N, ...] as [N, everything else].

    Raises: ValueError: the rank is unknown or 0.
    """
    with op_scope("flatten", scope, "Flatten", inputs) as (name, inputs):
        rank = inputs.shape.rank
        if rank is None or rank < 1:
            raise ValueError(
                f"flatten takes inputs of known rank, 1 or more, not {rank}: shape {inputs.shape}"
            )
        batch, *rest = inputs.shape.as_list()
        size = None if None in rest else math.prod(rest)
        with tf.compat.v1.name_scope("flatten"):
            rows = batch if size is None else -1
            if rows is None:
                rows = tf.shape(inputs)[0]
            outputs = tf.reshape(inputs, [rows, -1 if size is None else size])
        outputs.set_shape([batch, size])
        return collect_named_outputs(outputs_collections, name, outputs)


@add_arg_scope
def softmax(logits, scope=None):
    """Returns the softmax over the last dimension of `logits`, whose size must be known.

    Raises: ValueError: the rank is below 2 or the last dimension unknown.
    """
    with layer_scope("softmax", scope, "softmax", logits) as (_, logits):
        classes = last_dimension(logits.shape, min_rank=2)
        rows = tf.nn.softmax(tf.reshape(logits, [-1, classes]))
        predictions = tf.reshape(rows, tf.shape(logits))
        predictions.set_shape(logits.shape)
        return predictions


@add_arg_scope
def one_hot_encoding(labels, num_classes, on_value=1.0, off_value=0.0, outputs_collections=None, scope=None):
    """Returns integer `labels` [N] as [N, num_classes], `on_value` at the label and `off_value` elsewhere."""
    with op_scope("one_hot_encoding", scope, "OneHotEncoding", labels) as (name, labels):
        if labels.dtype == tf.int32:
            labels = tf.cast(labels, tf.int64)
        outputs = tf.one_hot(labels, num_classes, on_value=on_value, off_value=off_value)
        return collect_named_outputs(outputs_collections, name, outputs)


@add_arg_scope
def dropout(
    inputs, keep_prob=0.5, noise_shape=None, is_training=True, outputs_collections=None, scope=None, seed=None
):
    """Sets values of `inputs` to 0 with probability 1 - keep_prob and divides the others by keep_prob.

    Args:
      noise_shape: the shape of the random numbers, broadcast to `inputs`; None: that of `inputs`.
      is_training: a bool or a bool tensor; False hands `inputs` back.
      seed: of the random numbers in a graph; inside a Model they follow the Model's own seed.
    """
    with layer_scope("dropout", scope, "Dropout", inputs, getter=model_getter()) as (layer, inputs):

        def dropped():
            host = HOST.get()
            if host is None:
                return tf.nn.dropout(inputs, rate=1 - keep_prob, noise_shape=noise_shape, seed=seed)
            return tf.nn.experimental.stateless_dropout(
                inputs, rate=1 - keep_prob, seed=host.random_seed(), noise_shape=noise_shape
            )

        with own_ops(layer):
            outputs = smart_cond(is_training, dropped, lambda: tf.identity(inputs))
        return collect_named_outputs(outputs_collections, layer.name, outputs)
