"""One evaluation of a checkpoint: the metrics of a spec, run over the input, and written as summaries."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from slimzoo.compat.tf_estimator.calling import LOG
from slimzoo.compat.tf_estimator.spec import LOSS_METRIC, EstimatorSpec
from slimzoo.slim.training.evaluation import StopAfterNEvalsHook, evaluate_once

v1 = tf.compat.v1
GLOBAL_STEP = "global_step"


def measure(
    spec: EstimatorSpec, path: str | None, steps: int | None, hooks: Sequence[Any], config: Any
) -> dict[str, Any]:
    """Returns {metric: value} of a checkpoint, with "loss" and "global_step".

    Args:
      path: None: variables as they are initialised.
      steps: batches; None: until the input ends.

    Raises: ValueError: a metric of the spec is called "loss" or "global_step".
    """
    metrics = dict(spec.eval_metric_ops)
    taken = [name for name in (LOSS_METRIC, GLOBAL_STEP) if name in metrics]
    if taken:
        raise ValueError(
            f'Metric with name "{taken[0]}" is not allowed, because Estimator already defines a default '
            "metric with the same name."
        )
    metrics[LOSS_METRIC] = v1.metrics.mean(spec.loss)
    values = {name: value for name, (value, _) in metrics.items()}
    update = tf.group(*(tf.nest.flatten(ops) for _, ops in metrics.values()))
    return evaluate_once(
        path,
        scaffold=spec.scaffold,
        eval_ops=update,
        final_ops={**values, GLOBAL_STEP: v1.train.get_or_create_global_step()},
        hooks=[*hooks, *([] if steps is None else [StopAfterNEvalsHook(steps)])],
        config=config,
    )


def write(folder: str, results: Mapping[str, Any], path: str | None) -> None:
    """Writes results, and which checkpoint they are of, into an event file of `folder`."""
    step = int(results[GLOBAL_STEP])
    shown = ", ".join(f"{name} = {value}" for name, value in sorted(results.items()))
    LOG.info("Saving dict for global step %d: %s", step, shown)
    summary = v1.Summary()
    for name, value in results.items():
        if value is not None and name != GLOBAL_STEP:
            _add(summary, name, value)
    with tf.Graph().as_default():  # a writer is refused where TensorFlow is eager
        writer = v1.summary.FileWriterCache.get(folder)
    writer.add_summary(summary, step)
    if path:
        LOG.info("Saving 'checkpoint_path' summary for global step %d: %s", step, path)
        writer.add_summary(_text("checkpoint_path", path), step)
    writer.flush()


def _add(summary: Any, name: str, value: Any) -> None:
    """Adds a number, an array of numbers or a serialized Summary to a Summary."""
    if isinstance(value, bytes):
        try:
            images = v1.Summary.FromString(value)
        except Exception:  # noqa: BLE001 - protobuf's kinds of it differ from build to build
            LOG.warning("Skipping summary for %s, cannot parse string to Summary.", name)
            return
        for index, part in enumerate(images.value):
            part.tag = f"{name}/{index}"
        summary.value.extend(images.value)
    elif isinstance(value, np.ndarray) and value.ndim and value.dtype.kind in "fiub":
        for index, element in enumerate(value.ravel()):
            summary.value.add(tag=f"{name}/{index}", simple_value=float(element))
    elif isinstance(value, float | int | np.number):
        summary.value.add(tag=name, simple_value=float(value))
    else:
        LOG.warning(
            "Skipping summary for %s, must be a float, np.float32, np.int64, np.int32 or int or np.ndarray "
            "or a serialized string of Summary.",
            name,
        )


def _text(tag: str, text: str) -> Any:
    tensor = tf.make_tensor_proto(text, dtype=tf.string)
    value = v1.Summary.Value(tag=tag, tensor=tensor)
    value.metadata.plugin_data.plugin_name = "text"
    return v1.Summary(value=[value])


def folder_of(model_dir: str, name: str | None) -> str:
    """Returns where the results of the evaluation `name` are written."""
    return os.path.join(model_dir, f"eval_{name}" if name else "eval")
