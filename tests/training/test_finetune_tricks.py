"""finetune() with tricks on: what is kept, when it ends, what is frozen, and what a network cannot have."""

import numpy as np
import pytest

import slimzoo
from slimzoo.errors import SlimzooError
from slimzoo.training import evaluate
from slimzoo.training.run import Run
from slimzoo.training.run_folder import RAW
from tests.training.conftest import values


@pytest.fixture(scope="module")
def averaged(run, tmp_path_factory):
    """A run whose averages are far behind its weights."""
    options = {"learning_rate": 0.1, "average_weights": 0.9, "schedule": "constant", "warmup": 0.0}
    return run(tmp_path_factory.mktemp("runs") / "run", model="tiny_bn", options=options, keep_best=False)


def test_averaged_weights_are_measured_and_kept_and_the_raw_ones_beside_them(averaged, data):
    rows = [(row["step"], row["kind"]) for row in averaged.history if row["kind"] != "train"]
    assert rows == [(2, "raw"), (2, "eval"), (4, "raw"), (4, "eval")]
    kept, raw = (slimzoo.load(averaged.folder / name) for name in ("model.safetensors", RAW))
    assert any(not np.array_equal(one, values(raw)[name]) for name, one in values(kept).items())
    for model, kind in ((kept, "eval"), (raw, "raw")):
        (row,) = (row for row in averaged.history if (row["kind"], row["step"]) == (kind, 4))
        assert evaluate(model, data[1]).loss == pytest.approx(row["loss"], rel=1e-5)  # float32


def test_raw_weights_that_are_gone_are_written_again_where_they_are_known(run, tmp_path, monkeypatch):
    def killed(self, *arguments):
        raise KeyError("killed")

    given = {"steps": 2, "options": {"average_weights": 0.9}}
    with monkeypatch.context() as patched:
        patched.setattr(Run, "finish", killed)
        with pytest.raises(KeyError):
            run(tmp_path / "run", **given)
    before = values(slimzoo.load(tmp_path / "run" / RAW))
    (tmp_path / "run" / RAW).unlink()
    run(tmp_path / "run", **given)
    after = values(slimzoo.load(tmp_path / "run" / RAW))
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_a_run_ends_after_so_many_evaluations_without_a_better_one(run, tmp_path):
    options = {"learning_rate": 1e-9, "weight_decay": 0.0, "early_stopping": 2, "batch_norm": "reestimated"}
    found = run(tmp_path / "run", model="tiny", steps=40, eval_every=1, options=options)
    evaluations = [row["step"] for row in found.history if row["kind"] == "eval"]
    assert found.steps == evaluations[-1] == found.best_step + 2 < 40


def test_frozen_batch_norm_stays_as_the_weights_bring_it(run, averaged, tmp_path):
    weights = averaged.folder / RAW
    before, found = (
        values(slimzoo.load(weights)),
        run(tmp_path / "run", model="tiny_bn", weights=weights, steps=2, options={"batch_norm": "frozen"}),
    )
    after = values(found.model)
    stayed = {name for name in before if np.array_equal(before[name], after[name])}
    assert stayed == {name for name in before if "BatchNorm" in name}


@pytest.mark.parametrize(
    ("given", "options", "words"),
    [
        ({"model": "tiny"}, {"grow_from": 8}, "grow_from=8: tiny cannot take images of 8 pixels"),
        ({"model": "tiny_any_size"}, {"grow_from": 16}, "not smaller than the images are in the end: 16"),
        ({"model": "lenet"}, {"rand_augment": 2}, "rand_augment=2 changes colours; lenet takes gray images"),
        ({"model": "tiny"}, {"drop_path": 0.2}, "drop_path=0.2 cannot be: tiny has none"),
    ],
)
def test_what_a_network_cannot_have_is_refused_before_it_trains(run, tmp_path, given, options, words):
    with pytest.raises(SlimzooError, match=words):
        run(tmp_path / "run", **given, options=options)
    assert not (tmp_path / "run" / "history.csv").exists()


def test_batch_norm_that_is_not_there_cannot_be_frozen(run, averaged, tmp_path):
    run(tmp_path / "plain", steps=1)
    with pytest.raises(SlimzooError, match="batch_norm='frozen' freezes nothing: tiny has no batch norm"):
        run(tmp_path / "run", weights=tmp_path / "plain", options={"batch_norm": "frozen"})
