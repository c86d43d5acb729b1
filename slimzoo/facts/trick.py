"""What is said of one trick of training: a row of tricks.py."""

import math
from dataclasses import dataclass
from typing import Any

NUMBER, WHOLE, PAIR, FLAG, CHOICE = "number", "whole number", "two numbers", "flag", "choice"
LARGEST = 2**31 - 1  # whole number: steps and sizes are int32 somewhere
INFINITE = float("inf")
OF_IMAGES, OF_PIXELS = "classification", "segmentation"  # tasks


@dataclass(frozen=True, kw_only=True)
class Trick:
    """One row.

    Attributes:
      what: it does, for the help.
      said: in the report, with {} where its value stands.
      low, high: of a number, or of both of a pair; the bounds themselves are allowed unless `open` says not.
      open: which bounds are not: "low", "high", "both" or "".
      needs: (field, values): another field of the recipe must have one of these, or this has no meaning.
      excludes: (own value, field, its value) that cannot go together, and why.
      tasks: of networks that it has a meaning for.
    """

    kind: str
    what: str
    said: str
    low: float = 0.0
    high: float = INFINITE
    open: str = ""
    choices: tuple[str, ...] = ()
    needs: tuple[str, tuple[Any, ...]] | None = None
    excludes: tuple[Any, str, Any, str] | None = None
    tasks: tuple[str, ...] = (OF_IMAGES, OF_PIXELS)
    name: str = ""  # of the field, which fills it in
    default: Any = None

    @property
    def option(self) -> str:
        """What it is called at the command line."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def allowed(self) -> str:
        """The values that it may have, in words."""
        if self.kind == CHOICE:
            return f"allowed are {', '.join(self.choices)}"
        if self.kind == FLAG:
            return "it is True or False"
        low = f"above {self.low:g}" if self.open in ("low", "both") else f"at least {self.low:g}"
        high = f"below {self.high:g}" if self.open in ("high", "both") else f"at most {self.high:g}"
        what = {NUMBER: "a number", WHOLE: "a whole number", PAIR: "two numbers, the lower one first, each"}
        if self.high == INFINITE:
            high = f"at most {LARGEST}" if self.kind == WHOLE else ""
        return f"it is {what[self.kind]} {low}{f' and {high}' if high else ''}"

    def takes(self, value: Any) -> bool:
        """Whether it may have `value`."""
        if not self.is_on(value) or self.kind in (CHOICE, FLAG):
            return not self.is_on(value) or value in self.choices or value is True
        if self.kind == PAIR:
            pair = isinstance(value, tuple | list) and len(value) == 2
            return pair and all(map(self._within, value)) and value[0] <= value[1]
        whole = isinstance(value, int) and value <= LARGEST
        return self._within(value) and (self.kind != WHOLE or whole)

    def _within(self, value: Any) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        if isinstance(value, float) and not math.isfinite(value):
            return False
        above = value > self.low if self.open in ("low", "both") else value >= self.low
        return above and (value < self.high if self.open in ("high", "both") else value <= self.high)

    def is_on(self, value: Any) -> bool:
        """Whether `value` is another than what a recipe has without it."""
        return value != self.default or isinstance(value, bool) != isinstance(self.default, bool)

    def says(self, value: Any) -> str:
        """Returns the line of a report on a run that had it with `value`."""
        both = tuple(value) if isinstance(value, tuple | list) else (value,)
        return self.said.format(*(f"{v:g}" if isinstance(v, float) else v for v in both))
