"""What a writer tells about while it writes: the bytes are counted and hashed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO

import numpy as np

from slimzoo.converters.formats.binary import CHUNK


class Watch:
    """Counts and hashes what is written; the hash is computed in a thread of its own.

    Args:
      progress: called with the bytes written so far, and `total`.
    """

    def __init__(self, progress: Callable[[int, int], None] | None = None, total: int = 0):
        self.progress = progress
        self.total = total
        self.bytes = 0
        self._hash = hashlib.sha256()
        self._thread = ThreadPoolExecutor(1)
        self._pending: Future | None = None

    @property
    def sha256(self) -> str:
        self._settle()
        return self._hash.hexdigest()

    def write(self, file: BinaryIO, memory: np.ndarray) -> None:
        """Writes `memory`, uint8 [bytes], which must stay as it is until the next call has begun."""
        view = memory.data
        for start in range(0, len(view), CHUNK):
            self.update(view[start : start + CHUNK])
            file.write(view[start : start + CHUNK])

    def update(self, chunk: memoryview | bytes) -> None:
        """Counts and hashes bytes that are written some other way; `chunk` must stay until the next call."""
        self._settle()
        self._pending = self._thread.submit(self._hash.update, chunk)
        self.bytes += len(chunk)
        if self.progress:
            self.progress(self.bytes, self.total)

    def _settle(self) -> None:
        if self._pending:
            self._pending.result()
            self._pending = None
