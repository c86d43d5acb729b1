"""What a weight file says of itself is checked before it is believed, and shown on a card as it is."""

import json

import pytest

from slimzoo import converters
from slimzoo.errors import SlimzooError
from slimzoo.preprocessing import Preprocessing
from slimzoo.weights import metadata
from slimzoo.weights.model_card import escaped, model_card
from tests.fetching import cifarnet_variables

RIGHT = {
    "network": "cifarnet",
    "num_classes": "2",
    "label_offset": "0",
    "labels": '["cat", "dog"]',
    "multi_label": "false",
    "preprocessing": '{"kind": "cifarnet", "size": 32, "channel_order": "RGB"}',
    "slimzoo_settings": '{"model": "cifarnet", "weights": "a.ckpt", "steps": 50}',
    "restored_fraction": "0.9",
    "parity": '{"library": "theirs", "largest difference": 3e-6}',
}
WRONG = [
    ("label_offset", "-1"),
    ("label_offset", "2"),
    ("label_offset", "one"),
    ("num_classes", "-1"),
    ("num_classes", "1e3"),
    ("num_classes", "None"),
    ("num_classes", "²"),
    ("labels", "cat, dog"),
    ("labels", '{"0": "cat"}'),
    ("labels", '["cat", 5]'),
    ("multi_label", "yes"),
    ("image_size", "0"),
    ("preprocessing", "{}"),
    ("preprocessing", "[]"),
    ("preprocessing", '{"kind": ["vgg"]}'),
    ("preprocessing", '{"kind": "cifarnet", "size": 0, "channel_order": "RGB"}'),
    ("preprocessing", '{"kind": "cifarnet", "size": 32, "channel_order": ["RGB"]}'),
    ("slimzoo_settings", "{"),
    ("slimzoo_settings", "[]"),
    ("slimzoo_settings", '{"model": 5}'),
    ("restored_fraction", "most"),
    ("restored_fraction", "NaN"),
    ("parity", "[1]"),
    ("parity", "[" * 100_000),
    ("network", ""),
    ("network", "a\x1b[31m"),
    ("trained", "maybe"),
    ("source_sha256", "x"),
]
REPORT = {
    "evaluated_on": "pets, 20 images",
    "map": 0.75,
    "accuracy": None,
    "best_step": 45,
    "ap": {"cat": [0.7, 0.7, 10], "dog": [None, None, 0]},
    "settings": {"steps": 50},
}
WRONG_REPORT = [
    {"evaluated_on": 5},
    {"map": "0.75"},
    {"map": 75},
    {"accuracy": []},
    {"best_step": "last"},
    {"best_step": -1},
    {"ap": []},
    {"ap": {"cat": []}},
    {"ap": {"cat": [0.7]}},
    {"ap": {"cat": "0.7"}},
    {"ap": {"cat": ["a", "b", "c"]}},
    {"settings": []},
]


def test_right_metadata_become_values():
    about = metadata.checked({**RIGHT, "of another program": "x"}, "m.safetensors")
    assert (about["num_classes"], about["label_offset"], about["multi_label"]) == (2, 0, False)
    assert about["labels"] == ("cat", "dog")
    assert about["preprocessing"] == Preprocessing(kind="cifarnet", size=32)
    assert "of another program" not in about


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_what_cannot_be_is_named_with_the_file(name, value):
    with pytest.raises(SlimzooError, match=rf"(?s)m\.safetensors says what cannot be.*{name}[ :]") as caught:
        metadata.checked({**RIGHT, name: value}, "m.safetensors")
    assert len(str(caught.value)) < 1000


def test_labels_must_be_as_many_as_classes():
    with pytest.raises(SlimzooError, match=r"m\.safetensors says that it has 3 classes, and names 2"):
        metadata.checked({**RIGHT, "num_classes": "3"}, "m.safetensors")


@pytest.fixture(scope="module")
def variables():
    return cifarnet_variables()


@pytest.fixture
def card(tmp_path, variables):
    """Makes the card of a model with these metadata, and a report beside it."""

    def make(about=RIGHT, report=None):
        path = tmp_path / "model.safetensors"
        converters.write_safetensors(path, variables, about, overwrite=True)
        if report is not None:
            (tmp_path / "report.json").write_text(report if isinstance(report, str) else json.dumps(report))
        return model_card(path, "me/pets")

    return make


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_no_card_is_made_of_what_cannot_be(name, value, card):
    with pytest.raises(SlimzooError, match=r"model\.safetensors says what cannot be"):
        card({**RIGHT, name: value})


@pytest.mark.parametrize("change", WRONG_REPORT, ids=str)
def test_nor_of_a_report_that_cannot_be(change, card):
    with pytest.raises(SlimzooError, match=rf"(?s)report\.json says what cannot be.*{next(iter(change))} is"):
        card(report={**REPORT, **change})


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 100_000, '{"evaluated_on": NaN}'])
def test_nor_of_one_that_is_no_report(text, card):
    with pytest.raises(SlimzooError, match=r"report\.json"):
        card(report=text)


def test_a_card_of_what_is_right_says_it(card):
    text = card(report=REPORT)
    for words in (
        "| classes | 2: cat, dog |",
        "a.ckpt; 90.0% of",
        "| step | 45 of 50 |",
        "| cat | 0.7000 | 10 |",
    ):
        assert words in text
    assert "| dog |" not in text  # no image shows one


HOSTILE = "<script>alert(1)</script> [x](javascript:1) `c` **b** | a\n# head\x1b[31m"


def test_markdown_and_html_of_others_are_shown_as_they_are(card):
    about = {
        **RIGHT,
        "labels": json.dumps([HOSTILE, "<img src=x>"]),
        "parity": json.dumps({HOSTILE: {HOSTILE: HOSTILE}}),
        "slimzoo_settings": json.dumps({"weights": None, "steps": 1}),
        "source": HOSTILE,
    }
    report = {
        **REPORT,
        "evaluated_on": HOSTILE,
        "ap": {HOSTILE: [0.5, 0.5, 1]},
        "settings": {"train": HOSTILE},
    }
    body = card(about, report).split("\n---\n", 1)[1]
    for raw in ("<script", "<img", "[x](", "`c`", "**b**", "\x1b", "\n# head"):
        assert raw not in body
    cells = [line.replace("\\|", "").count("|") for line in body.splitlines() if line.startswith("|")]
    assert set(cells) == {3, 4}  # of two columns, and of three


@pytest.mark.parametrize("plain", ["mobilenet_v1_025", "a.ckpt", "VOC2012 val, 50 images", "3e-06", "größe"])
def test_plain_words_stay_as_they_are(plain):
    assert escaped(plain) == plain
