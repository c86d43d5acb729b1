"""Recipes side by side: scores by models that never saw the image, pooled, paired, and kept on disk."""

import json
import logging
import signal
from types import SimpleNamespace

import numpy as np
import pytest

from slimzoo.cli.crossvalidate import shown
from slimzoo.errors import SlimzooError
from slimzoo.report.recipes_chart import draw
from slimzoo.training import run_report
from slimzoo.training.folds import training as fold_training
from slimzoo.training.folds.crossvalidation import crossvalidate, measure
from slimzoo.training.folds.training import Plan
from slimzoo.training.interrupt import Stopped


@pytest.fixture(scope="module")
def weights(run, tmp_path_factory):
    """Of a tiny network that has learnt a little."""
    folder = tmp_path_factory.mktemp("pretrained") / "run"
    run(folder, steps=2)
    return str(folder / "model.safetensors")


@pytest.fixture
def plan(data, weights):
    def make(**changes):
        given = {
            "model": "tiny",
            "weights": weights,
            "recipes": ("probe", "head"),
            "folds": 2,
            "seeds": 1,
            "deterministic": False,
        }
        return Plan(**{"data": data[0], "options": {"epochs": 1, "batch_size": 4}, **given, **changes})

    return make


def failing(*arguments, **named):
    raise AssertionError("nothing is left to train")


def test_each_recipe_is_scored_on_each_fold_and_what_was_scored_is_not_trained_again(
    plan, tmp_path, monkeypatch
):
    drawn = []
    monkeypatch.setattr(run_report, "write", lambda *arguments, **named: drawn.append(arguments))
    figures = crossvalidate(plan(), tmp_path / "cv")
    assert not drawn  # a report of each training would cost more than the training
    names = {path.name for path in (tmp_path / "cv").glob("*.npz")}
    assert names == {f"{recipe}-seed0-fold{fold}.npz" for recipe in ("probe", "head") for fold in (0, 1)}
    written = json.loads((tmp_path / "cv" / "figures.json").read_text("utf-8"))
    assert written["map"] == figures.map and figures.difference["probe"] == 0.0
    monkeypatch.setattr(fold_training, "finetune", failing)
    assert crossvalidate(plan(), tmp_path / "cv").map == figures.map
    assert "mAP" in shown(plan(), figures) and "to probe" in shown(plan(), figures)
    for damaged in ("[]", '{"probe": 1}', "[" * 100_000):
        (tmp_path / "cv" / "config.json").write_text(damaged)
        assert crossvalidate(plan(), tmp_path / "cv").map == figures.map
    with pytest.raises(SlimzooError, match=r"holds scores of something else(.|\n)*folds is 2 there, 3 here"):
        crossvalidate(plan(folds=3), tmp_path / "cv")


def test_a_setting_is_chosen_on_the_images_to_train_on_alone_and_kept(plan, tmp_path, monkeypatch):
    seen = []

    def finetune(train, held_out, *arguments, options, **named):
        """Learns nothing from a rate of 1, and everything from one of 2."""
        assert not any(logging.getLogger(n).isEnabledFor(logging.WARNING) for n in ("slimzoo", "tensorflow"))
        seen.append((set(train.paths), set(held_out.paths)))
        scores = np.asarray(held_out.labels) if options["learning_rate"] == 2 else 1.0 - held_out.labels
        return SimpleNamespace(evaluation=SimpleNamespace(scores=scores.astype(np.float32)))

    monkeypatch.setattr(fold_training, "finetune", finetune)
    chosen = plan(recipes=("head",), choose={"learning_rate": (1, 2)})
    figures = crossvalidate(chosen, tmp_path / "cv")
    assert len(seen) == 2 * (2 * 2 + 1)  # folds: 2 halves of 2 candidates each, and the fold itself
    for fold in (seen[:5], seen[5:]):
        outer, held_out = fold[-1]
        assert not outer & held_out
        assert all(train | held == outer and not train & held for train, held in fold[:-1])
    assert figures.chosen == {"head": [{"learning_rate": 2}] * 2} and figures.map["head"] == [1.0]
    assert "head chose learning_rate 2 (2 times)" in shown(chosen, figures)
    monkeypatch.setattr(fold_training, "finetune", failing)
    assert crossvalidate(chosen, tmp_path / "cv").chosen == figures.chosen


def test_a_choice_that_cannot_be_is_said_before_anything_is_trained(plan):
    choose = {"learning_rate": (0.1, -1.0), "batch_size": ("many",)}
    with pytest.raises(SlimzooError, match=r"learning_rate is -1\.0(.|\n)*batch_size is 'many'"):
        plan(choose=choose)
    with pytest.raises(SlimzooError, match=r"no option learning_speed"):
        plan(choose={"learning_speed": (1,)})
    with pytest.raises(SlimzooError, match=r"probe trains by no steps"):
        plan(recipes=("probe",), choose={"learning_rate": (1,)})


def test_a_signal_keeps_what_was_scored_and_says_how_to_go_on(plan, tmp_path, monkeypatch):
    train = fold_training.finetune

    def stopped(*arguments, **named):
        result = train(*arguments, **named)
        signal.raise_signal(signal.SIGTERM)
        return result

    monkeypatch.setattr(fold_training, "finetune", stopped)
    with pytest.raises(Stopped, match=r"1 training kept in .*The same command goes on from there"):
        crossvalidate(plan(), tmp_path / "cv")
    assert len([*(tmp_path / "cv").glob("*.npz")]) == 1


def test_a_folder_of_other_things_and_a_file_are_left_alone(plan, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    for path in (tmp_path / "mine", tmp_path / "mine" / "notes.txt"):
        with pytest.raises(FileExistsError, match=r"holds other things|is a file"):
            crossvalidate(plan(), path)


def test_everything_wrong_with_a_plan_is_said_at_once(plan):
    with pytest.raises(SlimzooError) as error:
        plan(recipes=("prob", "full"), folds=99, seeds=0, weights=None)
    said = str(error.value)
    assert all(
        word in said for word in ("no recipe 'prob'", "folds is 99", "seeds is 0", "only recipe 'scratch'")
    )


def test_figures_are_paired_and_the_better_recipe_is_better_in_every_resample(data):
    labels = np.asarray(data[0].labels)
    right, wrong = labels[None] + 0.0, 1.0 - labels[None]
    figures = measure(data[0], {"wrong": wrong, "right": right}, {"wrong": 1.0, "right": 2.0})
    assert figures.map["right"] == [1.0] and figures.better["right"] > 0.99
    low, high = figures.difference_interval["right"]
    assert 0 < low <= figures.difference["right"] <= high


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_the_chart_is_drawn(data, tmp_path, suffix):
    labels = np.asarray(data[0].labels)[None]
    figures = measure(data[0], {"probe": labels + 0.0, "full": 1.0 - labels}, {"probe": 1.0, "full": 1.0})
    path = tmp_path / f"cv{suffix}"
    draw(figures, str(path), "a title")
    text = path.read_bytes()
    assert text.startswith(b"\x89PNG") or (b"probe" in text and b"a title" in text)
