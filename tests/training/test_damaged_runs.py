"""A run goes on from whatever is whole, says what was not, and never ends with another model than it says."""

import json
import logging
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pytest

from slimzoo import converters
from slimzoo.data import folder
from slimzoo.errors import SlimzooError
from slimzoo.training import loop
from slimzoo.training.evaluation import evaluate
from slimzoo.training.run import Run
from slimzoo.training.run_folder import RunFolder, alone_in_run
from slimzoo.training.state import settings_in
from tests.training.conftest import values

SETTINGS = {"steps": 10, "new": ["a/b"]}
slow = pytest.mark.slow  # each is a run of its own


class Killed(Exception):
    """Stands for the end of the process."""


def warnings(caplog):
    return "\n".join(r.getMessage() for r in caplog.records if r.levelno == logging.WARNING)


def write_checkpoint(run_folder, step, settings=SETTINGS):
    run_folder.checkpoint_folder.mkdir(exist_ok=True)
    progress = {"best": {"step": 0, "score": None}, "history": [], "losses": [], "settings": settings}
    about = {"step": str(step), "progress": json.dumps(progress)}
    path = run_folder.checkpoint_folder / f"step-{step:08d}.safetensors"
    converters.write_safetensors(path, {"seed": np.zeros(2, np.int64)}, about)
    return path


@pytest.fixture
def started(tmp_path):
    opened = RunFolder(tmp_path / "run", SETTINGS)
    opened.start()
    return opened


# --- config.json ---

CUT = {
    "empty": lambda text: b"",
    "zeros": lambda text: bytes(len(text)),
    "one byte": lambda text: text[:1],
    "half": lambda text: text[: len(text) // 2],
    "all but the end": lambda text: text[:-3],
    "zeros at the end": lambda text: text[:20] + bytes(len(text) - 20),
    "settings are a list": lambda text: b'{"settings": [], "finished": false}',
    "finished is text": lambda text: text.replace(b"false", b'"no"'),
    "nothing of finished": lambda text: json.dumps({"settings": SETTINGS}).encode(),
}


@pytest.mark.parametrize("name", CUT)
def test_a_damaged_config_is_made_up_for_by_the_newest_checkpoint(name, started, caplog):
    write_checkpoint(started, 2, {"steps": 5})
    path = write_checkpoint(started, 4)
    started.config_path.write_bytes(CUT[name](started.config_path.read_bytes()))
    again = RunFolder(started.path, SETTINGS)
    assert again.goes_on
    assert f"The settings of the run are taken from {path}" in warnings(caplog)
    again.start()
    assert json.loads(started.config_path.read_text()) == {"settings": SETTINGS, "finished": False}
    started.config_path.write_bytes(CUT[name](started.config_path.read_bytes()))
    with pytest.raises(SlimzooError, match="steps: 10 then, 20 now"):
        RunFolder(started.path, {**SETTINGS, "steps": 20})


def test_so_is_one_that_is_gone(started):
    write_checkpoint(started, 2)
    started.config_path.unlink()
    assert RunFolder(started.path, SETTINGS).goes_on


def test_a_checkpoint_that_is_cut_short_too_is_passed_over(started, caplog):
    older, newer = write_checkpoint(started, 2), write_checkpoint(started, 4)
    newer.write_bytes(newer.read_bytes()[:-5])
    started.config_path.write_bytes(b"")
    assert RunFolder(started.path, SETTINGS).goes_on
    assert f"are taken from {older}" in warnings(caplog)


@pytest.mark.parametrize("name", CUT)
def test_without_a_checkpoint_nothing_is_lost_and_the_run_begins(name, started):
    started.config_path.write_bytes(CUT[name](started.config_path.read_bytes()))
    again = RunFolder(started.path, {"steps": 20})
    assert not again.goes_on
    again.start()
    assert json.loads(started.config_path.read_text())["settings"] == {"steps": 20}


def test_where_nothing_remembers_the_settings_nobody_guesses_them(started):
    path = write_checkpoint(started, 2, settings=None)
    started.config_path.write_bytes(b"{")
    with pytest.raises(SlimzooError, match=r"config\.json is damaged, and no checkpoint remembers"):
        RunFolder(started.path, SETTINGS)
    assert path.exists()
    assert not RunFolder(started.path, SETTINGS, overwrite=True).goes_on


@pytest.mark.parametrize("content", [b"key: value", b'{"mine": 1}', b"[1, 2]", b"\x89PNG"])
def test_a_config_of_another_program_is_no_damaged_run(started, content):
    started.config_path.write_bytes(content)
    with pytest.raises(FileExistsError, match="holds other things than a run"):
        RunFolder(started.path, SETTINGS, overwrite=True)
    assert started.config_path.read_bytes() == content


# --- one process a run ---

SECOND = """
import sys
from slimzoo.errors import SlimzooError
from slimzoo.training.run_folder import alone_in_run
try:
    with alone_in_run(sys.argv[1]):
        print("alone")
except SlimzooError as error:
    print(error)
"""


def test_a_second_process_in_a_run_is_told_of_the_first(tmp_path):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", SECOND, str(tmp_path / "run")]
    with alone_in_run(tmp_path / "run"):
        said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert f"in use by process {os.getpid()} on " in said
    assert "wait for it, or name another folder, out=DIR" in said


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_second_run_in_one_folder_is_refused_even_to_overwrite(run, tmp_path, overwrite):
    with alone_in_run(tmp_path / "run"), pytest.raises(SlimzooError, match=r"run is in use by process"):
        run(tmp_path / "run", overwrite=overwrite)


def test_a_folder_in_which_nothing_began_is_gone_again_and_others_hold_nothing_new(tmp_path):
    with pytest.raises(RuntimeError), alone_in_run(tmp_path / "new"):
        raise RuntimeError
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("x")
    with pytest.raises(FileExistsError), alone_in_run(tmp_path / "mine"):
        RunFolder(tmp_path / "mine", SETTINGS)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["mine", "notes.txt"]


# --- checkpoints and the model, in whole runs ---


@pytest.fixture(scope="module")
def killed(run, tmp_path_factory):
    """A run that was killed after step 5 of 6, with checkpoints of steps 2 and 4."""
    out = tmp_path_factory.mktemp("runs") / "killed"
    with pytest.MonkeyPatch.context() as patched:
        steps, step = [], loop.Trainer.step

        def counted(trainer, batch):
            steps.append(1)
            if len(steps) > 5:
                raise Killed
            return step(trainer, batch)

        patched.setattr(loop.Trainer, "step", counted)
        with pytest.raises(Killed):
            run(out, steps=6, options={"learning_rate": 0.05})
    return out


def cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def flip(path, at=-50):
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def both(change):
    def changed(out):
        for step in (2, 4):
            change(out / "checkpoints" / f"step-0000000{step}.safetensors")

    return changed


def newest(change):
    return lambda out: change(out / "checkpoints" / "step-00000004.safetensors")


def model(change):
    return lambda out: change(out / "model.safetensors")


def of_another_run(path):
    source = converters.read(path)
    progress = json.loads(source.metadata["progress"]) | {"settings": {"steps": 99}}
    about = {"step": "4", "progress": json.dumps(progress)}
    converters.write_safetensors(path, dict(source.items()), about, overwrite=True)


@dataclass(frozen=True)
class State:
    """A way to damage a run, and the words that it then goes on with."""

    damage: object
    words: str


STATES = {
    "newest cut": State(newest(cut), "and the one before it taken\ngoing on from step 2"),
    "newest empty": State(newest(lambda path: path.write_bytes(b"")), "going on from step 2"),
    "newest another bit": State(newest(flip), "by its digest it is not what was written"),
    "newest another name": State(newest(lambda path: flip(path, 200)), "going on from step 2"),
    "newest renamed": State(
        newest(lambda path: path.rename(path.with_name("step-00000009.safetensors"))),
        "is of step 4: step-00000004.safetensors is its name",
    ),
    "newest of another run": State(newest(of_another_run), "is of another run, with other settings"),
    "model cut": State(model(cut), "going on from step 4"),
    "model another bit": State(model(flip), "going on from step 4"),
    "model gone": State(model(lambda path: path.unlink()), "going on from step 4"),
    "model no weights": State(model(lambda path: path.write_text("x")), "going on from step 4"),
    "history and lists gone": State(
        lambda out: [(out / name).unlink() for name in ("history.csv", "train.txt", "images.json")],
        "images.json is not there\nWhether the images are still those",
    ),
    "images noted wrongly": State(
        lambda out: (out / "images.json").write_text('{"train": 5}'), "images.json says what cannot be"
    ),
}
QUICK = ("newest another bit", "model another bit")


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=slow) for name in STATES]
)
def test_a_damaged_run_goes_on_and_its_model_is_the_one_it_says(name, killed, run, data, tmp_path, caplog):
    out = shutil.copytree(killed, tmp_path / "run")
    STATES[name].damage(out)
    result = run(out, steps=6, options={"learning_rate": 0.05})
    assert STATES[name].words in warnings(caplog)
    assert converters.read(out / "model.safetensors").metadata["trained_steps"] == str(result.best_step)
    evaluated = {row["step"]: row["map"] for row in result.history if row["kind"] == "eval"}
    assert sorted(evaluated) == [2, 4, 6]
    assert evaluate(result.model, data[1]).map == evaluated[result.best_step] == result.evaluation.map


def test_a_run_without_a_whole_checkpoint_says_so_and_leaves_all_as_it_is(killed, run, tmp_path):
    out = shutil.copytree(killed, tmp_path / "run")
    both(cut)(out)
    before = {path: path.read_bytes() for path in (out / "checkpoints").iterdir()}
    with pytest.raises(SlimzooError, match=r"(?s)no checkpoint .*overwrite=True begins anew:.*00004.*00002"):
        run(out, steps=6, options={"learning_rate": 0.05})
    assert {path: path.read_bytes() for path in (out / "checkpoints").iterdir()} == before


def test_the_checkpoints_of_a_run_remember_its_settings(killed):
    settings = json.loads((killed / "config.json").read_text())["settings"]
    assert settings_in(killed / "checkpoints" / "step-00000004.safetensors") == settings
    assert settings_in(killed / "model.safetensors") == settings


def test_images_that_changed_under_their_names_are_said_before_a_run_goes_on(
    run, class_folder, tmp_path, monkeypatch, caplog
):
    images = shutil.copytree(class_folder, tmp_path / "images")

    def killed(self, *arguments):
        raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(Run, "finish", killed)
        run(tmp_path / "run", *parts_of(images), steps=1)
    first, second = sorted(images.rglob("*.jpg"))[:2]
    one, other = first.read_bytes(), second.read_bytes()
    first.write_bytes(other)
    second.write_bytes(one)
    assert "other files" not in warnings(caplog)
    run(tmp_path / "run", *parts_of(images), steps=1)
    assert "are other files than when the run in" in warnings(caplog)


def parts_of(images):
    data = folder.read(images)
    return data, data


@slow
def test_a_model_damaged_in_the_last_step_does_not_cost_the_run(run, tmp_path, monkeypatch, caplog):
    finish = Run.finish

    def damaged(self, *arguments):
        flip(self.folder.path / "model.safetensors")
        return finish(self, *arguments)

    monkeypatch.setattr(Run, "finish", damaged)
    options = {"learning_rate": 0.3, "schedule": "constant"}
    result = run(tmp_path / "run", steps=6, options=options)
    ours = converters.read(tmp_path / "run" / "model.safetensors")
    assert ours.metadata["trained_steps"] == str(result.best_step)
    assert all(np.array_equal(ours[name], value) for name, value in values(result.model).items())
