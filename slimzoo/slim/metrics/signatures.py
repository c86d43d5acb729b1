"""How the metrics that are made from tables are called, for type checkers and editors."""

from collections.abc import Sequence
from typing import Protocol

import tensorflow as tf

from slimzoo.slim.metrics.common import ValueAndUpdate
from slimzoo.slim.types import Collections, TensorLike


class OfValues(Protocol):
    """streaming_mean, streaming_mean_tensor."""

    def __call__(
        self,
        values: TensorLike,
        weights: TensorLike | None = None,
        metrics_collections: Collections | None = None,
        updates_collections: Collections | None = None,
        name: str | None = None,
    ) -> ValueAndUpdate: ...


class OfValuesBelow(Protocol):
    """streaming_percentage_less."""

    def __call__(
        self,
        values: TensorLike,
        threshold: float,
        weights: TensorLike | None = None,
        metrics_collections: Collections | None = None,
        updates_collections: Collections | None = None,
        name: str | None = None,
    ) -> ValueAndUpdate: ...


class OfPairs(Protocol):
    """streaming_accuracy, streaming_recall and all others of predictions and labels alone."""

    def __call__(
        self,
        predictions: TensorLike,
        labels: TensorLike,
        weights: TensorLike | None = None,
        metrics_collections: Collections | None = None,
        updates_collections: Collections | None = None,
        name: str | None = None,
    ) -> ValueAndUpdate: ...


class OfPairsAtThresholds(Protocol):
    """streaming_precision_at_thresholds and the like: a value for each threshold."""

    def __call__(
        self,
        predictions: TensorLike,
        labels: TensorLike,
        thresholds: Sequence[float],
        weights: TensorLike | None = None,
        metrics_collections: Collections | None = None,
        updates_collections: Collections | None = None,
        name: str | None = None,
    ) -> ValueAndUpdate: ...


class OfCurve(Protocol):
    """streaming_auc."""

    def __call__(
        self,
        predictions: TensorLike,
        labels: TensorLike,
        weights: TensorLike | None = None,
        num_thresholds: int = 200,
        metrics_collections: Collections | None = None,
        updates_collections: Collections | None = None,
        curve: str = "ROC",
        name: str | None = None,
    ) -> ValueAndUpdate: ...


class AtSensitivity(Protocol):
    """streaming_specificity_at_sensitivity."""

    def __call__(
        self,
        predictions: TensorLike,
        labels: TensorLike,
        sensitivity: float,
        weights: TensorLike | None = None,
        num_thresholds: int = 200,
        metrics_collections: Collections | None = None,
        updates_collections: Collections | None = None,
        name: str | None = None,
    ) -> ValueAndUpdate: ...


class AtSpecificity(Protocol):
    """streaming_sensitivity_at_specificity."""

    def __call__(
        self,
        predictions: TensorLike,
        labels: TensorLike,
        specificity: float,
        weights: TensorLike | None = None,
        num_thresholds: int = 200,
        metrics_collections: Collections | None = None,
        updates_collections: Collections | None = None,
        name: str | None = None,
    ) -> ValueAndUpdate: ...


class AtK(Protocol):
    """streaming_sparse_average_precision_at_k."""

    def __call__(
        self,
        predictions: TensorLike,
        labels: TensorLike | tf.SparseTensor,
        k: int,
        weights: TensorLike | None = None,
        metrics_collections: Collections | None = None,
        updates_collections: Collections | None = None,
        name: str | None = None,
    ) -> ValueAndUpdate: ...


class OfClassAtK(Protocol):
    """streaming_sparse_recall_at_k, streaming_sparse_precision_at_k."""

    def __call__(
        self,
        predictions: TensorLike,
        labels: TensorLike | tf.SparseTensor,
        k: int,
        class_id: int | None = None,
        weights: TensorLike | None = None,
        metrics_collections: Collections | None = None,
        updates_collections: Collections | None = None,
        name: str | None = None,
    ) -> ValueAndUpdate: ...


class OfClassInTopK(Protocol):
    """streaming_sparse_precision_at_top_k."""

    def __call__(
        self,
        top_k_predictions: TensorLike,
        labels: TensorLike | tf.SparseTensor,
        class_id: int | None = None,
        weights: TensorLike | None = None,
        metrics_collections: Collections | None = None,
        updates_collections: Collections | None = None,
        name: str | None = None,
    ) -> ValueAndUpdate: ...


class RecallInTopK(Protocol):
    """sparse_recall_at_top_k."""

    def __call__(
        self,
        labels: TensorLike | tf.SparseTensor,
        top_k_predictions: TensorLike,
        class_id: int | None = None,
        weights: TensorLike | None = None,
        metrics_collections: Collections | None = None,
        updates_collections: Collections | None = None,
        name: str | None = None,
    ) -> ValueAndUpdate: ...


class RelativeTo(Protocol):
    """streaming_mean_relative_error."""

    def __call__(
        self,
        predictions: TensorLike,
        labels: TensorLike,
        normalizer: TensorLike,
        weights: TensorLike | None = None,
        metrics_collections: Collections | None = None,
        updates_collections: Collections | None = None,
        name: str | None = None,
    ) -> ValueAndUpdate: ...


class AlongDim(Protocol):
    """streaming_mean_cosine_distance."""

    def __call__(
        self,
        predictions: TensorLike,
        labels: TensorLike,
        dim: int,
        weights: TensorLike | None = None,
        metrics_collections: Collections | None = None,
        updates_collections: Collections | None = None,
        name: str | None = None,
    ) -> ValueAndUpdate: ...


class OfClasses(Protocol):
    """streaming_mean_iou."""

    def __call__(
        self,
        predictions: TensorLike,
        labels: TensorLike,
        num_classes: int,
        weights: TensorLike | None = None,
        metrics_collections: Collections | None = None,
        updates_collections: Collections | None = None,
        name: str | None = None,
    ) -> ValueAndUpdate: ...


class CountAtThresholds(Protocol):
    """streaming_true_positives_at_thresholds and its three siblings."""

    def __call__(
        self,
        predictions: TensorLike,
        labels: TensorLike,
        thresholds: Sequence[float],
        weights: TensorLike | None = None,
    ) -> ValueAndUpdate: ...
