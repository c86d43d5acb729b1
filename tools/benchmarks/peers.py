"""Rows that say what a Predictor could reach: plain products of matrices, and PyTorch on timm's twins."""

import functools
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from tools.benchmarks.fixtures import multiply_adds
from tools.benchmarks.pairs import Row, Sample, Settings, speed_ratio, time_pairs
from tools.benchmarks.running import load_ours, load_theirs
from tools.benchmarks.statistics import Target
from tools.benchmarks.twins import TWINS, images_for

NETWORKS = ("mobilenet_v1", "resnet_v1_50", "inception_v3", "vgg_16", "mobilenet_v2")
TIMM = {  # of equal cost; its own values, on which no time depends
    "resnet_v1_50": "resnet50",
    "inception_v3": "inception_v3",
    "vgg_16": "vgg16",
    "mobilenet_v2": "mobilenetv2_100",
    "mobilenet_v1": "mobilenetv1_100",
}
_SIDE = 1024  # of the matrices: a product of them is bound by arithmetic, not by memory
_TRIES = 5  # of each way of PyTorch, to find the best


def products(count: int) -> Callable[[], object]:
    """Returns a call of as many multiply-adds as `count`, in float32 products of matrices."""
    import tensorflow as tf

    calls = max(1, round(count / _SIDE**3))
    first = tf.ones([round(count / calls / _SIDE**2), _SIDE])
    other = tf.fill([_SIDE, _SIDE], 1 / _SIDE)  # ones stay ones

    @tf.function(autograph=False)
    def all_of_them() -> tf.Tensor:
        def step(i: tf.Tensor, matrix: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return i + 1, tf.matmul(matrix, other)

        return tf.while_loop(lambda i, _: i < calls, step, (0, first))[1][0, 0]

    return lambda: all_of_them().numpy()


def measure_limit(settings: Settings, network: str, batch: int) -> Sample:
    """Products of as many multiply-adds against Keras's predict: no direct convolutions are faster."""
    images = images_for(batch, TWINS[network].size)
    theirs = load_theirs(settings, network)
    theirs.compile(jit_compile=False)
    keras = functools.partial(theirs.predict, images, batch_size=batch, verbose=0)
    count = multiply_adds(settings.folder, network)[0] * batch
    sample = time_pairs(products(count), keras, settings.pairs)
    rates = (2 * count / float(np.median(times)) / 1e9 for times in (sample.ours, sample.theirs))
    sample.notes.append("{:.0f} GFLOP/s, Keras {:.0f}".format(*rates))
    return sample


def measure_torch(settings: Settings, network: str, precision: str, batch: int) -> Sample:
    """A Predictor on OpenVINO against the fastest of torch eager, torch.compile and ONNX Runtime."""
    import timm  # noqa: F401 - behind TensorFlow, PyTorch's build for CUDA ends the process as it is imported

    images = images_for(batch, TWINS[network].size)
    ours = load_ours(settings, network, engine="openvino", precision=precision)
    ways = _ways(settings, network, precision, images)
    times = {name: min(_seconds(call) for _ in range(_TRIES)) for name, call in ways.items()}
    best = min(times, key=times.__getitem__)
    sample = time_pairs(lambda: ours(images), ways[best], settings.pairs)
    sample.notes.append(", ".join(f"{name} {seconds * 1e3:.0f} ms" for name, seconds in times.items()))
    return sample


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _ways(
    settings: Settings, network: str, precision: str, images: np.ndarray
) -> Mapping[str, Callable[[], object]]:
    import timm
    import torch

    model = timm.create_model(TIMM[network], pretrained=False).eval().to(memory_format=torch.channels_last)
    batch = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
    dtype = {"bfloat16": torch.bfloat16}.get(precision)

    def run(network: Any) -> object:
        with torch.inference_mode(), torch.autocast("cpu", dtype=dtype, enabled=dtype is not None):
            return network(batch).float().numpy()

    compiled = torch.compile(model)
    onnx = load_ours(settings, network, engine="onnxruntime")
    ways = {
        "eager": partial(run, model),
        "compile": partial(run, compiled),
        "onnxruntime": partial(onnx, images),
    }
    for call in ways.values():
        call()
    return ways


def rows() -> Iterator[Row]:
    """Yields the rows."""
    for network in NETWORKS:
        for batch in (8, 1):
            yield Row(
                f"compiled-limit/{network}/{batch}",
                f"{network}: speed of plain products of its multiply-adds, batch {batch}, of Keras's predict",
                Target(),
                partial(measure_limit, network=network, batch=batch),
                speed_ratio,
                network=network,
            )
        for precision, least in (("float32", 1.0), ("bfloat16", 1.8)):
            yield Row(
                f"compiled-torch/openvino/{precision}/{network}/8",
                f"{network}: speed of openvino {precision}, batch 8, of the best of PyTorch and ONNX Runtime",
                Target("at least", least),
                partial(measure_torch, network=network, precision=precision, batch=8),
                speed_ratio,
                network=network,
                needs=("torch", "timm", "onnxruntime", "tf2onnx", "openvino"),
            )
