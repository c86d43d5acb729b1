"""Recipes side by side: every image is scored once a seed, and what was scored is kept."""

from types import SimpleNamespace

import numpy as np
import pytest

from slimzoo.errors import SlimzooError
from slimzoo.training import crossvalidation
from slimzoo.training.crossvalidation import Plan, crossvalidate


@pytest.fixture
def trained(monkeypatch):
    """The recipes that were trained: probe knows every image, scratch none."""
    calls = []

    def finetune(train, held_out, folder, *, weights, recipe, **_):
        assert not {*train.paths} & {*held_out.paths}
        calls.append("scratch" if weights is None else recipe)
        scores = held_out.labels if weights else 1 - held_out.labels
        return SimpleNamespace(evaluation=SimpleNamespace(scores=scores.astype(np.float32)))

    monkeypatch.setattr(crossvalidation, "finetune", finetune)
    monkeypatch.setattr(crossvalidation, "RESAMPLES", 20)
    return calls


def test_recipes_are_compared_and_what_was_scored_is_not_trained_again(trained, data, tmp_path):
    plan = Plan(data[0], "tiny", "some.ckpt", ("probe", "scratch"), folds=2, seeds=2)
    figures = crossvalidate(plan, tmp_path / "cv")
    assert trained == ["probe"] * 4 + ["scratch"] * 4
    assert figures.map["probe"] == [1, 1] and max(figures.map["scratch"]) < 1
    assert figures.difference["scratch"] < 0 and figures.better["scratch"] == 0
    (tmp_path / "cv" / "scratch-seed1-fold0.npz").write_bytes(b"half")
    again = crossvalidate(plan, tmp_path / "cv")
    assert trained[8:] == ["scratch"] and again.map == figures.map


def test_scores_of_something_else_are_not_mixed_with(trained, data, tmp_path):
    crossvalidate(Plan(data[0], "tiny", "some.ckpt", ("probe",), folds=2, seeds=1), tmp_path / "cv")
    with pytest.raises(SlimzooError, match="folds is 2 there, 4 here"):
        crossvalidate(Plan(data[0], "tiny", "some.ckpt", ("probe",), folds=4, seeds=1), tmp_path / "cv")
    with pytest.raises(SlimzooError, match=r"no recipe 'nix'[^\0]*folds is 1"):
        Plan(data[0], "tiny", "some.ckpt", ("nix",), folds=1)
