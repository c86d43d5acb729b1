"""Reading the rows of a training history: which are measured, and which is best."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

History = list[dict[str, Any]]


class Series(NamedTuple):
    """One column over the steps; `lost` are the steps at which it was written but is not a finite number."""

    steps: list[float]
    values: list[float]
    lost: list[float]


def number(value: Any) -> float:
    """`value` as a float; nan if it is None, empty or not a number."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def kind_of(row: Mapping[str, Any]) -> str:
    """Whether a row is of training or of evaluation; without `kind`, rows with a mAP are evaluations."""
    return str(row.get("kind") or ("eval" if math.isfinite(number(row.get("map"))) else "train"))


def series(history: History, column: str, kind: str) -> Series:
    """Returns `column` of the rows of `kind`, by step; of two rows with one step (a resumed run) the last."""
    written = {
        number(row.get("step")): row[column]
        for row in history
        if kind_of(row) == kind
        and row.get(column) not in (None, "")
        and math.isfinite(number(row.get("step")))
    }
    values = {step: number(value) for step, value in sorted(written.items())}
    good = {step: value for step, value in values.items() if abs(value) < 1e30}  # also leaves out nan and inf
    return Series(list(good), list(good.values()), [step for step in values if step not in good])


def best_step(history: History) -> int | None:
    """The step of the evaluation with the highest mAP, the first if several are equal; None without any."""
    steps, values, _ = series(history, "map", "eval")
    return int(steps[values.index(max(values))]) if values else None


def last_step(history: History) -> int | None:
    """The highest step of any row; None without one."""
    steps = [number(row.get("step")) for row in history]
    finite = [step for step in steps if math.isfinite(step)]
    return int(max(finite)) if finite else None
