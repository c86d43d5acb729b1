"""How good masks are: intersection over union, pixel accuracy, and how well boundaries are met."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy import ndimage

from slimzoo.labels.dense import VOID

TOLERANCE = 0.0075  # of the image's diagonal, that a boundary may be off: Csurka et al. 2013
HIT, TRUE, FOUND = range(3)  # of Counts.by_image


@dataclass
class Counts:
    """What masks add up to: nothing of it grows with the images but a few numbers each.

    Attributes:
      confusion: int64 [K, K], pixels of each class by what they were taken for; void is left out.
      by_image: int64 [images, 3, K]: pixels of a class that were found, that there are, that were seen.
      boundary: float64 [images, K]: the boundary F of the classes that an image shows, else nan.
    """

    classes: int
    confusion: np.ndarray = field(init=False)
    _images: list[np.ndarray] = field(init=False, default_factory=list)
    _boundaries: list[np.ndarray] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.confusion = np.zeros((self.classes, self.classes), np.int64)

    @cached_property
    def by_image(self) -> np.ndarray:
        """See the class; asked for when all images were added."""
        return np.array(self._images, np.int64).reshape(-1, 3, self.classes)

    @cached_property
    def boundary(self) -> np.ndarray:
        """See the class; asked for when all images were added."""
        return np.array(self._boundaries, np.float64).reshape(-1, self.classes)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Returns what they are, for add_arrays() of others."""
        return {"confusion": self.confusion, "by_image": self.by_image, "boundary": self.boundary}

    def add_arrays(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Adds the images of others, behind those that are here."""
        self.confusion += arrays["confusion"]
        self._images.extend(arrays["by_image"])
        self._boundaries.extend(arrays["boundary"])

    def add(self, truth: np.ndarray, found: np.ndarray) -> None:
        """Adds an image: class ids [H, W] each, VOID in `truth` counting for nothing."""
        counts = confusion_of(truth, found, self.classes)
        self.confusion += counts
        self._images.append(np.stack([np.diag(counts), counts.sum(1), counts.sum(0)]))
        scores = boundary_f(truth, found)
        self._boundaries.append(np.array([scores.get(number, math.nan) for number in range(self.classes)]))


def confusion_of(truth: np.ndarray, found: np.ndarray, classes: int) -> np.ndarray:
    """Returns how many pixels of each class were taken for which, int64 [classes, classes]."""
    counts = truth != VOID
    pairs = truth[counts].astype(np.int64) * classes + found[counts]
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def ious(counts: np.ndarray) -> np.ndarray:
    """Returns the intersection over union of each class, float64 [..., K]; nan of one that is nowhere.

    Args:
      counts: [..., 3, K], as Counts.by_image has them, summed over images or not.
    """
    union = counts[..., TRUE, :] + counts[..., FOUND, :] - counts[..., HIT, :]
    return np.divide(counts[..., HIT, :], union, out=np.full(union.shape, math.nan), where=union > 0)


def mean_iou(counts: np.ndarray) -> np.ndarray:
    """Returns the mean of the IoU of the classes that are somewhere, as slim.metrics.streaming_mean_iou."""
    each = ious(counts)
    known = ~np.isnan(each)
    total = np.where(known, each, 0).sum(-1)
    return np.divide(total, known.sum(-1), out=np.full(total.shape, math.nan), where=known.any(-1))


def boundary_f(truth: np.ndarray, found: np.ndarray) -> dict[int, float]:
    """Returns the F-measure of the boundary of each class that `truth` shows, where both have a boundary.

    A boundary pixel is met where one of the other mask lies within TOLERANCE of the diagonal, in height and
    in width. Void pixels, of which VOC's outlines are made, take the class of the nearest that has one.
    """
    radius = max(round(TOLERANCE * math.hypot(*truth.shape)), 1)
    whole = filled(truth)
    scores = {}
    for number in np.unique(whole).tolist():
        true, seen = edge(whole == number), edge(found == number)
        if not true.any():  # it is all of the image
            continue
        near_true, near_seen = (ndimage.maximum_filter(e, 2 * radius + 1) for e in (true, seen))
        precision = (seen & near_true).sum() / max(seen.sum(), 1)
        recall = (true & near_seen).sum() / true.sum()
        scores[number] = float(2 * precision * recall / max(precision + recall, 1e-12))
    return scores


def filled(mask: np.ndarray) -> np.ndarray:
    """Returns `mask` with the nearest class in place of void; nothing but void stays as it is."""
    void = mask == VOID
    if not void.any() or void.all():
        return mask
    rows, columns = ndimage.distance_transform_cdt(void, return_distances=False, return_indices=True)
    return mask[rows, columns]


def edge(shape: np.ndarray) -> np.ndarray:
    """Returns which pixels of `shape`, bool [H, W], have a neighbour outside of it; the rim has none."""
    inside = np.pad(shape, 1, mode="edge")
    around = inside[:-2, 1:-1] & inside[2:, 1:-1] & inside[1:-1, :-2] & inside[1:-1, 2:]
    return shape & ~around
