"""`slimzoo predict --images`: what is written, and what cannot be used."""

import json
from pathlib import Path

import pytest

from tests.cli.support import left_in, picture


@pytest.fixture
def photos(tmp_path):
    """Three pictures, and a text that is called like one."""
    for i in range(3):
        picture(tmp_path / "photos" / f"{i}.jpg", (90 * i, 10, 20))
    (tmp_path / "photos" / "text.jpg").write_text("no image")
    return tmp_path / "photos"


def test_a_stream_writes_a_row_an_image_and_the_exit_code_tells_of_broken_ones(slimzoo, cifarnet, photos):
    given = ("predict", "--model", cifarnet, "--images", "photos", "--top", "2", "--out")
    found = slimzoo(*given, "found.jsonl")
    assert found.code == 1 and "3 of 4 images are in found.jsonl" in found.out and "column error" in found.err
    rows = [json.loads(line) for line in Path("found.jsonl").read_text().splitlines()]
    named = slimzoo("predict", "--model", cifarnet, "photos/0.jpg", "--top", "2", "--json").json[0]
    assert [row["image"] for row in rows] == [f"photos/{name}.jpg" for name in (0, 1, 2, "text")]
    assert rows[0]["image"] == named["image"] and "not an image" in rows[3]["error"]
    assert [row["name"] for row in rows[0]["predictions"]] == [row["name"] for row in named["predictions"]]
    (photos / "text.jpg").unlink()
    assert (
        slimzoo(*given, "folder", "--format", "csv", "--features", "fc4", "--flip", "--json").json["images"]
        == 3
    )
    assert "manifest.json" in left_in(Path("folder"))
    again = slimzoo(*given, "folder", "--format", "csv", "--features", "fc4", "--flip")
    assert again.code == 0 and "3 of 3" in again.out


@pytest.mark.parametrize(
    "given, words",
    [
        (("--images", "photos"), ["--out"]),
        (("photos/0.jpg", "--images", "photos", "--out", "f.csv"), ["not both"]),
        (("photos/0.jpg", "--features", "fc4"), ["--features", "only with --images"]),
        (("--images", "photos", "--out", "f.csv", "--actors", "2"), ["--actors", "--engine-cluster"]),
        (("--images", "photos", "--out", "f.csv", "--engine-cluster", "ray", "--actors", "2,1"), ["larger"]),
        (("--images", "photos", "--out", "f.csv", "--features", "fc9"), ["fc9", "fc3"]),
        (("--images", "nowhere", "--out", "f.csv"), ["nowhere"]),
        (("--images", "photos/*.tar", "--out", "f.csv"), ["photos/*.tar", "no file"]),
        (("--images", "photos", "--out", "mine"), ["mine", "notes"]),
        (("--images", "photos", "--out", "mine/notes.csv"), ["exists already", "--overwrite"]),
        (("--images", "photos", "--out", "f.csv", "--format", "jsonl"), ["--format"]),
        (("--images", "photos", "--out", "f.txt"), [".parquet", "f.txt"]),
        (("--images", "photos", "--out", "s3://bucket/found"), ["copied to a store"]),
    ],
)
def test_what_cannot_be_used_is_a_message_and_leaves_no_file(
    refused, cifarnet, photos, tmp_path, given, words
):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.csv").write_text("mine")
    before = left_in(tmp_path)
    refused("predict", "--model", cifarnet, *given, words=words)
    assert left_in(tmp_path) == before
    assert not (tmp_path / "f.csv.parts").exists()


def test_results_of_another_job_are_refused_in_the_words_of_the_command(slimzoo, refused, cifarnet, photos):
    given = ("predict", "--model", cifarnet, "--images", "photos", "--out", "found", "--format", "csv")
    slimzoo(*given)
    refused(*given, "--top", "2", "--no-exif", words=["--top: there 5, now 2", "--exif", "--overwrite"])
    picture(photos / "3.jpg")
    refused(*given, words=["images, how many: there 4, now 5"])
    assert slimzoo(*given, "--overwrite").out.startswith("4 of 5 images")
