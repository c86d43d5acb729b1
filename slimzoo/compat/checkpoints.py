"""What tf.contrib.framework reads of checkpoints, with the names of arguments that it had."""

from typing import Any

import numpy as np
import tensorflow as tf


def list_variables(checkpoint_dir: str) -> list[tuple[str, list[int]]]:
    """Returns the variables of a checkpoint, or of the latest in a folder: [(name, shape)]."""
    return tf.train.list_variables(checkpoint_dir)


def load_checkpoint(filepattern: str) -> Any:
    """Returns the reader of a checkpoint, or of the latest in a folder."""
    return tf.train.load_checkpoint(filepattern)


def load_variable(checkpoint_dir: str, name: str) -> Any:
    """Returns the value of the variable `name` in a checkpoint."""
    return tf.train.load_variable(checkpoint_dir, name)


def init_from_checkpoint(checkpoint_dir: str, assignment_map: Any) -> None:
    """Initializes variables from a checkpoint: tf.compat.v1.train.init_from_checkpoint."""
    tf.compat.v1.train.init_from_checkpoint(checkpoint_dir, assignment_map)


def smart_constant_value(pred: Any) -> Any:
    """Returns what `pred` is known to be, None if the graph has to run for it.

    Args:
      pred: a bool, 0, 1, or a scalar tensor of bool.
    Raises: TypeError: `pred` is anything else.
    """
    if isinstance(pred, tf.Tensor):
        return tf.get_static_value(pred)
    if isinstance(pred, int | np.bool_) and pred in (0, 1):
        return bool(pred)
    raise TypeError(f"`pred` must be a tensor, a bool, 1 or 0, not {pred!r}")
