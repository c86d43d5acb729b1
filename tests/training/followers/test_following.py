"""What follows a run hears its history, and changes nothing of it."""

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from slimzoo.errors import SlimzooError
from slimzoo.training.followers.following import Following
from slimzoo.training.recipes import Recipe
from tests.training.conftest import values


class Fake(ModuleType):
    """A tracker's package that writes down what it is told."""

    def __init__(self, name):
        super().__init__(name)
        self.__spec__ = SimpleNamespace(name=name)
        self.told, self.begun, self.ended = [], [], 0

    def init(self, **given):
        self.begun.append(given)
        return SimpleNamespace(id=given["id"] or "w1", log=self.log_metrics, finish=self.end_run)

    def set_experiment(self, name):
        self.experiment = name

    def start_run(self, **given):
        self.begun.append(given)
        return SimpleNamespace(info=SimpleNamespace(run_id="m1"))

    def log_params(self, params):
        self.params = params

    def log_metrics(self, figures, step):
        self.told.append((step, figures))

    def end_run(self):
        self.ended += 1


@pytest.mark.parametrize(("name", "known"), [("wandb", "w1"), ("mlflow", "m1")])
def test_a_tracker_hears_the_history_and_a_run_that_goes_on_is_the_same_one_there(
    run, tmp_path, monkeypatch, name, known
):
    fake = Fake(name)
    monkeypatch.setitem(sys.modules, name, fake)
    result = run(tmp_path / "run", steps=2, tracker=name)
    assert [step for step, _ in fake.told] == [row["step"] for row in result.history]
    assert fake.told[-1][1]["eval/map"] == pytest.approx(result.history[-1]["map"], nan_ok=True)
    assert fake.ended == 1 and (tmp_path / "run" / f".{name}").read_text().strip() == known
    with Following(tensorboard=False, tracker=name).begun(
        SimpleNamespace(path=tmp_path / "run", settings={}, history=[]), "again"
    ):
        assert known in fake.begun[-1].values()
    assert fake.ended == 2


def test_a_tracker_that_is_not_installed_says_how_before_anything_starts(run, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SlimzooError, match=r"wandb is not installed: pip install 'slimzoo\[wandb\]'"):
        run(tmp_path / "run", tracker="wandb")
    assert not (tmp_path / "run").exists()


def test_everything_wrong_is_said_at_once():
    with pytest.raises(SlimzooError) as error:
        Following(tracker="excel", profile=3).check(Recipe(method="probe"), 1)
    assert "tracker is 'excel'; allowed are wandb, mlflow" in str(error.value)
    assert "method='probe' trains by none" in str(error.value)


@pytest.mark.parametrize(
    ("steps", "profile", "said"),
    [(3, 1, "traces steps after the first 3, and the run has 3 steps"), (9, -1, "profile is -1")],
)
def test_a_profile_that_would_be_of_nothing_is_refused_before_anything_starts(steps, profile, said):
    with pytest.raises(SlimzooError, match=said):
        Following(profile=profile).check(Recipe(), steps)


def test_a_profile_traces_steps_into_the_folder_and_changes_nothing(run, tmp_path, caplog):
    plain = run(tmp_path / "plain", steps=6)
    traced = run(tmp_path / "traced", steps=6, profile=2)
    (trace,) = (tmp_path / "traced" / "tensorboard" / "plugins" / "profile").glob("*/*.xplane.pb")
    assert trace.stat().st_size > 0
    assert plain.history == traced.history
    one, two = values(plain.model), values(traced.model)
    assert all(np.array_equal(one[name], two[name]) for name in one)
    assert "traced" not in caplog.text


def test_a_profile_of_more_steps_than_there_are_says_how_many_it_has(run, tmp_path, caplog):
    run(tmp_path / "run", steps=4, profile=9)
    assert caplog.messages[0].startswith("profile: of the 4 steps at most 1 step will be traced, not 9")
    assert "1 step of 9 traced, as no more came after the first 3" in caplog.text
