"""Pillow's images as pixels: what their numbers mean depends on their mode."""

from typing import Any

import numpy as np

from slimzoo.errors import SlimzooError

_SHADES = ("L", "RGB")  # modes whose numbers are what a network takes
_CONVERTED = ("1", "P", "PA", "LA", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV")  # drops alpha
_PREMULTIPLIED = ("La", "RGBa")  # by alpha, which is undone
_SIXTEEN = "I;16"  # and its byte orders


def as_pixels(image: Any, turn: bool = True) -> Any:
    """Returns a Pillow image as uint8 [H, W, 3] or [H, W]; anything else as it is.

    Args:
      turn: upright, where its EXIF says how the camera was held.
    Raises: SlimzooError: the numbers of its mode have no known range, or no known colours.
    """
    if not hasattr(image, "getbands") or not hasattr(image, "mode"):
        return image
    if turn:
        from PIL import ImageOps

        image = ImageOps.exif_transpose(image)
    if image.mode in _SHADES:
        return np.array(image)
    if image.mode.startswith(_SIXTEEN):
        return (np.array(image) >> 8).astype(np.uint8)  # as 16-bit files are read
    if image.mode in _PREMULTIPLIED:
        image = image.convert(image.mode.upper())
    if image.mode in _CONVERTED:
        return np.array(image.convert("RGB"))
    raise SlimzooError(
        f"a Pillow image of mode {image.mode!r} was given, whose numbers have no fixed range of pixels; give "
        f"one of mode {', '.join(_SHADES)} or I;16, or an array of 0..255"
    )
