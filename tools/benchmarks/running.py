"""Rows that run models: load to first logits, forward pass, fine-tuning step."""

import functools
import statistics
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from tools.benchmarks.fixtures import fixture, multiply_adds, run_python
from tools.benchmarks.pairs import Sample, Settings, measure_pairs, time_pairs, timed
from tools.benchmarks.twins import CLASSES, TWINS, Twin, images_for, with_training

if TYPE_CHECKING:
    import tensorflow as tf

OF_EQUAL_COST = 0.15  # how far the multiply-adds of twins of other maths may be apart


def load_ours(settings: Settings, network: str, **arguments: Any) -> Any:
    """Returns the slimzoo.Model from its safetensors file."""
    import slimzoo

    return slimzoo.load(fixture(settings.folder, network, ".safetensors"), **arguments)


def load_theirs(settings: Settings, network: str) -> Any:
    """Returns the twin, built anew and filled from its .weights.h5 file."""
    model = TWINS[network].build()
    model.load_weights(fixture(settings.folder, network, ".weights.h5"))
    return model


def agreement(settings: Settings, network: str, ours: np.ndarray, theirs: np.ndarray) -> str:
    """Says how far the logits of the two sides are apart, or the cost of twins that compute something else.

    Raises: RuntimeError: they are not the same network, or not of the same cost.
    """
    if ours.shape != theirs.shape or not all(np.isfinite(logits).all() for logits in (ours, theirs)):
        raise RuntimeError(f"the twins give logits {ours.shape} and {theirs.shape}, or NaN")
    if TWINS[network].names is None:
        return _cost(settings, network)
    gap = float(np.max(np.abs(ours - theirs)) / np.max(np.abs(theirs)))
    if not gap < 1e-4:  # float32, another order of summation
        raise RuntimeError(f"the twins do not compute the same: logits differ by {gap:.1e} of their largest")
    return "logits equal bit for bit" if gap == 0.0 else f"logits within {gap:.0e} of the largest"


def _cost(settings: Settings, network: str) -> str:
    ours, theirs = multiply_adds(settings.folder, network)
    apart = ours / theirs - 1
    if abs(apart) > OF_EQUAL_COST:
        raise RuntimeError(f"the twins cost {ours:,} and {theirs:,} multiply-adds: {apart:+.0%}")
    return (
        f"other maths (Keras {TWINS[network].difference}), {ours / 1e6:.0f} M multiply-adds and Keras's "
        f"{theirs / 1e6:.0f} M, {apart:+.1%}"
    )


_LOAD = """
import os, time
import keras, tensorflow as tf, slimzoo.loading.load
from pathlib import Path
from tools.benchmarks import running
from tools.benchmarks.pairs import Settings
from tools.benchmarks.twins import TWINS, images_for
folder, network, side, logits = sys.argv[1:]
load, images = getattr(running, f"load_{side}"), images_for(1, TWINS[network].size)
(tf.ones([8, 8]) @ tf.ones([8, 8])).numpy()  # starts TensorFlow
start = time.perf_counter()
found = running.np.asarray(load(Settings(1, Path(folder)), network)(images))
print(time.perf_counter() - start)
running.np.save(logits, found)
"""


def measure_load(settings: Settings, network: str) -> Sample:
    """From a local file to the first logits of one image, each time in a new process, after its imports."""
    for suffix in (".safetensors", ".weights.h5"):
        fixture(settings.folder, network, suffix)
    files = {side: settings.folder / f"{side}.npy" for side in ("ours", "theirs")}

    def timed_process(side: str) -> float:
        return float(run_python(_LOAD, settings.folder, network, side, files[side]))

    for side in files:
        timed_process(side)  # the files are in the page cache from here on
    ours, theirs = (functools.partial(timed_process, side) for side in files)
    sample = measure_pairs(ours, theirs, settings.pairs)
    logits = (np.load(file) for file in files.values())
    sample.notes.append(agreement(settings, network, *logits))
    if TWINS[network].head:
        sample.notes.append(f"ours with {TWINS[network].head}, which Keras has not")
    return sample


def measure_load_again(settings: Settings, network: str) -> Sample:
    """The same within one process that has done it before: TensorFlow's kernels are cached on both sides."""
    images = images_for(1, TWINS[network].size)
    ours, theirs = (
        lambda load=load: np.asarray(load(settings, network)(images)) for load in (load_ours, load_theirs)
    )
    for warm_up in (ours, theirs):
        warm_up()
    return measure_pairs(lambda: timed(ours), lambda: timed(theirs), settings.pairs)


def measure_function(settings: Settings, network: str, batch: int) -> Sample:
    """Inference, tf.function against tf.function."""
    import tensorflow as tf

    images = tf.constant(images_for(batch, TWINS[network].size))

    def side(model: Any) -> Callable:
        return tf.function(functools.partial(model, training=False), autograph=False)

    ours, theirs = side(load_ours(settings, network)), side(load_theirs(settings, network))
    sample = time_pairs(lambda: ours(images).numpy(), lambda: theirs(images).numpy(), settings.pairs)
    sample.notes.append(agreement(settings, network, ours(images).numpy(), theirs(images).numpy()))
    return sample


def measure_predict(settings: Settings, network: str, batch: int) -> Sample:
    """Inference, predict against predict; both sides without XLA, which is slower on a CPU."""
    import tensorflow as tf

    images = images_for(batch, TWINS[network].size)

    def side(model: Any) -> Callable:
        if not tf.config.list_physical_devices("GPU"):
            model.compile(jit_compile=False)
        return functools.partial(model.predict, images, batch_size=batch, verbose=0)

    ours, theirs = side(load_ours(settings, network)), side(load_theirs(settings, network))
    sample = time_pairs(ours, theirs, settings.pairs)
    sample.notes.append(agreement(settings, network, ours(), theirs()))
    return sample


def measure_step(settings: Settings, network: str) -> Sample:
    """A fine-tuning step of all layers, Trainer.step against fit, one in the middle of a run.

    Alike on both sides: images (in memory), batch, loss, SGD with momentum, dropout, weight decay; no head
    besides the last layer.
    """
    twin, data = TWINS[network], _batches(TWINS[network])
    sample = measure_pairs(
        _warm(_our_steps(settings, network, data, twin.steps)),
        _warm(_their_steps(settings, network, data, twin.steps)),
        settings.pairs,
    )
    if twin.names is None:
        sample.notes.append(_cost(settings, network))
    return sample


def measure_discovery(settings: Settings, network: str) -> Sample:
    """What the network function is made of, in both modes; each time in a new process, after its imports."""
    found = [[float(n) for n in run_python(_DISCOVERY, network).split()] for _ in range(settings.pairs)]
    sample = Sample([seconds for seconds, _, _ in found], [0.0] * settings.pairs)
    processor = statistics.median(seconds for _, seconds, _ in found)
    sample.notes.append(f"{found[0][2]:.0f} variables; {processor:.2f} s of processor time")
    return sample


_DISCOVERY = """
import time
import tensorflow as tf
from slimzoo import registry
from slimzoo.tracing import discovery
from slimzoo.tracing.parts import resolve
registry.networks()
(tf.ones([8, 8]) @ tf.ones([8, 8])).numpy()  # starts TensorFlow
start, used = time.perf_counter(), time.process_time()
parts = resolve(sys.argv[1])
found = discovery.discover(parts.run, parts.input_shape, tf.float32)
print(time.perf_counter() - start, time.process_time() - used, len(found.variables))
"""


def _warm(side: Callable[[], float]) -> Callable[[], float]:
    side()
    return side


def _batches(twin: Twin) -> "tf.data.Dataset":
    import tensorflow as tf

    labels = np.eye(CLASSES, dtype=np.float32)[np.arange(twin.batch)]
    rows = {"image": images_for(twin.batch, twin.size), "labels": labels, "weights": np.ones_like(labels)}
    return tf.data.Dataset.from_tensors(rows).cache().repeat()


def _optimizer() -> Any:
    import keras

    return keras.optimizers.SGD(1e-4, momentum=0.9)


def _our_steps(settings: Settings, network: str, data: "tf.data.Dataset", steps: int) -> Callable[[], float]:
    from slimzoo.training.loop import Trainer, make_strategy

    head = TWINS[network].head
    model = load_ours(settings, network, exclude=[head] if head else [], **TWINS[network].single_head)
    trainer = Trainer(model, _optimizer(), make_strategy(), {})
    batches = trainer.distribute(data)

    def run() -> float:
        float(trainer.step(next(batches))["loss"])
        start = time.perf_counter()
        for _ in range(steps):
            losses = trainer.step(next(batches))
        float(losses["loss"])  # waits for a GPU
        return (time.perf_counter() - start) / steps

    return run


def _their_steps(
    settings: Settings, network: str, data: "tf.data.Dataset", steps: int
) -> Callable[[], float]:
    import keras
    import tensorflow as tf

    model = with_training(network, load_theirs(settings, network))
    on_gpu = bool(tf.config.list_physical_devices("GPU"))
    model.compile(
        _optimizer(),
        keras.losses.CategoricalCrossentropy(from_logits=True),
        jit_compile="auto" if on_gpu else False,  # XLA is slower on a CPU
    )
    ends: list[float] = []

    def note(batch: int, logs: object = None) -> None:
        del batch, logs
        ends.append(time.perf_counter())

    clock = keras.callbacks.LambdaCallback(on_train_batch_end=note)
    pairs = data.map(lambda row: (row["image"], row["labels"]))

    def run() -> float:
        ends.clear()
        model.fit(pairs, epochs=1, steps_per_epoch=steps + 1, shuffle=False, verbose=0, callbacks=[clock])
        return (ends[-1] - ends[0]) / steps

    return run
