"""TensorFlow: one concrete function of any batch, in the threads that TensorFlow has in this process."""

from typing import Any

import numpy as np
import tensorflow as tf

from slimzoo.engines.casting import cast
from slimzoo.engines.dense import turned
from slimzoo.engines.folding import folded
from slimzoo.engines.frozen import Frozen, GraphDef
from slimzoo.engines.opening import Runner
from slimzoo.engines.rows import Settings

CAPTURED = 32 << 20  # bytes of a value from which on it is no constant: folding one costs seconds and copies


def open_frozen(frozen: Frozen, settings: Settings) -> Runner:
    """Returns `frozen` as `settings` say."""
    frozen = turned(cast(folded(frozen), settings.precision), CAPTURED // 4)
    large = {name: v for name, v in frozen.values.items() if np.asarray(v).nbytes > CAPTURED}
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
            given = {frozen.images: images, **self._values}
            return tf.graph_util.import_graph_def(definition, given, frozen.outputs, name="")

        spec = tf.TensorSpec([batch_size, *frozen.spec.shape[1:]], frozen.spec.dtype, name="slimzoo_images")
        self._function: Any = tf.compat.v1.wrap_function(network, [spec])

    def run(self, images: np.ndarray) -> list[np.ndarray]:
        """Returns the outputs for `images`."""
        return [np.asarray(found) for found in self._function(tf.constant(images))]

    def close(self) -> None:
        """Gives the values back."""
        self._function, self._values = None, {}


def _tensor(value: Any) -> tf.Tensor:
    """Returns a value as an eager tensor, without a copy where TensorFlow can take the memory over."""
    return value if tf.is_tensor(value) else tf.constant(value)
