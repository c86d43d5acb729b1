"""Ctrl-C and SIGTERM end a run between two steps or two batches of an evaluation, after it has been saved."""

import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

Item = TypeVar("Item")


class Stopped(Exception):
    """The run was asked to stop and has saved itself; `signal` is the number of what asked."""

    def __init__(self, message: str, signal_number: int):
        super().__init__(message)
        self.signal = signal_number


class BrokenOffError(Exception):
    """What was gone through was left in the middle, because a signal came."""


class Watch:
    """Remembers the first signal; the second, of either kind, interrupts at once."""

    def __init__(self) -> None:
        self.signal: int | None = None

    def notice(self, number: int, frame: FrameType | None) -> None:
        """The signal handler."""
        del frame
        if self.signal is not None:
            raise KeyboardInterrupt
        self.signal = number

    def until_signal(self, items: Iterable[Item]) -> Iterator[Item]:
        """Yields `items`. Raises: BrokenOffError: a signal came."""
        for item in items:
            if self.signal is not None:
                raise BrokenOffError
            yield item


@contextmanager
def watch() -> Iterator[Watch]:
    """Catches SIGINT and SIGTERM inside the block; outside of the main thread it catches nothing."""
    watcher = Watch()
    if threading.current_thread() is not threading.main_thread():
        yield watcher
        return
    before = {number: signal.signal(number, watcher.notice) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield watcher
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
