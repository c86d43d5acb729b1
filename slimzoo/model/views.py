"""How a network that gives masks looks at an image: at several scales, mirrored, whole or in squares."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from slimzoo.errors import SlimzooError, listing
from slimzoo.model.compiling import LOGITS
from slimzoo.model.enlarging import borders, classes_at, starts
from slimzoo.model.images import prepare_one, stacked
from slimzoo.model.noticing import note_prepared
from slimzoo.preprocessing import Preprocessing
from slimzoo.preprocessing.geometry import seen_part
from slimzoo.preprocessing.views import Views

Size = tuple[int, int]  # height, width


@dataclass(frozen=True)
class Seen:
    """What a network sees of an image.

    Attributes:
      mask: the best class of each pixel, [H, W].
      scores: float32 [high, wide, classes], of what is seen at the size of the network's input; None of an
        image that was gone over in squares.
      logits: the scores are these; else sums of probabilities.
    """

    mask: np.ndarray
    scores: tf.Tensor | None = None
    logits: bool = True


@dataclass(frozen=True)
class Looking:
    """A Model or Predictor, and how it is to look at images.

    Raises: SlimzooError: it cannot look so.
    """

    network: Any
    preprocessing: Preprocessing
    views: Views

    def __post_init__(self) -> None:
        size, overlap = self.preprocessing.size, self.views.tile
        problems = []
        if overlap is not None and overlap >= size:
            problems.append(
                f"squares of {size} pixels cannot share {overlap}: tile=PIXELS is less than their side"
            )
        if self.views.scales != (1.0,) and hasattr(self.network, "engine"):
            problems.append(
                f"scales {list(self.views.scales)} want images of several sizes, and an engine takes those "
                f"of one: leave scales=NUMBERS or engine={self.network.engine!r} out"
            )
        if problems:
            raise SlimzooError(listing(f"{self.network.name} cannot look at images so:", problems))

    def masks(self, images: Sequence[np.ndarray], batch_size: int) -> Iterator[np.ndarray]:
        """Yields the best class of each pixel of `images`, [H, W, C] of 0..255, at their sizes.

        Raises: SlimzooError: the preprocessing does not see all of an image.
        """
        yield from (seen.mask for seen in self.seen(images, batch_size))

    def seen(self, images: Sequence[np.ndarray], batch_size: int) -> Iterator["Seen"]:
        """Yields what masks() does, with what it was found of. Raises: as masks() does."""
        if self.views.tile is not None:
            yield from (Seen(self._tiled(image, batch_size)) for image in images)
            return
        for first in range(0, len(images), batch_size):
            yield from self._whole(images[first : first + batch_size])

    def _whole(self, images: Sequence[np.ndarray]) -> Iterator["Seen"]:
        sizes = [image.shape[:2] for image in images]
        seen = [seen_part(self.preprocessing, *size) for size in sizes]  # before anything is computed
        for scores, size in zip(self._scores(images, seen), sizes, strict=True):
            yield Seen(classes_at(scores, *size), scores, self.views.single)

    def _tiled(self, image: np.ndarray, batch_size: int) -> np.ndarray:
        """Returns the mask of an image of which squares are looked at, as large as the network's input is."""
        size, shared = self.preprocessing.size, self.views.tile or 0
        length = image.shape[:2]
        begins = [starts(side, size, shared) for side in length]
        ends = [borders(begin, side, size) for begin, side in zip(begins, length, strict=True)]
        corners = [(i, j) for i in range(len(begins[0])) for j in range(len(begins[1]))]
        mask: np.ndarray | None = None
        for first in range(0, len(corners), batch_size):
            chunk = corners[first : first + batch_size]
            squares = [image[begins[0][i] :, begins[1][j] :][:size, :size] for i, j in chunk]
            for (i, j), seen in zip(chunk, self._whole(squares), strict=True):
                found = seen.mask
                mask = np.empty(length, found.dtype) if mask is None else mask
                (top, bottom), (left, right) = ends[0][i : i + 2], ends[1][j : j + 2]
                part = found[top - begins[0][i] : bottom - begins[0][i]]
                mask[top:bottom, left:right] = part[:, left - begins[1][j] : right - begins[1][j]]
        assert mask is not None
        return mask

    def _scores(self, images: Sequence[np.ndarray], seen: Sequence[Size]) -> list[tf.Tensor]:
        """Returns for each image what is largest for its classes, [high, wide, classes] of its `seen` part.

        These are the logits of one view, or the mean probabilities of several.
        """
        batch = self._prepared(images)
        if self.views.single:
            return [
                logits[:high, :wide] for logits, (high, wide) in zip(self._logits(batch), seen, strict=True)
            ]
        total = self._probabilities(batch, seen)
        if self.views.flip:
            mirrored = self._prepared([image[:, ::-1] for image in images])
            others = self._probabilities(mirrored, seen)
            total = [one + other[:, ::-1] for one, other in zip(total, others, strict=True)]
        return total

    def _probabilities(self, batch: tf.Tensor, seen: Sequence[Size]) -> list[tf.Tensor]:
        """Returns the sum over the scales of the probabilities of what is `seen` of the images of `batch`."""
        found = [tf.constant(0.0)] * len(seen)
        size = batch.shape[1]
        for scale in self.views.scales:
            logits = self._logits(_at(batch, self.views.scaled(size, scale)))
            parts = [one[:high, :wide] for one, (high, wide) in zip(_at(logits, size), seen, strict=True)]
            found = [total + tf.nn.softmax(part) for total, part in zip(found, parts, strict=True)]
        return found

    def _prepared(self, images: Sequence[np.ndarray]) -> tf.Tensor:
        return stacked([prepare_one(image, self.preprocessing, model=self.network) for image in images])

    def _logits(self, batch: tf.Tensor) -> tf.Tensor:
        note_prepared(self.network, batch)
        return tf.cast(logits_of(self.network(batch)), tf.float32)


def logits_of(found: Any) -> Any:
    """Returns the logits of what a Model or Predictor returns, which may have end points besides."""
    return found[LOGITS] if isinstance(found, dict) else found


def _at(images: tf.Tensor, size: int) -> tf.Tensor:
    """Returns `images` [N, S, S, C] with sides of `size`; corners stay corners."""
    if size == images.shape[1]:
        return images
    return tf.raw_ops.ResizeBilinear(images=images, size=[size, size], align_corners=True)
