"""How far a model of fewer bits is from the one it was made of, on images that it was not calibrated with."""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any

import numpy as np

from slimzoo.data.average_precision import mean_average_precision
from slimzoo.data.calibration import Samples
from slimzoo.errors import SlimzooError

Logits = Callable[[np.ndarray], np.ndarray]  # float32 [N, H, W, C] -> float32 [N, classes]


@dataclass(frozen=True)
class Agreement:
    """What comparing on held-out images gave.

    Attributes:
      held_out, calibrated: how many images judged, and how many calibrated.
      top1: the part of the held-out images whose best class stays the same, 0 to 1.
      mean_difference, largest_difference: of logits.
      spread: of the float logits of an image, from the smallest to the largest: the mean over images.
      measure: "accuracy", "mAP" of images with several labels, or "" where no labels are known.
      float_measure, int8_measure: its values, 0 to 1; None: not known.
      mask_iou: of masks, of whose pixels `top1` is the part: the mean over the classes of the intersection of
        the two over their union; None: there are no masks.
    """

    held_out: int
    calibrated: int
    top1: float
    mean_difference: float
    largest_difference: float
    spread: float
    measure: str = ""
    float_measure: float | None = None
    int8_measure: float | None = None
    mask_iou: float | None = None

    def __str__(self) -> str:
        what = "" if self.mask_iou is None else "the pixels of "
        text = (
            f"int8: the best class of {self.top1:.1%} of {what}{self.held_out} held-out images is that of "
            f"float32 ({self.calibrated} others calibrated it); logits differ by {self.mean_difference:.2g} "
            f"on average and {self.largest_difference:.2g} at most, of a spread of {self.spread:.3g}"
        )
        if self.mask_iou is not None:
            return f"{text}; mean IoU of the two masks {self.mask_iou:.3f}"
        if self.float_measure is None or self.int8_measure is None:
            return text
        return f"{text}; {self.measure} {self.int8_measure:.1%}, float32 {self.float_measure:.1%}"

    def to_json(self) -> str:
        """Returns what a file of the model keeps."""
        return json.dumps(asdict(self), sort_keys=True)

    def check(self, floor: float) -> None:
        """Raises SlimzooError where `top1` is below `floor`."""
        if self.top1 < floor:
            raise SlimzooError(
                f"{self}. That is below the floor of {floor:.0%}, so it is neither used nor written. "
                "Calibrate with more images, of the kind that it will see; a lower floor, floor=NUMBER, lets "
                "it pass, 0 anything"
            )


def compare(
    batches: Any, logits_of: Logits, other: Logits, held_out: Samples, calibrated: int, multi_label: bool
) -> Agreement:
    """Returns how `other` agrees with `logits_of`.

    Args:
      batches: of prepared images, those of `held_out` in their order.
    """
    all_pairs = ((logits_of(batch), other(batch)) for batch in batches)
    first = next(all_pairs)
    if first[0].ndim == 4:
        return _of_masks(chain([first], all_pairs), len(held_out), calibrated)
    pairs = [first, *all_pairs]
    ours, theirs = (np.concatenate(logits).astype(np.float64) for logits in zip(*pairs, strict=True))
    difference = np.abs(ours - theirs)
    spread = (ours.max(-1) - ours.min(-1)).mean() if ours.shape[-1] > 1 else np.ptp(ours)
    measure, of_ours, of_theirs = _measured(ours, theirs, held_out, multi_label)
    return Agreement(
        held_out=len(held_out),
        calibrated=calibrated,
        top1=float(np.mean(_best(ours) == _best(theirs))),
        mean_difference=float(difference.mean()),
        largest_difference=float(difference.max()),
        spread=float(spread),
        measure=measure,
        float_measure=of_ours,
        int8_measure=of_theirs,
    )


def _of_masks(pairs: Iterable[tuple[np.ndarray, np.ndarray]], held_out: int, calibrated: int) -> Agreement:
    """Returns how the second of each of `pairs` of logits, [N, H, W, classes], agrees with the first.

    No more than a pair is held at once.
    """
    counts, sums, largest = np.zeros(()), np.zeros(3), 0.0  # differences, their number, spreads
    images = 0
    for ours, theirs in pairs:
        difference = np.abs(ours - theirs)
        spread = (ours.max((1, 2, 3)) - ours.min((1, 2, 3))).sum(dtype=np.float64)
        sums += difference.sum(dtype=np.float64), difference.size, spread
        largest, images = max(largest, float(difference.max())), images + len(ours)
        classes = max(ours.shape[-1], 2)
        both = _best(ours).astype(np.int64).reshape(-1) * classes + _best(theirs).reshape(-1)
        counts = counts + np.bincount(both, minlength=classes**2).reshape(classes, classes)
    same, union = np.diag(counts), counts.sum(0) + counts.sum(1) - np.diag(counts)
    return Agreement(
        held_out=held_out,
        calibrated=calibrated,
        top1=float(same.sum() / counts.sum()),
        mean_difference=float(sums[0] / sums[1]),
        largest_difference=largest,
        spread=float(sums[2] / images),
        mask_iou=float((same / np.maximum(union, 1))[union > 0].mean()),
    )


def _best(logits: np.ndarray) -> np.ndarray:
    """Returns the best class of each image, or of one class whether it shows."""
    return logits.argmax(-1) if logits.shape[-1] > 1 else logits > 0


def _measured(
    ours: np.ndarray, theirs: np.ndarray, held_out: Samples, multi_label: bool
) -> tuple[str, float | None, float | None]:
    labels, weights = held_out.labels, held_out.weights
    if labels is None or ours.shape != labels.shape:
        return "", None, None
    if multi_label:
        of_ours, of_theirs = (mean_average_precision(logits, labels, weights) for logits in (ours, theirs))
        return ("", None, None) if np.isnan([of_ours, of_theirs]).any() else ("mAP", of_ours, of_theirs)
    true = labels.argmax(-1)
    of_ours, of_theirs = (float(np.mean(logits.argmax(-1) == true)) for logits in (ours, theirs))
    return "accuracy", of_ours, of_theirs
