"""Metrics from the counts of right and wrong answers at several thresholds."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

import tensorflow as tf

from slimzoo.slim.metrics.common import (
    ValueAndUpdate,
    added,
    broadcast_weights,
    metric_scope,
    metric_variable,
    published,
    require_session,
    squeezed,
)
from slimzoo.slim.metrics.signatures import CountAtThresholds, OfPairsAtThresholds
from slimzoo.slim.types import Collections, TensorLike

EPSILON = 1e-7
COUNTS = {  # key: (variable, its samples are labelled true, they are predicted true)
    "tp": ("true_positives", True, True),
    "fn": ("false_negatives", True, False),
    "tn": ("true_negatives", False, False),
    "fp": ("false_positives", False, True),
}


class PrecisionRecallData(NamedTuple):
    """Tensors [num_thresholds] of precision_recall_at_equal_thresholds."""

    tp: tf.Tensor
    fp: tf.Tensor
    tn: tf.Tensor
    fn: tf.Tensor
    precision: tf.Tensor
    recall: tf.Tensor
    thresholds: tf.Tensor


def even_thresholds(number: int) -> list[float]:
    """Returns `number` thresholds in even steps from 0 to 1, the ends moved out by EPSILON."""
    return [-EPSILON, *(i / (number - 1) for i in range(1, number - 1)), 1.0 + EPSILON]


def counts_at_thresholds(
    predictions: TensorLike,
    labels: TensorLike,
    thresholds: Sequence[float],
    weights: TensorLike | None = None,
    keys: Collection[str] = tuple(COUNTS),
) -> tuple[dict[str, tf.Variable], dict[str, tf.Tensor]]:
    """Returns ({key: variable}, {key: update}) with the weights counted at each of the thresholds [T].

    Args:
      keys: of COUNTS.

    Raises: ValueError: shapes that differ, or weights that can not be broadcast.
    """
    predictions, labels, weights = squeezed(predictions, labels, weights)
    is_label = tf.reshape(tf.cast(labels, tf.bool), [1, -1])
    above = tf.reshape(tf.cast(predictions, tf.float32), [1, -1]) > tf.constant(thresholds)[:, None]  # [T, N]
    if weights is not None:
        weights = tf.reshape(broadcast_weights(weights, tf.cast(predictions, tf.float32)), [1, -1])
    values, updates = {}, {}
    for key, (name, labelled, predicted) in COUNTS.items():
        if key in keys:
            counted = (is_label if labelled else ~is_label) & (above if predicted else ~above)
            amounts = tf.cast(counted, tf.float32)
            amounts = amounts if weights is None else amounts * weights
            values[key] = metric_variable(name, [len(thresholds)])
            updates[key] = added(values[key], tf.reduce_sum(amounts, 1))
    return values, updates


def _one_count(key: str) -> CountAtThresholds:
    name = COUNTS[key][0]

    def metric(
        predictions: TensorLike,
        labels: TensorLike,
        thresholds: Sequence[float],
        weights: TensorLike | None = None,
    ) -> ValueAndUpdate:
        require_session(f"streaming_{name}_at_thresholds")
        values, updates = counts_at_thresholds(predictions, labels, thresholds, weights, (key,))
        return values[key], updates[key]

    metric.__name__ = metric.__qualname__ = f"streaming_{name}_at_thresholds"
    metric.__doc__ = f"Sums the weights of the {name.replace('_', ' ')} at each of `thresholds`, floats [T]."
    return metric


streaming_true_positives_at_thresholds = _one_count("tp")
streaming_false_negatives_at_thresholds = _one_count("fn")
streaming_true_negatives_at_thresholds = _one_count("tn")
streaming_false_positives_at_thresholds = _one_count("fp")


def _one_rate(letters: str, wrong: str, right: str) -> OfPairsAtThresholds:
    """Returns the metric wrong / (wrong + right), both keys of COUNTS."""
    default = f"{COUNTS[wrong][0][:-1]}_rate_at_thresholds"

    def metric(
        predictions: TensorLike,
        labels: TensorLike,
        thresholds: Sequence[float],
        weights: TensorLike | None = None,
        metrics_collections: Collections | None = None,
        updates_collections: Collections | None = None,
        name: str | None = None,
    ) -> ValueAndUpdate:
        with metric_scope(f"streaming_{default}", name, default, (predictions, labels, weights)):
            counts = counts_at_thresholds(predictions, labels, thresholds, weights, (wrong, right))
            rates = [
                tf.truediv(c[wrong], EPSILON + c[wrong] + c[right], name=f"{letters}_{op_name}")
                for c, op_name in zip(counts, ("value", "update_op"), strict=True)
            ]
            return published(rates, metrics_collections, updates_collections)

    metric.__name__ = metric.__qualname__ = f"streaming_{default}"
    metric.__doc__ = (
        f"The {default.removesuffix('_at_thresholds').replace('_', ' ')} at each of `thresholds`, floats [T]."
    )
    return metric


streaming_false_positive_rate_at_thresholds = _one_rate("fpr", "fp", "tn")
streaming_false_negative_rate_at_thresholds = _one_rate("fnr", "fn", "tp")


def check_curve(curve: str) -> None:
    """Raises ValueError unless the curve is one there is."""
    if curve not in ("ROC", "PR"):
        raise ValueError(f"curve must be either ROC or PR, {curve} unknown")


def streaming_curve_points(
    labels: TensorLike | None = None,
    predictions: TensorLike | None = None,
    weights: TensorLike | None = None,
    num_thresholds: int = 200,
    metrics_collections: Collections | None = None,
    updates_collections: Collections | None = None,
    curve: str = "ROC",
    name: str | None = None,
) -> tuple[tf.Tensor, tf.Operation]:
    """The points [num_thresholds, 2] of a curve, by falling threshold; (x, y).

    Args:
      predictions: float in [0, 1].
      curve: "ROC" (false positive rate, recall) or "PR" (recall, precision).
    """
    check_curve(curve)
    with metric_scope("streaming_curve_points", name, "curve_points", (labels, predictions, weights)):
        thresholds = even_thresholds(num_thresholds)
        counts, updates = counts_at_thresholds(predictions, labels, thresholds, weights)
        tp, fn, tn, fp = counts.values()
        small = 1e-6
        recall = (tp + small) / (tp + fn + small)
        axes = (
            [fp / (fp + tn + small), recall] if curve == "ROC" else [recall, (tp + small) / (tp + fp + small)]
        )
        points, update_op = tf.stack(axes, axis=1), tf.group(*updates.values())
        return published((points, update_op), metrics_collections, updates_collections)


def recall_at_precision(
    labels: TensorLike,
    predictions: TensorLike,
    precision: float,
    weights: TensorLike | None = None,
    num_thresholds: int = 200,
    metrics_collections: Collections | None = None,
    updates_collections: Collections | None = None,
    name: str | None = None,
    strict_mode: bool = False,
) -> ValueAndUpdate:
    """The recall at the threshold whose precision is nearest to `precision`.

    Args:
      predictions: float in [0, 1].
      precision: in [0, 1].
      strict_mode: takes only thresholds of at least that precision; the recall is 0 if there is none.
    """
    _check_fraction("precision", precision)

    def compute(counts: Mapping[str, tf.Tensor], op_name: str) -> tf.Tensor:
        tp, found = counts["tp"], counts["tp"] + counts["fp"] + EPSILON
        precisions, recalls = tp / found, tp / (tp + counts["fn"] + EPSILON)
        if not strict_mode:
            return tf.gather(recalls, tf.argmin(tf.abs(precisions - precision)), name=op_name)
        best = tf.argmax(1.0 / (precisions - precision + EPSILON))
        good = tf.gather(precisions, best) >= precision
        return tf.where(good, tf.gather(recalls, best), 0.0, name=op_name)

    with metric_scope("recall_at_precision", name, "recall_at_precision", (predictions, labels, weights)):
        counts = counts_at_thresholds(predictions, labels, even_thresholds(num_thresholds), weights)
        return _value_and_update(compute, counts, metrics_collections, updates_collections)


def precision_at_recall(
    labels: TensorLike,
    predictions: TensorLike,
    target_recall: float,
    weights: TensorLike | None = None,
    num_thresholds: int = 200,
    metrics_collections: Collections | None = None,
    updates_collections: Collections | None = None,
    name: str | None = None,
) -> ValueAndUpdate:
    """The precision at the highest threshold whose recall is at least `target_recall`, in [0, 1].

    Args:
      predictions: float in [0, 1].
    """
    _check_fraction("target_recall", target_recall)

    def compute(counts: Mapping[str, tf.Tensor], op_name: str) -> tf.Tensor:
        tp, fp = counts["tp"], counts["fp"]
        reached = tf.cast(tp / (tp + counts["fn"] + EPSILON) >= target_recall, tf.int64)
        precisions = (tp + EPSILON) / (tp + fp + EPSILON)
        return tf.gather(precisions, tf.reduce_sum(reached) - 1, name=op_name)

    with metric_scope("precision_at_recall", name, "precision_at_recall", (predictions, labels, weights)):
        counts = counts_at_thresholds(predictions, labels, even_thresholds(num_thresholds), weights)
        return _value_and_update(compute, counts, metrics_collections, updates_collections)


def _value_and_update(
    compute: Callable[[Mapping[str, tf.Tensor], str], tf.Tensor],
    counts: Sequence[Mapping[str, tf.Tensor]],
    metrics_collections: Collections | None,
    updates_collections: Collections | None,
) -> ValueAndUpdate:
    value, update_op = compute(counts[0], "value"), compute(counts[1], "update_op")
    return published((value, update_op), metrics_collections, updates_collections)


def _check_fraction(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"`{name}` must be in the range [0, 1], not {value}")


def precision_recall_at_equal_thresholds(
    labels: TensorLike,
    predictions: TensorLike,
    weights: TensorLike | None = None,
    num_thresholds: int | None = None,
    use_locking: bool | None = None,
    name: str | None = None,
) -> tuple[PrecisionRecallData, tf.Operation]:
    """Counts, precision and recall at even thresholds, in time that does not grow with their number.

    Args:
      labels: bool.
      predictions: float in [0, 1].
      num_thresholds: default 201.
      use_locking: of the scatter_add; default True.

    Returns: (PrecisionRecallData, update_op).

    Raises: TypeError: labels that are not bool.
    """
    labels, predictions = tf.convert_to_tensor(labels), tf.convert_to_tensor(predictions)
    if labels.dtype != tf.bool:
        raise TypeError(
            f"the labels must be bool, not {labels.dtype.name}; tf.cast(labels, tf.bool) makes them so"
        )
    default = "precision_recall_at_equal_thresholds"
    number = 201 if num_thresholds is None else num_thresholds
    with metric_scope(default, name, default, (labels, predictions, weights)):
        with tf.control_dependencies(checks_of_range(predictions)):
            predictions, labels, weights = squeezed(predictions, labels, 1.0 if weights is None else weights)
        weights = tf.reshape(tf.cast(weights, tf.float64) * tf.ones_like(labels, tf.float64), [-1])
        places = tf.cast(tf.floor(tf.reshape(predictions, [-1]) * (number - 1)), tf.int32)
        true = tf.reshape(tf.cast(labels, tf.float64), [-1])
        with tf.name_scope("variables"):
            buckets = [metric_variable(f"{key}_buckets", [number], tf.float64) for key in ("tp", "fp")]
        with tf.name_scope("update_op"):
            amounts, locking = (true * weights, (1.0 - true) * weights), use_locking is not False
            added_up = [
                tf.compat.v1.scatter_add(bucket, places, amount, use_locking=locking)
                for bucket, amount in zip(buckets, amounts, strict=True)
            ]
        return _precision_recall(predictions.dtype, *buckets), tf.group(*added_up)


def _precision_recall(
    dtype: tf.DType, tp_buckets: tf.Variable, fp_buckets: tf.Variable
) -> PrecisionRecallData:
    tp = tf.cumsum(tp_buckets, reverse=True, name="tp")
    fp = tf.cumsum(fp_buckets, reverse=True, name="fp")
    tn, fn = fp[0] - fp, tp[0] - tp
    precision = tp / tf.maximum(tf.constant(EPSILON, tf.float64), tp + fp)
    recall = tp / tf.maximum(tf.constant(EPSILON, tf.float64), tp + fn)
    thresholds = tf.linspace(0.0, 1.0, tf.size(tp))
    tensors = (tp, fp, tn, fn, precision, recall, thresholds)
    return PrecisionRecallData(*(tf.cast(tensor, dtype) for tensor in tensors))


def checks_of_range(predictions: tf.Tensor) -> list[tf.Operation]:
    """Returns assertions that all predictions are in [0, 1]."""
    words = "predictions must be in [0, 1]"
    return [
        tf.compat.v1.assert_greater_equal(predictions, tf.cast(0.0, predictions.dtype), message=words),
        tf.compat.v1.assert_less_equal(predictions, tf.cast(1.0, predictions.dtype), message=words),
    ]
