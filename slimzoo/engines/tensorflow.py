"""TensorFlow: one concrete function of any batch, or a session where the number of threads is given."""

from typing import Any

import numpy as np
import tensorflow as tf

from slimzoo.engines.casting import cast
from slimzoo.engines.dense import turned
from slimzoo.engines.folding import folded
from slimzoo.engines.frozen import Frozen, GraphDef, placeholder
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
    if settings.threads is None:
        return _Function(frozen, definition, large, settings.batch_size)
    return _Session(frozen, definition, large, settings)


class _Function:
    """Runs in TensorFlow's own threads."""

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


class _Session:
    """Runs in a session of its own, whose threads are its own too."""

    def __init__(self, frozen: Frozen, definition: Any, large: dict[str, Any], settings: Settings) -> None:
        with tf.Graph().as_default() as graph:
            whole = GraphDef(versions=definition.versions, library=definition.library)
            whole.node.append(placeholder(frozen.images, frozen.spec, settings.batch_size))
            whole.node.extend(definition.node)
            variables = {
                name: tf.compat.v1.get_variable(
                    f"slimzoo_{i}", value.shape, tf.as_dtype(value.dtype), tf.zeros_initializer()
                )
                for i, (name, value) in enumerate(large.items())
            }
            given = {name: tf.convert_to_tensor(variable) for name, variable in variables.items()}
            images, *outputs = tf.graph_util.import_graph_def(
                whole, given, [f"{frozen.images}:0", *frozen.outputs], name=""
            )
        config = tf.compat.v1.ConfigProto(
            intra_op_parallelism_threads=settings.threads,
            inter_op_parallelism_threads=1,
            use_per_session_threads=True,
        )
        self._session = tf.compat.v1.Session(graph=graph, config=config)
        for name, variable in variables.items():
            variable.load(np.asarray(large.pop(name)), self._session)
        self._run = self._session.make_callable(outputs, [images])

    def run(self, images: np.ndarray) -> list[np.ndarray]:
        """Returns the outputs for `images`."""
        return self._run(images)

    def close(self) -> None:
        """Gives the values and the threads back."""
        self._session.close()


def _tensor(value: Any) -> tf.Tensor:
    """Returns a value as an eager tensor, without a copy where TensorFlow can take the memory over."""
    return value if tf.is_tensor(value) else tf.constant(value)
