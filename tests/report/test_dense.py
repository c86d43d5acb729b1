"""A report on masks: to JSON and back, damaged files told apart, a page that says what is missing."""

import base64
import io
import json
import math

import numpy as np
import pytest
from PIL import Image

from slimzoo.errors import SlimzooError
from slimzoo.report import ClassIoU, MaskExample, MaskReport, redraw_report, write_report
from slimzoo.report.write import read_any_report, read_report

HOSTILE = "<script>alert('x')</script>\"&{{ 7 * 7 }}\u202e"


def picture():
    written = io.BytesIO()
    Image.fromarray(np.full((20, 30, 3), 90, np.uint8)).save(written, "JPEG")
    return base64.b64encode(written.getvalue()).decode()


def report(**given):
    values = {
        "title": "masks",
        "miou": 0.5,
        "miou_interval": (0.4, 0.55),
        "history": [{"step": 1, "kind": "eval", "miou": 0.5, "loss": 1.0}],
        "classes": [
            ClassIoU("ground", 0.75, 0.5, 900, (0, 0, 0)),
            ClassIoU("sign", 0.25, math.nan, 100, (128, 0, 0)),
            ClassIoU("lamp", math.nan, math.nan, 0, (0, 128, 0)),
        ],
        "confusion": [[800, 100, 0], [50, 50, 0], [0, 0, 0]],
        "examples": [MaskExample("a.jpg", ["ground", "sign"], 0.5, "best", picture(), picture())],
        "best_step": 1,
    }
    return MaskReport(**{**values, **given})


def test_a_report_goes_to_json_and_back(tmp_path):
    write_report(tmp_path, report())
    found = read_any_report(tmp_path)
    assert isinstance(found, MaskReport)
    assert json.loads(found.to_json()) == json.loads(report().to_json())
    page = (tmp_path / "report.html").read_text()
    assert redraw_report(tmp_path).read_text() == page
    for words in ("0.500", "0.40 to 0.55", "neither there nor seen", "image file not found", "89"):
        assert words in page, words  # 89 %: the ground that was taken for ground


def test_text_of_any_origin_stays_text(tmp_path):
    classes = [ClassIoU(HOSTILE, 0.5, 0.5, 1, (0, 0, 0)), ClassIoU("b", 0.5, 0.5, 1, (1, 1, 1))]
    write_report(tmp_path, report(title=HOSTILE, classes=classes, confusion=[], notes=[HOSTILE]))
    page = (tmp_path / "report.html").read_text()
    assert "<script" not in page and "\u202e" not in page and "&lt;script&gt;" in page


def test_a_page_of_little_says_what_is_missing(tmp_path):
    write_report(tmp_path, MaskReport("nothing"))
    page = (tmp_path / "report.html").read_text()
    for words in (
        "No classes were recorded",
        "No masks were recorded",
        "so there are no curves",
        "not measured",
    ):
        assert words in page, words


def test_many_classes_show_their_confusion_as_pairs(tmp_path):
    classes = [ClassIoU(f"class {i}", 0.5, 0.5, 10, (i, i, i)) for i in range(40)]
    counts = (np.eye(40, dtype=int) * 9 + np.eye(40, k=1, dtype=int)).tolist()
    write_report(tmp_path, report(classes=classes, confusion=counts, examples=[]))
    assert (
        "The pairs most often taken for one another, of 40 classes" in (tmp_path / "report.html").read_text()
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 99}, "has format 99"),
        ({"classes": 3}, "classes"),
        ({"confusion": [[1]]}, "a confusion of 3 classes has other counts"),
        ({"extra": 1}, "unknown fields: extra"),
        (
            {"examples": [{"image_path": "a", "classes": [], "iou": 1, "group": "middling"}]},
            "one of best, worst",
        ),
    ],
)
def test_a_damaged_file_is_told_from_a_report(tmp_path, change, words):
    raw = {**json.loads(report().to_json()), **change}
    (tmp_path / "report.json").write_text(json.dumps(raw))
    with pytest.raises(SlimzooError, match=words):
        read_any_report(tmp_path)


def test_what_wants_classes_of_images_says_that_this_is_of_masks(tmp_path):
    write_report(tmp_path, report())
    with pytest.raises(SlimzooError, match=r"report.json is of masks"):
        read_report(tmp_path)
