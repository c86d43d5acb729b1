"""Two processes train as one does; one that is killed or stopped ends both, and they go on from there."""

import json
import os
import random
import signal
import time

import numpy as np
import pytest

import slimzoo
from slimzoo import converters
from slimzoo.training import loop
from slimzoo.training.state import newest
from slimzoo.training.together import many_machines
from tests import warm
from tests.data.dense.drawn import draw_voc
from tests.training import one_of_many
from tests.training.together.test_channel import addresses

TRICKS = {
    "network_arguments": {"dropout_keep_prob": 1.0},  # each replica draws its own
    "sync_batch_norm": True,
    "batch_norm": "reestimated",
    "mixup": 0.4,
    "cutmix": 1.0,
    "average_weights": 0.8,
    "clip_norm": 0.3,
    "accumulate": 2,  # and an evaluation in the middle of two
    "rand_augment": 1,
}


def start(devkit, out, count=2, network="tiny_bn", each=(), **more):
    """Starts `count` processes that train together; `each` has what is given to one of them alone."""
    names, own = addresses(count), each or [{}] * count

    def one(index):
        task = {"cluster": {"worker": names}, "task": {"type": "worker", "index": index}}
        program = (
            "-m",
            "tests.training.one_of_many",
            devkit,
            out,
            network,
            json.dumps({**more, **own[index]}),
        )
        return warm.Process(*program, env={**os.environ, "TF_CONFIG": json.dumps(task)})

    return [one(index) for index in range(count)]


def ended(processes, *codes):
    """What the processes said; they ended with `codes`."""
    said = [process.communicate(timeout=300) for process in processes]
    found = tuple(process.returncode for process in processes)
    assert found == codes, "\n".join(err[-2000:] for _, err in said)
    return [out for out, _ in said]


def step_of(out):
    """The step of the newest checkpoint, 0 without one."""
    path = newest(out / "checkpoints")
    return int(path.stem.removeprefix("step-")) if path else 0


def wait_for(condition, processes):
    while not condition() and all(process.poll() is None for process in processes):
        time.sleep(0.01)


@pytest.fixture
def of_two_and_of_one(run, tmp_path, monkeypatch):
    """Returns what trains in two processes, then in this one: both folders hold a run of equal losses."""
    losses, original = [], loop.Trainer.step

    def watched(trainer, batch):
        losses.append({name: float(value) for name, value in original(trainer, batch).items()})
        return losses[-1]

    monkeypatch.setattr(loop.Trainer, "step", watched)

    def train(devkit, network, tricks):
        folders = tmp_path / "one", tmp_path / "two"
        processes = start(devkit, folders[1], network=network, options=tricks)
        alone = {**one_of_many.ARGUMENTS, "options": {**one_of_many.RECIPE, **tricks}}
        run(folders[0], *one_of_many.data(devkit, network), model=network, **alone)
        ended(processes, 0, 0)
        found = np.load(f"{folders[1]}.losses.npy")
        wanted = np.array([[*row.values()] for row in losses])
        assert found.shape == wanted.shape == (one_of_many.ARGUMENTS["steps"], 2)
        np.testing.assert_allclose(found, wanted, atol=1e-6)  # float32, another order of summation
        return folders

    return train


def test_two_processes_give_the_losses_and_scores_of_one(devkit, of_two_and_of_one, tmp_path):
    """With batch norm over both, images mixed across them, averaged weights, and an odd batch."""
    one, two = (
        np.load(folder / "predictions.npz") for folder in of_two_and_of_one(devkit, "tiny_bn", TRICKS)
    )
    np.testing.assert_allclose(
        two["scores"], one["scores"], atol=1e-5
    )  # six steps, each divides by deviations
    histories = [(tmp_path / name / "history.csv").read_text().count("\n") for name in ("one", "two")]
    assert histories[0] == histories[1]
    assert (tmp_path / "two" / "report.html").is_file()


def test_two_processes_give_the_losses_and_masks_of_one(of_two_and_of_one, tmp_path):
    """With crops and mirrored views, the hardest pixels, weights of classes, and an odd batch."""
    tricks = {
        "network_arguments": {"dropout_keep_prob": 1.0},  # each replica draws its own
        "sync_batch_norm": True,
        "batch_norm": "reestimated",
        "average_weights": 0.8,
        "random_scale": (0.75, 1.25),
        "class_weights": "balanced",
        "hard_pixels": 0.5,
    }
    folders = of_two_and_of_one(draw_voc(tmp_path, 12), "tiny_masks", tricks)
    one, two = (np.load(folder / "predictions.npz") for folder in folders)
    pixels = one["confusion"].sum()
    assert one["counts"].shape == two["counts"].shape and two["confusion"].sum() == pixels > 0
    moved = np.abs(one["confusion"] - two["confusion"]).sum()
    assert moved <= 0.001 * pixels  # of pixels between two classes, where logits are equal to 1e-5


@pytest.mark.parametrize("rows", [1, 5, 6, 64])
@pytest.mark.parametrize("parts", [1, 2, 3])
def test_every_row_of_a_batch_has_one_device_and_no_device_two_more_than_another(rows, parts):
    ends = many_machines._ends(rows, parts)
    sizes = np.diff(ends)
    assert (ends[0], ends[-1], len(sizes)) == (0, rows, parts)
    assert sizes.max() - sizes.min() <= 1


SLOWED = {"pause": 0.1, "steps": 40, "eval_every": 4}


def test_sigterm_to_one_saves_once_and_ends_all_and_a_lost_one_ends_all(devkit, tmp_path):
    out = tmp_path / "run"
    processes = start(devkit, out, **SLOWED)
    wait_for(lambda: step_of(out) > 0, processes)
    processes[1].terminate()
    code = 128 + signal.SIGTERM
    said = ended(processes, code, code)
    step = step_of(out)
    assert all(f"stopped after step {step} of 40; all is saved in" in each for each in said)
    assert str(out) in said[0] and "the folder of worker 0" in said[1]

    processes = start(devkit, out, **SLOWED)
    wait_for(lambda: step_of(out) > step, processes)
    processes[0].kill()
    said = ended(processes, -signal.SIGKILL, 2)
    assert "worker 0" in said[1] and "is gone" in said[1]
    assert "The same command on every machine goes on from the last checkpoint" in said[1]
    steps = [int(row.partition(",")[0]) for row in (out / "history.csv").read_text().splitlines()[1:]]
    assert steps == sorted(steps) and steps[0] == 1  # the second went on with the history of the first
    assert not list(out.rglob("*.tmp"))


def test_weights_may_lie_anywhere_and_other_ones_are_found_before_anything_trains(devkit, tmp_path):
    model = slimzoo.load("tiny_bn", num_classes=len(one_of_many.CLASSES), size=32, seed=1)
    paths = [tmp_path / name for name in ("a.safetensors", "b.safetensors", "c.safetensors")]
    for path in paths[:2]:
        slimzoo.save(model, path)
    name = next(name for name in model.variables_by_name if "ogits" not in name)
    model.variables_by_name[name].assign_add(model.variables_by_name[name] * 0 + 1e-6)
    slimzoo.save(model, paths[2])
    given = {"steps": 1, "eval_every": 1, "size": 32}
    for theirs, codes in ((paths[1], (0, 0)), (paths[2], (2, 2))):
        each = [{"weights": str(paths[0])}, {"weights": str(theirs)}]
        said = ended(start(devkit, tmp_path / f"run{codes[0]}", each=each, **given), *codes)
    assert len(set(said)) == 1
    assert "the machines differ in the weights that they begin with" in said[0]
    assert not (tmp_path / "run2" / "config.json").exists()


def assert_same_run(one, other):
    assert (one / "history.csv").read_text() == (other / "history.csv").read_text()
    theirs, ours = (converters.read(folder / "model.safetensors") for folder in (one, other))
    assert [name for name in theirs if not np.array_equal(theirs[name], ours[name])] == []


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_ten_kills_of_one_of_two_lose_nothing(devkit, tmp_path):
    moments, uninterrupted = random.Random(0), tmp_path / "whole"
    ended(start(devkit, uninterrupted, **SLOWED), 0, 0)
    for trial in range(10):
        out, lost = tmp_path / str(trial), trial % 2
        processes = start(devkit, out, **SLOWED)
        wait_for(lambda out=out: step_of(out) > 0, processes)
        time.sleep(moments.uniform(0, 1.5))
        processes[lost].kill()
        codes = [2, 2]
        codes[lost] = -signal.SIGKILL
        said = ended(processes, *codes)
        assert f"worker {lost}" in said[1 - lost]
        ended(start(devkit, out, **SLOWED), 0, 0)
        assert_same_run(uninterrupted, out)
