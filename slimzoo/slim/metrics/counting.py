"""Counts, error rates and the agreement of two raters."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from slimzoo.slim.metrics.common import (
    ValueAndUpdate,
    added,
    broadcast_weights,
    metric_scope,
    metric_variable,
    of_all_replicas,
    published,
    squeezed,
)
from slimzoo.slim.metrics.signatures import OfPairs
from slimzoo.slim.types import Collections, TensorLike

METRICS = tf.compat.v1.metrics


def count(
    values: TensorLike,
    weights: TensorLike | None = None,
    metrics_collections: Collections | None = None,
    updates_collections: Collections | None = None,
    name: str | None = None,
) -> ValueAndUpdate:
    """The number of values, or the sum of their weights.

    Returns: (value, update_op), float32.
    """
    with metric_scope("count", name, "count", (values, weights)):
        total = metric_variable("count", [])
        values = tf.convert_to_tensor(values)
        if weights is None:
            number = tf.cast(tf.size(values), tf.float32)
        else:
            values, _, weights = squeezed(tf.cast(values, tf.float32), None, weights)
            number = tf.reduce_sum(broadcast_weights(weights, values))
        with tf.control_dependencies([values]):
            update_op = added(total, number)
        value = of_all_replicas(tf.identity, total)
        return published((value, update_op), metrics_collections, updates_collections)


def _rate(default: str, wrong: Callable[..., Any], right: Callable[..., Any]) -> OfPairs:
    """Returns the metric wrong / (wrong + right), both of tf.compat.v1.metrics."""

    def metric(
        predictions: TensorLike,
        labels: TensorLike,
        weights: TensorLike | None = None,
        metrics_collections: Collections | None = None,
        updates_collections: Collections | None = None,
        name: str | None = None,
    ) -> ValueAndUpdate:
        with metric_scope(f"streaming_{default}", name, default, (predictions, labels, weights)):
            predictions, labels = tf.cast(predictions, tf.bool), tf.cast(labels, tf.bool)
            predictions, labels, weights = squeezed(predictions, labels, weights)
            pairs = [of(labels, predictions, weights) for of in (wrong, right)]
            rates = [
                tf.where(w + r > 0, tf.math.divide_no_nan(w, w + r), 0.0, name=op_name)
                for w, r, op_name in zip(*pairs, ("value", "update_op"), strict=True)
            ]
            return published(rates, metrics_collections, updates_collections)

    metric.__name__ = metric.__qualname__ = f"streaming_{default}"
    metric.__doc__ = (
        f"{wrong.__name__} / ({wrong.__name__} + {right.__name__}), or 0.\n\nReturns: (value, update_op)."
    )
    return metric


streaming_false_positive_rate = _rate("false_positive_rate", METRICS.false_positives, METRICS.true_negatives)
streaming_false_negative_rate = _rate("false_negative_rate", METRICS.false_negatives, METRICS.true_positives)


def cohen_kappa(
    labels: TensorLike,
    predictions_idx: TensorLike,
    num_classes: int,
    weights: TensorLike | None = None,
    metrics_collections: Collections | None = None,
    updates_collections: Collections | None = None,
    name: str | None = None,
) -> ValueAndUpdate:
    """Cohen's kappa: how far two ratings agree beyond chance; 1 if always.

    Args:
      labels, predictions_idx: int [N] or [N, 1].
      num_classes: at least 2.

    Returns: (value, update_op), float64.

    Raises: ValueError: too few classes, or another shape.
    """
    if num_classes < 2:
        raise ValueError(f"`num_classes` must be >= 2. Found: {num_classes}")
    with metric_scope("cohen_kappa", name, "cohen_kappa", (labels, predictions_idx, weights)):
        labels = tf.convert_to_tensor(labels)
        if labels.shape.rank == 2:
            labels = tf.squeeze(labels, [-1])
        predictions, labels, given = squeezed(predictions_idx, labels, weights)
        dtype = tf.int64 if given is None or given.dtype.is_integer else tf.float32
        tables = [metric_variable(name, [num_classes], dtype) for name in ("po", "pe_row", "pe_col")]
        table = tf.compat.v1.confusion_matrix(
            labels, predictions, num_classes, weights=given, dtype=dtype, name="counts_in_table"
        )
        amounts = tf.linalg.diag_part(table), tf.reduce_sum(table, 0), tf.reduce_sum(table, 1)
        updates = [added(total, amount) for total, amount in zip(tables, amounts, strict=True)]
        value, update_op = _kappa("value", *tables), _kappa("update_op", *updates)
        return published((value, update_op), metrics_collections, updates_collections)


def _kappa(op_name: str, agreed: tf.Tensor, rows: tf.Tensor, columns: tf.Tensor) -> tf.Tensor:
    total = tf.cast(tf.reduce_sum(rows), tf.float64)
    agreed = tf.cast(tf.reduce_sum(agreed), tf.float64)
    by_chance = tf.reduce_sum(tf.math.divide_no_nan(tf.cast(rows * columns, tf.float64), total))
    return tf.math.divide_no_nan(agreed - by_chance, total - by_chance, name=op_name)
