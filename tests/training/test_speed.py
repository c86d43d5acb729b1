"""What is measured of a network, not how fast it is."""

import importlib

import pytest

from slimzoo.catalogue import comparison
from slimzoo.errors import SlimzooError
from slimzoo.training import settings, speed
from slimzoo.training.speed import Task, measure
from tests import dense

benchmark = importlib.import_module("slimzoo.cli.benchmark")  # the package calls its command so


@pytest.mark.parametrize("mode", speed.MODES)
@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_each_mode_and_precision_gives_figures(mode, precision):
    found = measure(Task(network="tiny_bn", mode=mode, batch_size=3, size=24, precision=precision, steps=2))
    assert 0 < found.low <= found.images_per_second <= found.high
    assert (found.runs, found.size) == (2, 24)
    assert found.warm_up > 0
    assert found.memory is None or found.memory >= found.before > 0


def test_a_step_of_training_changes_every_layer(monkeypatch):
    models = []
    load = speed.load
    monkeypatch.setattr(speed, "load", lambda *a, **k: models.append(load(*a, **k)) or models[0])
    measure(Task(network="tiny", mode="infer", batch_size=1, steps=1))
    before = {name: v.numpy() for name, v in models[0].variables_by_name.items()}
    models.clear()
    measure(Task(network="tiny", mode="train", batch_size=2, steps=1))
    after = {name: v.numpy() for name, v in models[0].variables_by_name.items()}
    assert before.keys() == after.keys()
    biases = [name for name in after if name.endswith("biases")]  # begin at 0
    assert biases and all(after[name].any() and not before[name].any() for name in biases)


@pytest.mark.parametrize("mode", speed.MODES)
def test_a_network_that_gives_masks_is_measured_in_both_modes(mode):
    with dense.registered():
        found = measure(Task(network=dense.NAME, mode=mode, batch_size=2, size=33, steps=2))
    assert (found.runs, found.size) == (2, 33) and found.images_per_second > 0


def test_runs_go_on_until_both_the_time_and_the_number_are_reached(monkeypatch):
    now = iter(range(100))
    monkeypatch.setattr(comparison.time, "perf_counter", lambda: next(now))
    assert comparison.timed(lambda: None, 3, 0) == [1, 1, 1]
    assert comparison.timed(lambda: None, 3, 4.5) == [1] * 5


def test_the_command_offers_what_there_is():
    assert benchmark.MODES == speed.MODES and benchmark.PRECISIONS == settings.PRECISIONS
    assert {"cores", "processor", "threads", "tensorflow"} <= speed.machine().keys()


def test_released_weights_that_there_are_not_are_an_error():
    with pytest.raises(SlimzooError, match="no released weights"):
        measure(Task(network="tiny", mode="infer", batch_size=1, pretrained=True, steps=1))
