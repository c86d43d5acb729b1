"""The best class of every pixel of an image, of scores at the size of a network, some rows at a time."""

import math
from itertools import pairwise
from typing import Any

import numpy as np
import tensorflow as tf

AT_ONCE = 1 << 22  # scores that are enlarged at once: 16 MB


def classes_at(scores: tf.Tensor, height: int, width: int, at_once: int = AT_ONCE) -> np.ndarray:
    """Returns the best class of each pixel, [height, width], uint8, or int32 of more than 256 classes.

    They are the largest of `scores` as ResizeBilinear enlarges them with aligned corners, to the last bit.

    Args:
      scores: float32 [H, W, classes].
      at_once: scores that are enlarged together, at least a row of them.
    """
    high, _, classes = scores.shape
    kind = np.uint8 if classes <= 256 else np.int32
    if (high, scores.shape[1]) == (height, width):
        return tf.argmax(scores, -1).numpy().astype(kind)
    rows = max(1, at_once // (width * classes))
    parts = [_rows(scores, top, min(top + rows, height), height, width) for top in range(0, height, rows)]
    return np.concatenate(parts).astype(kind)


def _rows(scores: tf.Tensor, first: int, end: int, height: int, width: int) -> np.ndarray:
    """Returns the best classes of the rows `first` to `end` of the enlarged `scores`: across, then down."""
    above, below, part = _between(np.arange(first, end), scores.shape[0], height)
    taken = scores[above[0] : below[-1] + 1]
    wide = tf.raw_ops.ResizeBilinear(images=taken[None], size=[len(taken), width], align_corners=True)[0]
    over, under = tf.gather(wide, above - above[0]), tf.gather(wide, below - above[0])
    return tf.argmax(over + (under - over) * part[:, None, None], -1).numpy()


def _between(rows: Any, high: int, height: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns for `rows` of `height` those of `high` above and below, and how far they are from above."""
    scale = np.float32((high - 1) / (height - 1)) if height > 1 else np.float32(high / height)
    places = rows.astype(np.float32) * scale
    above = np.floor(places).astype(np.int64)
    below = np.minimum(np.ceil(places).astype(np.int64), high - 1)
    return above, below, (places - above.astype(np.float32)).astype(np.float32)


def starts(length: int, size: int, shared: int) -> list[int]:
    """Returns where squares of `size` begin that go over `length` and share `shared` pixels or more."""
    if length <= size:
        return [0]
    count = math.ceil((length - shared) / (size - shared))
    return [round(i * (length - size) / (count - 1)) for i in range(count)]


def borders(begins: list[int], length: int, size: int) -> list[int]:
    """Returns where each square's part begins, in the middle of what two of starts() share, and the end."""
    return [0, *((one + size + other) // 2 for one, other in pairwise(begins)), length]
