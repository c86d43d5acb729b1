"""What an image file says of itself before its pixels: the format, and how a camera was held."""

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

SIGNATURES = {  # format: how its files begin
    "JPEG": (b"\xff\xd8\xff",),
    "PNG": (b"\x89PNG\r\n\x1a\n",),
    "GIF": (b"GIF87a", b"GIF89a"),
    "BMP": (b"BM",),
}
READABLE = f"{', '.join(SIGNATURES)} can be read"
UPRIGHT = 1
_FOREIGN = (  # format, where its mark stands, the mark
    ("WebP", 8, b"WEBP"),
    ("TIFF", 0, b"II*\0"),
    ("TIFF", 0, b"MM\0*"),
    ("HEIF or AVIF", 4, b"ftyp"),
    ("JPEG 2000", 4, b"jP  "),
    ("Photoshop", 0, b"8BPS"),
)
_ORIENTATION = 0x0112  # of the tags of EXIF


class Header(NamedTuple):
    """The format, None if it is no image that can be read; EXIF's orientation, 1 (upright) to 8."""

    format: str | None
    orientation: int


def read_header(path: str | os.PathLike) -> Header:
    """Returns what the beginning of a file says; of a file that cannot be opened, that it is no image."""
    try:
        with open(path, "rb") as file:
            found = _format_of(file.read(8))
            file.seek(0)
            return Header(found, _orientation(file, found))
    except OSError:
        return Header(None, UPRIGHT)


def image_format(path: str | os.PathLike) -> str | None:
    """Returns "JPEG", "PNG", "GIF" or "BMP" by how the file begins, or None."""
    with open(path, "rb") as file:
        return _format_of(file.read(8))


def foreign(path: str | os.PathLike) -> str:
    """Returns what to add of a file that image_format knows nothing of: what it is instead, if that shows."""
    with open(path, "rb") as file:
        start = file.read(64)
    if not start:
        return "; it is empty"
    if start.startswith(b"version https://git-lfs"):
        return "; it is a Git LFS pointer, not the file itself: run `git lfs pull`"
    if start.lstrip().lower().startswith((b"<!doctype html", b"<html")):
        return "; it is a web page: what was downloaded is not the image"
    name = next((name for name, place, mark in _FOREIGN if start.startswith(mark, place)), None)
    return f"; it is {name}: save it as PNG" if name else ""


def _format_of(start: bytes) -> str | None:
    return next((name for name, marks in SIGNATURES.items() if start.startswith(marks)), None)


def _orientation(file: BinaryIO, image_format: str | None) -> int:
    blocks = {"JPEG": _jpeg_exif, "PNG": _png_exif}.get(image_format or "")
    try:
        return next((_of_tags(block) for block in blocks(file)), UPRIGHT) if blocks else UPRIGHT
    except struct.error:  # cut off: whoever reads its pixels will say so
        return UPRIGHT


def _jpeg_exif(file: BinaryIO) -> Iterator[bytes]:
    file.seek(2)
    while True:
        mark, kind, length = struct.unpack(">BBH", file.read(4))
        if mark != 0xFF or kind in (0xDA, 0xD9) or length < 2:  # the pixels, the end, or no JPEG
            return
        if kind == 0xFF:  # bytes may be filled up
            file.seek(-3, os.SEEK_CUR)
            continue
        body = file.read(length - 2) if kind == 0xE1 else b""
        if body.startswith(b"Exif\0\0"):
            yield body[6:]
        file.seek(length - 2 - len(body), os.SEEK_CUR)


def _png_exif(file: BinaryIO) -> Iterator[bytes]:
    file.seek(8)
    while True:
        length, kind = struct.unpack(">I4s", file.read(8))
        if kind == b"eXIf":
            yield file.read(length)
        if kind == b"IEND":
            return
        file.seek(length + 4, os.SEEK_CUR)


def _of_tags(block: bytes) -> int:
    """Returns the orientation in a block of EXIF, which is laid out as TIFF is."""
    order = {b"II": "<", b"MM": ">"}.get(block[:2])
    if order is None:
        return UPRIGHT
    (start,) = struct.unpack_from(f"{order}I", block, 4)
    (count,) = struct.unpack_from(f"{order}H", block, start)
    for i in range(count):
        tag, kind = struct.unpack_from(f"{order}HH", block, start + 2 + 12 * i)
        if tag == _ORIENTATION:
            (value,) = struct.unpack_from(f"{order}{'I' if kind == 4 else 'H'}", block, start + 10 + 12 * i)
            return value if 1 <= value <= 8 else UPRIGHT
    return UPRIGHT
