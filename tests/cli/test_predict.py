"""`slimzoo predict` for many images: folders, patterns, lists; files of predictions; broken images."""

import csv
import json
from pathlib import Path

import pytest

from tests.cli.support import left_in, picture


@pytest.fixture
def photos(tmp_path):
    """Two pictures and a text that is called like one."""
    picture(tmp_path / "photos" / "red.jpg")
    picture(tmp_path / "photos" / "below" / "blue.jpg", (10, 20, 200))
    (tmp_path / "photos" / "text.jpg").write_text("no image")
    return tmp_path / "photos"


def test_folders_patterns_and_lists_give_the_same_images(slimzoo, cifarnet, photos, tmp_path):
    (tmp_path / "list.txt").write_text("photos/below/blue.jpg\n\nphotos/red.jpg\n")
    (photos / "text.jpg").unlink()
    lines = ("photos",), ("photos/**/[br]*.jpg",), ("--list", "list.txt")
    folder, pattern, listed = (
        slimzoo("predict", "--model", cifarnet, *line, "--json").json for line in lines
    )
    assert [row["image"] for row in folder] == ["photos/below/blue.jpg", "photos/red.jpg"]
    assert folder == pattern == listed


def test_broken_images_are_named_at_the_end_and_the_exit_code_is_1(slimzoo, cifarnet, photos):
    in_folder = slimzoo("predict", "--model", cifarnet, "photos")
    assert in_folder.code == 1 and "1 of 3 images" in in_folder.err and "text.jpg" in in_folder.err
    found = slimzoo(
        "predict", "--model", cifarnet, "photos/*.jpg", "gone.jpg", "photos/red.jpg", "--top", "1"
    )
    assert found.code == 1
    assert [line.split()[0] for line in found.out.splitlines()] == ["photos/red.jpg"] * 2
    assert "2 of 4 images" in found.err and "text.jpg" in found.err and "gone.jpg" in found.err


def test_a_file_of_predictions_holds_a_row_a_class_and_what_is_broken(slimzoo, cifarnet, photos):
    given = ("predict", "--model", cifarnet, "photos/red.jpg", "photos/text.jpg")
    expected = slimzoo(*given, "--top", "2", "--json").out
    best = json.loads(expected)[0]["predictions"]
    assert slimzoo(*given, "--top", "2", "--out", "found.csv").code == 1
    rows = [*csv.DictReader(Path("found.csv").read_text().splitlines())]
    assert [
        (row["image"], int(row["class"]), row["name"], float(row["probability"])) for row in rows[:2]
    ] == [("photos/red.jpg", row["class"], row["name"], row["probability"]) for row in best]
    assert rows[2]["class"] == "" and "not an image" in rows[2]["problem"]
    slimzoo(*given, "--top", "2", "--out", "found.jsonl")
    assert [json.loads(line) for line in Path("found.jsonl").read_text().splitlines()] == json.loads(expected)


def test_parquet_holds_what_csv_does(slimzoo, cifarnet, photos):
    parquet = pytest.importorskip(
        "pyarrow.parquet", reason="pyarrow, of the extras test and parquet, is missing"
    )
    given = ("predict", "--model", cifarnet, "photos", "--threshold", "0.05", "--flip", "--out")
    assert [slimzoo(*given, name).code for name in ("found.csv", "found.parquet")] == [1, 1]  # text.jpg
    rows = [*csv.DictReader(Path("found.csv").read_text().splitlines())]
    table = parquet.read_table("found.parquet").to_pylist()
    assert [(row["image"], row["name"] or "") for row in table] == [  # CSV has no null
        (row["image"], row["name"]) for row in rows
    ]


@pytest.mark.parametrize(
    "given, words",
    [
        ((), ["IMAGE", "--list"]),
        (("photos/*.gif", "nothing*"), ["photos/*.gif", "nothing*", "no file"]),
        (("photos/red.jpg", "--out", "found.txt"), ["found.txt", ".csv", ".parquet"]),
        (("photos/red.jpg", "--out", "photos/red.csv"), ["exists already"]),
        (("photos/red.jpg", "--threshold", "2"), ["--threshold", "2"]),
        (("photos/text.jpg", "--out", "found.csv"), ["text.jpg is not an image"]),
    ],
)
def test_what_cannot_be_used_is_a_message_and_leaves_no_file(
    refused, cifarnet, photos, tmp_path, given, words
):
    (photos / "red.csv").write_text("mine")
    before = left_in(tmp_path)
    refused("predict", "--model", cifarnet, *given, words=words)
    assert left_in(tmp_path) == before and (photos / "red.csv").read_text() == "mine"
