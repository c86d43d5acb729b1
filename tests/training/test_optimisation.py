"""Learning rates over the steps, and the optimizers of the recipes."""

import math

import keras
import pytest

from slimzoo.training.optimisation import WarmupCosine, make_optimizer
from slimzoo.training.recipes import OPTIMIZERS, Recipe


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
