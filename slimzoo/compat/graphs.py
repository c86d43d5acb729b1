"""What makes variables and placeholders, as an old program calls it.

Sizes may be floats that are whole numbers (`channels / 2`), regularizers may be Keras's, and outside of a
graph it is said what the program lacks.
"""

from typing import Any

import tensorflow as tf

from slimzoo.slim.utils import whole_sizes
from slimzoo.slim.variables import taking_tensors


def placeholder(dtype: tf.DType, shape: Any = None, name: str | None = None) -> tf.Tensor:
    """tf.compat.v1.placeholder. Raises: RuntimeError: there is no graph around it."""
    _require_graph("placeholder")
    return tf.compat.v1.placeholder(dtype, whole_sizes(shape), name)


def sparse_placeholder(dtype: tf.DType, shape: Any = None, name: str | None = None) -> tf.SparseTensor:
    """tf.compat.v1.sparse_placeholder. Raises: RuntimeError: there is no graph around it."""
    _require_graph("sparse_placeholder")
    return tf.compat.v1.sparse_placeholder(dtype, shape, name)


def placeholder_with_default(input: Any, shape: Any, name: str | None = None) -> tf.Tensor:
    """tf.compat.v1.placeholder_with_default."""
    return tf.compat.v1.placeholder_with_default(input, whole_sizes(shape), name)


def ensure_shape(x: Any, shape: Any, name: str | None = None) -> tf.Tensor:
    """tf.compat.v1.ensure_shape."""
    return tf.compat.v1.ensure_shape(x, whole_sizes(shape), name)


def get_variable(
    name: str,
    shape: Any = None,
    dtype: Any = None,
    initializer: Any = None,
    regularizer: Any = None,
    *args: Any,
    **settings: Any,
) -> Any:
    """tf.compat.v1.get_variable."""
    penalty = taking_tensors(regularizer)
    return tf.compat.v1.get_variable(name, whole_sizes(shape), dtype, initializer, penalty, *args, **settings)


def zeros(shape: Any, dtype: Any = tf.float32, name: str | None = None) -> tf.Tensor:
    """tf.compat.v1.zeros; of itself it takes sizes that are floats where it makes less than 1,000 values."""
    return tf.compat.v1.zeros(whole_sizes(shape), dtype, name)


def ones(shape: Any, dtype: Any = tf.float32, name: str | None = None) -> tf.Tensor:
    """tf.compat.v1.ones, which is as zeros."""
    return tf.compat.v1.ones(whole_sizes(shape), dtype, name)


class variable_scope(tf.compat.v1.variable_scope):
    """tf.compat.v1.variable_scope."""

    def __init__(self, *args: Any, **settings: Any):
        if "regularizer" in settings:
            settings["regularizer"] = taking_tensors(settings["regularizer"])
        super().__init__(*args, **settings)


def _require_graph(name: str) -> None:
    if tf.executing_eagerly():
        raise RuntimeError(
            f"tf.{name} outside of a graph: TensorFlow 2's behaviour is on in this process, there is no "
            "default graph. Build the graph inside `with tf.Graph().as_default():`, or start the program by "
            "`slimzoo run PROGRAM`, which needs no change of it"
        )
