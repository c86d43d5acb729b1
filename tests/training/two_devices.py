"""Trains on one device and on two logical CPU devices and writes what came out; run as a process of its own.

python -m tests.training.two_devices FILE.npz
"""

import functools
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import tensorflow as tf

from slimzoo.training.recipes import Recipe

STEPS = 6
TRICKS = Recipe(
    learning_rate=0.05,
    schedule="constant",
    warmup=0.0,
    sync_batch_norm=True,
    clip_norm=0.3,  # below the norm of these gradients
    layer_decay=0.5,
    weight_decay=0.01,
    average_weights=0.8,
    label_smoothing=0.1,
)
ACCUMULATED = replace(TRICKS, schedule="cosine", accumulate=2)


def main(path: str) -> None:
    """Runs every case and writes the arrays."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    from tests.training import tiny

    tiny.register()
    found: dict[str, np.ndarray] = {}
    for case, arguments in {
        "plain": {"dropout_keep_prob": 1.0},
        "dropout": {},
        "half": {"dropout_keep_prob": 1.0, "dtype": "mixed_float16", "loss_scaling": True},
    }.items():
        for count in (1, 2):
            train(found, f"{case}/{count}", count, **arguments)
    for count in (1, 2):
        normed = {"network": "tiny_bn", "dropout_keep_prob": 1.0}
        train(found, f"tricks/{count}", count, recipe=TRICKS, **normed)
        train(found, f"accumulated/{count}", count, recipe=ACCUMULATED, **normed)
        half = {"dropout_keep_prob": 1.0, "dtype": "mixed_float16", "loss_scaling": True}
        train(found, f"accumulated_half/{count}", count, recipe=ACCUMULATED, **half)
    again = replace(TRICKS, gradient_checkpointing=True)
    train(found, "again/2", 2, recipe=again, **normed)
    train(found, "accumulated/resumed", 2, recipe=ACCUMULATED, stop=3, **normed)
    for count in (1, 2):
        masks(found, count)
    batch_norm(found)
    estimated_anew(found)
    split_by_hand(found)
    overflow(found)
    np.savez(path, **found)


@functools.cache
def strategy_of(count: int):
    """The default strategy, or two mirrored CPUs; one of each, as make_strategy() gives."""
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]) if count == 2 else tf.distribute.get_strategy()


def batches(count: int):
    """Batches of 5 images, 3 for one replica and 2 for the other, most weights of the second replica 0."""
    from tests.training.conftest import make_batches

    for number, batch in enumerate(make_batches(count, size=5)):
        weights = batch["weights"].numpy()
        weights[3:] = 0.0
        weights[3, number % 4] = 1.0
        yield {**batch, "weights": tf.constant(weights)}


def distributed(trainer, count: int):
    """The batches as step() takes them."""
    from tests.training.conftest import make_batches

    (first,) = make_batches(1)
    signature = {key: tf.TensorSpec([5, *value.shape[1:]], value.dtype) for key, value in first.items()}
    return trainer.distribute(
        tf.data.Dataset.from_generator(lambda: batches(count), output_signature=signature)
    )


def train(found, name, devices, network="tiny", stop=STEPS, **arguments):
    """Keeps losses, weights and scores; after `stop` steps another trainer goes on from a checkpoint."""
    from tests.training.conftest import make_trainer, values

    trainer = make_trainer(network, strategy_of(devices), **arguments)
    losses = []
    for step, batch in enumerate(distributed(trainer, STEPS)):
        if step == stop:
            trainer = taken_up(trainer, make_trainer(network, strategy_of(devices), **arguments))
        losses.append(trainer.step(batch))
    for key in ("loss", "regularization"):
        found[f"{name}/{key}"] = np.array([float(row[key]) for row in losses])
    found |= {f"{name}/{key}": value for key, value in values(trainer.model).items()}
    if trainer.optimizer.use_ema:
        trained = [variable for variable in trainer.model.variables_by_name.values() if variable.trainable]
        trainer.optimizer.finalize_variable_values(trained)
        found |= {f"{name}/averaged/{key}": value for key, value in values(trainer.model).items()}
    found[f"{name}/seed_state"] = trainer.model.seed_state.numpy()
    (batch,) = batches(1)
    found[f"{name}/scores"] = trainer.model(batch["image"], training=False).numpy()
    if arguments.get("loss_scaling"):
        found[f"{name}/scale"] = trainer.optimizer.dynamic_scale.numpy()
        found[f"{name}/counter"] = trainer.optimizer.step_counter.numpy()


def taken_up(trainer, other):
    """Returns the trainer `other` with everything that a checkpoint keeps of `trainer`."""
    from slimzoo.training.state import TrainingState

    with tempfile.TemporaryDirectory() as folder:
        path = TrainingState(trainer.model, trainer.optimizer).save(Path(folder), 3, {})
        TrainingState(other.model, other.optimizer).restore(path)
    return other


def masks(found, devices):
    """Keeps losses and weights of masks: most pixels of the second replica are void, the hardest count."""
    from slimzoo.training.loop import Loss
    from slimzoo.training.masks.feeding import pixel_loss
    from tests.training.conftest import make_trainer, values

    recipe = Recipe(
        learning_rate=0.05,
        schedule="constant",
        warmup=0.0,
        sync_batch_norm=True,
        gradient_checkpointing=devices == 2,
    )
    trainer = make_trainer(
        "tiny_masks", strategy_of(devices), recipe=recipe, multi_label=False, dropout_keep_prob=1.0
    )
    weights = np.array([0.5, 1.0, 2.0, 1.5], np.float32)

    def loss(model, logits, batch):
        return pixel_loss(logits, batch["mask"], weights, hard_pixels=0.4)

    trainer._loss = Loss.of(recipe, loss)

    def batches():
        for number in range(STEPS):
            random = np.random.RandomState(number)
            image = random.randn(5, 17, 17, 3).astype(np.float32)
            mask = (image[..., 0] > 0).astype(np.int32) + (image[..., 1] > 0)
            mask[3:, 2:] = 255
            yield {"image": image, "mask": mask}

    signature = {
        "image": tf.TensorSpec([5, 17, 17, 3], tf.float32),
        "mask": tf.TensorSpec([5, 17, 17], tf.int32),
    }
    data = tf.data.Dataset.from_generator(batches, output_signature=signature)
    losses = [trainer.step(batch) for batch in trainer.distribute(data)]
    found[f"masks/{devices}/loss"] = np.array([float(row["loss"]) for row in losses])
    found |= {f"masks/{devices}/{key}": value for key, value in values(trainer.model).items()}


def batch_norm(found):
    """Keeps each replica's averages after a step, what is read to be saved, and what a half gives."""
    from tests.training.conftest import make_trainer, values

    trainer = make_trainer("tiny_bn", strategy_of(2))
    for batch in distributed(trainer, 1):
        trainer.step(batch)
    for name, variable in trainer.model.variables_by_name.items():
        for replica, value in enumerate(trainer.strategy.experimental_local_results(variable.value)):
            found[f"bn/replica{replica}/{name}"] = value.numpy()
    found |= {f"bn/saved/{name}": value for name, value in values(trainer.model).items()}
    (whole,) = batches(1)
    for half, part in enumerate((slice(0, 3), slice(3, 5))):
        trainer = make_trainer("tiny_bn", strategy_of(1))
        trainer.step({key: value[part] for key, value in whole.items()})
        found |= {f"bn/half{half}/{name}": value for name, value in values(trainer.model).items()}


def estimated_anew(found):
    """Keeps what is measured where batch norm is estimated anew, and the values after it."""
    from slimzoo.training.measured import Measured
    from tests.training.conftest import make_trainer, values

    recipe = Recipe(batch_norm="reestimated")
    for count in (1, 2):
        trainer = make_trainer("tiny_bn", strategy_of(count))
        images = tf.stack([batch["image"] for batch in batches(3)])
        data = tf.data.Dataset.from_tensor_slices({"image": images})
        given = (trainer.model, trainer.optimizer, recipe, lambda data=data: data, 3, trainer.strategy)
        with Measured(*given).in_place():
            found |= {f"anew/{count}/{name}": value for name, value in values(trainer.model).items()}


def split_by_hand(found):
    """Keeps the losses of batches that are split as those of a machine among several."""
    from slimzoo.training.together.many_machines import of_replicas
    from tests.training.conftest import make_trainer

    trainer = make_trainer("tiny", strategy_of(2), dropout_keep_prob=1.0)
    parts = [of_replicas(trainer.strategy, batch) for batch in batches(STEPS)]
    found["by_hand/sizes"] = np.array([len(image) for image in parts[0]["image"].values])
    found["by_hand/loss"] = np.array([float(trainer.step(part)["loss"]) for part in parts])


def overflow(found):
    """Keeps the weights before and after a step whose gradients overflow on the second replica alone."""
    from tests.training.conftest import make_trainer, values

    trainer = make_trainer("tiny", strategy_of(2), dtype="mixed_float16", loss_scaling=True)
    found |= {f"overflow/before/{name}": value for name, value in values(trainer.model).items()}
    scale = 2.0**20  # gradients of the first replica, where nothing counts, stay 0
    trainer.optimizer.dynamic_scale.assign(scale)

    def one():
        for batch in batches(1):
            weights = batch["weights"].numpy()
            weights[:3], weights[3:] = 0.0, 1.0
            yield {**batch, "weights": tf.constant(weights)}

    (first,) = batches(1)
    signature = {key: tf.TensorSpec(value.shape, value.dtype) for key, value in first.items()}
    for batch in trainer.distribute(tf.data.Dataset.from_generator(one, output_signature=signature)):
        trainer.step(batch)
    found |= {f"overflow/after/{name}": value for name, value in values(trainer.model).items()}
    found["overflow/scale"] = trainer.optimizer.dynamic_scale.numpy() / scale


if __name__ == "__main__":
    main(sys.argv[1])
