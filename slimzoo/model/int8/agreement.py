"""How far a model of fewer bits is from the one it was made of, on images that it was not calibrated with."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
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

    def __str__(self) -> str:
        text = (
            f"int8: the best class of {self.top1:.1%} of {self.held_out} held-out images is that of float32 "
            f"({self.calibrated} others calibrated it); logits differ by {self.mean_difference:.2g} on "
            f"average and {self.largest_difference:.2g} at most, of a spread of {self.spread:.3g}"
        )
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
                f"{self}. That is below the floor of {floor:.0%}: nothing was written. Calibrate with more "
                "images, of the kind that it will see; a lower floor, floor=NUMBER, lets it pass, 0 anything"
            )


def compare(
    batches: Any, logits_of: Logits, other: Logits, held_out: Samples, calibrated: int, multi_label: bool
) -> Agreement:
    """Returns how `other` agrees with `logits_of`.

    Args:
      batches: of prepared images, those of `held_out` in their order.
    """
    pairs = [(logits_of(batch), other(batch)) for batch in batches]
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
