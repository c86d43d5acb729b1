"""Accuracy of one batch, and the best F1 score over many thresholds."""

from collections.abc import Mapping

import tensorflow as tf

from slimzoo.slim.metrics.common import ValueAndUpdate, metric_scope, of_all_replicas, published, squeezed
from slimzoo.slim.metrics.thresholds import EPSILON, checks_of_range, counts_at_thresholds, even_thresholds
from slimzoo.slim.types import Collections, TensorLike


def accuracy(
    predictions: TensorLike, labels: TensorLike, weights: TensorLike | None = None, name: str | None = None
) -> tf.Tensor:
    """Returns the fraction of predictions that equal their labels; one tensor, without an update op.

    Raises: ValueError: dtypes that differ, or are not bool, integer or string.
    """
    predictions, labels = tf.convert_to_tensor(predictions), tf.convert_to_tensor(labels)
    if not (labels.dtype.is_integer or labels.dtype in (tf.bool, tf.string)):
        raise ValueError(f"Labels should have bool, integer, or string dtype, not {labels.dtype.name}")
    if labels.dtype != predictions.dtype:
        raise ValueError(
            "Dtypes of predictions and labels should match. Given: predictions "
            f"({predictions.dtype.name}) and labels ({labels.dtype.name}); tf.cast one of them"
        )
    with tf.compat.v1.name_scope(name, "accuracy", [predictions, labels]):
        right = tf.cast(tf.equal(predictions, labels), tf.float32)
        if weights is None:
            return tf.reduce_mean(right)
        all_weights = weights * tf.ones_like(right)
        return tf.truediv(tf.reduce_sum(right * weights), tf.reduce_sum(all_weights))


def f1_score(
    labels: TensorLike,
    predictions: TensorLike,
    weights: TensorLike | None = None,
    num_thresholds: int = 200,
    metrics_collections: Collections | None = None,
    updates_collections: Collections | None = None,
    name: str | None = None,
) -> ValueAndUpdate:
    """The highest F1 score, 2 * precision * recall / (precision + recall), over even thresholds.

    Args:
      predictions: float in [0, 1].

    Returns: (value, update_op).
    """
    with metric_scope("f1_score", name, "f1", (labels, predictions, weights)):
        predictions, labels, weights = squeezed(predictions, labels, weights)
        with tf.control_dependencies(checks_of_range(predictions)):
            predictions = tf.identity(predictions)
        counts, updates = counts_at_thresholds(
            predictions, labels, even_thresholds(num_thresholds), weights, ("tp", "fp", "fn")
        )
        value = of_all_replicas(lambda c: _best_f1(c, "value"), counts)
        return published((value, _best_f1(updates, "update")), metrics_collections, updates_collections)


def _best_f1(counts: Mapping[str, tf.Tensor], op_name: str) -> tf.Tensor:
    tp = counts["tp"]
    precision = tf.truediv(tp, EPSILON + tp + counts["fp"], name=f"precision_{op_name}")
    recall = tf.truediv(tp, EPSILON + tp + counts["fn"], name=f"recall_{op_name}")
    return tf.reduce_max(2.0 * precision * recall / (precision + recall + EPSILON))
