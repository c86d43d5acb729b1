"""Images that decode to far more than they are: refused by their headers, before a pixel is decoded."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from slimzoo.data import images, pipeline
from slimzoo.data.dataset import Dataset, Example
from slimzoo.data.headers import MAX_PIXELS, read_header
from slimzoo.errors import SlimzooError
from slimzoo.preprocessing import of_kind

WIDE, HIGH = 60_000, 50_000  # 9 GB as RGB


def encoded(kind, **options):
    memory = io.BytesIO()
    Image.fromarray(np.zeros((30, 20, 3), np.uint8)).save(memory, kind, **options)
    return memory.getvalue()


SMALL = {  # file, and how many pixels are decoded
    "JPEG": (encoded("JPEG"), 600),
    "progressive": (encoded("JPEG", progressive=True), 600),
    "after what means nothing": (encoded("JPEG").replace(b"\xff\xc0", b"abc\xff\xff\xff\xc0"), 600),
    "PNG": (encoded("PNG"), 600),
    "BMP": (encoded("BMP"), 600),
    "GIF": (encoded("GIF"), 1_200),  # the canvas, and the picture on it
}
PICTURE = struct.pack("<BHHHHBB", 0x2C, 0, 0, 60_000, 1_000, 0, 2) + b"\1\0\0"
LARGE = {
    "JPEG": b"\xff\xd8" + struct.pack(">BBHBHHB", 0xFF, 0xC0, 8, 8, HIGH, WIDE, 0) + b"\xff\xda\0\2",
    "JPEG behind others": b"\xff\xd8\xff\x01\xff\xd0x\xff\xfe\0\4ab"
    + struct.pack(">BBHBHHB", 0xFF, 0xC2, 8, 8, HIGH, WIDE, 0),
    "PNG": b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", WIDE, HIGH),
    "BMP": b"BM" + bytes(12) + struct.pack("<Iii", 40, WIDE, -HIGH),
    "old BMP": b"BM" + bytes(12) + struct.pack("<IHH", 12, WIDE, HIGH),
    "GIF": b"GIF89a" + struct.pack("<HHBxx", WIDE, HIGH, 0),
    "GIF of many pictures": b"GIF89a" + struct.pack("<HHBxx", 1, 1, 0x80) + bytes(6) + PICTURE * 50,
}


def written(tmp_path, content):
    (tmp_path / "image").write_bytes(content)
    return tmp_path / "image"


@pytest.mark.parametrize("kind", SMALL)
def test_the_pixels_are_those_that_are_decoded(kind, tmp_path):
    content, pixels = SMALL[kind]
    assert read_header(written(tmp_path, content)).pixels == pixels


@pytest.mark.parametrize("kind", SMALL)
def test_a_header_cut_off_anywhere_says_nothing_or_the_same(kind, tmp_path):
    content, pixels = SMALL[kind]
    counts = {read_header(written(tmp_path, content[:size])).pixels for size in range(0, len(content), 3)}
    assert counts <= {0, pixels, pixels // 2}


@pytest.mark.parametrize("kind", LARGE)
def test_an_image_of_gigabytes_is_refused_before_it_is_decoded(kind, tmp_path, monkeypatch):
    path = written(tmp_path, LARGE[kind])
    monkeypatch.setattr(images, "decode", None)
    monkeypatch.setattr(images, "_bitmap", None)
    with pytest.raises(SlimzooError, match=f"pixels; up to {MAX_PIXELS:,} are read: save it smaller"):
        images.read_image(path)


def test_batches_name_every_image_that_is_too_large(tmp_path):
    for kind, content in LARGE.items():
        (tmp_path / kind).write_bytes(content)
    one = np.ones(1, np.float32)
    examples = tuple(Example(str(tmp_path / kind), one, one) for kind in LARGE)
    with pytest.raises(SlimzooError) as caught:
        pipeline.batches(Dataset(examples, ("a",), "d", False), of_kind("vgg", 32), 1, training=False)
    assert str(caught.value).count("save it smaller") == len(LARGE)
