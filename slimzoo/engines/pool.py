"""What only one thread may use at a time: as many of them as threads that ask at once, up to a limit."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")


class Pool(Generic[T]):
    """Lends what `make` makes; at most `most` of them exist, and who comes later waits."""

    def __init__(self, make: Callable[[], T], most: int) -> None:
        self._make = make
        self._free: list[T] = []
        self._lock = threading.Lock()
        self._room = threading.BoundedSemaphore(most)

    @contextmanager
    def lent(self) -> Iterator[T]:
        """Yields one that nobody else uses meanwhile."""
        with self._room:
            with self._lock:
                item = self._free.pop() if self._free else None
            item = self._make() if item is None else item
            try:
                yield item
            finally:
                with self._lock:
                    self._free.append(item)
