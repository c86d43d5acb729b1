"""A JSON file is believed field by field, and everything that cannot be is said with its name."""

import os

import pytest

from slimzoo.files import reading, schema
from slimzoo.files.schema import Damaged, needed

ROWS = {
    "size": needed(schema.whole(1, 100)),
    "share": schema.number(0, 1),
    "name": needed(schema.text("[a-z]+", "a word of small letters")),
    "done": schema.flag(),
    "labels": schema.in_text(schema.list_of(schema.text())),
    "facts": schema.dict_of(schema.number()),
    "score": schema.either(schema.number(), schema.nothing()),
}
RIGHT = {"size": 3, "share": 0.5, "name": "a", "done": False, "labels": '["x"]', "facts": {"b": 1}}


def test_values_are_taken_as_their_fields_say_and_others_left_out():
    taken = schema.take({**RIGHT, "score": None, "more": 1}, ROWS, "a.json")
    assert taken == {**RIGHT, "labels": ("x",), "score": None}


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": 0},
        {"size": 101},
        {"size": True},
        {"size": "3"},
        {"size": 3.0},
        {"size": None},
        {"share": 1.5},
        {"share": float("nan")},
        {"share": float("inf")},
        {"facts": {"b": 10**400}},
        {"name": "A"},
        {"name": "a\n"},
        {"name": ["a"]},
        {"done": 0},
        {"labels": ["x"]},
        {"labels": "x"},
        {"labels": "[1]"},
        {"labels": "[" * 100_000},
        {"facts": [1]},
        {"facts": {"b": "1"}},
        {"score": "best"},
    ],
    ids=str,
)
def test_a_value_that_cannot_be_is_named_with_its_file(wrong):
    (name,) = wrong
    with pytest.raises(Damaged, match=rf"(?s)a\.json says what cannot be.*{name} is .*; it must be"):
        schema.take({**RIGHT, **wrong}, ROWS, "a.json")


def test_everything_wrong_is_said_at_once():
    with pytest.raises(Damaged) as caught:
        schema.take({"size": -1, "done": "yes"}, ROWS, "a.json")
    message = str(caught.value)
    for words in (
        "size is -1; it must be a whole number, 1 to 100",
        "name is missing; it is a word of small letters",
        "done is 'yes'; it must be true or false",
    ):
        assert words in message


@pytest.mark.parametrize("values", [None, [], "text", 5])
def test_what_is_no_object_is_said(values):
    with pytest.raises(Damaged, match=r"a\.json holds .* where an object should be"):
        schema.take(values, ROWS, "a.json")


def test_a_long_value_is_shown_by_its_beginning():
    with pytest.raises(Damaged) as caught:
        schema.take({**RIGHT, "name": "A" * 10_000, "facts": dict.fromkeys("abc", "x")}, ROWS, "a.json")
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b"\0" * 100, b"[" * 100_000, b'{"a": NaN}', b'{"a": ' + b"9" * 5000]
)
def test_a_file_that_is_no_json_is_damaged(tmp_path, content):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(Damaged, match=r"a\.json is damaged"):
        schema.read(path)


def test_a_file_is_not_read_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "LARGEST", 100)
    path = tmp_path / "a.json"
    path.write_text("[" + "1," * 100 + "1]")
    with pytest.raises(Damaged, match="it has more than 100 bytes"):
        schema.read(path)


def test_a_folder_in_the_place_of_a_file_is_damaged_and_no_file_is_no_file(tmp_path):
    (tmp_path / "a.json").mkdir()
    with pytest.raises(Damaged, match=r"a\.json cannot be read"):
        schema.read(tmp_path / "a.json")
    with pytest.raises(FileNotFoundError):
        schema.read(tmp_path / "b.json")


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.json")
    with pytest.raises(Damaged, match="it is no file"):
        schema.read(tmp_path / "a.json")
