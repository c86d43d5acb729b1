"""What two worlds made of one program: names, shapes, order and numbers, beside the noise of one of them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

TOLERANCE = (
    1e-4  # of the largest value: float32 sums in another order, through a hundred layers and two steps
)
TIMES_NOISE = (
    100  # a sum of 10,000 terms loses up to √10,000 roundings in another order; the noise has one each
)
STRUCTURE = (
    "variables",
    "trainable_variables",
    "model_variables",
    "moving_average_variables",
    "regularization_losses",
    "losses",
    "update_ops",
)

Arrays = Mapping[str, np.ndarray]


@dataclass
class Comparison:
    """One program: what differs in structure, and per array its shape, difference and noise."""

    differences: list[str] = field(default_factory=list)
    variables: int = 0
    arrays: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def equal(self) -> bool:
        """Says whether nothing differs by more than TOLERANCE, or than TIMES_NOISE times the noise."""
        return not self.differences and all(not is_over(row) for row in self.arrays.values())

    @property
    def worst(self) -> float:
        """The largest relative difference of an array."""
        return max((row["difference"] for row in self.arrays.values()), default=0.0)

    @property
    def noise(self) -> float:
        """The largest relative difference of an array between two runs of TF 1.15."""
        return max((row["noise"] for row in self.arrays.values()), default=0.0)

    def as_json(self) -> dict[str, Any]:
        """Returns everything as plain data."""
        return {**asdict(self), "equal": self.equal, "worst": self.worst, "noise": self.noise}


def is_over(row: Mapping[str, Any]) -> bool:
    """Says whether the array's difference is more than order and noise explain."""
    return bool(row["difference"] > max(TOLERANCE, TIMES_NOISE * row["noise"]))


def compare(
    then: Mapping[str, Any], now: Mapping[str, Any], arrays: Arrays, again: Arrays, ours: Arrays
) -> Comparison:
    """Compares the records `then` and `now`, and the arrays of TF 1.15, of its second run, and of ours."""
    found = Comparison()
    for phase in (name for name in ("build", "train") if name in then):
        found.variables = max(found.variables, len(then[phase]["variables"]))
        for key in STRUCTURE:
            found.differences += differing(f"{phase}: {key}", then[phase][key], now[phase][key])
    found.differences += differing("names of arrays", sorted(arrays), sorted(ours))
    for name in (name for name in arrays if name in ours):
        a, b = arrays[name], ours[name]
        if a.shape != b.shape or a.dtype != b.dtype:
            found.differences.append(f"{name}: {a.dtype}{list(a.shape)}, now {b.dtype}{list(b.shape)}")
            continue
        row = {"shape": list(a.shape), "difference": relative(a, b), "noise": relative(a, again[name])}
        found.arrays[name] = row
    return found


def differing(what: str, then: Any, now: Any) -> list[str]:
    """Returns a line that says how `now` is another list or number than `then`, or none."""
    if then == now:
        return []
    if not isinstance(then, list):
        return [f"{what}: {then}, now {now}"]
    gone, new = ([x for x in a if x not in b] for a, b in ((then, now), (now, then)))
    if gone or new:
        return [f"{what}: {len(gone)} gone {gone[:3]}, {len(new)} new {new[:3]}"]
    return [f"{what}: another order, or another number of times"]


def relative(a: np.ndarray, b: np.ndarray) -> float:
    """Returns the largest difference as a part of the largest value of `a`; NaN is equal to NaN.

    Of whole numbers, strings and truths it is the part that is not equal.
    """
    if not np.issubdtype(a.dtype, np.floating):
        return float(np.mean(a != b)) if a.size else 0.0
    if not a.size or np.array_equal(a, b, equal_nan=True):
        return 0.0
    if not np.array_equal(np.isfinite(a), np.isfinite(b)):
        return float("inf")
    a, b = (np.where(np.isfinite(x), x, 0).astype(np.float64) for x in (a, b))
    scale = float(np.abs(a).max())
    return float(np.abs(a - b).max()) / scale if scale else float("inf")
