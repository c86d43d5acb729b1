"""What a model_fn returns: the parts of a model for one mode."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from slimzoo.compat.tf_estimator.calling import check_hooks
from slimzoo.compat.tf_estimator.outputs import ExportOutput, PredictOutput
from slimzoo.errors import shown

v1 = tf.compat.v1
DEFAULT_SIGNATURE = v1.saved_model.signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY
LOSS_METRIC = "loss"


class ModeKeys:
    """What a model is built for."""

    TRAIN = "train"
    EVAL = "eval"
    PREDICT = "infer"


NEEDED = {  # of a mode: what must be given
    ModeKeys.TRAIN: ("loss", "train_op"),
    ModeKeys.EVAL: ("loss",),
    ModeKeys.PREDICT: ("predictions",),
}


class _Fields(NamedTuple):
    mode: str
    predictions: Any = None
    loss: Any = None
    train_op: Any = None
    eval_metric_ops: Any = None
    export_outputs: Any = None
    training_chief_hooks: Any = None
    training_hooks: Any = None
    scaffold: Any = None
    evaluation_hooks: Any = None
    prediction_hooks: Any = None


class EstimatorSpec(_Fields):
    """The ops and objects of a model for one mode.

    Args:
      mode: one of ModeKeys.
      predictions: a tensor, or a dict of tensors; needed in PREDICT.
      loss: a tensor of one element; needed in TRAIN and EVAL.
      train_op: an op or a tensor, run once a step; needed in TRAIN.
      eval_metric_ops: {name: (value, update op), or a metric of Keras}.
      export_outputs: {signature name: ExportOutput}; several need one under "serving_default". None: all
        `predictions`, under that name.
      training_chief_hooks, training_hooks, evaluation_hooks, prediction_hooks: of tf.train.SessionRunHook.
      scaffold: a tf.train.Scaffold; None makes one.

    Raises: ValueError: something is missing, not of the default graph or no scalar. TypeError: something is
      of another kind.
    """

    __slots__ = ()

    def __new__(
        cls,
        mode: str,
        predictions: Any = None,
        loss: Any = None,
        train_op: Any = None,
        eval_metric_ops: Any = None,
        export_outputs: Any = None,
        training_chief_hooks: Sequence[Any] | None = None,
        training_hooks: Sequence[Any] | None = None,
        scaffold: Any = None,
        evaluation_hooks: Sequence[Any] | None = None,
        prediction_hooks: Sequence[Any] | None = None,
    ) -> "EstimatorSpec":
        """Checks all parts."""
        _check_needed(mode, {"predictions": predictions, "loss": loss, "train_op": train_op})
        hooks = {
            "training_chief_hooks": training_chief_hooks,
            "training_hooks": training_hooks,
            "evaluation_hooks": evaluation_hooks,
            "prediction_hooks": prediction_hooks,
        }
        return super().__new__(
            cls,
            mode=mode,
            predictions=_checked_predictions(predictions),
            loss=_checked_loss(loss),
            train_op=_checked_train_op(train_op),
            eval_metric_ops=_checked_metrics(eval_metric_ops),
            export_outputs=_outputs(mode, predictions, export_outputs),
            scaffold=_checked_scaffold(scaffold),
            **{name: check_hooks(given, name) for name, given in hooks.items()},
        )

    def _replace(self, **changed: Any) -> "EstimatorSpec":  # type: ignore[override]
        """Returns a spec with other parts, checked as a new one. Raises: ValueError: another mode."""
        if changed.get("mode", self.mode) != self.mode:
            raise ValueError(
                f"mode of EstimatorSpec cannot be changed, from {self.mode!r} to {changed['mode']!r}"
            )
        return type(self)(**{**self._asdict(), **changed})


def _check_needed(mode: str, given: Mapping[str, Any]) -> None:
    if mode not in NEEDED:
        raise ValueError(f"mode must be one of {', '.join(map(repr, NEEDED))} (ModeKeys), given: {mode!r}")
    missing = [name for name in NEEDED[mode] if given[name] is None]
    if missing:
        raise ValueError(
            f"Missing {', '.join(missing)}. An EstimatorSpec of mode {mode!r} needs "
            f"{' and '.join(NEEDED[mode])}"
        )


def is_tensor(value: Any) -> bool:
    """Says whether `value` is a tensor or a variable."""
    return isinstance(value, tf.Tensor | tf.SparseTensor | tf.RaggedTensor | tf.Variable)


def _check_graph(value: Any, name: str) -> None:
    if getattr(value, "graph", None) not in (None, v1.get_default_graph()):
        raise ValueError(
            f"{name} ({value.name}) must be from the default graph. It was created outside of the call of "
            "model_fn that returns this EstimatorSpec; every call builds in a graph of its own"
        )


def _checked_predictions(predictions: Any) -> Any:
    if predictions is None:
        return {}
    named = predictions if isinstance(predictions, Mapping) else {"": predictions}
    for name, value in named.items():
        called = f"predictions[{name}]" if name else "predictions"
        if not is_tensor(value):
            raise TypeError(f"{called} must be Tensor, given: {shown(value)}")
        _check_graph(value, called)
    return predictions


def _checked_loss(loss: Any) -> Any:
    if loss is None:
        return None
    if not is_tensor(loss):
        raise TypeError(f"loss must be Tensor, given: {shown(loss)}")
    _check_graph(loss, "loss")
    if loss.shape.num_elements() not in (None, 1):
        raise ValueError(f"Loss must be scalar, given: {loss}; tf.reduce_mean makes one of many")
    return loss if loss.shape == [] else tf.reshape(loss, [])


def _checked_train_op(train_op: Any) -> Any:
    if train_op is not None:
        if not is_tensor(train_op) and not isinstance(train_op, tf.Operation):
            raise TypeError(f"train_op must be Operation or Tensor, given: {shown(train_op)}")
        _check_graph(train_op, "train_op")
    return train_op


def _checked_metrics(metrics: Any) -> dict[str, Any]:
    if metrics is None:
        return {}
    if not isinstance(metrics, Mapping):
        raise TypeError(f"eval_metric_ops must be a dict, given: {shown(metrics)}")
    for name, pair in metrics.items():
        if hasattr(pair, "update_state") and hasattr(pair, "result"):
            raise TypeError(
                f"eval_metric_ops[{name!r}] is a metric of Keras, which are of eager TensorFlow by now; "
                "take one of tf.metrics or slim.metrics"
            )
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise TypeError(
                f"Values of eval_metric_ops must be (metric_value, update_op) tuples, given: {shown(pair)} "
                f"for key: {name}"
            )
        for part in (part for value in pair for part in tf.nest.flatten(value)):
            _check_graph(part, f"eval_metric_ops[{name}]")
    return dict(metrics)


def _checked_scaffold(scaffold: Any) -> Any:
    scaffold = v1.train.Scaffold() if scaffold is None else scaffold
    if not isinstance(scaffold, v1.train.Scaffold):
        raise TypeError(f"scaffold must be tf.train.Scaffold. Given: {shown(scaffold)}")
    return scaffold


def _outputs(mode: str, predictions: Any, outputs: Any) -> dict[str, ExportOutput] | None:
    """Returns what is exported, one of them under the default name; outside of PREDICT just what is given."""
    if mode != ModeKeys.PREDICT:
        return outputs
    if outputs is None:
        outputs = {DEFAULT_SIGNATURE: PredictOutput(predictions)}
    if not isinstance(outputs, Mapping):
        raise TypeError(f"export_outputs must be dict, given: {shown(outputs)}")
    wrong = [name for name, output in outputs.items() if not isinstance(output, ExportOutput)]
    if wrong:
        raise TypeError(
            f"Values in export_outputs must be ExportOutput objects (tf.estimator.export), which are not: "
            f"{', '.join(map(str, wrong))}"
        )
    if not outputs or (len(outputs) > 1 and DEFAULT_SIGNATURE not in outputs):
        raise ValueError(
            f"Multiple export_outputs were provided, but none of them is specified as the default: "
            f"{', '.join(outputs)}. Name one of them {DEFAULT_SIGNATURE!r}"
        )
    return {**outputs, DEFAULT_SIGNATURE: outputs.get(DEFAULT_SIGNATURE, next(iter(outputs.values())))}
