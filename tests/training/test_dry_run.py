"""What finetune() looks at before TensorFlow starts: everything that is wrong is said at once."""

import pytest

from slimzoo.errors import SlimzooError
from slimzoo.training.dry_run import dry_run
from slimzoo.training.finetune import finetune
from slimzoo.training.followers.following import Following

PLAIN = {"ema": False, "size": 32, "eval_every": None, "precision": "float32", "data_format": "NHWC"}


def plan(data, out, following=None, *, seed=0, steps=None, weights=None, **given):
    """The settings for the tiny network."""
    asked = {"model": "tiny", "weights": weights, "options": {}, "seed": seed, "steps": steps} | given
    settings, _ = dry_run(*data, out, following=following, **PLAIN, **asked)
    return settings


@pytest.fixture
def taken(tmp_path):
    """A folder of something else."""
    (tmp_path / "photo.jpg").touch()
    return tmp_path


def test_recipe_settings_folder_weights_and_who_follows_are_told_together_each_line_once(data, taken):
    options = {"power": 2.0, "accumulate": 9, "grow_from": 64, "label_smoothing": 1.5, "loss_stride": 2}
    with pytest.raises(SlimzooError) as caught:
        plan(data, taken, Following(profile=2), options=options, steps=3, seed=-1, weights="gone.ckpt")
    lines = str(caught.value).splitlines()
    for words in (
        "power=2.0 means nothing",
        "label_smoothing=1.5 is not possible",
        "loss_stride=2 is for networks of",
        "seed is -1",
        "accumulate=9 is more than the run has steps, 3",
        "grow_from=64 is not smaller",
        "profile=2 traces steps after the first 3",
        "holds other things than a run",
        "gone.ckpt",
    ):
        assert sum(words in line for line in lines) == 1, words


@pytest.mark.parametrize(
    ("recipe", "options", "words"),
    [
        ("foo", {"accumulate": 9}, ["no recipe 'foo'", "accumulate=9 is more than"]),
        (
            "probe",
            {"mixup": 0.2},
            ["mixup=0.2 means nothing", "steps=3 means", "fits to what the weights give"],
        ),
        (
            None,
            {"method": "foo", "schedule": "x", "accumulate": 9},
            ["method is", "schedule is", "accumulate=9"],
        ),
        (
            None,
            {"nothing": 1, "early_stopping": 2, "batch_norm": "frozen"},
            ["no option nothing", "batch_norm="],
        ),
    ],
)
def test_what_is_no_recipe_hides_nothing_of_the_rest(data, tmp_path, recipe, options, words):
    with pytest.raises(SlimzooError) as caught:
        plan(data, tmp_path, recipe=recipe, options=options, steps=3)
    assert all(word in str(caught.value) for word in words)


def test_a_single_fault_is_raised_as_what_it_is(data, taken):
    with pytest.raises(FileExistsError, match="holds other things than a run"):
        plan(data, taken)
    with pytest.raises(FileExistsError, match="holds other things than a run"):
        finetune(*data, taken, model="tiny", weights=None)
    with pytest.raises(SlimzooError, match="no network is named 'foo'"):
        plan(data, taken, model="foo", seed=-1)


def test_finetune_says_what_the_dry_run_says(data, taken):
    given = {"model": "tiny", "weights": None, "options": {"power": 2.0, "batch_norm": "frozen"}, "steps": 0}
    with pytest.raises(SlimzooError) as real:
        finetune(*data, taken, profile=-1, size=32, **given)
    with pytest.raises(SlimzooError) as dry:
        plan(data, taken, Following(profile=-1), **given)
    assert str(real.value) == str(dry.value)
    assert len(str(real.value).splitlines()) == 3 + 4 + 1
