"""Metrics that tf.compat.v1.metrics computes: a row each, with TF-Slim's names and order of parameters."""

import inspect
from collections.abc import Callable, Collection, Mapping
from typing import Any

import tensorflow as tf

from slimzoo.slim.metrics.common import require_session
from slimzoo.slim.metrics.signatures import (
    AlongDim,
    AtK,
    AtSensitivity,
    AtSpecificity,
    OfClassAtK,
    OfClasses,
    OfClassInTopK,
    OfCurve,
    OfPairs,
    OfPairsAtThresholds,
    OfValues,
    OfValuesBelow,
    RecallInTopK,
    RelativeTo,
)

METRICS = tf.compat.v1.metrics
SWAPPED = {"predictions": "predictions", "labels": "labels"}  # parameter here: parameter there
TOP_K = {"top_k_predictions": "predictions_idx"}


def _row(
    name: str,
    target: Callable[..., Any],
    sentence: str,
    first: Mapping[str, str] | None = None,
    without: Collection[str] = (),
) -> Any:
    """Returns `target` under `name`: its parameters `first` (name here: name there), then its others."""
    first = SWAPPED if first is None else first
    there = inspect.signature(target).parameters
    head = [there[old].replace(name=new) for new, old in first.items()]
    tail = [p for p in there.values() if p.name not in (*first.values(), *without)]
    signature = inspect.Signature(head + tail)

    def metric(*args: Any, **kwargs: Any) -> Any:
        require_session(name)
        try:
            given = signature.bind(*args, **kwargs).arguments
        except TypeError as error:
            raise TypeError(f"metrics.{name}{signature}: {error}") from None
        return target(**{first.get(parameter, parameter): value for parameter, value in given.items()})

    vars(metric)["__signature__"] = signature
    metric.__name__ = metric.__qualname__ = name
    metric.__doc__ = (
        f"{sentence}\n\nSee tf.compat.v1.metrics.{target.__name__}. Returns: (value, update_op), tensors."
    )
    return metric


streaming_true_positives: OfPairs = _row(
    "streaming_true_positives", METRICS.true_positives, "Sums the weights of the true positives."
)
streaming_true_negatives: OfPairs = _row(
    "streaming_true_negatives", METRICS.true_negatives, "Sums the weights of the true negatives."
)
streaming_false_positives: OfPairs = _row(
    "streaming_false_positives", METRICS.false_positives, "Sums the weights of the false positives."
)
streaming_false_negatives: OfPairs = _row(
    "streaming_false_negatives", METRICS.false_negatives, "Sums the weights of the false negatives."
)
streaming_mean: OfValues = _row("streaming_mean", METRICS.mean, "Averages all values.", {})
streaming_mean_tensor: OfValues = _row(
    "streaming_mean_tensor", METRICS.mean_tensor, "Averages element by element.", {}
)
streaming_percentage_less: OfValuesBelow = _row(
    "streaming_percentage_less", METRICS.percentage_below, "The fraction of values below `threshold`.", {}
)
streaming_accuracy: OfPairs = _row(
    "streaming_accuracy", METRICS.accuracy, "The fraction of predictions that are right."
)
streaming_precision: OfPairs = _row(
    "streaming_precision", METRICS.precision, "The fraction of positives that are true."
)
streaming_recall: OfPairs = _row(
    "streaming_recall", METRICS.recall, "The fraction of true labels that are found."
)
streaming_precision_at_thresholds: OfPairsAtThresholds = _row(
    "streaming_precision_at_thresholds", METRICS.precision_at_thresholds, "The precision at each threshold."
)
streaming_recall_at_thresholds: OfPairsAtThresholds = _row(
    "streaming_recall_at_thresholds", METRICS.recall_at_thresholds, "The recall at each threshold."
)
streaming_auc: OfCurve = _row(
    "streaming_auc",
    METRICS.auc,
    'The area under the curve, "ROC" or "PR", from `num_thresholds` points.',
    without=("summation_method", "thresholds"),
)
streaming_specificity_at_sensitivity: AtSensitivity = _row(
    "streaming_specificity_at_sensitivity",
    METRICS.specificity_at_sensitivity,
    "The specificity at the threshold whose sensitivity is nearest to the given one.",
)
streaming_sensitivity_at_specificity: AtSpecificity = _row(
    "streaming_sensitivity_at_specificity",
    METRICS.sensitivity_at_specificity,
    "The sensitivity at the threshold whose specificity is nearest to the given one.",
)
streaming_sparse_recall_at_k: OfClassAtK = _row(
    "streaming_sparse_recall_at_k",
    METRICS.recall_at_k,
    "The fraction of labels, dense or sparse [N, labels], among the k highest predictions.",
)
streaming_sparse_precision_at_k: OfClassAtK = _row(
    "streaming_sparse_precision_at_k",
    METRICS.precision_at_k,
    "The fraction of the k highest predictions that are labels, dense or sparse [N, labels].",
)
streaming_sparse_average_precision_at_k: AtK = _row(
    "streaming_sparse_average_precision_at_k",
    METRICS.average_precision_at_k,
    "The average precision of the k highest predictions against labels, dense or sparse [N, labels].",
)
streaming_sparse_precision_at_top_k: OfClassInTopK = _row(
    "streaming_sparse_precision_at_top_k",
    METRICS.precision_at_top_k,
    "The fraction of the predicted classes int [N, k] that are labels, dense or sparse [N, labels].",
    {**TOP_K, "labels": "labels"},
    without=("k",),
)
sparse_recall_at_top_k: RecallInTopK = _row(
    "sparse_recall_at_top_k",
    METRICS.recall_at_top_k,
    "The fraction of labels, dense or sparse [N, labels], among the predicted classes int [N, k].",
    {"labels": "labels", **TOP_K},
    without=("k",),
)
streaming_mean_absolute_error: OfPairs = _row(
    "streaming_mean_absolute_error", METRICS.mean_absolute_error, "Averages |labels - predictions|."
)
streaming_mean_relative_error: RelativeTo = _row(
    "streaming_mean_relative_error",
    METRICS.mean_relative_error,
    "Averages |labels - predictions| / normalizer; 0 where that is 0.",
)
streaming_mean_squared_error: OfPairs = _row(
    "streaming_mean_squared_error", METRICS.mean_squared_error, "Averages (labels - predictions)^2."
)
streaming_root_mean_squared_error: OfPairs = _row(
    "streaming_root_mean_squared_error",
    METRICS.root_mean_squared_error,
    "The root of the average of (labels - predictions)^2.",
)
streaming_mean_cosine_distance: AlongDim = _row(
    "streaming_mean_cosine_distance",
    METRICS.mean_cosine_distance,
    "Averages 1 - the cosine along `dim` of labels and predictions, both of length 1 there.",
)
streaming_mean_iou: OfClasses = _row(
    "streaming_mean_iou",
    METRICS.mean_iou,
    "The intersection over union, averaged over the classes; the update op is the confusion matrix.",
)
