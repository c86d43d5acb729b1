"""OpenVINO on the processor: compiled for a batch, or for any; what it compiled is kept in the cache."""

import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import openvino
import tensorflow as tf
from openvino.op import Constant

from slimzoo.engines.blobs import kept_blobs
from slimzoo.engines.folding import folded
from slimzoo.engines.frozen import Frozen, GraphDef, placeholder
from slimzoo.engines.opening import Runner
from slimzoo.engines.pool import Pool
from slimzoo.engines.processor import cores, flags
from slimzoo.engines.rows import Settings
from slimzoo.errors import SlimzooError

_HINTS = {"float32": "f32", "bfloat16": "bf16", "float16": "f16"}
_MOST_REQUESTS = 64  # at once; each holds the activations of a batch


def open_frozen(frozen: Frozen, settings: Settings) -> Runner:
    """Returns `frozen` as `settings` say. Raises: SlimzooError: OpenVINO does not know an op of it."""
    digest = frozen.digest()
    model = _converted(folded(frozen))
    frozen.values.clear()
    if settings.batch_size is not None:
        model.reshape([settings.batch_size, *(-1 if n is None else n for n in frozen.spec.shape[1:])])
    config = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": _HINTS[settings.precision],
        "INFERENCE_NUM_THREADS": settings.threads or cores(),
        "ENABLE_CPU_PINNING": False,  # processes of a thread each would all be held to the first core
    }
    with kept_blobs(_kind(config), digest) as folder:
        if folder is not None:
            config["CACHE_DIR"] = str(folder)
        try:
            compiled = openvino.Core().compile_model(model, "CPU", config)
        except RuntimeError as error:
            why = str(error).strip().splitlines()[-1]  # those before it are places in OpenVINO's source
            raise SlimzooError(f"OpenVINO cannot compile this network: {why[:300]}") from error
    return _OpenVino(compiled, len(frozen.outputs))


def _kind(config: Mapping[str, Any]) -> str:
    """Returns what a blob holds for beside the network: OpenVINO itself takes one of any precision."""
    about = repr([sorted(config.items()), sorted(flags() or ())])
    version = openvino.__version__.partition("-")[0]
    return f"openvino-{version}-{hashlib.sha256(about.encode()).hexdigest()[:12]}"


def _converted(frozen: Frozen) -> Any:
    """Returns an openvino.Model with the values as constants that are shared, not copied into a graph."""
    outputs = [f"slimzoo_output_{i}" for i in range(len(frozen.outputs))]
    definition = GraphDef(versions=frozen.definition.versions, library=frozen.definition.library)
    definition.node.append(placeholder(frozen.images, frozen.spec))
    for name, value in frozen.values.items():
        shape = tf.TensorShape(value.shape)
        definition.node.append(placeholder(name, tf.TensorSpec(shape, value.dtype), _first(shape)))
    definition.node.extend(frozen.definition.node)
    for name, output in zip(outputs, frozen.outputs, strict=True):
        definition.node.add(name=name, op="Identity", input=[output]).attr["T"].type = 1
    try:
        model = _read(definition)
    except Exception as error:
        raise SlimzooError(f"OpenVINO cannot run this network: {str(error)[:300]}") from error
    return _filled(model, frozen)


def _read(definition: GraphDef) -> Any:
    """Returns the graph as OpenVINO reads it from a file: openvino.convert_model would report its use."""
    with tempfile.TemporaryDirectory(prefix="slimzoo-openvino-") as folder:
        path = Path(folder) / "graph.pb"
        path.write_bytes(definition.SerializeToString())
        return openvino.Core().read_model(path)


def _first(shape: tf.TensorShape) -> int | None:
    return shape[0] if shape.rank else None


def _filled(model: Any, frozen: Frozen) -> Any:
    """Puts the values in place of the parameters that stand for them, and outputs into their order."""
    for parameter in list(model.get_parameters()):
        name = parameter.get_friendly_name().partition(":")[0]
        if name == frozen.images:
            continue
        value = np.array(frozen.values.pop(name))  # a writable one of its own, as sharing wants it
        constant = Constant(value, shared_memory=True)
        parameter.output(0).replace(constant.output(0))
        model.remove_parameter(parameter)
    return model


class _OpenVino:
    """A compiled model; a thread that runs it has a request of its own."""

    def __init__(self, compiled: Any, outputs: int) -> None:
        self._compiled = compiled
        named = {name.partition(":")[0]: port for port in compiled.outputs for name in port.get_names()}
        self._outputs = [named[f"slimzoo_output_{i}"] for i in range(outputs)]
        self._requests: Pool[Any] = Pool(compiled.create_infer_request, _MOST_REQUESTS)

    def run(self, images: np.ndarray) -> list[np.ndarray]:
        """Returns the outputs for `images`."""
        with self._requests.lent() as request:
            found = request.infer([images], share_inputs=True)
            return [found[port] for port in self._outputs]

    def close(self) -> None:
        """Gives the model back."""
        del self._requests, self._outputs, self._compiled
