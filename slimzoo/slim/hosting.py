"""What a host of networks (slimzoo.Model) tells the layers while it runs one."""

import contextvars
from typing import Any

import tensorflow as tf

# None, or an object with
#   frozen(variable_scope_name) -> bool: batch norm there uses its moving averages and updates nothing
#   random_seed() -> int32 [2]: another seed at each call; random layers draw with tf.random.stateless_*
#   training_step() -> int64 scalar: how often the host has run the network in training before
#   own_name(variable_name) -> str, if it runs networks under a scope of its own: the name without that scope
#   wants_shapes_alone = True, if the graph is never run: a layer may leave out what changes no shape
#   convolves_by_product = True, if a convolution whose kernel covers its image may be a tf.matmul
HOST: contextvars.ContextVar = contextvars.ContextVar("slimzoo_host", default=None)


def own_name(name: str) -> str:
    """Returns a variable name as its owner knows it: a host may run a network under a scope of its own."""
    strip = getattr(HOST.get(), "own_name", None)
    return name if strip is None else strip(name)


def require_graph(op_name: str, tensor: Any) -> None:
    """Raises RuntimeError if a layer is called outside a graph, where its variables would have no owner."""
    if HOST.get() is None and tf.executing_eagerly():
        raise RuntimeError(
            f"slim.{op_name} was called eagerly, on a {type(tensor).__name__} outside a graph, where its "
            "variables would have no owner. Two ways out:\n"
            "  model = slimzoo.Model(network_fn, input_shape=(height, width, channels)); model(images)\n"
            "  with tf.Graph().as_default(): ... (then tf.compat.v1.Session, as in TensorFlow 1)"
        )
