"""What a host of networks (slimzoo.Model) tells the layers while it runs one."""

import contextvars

import tensorflow as tf

# None, or an object with
#   frozen(variable_scope_name) -> bool: batch norm there normalises with its moving averages and updates nothing
#   random_seed() -> int32 [2]: another seed at each call; random layers draw with tf.random.stateless_*
HOST = contextvars.ContextVar("slimzoo_host", default=None)


def require_graph(op_name, tensor):
    """Raises RuntimeError if a layer is called on a value outside a graph, where it could keep no variables."""
    if HOST.get() is None and tf.executing_eagerly():
        raise RuntimeError(
            f"slim.{op_name} was called eagerly, on a {type(tensor).__name__} outside a graph, where its variables "
            "would have no owner. Two ways out:\n"
            "  model = slimzoo.Model(network_fn, input_shape=(height, width, channels)); model(images)\n"
            "  with tf.Graph().as_default(): ... (then tf.compat.v1.Session, as in TensorFlow 1)"
        )
