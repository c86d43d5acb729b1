"""What reading one file may cost: bytes held, and steps made. Every reader is held to it.

A file says how much work it is: how many entries, and how often each part of it is referred to. It cannot say
that a few kilobytes take gigabytes or minutes.
"""

from __future__ import annotations

_FLOOR = 16 << 20  # bytes that reading any file may copy ...
_FACTOR = 16  # ... and this for each of its own: names in a table share their beginnings
MAX_STEPS = 1_500_000  # of any file: positions looked up, operations walked over; about as many microseconds


class Budget:
    """What is left for a file of `size` bytes."""

    def __init__(self, size: int):
        self.size = size
        self.left = _FLOOR + _FACTOR * size
        self.steps = MAX_STEPS

    def spend(self, cost: int, what: str = "its parts") -> None:
        """Takes a step that copies `cost` bytes off. Raises ValueError: nothing is left for `what`."""
        self.left -= cost
        self.steps -= 1
        if self.left < 0 or self.steps < 0:
            raise ValueError(f"{what} take far more than its {self.size:,} bytes can be meant for")
