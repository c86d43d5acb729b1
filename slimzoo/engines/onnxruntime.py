"""ONNX Runtime on the processor, by way of tf2onnx."""

import contextlib
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from slimzoo.engines.folding import folded
from slimzoo.engines.frozen import Frozen
from slimzoo.engines.opening import Runner
from slimzoo.engines.processor import cores
from slimzoo.engines.rows import Settings
from slimzoo.errors import SlimzooError

OPSET = 17  # onnxruntime 1.12 and later


def open_frozen(frozen: Frozen, settings: Settings) -> Runner:
    """Returns `frozen` as `settings` say. Raises: SlimzooError: tf2onnx does not know an op of it."""
    import onnxruntime

    whole = folded(frozen).whole(settings.batch_size)
    frozen.values.clear()
    outputs = [f"{name}:0" for name in whole.outputs]
    with _quiet():
        import tf2onnx

        try:
            proto, _ = tf2onnx.convert.from_graph_def(
                whole.definition, "slimzoo", [f"{whole.images}:0"], outputs, opset=OPSET
            )
        except Exception as error:
            raise SlimzooError(f"ONNX Runtime cannot run this network: {str(error)[:300]}") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = settings.threads or cores()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return _OnnxRuntime(session, outputs)


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
