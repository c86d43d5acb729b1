"""Which graph and scope an op belongs to, and a tensor that waits for other ops."""

from collections.abc import Iterable, Sequence
from typing import Any

import tensorflow as tf


def get_graph_from_inputs(op_input_list: Iterable[Any], graph: tf.Graph | None = None) -> tf.Graph:
    """Returns `graph`, or else that of the first input which has one, or else the default graph.

    Raises: ValueError: an input is of another graph. TypeError: `graph` is no graph.
    """
    default = tf.compat.v1.get_default_graph()
    if default.building_function:
        return default
    if graph is not None and not isinstance(graph, tf.Graph):
        raise TypeError(
            f"Input graph needs to be a Graph: {graph!r}; leave it out to take that of the inputs"
        )
    first = None
    for element in op_input_list:
        owner = getattr(element, "graph", None)
        if owner is None:
            continue
        if graph is None:
            graph, first = owner, element
        elif owner is not graph and first is None:
            raise ValueError(f"{element} is not from the passed-in graph.")
        elif owner is not graph:
            raise ValueError(f"{element} must be from the same graph as {first}.")
    return graph or default


def get_name_scope() -> str:
    """Returns the current name scope of the default graph, "a/b", without a last "/"."""
    return tf.compat.v1.get_default_graph().get_name_scope()


def with_dependencies(dependencies: Sequence[Any], tensor: tf.Tensor) -> tf.Tensor:
    """Returns `tensor` as it is once the ops of `dependencies` have run."""
    graph = tf.compat.v1.get_default_graph()
    with (
        tf.compat.v1.name_scope(None, "control_dependency", [*dependencies, tensor]) as scope,
        graph.colocate_with(tensor),
        tf.control_dependencies(dependencies),
    ):
        return tf.identity(tensor, name=scope)


def require_graph(function_name: str) -> None:
    """Raises RuntimeError if a function that prepares training is called where there is no graph to train."""
    if tf.executing_eagerly():
        raise RuntimeError(
            f"{function_name} was called outside a graph: there is nothing to train later. Two ways out:\n"
            "  with tf.Graph().as_default(): ... (network, loss and train op, as in TensorFlow 1)\n"
            "  model = slimzoo.Model(...); model.compile(...); model.fit(...)"
        )
