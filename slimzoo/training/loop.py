"""The training loop, on tf.distribute: one step is one strategy.run."""

import contextlib
import functools
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import keras
import tensorflow as tf

from slimzoo.errors import counted, some
from slimzoo.model.model import Model
from slimzoo.training.losses import Batch, BatchLoss, of_classes, share_of_replica
from slimzoo.training.recipes import Recipe
from slimzoo.training.together.many_machines import of_replicas, spans_machines

log = logging.getLogger("slimzoo")
Losses = dict[str, tf.Tensor]


@dataclass(frozen=True, kw_only=True)
class Loss:
    """What is made small, and what its gradients go through.

    Attributes:
      of_batch: (model, logits, batch) -> the loss, and how many terms it is the mean of.
      regularized: the network's own L2 loss is part of it.
      known: the optimizer clips by the norm of all gradients or adds up those of several steps, so that each
        replica must know their sum.
    """

    of_batch: BatchLoss = field(default_factory=of_classes)
    regularized: bool = True
    known: bool = False

    @classmethod
    def of(cls, recipe: Recipe, of_batch: BatchLoss | None = None) -> "Loss":
        """Returns what `recipe` says of it; `of_batch`: None: of images with labels."""
        return cls(
            of_batch=of_batch or of_classes(recipe.label_smoothing),
            regularized=recipe.decay is None,
            known=recipe.clip_norm is not None or recipe.accumulate > 1,
        )


class Trainer:
    """One model, one optimizer, one strategy; step() trains on a batch."""

    def __init__(
        self,
        model: Model,
        optimizer: keras.optimizers.Optimizer,
        strategy: tf.distribute.Strategy,
        factors: Mapping[str, float],
        loss: Loss | None = None,
    ):
        self.model = model
        self.optimizer = optimizer
        self.strategy = strategy
        self._loss = loss or Loss()
        self._scaled = getattr(optimizer, "scale_loss", None) if _scales(optimizer) else None
        self._trained = [(n, v) for n, v in model.variables_by_name.items() if v.trainable]
        self._factors = [factors.get(name, 1.0) for name, _ in self._trained]
        with strategy.scope():
            optimizer.build([v for _, v in self._trained])
        self._said = False
        self._steps: dict[tuple[int, ...], Callable] = {}  # by the size of the images

    def step(self, batch: Batch) -> Losses:
        """Trains on one batch (per replica values or tensors); returns its losses, float32 [].

        They stay tensors, so that a GPU goes on while the next batch is prepared.
        """
        size = tuple(self.strategy.experimental_local_results(batch["image"])[0].shape[1:])
        if size not in self._steps:
            step = tf.function(self._distributed_step, autograph=False, reduce_retracing=True)
            self._steps[size] = step
            losses = step(batch)
            self._say_what_is_recomputed()
            return losses
        return self._steps[size](batch)

    def _say_what_is_recomputed(self) -> None:
        if not self.model.recompute or self._said:
            return
        self._said = True
        if count := self.model.recomputed:
            log.info("gradient checkpointing: %s of %s run again", counted(count, "part"), self.model.name)
        elif models := self.model.discovery.models:
            log.warning(
                "gradient checkpointing saves nothing here: %s calls another Model, %s, and is run as it is",
                self.model.name,
                some([model.name for model in models]),
            )
        else:
            log.warning(
                "gradient checkpointing saves nothing here: %s has no blocks, and no layers with batch norm, "
                "that could be run again",
                self.model.name,
            )

    def distribute(self, dataset: tf.data.Dataset) -> Iterator[Batch]:
        """Returns an iterator of what step() takes; batches are split among the replicas.

        Over several machines `dataset` is of the rows of this one (many_machines.share_of).
        """
        if self.strategy.num_replicas_in_sync == 1:
            return iter(dataset)
        if spans_machines(self.strategy):
            return (of_replicas(self.strategy, batch) for batch in dataset)
        options = tf.data.Options()
        options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
        return iter(self.strategy.experimental_distribute_dataset(dataset.with_options(options)))

    def _distributed_step(self, batch: Batch) -> Losses:
        losses = self.strategy.run(self._replica_step, args=(batch,))
        return {name: self.strategy.reduce("SUM", value, axis=None) for name, value in losses.items()}

    def _replica_step(self, batch: Batch) -> Losses:
        variables = [variable for _, variable in self._trained]
        with tf.GradientTape() as tape:
            logits = self.model(batch["image"], training=True)
            loss, terms = self._loss.of_batch(self.model, logits, batch)
            loss = share_of_replica(loss, terms)
            own = self.model.losses if self._loss.regularized else []
            regularization = tf.add_n(own or [tf.constant(0.0)])
            regularization /= self.strategy.num_replicas_in_sync
            total = loss + regularization
            scaled = self._scaled(total) if self._scaled else total
        gradients = tape.gradient(scaled, [variable.value for variable in variables])
        if self._scaled and self.strategy.num_replicas_in_sync > 1:
            gradients = _finite_everywhere_or_nowhere(gradients)
        pairs = zip(gradients, self._factors, strict=True)
        gradients = [g if factor == 1.0 or g is None else g * factor for g, factor in pairs]
        if self._loss.known and self.strategy.num_replicas_in_sync > 1:
            gradients = _mean_of_all(gradients)
        self.optimizer.apply_gradients(
            [(g, v) for g, v in zip(gradients, variables, strict=True) if g is not None]
        )
        return {"loss": loss, "regularization": regularization}


def _finite_everywhere_or_nowhere(gradients: list[Any]) -> list[Any]:
    """Returns `gradients`, all NaN if those of any replica are not finite.

    Keras decides from the first replica's own gradients whether to leave a step out, before it adds them up.
    """
    finite = [tf.reduce_all(tf.math.is_finite(g)) for g in gradients if g is not None]
    wrong = tf.cast(~tf.reduce_all(finite), tf.float32)
    wrong = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, wrong)
    nothing = tf.where(wrong > 0, float("nan"), 0.0)
    return [g if g is None else g + tf.cast(nothing, g.dtype) for g in gradients]


def _mean_of_all(gradients: list[Any]) -> list[Any]:
    """Returns the gradients of all replicas added up, divided by their number: Keras adds them up again."""
    replica = tf.distribute.get_replica_context()
    known = replica.all_reduce(tf.distribute.ReduceOp.MEAN, [g for g in gradients if g is not None])
    found = iter(known)
    return [g if g is None else next(found) for g in gradients]


def _scales(optimizer: keras.optimizers.Optimizer) -> bool:
    return type(optimizer).__name__ == "LossScaleOptimizer"


def make_strategy(device: str = "auto") -> tf.distribute.Strategy:
    """Returns the default strategy for one device and MirroredStrategy for several GPUs.

    Args:
      device: "auto" (all GPUs there are, else the CPU), "cpu", "gpu", or one device as "gpu:1".
    Raises: ValueError: there is no such device.
    """
    gpus = tf.config.list_logical_devices("GPU")
    if device == "auto":
        return _all_gpus() if len(gpus) > 1 else tf.distribute.get_strategy()
    kind, _, number = device.lower().partition(":")
    there = tf.config.list_logical_devices(kind.upper()) if kind in ("cpu", "gpu") else []
    if number not in ("", *(str(i) for i in range(len(there)))) or not there:
        have = ", ".join(d.name.partition("device:")[2].lower() for d in tf.config.list_logical_devices())
        raise ValueError(f"no device {device!r} here; there are {have}, or auto")
    if kind == "gpu" and not number and len(there) > 1:
        return _all_gpus()
    return tf.distribute.OneDeviceStrategy(f"/{kind}:{number or 0}")


@functools.cache
def _all_gpus() -> tf.distribute.Strategy:
    """The one MirroredStrategy of the process: TensorFlow mixes up the all-reduces of two."""
    return tf.distribute.MirroredStrategy()


def uses_gpu(strategy: tf.distribute.Strategy) -> bool:
    """Whether the steps of `strategy` run on GPUs."""
    if strategy is tf.distribute.get_strategy():  # the default one: TensorFlow places what it can on a GPU
        return bool(tf.config.list_logical_devices("GPU"))
    return any("GPU" in device.upper() for device in strategy.extended.worker_devices)


def evaluation_device(strategy: tf.distribute.Strategy) -> AbstractContextManager:
    """Returns a context in which a model runs on the first device of `strategy`."""
    if strategy.num_replicas_in_sync > 1 or isinstance(strategy, tf.distribute.OneDeviceStrategy):
        return tf.device(strategy.extended.worker_devices[0])
    return contextlib.nullcontext()
