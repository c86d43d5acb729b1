"""Checkpoints: complete, small, never half written."""

import errno
import json

import numpy as np
import pytest

from slimzoo import converters, files
from slimzoo.errors import SlimzooError
from slimzoo.training.recipes import Recipe
from slimzoo.training.state import KEEP, TrainingState, checkpoints, newest
from tests.training.conftest import make_batches, make_trainer, values


def trained(steps=2, **arguments):
    trainer = make_trainer(**arguments)
    for batch in make_batches(steps):
        trainer.step(batch)
    return trainer, TrainingState(trainer.model, trainer.optimizer)


@pytest.mark.parametrize(("optimizer", "slots"), [("momentum", 1), ("adam", 2)])
def test_a_checkpoint_is_within_a_tenth_of_weights_and_slots(tmp_path, optimizer, slots):
    trainer, state = trained(name="cifarnet", size=32, recipe=Recipe(optimizer=optimizer), steps=0)
    history = [{"step": step, "kind": "train", "loss": 0.123456789} for step in range(200)]
    path = state.save(tmp_path, 1, {"history": history})
    weights = sum(value.nbytes for value in values(trainer.model).values())
    assert path.stat().st_size <= 1.1 * (1 + slots) * weights


@pytest.mark.parametrize("half", [False, True])
def test_everything_comes_back_and_the_next_step_is_the_same(tmp_path, half):
    arguments = {"name": "tiny_bn"}
    if half:
        arguments |= {"dtype": "mixed_float16", "loss_scaling": True}
    trainer, state = trained(**arguments)
    if half:
        trainer.optimizer.dynamic_scale.assign(2.0**9)
    path = state.save(tmp_path, 2, {"best": {"step": 1, "score": 0.1}, "history": [{"map": float("nan")}]})
    other = make_trainer(**arguments)
    step, progress = TrainingState(other.model, other.optimizer).restore(path)
    assert step == 2
    assert progress["best"] == {"step": 1, "score": 0.1}
    assert np.isnan(progress["history"][0]["map"])
    losses = []
    for each in (trainer, other):
        losses.append([float(each.step(batch)["loss"]) for batch in make_batches(3, seed=9)])
    assert losses[0] == losses[1]  # to the bit, dropout included
    one, two = values(trainer.model), values(other.model)
    assert all(np.array_equal(one[name], two[name]) for name in one)
    if half:
        assert float(other.optimizer.dynamic_scale) == 2.0**9
        assert int(other.optimizer.step_counter) == 5


def test_only_the_newest_stay(tmp_path):
    _, state = trained(steps=0)
    for step in (3, 20, 100):
        state.save(tmp_path, step, {})
        assert len(checkpoints(tmp_path)) <= KEEP
    assert [path.name for path in checkpoints(tmp_path)] == [
        "step-00000020.safetensors",
        "step-00000100.safetensors",
    ]
    assert newest(tmp_path) == tmp_path / "step-00000100.safetensors"


def test_a_folder_without_checkpoints_has_no_newest(tmp_path):
    assert newest(tmp_path) is None
    assert newest(tmp_path / "missing") is None


def test_what_was_left_half_written_is_not_taken_up(tmp_path):
    _, state = trained(steps=0)
    path = state.save(tmp_path, 3, {})
    (tmp_path / ".step-00000004.safetensors.0a1b2c3d.tmp").write_bytes(path.read_bytes()[:1000])
    (tmp_path / "step-00000005.safetensors.part").write_bytes(b"")
    assert newest(tmp_path) == path


@pytest.mark.parametrize("moment", ["write", "sync"])
def test_a_full_disk_says_so_and_the_old_checkpoints_stay(tmp_path, monkeypatch, moment):
    _, state = trained(steps=0)
    before = {state.save(tmp_path, step, {}): None for step in (1, 2)}
    before = {path: path.read_bytes() for path in before}

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    if moment == "sync":
        monkeypatch.setattr(files, "sync", full)
    else:
        monkeypatch.setattr("slimzoo.converters.formats.watch.Watch.write", full)
    with pytest.raises(SlimzooError, match=r"cannot write .*step-00000003.safetensors: the disk is full"):
        state.save(tmp_path, 3, {})
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_the_checkpoint_of_another_model_or_optimizer_lists_what_differs(tmp_path):
    _, state = trained(steps=0)
    path = state.save(tmp_path, 1, {"best": {}})
    other, there = trained(name="tiny_bn", recipe=Recipe(optimizer="adam"), steps=0)
    before = values(other.model)
    with pytest.raises(SlimzooError, match="checkpoint of another model or optimizer") as caught:
        there.restore(path)
    assert "model/Tiny/conv1/BatchNorm/beta: nothing there, (8,) here" in str(caught.value)
    assert "model/Tiny/conv1/biases: (8,) there, nothing here" in str(caught.value)
    after = values(other.model)
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_a_checkpoint_is_plain_safetensors(tmp_path):
    trainer, state = trained(steps=1)
    source = converters.read(state.save(tmp_path, 1, {"best": {"step": 1}}))
    assert source.metadata["step"] == "1"
    assert json.loads(source.metadata["progress"]) == {"best": {"step": 1}}
    for name, value in values(trainer.model).items():
        np.testing.assert_array_equal(source[f"model/{name}"], value)
