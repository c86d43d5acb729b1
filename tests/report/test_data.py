"""ReportData as JSON, and the checks of its parts."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from slimzoo.files.schema import Damaged
from slimzoo.report import ClassAP, ExampleScore, Layer, ReportData, Run


def test_json_gives_back_what_went_in(sample):
    again = ReportData.from_json(sample.to_json())
    assert again.to_json() == sample.to_json()
    assert again.examples == sample.examples
    assert again.layers == sample.layers
    assert again.confusion == sample.confusion
    assert again.ap["bird"] == sample.ap["bird"]


def test_json_is_strict_and_keeps_numbers_that_are_not_finite_as_nan():
    data = ReportData(
        "t",
        map=math.nan,
        history=[{"step": 1, "loss": math.inf}],
        ap={"a": (math.nan, 0.5, 0)},
        settings={"n": None},
    )
    text = data.to_json()
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    again = ReportData.from_json(text)
    assert (
        math.isnan(again.map) and math.isnan(again.history[0]["loss"]) and math.isnan(again.ap["a"].all_point)
    )
    assert again.settings == {"n": None}


def test_numpy_values_and_paths_go_to_json():
    data = ReportData(
        "t",
        map=np.float32(0.5),
        ap={"a": (np.float32(0.25), np.float64(0.5), np.int64(3))},
        settings={"path": Path("a/b"), "rates": np.array([1, 2]), "scopes": ("x", "y")},
        comparison=[("other", [{"step": np.int64(3)}], np.float32(0.25))],
    )
    again = ReportData.from_json(data.to_json())
    assert again.map == 0.5 and again.ap["a"] == ClassAP(0.25, 0.5, 3)
    assert again.settings == {"path": "a/b", "rates": [1, 2], "scopes": ["x", "y"]}
    assert again.comparison == [Run("other", [{"step": 3}], 0.25)]


WRONG = {  # what a report.json may not say, and the words that name it
    "title": 5,
    "classes": 5,
    "map": "0.5",
    "map_interval": [0.5],
    "history": [5],
    "ap": {"a": [1]},
    "curves": {"a": [[2.0, 0.5]]},
    "layers": [{"scope": "a", "parameters": -1, "state": "new"}],
    "examples": [{"image_path": "a", "true_labels": [], "scores": {}, "score": 0, "group": "left"}],
    "confusion": {"classes": ["a"], "counts": [[1, 2]], "positives": [1], "multi_label": True},
    "settings": [],
    "comparison": [["name", 5, 0.5]],
    "facts": {"seconds": "long"},
    "best_step": -1,
    "notes": [None],
}


@pytest.mark.parametrize("field", WRONG)
def test_a_field_of_another_kind_is_named(field):
    raw = json.loads(ReportData("t").to_json()) | {field: WRONG[field]}
    with pytest.raises(Damaged, match="confusion of 1 classes" if field == "confusion" else field):
        ReportData.from_json(json.dumps(raw))


def test_everything_wrong_in_a_report_json_is_named_at_once():
    raw = json.loads(ReportData("t").to_json()) | {key: WRONG[key] for key in ("title", "map", "notes")}
    with pytest.raises(Damaged, match=r"(?s)title is 5.*map is '0\.5'.*notes"):
        ReportData.from_json(json.dumps(raw))


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", "{}", '{"format": 99}', '{"format": 1, "surprise": 2}', '{"format": 1, "layers": [1]}'],
)
def test_a_damaged_report_json_is_a_value_error(text):
    with pytest.raises(ValueError, match=r"report\.json"):
        ReportData.from_json(text)


def test_an_unknown_state_or_group_names_the_allowed_ones():
    with pytest.raises(ValueError, match="state 'lost'; give one of restored, new, frozen"):
        Layer("a", 1, "lost")
    with pytest.raises(ValueError, match="group 'left'; give one of right, wrong"):
        ExampleScore("a.jpg", [], {}, 0.0, "left")


def test_the_sign_of_the_margin_decides_where_no_group_is_given():
    assert ExampleScore("a.jpg", [], {}, 0.1).group == "right"
    assert ExampleScore("a.jpg", [], {}, -0.1).group == "wrong"
