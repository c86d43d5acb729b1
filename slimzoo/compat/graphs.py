"""Placeholders that say what an old program lacks when it builds a graph outside of one."""

import tensorflow as tf


def placeholder(dtype, shape=None, name=None):
    """tf.compat.v1.placeholder. Raises: RuntimeError: there is no graph around it."""
    _require_graph("placeholder")
    return tf.compat.v1.placeholder(dtype, shape, name)


def sparse_placeholder(dtype, shape=None, name=None):
    """tf.compat.v1.sparse_placeholder. Raises: RuntimeError: there is no graph around it."""
    _require_graph("sparse_placeholder")
    return tf.compat.v1.sparse_placeholder(dtype, shape, name)


def _require_graph(name):
    if tf.executing_eagerly():
        raise RuntimeError(
            f"tf.{name} outside of a graph: TensorFlow 2's behaviour is on in this process, there is no "
            "default graph. Build the graph inside `with tf.Graph().as_default():`, or start the program by "
            "`slimzoo run PROGRAM`, which needs no change of it"
        )
