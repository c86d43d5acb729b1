"""The median of paired ratios, its bound under any distribution, and the word for how they meet a target."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Target:
    """What a ratio must be: "at most" or "at least" a number; None where the ratio is only shown."""

    word: str = "at most"
    value: float | None = None

    def met_by(self, number: float) -> bool:
        """Whether `number` is on the right side; there must be a target."""
        assert self.value is not None
        return number <= self.value if self.word == "at most" else number >= self.value

    def __str__(self) -> str:
        return "-" if self.value is None else f"{self.word} {self.value:g}"


def bound_rank(count: int, confidence: float = CONFIDENCE) -> int | None:
    """Returns the largest k for which the k-th smallest of `count` values is a lower bound of the median.

    Each value lies below the true median with probability 1/2, so the k-th smallest lies above it with the
    probability that fewer than k of `count` coins show heads. The k-th largest is an upper bound alike.
    Returns: None where no value is sure enough (fewer than 5 at 95 %).
    """
    tail = 0.0
    for k in range(count + 1):
        tail += math.comb(count, k) * 0.5**count  # P(at most k heads)
        if tail > 1 - confidence:
            return k or None
    return None


def median_bound(values: Sequence[float], upper: bool, confidence: float = CONFIDENCE) -> float | None:
    """Returns the one-sided bound of the median of `values`, above it if `upper`, or None if they are few."""
    rank = bound_rank(len(values), confidence)
    return None if rank is None else sorted(values, reverse=upper)[rank - 1]


@dataclass(frozen=True)
class Verdict:
    """A row of ratios, summed up."""

    median: float
    bound: float | None  # on the side that could miss the target
    word: str  # pass | open | FAIL | shown


def judge(ratios: Sequence[float], target: Target) -> Verdict:
    """Returns "pass" where even the bound meets the target, "FAIL" where the median misses it, or "open"."""
    median = statistics.median(ratios)
    bound = median_bound(ratios, upper=target.word == "at most")
    if target.value is None:
        word = "shown"
    elif not target.met_by(median):
        word = "FAIL"
    else:
        word = "pass" if bound is not None and target.met_by(bound) else "open"
    return Verdict(median, bound, word)
