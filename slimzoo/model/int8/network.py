"""The graph of a network in inference with its values as constants, for what quantises it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from slimzoo.tracing.replay import Replay


def replay_of(model: Any) -> Replay | None:
    """Returns the graph that discovery kept, None where there is none for the model's own images."""
    replay: Replay | None = model.discovery.replay
    shape = [None, *model.input_shape[1:]]
    return replay if replay is not None and replay.spec.shape.as_list() == shape else None


def values_of(model: Any) -> dict[str, np.ndarray]:
    """Returns {variable: its value}."""
    return {name: variable.numpy() for name, variable in model.variables_by_name.items()}


def function_of(model: Any, values: Mapping[str, np.ndarray] | None = None) -> Callable:
    """Returns the function from images, float32 [N, H, W, C], to {"logits": float32 [N, classes]}.

    Args:
      values: of the variables, in place of the model's own; only where replay_of() gives a graph.
    """
    replay = replay_of(model)
    if replay is None:
        return lambda images: {"logits": model(images)}
    kept = values_of(model) if values is None else values
    constants = {name: kept[name] for name in replay.variables.values()}
    return lambda images: {"logits": tf.cast(replay(images, constants)[0], tf.float32)}


def save(model: Any, function: Callable, folder: Path, batch: int | None) -> str:
    """Writes `function` as a SavedModel whose images are called "images", and returns its path."""
    spec = tf.TensorSpec([batch, *model.input_shape[1:]], tf.float32, name="images")
    module = tf.Module()
    module.kept = [variable.value for variable in model.variables]
    module.serve = tf.function(function, [spec], autograph=False)
    tf.saved_model.save(module, str(folder), {"serving_default": module.serve})
    return str(folder)
