"""Mask files: read as class ids, and looked through before anything is trained on them."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from PIL import Image

from slimzoo.data.dense.coding import AS_THEY_ARE, HOW, Coding
from slimzoo.data.dense.dataset import MaskExample, example
from slimzoo.data.headers import foreign, read_header, too_large
from slimzoo.errors import SlimzooError, counted, some
from slimzoo.files.progress import bar
from slimzoo.labels.dense import VOID

_TURNED = (5, 6, 7, 8)  # orientations of EXIF's in which height and width change places
_UNREADABLE = (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError)
_READERS = 8
_SHOWN = 4  # colours or ids in a message


def read_mask(path: str | os.PathLike, coding: Coding = AS_THEY_ARE) -> np.ndarray:
    """Returns the class of every pixel of a mask, uint8 [H, W]; 255 counts for nothing.

    Palette masks are read by index, gray ones by shade, coloured ones by the colours of `coding`.
    Raises: FileNotFoundError. SlimzooError: it is no mask, or has colours or shades that are no class.
    """
    path = os.fspath(path)
    if not os.path.isfile(path):
        raise FileNotFoundError(f"there is no mask {path}")
    header = read_header(path)
    if header.format is None:
        raise SlimzooError(f"{path} is not an image{foreign(path)}; a mask is a PNG")
    if header.format == "JPEG":
        raise SlimzooError(f"{path} is a JPEG, which changes the values of pixels; save masks as PNG")
    if large := too_large(path, header):
        raise SlimzooError(large)
    try:
        with Image.open(path) as image:
            image.load()
            return _ids(image, coding, path)
    except SlimzooError:
        raise
    except _UNREADABLE as error:
        raise SlimzooError(f"{path} is a broken mask: {error}") from error


def _ids(image: Image.Image, coding: Coding, path: str) -> np.ndarray:
    by_colour = coding.colours is not None and coding.shades is None
    if image.mode in ("RGB", "RGBA") or (image.mode == "P" and by_colour):
        return _of_colours(np.asarray(image.convert("RGB")), coding, path)
    if image.mode not in ("P", "L", "1"):
        raise SlimzooError(
            f"{path} is a mask of mode {image.mode}; it has 8 bits a pixel: a palette, shades of gray, or "
            "colours"
        )
    return _of_shades(np.asarray(image).astype(np.uint8), coding, path)


def _of_shades(shades: np.ndarray, coding: Coding, path: str) -> np.ndarray:
    if coding.shades is None:
        return shades
    table = np.full(256, -1, np.int16)
    for shade, number in coding.shades:
        table[shade] = number
    found = table[shades]
    if (found < 0).any():
        unknown, counts = np.unique(shades[found < 0], return_counts=True)
        raise _unknown(path, "shades", [str(value) for value in unknown], counts)
    return found.astype(np.uint8)


def _of_colours(pixels: np.ndarray, coding: Coding, path: str) -> np.ndarray:
    """Returns the ids of uint8 [H, W, 3]; where the three are equal everywhere they are shades."""
    if coding.colours is None and (pixels == pixels[..., :1]).all():
        return _of_shades(pixels[..., 0], coding, path)
    keys = _keys(pixels)
    if coding.colours is None:
        seen = np.unique(keys)
        few = some([*map(_colour, seen)], _SHOWN)
        raise SlimzooError(
            f"{path} is a mask in {counted(len(seen), 'colour')} ({few}), "
            f"and which class each is of is not known; {HOW}"
        )
    known, numbers = _table(coding)
    places = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    right = known[places] == keys
    if not right.all():
        unknown, counts = np.unique(keys[~right], return_counts=True)
        raise _unknown(path, "colours", [_colour(key) for key in unknown], counts)
    return numbers[places]


@cache
def _table(coding: Coding) -> tuple[np.ndarray, np.ndarray]:
    """Returns the colours that are known, sorted, each as one number, and their class ids."""
    pairs = sorted((int(_keys(np.array(colour))), number) for colour, number in coding.colours or ())
    return np.array([key for key, _ in pairs]), np.array([number for _, number in pairs], np.uint8)


def _keys(pixels: np.ndarray) -> np.ndarray:
    return pixels.astype(np.int64) @ np.array([1 << 16, 1 << 8, 1])


def _colour(key: int) -> str:
    return str((int(key) >> 16, int(key) >> 8 & 255, int(key) & 255))


def _unknown(path: str, what: str, names: Sequence[str], counts: np.ndarray) -> SlimzooError:
    order = np.argsort(-counts, kind="stable")
    few = some([names[i] for i in order], _SHOWN)
    return SlimzooError(f"{path}: {what} of no class: {few} ({counted(int(counts.sum()), 'pixel')})")


@dataclass(frozen=True)
class Pair:
    """An image and its mask, as they are named."""

    image: str
    mask: str


def look_through(
    pairs: Sequence[Pair],
    classes: int | None,
    coding: Coding,
    *,
    turn: bool = True,
    progress: bool = False,
    name: str = "masks",
) -> tuple[list[MaskExample], list[str]]:
    """Reads every mask; returns the examples, and everything that is wrong with the others.

    Args:
      classes: how many there are; None: as many as the highest id asks for.
      turn: images are turned upright where EXIF says how the camera was held.
    """
    look = partial(_look, coding=coding, turn=turn)
    readers = ThreadPoolExecutor(_READERS)
    try:
        seen = bar(
            readers.map(look, pairs),
            total=len(pairs),
            desc=name,
            unit="mask",
            disable=not progress,
            leave=False,
        )
        found = [*seen]
    finally:
        readers.shutdown(cancel_futures=True)  # Ctrl-C does not wait for those that were not begun
    problems = [one for one in found if isinstance(one, str)]
    read = [one for one in found if not isinstance(one, str)]
    there = max((np.flatnonzero(counts)[-1] + 1 for _, counts, _ in read if counts.any()), default=0)
    known = classes or max(int(there), 2)
    examples = []
    for pair, counts, size in read:
        if counts[known:].any():
            ids = np.flatnonzero(counts[known:]) + known
            few = some([*map(str, ids)], _SHOWN)
            pixels = counted(int(counts[known:].sum()), "pixel")
            problems.append(f"{pair.mask}: class ids that do not exist: {few} ({pixels}); {_allowed(known)}")
        elif not counts.any():
            problems.append(f"{pair.mask}: every pixel is {VOID}, which counts for nothing")
        else:
            examples.append(example(pair.image, pair.mask, counts[:known], size))
    return examples, problems


def _allowed(classes: int) -> str:
    return f"there are 0 to {classes - 1}, and {VOID} for what counts for nothing"


def _look(pair: Pair, coding: Coding, turn: bool) -> tuple[Pair, np.ndarray, tuple[int, int]] | str:
    """Returns how many pixels of each id there are, int64 [255], and the size; or what is wrong."""
    try:
        ids = read_mask(pair.mask, coding)
        wanted = _size_of(pair.image, turn)
    except (SlimzooError, OSError) as error:
        return str(error)
    if ids.shape != wanted:
        return f"{pair.mask} has {_by(ids.shape)} pixels, its image {pair.image} {_by(wanted)}"
    return pair, np.bincount(ids.reshape(-1), minlength=VOID + 1)[:VOID], (wanted[0], wanted[1])


def _by(size: tuple[int, ...]) -> str:
    return f"{size[1]} x {size[0]}"


def _size_of(path: str, turn: bool) -> tuple[int, ...]:
    """Returns height and width of an image as it is read. Raises: SlimzooError: it is none."""
    header = read_header(path)
    if header.format is None:
        raise SlimzooError(f"{path} is not an image{foreign(path)}")
    try:
        with Image.open(path) as image:
            width, height = image.size
    except _UNREADABLE as error:
        raise SlimzooError(f"{path} is a broken image: {error}") from error
    return (width, height) if turn and header.orientation in _TURNED else (height, width)
