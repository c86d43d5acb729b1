"""How high the labels stand among the predicted classes."""

import tensorflow as tf

from slimzoo.slim.metrics.common import (
    ValueAndUpdate,
    added,
    broadcast_weights,
    metric_variable,
    of_all_replicas,
    published,
    require_session,
)
from slimzoo.slim.metrics.streaming import streaming_mean
from slimzoo.slim.types import Collections, TensorLike

NO_LABEL = tf.int64.min  # fills up the rows of sparse labels


def streaming_recall_at_k(
    predictions: TensorLike,
    labels: TensorLike,
    k: int,
    weights: TensorLike | None = None,
    metrics_collections: Collections | None = None,
    updates_collections: Collections | None = None,
    name: str | None = None,
) -> ValueAndUpdate:
    """The fraction of labels among the `k` highest predictions.

    Args:
      predictions: float [N, classes].
      labels: int32 or int64 [N].

    Returns: (value, update_op).
    """
    require_session("streaming_recall_at_k")
    found = tf.cast(tf.math.in_top_k(targets=labels, predictions=predictions, k=k), tf.float32)
    name = name or f"recall_at_{k}"
    return streaming_mean(found, weights, metrics_collections, updates_collections, name)


def streaming_sparse_average_precision_at_top_k(
    top_k_predictions: TensorLike,
    labels: TensorLike | tf.SparseTensor,
    weights: TensorLike | None = None,
    metrics_collections: Collections | None = None,
    updates_collections: Collections | None = None,
    name: str | None = None,
) -> ValueAndUpdate:
    """The mean over all rows of the average precision of `k` predicted classes, best first.

    Args:
      top_k_predictions: int [..., k].
      labels: int64 [..., labels], dense or sparse, or [...]; a negative one counts for nothing.
      weights: a scalar or [...].

    Returns: (value, update_op), float64.

    Raises: ValueError: an unknown k, or ranks that do not fit.
    """
    require_session("streaming_sparse_average_precision_at_top_k")
    values = (top_k_predictions, labels, weights)
    with tf.compat.v1.name_scope(name, "average_precision_at_top_k", values) as scope:
        precisions = _average_precisions(top_k_predictions, labels)
        best = tf.ones_like(precisions)  # each row could be 1
        if weights is not None:
            best = broadcast_weights(weights, precisions)
            precisions *= best
        with tf.compat.v1.name_scope(None, "max") as name:
            highest = metric_variable(name, [], tf.float64)
            updated_highest = added(highest, tf.reduce_sum(best))
        with tf.compat.v1.name_scope(None, "total") as name:
            total = metric_variable(name, [], tf.float64)
            updated_total = added(total, tf.reduce_sum(precisions))
        value = of_all_replicas(lambda t, h: tf.math.divide_no_nan(t, h, name="mean"), total, highest)
        update_op = tf.math.divide_no_nan(updated_total, updated_highest, name=scope)
        return published((value, update_op), metrics_collections, updates_collections)


def _average_precisions(predictions: TensorLike, labels: TensorLike | tf.SparseTensor) -> tf.Tensor:
    """Returns float64 [...], for each row the precision at its hits, summed, over the hits it could have."""
    predictions = tf.cast(predictions, tf.int64)
    k = predictions.shape.as_list()[-1] if predictions.shape.rank else None
    if k is None:
        raise ValueError(
            f"the last dimension of top_k_predictions, k, must be set, but the shape is {predictions.shape}"
        )
    labels, relevant = _dense(labels, predictions)
    hits = tf.reduce_any(tf.equal(predictions[..., None], labels[..., None, :]), -1)
    hits = tf.cast(hits, tf.float64)  # [..., k]
    precisions = tf.cumsum(hits, axis=-1) / tf.range(1, k + 1, dtype=tf.float64)
    possible = tf.cast(tf.minimum(relevant, k), tf.float64)
    return tf.reduce_sum(precisions * hits, -1) / possible


def _dense(labels: TensorLike | tf.SparseTensor, predictions: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the labels as int64 [..., labels], and how many there are in each row."""
    labels = tf.compat.v1.convert_to_tensor_or_sparse_tensor(labels)
    _check_ranks(labels.shape, predictions.shape)
    missing = predictions.shape.rank - 1
    if isinstance(labels, tf.SparseTensor):
        shape = tf.cond(
            tf.equal(tf.size(labels.dense_shape), missing),
            lambda: tf.concat([labels.dense_shape, [1]], 0),
            lambda: labels.dense_shape,
        )
        labels = tf.sparse.reshape(tf.cast(labels, tf.int64), tf.ensure_shape(shape, [missing + 1]))
        return tf.sparse.to_dense(labels, NO_LABEL, validate_indices=False), tf.sets.size(labels)
    labels = tf.cast(labels, tf.int64)
    expand = tf.equal(tf.rank(labels), missing)
    labels = tf.cond(expand, lambda: tf.expand_dims(labels, -1), lambda: labels)
    labels = tf.ensure_shape(labels, [None] * (missing + 1))
    return labels, tf.reduce_sum(tf.cast(labels >= 0, tf.int32), -1)


def _check_ranks(labels: tf.TensorShape, predictions: tf.TensorShape) -> None:
    if labels.rank not in (None, predictions.rank, predictions.rank - 1):
        raise ValueError(
            f"Unexpected labels shape {labels} for predictions shape {predictions}; labels are of the same "
            "rank, or of one less where there is one label for each row"
        )
