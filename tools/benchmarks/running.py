"""Rows that run models: load to first logits, forward pass, fine-tuning step."""

import functools
import time
from collections.abc import Callable

import numpy as np

from tools.benchmarks.fixtures import fixture, run_python
from tools.benchmarks.pairs import Sample, Settings, measure_pairs, time_pairs, timed
from tools.benchmarks.twins import TWINS, images_for, with_training

STEPS = {"vgg_16": 2, "mobilenet_v1": 4}  # timed steps in one measurement
BATCH = {"vgg_16": 2, "mobilenet_v1": 8}


def load_ours(settings: Settings, network: str, **arguments):
    """Returns the slimzoo.Model from its safetensors file."""
    import slimzoo

    return slimzoo.load(fixture(settings.folder, network, ".safetensors"), **arguments)


def load_theirs(settings: Settings, network: str):
    """Returns the twin, built anew and filled from its .weights.h5 file."""
    model = TWINS[network].build()
    model.load_weights(fixture(settings.folder, network, ".weights.h5"))
    return model


def agreement(ours: np.ndarray, theirs: np.ndarray) -> str:
    """Says how far the logits of the two sides are apart. Raises RuntimeError: they are not the same
    network.
    """
    gap = float(np.max(np.abs(ours - theirs)) / np.max(np.abs(theirs)))
    if not gap < 1e-4:  # float32, another order of summation
        raise RuntimeError(f"the twins do not compute the same: logits differ by {gap:.1e} of their largest")
    return "logits equal bit for bit" if gap == 0.0 else f"logits within {gap:.0e} of the largest"


_LOAD = """
import os, time
import keras, tensorflow as tf, slimzoo.loading
from pathlib import Path
from tools.benchmarks import running
from tools.benchmarks.pairs import Settings
from tools.benchmarks.twins import images_for
folder, network, side, logits = sys.argv[1:]
load, images = getattr(running, f"load_{side}"), images_for(1)
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
    sample.notes.append(agreement(*(np.load(file) for file in files.values())))
    return sample


def measure_load_again(settings: Settings, network: str) -> Sample:
    """The same within one process that has done it before: TensorFlow's kernels are cached on both sides."""
    images = images_for(1)
    ours, theirs = (
        lambda load=load: np.asarray(load(settings, network)(images)) for load in (load_ours, load_theirs)
    )
    for warm_up in (ours, theirs):
        warm_up()
    return measure_pairs(lambda: timed(ours), lambda: timed(theirs), settings.pairs)


def measure_function(settings: Settings, network: str, batch: int) -> Sample:
    """Inference, tf.function against tf.function."""
    import tensorflow as tf

    images = tf.constant(images_for(batch))

    def side(model):
        return tf.function(functools.partial(model, training=False), autograph=False)

    ours, theirs = side(load_ours(settings, network)), side(load_theirs(settings, network))
    sample = time_pairs(lambda: ours(images).numpy(), lambda: theirs(images).numpy(), settings.pairs)
    sample.notes.append(agreement(ours(images).numpy(), theirs(images).numpy()))
    return sample


def measure_predict(settings: Settings, network: str, batch: int) -> Sample:
    """Inference, predict against predict; both sides without XLA, which is slower on a CPU."""
    import tensorflow as tf

    images = images_for(batch)

    def side(model):
        if not tf.config.list_physical_devices("GPU"):
            model.compile(jit_compile=False)
        return functools.partial(model.predict, images, batch_size=batch, verbose=0)

    ours, theirs = side(load_ours(settings, network)), side(load_theirs(settings, network))
    sample = time_pairs(ours, theirs, settings.pairs)
    sample.notes.append(agreement(ours(), theirs()))
    return sample


def measure_step(settings: Settings, network: str) -> Sample:
    """A fine-tuning step of all layers, Trainer.step against fit, one in the middle of a run.

    Alike on both sides: images (in memory), batch, loss, SGD with momentum, dropout, weight decay.
    """
    steps, data = STEPS[network], _batches(BATCH[network])
    return measure_pairs(
        _warm(_our_steps(settings, network, data, steps)),
        _warm(_their_steps(settings, network, data, steps)),
        settings.pairs,
    )


def _warm(side: Callable[[], float]) -> Callable[[], float]:
    side()
    return side


def _batches(batch: int):
    import tensorflow as tf

    from tools.benchmarks.twins import CLASSES

    labels = np.eye(CLASSES, dtype=np.float32)[np.arange(batch)]
    rows = {"image": images_for(batch), "labels": labels, "weights": np.ones_like(labels)}
    return tf.data.Dataset.from_tensors(rows).cache().repeat()


def _optimizer():
    import keras

    return keras.optimizers.SGD(1e-4, momentum=0.9)


def _our_steps(settings: Settings, network: str, data, steps: int) -> Callable[[], float]:
    from slimzoo.training.loop import Trainer, make_strategy

    trainer = Trainer(load_ours(settings, network), _optimizer(), make_strategy(), {})
    batches = trainer.distribute(data)

    def run() -> float:
        float(trainer.step(next(batches))["loss"])
        start = time.perf_counter()
        for _ in range(steps):
            losses = trainer.step(next(batches))
        float(losses["loss"])  # waits for a GPU
        return (time.perf_counter() - start) / steps

    return run


def _their_steps(settings: Settings, network: str, data, steps: int) -> Callable[[], float]:
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
