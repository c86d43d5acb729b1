"""Classes of pixels: their names and colours in Pascal VOC, Cityscapes and ADE20K; masks as pictures."""

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from slimzoo.errors import SlimzooError
from slimzoo.names import nearest

if TYPE_CHECKING:
    import numpy as np

VOID = 255  # of a pixel that counts for nothing: in doubt, or of no class
VOID_COLOUR = (224, 224, 192)  # Pascal VOC's

# numpy is imported in the functions: names of classes are wanted before anything is computed.


def datasets() -> tuple[str, ...]:
    """Returns the names of the sets of classes that are known: "voc", "cityscapes", "ade20k"."""
    return tuple(_rows())


def names(dataset: str) -> tuple[str, ...]:
    """Returns the names of the classes of `dataset`, class 0 first: 21, 19 or 151 of them.

    Raises: SlimzooError: there is no such set.
    """
    return tuple(name for name, _ in _of(dataset))


def colours(dataset: str) -> tuple[tuple[int, int, int], ...]:
    """Returns (red, green, blue) of each class of `dataset`, 0..255. Raises: as names() does."""
    return tuple(colour for _, colour in _of(dataset))


def palette(dataset: str | None = None, classes: int = 256) -> "np.ndarray":
    """Returns uint8 [256, 3], the colour of every class id; 255 is void.

    Args:
      dataset: of datasets(); None, and classes that it does not have: Pascal VOC's rule, which has 256.
    """
    import numpy as np

    ids = np.arange(256)
    found = np.zeros((256, 3), np.uint8)
    for channel in range(3):
        for bit in range(8):
            found[:, channel] |= (((ids >> (3 * bit + channel)) & 1) << (7 - bit)).astype(np.uint8)
    if dataset is not None:
        known = np.array(colours(dataset), np.uint8)[:classes]
        found[: len(known)] = known
    found[VOID] = VOID_COLOUR
    return found


def palette_for(labels: Any) -> "np.ndarray":
    """Returns the palette of the set of classes that has these `labels`, or Pascal VOC's rule."""
    known = {names(dataset): dataset for dataset in datasets()}
    return palette(known.get(tuple(labels or ())))


def coloured(mask: Any, colours: "np.ndarray | None" = None) -> "np.ndarray":
    """Returns `mask`, class ids [..., H, W], as colours uint8 [..., H, W, 3].

    Args:
      colours: uint8 [256, 3]; None: palette().
    Raises: SlimzooError: ids that are no whole numbers of 0..255.
    """
    import numpy as np

    ids = np.asarray(mask)
    if ids.dtype.kind not in "bui" or (ids.size and (ids.min() < 0 or ids.max() > VOID)):
        raise SlimzooError(f"a mask holds class ids, whole numbers of 0 to 255; this is {ids.dtype}")
    return (palette() if colours is None else np.asarray(colours, np.uint8))[ids]


def overlay(image: Any, mask: Any, colours: "np.ndarray | None" = None, opacity: float = 0.6) -> "np.ndarray":
    """Returns `image` uint8 [H, W, 3] with the colours of `mask` [H, W] over it.

    Class 0 of a palette that has it black, the background, stays clear.

    Raises: SlimzooError: their sizes differ, or opacity is not of 0 to 1.
    """
    import numpy as np

    picture = np.asarray(image)
    picture = np.repeat(picture.reshape(*picture.shape[:2], -1), 3, -1) if picture.ndim == 2 else picture
    if picture.shape[:2] != np.shape(mask) or picture.shape[-1] != 3:
        raise SlimzooError(
            f"the image is {picture.shape} and its mask {np.shape(mask)}; they have the same height and width"
        )
    if not 0 <= opacity <= 1:
        raise SlimzooError(f"opacity is {opacity}; it lies from 0 to 1")
    over = coloured(mask, colours).astype(np.float32)
    seen = opacity * over.any(-1, keepdims=True)
    return np.rint(picture * (1 - seen) + over * seen).astype(np.uint8)


def _of(dataset: str) -> list[tuple[str, tuple[int, int, int]]]:
    if dataset not in _rows():
        raise SlimzooError(
            f"no set of classes is called {dataset!r}.{nearest(str(dataset), _rows())} "
            f"There are {', '.join(_rows())}"
        )
    return _rows()[dataset]


@cache
def _rows() -> dict[str, list[tuple[str, tuple[int, int, int]]]]:
    text = resources.files("slimzoo.labels").joinpath("dense.tsv").read_text(encoding="utf-8")
    found: dict[str, list[tuple[str, tuple[int, int, int]]]] = {}
    for line in text.splitlines()[1:]:
        dataset, number, name, *shades = line.split("\t")
        red, green, blue = map(int, shades)
        rows = found.setdefault(dataset, [])
        assert int(number) == len(rows), line
        rows.append((name, (red, green, blue)))
    return found
