"""Small pictures as data: URIs, so that the page needs no other file."""

import base64
import io
import struct
from pathlib import Path
from typing import IO, NamedTuple

from PIL import Image, ImageOps

from slimzoo.data.places import is_there, opened
from slimzoo.errors import SlimzooError

SIDE = 360  # pixels of the longer side: sharp at 180 CSS pixels on a phone
QUALITY = 78
UNREADABLE = (OSError, ValueError, SyntaxError, EOFError, struct.error, Image.DecompressionBombError)


class Thumbnail(NamedTuple):
    """A data: URI with its size in pixels, or the `problem` in words."""

    uri: str = ""
    width: int = 0
    height: int = 0
    problem: str = ""


def thumbnail(path: Path) -> Thumbnail:
    """Reads the image at `path`, turned as its EXIF says; never raises for a missing or broken file."""
    if not is_there(path):
        return Thumbnail(problem="image file not found")
    try:
        with opened(path) as file:
            return thumbnail_of(file)
    except (OSError, SlimzooError):
        return Thumbnail(problem="image file cannot be read")


def thumbnail_of(source: Path | IO[bytes], most: int | None = None) -> Thumbnail:
    """Reads an image file, open or by its path, of at most `most` pixels; never raises for what is none."""
    try:
        with Image.open(source) as image:
            if most is not None and image.width * image.height > most:
                return Thumbnail(problem="image is too large")
            image.draft("RGB", (SIDE, SIDE))  # lets JPEG decode at a fraction of the size
            small = _flat(ImageOps.exif_transpose(image))
    except UNREADABLE:
        return Thumbnail(problem="image file cannot be read")
    small.thumbnail((SIDE, SIDE))
    small.info.clear()  # a comment in the file would come along
    data = io.BytesIO()
    small.save(data, "JPEG", quality=QUALITY, optimize=True)
    encoded = base64.b64encode(data.getvalue()).decode("ascii")
    return Thumbnail(f"data:image/jpeg;base64,{encoded}", *small.size)


def _flat(image: Image.Image) -> Image.Image:
    """`image` as RGB, what is transparent on white."""
    if "A" not in image.getbands() and "transparency" not in image.info:
        return image.convert("RGB")
    clear = image.convert("RGBA")
    flat = Image.new("RGB", clear.size, "white")
    flat.paste(clear, mask=clear.getchannel("A"))
    return flat
