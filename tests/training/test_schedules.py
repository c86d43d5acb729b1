"""Learning rates over the steps of a run."""

import keras
import pytest

from slimzoo.training.recipes import SCHEDULES, Recipe
from slimzoo.training.schedules import Plateau, left_of, make_schedule, plateau_of, waited


def rates(steps, total=100, **recipe):
    schedule = make_schedule(Recipe(learning_rate=0.5, **recipe), total)
    return [float(schedule(step)) for step in steps]


def test_a_step_schedule_falls_by_its_factor_after_each_part_of_the_run():
    found = rates([0, 39, 40, 79, 80], schedule="step", step_every=0.4, step_factor=0.5, warmup=0.0)
    assert found == pytest.approx([0.5, 0.5, 0.25, 0.25, 0.125])


def test_a_polynomial_schedule_begins_to_fall_after_the_warmup():
    found = rates([0, 9, 10, 55, 100], schedule="polynomial", power=2.0, warmup=0.1)
    assert found == pytest.approx([0.05, 0.5, 0.5, 0.125, 0.0])


def test_one_cycle_rises_from_a_25th_to_its_peak_and_falls_to_nearly_nothing():
    first, top, last = rates([0, 40, 100], schedule="one_cycle", rise=0.4)
    assert (first, top) == pytest.approx((0.5 / 25, 0.5))
    assert 0 < last < 0.5 * 1e-3


def test_a_plateau_falls_when_evaluations_do_not_get_better_by_the_history_alone():
    recipe = Recipe(schedule="plateau", learning_rate=0.5, warmup=0.0, plateau_patience=2, step_factor=0.1)
    ranks = [[0.1], [0.3], [0.2], [0.3], [0.25], [0.3], [0.4]]
    left = [left_of(recipe, ranks[:n]) for n in range(len(ranks) + 1)]
    assert left == pytest.approx([1, 1, 1, 1, 0.1, 0.1, 0.01, 0.01])
    schedule = make_schedule(recipe, 10)
    plateau_of(schedule).left.assign(0.1)
    assert float(schedule(5)) == pytest.approx(0.05)


def test_evaluations_since_the_best_are_counted_from_the_first_of_equal_ones():
    assert [waited(ranks) for ranks in ([], [[1]], [[1], [1]], [[1], [2], [1], [2]])] == [0, 0, 1, 2]


@pytest.mark.parametrize("name", SCHEDULES)
def test_each_schedule_survives_keras_serialisation_and_only_a_plateau_is_moved_by_evaluations(name):
    schedule = make_schedule(Recipe(learning_rate=0.5, schedule=name), 20)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(schedule))
    assert [float(again(step)) for step in range(20)] == [float(schedule(step)) for step in range(20)]
    assert isinstance(plateau_of(schedule), Plateau) == (name == "plateau")
