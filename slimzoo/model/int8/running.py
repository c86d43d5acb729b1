"""A network of 8 bits as what a Predictor runs."""

import logging
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from slimzoo.errors import SlimzooError, listing
from slimzoo.model.int8 import FLOOR, check, compared
from slimzoo.model.int8.agreement import Agreement

log = logging.getLogger("slimzoo")
KINDS_OF_ENGINES = {"openvino": ".xml", "tflite": ".tflite"}  # the file that each of them runs


class Running:
    """A model of 8 bits, which one thread runs at a time; others wait."""

    def __init__(self, made: Any, agreement: Agreement) -> None:
        self._made, self.agreement = made, agreement
        self._lock = threading.Lock()
        self._told = not made.alone

    def run(self, images: np.ndarray) -> list[np.ndarray]:
        """Returns the logits, float32, of prepared images, float32 [N, H, W, C]."""
        with self._lock:
            if len(images) > 1 and not self._told:
                self._told = True
                log.warning("TFLite's 8 bits take one image at a time: a batch is no faster (said once)")
            return [self._made.logits(images)]

    def close(self) -> None:
        """Gives the model back."""
        del self._made


def check_settings(
    model: Any,
    engine: str,
    end_points: tuple[str, ...],
    threads: int | None,
    calibrate: Any,
    floor: float | None,
) -> None:
    """Raises SlimzooError with what keeps `model` from being run with 8 bits so."""
    problems = []
    if engine not in KINDS_OF_ENGINES:
        problems.append(f"engine is {engine!r}; int8 is computed by {' and '.join(KINDS_OF_ENGINES)}")
    if end_points:
        problems.append("end_points do not come with int8: it is judged by its logits")
    if threads is not None:
        problems.append("threads: int8 takes no number of them")
    if problems:
        raise SlimzooError(listing("a predictor of 8 bits cannot be made so:", problems))
    check(model, KINDS_OF_ENGINES[engine], engine, calibrate, FLOOR if floor is None else floor)


def opener(model: Callable[[], Any], calibrate: Any, floor: float | None) -> Callable[[Any, Any], Running]:
    """Returns what a Predictor opens its engine by: (frozen network, settings) -> Running.

    Args:
      model: gives the Model as it is then.
    """

    def opened(frozen: Any, settings: Any) -> Running:
        del frozen  # the Model has the same values
        kind = KINDS_OF_ENGINES[settings.engine]
        made, found = compared(model(), kind, calibrate, FLOOR if floor is None else floor)
        log.warning("%s", found)  # whoever computes with 8 bits is to know
        return Running(made, found)

    return opened
