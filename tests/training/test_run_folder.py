"""A run's folder: new, gone on with, replaced or refused, and never anything else lost."""

import json
import os
from dataclasses import replace

import pytest

from slimzoo.data import Dataset
from slimzoo.errors import SlimzooError
from slimzoo.training.run_folder import COLUMNS, RunFolder, fingerprint

SETTINGS = {"steps": 10, "learning_rate": 0.1, "new": ("a/b",)}


def started(path, settings=SETTINGS, overwrite=False):
    folder = RunFolder(path, settings, overwrite)
    folder.start()
    return folder


def checkpoint(folder, step=3):
    folder.checkpoint_folder.mkdir(exist_ok=True)
    path = folder.checkpoint_folder / f"step-{step:08d}.safetensors"
    path.write_bytes(b"checkpoint")
    return path


def test_a_new_folder_is_made_with_the_settings_in_it(tmp_path):
    folder = started(tmp_path / "runs" / "one")
    config = json.loads(folder.config_path.read_text())
    assert config == {"settings": {**SETTINGS, "new": ["a/b"]}, "finished": False}


def test_a_file_is_refused(tmp_path):
    (tmp_path / "run").write_text("mine")
    with pytest.raises(FileExistsError, match="is a file; name a folder"):
        RunFolder(tmp_path / "run", SETTINGS)
    with pytest.raises((FileExistsError, SlimzooError), match="run"):
        RunFolder(tmp_path / "run" / "inside", SETTINGS)


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("name", ["notes.txt", "config.json", "model.safetensors"])
def test_a_folder_with_other_things_is_refused_even_to_overwrite(tmp_path, name, overwrite):
    (tmp_path / name).write_text('{"mine": 1}')
    with pytest.raises(FileExistsError, match="holds other things than a run"):
        RunFolder(tmp_path, SETTINGS, overwrite)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == '{"mine": 1}'


def test_hidden_files_are_no_other_things(tmp_path):
    (tmp_path / ".directory").write_text("left by a file manager")
    started(tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(SlimzooError, match="permission denied"):
        RunFolder(tmp_path / "run", SETTINGS)


def test_an_unfinished_run_is_gone_on_with(tmp_path):
    path = checkpoint(started(tmp_path))
    again = started(tmp_path)
    assert again.newest_checkpoint == path


def test_an_unfinished_run_with_other_settings_is_refused_and_they_are_listed(tmp_path):
    path = checkpoint(started(tmp_path))
    with pytest.raises(SlimzooError, match="unfinished run with other settings") as caught:
        RunFolder(tmp_path, {"steps": 20, "learning_rate": 0.1, "seed": 1})
    for words in ("new: ['a/b'] then, None now", "seed: None then, 1 now", "steps: 10 then, 20 now"):
        assert words in str(caught.value)
    assert "learning_rate" not in str(caught.value)
    assert path.exists()
    assert json.loads((tmp_path / "config.json").read_text())["settings"]["steps"] == 10


def test_a_run_that_failed_before_its_first_checkpoint_may_change_its_settings(tmp_path):
    started(tmp_path)
    assert started(tmp_path, {"steps": 20}).newest_checkpoint is None
    assert json.loads((tmp_path / "config.json").read_text())["settings"] == {"steps": 20}


def test_a_finished_run_is_refused(tmp_path):
    folder = started(tmp_path)
    folder.finish()
    with pytest.raises(FileExistsError, match=r"finished run; name .* overwrite=True replaces it"):
        RunFolder(tmp_path, SETTINGS)


def test_a_model_whose_checkpoints_were_removed_is_not_trained_over(tmp_path):
    started(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"the best one")
    with pytest.raises(FileExistsError, match="holds a finished run"):
        RunFolder(tmp_path, SETTINGS)


def test_overwriting_replaces_what_a_run_made_and_nothing_else(tmp_path):
    folder = started(tmp_path)
    checkpoint(folder)
    (tmp_path / "tensorboard").mkdir()
    made = ["model.safetensors", "history.csv", "report.html", "predictions.npz", "labels.txt", "report.json"]
    made.append("tensorboard/events.out.tfevents.1.host")
    mine = ["notes.txt", "checkpoints/copy.safetensors", "tensorboard/notes"]
    for name in (*made, *mine):
        (tmp_path / name).write_text("x")
    RunFolder(tmp_path, {"steps": 5}, overwrite=True)
    assert all((tmp_path / name).exists() for name in made)  # only start() removes
    started(tmp_path, {"steps": 5}, overwrite=True)
    assert not any((tmp_path / name).exists() for name in made)
    assert all((tmp_path / name).exists() for name in mine)
    assert folder.newest_checkpoint is None


def test_what_a_killed_run_left_half_written_is_removed(tmp_path):
    folder = started(tmp_path)
    kept = checkpoint(folder)
    halves = [
        folder.checkpoint_folder / ".step-00000009.safetensors.12ab.tmp",
        tmp_path / ".model.safetensors.1.tmp",
    ]
    for path in halves:
        path.write_bytes(b"half")
    started(tmp_path)
    assert kept.exists()
    assert not any(path.exists() for path in halves)


def test_rewinding_forgets_what_came_after_the_checkpoint(tmp_path):
    folder = started(tmp_path)
    for step in (1, 2, 3):
        folder.record({"step": step, "epoch": 0.5, "kind": "train", "loss": 1 / 3})
    again = RunFolder(tmp_path, SETTINGS)
    again.rewind(folder.history[:2])
    lines = (tmp_path / "history.csv").read_text().splitlines()
    assert lines[0] == ",".join(COLUMNS)
    assert lines[1:] == ["1,0.5,train,0.333333,,,,,", "2,0.5,train,0.333333,,,,,"]
    assert again.history == folder.history[:2]


def test_the_fingerprint_knows_the_data_wherever_it_lies(data):
    train, validation = data
    assert fingerprint(train) == fingerprint(train.subset(range(len(train))))
    assert fingerprint(train) != fingerprint(validation)
    assert fingerprint(train) != fingerprint(train.subset(reversed(range(len(train)))))
    assert fingerprint(train) != fingerprint(replace(train, turn=False))
    assert fingerprint(train) != fingerprint(Dataset(train.examples, ("a", "b", "c", "d"), "x", True))
