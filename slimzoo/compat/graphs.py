"""Placeholders that say what an old program lacks when it builds a graph outside of one."""

from typing import Any

import tensorflow as tf


def placeholder(dtype: tf.DType, shape: Any = None, name: str | None = None) -> tf.Tensor:
    """tf.compat.v1.placeholder. Raises: RuntimeError: there is no graph around it."""
    _require_graph("placeholder")
    return tf.compat.v1.placeholder(dtype, shape, name)


def sparse_placeholder(dtype: tf.DType, shape: Any = None, name: str | None = None) -> tf.SparseTensor:
    """tf.compat.v1.sparse_placeholder. Raises: RuntimeError: there is no graph around it."""
    _require_graph("sparse_placeholder")
    return tf.compat.v1.sparse_placeholder(dtype, shape, name)


def _require_graph(name: str) -> None:
    if tf.executing_eagerly():
        raise RuntimeError(
            f"tf.{name} outside of a graph: TensorFlow 2's behaviour is on in this process, there is no "
            "default graph. Build the graph inside `with tf.Graph().as_default():`, or start the program by "
            "`slimzoo run PROGRAM`, which needs no change of it"
        )
