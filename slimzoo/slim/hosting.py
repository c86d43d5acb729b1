"""What a host of networks (slimzoo.Model) tells the layers while it runs one."""

import contextlib
import contextvars
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import tensorflow as tf


class Host:
    """Runs networks and is asked by their layers; a host of one's own says what differs.

    Attributes:
      wants_shapes_alone: the graph is never run: a layer may leave out what changes no shape.
      together: batch norm in training is over the images of all replicas.
      convolves_by_product: a convolution whose kernel covers its image may be a tf.matmul.
    """

    wants_shapes_alone = False
    convolves_by_product = False
    together = False

    def frozen(self, scope: str) -> bool:
        """Whether batch norm in the variable scope `scope` uses its moving averages and updates nothing."""
        del scope
        return False

    def random_seed(self) -> tf.Tensor:
        """Returns int32 [2], another at each call; random layers draw with tf.random.stateless_*."""
        raise NotImplementedError(f"{type(self).__name__} defines no random_seed, which a random layer needs")

    def training_step(self) -> tf.Tensor:
        """Returns int64 []: how often the host has run the network in training before."""
        raise NotImplementedError(f"{type(self).__name__} defines no training_step, which a network asks for")

    def own_name(self, name: str) -> str:
        """Returns the variable or scope `name` without the scope that the host runs the network in."""
        return name

    def run_unit(self, function: Callable, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Runs a part of the network (unit.py); a host may forget what it computes, and run it again."""
        return function(*args, **kwargs)


HOST: contextvars.ContextVar[Host | None] = contextvars.ContextVar("slimzoo_host", default=None)


@contextlib.contextmanager
def hosted_by(host: Host) -> Iterator[None]:
    """Lets `host` be asked by the layers that are called in the block."""
    token = HOST.set(host)
    try:
        yield
    finally:
        HOST.reset(token)


def require_graph(op_name: str, tensor: Any) -> None:
    """Raises RuntimeError if a layer is called outside a graph, where its variables would have no owner."""
    if HOST.get() is None and tf.executing_eagerly():
        raise RuntimeError(
            f"slim.{op_name} was called eagerly, on a {type(tensor).__name__} outside a graph, where its "
            "variables would have no owner. Two ways out:\n"
            "  model = slimzoo.Model(network_fn, input_shape=(height, width, channels)); model(images)\n"
            "  with tf.Graph().as_default(): ... (then tf.compat.v1.Session, as in TensorFlow 1)"
        )
