"""The history of a run as TensorBoard reads it."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

_NO_SCALARS = ("step", "epoch", "kind")


class EventLog:
    """An event file that says what the history says.

    A run that goes on writes a new file from the history it goes on with, in place of the old one: what a
    killed run had logged after its last checkpoint would stand in the curves twice.
    """

    def __init__(self, folder: Path, history: Iterable[Mapping[str, Any]]):
        for old in folder.glob("events.out.tfevents.*"):
            old.unlink()
        self._writer = tf.summary.create_file_writer(str(folder))
        for row in history:
            self._write(row)
        self._writer.flush()

    def record(self, row: Mapping[str, Any]) -> None:
        """Adds a row of the history: train/loss, eval/map and so on."""
        self._write(row)
        self._writer.flush()

    def close(self) -> None:
        """Ends the file."""
        self._writer.close()

    def _write(self, row: Mapping[str, Any]) -> None:
        with self._writer.as_default(step=row["step"]):
            for name, value in row.items():
                if name not in _NO_SCALARS:
                    tf.summary.scalar(f"{row['kind']}/{name}", value)
