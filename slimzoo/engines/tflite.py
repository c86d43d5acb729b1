"""TensorFlow Lite: the converter and the interpreter that TensorFlow brings."""

import warnings
from typing import Any

import numpy as np
import tensorflow as tf

from slimzoo.engines.folding import folded
from slimzoo.engines.frozen import Frozen
from slimzoo.engines.opening import Runner
from slimzoo.engines.pool import Pool
from slimzoo.engines.processor import cores
from slimzoo.engines.rows import Settings
from slimzoo.errors import SlimzooError, tensorflow_says
from slimzoo.files.chatter import without_chatter


def open_frozen(frozen: Frozen, settings: Settings) -> Runner:
    """Returns `frozen` as `settings` say. Raises: SlimzooError: TensorFlow Lite does not know an op of it."""
    content = converted(folded(frozen), settings.batch_size)
    frozen.values.clear()
    return _Lite(content, settings.threads or cores())


def converted(frozen: Frozen, batch_size: int | None = None) -> bytes:
    """Returns a .tflite file of `frozen`, whose signature gives "output_0" and so on."""
    whole = frozen.whole(batch_size)

    def network(images: tf.Tensor) -> dict[str, tf.Tensor]:
        names = [f"{name}:0" for name in whole.outputs]
        found = tf.graph_util.import_graph_def(whole.definition, {whole.images: images}, names, name="")
        return {f"output_{i}": tensor for i, tensor in enumerate(found)}

    spec = tf.TensorSpec([batch_size, *frozen.spec.shape[1:]], tf.float32, name="slimzoo_images")
    module = tf.Module()  # with one the converter writes a signature
    module.network = tf.function(network, [spec], autograph=False)
    concrete = module.network.get_concrete_function()
    try:
        with without_chatter():
            return tf.lite.TFLiteConverter.from_concrete_functions([concrete], module).convert()
    except Exception as error:
        raise SlimzooError(f"TensorFlow Lite cannot run this network: {tensorflow_says(error)}") from error


class _Lite:
    """An interpreter, which one thread runs at a time."""

    def __init__(self, content: bytes, threads: int) -> None:
        def make() -> tuple[Any, Any]:
            with warnings.catch_warnings(), without_chatter():
                warnings.simplefilter("ignore")  # that it will move to another package
                interpreter = tf.lite.Interpreter(model_content=content, num_threads=threads)
                interpreter.allocate_tensors()
            return interpreter, interpreter.get_signature_runner()

        self._interpreters: Pool[tuple[Any, Any]] = Pool(make, 1)
        with self._interpreters.lent():
            pass  # what it cannot do shows now

    def run(self, images: np.ndarray) -> list[np.ndarray]:
        """Returns the outputs for `images`."""
        with self._interpreters.lent() as (_, runner):
            found = runner(**dict.fromkeys(runner.get_input_details(), images))
        return [found[f"output_{i}"] for i in range(len(found))]

    def close(self) -> None:
        """Gives the interpreter back."""
        del self._interpreters
