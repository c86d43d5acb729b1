"""Says so when nothing moves."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

log = logging.getLogger("slimzoo")
PATIENCE = 60.0  # seconds without a row


class Watchdog:
    """Notes that something moves."""

    def __init__(self) -> None:
        self.last = time.monotonic()

    def moved(self) -> None:
        """Something came."""
        self.last = time.monotonic()


@contextmanager
def watchdog(where: Callable[[], str], patience: float = PATIENCE) -> Iterator[Watchdog]:
    """Yields a Watchdog; when nothing moved for `patience` seconds, a warning says `where` it stands."""
    dog, ended = Watchdog(), threading.Event()

    def look() -> None:
        said = dog.last
        while not ended.wait(min(1.0, patience / 4)):
            if dog.last > said:
                said = dog.last
            if time.monotonic() - said >= patience:
                log.warning("nothing has come for %.0f seconds: %s", time.monotonic() - dog.last, where())
                said = time.monotonic()

    thread = threading.Thread(target=look, daemon=True, name="slimzoo-watchdog")
    thread.start()
    try:
        yield dog
    finally:
        ended.set()
        thread.join()
