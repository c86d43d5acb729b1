"""Images a second of a network here, in inference and in a step of training, and the memory they take."""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf

from slimzoo import slim
from slimzoo.catalogue.comparison import in_engine, timed
from slimzoo.catalogue.machine import cores, memory, processor
from slimzoo.engines import Settings
from slimzoo.loading.load import load
from slimzoo.model.model import Model
from slimzoo.model.predictor import Predictor
from slimzoo.registry import SEGMENTATION, get_network
from slimzoo.training.loop import Loss, Trainer
from slimzoo.training.losses import Batch
from slimzoo.training.optimisation import gradient_factors, make_optimizer
from slimzoo.training.recipes import recipe_for
from slimzoo.training.run_report import environment

MODES = ("infer", "train")
LEAST_RUNS = 5  # where a time is asked for
_STEPS = 1_000_000  # of the schedule of learning rates, whose end no measurement comes near


@dataclass(frozen=True, kw_only=True)
class Task:
    """One thing to measure."""

    network: str
    mode: str  # of MODES
    batch_size: int
    size: int | None = None  # pixels; None: the network's own
    precision: str = "float32"
    engine: str | None = None  # of slimzoo.engines; None: the Keras model
    threads: int | None = None  # of the engine
    network_arguments: Mapping[str, Any] = field(default_factory=dict)
    pretrained: bool = False  # else the weights are new: nothing is fetched
    seconds: float = 2.0
    steps: int | None = None  # so many, in place of `seconds`


@dataclass(frozen=True, kw_only=True)
class Speed:
    """What was measured; images a second by the median and the quartiles of the runs."""

    images_per_second: float
    low: float
    high: float
    runs: int
    warm_up: float  # seconds of the first run, which traces; neither it nor the second is among the runs
    memory: int | None  # bytes that the process held at most; on a GPU, that were allocated there
    before: int | None  # bytes of these before there was a model
    size: int  # pixels

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def measure(task: Task) -> Speed:
    """Measures in this process; only a process of its own has the memory to itself.

    Raises: SlimzooError: the network cannot be made of that size or precision, or has no such weights.
    """
    tf.matmul(tf.ones([8, 8]), tf.ones([8, 8])).numpy()  # starts TensorFlow's threads and allocators
    before = memory("VmRSS")
    model = _loaded(task)
    run = _training(model, task) if task.mode == "train" else _inference(model, task)
    started = time.perf_counter()
    run()
    warm_up = time.perf_counter() - started
    run()
    least = (task.steps, 0.0) if task.steps else (LEAST_RUNS, task.seconds)
    rates = task.batch_size / np.array(timed(run, *least))
    low, middle, high = (float(rate) for rate in np.percentile(rates, (25, 50, 75)))
    on_gpu = _allocated_at_most()
    return Speed(
        images_per_second=middle,
        low=low,
        high=high,
        runs=len(rates),
        warm_up=warm_up,
        memory=memory("VmHWM") if on_gpu is None else on_gpu,
        before=before if on_gpu is None else 0,
        size=model.input_shape[1] or 0,
    )


def _loaded(task: Task) -> Any:
    """Returns a Model, or a Predictor."""
    given: dict[str, Any] = {"pretrained": task.pretrained, "size": task.size, "quiet": True}
    given["network_arguments"] = task.network_arguments
    if task.engine is None:
        return load(task.network, dtype=task.precision, **given)
    settings = Settings(task.engine, task.precision, task.threads, task.batch_size)
    return in_engine(task.network, settings, **given)


def machine() -> dict[str, Any]:
    """Returns what the figures depend on; of TensorFlow's threads 0 would mean one a core."""
    threads = tf.config.threading
    return {
        "processor": processor(),
        "cores": cores(),
        "threads": threads.get_intra_op_parallelism_threads() or cores(),
        "threads_between": threads.get_inter_op_parallelism_threads() or cores(),
        **environment(),
    }


def _images(model: Model | Predictor, task: Task) -> tf.Tensor:
    return tf.random.stateless_uniform((task.batch_size, *model.input_shape[1:]), (0, 0), -1, 1)


def _inference(model: Model | Predictor, task: Task) -> Callable[[], Any]:
    images = _images(model, task)
    if isinstance(model, Predictor):
        array = images.numpy()
        return lambda: model(array)
    return lambda: model(images, training=False).numpy()


def _training(model: Model, task: Task) -> Callable[[], Any]:
    """Returns a step of every layer with the network's own optimizer: forwards, backwards, and the update."""
    recipe = recipe_for(get_network(model.name))
    optimizer = make_optimizer(recipe, _STEPS, loss_scaling=task.precision == "mixed_float16")
    loss = Loss.of(recipe, of_pixels if model.task == SEGMENTATION else None)
    trainer = Trainer(model, optimizer, tf.distribute.get_strategy(), gradient_factors(recipe, model), loss)
    batch = {"image": _images(model, task), **_truth(model, task.batch_size)}
    return lambda: trainer.step(batch)["loss"].numpy()


def _truth(model: Model, count: int) -> dict[str, tf.Tensor]:
    """Returns what is true of so many images: each class in turn, of images or of their rows."""
    if model.task == SEGMENTATION:
        ids = tf.range(model.input_shape[1]) % model.num_classes
        return {"mask": tf.tile(ids[None, :, None], (count, 1, model.input_shape[2]))}
    labels = tf.one_hot(tf.range(count) % model.num_classes, model.num_classes)
    return {"labels": labels, "weights": tf.ones_like(labels)}


def of_pixels(model: Model, logits: tf.Tensor, batch: Batch) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the cross entropy of every pixel, in the mean, and how many there are."""
    mask = tf.reshape(batch["mask"], [-1])
    flat = tf.reshape(logits, [-1, model.num_classes])
    loss = slim.losses.sparse_softmax_cross_entropy(flat, mask)
    return loss, tf.cast(tf.size(mask), tf.float32)


def _allocated_at_most() -> int | None:
    """Returns the bytes on the GPU, None where there is none."""
    if not tf.config.list_logical_devices("GPU"):
        return None
    return int(tf.config.experimental.get_memory_info("GPU:0")["peak"])
