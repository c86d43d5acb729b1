"""EXIF's orientation out of the bytes of a file, however it lies in there."""

import struct

import pytest

from slimzoo.data.headers import read_header


def tags(order, value, kind=3):
    """A block of EXIF of two tags, in the order of bytes "II" or "MM"."""
    sign = {b"II": "<", b"MM": ">"}[order]
    number = struct.pack(f"{sign}{'I' if kind == 4 else 'HH'}", *((value,) if kind == 4 else (value, 0)))
    other = struct.pack(f"{sign}HHII", 0x0100, 4, 1, 640)
    return (
        order
        + struct.pack(f"{sign}HIH", 42, 8, 2)
        + other
        + struct.pack(f"{sign}HHI", 0x0112, kind, 1)
        + number
    )


def segment(kind, body):
    return struct.pack(">BBH", 0xFF, kind, len(body) + 2) + body


def jpeg(*segments):
    return b"\xff\xd8" + b"".join(segments) + b"\xff\xda\0\0"


def exif(block):
    return segment(0xE1, b"Exif\0\0" + block)


FILES = {  # what is before and around the block
    "little end first": jpeg(exif(tags(b"II", 6))),
    "big end first": jpeg(exif(tags(b"MM", 6))),
    "a long number": jpeg(exif(tags(b"MM", 6, kind=4))),
    "after JFIF and XMP": jpeg(
        segment(0xE0, b"JFIF\0"), segment(0xE1, b"http://ns.adobe.com/xap"), exif(tags(b"II", 6))
    ),
    "filled up": jpeg(segment(0xE0, b"JFIF\0") + b"\xff\xff", exif(tags(b"II", 6))),
}


def orientation(tmp_path, content):
    (tmp_path / "image").write_bytes(content)
    return read_header(tmp_path / "image").orientation


@pytest.mark.parametrize("how", FILES)
def test_the_orientation_is_found(tmp_path, how):
    assert orientation(tmp_path, FILES[how]) == 6


@pytest.mark.parametrize("how", FILES)
def test_a_file_that_is_cut_off_anywhere_is_taken_for_upright(tmp_path, how):
    start = FILES[how].index(b"\x01\x12") if how.startswith("big") else 4
    assert {orientation(tmp_path, FILES[how][:length]) for length in range(start)} == {1}


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_a_number_that_means_nothing_is_upright(tmp_path, value):
    assert orientation(tmp_path, jpeg(exif(tags(b"II", value)))) == 1


@pytest.mark.parametrize("block", [b"", b"XX*\0", b"II*\0\xff\xff\xff\xff", b"II*\0\x08\0\0\0\xff\xff"])
def test_a_block_that_is_none_is_upright(tmp_path, block):
    assert orientation(tmp_path, jpeg(exif(block))) == 1


def test_a_segment_without_a_length_ends_the_search(tmp_path):
    assert orientation(tmp_path, b"\xff\xd8\xff\xe1\0\0" + b"\0" * 99) == 1


def test_what_is_no_file_is_no_image(tmp_path):
    assert read_header(tmp_path / "none") == (None, 1, 0, 0, 0)
    assert read_header(tmp_path) == (None, 1, 0, 0, 0)
