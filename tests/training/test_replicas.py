"""Two devices give the numbers of one. TensorFlow splits its CPU only once a process, so another one
does it.
"""

import numpy as np
import pytest

from tests import warm


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    path = tmp_path_factory.mktemp("devices") / "found.npz"
    done = warm.run("-m", "tests.training.two_devices", path)
    assert done.returncode == 0, done.stderr[-3000:]
    with np.load(path) as stored:
        return dict(stored)


def part(found, prefix):
    return {name.removeprefix(prefix): value for name, value in found.items() if name.startswith(prefix)}


def test_two_devices_give_the_losses_and_the_weights_of_one(found):
    one, two = part(found, "plain/1/"), part(found, "plain/2/")
    assert len(one["loss"]) == 6
    assert one["loss"][0] != one["loss"][-1]
    for name in one:  # the scores are logits of up to 3
        np.testing.assert_allclose(two[name], one[name], atol=1e-6, err_msg=name)  # order of summation


def test_with_batch_norm_over_both_devices_and_what_steps_by_all_gradients_two_are_as_one(found):
    one, two = part(found, "tricks/1/"), part(found, "tricks/2/")
    assert any(name.startswith("averaged/") for name in one)
    for name in one.keys() - {"seed_state"}:  # float32, and 6 steps through a division by a deviation
        np.testing.assert_allclose(two[name], one[name], atol=1e-5, err_msg=name)


def test_layers_that_are_run_again_for_their_gradients_share_what_the_first_run_shared(found):
    plain, again = part(found, "tricks/1/"), part(found, "again/2/")
    for name in plain.keys() - {"seed_state"}:
        np.testing.assert_allclose(again[name], plain[name], atol=1e-6, err_msg=name)  # order of summation


def test_gradients_of_several_steps_are_added_up_over_both_devices_as_on_one(found):
    one, two = part(found, "accumulated/1/"), part(found, "accumulated/2/")
    assert any(name.startswith("averaged/") for name in one)
    for name in one.keys() - {"seed_state", "scores"}:
        np.testing.assert_allclose(two[name], one[name], atol=1e-6, err_msg=name)  # order of summation


def test_a_run_on_both_devices_goes_on_in_the_middle_of_an_update_bit_for_bit(found):
    whole, resumed = part(found, "accumulated/2/"), part(found, "accumulated/resumed/")
    assert [name for name in whole if not np.array_equal(whole[name], resumed[name])] == []


def test_of_masks_too_whose_labelled_and_hardest_pixels_are_shared_out_unevenly(found):
    one, two = part(found, "masks/1/"), part(found, "masks/2/")
    assert one["loss"][0] != one["loss"][-1] and one.keys() == two.keys()
    for name in one:  # float32, and 6 steps through a division by a deviation
        np.testing.assert_allclose(two[name], one[name], atol=1e-5, err_msg=name)


def test_each_replica_draws_its_own_dropout_from_one_seed(found):
    one, two = part(found, "dropout/1/"), part(found, "dropout/2/")
    np.testing.assert_array_equal(one["seed_state"], two["seed_state"])
    assert np.abs(one["loss"] - two["loss"]).max() > 1e-3


def test_what_is_saved_of_batch_norm_is_the_average_of_the_replicas(found):
    for name, saved in part(found, "bn/saved/").items():
        for replica in (0, 1):
            np.testing.assert_array_equal(found[f"bn/replica{replica}/{name}"], saved, err_msg=name)
    averages = [name for name in part(found, "bn/saved/") if "/conv1/BatchNorm/moving_" in name]
    assert len(averages) == 2
    for name in averages:
        halves = [found[f"bn/half{half}/{name}"] for half in (0, 1)]
        assert np.abs(halves[0] - halves[1]).max() > 1e-4
        np.testing.assert_allclose(found[f"bn/saved/{name}"], np.mean(halves, 0), atol=1e-6)  # float32


def test_the_devices_of_a_machine_among_several_have_their_rows_of_what_is_its_own(found):
    assert [*found["by_hand/sizes"]] == [3, 2]
    np.testing.assert_allclose(found["by_hand/loss"], found["plain/2/loss"], atol=1e-6)  # order of summation


def test_batch_norm_is_estimated_anew_over_whole_batches_on_any_number_of_devices(found):
    one, two = part(found, "anew/1/"), part(found, "anew/2/")
    averages = [name for name in one if "/moving_" in name]
    assert len(averages) == 4 and not any((one[name] == 0).all() for name in averages)
    for name in one:
        np.testing.assert_allclose(two[name], one[name], atol=1e-6, err_msg=name)  # float32


@pytest.mark.parametrize("case", ["half", "accumulated_half"])
def test_float16_on_two_devices_scales_as_on_one(found, case):
    one, two = part(found, f"{case}/1/"), part(found, f"{case}/2/")
    assert one["scale"] == two["scale"]
    assert one["counter"] == two["counter"] == 6
    np.testing.assert_allclose(one["loss"], two["loss"], atol=1e-3)  # float16 has 3 digits


def test_an_overflow_on_the_second_device_alone_leaves_the_step_out(found):
    before, after = part(found, "overflow/before/"), part(found, "overflow/after/")
    assert found["overflow/scale"] == 0.5
    assert all(np.array_equal(before[name], after[name]) for name in before)
