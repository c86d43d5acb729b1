"""The range test: from the run's own start, the same each time, and nothing is trained."""

import csv

import numpy as np
import pytest

from slimzoo.errors import SlimzooError
from slimzoo.training import find_rate
from slimzoo.training.find_rate import find_learning_rate, of_losses


@pytest.fixture
def find(data, monkeypatch):
    monkeypatch.setattr(find_rate, "STEPS", 40)

    def find(out, **arguments):
        options = {"batch_size": 4, "warmup": 0.0, **arguments.pop("options", {})}
        given = {"model": "tiny", "weights": None, "deterministic": False, **arguments}
        return find_learning_rate(*data, out, options=options, **given)

    return find


def test_it_writes_what_it_found_is_the_same_again_and_a_run_can_follow_in_its_folder(find, run, tmp_path):
    first = find(tmp_path / "run")
    with open(tmp_path / "run" / "lr.csv", newline="") as file:
        rows = [*csv.DictReader(file)]
    assert [float(row["learning_rate"]) for row in rows] == pytest.approx(first.rates, rel=1e-5)  # 6 digits
    assert first.rates[0] == pytest.approx(find_rate.LOWEST) and np.all(np.diff(first.rates) > 0)
    assert "falls fastest" in (tmp_path / "run" / "lr.svg").read_text() or first.suggested is None
    assert find(tmp_path / "again") == first
    assert {path.name for path in (tmp_path / "again").iterdir() if path.name[0] != "."} == {
        "lr.csv",
        "lr.svg",
    }
    run(tmp_path / "run", steps=1, page=True)
    assert (tmp_path / "run" / "lr.csv").is_file() and (tmp_path / "run" / "report.html").is_file()


def test_a_recipe_without_steps_has_no_rate_to_find(find, tmp_path):
    np.savez(tmp_path / "weights.npz", x=np.zeros(1))
    with pytest.raises(SlimzooError, match="method='probe' trains by no steps, so there is no learning rate"):
        find(tmp_path / "run", recipe="probe", weights=tmp_path / "weights.npz")
    assert not (tmp_path / "run").exists()


def test_the_rate_is_suggested_where_the_loss_falls_fastest():
    rates = np.geomspace(1e-6, 10, 100)
    losses = 2 - 1.5 / (1 + np.exp(-6 * (np.log10(rates) + 2)))  # falls around 0.01
    losses = np.where(rates > 1, 50.0, losses)  # and diverges
    assert of_losses(rates, losses).suggested == pytest.approx(0.01, rel=0.2)  # a step is a factor of 1.18


def test_what_only_rises_or_is_not_finite_suggests_nothing():
    rates = np.geomspace(1e-6, 10, 40)
    assert of_losses(rates, 1 + rates).suggested is None
    assert of_losses(rates, [float("nan")] * 40).suggested is None
    found = of_losses(rates, [1.0] * 20 + [float("inf")] * 20)
    assert len(found.rates) == len(found.losses) == 20
