"""What is written of a mask: itself as a PNG with a palette, an overlay, its areas; and the legend of all."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from slimzoo.files import atomic_write
from slimzoo.labels import dense

MASK, OVERLAY, AREAS = ".png", ".overlay.jpg", ".json"  # what follows on the name of an image
ENDINGS = (MASK, OVERLAY, AREAS)
_QUALITY = 92  # of a JPEG
_ROWS, _LINE, _SWATCH, _EDGE = 25, 22, 34, 10  # classes of a column of the legend; pixels
_FONT = 14  # pixels


@dataclass(frozen=True)
class Classes:
    """The classes of the pixels: their names, and uint8 [256, 3] colours."""

    names: tuple[str, ...]
    colours: np.ndarray

    @classmethod
    def of(cls, labels: Sequence[str] | None, count: int) -> "Classes":
        """Returns `count` classes; without labels they are called by their numbers."""
        names = tuple(labels) if labels else tuple(f"class {i}" for i in range(count))
        return cls(names, dense.palette_for(names))

    def described(self) -> list[dict[str, Any]]:
        """Returns the legend as JSON has it."""
        return [
            {"class": i, "name": name, "colour": self.colours[i].tolist()}
            for i, name in enumerate(self.names)
        ]

    def areas(self, mask: np.ndarray) -> list[dict[str, Any]]:
        """Returns the classes of `mask`, the largest first, as JSON has them."""
        counts = np.bincount(mask.reshape(-1), minlength=len(self.names))
        order = [int(i) for i in np.argsort(-counts, kind="stable") if counts[i]]
        return [self.area(i, int(counts[i]), mask.size) for i in order]

    def area(self, number: int, pixels: int, of: int) -> dict[str, Any]:
        """Returns how many `pixels` the class takes, and percent `of` how many, as JSON has it."""
        percent = round(100 * pixels / of, 4)
        return {"class": number, "name": self.names[number], "pixels": pixels, "percent": percent}


def write_mask(path: Path, mask: np.ndarray, classes: Classes) -> None:
    """Writes class ids [H, W] as a PNG with a palette, which readers of VOC's annotations read."""
    picture = Image.fromarray(mask.astype(np.uint8))
    picture.putpalette(classes.colours.tobytes())  # of a gray picture makes one with a palette
    with atomic_write(path, overwrite=True) as temporary:
        picture.save(temporary, format="PNG", optimize=False)


def write_overlay(path: Path, image: np.ndarray, mask: np.ndarray, classes: Classes, opacity: float) -> None:
    """Writes the image, uint8 [H, W, 3], with the colours of its mask over it."""
    laid = np.concatenate(
        [
            dense.overlay(image[top : top + 512], mask[top : top + 512], classes.colours, opacity)
            for top in range(0, len(image), 512)  # some rows at a time: it computes in float32
        ]
    )
    with atomic_write(path, overwrite=True) as temporary:
        Image.fromarray(laid).save(temporary, format="JPEG", quality=_QUALITY)


def write_legend(path: Path, classes: Classes) -> None:
    """Writes a picture of the colours of the classes, each with its name."""
    with atomic_write(path, overwrite=True) as temporary:
        legend(classes).save(temporary, format="PNG")


def legend(classes: Classes) -> Image.Image:
    """Returns the picture: columns of names, each with its colour and number."""
    font = _font()
    texts = [f"{i}  {name}" for i, name in enumerate(classes.names)]
    columns = math.ceil(len(texts) / _ROWS)
    rows = math.ceil(len(texts) / columns)
    wide = 3 * _EDGE + _SWATCH + math.ceil(max(font.getlength(text) for text in texts))
    picture = Image.new("RGB", (columns * wide, rows * _LINE + _EDGE), "white")
    draw = ImageDraw.Draw(picture)
    for i, text in enumerate(texts):
        left, top = i // rows * wide + _EDGE, i % rows * _LINE + _EDGE // 2
        box = (left, top + 3, left + _SWATCH, top + _LINE - 3)
        draw.rectangle(box, fill=tuple(classes.colours[i].tolist()), outline=(96, 96, 96))
        draw.text((left + _SWATCH + _EDGE, top + _LINE / 2), text, "black", font, anchor="lm")
    return picture


def _font() -> ImageFont.FreeTypeFont:
    """Returns a font with the letters of most alphabets: matplotlib brings it."""
    from matplotlib import get_data_path

    return ImageFont.truetype(Path(get_data_path(), "fonts", "ttf", "DejaVuSans.ttf"), _FONT)
