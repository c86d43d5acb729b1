import os

import pytest

from slimzoo.data.finding import image_files
from slimzoo.errors import SlimzooError
from tests.cli.support import picture


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """b.jpg, a/1.jpg, a/deep/2.jpg, clutter and a text, in the working directory."""
    monkeypatch.chdir(tmp_path)
    for name in ("photos/b.jpg", "photos/a/1.jpg", "photos/a/deep/2.jpg", "photos/.hidden.jpg"):
        picture(tmp_path / name)
    (tmp_path / "photos/Thumbs.db").write_bytes(b"x")
    (tmp_path / "photos/notes.jpg").write_text("no image")
    return tmp_path / "photos"


def test_a_folder_stands_for_every_image_below_it_by_content_or_by_name(photos):
    picture(photos / "c.png").rename(photos / "bare")
    (photos / "notes.txt").write_text("clutter")
    (photos / "scanned.tiff").write_bytes(b"another kind")  # to be said that it cannot be read
    assert [name.removeprefix("photos/") for name in image_files(["photos"])] == [
        *("a/1.jpg", "a/deep/2.jpg", "b.jpg", "bare", "notes.jpg", "scanned.tiff"),
    ]


def test_a_pattern_stands_for_the_files_it_matches_in_order(photos):
    assert image_files(["photos/**/*.jpg"]) == [
        "photos/a/1.jpg",
        "photos/a/deep/2.jpg",
        "photos/b.jpg",
        "photos/notes.jpg",
    ]
    assert image_files(["photos/[b]*"]) == ["photos/b.jpg"]


def test_a_file_that_is_called_like_a_pattern_is_a_file(photos):
    picture(photos / "b[1].jpg")
    assert image_files(["photos/b[1].jpg"]) == ["photos/b[1].jpg"]


def test_other_paths_stand_for_themselves_in_the_order_given(photos):
    assert image_files(["photos/b.jpg", "gone.jpg", "photos/b.jpg"]) == [
        "photos/b.jpg",
        "gone.jpg",
        "photos/b.jpg",
    ]


def test_a_circle_of_links_is_gone_through_once(photos):
    os.symlink(photos, photos / "a" / "again")
    assert len(image_files(["photos"])) == 4


def test_everything_that_stands_for_nothing_is_named_at_once(photos):
    (photos / "empty").mkdir()
    with pytest.raises(SlimzooError, match="photos/empty") as error:
        image_files(["photos/empty", "*.gif", "photos"])
    assert "*.gif" in str(error.value)
