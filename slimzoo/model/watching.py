"""Whether a Model has other weights than it had."""

import time
import weakref
from typing import Any

from slimzoo.weights.provenance import fingerprint

_SHARE = 0.01  # of the time, that looking at every variable may take


class Watch:
    """Looks whether a Model, or one inside it, has other weights than when it was made; it keeps none alive.

    Steps of training and what Model's own methods assign are seen at once. A variable that is assigned to by
    hand is seen when all are looked at, which takes at most a hundredth of the time.
    """

    def __init__(self, model: Any) -> None:
        self._models = [weakref.ref(one) for one in _and_inner(model)]
        self.look_again()

    @property
    def gone(self) -> bool:
        return any(model() is None for model in self._models)

    def look_again(self) -> None:
        """Takes the weights that are there now as the ones to compare with."""
        self._steps = self._steps_now()
        self._print = self._print_now()
        self._next = 0.0

    def _there(self) -> list[Any]:
        return [model for ref in self._models if (model := ref()) is not None]

    def _steps_now(self) -> list[tuple[int, int]]:
        return [(model.changes, int(model.seed_state.numpy()[1])) for model in self._there()]

    def _print_now(self) -> list[int]:
        return [fingerprint(model.variables_by_name.values()) for model in self._there()]

    def changed(self, thorough: bool = False) -> bool:
        """Whether there are others now; `thorough`: every variable is looked at."""
        if self.gone:
            return False
        if self._steps_now() != self._steps:
            return True
        started = time.monotonic()
        if not thorough and started < self._next:
            return False
        if self._print_now() != self._print:
            self._next = 0.0  # whoever asks next is told the same
            return True
        self._next = time.monotonic() + (time.monotonic() - started) / _SHARE
        return False


def _and_inner(model: Any) -> list[Any]:
    return [model, *(found for inner in model.discovery.models for found in _and_inner(inner))]
