"""A trace of some steps of a run, for TensorBoard's profiler."""

import logging
from pathlib import Path

import tensorflow as tf

from slimzoo.errors import counted

log = logging.getLogger("slimzoo")


class Profile:
    """Traces `steps` steps after the first `warm_up`, into `folder`; of a shorter run, those there were."""

    def __init__(self, folder: Path, steps: int, warm_up: int):
        self._folder, self._steps, self._warm_up = folder, steps, warm_up
        self._seen = 0  # steps
        self._runs = False

    def before_step(self) -> None:
        """A step comes."""
        if self._steps and self._seen == self._warm_up:
            tf.profiler.experimental.start(str(self._folder))
            self._runs = True
        elif self._runs and self._seen == self._warm_up + self._steps:
            self._stop()
        self._seen += 1

    def close(self) -> None:
        """No step comes any more."""
        traced = min(max(self._seen - self._warm_up, 0), self._steps)
        if self._runs:
            self._stop()
        if traced < self._steps:
            log.warning(
                "profile: %s of %d traced, as no more came after the first %d",
                *(counted(traced, "step"), self._steps, self._warm_up),
            )

    def _stop(self) -> None:
        tf.profiler.experimental.stop()
        self._runs = False
