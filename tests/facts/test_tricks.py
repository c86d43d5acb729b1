"""The rows of tricks: complete, off unless named, and what is wrong with them is said of all at once."""

from dataclasses import asdict

import pytest

from slimzoo.facts import tricks
from slimzoo.facts.tricks import ROWS, Tricks

OFF = {**asdict(Tricks()), "augmentation": "mild", "schedule": "cosine"}


def test_each_field_has_a_row_that_says_what_it_does_and_takes_its_own_default():
    assert list(ROWS) == list(asdict(Tricks()))
    for name, row in ROWS.items():
        assert (row.name, row.option) == (name, "--" + name.replace("_", "-"))
        assert row.what and row.said and row.takes(row.default) and not row.is_on(row.default)


def test_what_is_off_is_not_said_and_not_noted():
    assert tricks.problems(OFF) == tricks.lines(OFF) == []
    assert tricks.without_those_off({**OFF, "seed": 1}) == {
        "augmentation": "mild",
        "schedule": "cosine",
        "seed": 1,
    }


def test_what_is_on_is_said_in_words_from_a_recipe_and_from_json():
    for area in ((0.25, 1.0), [0.25, 1.0]):
        assert tricks.lines({"crop_area": area, "mixup": 0.2, "layer_decay": 1.0}) == [
            "random resized crops of 0.25 to 1 of the area",
            "mixup, Beta(0.2, 0.2)",
        ]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("mixup", 0, "mixup=0 is not possible; it is a number above 0 and at most 10"),
        ("mixup", float("nan"), "mixup=nan"),
        ("average_weights", 1.0, "a number above 0 and below 1"),
        ("accumulate", 1.5, "accumulate=1.5 is not possible; it is a whole number at least 1"),
        ("accumulate", True, "accumulate=True"),
        ("accumulate", 2**31, "at least 1 and at most 2147483647"),
        ("clip_norm", float("inf"), "clip_norm=inf"),
        ("crop_area", (0.5, 0.1), "the lower one first"),
        ("crop_area", 0.5, "two numbers"),
        ("class_weights", "rare", "allowed are equal, balanced"),
        ("sync_batch_norm", 1, "it is True or False"),
        ("power", 2.0, "power=2.0 means nothing with schedule='cosine'; use schedule='polynomial'"),
        ("rand_augment_magnitude", 0.5, "means nothing with rand_augment=0; give rand_augment=2"),
    ],
)
def test_a_value_that_cannot_be_is_answered_with_what_can(name, value, words):
    (problem,) = tricks.problems({**OFF, name: value})
    assert words in problem


def test_what_saves_nothing_where_a_head_alone_is_trained_is_refused():
    (problem,) = tricks.problems({**OFF, "method": "head", "gradient_checkpointing": True})
    assert "means nothing with method='head'; use method='full' or method='probe-then-full'" in problem
    assert tricks.problems({**OFF, "method": "full", "gradient_checkpointing": True}) == []


def test_all_that_clashes_is_said_at_once():
    given = {
        "class_weights": "balanced",
        "sampling": "balanced",
        "batch_norm": "frozen",
        "sync_batch_norm": True,
    }
    found = tricks.problems({**OFF, **given, "augmentation": None, "random_erasing": 0.5, "cutmix": 2})
    assert len(found) == 4
    for words in ("both make up for rare classes", "nothing to share", "without augmentation", "cutmix=2"):
        assert any(words in problem for problem in found)
