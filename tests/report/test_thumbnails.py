"""Thumbnails of good, odd and broken image files."""

import base64
import io

import pytest
from PIL import Image

from slimzoo.report.thumbnails import SIDE, thumbnail


def pixels(found) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(found.uri.removeprefix("data:image/jpeg;base64,"))))


def test_a_photograph_is_made_small_and_keeps_its_shape(tmp_path):
    Image.new("RGB", (2000, 1000), "red").save(tmp_path / "a.jpg")
    found = thumbnail(tmp_path / "a.jpg")
    assert (found.width, found.height) == (SIDE, SIDE // 2) == pixels(found).size


def test_the_exif_orientation_is_followed(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    Image.new("RGB", (200, 100)).save(tmp_path / "a.jpg", exif=exif)
    found = thumbnail(tmp_path / "a.jpg")
    assert (found.width, found.height) == (100, 200)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "I;16", "1", "CMYK"])
def test_every_common_mode_is_drawn(tmp_path, mode):
    path = tmp_path / ("a.tif" if mode == "CMYK" else "a.png")
    Image.new(mode, (9, 7)).save(path)
    assert pixels(thumbnail(path)).mode == "RGB"


def test_what_is_transparent_is_white(tmp_path):
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(tmp_path / "a.png")
    assert min(pixels(thumbnail(tmp_path / "a.png")).getpixel((4, 4))) > 250  # JPEG is not exact


def test_a_missing_or_broken_file_is_a_problem_in_words(tmp_path):
    Image.new("RGB", (400, 400), "blue").save(tmp_path / "whole.jpg")
    whole = (tmp_path / "whole.jpg").read_bytes()
    Image.new("RGB", (400, 400), "blue").save(tmp_path / "whole.png")
    for name, content in {
        "cut.jpg": whole[: len(whole) // 2],
        "cut.png": (tmp_path / "whole.png").read_bytes()[:60],
        "text.jpg": b"not an image",
        "empty.jpg": b"",
    }.items():
        (tmp_path / name).write_bytes(content)
        assert thumbnail(tmp_path / name) == ("", 0, 0, "image file cannot be read"), name
    for path in (tmp_path, tmp_path / "none.jpg", tmp_path / "a\0b.jpg"):
        assert thumbnail(path).problem == "image file not found"
