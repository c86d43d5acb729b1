"""SIGTERM ends a training loop after a step, once it is saved."""

import contextlib
import logging
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

log = logging.getLogger("slimzoo")


class Stop:
    """What a loop looks at between two steps: `asked` turns True when the process is told to end."""

    def __init__(self) -> None:
        self.asked = False

    def notice(self, number: int, frame: Any) -> None:
        """The signal handler; a second signal ends the process at once."""
        del frame
        log.warning("Caught SIGTERM. Stopping after this step.")
        self.asked = True
        signal.signal(number, signal.SIG_DFL)


@contextlib.contextmanager
def stops_on_sigterm() -> Iterator[Stop]:
    """Yields a Stop; leaves by SystemExit(143) after a SIGTERM inside the block.

    Outside of the main thread, and where the program handles SIGTERM itself, nothing is caught.
    """
    stop = Stop()
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield stop
        return
    signal.signal(signal.SIGTERM, stop.notice)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if stop.asked:
        sys.exit(128 + signal.SIGTERM)
