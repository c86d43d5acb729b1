"""What an image file says of itself before its pixels: the format, their number, how a camera was held."""

import math
import os
import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from slimzoo.data.places import opened
from slimzoo.data.signatures import SIGNATURES
from slimzoo.errors import SlimzooError

READABLE = f"{', '.join(SIGNATURES)} can be read"
ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".jpe", ".jfif")  # of their files; the first is preferred
UPRIGHT = 1
MAX_PIXELS = 1 << 27  # 400 MB of RGB; the largest cameras have 100 to 200 million
FOREIGN_ENDINGS = (".webp", ".tif", ".tiff", ".heic", ".avif", ".jp2", ".psd")  # of formats that are known of
_FOREIGN = (  # format, where its mark stands, the mark
    ("WebP", 8, b"WEBP"),
    ("TIFF", 0, b"II*\0"),
    ("TIFF", 0, b"MM\0*"),
    ("HEIF or AVIF", 4, b"ftyp"),
    ("JPEG 2000", 4, b"jP  "),
    ("Photoshop", 0, b"8BPS"),
)
_ORIENTATION = 0x0112  # of the tags of EXIF
_PIXELS, _END = 0xDA, 0xD9  # kinds of blocks of a JPEG
_WITHOUT_CONTENT = (0x01, *range(0xD0, 0xD8))
_FRAMES = (*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0))  # say the size
_PICTURE, _EXTENSION = b"\x2c", b"\x21"  # blocks of a GIF


class Header(NamedTuple):
    """The format, None if it is no image that can be read; EXIF's orientation, 1 (upright) to 8.

    Attributes:
      pixels: how many are decoded, of a GIF those of every picture in it; 0 where that is not said.
      height, width: of a JPEG or PNG as its pixels lie; 0 where that is not said.
    """

    format: str | None
    orientation: int
    pixels: int
    height: int = 0
    width: int = 0


def read_header(path: str | os.PathLike) -> Header:
    """Returns what the beginning of a file says; of a file that cannot be opened, that it is no image."""
    try:
        with opened(path) as file:
            return header_of(file)
    except (OSError, SlimzooError):
        return Header(None, UPRIGHT, 0)


def header_of(file: BinaryIO) -> Header:
    """Returns what the beginning of an open file says, or of bytes in an io.BytesIO."""
    found = _format_of(file.read(8))
    file.seek(0)
    orientation = _orientation(file, found)
    height, width = _sides(file, found)
    return Header(found, orientation, height * width or _pixels(file, found), height, width)


def too_large(path: str | os.PathLike, header: Header) -> str:
    """Returns what to say of an image with more pixels than are decoded; "" for others."""
    if header.pixels <= MAX_PIXELS:
        return ""
    return f"{path} decodes to {header.pixels:,} pixels; up to {MAX_PIXELS:,} are read: save it smaller"


def image_format(path: str | os.PathLike) -> str | None:
    """Returns "JPEG", "PNG", "GIF" or "BMP" by how the file begins, or None."""
    with opened(path) as file:
        return _format_of(file.read(8))


def foreign(path: str | os.PathLike) -> str:
    """Returns what to add of a file that image_format knows nothing of: what it is instead, if that shows."""
    with opened(path) as file:
        return foreign_start(file.read(64))


def foreign_start(start: bytes) -> str:
    """Returns what foreign() does, of the first 64 bytes of a file."""
    if not start:
        return "; it is empty"
    if start.startswith(b"version https://git-lfs"):
        return "; it is a Git LFS pointer, not the file itself: run `git lfs pull`"
    if start.lstrip().lower().startswith((b"<!doctype html", b"<html")):
        return "; it is a web page: what was downloaded is not the file"
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
    for kind, size in _jpeg_blocks(file):
        body = file.read(size) if kind == 0xE1 else b""
        if body.startswith(b"Exif\0\0"):
            yield body[6:]


def _jpeg_blocks(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Yields kind and size of each block before the pixels, with `file` at its content."""
    file.seek(2)
    while (kind := _jpeg_mark(file)) not in (_PIXELS, _END):
        if kind in _WITHOUT_CONTENT:
            continue
        (length,) = struct.unpack(">H", file.read(2))
        end = file.tell() + length - 2
        if length < 2:
            return
        yield kind, length - 2
        file.seek(end)


def _jpeg_mark(file: BinaryIO) -> int:
    """Returns the kind of the next block; what stands before its 0xFF is passed over, as libjpeg does."""
    while byte := file.read(1):
        if byte == b"\xff":
            while (byte := file.read(1)) == b"\xff":
                pass
            if byte not in (b"", b"\0"):
                return byte[0]
    return _END


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


def _sides(file: BinaryIO, image_format: str | None) -> tuple[int, int]:
    """Returns height and width, (0, 0) where they are not looked for or not said."""
    sides = {"JPEG": _jpeg_sides, "PNG": _png_sides}.get(image_format or "")
    try:
        return sides(file) if sides else (0, 0)
    except struct.error:  # cut off: whoever reads its pixels will say so
        return 0, 0


def _jpeg_sides(file: BinaryIO) -> tuple[int, int]:
    frames = [file.read(5) for kind, _ in _jpeg_blocks(file) if kind in _FRAMES]
    sides = [struct.unpack(">xHH", frame) for frame in frames]
    height, width = max(sides, key=math.prod, default=(0, 0))
    return height, width


def _png_sides(file: BinaryIO) -> tuple[int, int]:
    file.seek(16)
    width, height = struct.unpack(">II", file.read(8))
    return height, width


def _pixels(file: BinaryIO, image_format: str | None) -> int:
    count = {"GIF": _gif_pixels, "BMP": _bmp_pixels}.get(image_format or "")
    try:
        return count(file) if count else 0
    except struct.error:  # cut off: whoever reads its pixels will say so
        return 0


def _bmp_pixels(file: BinaryIO) -> int:
    file.seek(14)
    (header,) = struct.unpack("<I", file.read(4))
    kind = "<HH" if header == 12 else "<ii"
    return abs(math.prod(struct.unpack(kind, file.read(struct.calcsize(kind)))))


def _gif_pixels(file: BinaryIO) -> int:
    """Returns the pixels of all pictures: the decoder holds every one before it gives the first."""
    file.seek(6)
    width, height, flags = struct.unpack("<HHBxx", file.read(7))
    _skip_palette(file, flags)
    total = width * height
    while (kind := file.read(1)) in (_PICTURE, _EXTENSION):
        if kind == _PICTURE:
            width, height, flags = struct.unpack("<xxxxHHB", file.read(9))
            total += width * height
            _skip_palette(file, flags)
        file.seek(1, os.SEEK_CUR)  # the size of a code, or what the extension is for
        while size := file.read(1):
            if size == b"\0":
                break
            file.seek(size[0], os.SEEK_CUR)
        if total > MAX_PIXELS:
            break
    return total


def _skip_palette(file: BinaryIO, flags: int) -> None:
    if flags & 0x80:
        file.seek(3 << (flags & 7) + 1, os.SEEK_CUR)
