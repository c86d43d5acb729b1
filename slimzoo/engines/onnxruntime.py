"""ONNX Runtime on the processor, by way of tf2onnx."""

import contextlib
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from slimzoo.engines.folding import folded
from slimzoo.engines.frozen import Frozen, placeholder
from slimzoo.engines.opening import Runner
from slimzoo.engines.processor import cores
from slimzoo.engines.rows import Settings
from slimzoo.errors import SlimzooError

OPSET = 17  # onnxruntime 1.12 and later
LARGE = 1 << 20  # bytes of a value that tf2onnx does not see: it holds dozens of copies of what it sees


def open_frozen(frozen: Frozen, settings: Settings) -> Runner:
    """Returns `frozen` as `settings` say. Raises: SlimzooError: tf2onnx does not know an op of it."""
    import onnxruntime

    frozen = folded(frozen)
    large = {
        name: array for name, value in frozen.values.items() if (array := np.asarray(value)).nbytes > LARGE
    }
    for name in large:
        del frozen.values[name]
    whole = frozen.whole(settings.batch_size)
    for name, array in large.items():
        spec = tf.TensorSpec(array.shape, array.dtype)
        whole.definition.node.append(placeholder(name, spec, array.shape[0]))
    frozen.values.clear()
    outputs = [f"{name}:0" for name in whole.outputs]
    inputs = [f"{name}:0" for name in (whole.images, *large)]
    with _quiet():
        import tf2onnx

        try:
            proto, _ = tf2onnx.convert.from_graph_def(
                whole.definition, "slimzoo", inputs, outputs, opset=OPSET
            )
        except Exception as error:
            raise SlimzooError(f"ONNX Runtime cannot run this network: {str(error)[:300]}") from error
    _fill(proto, large)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = settings.threads or cores()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return _OnnxRuntime(session, outputs)


def _fill(proto: Any, values: dict[str, np.ndarray]) -> None:
    """Puts `values`, which are used up, in place of the inputs of the ONNX model that stand for them."""
    inputs = list(proto.graph.input)
    del proto.graph.input[:]
    for value in inputs:
        array = values.pop(value.name.partition(":")[0], None)
        if array is None:
            proto.graph.input.append(value)
        else:
            made = proto.graph.initializer.add(name=value.name, dims=array.shape)
            made.data_type = value.type.tensor_type.elem_type
            made.raw_data = array.tobytes()


class _OnnxRuntime:
    """A session, which any thread may run."""

    def __init__(self, session: Any, outputs: list[str]) -> None:
        self._session, self._outputs = session, outputs
        self._images = session.get_inputs()[0].name

    def run(self, images: np.ndarray) -> list[np.ndarray]:
        """Returns the outputs for `images`."""
        return self._session.run(self._outputs, {self._images: images})

    def close(self) -> None:
        """Gives the session back."""
        self._session = None


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keeps what tf2onnx says of its own way to itself."""
    loggers = [logging.getLogger(name) for name in ("tf2onnx", "tensorflow")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
