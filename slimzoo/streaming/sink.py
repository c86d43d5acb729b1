"""Rows that come in order, into parts: a thread writes them while the next ones are computed."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from slimzoo.streaming.results import Results
from slimzoo.streaming.rows import End, Outcome

ROWS = 10_000  # of a part at most
SECONDS = 30.0  # after which what there is becomes a part: a job that is killed does no more than that again


class Sink:
    """Takes the rows of a job; leaving its block writes those that are left.

    Args:
      rows, seconds: after how many a part ends.
    """

    def __init__(self, results: Results, rows: int = ROWS, seconds: float = SECONDS):
        self._results, self._most, self._seconds = results, rows, seconds
        self._rows: list[Outcome] = []
        self._since = 0.0
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="slimzoo-writer")
        self._writing: Future | None = None

    def add(self, row: Outcome | End) -> None:
        """Takes the next row of its container. Raises: SlimzooError, OSError: it cannot be written."""
        if isinstance(row, End):
            self._write(row.container, row.rows - len(self._rows), ends=True)
            return
        if self._rows and self._rows[-1].container != row.container:
            self.flush()
        if not self._rows:
            self._since = time.monotonic()
        self._rows.append(row)
        if len(self._rows) >= self._most or time.monotonic() - self._since >= self._seconds:
            self.flush()

    def flush(self) -> None:
        """Writes the rows that wait."""
        if self._rows:
            self._write(self._rows[0].container, self._rows[0].position, ends=False)

    def _write(self, container: int, first: int, ends: bool) -> None:
        rows, self._rows = self._rows, []
        self._wait()
        self._writing = self._pool.submit(self._results.add, container, first, rows, ends)

    def _wait(self) -> None:
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del error, trace
        try:
            if kind is None or issubclass(kind, KeyboardInterrupt):
                self.flush()
            self._wait()
        finally:
            self._pool.shutdown()
