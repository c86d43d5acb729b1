"""The training loop, on tf.distribute: one step is one strategy.run."""

from collections.abc import Callable

import tensorflow as tf

from slimzoo.model import Model
from slimzoo.training.losses import classification_loss, share_of_replica


class Trainer:
    """One model, one optimizer, one strategy; step() trains on a batch."""

    def __init__(self, model: Model, optimizer, strategy: tf.distribute.Strategy, factors: dict[str, float]):
        self.model = model
        self.optimizer = optimizer
        self.strategy = strategy
        self._scaled = getattr(optimizer, "scale_loss", None) if _scales(optimizer) else None
        self._trained = [(n, v) for n, v in model.variables_by_name.items() if v.trainable]
        self._factors = [factors.get(name, 1.0) for name, _ in self._trained]
        with strategy.scope():
            optimizer.build([v for _, v in self._trained])
        self._step: Callable = tf.function(self._distributed_step, autograph=False, reduce_retracing=True)

    def step(self, batch) -> dict[str, float]:
        """Trains on one batch (per replica values or tensors); returns its losses."""
        return {name: float(value) for name, value in self._step(batch).items()}

    def distribute(self, dataset: tf.data.Dataset):
        """Returns an iterator of what step() takes; batches are split among the replicas."""
        if self.strategy.num_replicas_in_sync == 1:
            return iter(dataset)
        options = tf.data.Options()
        options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
        return iter(self.strategy.experimental_distribute_dataset(dataset.with_options(options)))

    def _distributed_step(self, batch):
        losses = self.strategy.run(self._replica_step, args=(batch,))
        return {name: self.strategy.reduce("SUM", value, axis=None) for name, value in losses.items()}

    def _replica_step(self, batch):
        variables = [variable for _, variable in self._trained]
        with tf.GradientTape() as tape:
            logits = self.model(batch["image"], training=True)
            loss, terms = classification_loss(logits, batch["labels"], batch["weights"], self.model.multi_label)
            loss = share_of_replica(loss, terms)
            regularization = tf.add_n(self.model.losses or [tf.constant(0.0)])
            regularization /= self.strategy.num_replicas_in_sync
            total = loss + regularization
            scaled = self._scaled(total) if self._scaled else total
        gradients = tape.gradient(scaled, [variable.value for variable in variables])
        gradients = [
            g if factor == 1.0 or g is None else g * factor for g, factor in zip(gradients, self._factors, strict=True)
        ]
        self.optimizer.apply_gradients(
            [(g, v) for g, v in zip(gradients, variables, strict=True) if g is not None]
        )
        return {"loss": loss, "regularization": regularization}


def _scales(optimizer) -> bool:
    return type(optimizer).__name__ == "LossScaleOptimizer"


def make_strategy(device: str = "auto") -> tf.distribute.Strategy:
    """Returns the default strategy for one device and MirroredStrategy for several GPUs.

    Args:
      device: "auto" (all GPUs there are, else the CPU), "cpu", "gpu", or one device as "gpu:1".
    Raises: ValueError: there is no such device.
    """
    gpus = tf.config.list_logical_devices("GPU")
    if device == "auto":
        return tf.distribute.MirroredStrategy() if len(gpus) > 1 else tf.distribute.get_strategy()
    kind, _, number = device.lower().partition(":")
    found = tf.config.list_logical_devices(kind.upper())
    if kind not in ("cpu", "gpu") or not found or (number and not number.isdigit()) or int(number or 0) >= len(found):
        have = ", ".join(d.name.partition("device:")[2].lower() for d in tf.config.list_logical_devices())
        raise ValueError(f"no device {device!r} here; there are {have}, or auto")
    if kind == "gpu" and not number and len(found) > 1:
        return tf.distribute.MirroredStrategy()
    return tf.distribute.OneDeviceStrategy(f"/{kind}:{number or 0}")


def uses_gpu(strategy: tf.distribute.Strategy) -> bool:
    """Whether the steps of `strategy` run on GPUs."""
    if strategy is tf.distribute.get_strategy():  # the default one: TensorFlow places what it can on a GPU
        return bool(tf.config.list_logical_devices("GPU"))
    return any("GPU" in device.upper() for device in strategy.extended.worker_devices)
