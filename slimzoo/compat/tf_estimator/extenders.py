"""Estimators made of others, with more metrics or with features handed on; optimizers that clip."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from slimzoo.compat.tf_estimator.calling import call, check_arguments
from slimzoo.compat.tf_estimator.estimator import Estimator
from slimzoo.compat.tf_estimator.outputs import PredictOutput
from slimzoo.compat.tf_estimator.spec import DEFAULT_SIGNATURE, EstimatorSpec, ModeKeys

v1 = tf.compat.v1
METRIC_FN = ("features", "labels", "predictions", "config")


def add_metrics(estimator: Estimator, metric_fn: Callable[..., Mapping[str, Any]]) -> Estimator:
    """Returns an Estimator of the same model and folder whose evaluations have more metrics.

    Args:
      metric_fn: called with those that it takes of features, labels, predictions and config; returns
        {name: (value, update op)}. One of a name that is there comes in its place.

    Raises: ValueError: it takes other arguments.
    """
    check_arguments(metric_fn, "metric_fn", METRIC_FN)

    def model_fn(features: Any, labels: Any, mode: str, config: Any) -> EstimatorSpec:
        spec = estimator.model_fn(features, labels, mode, config)
        if mode != ModeKeys.EVAL:
            return spec
        more = call(
            metric_fn,
            {"features": features, "labels": labels, "predictions": spec.predictions, "config": config},
        )
        return spec._replace(eval_metric_ops={**spec.eval_metric_ops, **more})

    return Estimator(model_fn, model_dir=estimator.model_dir, config=estimator.config)


def forward_features(
    estimator: Estimator,
    keys: str | Sequence[str] | None = None,
    sparse_default_values: Mapping[str, Any] | None = None,
) -> Estimator:
    """Returns an Estimator of the same model and folder whose predictions have features in them.

    Args:
      keys: of the features; None: all.
      sparse_default_values: {feature: what fills a sparse one}; 0 or "" where it is not named.

    Raises: ValueError: a feature is not there, or a prediction has its name.
    """
    wanted = [keys] if isinstance(keys, str) else keys

    def model_fn(features: Any, labels: Any, mode: str, config: Any) -> EstimatorSpec:
        spec = estimator.model_fn(features, labels, mode, config)
        if mode != ModeKeys.PREDICT:
            return spec
        predictions = spec.predictions if isinstance(spec.predictions, dict) else None
        names = list(features) if wanted is None else wanted
        missing = [name for name in names if name not in features]
        doubled = [name for name in names if name in (predictions or {})]
        if missing or doubled or predictions is None:
            raise ValueError(
                f"forward_features: keys not in features: {missing}; names of predictions too: {doubled}; "
                f"the predictions have to be a dict. Features: {', '.join(features)}"
            )
        fill = sparse_default_values or {}
        added = {name: _dense(features[name], fill.get(name)) for name in names}
        return spec._replace(
            predictions={**predictions, **added}, export_outputs=_with(spec.export_outputs, added)
        )

    return Estimator(model_fn, model_dir=estimator.model_dir, config=estimator.config)


def _dense(value: Any, fill: Any) -> Any:
    return (
        tf.sparse.to_dense(value, fill) if isinstance(value, tf.SparseTensor) else tf.convert_to_tensor(value)
    )


def _with(outputs: Mapping[str, Any], added: Mapping[str, Any]) -> dict[str, Any]:
    """Returns export outputs, those of predictions having what is `added`."""
    return {
        name: PredictOutput({**output.outputs, **added})
        if isinstance(output, PredictOutput) and name in (DEFAULT_SIGNATURE, "predict")
        else output
        for name, output in outputs.items()
    }


class _Clipping(tf.compat.v1.train.Optimizer):
    def __init__(self, optimizer: Any, clip_norm: float):
        super().__init__(False, f"TransformGradients/{type(optimizer).__name__}")
        self._optimizer, self._norm = optimizer, clip_norm

    def compute_gradients(self, *args: Any, **kwargs: Any) -> Any:
        """Those of the optimizer, clipped."""
        pairs = self._optimizer.compute_gradients(*args, **kwargs)
        clipped, _ = tf.clip_by_global_norm([gradient for gradient, _ in pairs], self._norm)
        return [(gradient, pair[1]) for gradient, pair in zip(clipped, pairs, strict=True)]

    def apply_gradients(self, *args: Any, **kwargs: Any) -> Any:
        """As the optimizer does."""
        return self._optimizer.apply_gradients(*args, **kwargs)

    def get_slot(self, *args: Any, **kwargs: Any) -> Any:
        """The optimizer's."""
        return self._optimizer.get_slot(*args, **kwargs)

    def get_slot_names(self, *args: Any, **kwargs: Any) -> Any:
        """The optimizer's."""
        return self._optimizer.get_slot_names(*args, **kwargs)

    def variables(self) -> Any:
        """The optimizer's."""
        return self._optimizer.variables()


def clip_gradients_by_norm(optimizer: Any, clip_norm: float) -> Any:
    """Returns an optimizer that clips the global norm of its gradients."""
    return _Clipping(optimizer, clip_norm)
