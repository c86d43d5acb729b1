"""What the metrics written here share: their scope and variables, shapes that fit, the two collections."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

import tensorflow as tf

from slimzoo.slim.types import Collections, TensorLike

ValueAndUpdate: TypeAlias = tuple[tf.Tensor, tf.Tensor]  # the metric so far, what adds a batch to it
KEYS = tf.compat.v1.GraphKeys


@contextlib.contextmanager
def metric_scope(op_name: str, name: str | None, default_name: str, values: Sequence[Any]) -> Iterator[None]:
    """Enters the variable scope of a metric; RuntimeError outside a graph."""
    require_session(op_name)
    with tf.compat.v1.variable_scope(name, default_name, values):
        yield


def require_session(op_name: str) -> None:
    """Raises RuntimeError where a metric cannot accumulate: outside a graph."""
    if tf.executing_eagerly():
        raise RuntimeError(
            f"metrics.{op_name} is not supported when eager execution is enabled: its update op runs in a "
            "session. Use it inside `with tf.Graph().as_default():`, or a metric of tf.keras.metrics"
        )


def metric_variable(
    name: str, dimensions: Sequence[int], dtype: tf.DType = tf.float32, **settings: Any
) -> tf.Variable:
    """Makes a local variable of zeros to accumulate in; replicas add theirs up."""
    return tf.compat.v1.Variable(
        lambda: tf.zeros(dimensions, dtype),
        trainable=False,
        collections=[KEYS.LOCAL_VARIABLES, KEYS.METRIC_VARIABLES],
        synchronization=tf.VariableSynchronization.ON_READ,
        aggregation=tf.VariableAggregation.SUM,
        name=name,
        **settings,
    )


def added(variable: tf.Variable, amount: tf.Tensor) -> tf.Tensor:
    """Returns the value of `variable` after adding `amount`."""
    return tf.convert_to_tensor(tf.compat.v1.assign_add(variable, amount))


def published(
    value_and_update: Iterable[Any],
    metrics_collections: Collections | None,
    updates_collections: Collections | None,
) -> tuple[Any, Any]:
    """Lists both in their collections, if any; returns (value, update_op)."""
    value, update_op = value_and_update
    if metrics_collections:
        tf.compat.v1.add_to_collections(metrics_collections, value)
    if updates_collections:
        tf.compat.v1.add_to_collections(updates_collections, update_op)
    return value, update_op


def of_all_replicas(compute: Callable[..., tf.Tensor], *variables: Any) -> tf.Tensor:
    """Returns `compute(*variables)`, once for all replicas of a tf.distribute strategy."""
    return tf.distribute.get_replica_context().merge_call(lambda _, *merged: compute(*merged), args=variables)


def squeezed(predictions: Any, labels: Any = None, weights: Any = None) -> tuple[Any, Any, Any]:
    """Returns the three as tensors of equal rank, a last dimension of 1 taken away or, in weights, added.

    Raises: ValueError: shapes of predictions and labels that differ.
    """
    predictions = tf.convert_to_tensor(predictions)
    if labels is not None:
        labels = tf.convert_to_tensor(labels)
        predictions, labels = _without_last(predictions, labels), _without_last(labels, predictions)
        if not predictions.shape.is_compatible_with(labels.shape):
            raise ValueError(
                f"Shapes {predictions.shape} of the predictions and {labels.shape} of the labels are "
                "incompatible; there must be one label for each prediction"
            )
    return (
        predictions,
        labels,
        None if weights is None else _fit_rank(tf.convert_to_tensor(weights), predictions),
    )


def broadcast_weights(weights: TensorLike, values: TensorLike) -> tf.Tensor:
    """Returns `weights` in the shape and dtype of `values`.

    Raises: ValueError, or InvalidArgumentError when the graph runs: `weights` are not one number, and a
      dimension of theirs is neither 1 nor that of `values`.
    """
    values = tf.convert_to_tensor(values)
    weights = tf.cast(weights, values.dtype)
    _check_static(weights.shape, values.shape)
    known = weights.shape.is_fully_defined() and values.shape.is_fully_defined()
    if known and weights.shape == values.shape:
        return weights
    checks = [] if known or weights.shape.rank == 0 else [_runtime_check(weights, values)]
    with tf.control_dependencies(checks):
        return weights * tf.ones_like(values)


def _check_static(weights: tf.TensorShape, values: tf.TensorShape) -> None:
    if weights.rank in (None, 0) or values.rank is None:
        return
    sizes = zip(weights.as_list(), values.as_list(), strict=False)
    if weights.rank != values.rank or any(w not in (None, 1, v) and v is not None for w, v in sizes):
        raise ValueError(
            f"weights can not be broadcast to values: weights of shape {weights}, values of shape {values}; "
            "weights must be one number, or of the same rank, each dimension 1 or that of the values"
        )


def _runtime_check(weights: tf.Tensor, values: tf.Tensor) -> tf.Operation:
    shapes = tf.shape(weights), tf.shape(values)
    fits = tf.cond(
        tf.equal(tf.rank(weights), tf.rank(values)),
        lambda: tf.reduce_all(tf.equal(shapes[0], 1) | tf.equal(*shapes)),
        lambda: tf.equal(tf.rank(weights), 0),
    )
    words = ["weights can not be broadcast to values. weights.shape=", shapes[0], "values.shape=", shapes[1]]
    return tf.debugging.Assert(fits, words)


def _without_last(tensor: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """Returns `tensor` without its last dimension, if that is 1 and `other` is of one rank less."""
    if not _may_drop_last(tensor):
        return tensor
    if tensor.shape.rank is not None and other.shape.rank is not None:
        return tf.squeeze(tensor, [-1]) if tensor.shape.rank == other.shape.rank + 1 else tensor
    longer = tf.equal(tf.rank(tensor), tf.rank(other) + 1)
    return tf.cond(longer, lambda: tf.squeeze(tensor, [-1]), lambda: tensor)


def _fit_rank(weights: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
    """Returns `weights`, if not a scalar, with a last dimension of 1 less or more to be of values' rank."""
    if weights.shape.rank == 0:
        return weights
    if weights.shape.rank is not None and values.shape.rank is not None:
        return _shift_rank(weights, weights.shape.rank - values.shape.rank)
    more = tf.rank(weights) - tf.rank(values)
    cases = [
        (tf.equal(tf.rank(weights), 0), lambda: weights),
        (tf.equal(more, -1), lambda: _shift_rank(weights, -1)),
    ]
    if _may_drop_last(weights):
        cases.append((tf.equal(more, 1), lambda: _shift_rank(weights, 1)))
    return tf.case(cases, lambda: weights)


def _shift_rank(weights: tf.Tensor, more: int) -> tf.Tensor:
    if more == 1:
        return tf.squeeze(weights, [-1])
    return tf.expand_dims(weights, -1) if more == -1 else weights


def _may_drop_last(tensor: tf.Tensor) -> bool:
    shape = tensor.shape
    return shape.rank is None or (shape.rank > 0 and shape.as_list()[-1] in (None, 1))
