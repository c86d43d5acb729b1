"""Covariance and correlation, updated batch by batch."""

import tensorflow as tf

from slimzoo.slim.metrics.common import (
    ValueAndUpdate,
    added,
    broadcast_weights,
    metric_scope,
    metric_variable,
    published,
    squeezed,
)
from slimzoo.slim.types import Collections, TensorLike


def streaming_covariance(
    predictions: TensorLike,
    labels: TensorLike,
    weights: TensorLike | None = None,
    metrics_collections: Collections | None = None,
    updates_collections: Collections | None = None,
    name: str | None = None,
) -> ValueAndUpdate:
    """The unbiased covariance of predictions and labels; NaN until the weights sum to more than 1.

    Returns: (value, update_op), float32.
    """
    with metric_scope("streaming_covariance", name, "covariance", (predictions, labels, weights)):
        predictions, labels = tf.cast(predictions, tf.float32), tf.cast(labels, tf.float32)
        predictions, labels, weights = squeezed(predictions, labels, weights)
        weights = broadcast_weights(1.0 if weights is None else weights, labels)
        names = ("count", "mean_prediction", "mean_label", "comoment")
        number, mean_prediction, mean_label, comoment = (metric_variable(x, []) for x in names)
        batch = tf.reduce_sum(weights)
        total = added(number, batch)
        center_p, before_p = _move_mean(mean_prediction, predictions, weights, batch, total)
        center_l, before_l = _move_mean(mean_label, labels, weights, batch, total)
        within = tf.reduce_sum((predictions - center_p) * (labels - center_l) * weights)
        between = (before_p - center_p) * (before_l - center_l) * ((total - batch) * batch / total)
        value = _per_sample(comoment, number, "covariance")
        update_op = _per_sample(added(comoment, within + between), total, "update_op")
    return published((value, update_op), metrics_collections, updates_collections)


def _move_mean(
    mean: tf.Variable, values: tf.Tensor, weights: tf.Tensor, batch: tf.Tensor, total: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Moves the variable `mean` to that of all batches; returns the mean of this one, and its old value."""
    center = tf.math.divide_no_nan(tf.reduce_sum(values * weights), batch)
    step = tf.math.divide_no_nan((center - mean) * batch, total)
    return center, added(mean, step) - step


def _per_sample(comoment: tf.Tensor, number: tf.Tensor, op_name: str) -> tf.Tensor:
    return tf.where(number <= 1.0, float("nan"), tf.truediv(comoment, number - 1.0), name=op_name)


def streaming_pearson_correlation(
    predictions: TensorLike,
    labels: TensorLike,
    weights: TensorLike | None = None,
    metrics_collections: Collections | None = None,
    updates_collections: Collections | None = None,
    name: str | None = None,
) -> ValueAndUpdate:
    """The correlation of predictions and labels, from -1 to 1; NaN while one of them is constant.

    Returns: (value, update_op), float32.
    """
    with metric_scope("streaming_pearson_correlation", name, "pearson_r", (predictions, labels, weights)):
        predictions, labels, weights = squeezed(predictions, labels, weights)
        if weights is not None:
            weights = broadcast_weights(weights, tf.cast(labels, tf.float32))
        pairs = {
            "covariance": (predictions, labels),
            "variance_predictions": (predictions, predictions),
            "variance_labels": (labels, labels),
        }
        parts = [streaming_covariance(*pair, weights=weights, name=name) for name, pair in pairs.items()]
        both = [
            tf.truediv(covariance, tf.sqrt(of_predictions) * tf.sqrt(of_labels), name=op_name)
            for covariance, of_predictions, of_labels, op_name in zip(
                *parts, ("pearson_r", "update_op"), strict=True
            )
        ]
    return published(both, metrics_collections, updates_collections)
