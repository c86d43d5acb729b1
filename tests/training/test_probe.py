"""The last layer fitted to features: written into the network, computed once, and what is killed goes on."""

import numpy as np
import pytest

import slimzoo
from slimzoo.errors import SlimzooError
from slimzoo.training import probe
from slimzoo.training.run import Run
from tests.training.conftest import values


@pytest.fixture(scope="module")
def weights(run, tmp_path_factory):
    """Of a tiny network that has learnt a little."""
    folder = tmp_path_factory.mktemp("pretrained") / "run"
    run(folder, model="tiny_bn", steps=6)
    return folder / "model.safetensors"


def probed(run, out, weights, **options):
    return run(out, model="tiny_bn", weights=weights, steps=None, options={"method": "probe", **options})


def test_a_probe_changes_the_last_layer_alone_and_its_model_is_an_ordinary_one(run, weights, tmp_path, data):
    found = probed(run, tmp_path / "run", weights)
    before, after = values(slimzoo.load(weights)), values(slimzoo.load(tmp_path / "run"))
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    assert changed == {"Tiny/logits/weights", "Tiny/logits/biases"}
    assert (found.steps, found.best_step) == (1, 1)
    assert [row["kind"] for row in found.history] == ["train", "eval"]
    assert not [*(tmp_path / "run").glob("features-*")]
    own = slimzoo.training.evaluate(slimzoo.load(tmp_path / "run"), data[0])
    assert own.map > 0.95  # 8 images of its own, 256 features


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_a_probe_of_half_precision_ranks_as_that_of_float32(run, weights, tmp_path, precision):
    whole = probed(run, tmp_path / "whole", weights).evaluation.scores
    half = run(
        tmp_path / "half",
        model="tiny_bn",
        weights=weights,
        steps=None,
        options={"method": "probe"},
        precision=precision,
    )
    assert np.abs(half.evaluation.scores - whole).max() < 0.1  # 8 bits of each of 256 features


def test_a_probe_that_was_killed_reads_the_features_it_had_and_ends_the_same(
    run, weights, tmp_path, monkeypatch
):
    whole = probed(run, tmp_path / "whole", weights)

    def killed(self, *arguments):
        raise KeyError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(Run, "save", killed)
        with pytest.raises(KeyError):
            probed(run, tmp_path / "broken", weights)
    assert [*(tmp_path / "broken").glob("features-*")]
    monkeypatch.setattr(probe, "_computed", killed)
    again = probed(run, tmp_path / "broken", weights)
    one, two = values(whole.model), values(again.model)
    assert all(np.array_equal(one[name], two[name]) for name in one)


def test_features_that_cannot_be_read_or_are_of_another_run_are_computed_again(tmp_path):
    path = tmp_path / probe.CACHE
    assert probe._kept(path, "a") is None
    probe._keep(path, "a", np.ones((2, 2, 3), np.float32))
    assert probe._kept(path, "a").shape == (2, 2, 3) and probe._kept(path, "b") is None
    path.write_bytes(path.read_bytes()[:40])
    assert probe._kept(path, "a") is None


def test_training_goes_on_from_the_fitted_layer_and_a_head_alone_leaves_the_others(run, weights, tmp_path):
    given = {"model": "tiny_bn", "weights": weights, "steps": 2}
    full = run(tmp_path / "full", **given, options={"method": "probe-then-full", "learning_rate": 1e-6})
    fitted = probed(run, tmp_path / "probe", weights)
    for name, value in values(fitted.model).items():
        if "moving" not in name:
            np.testing.assert_allclose(values(full.model)[name], value, atol=1e-4)  # two steps of 1e-6
    head = values(run(tmp_path / "head", **given, options={"method": "head"}).model)
    before = values(slimzoo.load(weights))
    changed = {name for name in head if not np.array_equal(head[name], before[name])}
    assert changed == {"Tiny/logits/weights", "Tiny/logits/biases"}


def test_a_probe_from_scratch_is_refused(run, tmp_path):
    with pytest.raises(
        SlimzooError, match="method='probe' fits to what the weights give, and there are none"
    ):
        run(tmp_path / "run", options={"method": "probe"})
