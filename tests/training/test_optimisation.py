"""Learning rates over the steps, and the optimizers of the recipes."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from slimzoo.training.optimisation import make_optimizer, rate_factors
from slimzoo.training.recipes import OPTIMIZERS, Recipe
from slimzoo.training.schedules import WarmupCosine
from tests.training.conftest import make_batches, make_trainer, values


def rates(schedule, steps):
    return [float(schedule(step)) for step in steps]


def test_the_rate_rises_to_its_peak_and_falls_to_0_along_a_cosine():
    schedule = WarmupCosine(0.5, steps=110, warmup=10, cosine=True)
    assert rates(schedule, [0, 4, 10]) == pytest.approx(
        [0.05, 0.25, 0.5], rel=1e-3
    )  # 0.25: nearly at the top
    middle = 0.5 * 0.5 * (1 + math.cos(math.pi * 0.5))
    assert rates(schedule, [60, 110, 500]) == pytest.approx([middle, 0, 0], abs=1e-6)


def test_a_constant_rate_stays():
    assert rates(WarmupCosine(0.5, 100, 0, cosine=False), [0, 50, 99]) == [0.5, 0.5, 0.5]


def test_a_schedule_survives_keras_serialisation():
    schedule = WarmupCosine(0.5, 100, 7, cosine=True)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(schedule))
    assert again.get_config() == schedule.get_config()


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("scaled", [True, False])
def test_every_optimizer_can_be_made_and_says_its_rate(name, scaled):
    optimizer = make_optimizer(Recipe(optimizer=name, learning_rate=0.25, warmup=0.0), 10, scaled)
    assert isinstance(optimizer, keras.optimizers.LossScaleOptimizer) == scaled
    assert float(optimizer.learning_rate) == 0.25


STEADY = {"learning_rate": 0.05, "schedule": "constant", "warmup": 0.0}
PLAIN = {"dropout_keep_prob": 1.0}


def stepped(batches=1, **recipe):
    """Returns the weights before and after steps of a tiny network without dropout."""
    trainer = make_trainer(recipe=Recipe(**{**STEADY, **recipe}), **PLAIN)
    before = values(trainer.model)
    for batch in make_batches(batches):
        trainer.step(batch)
    return before, values(trainer.model)


@pytest.mark.parametrize("optimizer", ["momentum", "adamw"])
@pytest.mark.parametrize("layer_decay", [1.0, 0.999999])  # by Keras's own decay, and by ours
def test_weight_decay_is_of_kernels_alone_and_in_place_of_the_network_s_own(optimizer, layer_decay):
    given = {"optimizer": optimizer, "layer_decay": layer_decay}
    before, without = stepped(weight_decay=0.0, **given)
    _, decayed = stepped(weight_decay=0.1, **given)
    for name, value in before.items():
        less = without[name] - decayed[name]
        wanted = 0.05 * 0.1 * value if value.ndim > 1 else np.zeros_like(value)
        np.testing.assert_allclose(less, wanted, atol=1e-6, err_msg=name)  # float32


def test_the_network_s_own_loss_of_weights_is_left_out_where_the_optimizer_decays():
    (batch,) = make_batches(1)
    found = [
        float(
            make_trainer(recipe=Recipe(**STEADY, weight_decay=decay), **PLAIN).step(batch)["regularization"]
        )
        for decay in (None, 0.0)
    ]
    assert found[0] > 0 and found[1] == 0


def test_rates_fall_by_depth_for_any_optimizer():
    for optimizer in ("momentum", "lion"):
        before, whole = stepped(optimizer=optimizer, weight_decay=0.0)
        _, less = stepped(optimizer=optimizer, weight_decay=0.0, layer_decay=0.5)
        for scope, factor in (("Tiny/conv1", 0.25), ("Tiny/conv2", 0.5), ("Tiny/logits", 1.0)):
            name = f"{scope}/weights"
            np.testing.assert_allclose(
                less[name] - before[name], factor * (whole[name] - before[name]), atol=1e-6
            )


def test_what_is_new_has_the_whole_rate_and_the_scope_below_the_first_part_of_it():
    trainer = make_trainer(**PLAIN)
    factors = rate_factors(Recipe(layer_decay=0.5, new=("Tiny/logits", "Tiny/conv2")), trainer.model)
    assert [factors[f"Tiny/{scope}/biases"] for scope in ("conv1", "conv2", "logits")] == [0.5, 1.0, 1.0]


def test_gradients_are_cut_to_their_norm():
    before, after = stepped(clip_norm=0.01, learning_rate=1.0, weight_decay=0.0)
    moved = np.concatenate([(after[name] - before[name]).ravel() for name in before])
    assert np.linalg.norm(moved) == pytest.approx(0.01, rel=1e-4)  # float32


def test_gradients_of_several_steps_are_averaged_for_one_update():
    given = {"optimizer": "momentum", "weight_decay": 0.0}
    (batch,) = make_batches(1, difficult=0.0)
    halves = [{key: value[part] for key, value in batch.items()} for part in (slice(0, 3), slice(3, 6))]
    trainer = make_trainer(recipe=Recipe(**STEADY, **given, accumulate=2), **PLAIN)
    before = values(trainer.model)
    trainer.step(halves[0])
    assert all(np.array_equal(before[name], value) for name, value in values(trainer.model).items())
    trainer.step(halves[1])
    whole = make_trainer(recipe=Recipe(**STEADY, **given), **PLAIN)
    whole.step(batch)
    for name, value in values(whole.model).items():
        np.testing.assert_allclose(values(trainer.model)[name], value, atol=1e-6)  # order of summation


def test_smoothed_labels_cost_what_the_formula_says():
    (batch,) = make_batches(1, difficult=0.0)
    trainer = make_trainer(recipe=Recipe(**STEADY, label_smoothing=0.2), **PLAIN)
    logits = trainer.model(batch["image"], training=False)
    wanted = tf.nn.sigmoid_cross_entropy_with_logits(batch["labels"] * 0.8 + 0.1, logits)
    assert float(trainer.step(batch)["loss"]) == pytest.approx(float(tf.reduce_mean(wanted)), rel=1e-5)


def test_float16_steps_with_all_of_them_and_its_averages_can_be_had():
    given = {
        "layer_decay": 0.5,
        "weight_decay": 0.01,
        "clip_norm": 1.0,
        "accumulate": 2,
        "average_weights": 0.5,
    }
    recipe = Recipe(**STEADY, optimizer="adamw", **given)
    trainer = make_trainer(recipe=recipe, dtype="mixed_float16", loss_scaling=True, **PLAIN)
    trainer.optimizer.dynamic_scale.assign(8.0)  # so that no step is left out
    before = values(trainer.model)
    for batch in make_batches(4):
        trainer.step(batch)
    stepped = values(trainer.model)
    assert all(np.isfinite(v).all() and not np.array_equal(v, before[name]) for name, v in stepped.items())
    trainer.optimizer.finalize_variable_values(
        [v for v in trainer.model.variables_by_name.values() if v.trainable]
    )
    assert not all(np.array_equal(v, stepped[name]) for name, v in values(trainer.model).items())
