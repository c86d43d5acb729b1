"""Rows of Predictors, NumPy in and out: against Keras's predict, the Model's function, raw engines."""

import functools
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from tools.benchmarks.fixtures import fixture, run_python
from tools.benchmarks.pairs import Row, Sample, Settings, measure_pairs, speed_ratio, time_pairs, time_ratio
from tools.benchmarks.running import load_ours, load_theirs
from tools.benchmarks.statistics import Target
from tools.benchmarks.twins import TWINS, images_for

NETWORKS = ("mobilenet_v1", "resnet_v1_50", "inception_v3", "vgg_16", "mobilenet_v2")
_SHOWN = Target()
_AGAINST_KERAS: dict[tuple[str, str, str, int], float] = {  # engine, precision, network, batch
    **{("tensorflow", "float32", name, 8): 1.3 for name in ("resnet_v1_50", "inception_v3", "vgg_16")},
    **{("tensorflow", "float32", name, 1): 2.5 for name in ("resnet_v1_50", "inception_v3", "vgg_16")},
    ("tensorflow", "float32", "mobilenet_v1", 8): 2.0,
    ("tensorflow", "float32", "mobilenet_v1", 1): 4.0,
    ("openvino", "bfloat16", "resnet_v1_50", 8): 6.0,
    ("openvino", "bfloat16", "inception_v3", 8): 6.0,
    ("openvino", "bfloat16", "mobilenet_v1", 8): 9.0,
    ("openvino", "bfloat16", "mobilenet_v1", 1): 20.0,
}
_BFLOAT16 = {"resnet_v1_50": 1.8, "vgg_16": 1.8, "inception_v3": 2.5}
_KINDS = (
    ("tensorflow", "float32"),
    ("tensorflow", "bfloat16"),
    ("openvino", "float32"),
    ("openvino", "bfloat16"),
    ("onnxruntime", "float32"),
    ("tflite", "float32"),
)


def _predictor(settings: Settings, network: str, engine: str, precision: str = "float32") -> Any:
    return load_ours(settings, network, engine=engine, precision=precision)


def _differ(ours: np.ndarray, theirs: np.ndarray) -> str:
    gap = float(np.abs(ours - theirs).max() / np.abs(theirs).max())
    return f"logits within {gap:.0e} of the largest"


def measure_against_keras(
    settings: Settings, network: str, engine: str, precision: str, batch: int
) -> Sample:
    """A Predictor's call against Keras's predict of the twin, without XLA, which is slower on a CPU."""
    images = images_for(batch, TWINS[network].size)
    ours, theirs = _predictor(settings, network, engine, precision), load_theirs(settings, network)
    theirs.compile(jit_compile=False)
    keras = functools.partial(theirs.predict, images, batch_size=batch, verbose=0)
    sample = time_pairs(lambda: ours(images), keras, settings.pairs)
    if TWINS[network].names is not None:
        sample.notes.append(_differ(ours(images), keras()))
    return sample


def measure_against_own(settings: Settings, network: str, batch: int) -> Sample:
    """A Predictor's call against a tf.function of the Model; arrays in and out on both sides."""
    import tensorflow as tf

    images = images_for(batch, TWINS[network].size)
    ours, model = _predictor(settings, network, "tensorflow"), load_ours(settings, network)
    function = tf.function(functools.partial(model, training=False), autograph=False)
    sample = time_pairs(lambda: ours(images), lambda: function(tf.constant(images)).numpy(), settings.pairs)
    sample.notes.append(_differ(ours(images), function(images).numpy()))
    return sample


def measure_bfloat16(settings: Settings, network: str, engine: str, batch: int) -> Sample:
    """bfloat16 against float32 of the same engine."""
    images = images_for(batch, TWINS[network].size)
    ours, theirs = (_predictor(settings, network, engine, kind) for kind in ("bfloat16", "float32"))
    sample = time_pairs(lambda: ours(images), lambda: theirs(images), settings.pairs)
    sample.notes.append(_differ(ours(images), theirs(images)))
    return sample


def measure_against_raw(
    settings: Settings, network: str, precision: str, batch: int, size: int | None
) -> Sample:
    """A Predictor on OpenVINO against OpenVINO itself on the same frozen graph, compiled for the batch.

    Args:
      size: of the batches that ours is compiled for; None: for any.
    """
    images = images_for(batch, TWINS[network].size)
    ours = load_ours(settings, network, engine="openvino", precision=precision, batch_size=size)
    theirs = _raw(settings, network, precision, batch)
    sample = time_pairs(lambda: ours(images), lambda: theirs(images), settings.pairs)
    sample.notes.append(_differ(ours(images), theirs(images)))
    return sample


def _raw(settings: Settings, network: str, precision: str, batch: int) -> Callable[[np.ndarray], np.ndarray]:
    """Returns what a user of OpenVINO would write for a frozen graph."""
    import openvino

    from slimzoo.model.compiling import ValuesOf, skeleton

    model = load_ours(settings, network)
    frozen = skeleton(model.parts, model.discovery).filled(ValuesOf(model.variables_by_name))
    converted = openvino.convert_model(frozen.whole().definition)
    converted.reshape([batch, *images_for(1, TWINS[network].size).shape[1:]])
    hints = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": {"float32": "f32"}.get(precision, "bf16"),
    }
    compiled = openvino.Core().compile_model(converted, "CPU", hints)
    request = compiled.create_infer_request()
    return lambda images: request.infer([images], share_inputs=True)[0]


_START = """
import os, time
import numpy as np, keras, tensorflow as tf, slimzoo.loading.load, slimzoo.model.predictor
from tools.benchmarks.twins import TWINS, images_for
path, network, engine = sys.argv[1:]
images = images_for(1, TWINS[network].size)
given = {"engine": engine} if engine else {}
(tf.ones([8, 8]) @ tf.ones([8, 8])).numpy()  # starts TensorFlow
start = time.perf_counter()
model = slimzoo.load(path, **given)
loaded = time.perf_counter() - start
np.asarray(model(images))
print(loaded, time.perf_counter() - start)
"""


def measure_start(settings: Settings, network: str, engine: str) -> Sample:
    """From a local file to the first logits, against load() and the Model's; a new process for each."""
    path = fixture(settings.folder, network, ".safetensors")
    made: dict[str, list[float]] = {engine: [], "": []}

    def timed_process(side: str) -> float:
        loaded, first = map(float, run_python(_START, path, network, side).split())
        made[side].append(loaded)
        return first

    timed_process("")  # the file is in the page cache from here on
    sample = measure_pairs(partial(timed_process, engine), partial(timed_process, ""), settings.pairs)
    ours, theirs = (sorted(times)[len(times) // 2] for times in (made[engine], made[""]))
    sample.notes.append(f"without the logits {ours:.2f} s of load()'s {theirs:.2f} s")
    return sample


_MEMORY = """
from tools.benchmarks import files
import slimzoo, numpy, tensorflow as tf
import slimzoo.loading.load, slimzoo.nets, slimzoo.model.predictor
from tools.benchmarks.twins import TWINS, images_for
images = images_for(1, TWINS[sys.argv[2]].size)
files.settle()
before = files.resident()
model = slimzoo.load(sys.argv[1], engine=sys.argv[3])
built, peak = files.resident(), files.peak()
model(images)
print(built - before, peak - before, files.resident() - before)
"""


def measure_memory(settings: Settings, network: str, engine: str) -> Sample:
    """Memory that a Predictor holds once it is built, against the bytes of the weights."""
    path = fixture(settings.folder, network, ".safetensors")
    weights = float(path.stat().st_size)
    rows = [
        [int(n) for n in run_python(_MEMORY, path, network, engine).split()] for _ in range(settings.pairs)
    ]
    sample = Sample([float(built) for built, _, _ in rows], [weights] * settings.pairs)
    peak, called = (sorted(column)[len(rows) // 2] / weights for column in list(zip(*rows, strict=True))[1:])
    sample.notes.append(f"at most {peak:.2f} meanwhile, with the first logits {called:.2f}")
    return sample


def rows() -> Iterator[Row]:
    """Yields the rows."""
    for engine, precision in _KINDS:
        measure = partial(measure_against_keras, engine=engine, precision=precision)
        for network in NETWORKS:
            for batch in (8, 1):
                least = _AGAINST_KERAS.get((engine, precision, network, batch))
                yield Row(
                    f"compiled/{engine}/{precision}/{network}/{batch}",
                    f"{network}: speed of {engine} {precision}, batch {batch}, of Keras's predict",
                    _SHOWN if least is None else Target("at least", least),
                    partial(measure, network=network, batch=batch),
                    speed_ratio,
                    network=network,
                )
    for network in NETWORKS:
        yield from _against_itself(network)
    for network in ("vgg_16", "mobilenet_v1"):
        yield from _beginning(network)


def _against_itself(network: str) -> Iterator[Row]:
    for batch in (8, 1):
        yield Row(
            f"compiled-own/{network}/{batch}",
            f"{network}: speed of tensorflow float32, batch {batch}, of the Model's tf.function",
            Target("at least", 1.05),
            partial(measure_against_own, network=network, batch=batch),
            speed_ratio,
            network=network,
        )
    least = _BFLOAT16.get(network)
    yield Row(
        f"compiled-bfloat16/tensorflow/{network}/8",
        f"{network}: speed of tensorflow bfloat16, batch 8, of its float32",
        _SHOWN if least is None else Target("at least", least),
        partial(measure_bfloat16, network=network, engine="tensorflow", batch=8),
        speed_ratio,
        network=network,
    )
    for precision in ("float32", "bfloat16"):
        for kind, size, said, target in (
            ("compiled-raw", 8, "batch 8", Target("at least", 0.95)),
            ("compiled-any", None, "batch 8, compiled for any", _SHOWN),
        ):
            yield Row(
                f"{kind}/openvino/{precision}/{network}/8",
                f"{network}: speed of openvino {precision}, {said}, of OpenVINO itself",
                target,
                partial(measure_against_raw, network=network, precision=precision, batch=8, size=size),
                speed_ratio,
                network=network,
            )


def _beginning(network: str) -> Iterator[Row]:
    large = network == "vgg_16"
    for engine in ("tensorflow", "openvino"):
        held = large and engine == "tensorflow"
        yield Row(
            f"compiled-start/{engine}/{network}",
            f"{network}: file to first logits of {engine}, time of the Model's",
            Target("at most", 1.3) if held else _SHOWN,
            partial(measure_start, network=network, engine=engine),
            time_ratio,
            network=network,
        )
        yield Row(
            f"compiled-memory/{engine}/{network}",
            f"{network}: memory of {engine} once built, of the weights",
            Target("at most", 1.15) if held else _SHOWN,
            partial(measure_memory, network=network, engine=engine),
            time_ratio,
            "B",
            network=network,
        )
