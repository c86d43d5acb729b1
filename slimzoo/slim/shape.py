"""Layers without weights on shapes and values: flatten, softmax, one_hot_encoding, dropout."""

import math
import numbers
from typing import Any

import tensorflow as tf

from slimzoo.slim.arg_scope import add_arg_scope
from slimzoo.slim.hosting import HOST
from slimzoo.slim.layer_core import layer_scope, model_getter, name_update_ops, op_scope, own_ops, rank_advice
from slimzoo.slim.types import Collections, Flag, Scope, Shape, TensorLike
from slimzoo.slim.utils import collect_named_outputs, constant_value, last_dimension, smart_cond


@add_arg_scope
def flatten(
    inputs: TensorLike, outputs_collections: Collections | None = None, scope: str | None = None
) -> tf.Tensor:
    """Returns `inputs` [N, ...] as [N, everything else].

    Raises: ValueError: the rank is unknown or 0.
    """
    with op_scope("flatten", scope, "Flatten", inputs) as (name, inputs):
        rank = inputs.shape.rank
        if rank is None or rank < 1:
            raise ValueError(
                f"flatten takes inputs of known rank, 1 or more, not {rank}: shape {inputs.shape}; "
                f"{rank_advice(inputs, 1)}"
            )
        batch, *rest = inputs.shape.as_list()
        size = None if None in rest else math.prod(rest)
        with tf.compat.v1.name_scope("flatten"):
            rows = batch if size is None else -1
            if rows is None:
                rows = tf.shape(inputs)[0]
            outputs = tf.reshape(inputs, [rows, -1 if size is None else size])
        outputs.set_shape([batch, size])
        name_update_ops()
        return collect_named_outputs(outputs_collections, name, outputs)


@add_arg_scope
def softmax(logits: TensorLike, scope: Scope | None = None) -> tf.Tensor:
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
def one_hot_encoding(
    labels: TensorLike,
    num_classes: int,
    on_value: float = 1.0,
    off_value: float = 0.0,
    outputs_collections: Collections | None = None,
    scope: str | None = None,
) -> tf.Tensor:
    """Returns integer `labels` [N] as [N, num_classes], `on_value` at the label and `off_value` elsewhere."""
    with op_scope("one_hot_encoding", scope, "OneHotEncoding", labels) as (name, labels):
        if labels.dtype == tf.int32:
            labels = tf.cast(labels, tf.int64)
        outputs = tf.one_hot(labels, num_classes, on_value=on_value, off_value=off_value)
        return collect_named_outputs(outputs_collections, name, outputs)


@add_arg_scope
def dropout(
    inputs: TensorLike,
    keep_prob: float | tf.Tensor = 0.5,
    noise_shape: Shape | tf.Tensor | None = None,
    is_training: Flag = True,
    outputs_collections: Collections | None = None,
    scope: Scope | None = None,
    seed: int | None = None,
) -> tf.Tensor:
    """Sets values of `inputs` to 0 with probability 1 - keep_prob and divides the others by keep_prob.

    Args:
      keep_prob: above 0, at most 1.
      noise_shape: the shape of the random numbers, broadcast to `inputs`; None: that of `inputs`, also in it.
      is_training: a bool or a bool tensor; False hands `inputs` back.
      seed: of the random numbers in a graph; inside a Model they follow the Model's own seed.

    Raises: ValueError: a keep_prob out of its range, or inputs that are no floats.
    """
    if isinstance(keep_prob, numbers.Real) and not 0 < float(keep_prob) <= 1:
        raise ValueError(
            f"dropout: keep_prob is {keep_prob}; it must be above 0 and at most 1 (a rate of 0.2 is 0.8)"
        )
    with layer_scope("dropout", scope, "Dropout", inputs, getter=model_getter()) as (layer, inputs):
        name = (
            "dropout" if constant_value(is_training) is None else "dropout_1"
        )  # as TensorFlow 1.15 named it

        def dropped() -> tf.Tensor:
            host = HOST.get()
            if host is None:
                return drop(inputs, keep_prob, noise_shape, seed, name)
            return tf.nn.experimental.stateless_dropout(
                inputs, rate=1 - keep_prob, seed=host.random_seed(), noise_shape=noise_shape
            )

        with own_ops(layer):
            outputs = smart_cond(is_training, dropped, lambda: tf.identity(inputs))
        name_update_ops()
        return collect_named_outputs(outputs_collections, layer.name, outputs)


def drop(
    inputs: tf.Tensor,
    keep_prob: float | tf.Tensor,
    noise_shape: Shape | tf.Tensor | None,
    seed: int | None,
    name: str,
) -> tf.Tensor:
    """Returns what tf.nn.dropout was in TensorFlow 1.15, its names included; today it selects."""
    if isinstance(keep_prob, numbers.Real) and keep_prob == 1:
        return inputs
    with tf.compat.v1.name_scope(name):
        if not inputs.dtype.is_floating:
            raise ValueError(
                "x has to be a floating point tensor since it's going to be scaled. "
                f"Got {inputs.dtype.name}: cast it"
            )
        rate = tf.convert_to_tensor(1 - keep_prob, inputs.dtype, name="rate")
        kept = tf.random.uniform(_noise_shape(inputs, noise_shape), seed=seed, dtype=inputs.dtype) >= rate
        outputs = inputs * (1 / (1 - rate)) * tf.cast(kept, inputs.dtype)
        outputs.set_shape(inputs.shape)
        return outputs


def _noise_shape(inputs: tf.Tensor, noise_shape: Shape | tf.Tensor | None) -> Any:
    if noise_shape is None or tf.is_tensor(noise_shape):
        return tf.shape(inputs) if noise_shape is None else noise_shape
    sizes = tf.TensorShape(noise_shape).as_list()
    return [tf.shape(inputs)[i] if size is None else size for i, size in enumerate(sizes)]


def inner_flatten(
    inputs: TensorLike | tf.SparseTensor,
    new_rank: int,
    output_collections: Collections | None = None,
    scope: str | None = None,
) -> tf.Tensor | tf.SparseTensor:
    """Returns `inputs` with its last dimensions made one, so that `new_rank` dimensions are left.

    Args:
      inputs: a tensor or a SparseTensor of known rank.

    Raises: ValueError: an unknown rank, or one below `new_rank`.
    """
    with tf.compat.v1.name_scope(scope, "InnerFlatten", [inputs, new_rank]) as name:
        if isinstance(inputs, tf.SparseTensor):
            sizes = tf.concat(
                [inputs.dense_shape[: new_rank - 1], [tf.reduce_prod(inputs.dense_shape[new_rank - 1 :])]], 0
            )
            _check_new_rank("Inputs", inputs.dense_shape.shape[0], new_rank)
            return collect_named_outputs(output_collections, name, tf.sparse.reshape(inputs, sizes))
        inputs = tf.convert_to_tensor(inputs)
        _check_new_rank("inputs", inputs.shape.rank, new_rank)
        outer, inner = inputs.shape[: new_rank - 1].as_list(), inputs.shape[new_rank - 1 :].as_list()
        outputs = tf.reshape(inputs, tf.concat([tf.shape(inputs)[: new_rank - 1], [-1]], 0))
        outputs.set_shape([*outer, None if None in inner else math.prod(inner)])
        return collect_named_outputs(output_collections, name, outputs)


def _check_new_rank(name: str, rank: int | None, new_rank: int) -> None:
    if rank is None or rank < new_rank:
        raise ValueError(f"{name} has rank less than new_rank: {rank} instead of {new_rank} or more")
