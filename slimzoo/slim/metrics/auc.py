"""Areas under curves from all predictions so far, not from thresholds."""

from statistics import NormalDist
from typing import NamedTuple

import tensorflow as tf

from slimzoo.slim.metrics.common import ValueAndUpdate, metric_scope, published, squeezed
from slimzoo.slim.metrics.concat import streaming_concat
from slimzoo.slim.metrics.thresholds import EPSILON, check_curve
from slimzoo.slim.types import Collections, TensorLike


class AucData(NamedTuple):
    """An area and its confidence interval, float32 scalars."""

    auc: tf.Tensor
    lower: tf.Tensor
    upper: tf.Tensor


def streaming_dynamic_auc(
    labels: TensorLike,
    predictions: TensorLike,
    curve: str = "ROC",
    metrics_collections: Collections = (),
    updates_collections: Collections = (),
    name: str | None = None,
    weights: TensorLike | None = None,
) -> ValueAndUpdate:
    """The exact area under the curve, "ROC" or "PR"; 0 while all labels are alike. It keeps all predictions.

    Args:
      labels: 0 or 1, of the shape of `predictions`.

    Returns: (value, update_op); float64 and an operation.
    """
    check_curve(curve)
    with metric_scope("streaming_dynamic_auc", name, "dynamic_auc", (labels, predictions)):
        predictions, labels, _ = squeezed(predictions, labels)
        weights = None if weights is None else tf.cast(weights, tf.float64)
        kept, update_op = _keep_all(labels, predictions, weights)
        area = _exact_area(curve, *kept)
        return published((area, update_op), metrics_collections, updates_collections)


def auc_with_confidence_intervals(
    labels: TensorLike,
    predictions: TensorLike,
    weights: TensorLike | None = None,
    alpha: float = 0.95,
    logit_transformation: bool = True,
    metrics_collections: Collections = (),
    updates_collections: Collections = (),
    name: str | None = None,
) -> tuple[AucData, tf.Operation]:
    """The area under the ROC curve and its confidence interval, after DeLong. It keeps all predictions.

    Args:
      labels: 0 or 1, of the shape of `predictions`.
      alpha: the confidence, between 0 and 1.
      logit_transformation: keeps the interval inside (0, 1).

    Returns: (AucData, update_op); zeros while the labels of the batch are alike or its weights sum to less
      than 1.

    Raises: ValueError: an alpha that is not between 0 and 1.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must be between 0 and 1; currently {alpha}")
    default = "auc_with_confidence_intervals"
    with metric_scope(default, name, default, [labels, predictions, weights]):
        weights = tf.ones_like(predictions, tf.float32) if weights is None else weights
        predictions, labels, weights = squeezed(predictions, labels, tf.cast(weights, tf.float32))
        enough = tf.reduce_sum(weights) >= 1.0
        both = tf.equal(tf.reduce_min(labels), 0) & tf.equal(tf.reduce_max(labels), 1)
        kept, update_op = _keep_all(labels, predictions, weights)
        interval = _interval(alpha, logit_transformation, *_placement_area(*kept))
        interval = AucData(*(tf.where(both & enough, x, 0.0) for x in interval))
        return published((interval, update_op), metrics_collections, updates_collections)


def _keep_all(
    labels: tf.Tensor, predictions: tf.Tensor, weights: tf.Tensor | None
) -> tuple[tuple[tf.Tensor, tf.Tensor, tf.Tensor], tf.Operation]:
    """Returns all labels, predictions and weights (None: 1) so far, each [N], and what adds a batch."""
    labels = tf.reshape(tf.cast(labels, tf.int64), [-1])
    words = "labels must be 0 or 1, at least one is "
    checks = [
        tf.compat.v1.assert_greater_equal(labels, tf.zeros_like(labels), message=f"{words}<0"),
        tf.compat.v1.assert_less_equal(labels, tf.ones_like(labels), message=f"{words}>1"),
    ]
    with tf.control_dependencies(checks):
        batch = {
            "concat_preds": tf.reshape(tf.cast(predictions, tf.float64), [-1]),
            "concat_labels": tf.identity(labels),
        }
        if weights is not None:
            batch["concat_weights"] = tf.reshape(weights, [-1])
        kept = {name: streaming_concat(values, name=name) for name, values in batch.items()}
    predictions, labels, *given = (value for value, _ in kept.values())
    weights = given[0] if given else tf.ones_like(predictions)
    return (labels, predictions, weights), tf.group(*(update for _, update in kept.values()))


def _exact_area(curve: str, labels: tf.Tensor, predictions: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    order = tf.argsort(predictions, direction="DESCENDING", stable=True)
    groups = tf.unique(tf.gather(predictions, order))[1]  # equal predictions make one step of the curve
    labels = tf.gather(tf.cast(labels, tf.float64), order)
    weights = tf.gather(weights, order)
    true, false = (
        tf.concat([[0.0], tf.cumsum(tf.math.segment_sum(weights * x, groups))], 0)
        for x in (labels, 1.0 - labels)
    )
    recall = true / true[-1]
    if curve == "ROC":
        xs, ys = false / false[-1], recall
    else:
        xs, ys = recall, tf.concat([[1.0], (true / (true + false))[1:]], 0)
    area = tf.reduce_sum((ys[1:] + ys[:-1]) / 2.0 * tf.abs(xs[1:] - xs[:-1]))
    return tf.where(tf.equal(true[-1], 0) | tf.equal(false[-1], 0), tf.zeros_like(area), area)


def _placement_area(
    labels: tf.Tensor, predictions: tf.Tensor, weights: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the area under the ROC curve and its standard error from the placements of the predictions."""
    order = tf.argsort(predictions, stable=True)
    groups = tf.unique(tf.gather(predictions, order))[1]
    weights, labels = tf.gather(weights, order), tf.gather(tf.cast(labels, tf.float32), order)
    sides = []
    for own, other in ((1.0 - labels, labels), (labels, 1.0 - labels)):
        below = tf.math.segment_sum(weights * other, groups)
        ranks = (tf.cumsum(below, exclusive=True) + below / 2.0) / (tf.reduce_sum(below) + EPSILON)
        sides.append((tf.gather(ranks, groups), weights * own))  # the share of the other side that is below
    (below_false, false), (below_true, true) = sides
    areas = [(1.0 - below_false, false), (below_true, true)]
    totals = [tf.reduce_sum(w) for _, w in areas]
    means = [tf.reduce_sum(w * x) / (n + EPSILON) for (x, w), n in zip(areas, totals, strict=True)]
    spreads = [tf.reduce_sum(w * tf.square(x - m)) for (x, w), m in zip(areas, means, strict=True)]
    errors = [s / (n - 1.0 + EPSILON) / (n + EPSILON) for s, n in zip(spreads, totals, strict=True)]
    return tf.where(totals[0] < totals[1], means[1], means[0]), tf.sqrt(sum(errors))


def _interval(alpha: float, logit_transformation: bool, area: tf.Tensor, error: tf.Tensor) -> AucData:
    reach = -NormalDist().inv_cdf((1.0 - alpha) / 2.0)  # standard errors to each side
    if logit_transformation:
        error = error / (area * (1.0 - area + EPSILON))
        center = tf.math.log(area / (1.0 - area + EPSILON))
        lower, upper = (
            1.0 / (1.0 + tf.exp(-x) + EPSILON) for x in (center - reach * error, center + reach * error)
        )
    else:
        lower, upper = area - reach * error, area + reach * error
    certain = tf.equal(area, 1.0) | tf.equal(area, 0.0)
    return AucData(area, tf.where(certain, area, lower), tf.where(certain, area, upper))
