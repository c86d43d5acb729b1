"""Files of a data set that were made to be waited for, to cost, or to break what reads them."""

import json
import os

import pytest

from slimzoo.converters.proposing import read_map
from slimzoo.data import annotations, boxes, text, voc_files, yolo_names
from slimzoo.data.headers import foreign, image_format, read_header
from slimzoo.errors import MAX_MESSAGE, SlimzooError
from slimzoo.files.reading import NO_FILE
from slimzoo.labels import read_labels

BLANKS = " " * 1_000_000  # looked at once for each of them, they would take a day
READERS = (annotations.read_annotation, text.read_lines, boxes.read, read_map, image_format, foreign)


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_is_no_file_is_neither_waited_for_nor_read(tmp_path, reader, kind):
    path = tmp_path / "a.json"
    os.mkfifo(path) if kind == "pipe" else os.symlink("/dev/zero", path)
    with pytest.raises((ValueError, OSError), match=NO_FILE):
        reader(path)
    assert read_header(path).format is None


def test_a_file_is_read_only_as_far_as_its_kind_is_large(tmp_path, monkeypatch):
    path = tmp_path / "a.xml"
    path.write_text(f"<annotation>{BLANKS}</annotation>")
    assert annotations.read_annotation(path).objects == ()
    monkeypatch.setattr(annotations, "_LARGEST", len(BLANKS))
    with pytest.raises(ValueError, match="it has more than 1,000,000 bytes"):
        annotations.read_annotation(path)


@pytest.mark.parametrize(
    ("reader", "content", "found"),
    [
        (text.read_lines, f"{BLANKS}a{BLANKS}b\ufeff{BLANKS}", [f"a{BLANKS}b"]),
        (yolo_names.read_names, f"names: [a,{BLANKS}, b]", {0: "a", 1: "b"}),
        (yolo_names.read_names, f"names: {{0: 'a{BLANKS}b', 1:{BLANKS}c}}", {0: f"a{BLANKS}b", 1: "c"}),
        (yolo_names.read_names, f"names: [1{BLANKS}x]", {0: f"1{BLANKS}x"}),
        (read_labels, f"0:{BLANKS}a{BLANKS}b{BLANKS}", (f"a{BLANKS}b",)),
        (read_labels, f"{'1' * 5000}:a", (f"{'1' * 5000}:a",)),  # more digits than Python makes a number of
    ],
    ids=["lines", "list", "numbers", "item", "labels", "digits"],
)
def test_blanks_and_digits_without_end_are_read_once(tmp_path, reader, content, found):
    path = tmp_path / "data.yaml"
    path.write_text(content, encoding="utf-8")
    assert reader(path) == found


def test_a_flag_behind_many_blanks_is_a_flag_and_two_words_are_a_name(tmp_path):
    for name, line, found in (
        ("dog_train", f"a b{BLANKS}-1", {"a b": {"dog": -1}}),
        ("dog_val", "a b", {"a b": {}}),
    ):
        path = tmp_path / "ImageSets" / "Main" / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(line)
        assert voc_files.read_list(tmp_path, name) == found


ROWS = {
    "images": [{"id": 1, "file_name": "x.jpg"}],
    "categories": [{"id": 1, "name": "a"}],
    "annotations": [{"image_id": 1, "category_id": 1}],
}
WRONG = {
    "a list as a number of a category": {"annotations": [{"image_id": 1, "category_id": [1]}]},
    "an object as a number of an image": {"annotations": [{"image_id": {}, "category_id": 1}]},
    "a number of a megabyte": {"annotations": [{"image_id": "7" * 1_000_000, "category_id": 1}]},
    "a name longer than names may be": {"images": [{"id": 1, "file_name": "x" * 5_000}]},
    "a name with a zero in it": {"images": [{"id": 1, "file_name": "x\0.jpg"}]},
    "a name that is no text": {"images": [{"id": 1, "file_name": ["x"]}]},
    "rows of nothing": {"annotations": None},
}


@pytest.mark.parametrize("rows", WRONG.values(), ids=WRONG)
def test_wrong_rows_of_coco_end_in_a_message(tmp_path, rows):
    path = tmp_path / "a.json"
    path.write_text(json.dumps({**ROWS, **rows}))
    with pytest.raises(SlimzooError) as caught:
        boxes.read(path)
    assert len(str(caught.value)) <= MAX_MESSAGE


@pytest.mark.parametrize(
    "content",
    [
        f"<{'q' * 1_000_000}/>",
        f"<!DOCTYPE {'q' * 1_000_000} []><annotation/>",
        f"<annotation><object><name>{'q' * 1_000_000}</name><difficult>2</difficult></object></annotation>",
        "<annotation><object><name>\u202e</name><difficult>\u009b31m</difficult></object></annotation>",
        "<annotation>" + "<a>" * 1_000_000,
    ],
    ids=["tag", "document type", "name", "controls", "depth"],
)
def test_what_a_message_quotes_of_an_annotation_is_short_and_clean(tmp_path, content):
    path = tmp_path / "a.xml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError) as caught:
        annotations.read_annotation(path)
    text = str(caught.value)
    assert len(text) < 400 and text.isprintable()
