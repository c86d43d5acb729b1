"""What Pillow took out: functions, and methods of fonts and of drawings."""

from typing import Any

from PIL import Image


def isImageType(t: Any) -> bool:
    """Says whether `t` is an image."""
    return isinstance(t, Image.Image)


def getsize(font: Any, text: Any, *args: Any, **kwargs: Any) -> tuple[int, int]:
    """Returns the (width, height) of a line of text, from the origin on."""
    if not hasattr(font, "getbbox"):
        return font.getmask(text).size
    left, _, right, bottom = font.getbbox(text, *_placed(args), **kwargs)
    return int(right - min(left, 0)), int(bottom)


def _placed(args: tuple) -> tuple:
    return ("", *args) if args else ()  # getbbox has the mode in front of these


def getoffset(font: Any, text: Any) -> tuple[int, int]:
    """Returns where the ink of a line of text begins."""
    left, top, *_ = font.getbbox(text)
    return int(left), int(top)


def getsize_multiline(
    font: Any, text: str, direction: Any = None, spacing: float = 4, *args: Any
) -> tuple[int, float]:
    """Returns the (width, height) of lines of text."""
    lines = text.split("\n")
    height = getsize(font, "A")[1] + spacing
    return max(getsize(font, line)[0] for line in lines), len(lines) * height - spacing


def textsize(draw: Any, text: str, font: Any = None, spacing: float = 4, *args: Any, **kwargs: Any) -> Any:
    """Returns the (width, height) that a text takes."""
    font = font or draw.getfont()
    return getsize_multiline(font, text, None, spacing) if "\n" in text else getsize(font, text)


def tobytes(image: Any, *args: Any) -> bytes:
    """Returns the pixels as bytes."""
    return image.tobytes(*args)


def frombytes(image: Any, *args: Any) -> None:
    """Takes the pixels from bytes."""
    image.frombytes(*args)
