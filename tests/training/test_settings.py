"""Settings: what a run folder keeps of them, and what is left to the recipe."""

from dataclasses import replace

import pytest

from slimzoo.data import Dataset
from slimzoo.errors import SlimzooError
from slimzoo.training.recipes import Recipe
from slimzoo.training.run_folder import fingerprint
from slimzoo.training.settings import Settings


@pytest.fixture
def settings(data):
    """Makes Settings for 8 images, in batches of 4."""
    plain = {
        "train": data[0],
        "validation": data[1],
        "model": "tiny",
        "weights": None,
        "ema": False,
        "size": None,
        "seed": 0,
        "keep_best": True,
        "precision": "float32",
        "data_format": "NHWC",
        "deterministic": False,
        "replicas": 1,
        "steps": None,
        "eval_every": None,
        "recipe": Recipe(batch_size=4, epochs=30),
    }
    return lambda **changed: Settings(**(plain | changed))


def test_a_run_folder_keeps_them_under_these_names_so_that_older_runs_go_on(settings, data):
    recipe = Recipe(new=("Tiny/logits",), batch_size=4)
    assert settings(recipe=recipe, weights="a.ckpt", size=32, steps=9, eval_every=3).to_dict() == {
        "model": "tiny",
        "weights": "a.ckpt",
        "ema": False,
        "size": 32,
        "new": ("Tiny/logits",),
        "freeze": (),
        "learning_rate": 0.01,
        "learning_rates": {},
        "schedule": "cosine",
        "warmup": 0.05,
        "optimizer": "momentum",
        "batch_size": 4,
        "epochs": 30.0,
        "augmentation": "mild",
        "scope_arguments": {},
        "network_arguments": {},
        "steps": 9,
        "seed": 0,
        "eval_every": 3,
        "keep_best": True,
        "precision": "float32",
        "data_format": "NHWC",
        "deterministic": False,
        "replicas": 1,
        "train": "VOC2012 train, 8 images",
        "validation": "VOC2012 val, 8 images",
        "data": f"{fingerprint(data[0])} {fingerprint(data[1])}",
    }


def test_steps_and_the_interval_follow_from_the_recipe(settings):
    assert (settings().last_step, settings().interval) == (60, 6)  # a tenth of the run
    assert settings(steps=3).interval == 2  # an epoch
    assert settings(steps=3, eval_every=1).interval == 1
    assert settings(recipe=Recipe(batch_size=3, epochs=1)).last_step == 3


def test_how_many_images_are_measured_at_once_decides_nothing_of_a_run(settings):
    assert (settings().eval_size, settings(eval_batch=7).eval_size) == (4, 7)
    assert settings(eval_batch=7).to_dict() == settings().to_dict()
    with pytest.raises(SlimzooError, match="eval_batch is 0; it must be a whole number, at least 1"):
        settings(eval_batch=0)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"precision": "half"}, "precision is 'half'; allowed are float32, mixed_bfloat16, mixed_float16"),
        ({"steps": 1.5}, "steps is 1.5; it must be a whole number, at least 1"),
        ({"steps": "9"}, "steps is '9'; it must be a whole number"),
        ({"seed": 2**31}, "seed is 2147483648; it must lie between 0 and 2147483647"),
        ({"replicas": 8}, "batch_size is 4; 8 devices need at least an image each"),
        ({"replicas": 9}, "has 8 images; 9 devices need at least an image each"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(settings, changed, words):
    with pytest.raises(SlimzooError, match=words):
        settings(**changed)


@pytest.mark.parametrize(
    ("recipe", "changed", "words"),
    [
        ({"schedule": "plateau"}, {"keep_best": False}, "schedule='plateau' chooses by the held-out images"),
        ({"early_stopping": 2}, {"keep_best": False}, "early_stopping=2 chooses by the held-out images"),
        (
            {"batch_norm": "frozen"},
            {},
            "batch_norm='frozen' keeps what the weights bring, and there are none",
        ),
        ({"method": "probe"}, {}, "method='probe' fits to what the weights give, and there are none"),
        ({"grow_from": 16}, {"size": 16}, "grow_from=16 is not smaller than the images are to be: 16"),
    ],
)
def test_a_trick_that_the_run_cannot_have_is_refused(settings, recipe, changed, words):
    with pytest.raises(SlimzooError, match=words):
        settings(recipe=Recipe(batch_size=4, **recipe), **changed)


def test_a_trick_is_noted_where_it_is_on_so_that_older_runs_go_on(settings):
    noted = settings(recipe=Recipe(mixup=0.2, crop_area=(0.2, 1.0))).to_dict()
    assert (noted["mixup"], noted["crop_area"]) == (0.2, (0.2, 1.0))
    assert "cutmix" not in noted and "mixup" not in settings().to_dict()


def test_a_fit_is_one_step_and_a_method_is_noted_where_it_is_another(settings):
    probe = settings(recipe=Recipe(method="probe"), weights="a.ckpt")
    assert (probe.last_step, probe.to_dict()["method"]) == (1, "probe")
    assert settings(recipe=Recipe(method="head", batch_size=4)).last_step == 60


def test_everything_wrong_is_listed(settings):
    with pytest.raises(SlimzooError, match="nothing can be trained so:") as caught:
        settings(validation=Dataset((), ("a", "b"), "nothing", False), seed=-1, steps=0, eval_every=0)
    assert len(str(caught.value).splitlines()) == 1 + 6


def test_an_update_that_would_never_come_and_counts_without_end_are_refused(settings):
    with pytest.raises(SlimzooError, match="accumulate=4 is more than the run has steps, 3: nothing would"):
        settings(steps=3, recipe=Recipe(batch_size=4, accumulate=4))
    with pytest.raises(SlimzooError, match=f"steps is {2**31}; .* at least 1 and at most {2**31 - 1}"):
        settings(steps=2**31)


def test_images_that_show_no_class_train_nothing(settings, data):
    none = replace(data[0], examples=tuple(replace(e, labels=e.labels * 0) for e in data[0].examples))
    with pytest.raises(SlimzooError, match=r"no image of .* shows any of the classes"):
        settings(train=none)


def test_machines_may_call_their_data_and_a_file_of_weights_as_they_like(settings, data, tmp_path):
    here = settings(weights="a/model.ckpt").to_compare()
    elsewhere = {"train": replace(data[0], name="copy"), "weights": "b/other.ckpt"}
    assert settings(**elsewhere).to_compare() == here
    assert settings(weights="pretrained").to_compare() != here != settings().to_compare()
    assert settings(train=data[0].subset(range(7))).to_compare()["train"] == 7


def test_the_images_of_a_run_are_told_apart_by_name_part_and_what_they_show(settings, data):
    first = data[0].examples[0]
    assert len(settings().images()) == len(data[0]) + len(data[1])
    assert settings().images()[0].startswith(f"training {first.name} (")
    assert settings().images()[-1].startswith("held-out ")
    uncounted = replace(first, labels=first.labels * 0, weights=first.weights * 0)
    changed = replace(data[0], examples=(uncounted, *data[0].examples[1:]))
    all_of_them = ", ".join(f"{name} uncounted" for name in data[0].classes)
    assert settings(train=changed).images()[0] == f"training {first.name} ({all_of_them})"
