"""Reading the rows of a training history: which are measured, and which is best."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

History = list[dict[str, Any]]
_WORST = -1e30  # in place of what is no number


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


def rank(mean_ap: Any, accuracy: Any, mean_ap_11point: Any, loss: Any) -> list[float]:
    """What a better model has more of: mAP; of equal ones accuracy, or the 11-point mAP; then less loss."""
    second = accuracy if math.isfinite(number(accuracy)) else mean_ap_11point
    values = (number(mean_ap), number(second), -number(loss))
    return [value if math.isfinite(value) else _WORST for value in values]


def best_step(history: History) -> int | None:
    """The step of the evaluation that ranks highest, the first if several are equal; None without any mAP."""
    steps = series(history, "map", "eval").steps
    if not steps:
        return None
    columns = [series(history, name, "eval") for name in ("map", "accuracy", "map_11point", "loss")]
    found = [dict(zip(column.steps, column.values, strict=True)) for column in columns]
    return int(max(steps, key=lambda step: rank(*(column.get(step) for column in found))))


def last_step(history: History) -> int | None:
    """The highest step of any row; None without one."""
    steps = [number(row.get("step")) for row in history]
    finite = [step for step in steps if math.isfinite(step)]
    return int(max(finite)) if finite else None
