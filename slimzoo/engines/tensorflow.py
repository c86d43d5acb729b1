"""TensorFlow: one concrete function of any batch, in the threads that TensorFlow has in this process."""

from typing import Any

import numpy as np
import tensorflow as tf

from slimzoo.engines.casting import cast
from slimzoo.engines.dense import turned
from slimzoo.engines.folding import folded
from slimzoo.engines.frozen import Frozen, GraphDef
from slimzoo.engines.opening import Runner
from slimzoo.engines.processor import give_back_memory
from slimzoo.engines.rows import Settings
from slimzoo.restoring.tensors import take_over

# TensorFlow makes most of constants, at batch 1 up to 1.3 times as much as of captured tensors; but it keeps
# many copies of them: vgg_16's would cost its start half a minute, and gigabytes.
FEW = 160 << 20  # bytes of all values together, of which each may be a constant
SMALL = 1 << 20  # bytes of a value that may be one where there are more
TURNED = 8 << 20  # bytes of the weights of a dense layer from which on they are turned


def open_frozen(frozen: Frozen, settings: Settings) -> Runner:
    """Returns `frozen` as `settings` say."""
    frozen = turned(cast(folded(frozen), settings.precision), TURNED)
    sizes = {name: np.asarray(value).nbytes for name, value in frozen.values.items()}
    most = FEW if sum(sizes.values()) <= FEW else SMALL
    large = {name: frozen.values[name] for name, size in sizes.items() if size > most}
    definition = GraphDef(versions=frozen.definition.versions, library=frozen.definition.library)
    definition.node.extend(frozen.as_constants(name for name in frozen.values if name not in large))
    definition.node.extend(frozen.definition.node)
    frozen.values.clear()
    return _Function(frozen, definition, large, settings.batch_size)


class _Function:
    """A concrete function, which any thread may call."""

    def __init__(
        self, frozen: Frozen, definition: Any, large: dict[str, Any], batch_size: int | None
    ) -> None:
        device = "GPU:0" if tf.config.list_logical_devices("GPU") else "CPU:0"
        self._values = {}
        with tf.device(device):
            for name in list(large):
                self._values[name] = tf.identity(_tensor(large.pop(name)))

        def network(images: tf.Tensor) -> list[tf.Tensor]:
            captured = {name: tf.identity(value) for name, value in self._values.items()}
            given = {frozen.images: images, **captured}
            return tf.graph_util.import_graph_def(definition, given, frozen.outputs, name="")

        spec = tf.TensorSpec([batch_size, *frozen.spec.shape[1:]], frozen.spec.dtype, name="slimzoo_images")
        self._function: Any = tf.compat.v1.wrap_function(network, [spec])
        size = tuple(frozen.spec.shape[1:])
        if not self._values and None not in size:  # a run optimises the graph, which takes time and memory
            self.run(np.zeros((batch_size or 1, *size), np.float32))
        give_back_memory()

    def run(self, images: np.ndarray) -> list[np.ndarray]:
        """Returns the outputs for `images`."""
        return [np.asarray(found) for found in self._function(tf.constant(images))]

    def close(self) -> None:
        """Gives the values back."""
        self._function, self._values = None, {}


def _tensor(value: Any) -> tf.Tensor:
    """Returns a value as an eager tensor, without a copy where TensorFlow can take the memory over."""
    return value if tf.is_tensor(value) else take_over(value)
