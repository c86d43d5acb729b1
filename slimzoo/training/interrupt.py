"""Ctrl-C and SIGTERM end a run between two steps, or in an evaluation, after it has been saved."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Stopped(Exception):
    """The run was asked to stop and has saved itself; `signal` is the number of what asked."""

    def __init__(self, message: str, signal_number: int):
        super().__init__(message)
        self.signal = signal_number


class BrokenOff(BaseException):
    """A signal left a block in its middle; nobody on the way takes it for an error of what is done there."""


class Watch:
    """Remembers the first signal; the second, of either kind, interrupts at once."""

    def __init__(self) -> None:
        self.signal: int | None = None
        self._breaks = False

    def notice(self, number: int, frame: FrameType | None) -> None:
        """The signal handler."""
        del frame
        if self.signal is not None:
            raise KeyboardInterrupt
        self.signal = number
        if self._breaks:
            raise BrokenOff

    @contextmanager
    def breaking_off(self) -> Iterator[None]:
        """Lets the first signal, even one that has come, leave the block at once: it can be done again.

        Raises: BrokenOff: it did.
        """
        self._breaks = True
        try:
            if self.signal is not None:
                raise BrokenOff
            yield
        finally:
            self._breaks = False


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
