"""ONNX Runtime on the processor, by way of tf2onnx."""

from typing import Any

import numpy as np

from slimzoo.engines.folding import folded
from slimzoo.engines.frozen import Frozen
from slimzoo.engines.onnx_graph import converted
from slimzoo.engines.opening import Runner
from slimzoo.engines.processor import cores
from slimzoo.engines.rows import Settings
from slimzoo.errors import SlimzooError


def open_frozen(frozen: Frozen, settings: Settings) -> Runner:
    """Returns `frozen` as `settings` say. Raises: SlimzooError: tf2onnx does not know an op of it."""
    import onnxruntime

    try:
        proto = converted(folded(frozen), settings.batch_size)
    except Exception as error:
        raise SlimzooError(f"ONNX Runtime cannot run this network: {str(error)[:300]}") from error
    outputs = [output.name for output in proto.graph.output]
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
