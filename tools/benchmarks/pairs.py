"""Timing two sides in turn, and what a row of the table is."""

import gc
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tools.benchmarks.statistics import Target

LEAST_SECONDS = 0.2  # of one measurement: short calls are repeated


@dataclass(frozen=True)
class Settings:
    """How a row is to be measured; its files lie in `folder`, which is removed afterwards."""

    pairs: int
    folder: Path


@dataclass
class Sample:
    """The measurements of a row, pair by pair, and what there is to say about them."""

    ours: list[float]
    theirs: list[float]
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    key: str  # "load/vgg_16"
    title: str
    target: Target
    measure: Callable[[Settings], Sample]
    ratio: Callable[[float, float], float]  # (ours, theirs) -> what is compared to the target
    unit: str = "s"
    network: str | None = None  # that it needs
    needs: tuple[str, ...] = ()  # packages that slimzoo can do without


def time_ratio(ours: float, theirs: float) -> float:
    """How much time we take for each second of theirs."""
    return ours / theirs


def speed_ratio(ours: float, theirs: float) -> float:
    """How much we get done while they do one."""
    return theirs / ours


def difference(ours: float, theirs: float) -> float:
    """What comes on top of theirs."""
    return ours - theirs


def alone(ours: float, theirs: float) -> float:
    """Ours, where there is nothing to compare it to."""
    del theirs
    return ours


def timed(call: Callable[[], object], repeats: int = 1) -> float:
    """Returns the seconds of one call, the mean over `repeats`; the garbage of before is collected first."""
    gc.collect()
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - start) / repeats


def time_pairs(ours: Callable[[], object], theirs: Callable[[], object], pairs: int) -> Sample:
    """Times both sides in turn, one pair to warm up first; every other pair begins with theirs."""
    slowest = max(timed(ours), timed(theirs))
    slowest = min(slowest, max(timed(ours), timed(theirs))) if slowest < LEAST_SECONDS else slowest
    repeats = max(1, math.ceil(LEAST_SECONDS / slowest))
    return measure_pairs(lambda: timed(ours, repeats), lambda: timed(theirs, repeats), pairs)


def measure_pairs(ours: Callable[[], float], theirs: Callable[[], float], pairs: int) -> Sample:
    """Collects what both sides return, in turn; every other pair begins with theirs."""
    sample = Sample([], [])
    for pair in range(pairs):
        sides = [(ours, sample.ours), (theirs, sample.theirs)]
        for measure, collected in sides if pair % 2 == 0 else reversed(sides):
            collected.append(measure())
    return sample
