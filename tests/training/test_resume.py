"""A run that was killed goes on as if nothing had been: dropout, batch norm, augmentation, history."""

import json
import random
import signal
import time

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from slimzoo import converters
from slimzoo.errors import SlimzooError
from slimzoo.training import state
from slimzoo.training.run import Run
from slimzoo.training.state import checkpoints, newest
from tests import warm
from tests.training.conftest import values

STEPS = 16


def start(devkit, out):
    return warm.Process("-m", "tests.training.one_run", devkit, out)


def ended(process, code=0):
    out, err = process.communicate(timeout=300)
    assert process.returncode == code, err[-3000:]
    return out


def wait_for(condition, process):
    """Waits until `condition` holds or the process ends."""
    while not condition() and process.poll() is None:
        time.sleep(0.01)


@pytest.fixture(scope="module")
def uninterrupted(devkit, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "whole"
    ended(start(devkit, out))
    return out


def train_losses(folder):
    events = EventAccumulator(str(folder / "tensorboard"), size_guidance={"tensors": 0})  # 0: all of them
    return events.Reload().Tensors("train/loss")


def assert_same_run(one, other):
    for name in ("model.safetensors", f"checkpoints/step-{STEPS:08d}.safetensors"):
        theirs, ours = converters.read(one / name), converters.read(other / name)
        assert theirs.shapes == ours.shapes
        different = [key for key in theirs if not np.array_equal(theirs[key], ours[key])]
        assert different == [], name
    assert (one / "history.csv").read_text() == (other / "history.csv").read_text()
    with np.load(one / "predictions.npz") as theirs, np.load(other / "predictions.npz") as ours:
        np.testing.assert_array_equal(theirs["scores"], ours["scores"])
    tensors = [train_losses(folder) for folder in (one, other)]
    assert [event.step for event in tensors[0]] == list(range(1, STEPS + 1))
    assert [e.tensor_proto for e in tensors[0]] == [e.tensor_proto for e in tensors[1]]


def test_sigkill_at_any_moment_changes_nothing(devkit, uninterrupted, tmp_path):
    out = tmp_path / "killed"
    seconds = random.uniform(0, 1.0)
    process = start(devkit, out)
    wait_for(lambda: newest(out / "checkpoints") is not None, process)
    time.sleep(seconds)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL, "it ended before it could be killed"
    print(f"killed {seconds:.3f} s after the first checkpoint, at {newest(out / 'checkpoints')}")
    ended(start(devkit, out))
    assert_same_run(uninterrupted, out)
    assert not list(out.rglob("*.tmp"))


def is_finished(out):
    config = out / "config.json"
    return config.is_file() and json.loads(config.read_text())["finished"]


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_thirty_kills_of_runs_leave_nothing_lost_or_half_written(devkit, uninterrupted, tmp_path):
    moments, killed, trial = random.Random(0), 0, 0
    while killed < 30:
        out = tmp_path / f"run{trial}"
        process = start(devkit, out)
        time.sleep(moments.uniform(2, 10))  # to import TensorFlow takes 4 s, a run 4 more
        process.kill()
        process.communicate()
        killed += process.returncode == -signal.SIGKILL
        if (finished := is_finished(out)) or killed % 5 == 0:
            if not finished:
                ended(start(devkit, out))
            assert_same_run(uninterrupted, out)
            assert not list(out.rglob("*.tmp"))
            trial += 1


def test_sigterm_saves_and_leaves_and_changes_nothing(devkit, uninterrupted, tmp_path):
    out = tmp_path / "stopped"
    process = start(devkit, out)
    history = out / "history.csv"
    wait_for(lambda: history.exists() and "\n2," in history.read_text(), process)
    process.terminate()
    said = ended(process, 128 + signal.SIGTERM)
    (saved,) = checkpoints(out / "checkpoints")
    step = int(saved.stem.removeprefix("step-"))
    assert 2 <= step < 4  # between two evaluations
    assert f"stopped after step {step} of {STEPS}; all is saved in {out}" in said
    ended(start(devkit, out))
    assert_same_run(uninterrupted, out)


class Killed(Exception):
    """Stands for the end of the process."""


OPTIONS = {"learning_rate": 0.05}


@pytest.fixture(scope="module")
def whole(run, tmp_path_factory):
    return run(tmp_path_factory.mktemp("runs") / "whole", steps=6, options=OPTIONS)


@pytest.mark.parametrize("moment", ["save", "_save_model", "finish"])
def test_a_run_killed_beside_a_step_ends_the_same(run, whole, tmp_path, monkeypatch, moment):
    """Kills the run before the checkpoint, between it and the best model, and before the report."""
    original, calls = getattr(Run, moment), []

    def killed(self, *arguments):
        calls.append(self.step)
        if moment == "finish" or self.step >= 4:
            raise Killed
        return original(self, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(Run, moment, killed)
        try:
            run(tmp_path / "killed", steps=6, options=OPTIONS)
        except Killed:
            pass
        else:
            assert moment == "_save_model"  # the first model was the best
    if moment == "_save_model" and calls[-1] < 4:
        pytest.skip("no later model was better")
    again = run(tmp_path / "killed", steps=6, options=OPTIONS)
    assert again.best_step == whole.best_step
    assert again.history == whole.history
    one, two = values(whole.model), values(again.model)
    assert all(np.array_equal(one[name], two[name]) for name in one)


def test_a_checkpoint_that_cannot_be_written_ends_the_run_and_no_model_comes_without_it(
    run, tmp_path, monkeypatch
):
    def full(self, folder):
        raise SlimzooError("no room")

    monkeypatch.setattr(state.Copied, "write", full)
    with pytest.raises(SlimzooError, match="no room"):
        run(tmp_path / "run", steps=2)
    assert not (tmp_path / "run" / "model.safetensors").exists()


def test_a_run_gone_on_with_in_another_precision_is_refused(run, tmp_path, monkeypatch):
    def killed(self, *arguments):
        raise Killed

    monkeypatch.setattr(Run, "finish", killed)
    with pytest.raises(Killed):
        run(tmp_path / "run", steps=1)
    with pytest.raises(ValueError, match="precision: 'float32' then, 'mixed_bfloat16' now"):
        run(tmp_path / "run", steps=1, precision="mixed_bfloat16")
