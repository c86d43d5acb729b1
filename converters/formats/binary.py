"""Random access to a file by slices."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from io import FileIO
from pathlib import Path

import numpy as np

from slimzoo.converters.budget import Budget
from slimzoo.converters.source import Tensor, as_bytes
from slimzoo.errors import SlimzooError

CHUNK = 1 << 22  # bytes read, checked, hashed and written at a time
_WINDOW = 1 << 14
MAX_TENSORS = 20_000  # of any file; the largest networks have a few thousand
_MAX_SHARED = 64  # bytes of tensors for each of the file: 8 bits become 32, and tied weights are stored once
POINTER_START = b"version https://git-lfs"
POINTER = "is a Git LFS pointer, not the file itself: run `git lfs pull`"


def is_pointer(path: Path) -> bool:
    """Says whether Git left a few lines at `path` that stand for a large file."""
    if not path.is_file():
        return False
    with open(path, "rb") as file:
        return file.read(len(POINTER_START)) == POINTER_START


def damaged(path: Path | str, what: str) -> SlimzooError:
    """Returns the error for a file that is not whole, or that a pointer to it stands in for."""
    if is_pointer(Path(path)):
        return SlimzooError(f"{path} {POINTER}")
    return SlimzooError(f"{path} is cut short or damaged: {what}. Download or copy it again")


def check_total(path: Path, size: int, tensors: Mapping[str, Tensor], read: int = 0) -> None:
    """Raises SlimzooError if `tensors`, which may share bytes, claim far more than the file's `size`.

    Args:
      read: the bytes that are read for them, where they do not stand in a row.
    """
    total = max(read, sum(tensor.parameters * tensor.dtype.itemsize for tensor in tensors.values()))
    if total > _MAX_SHARED * size + _WINDOW:
        raise damaged(path, f"its tensors claim {total:,} bytes of a file of {size:,}")


class HeldBytes:
    """Bytes in memory whose slices are taken off the budget of the file they are from."""

    def __init__(self, data: bytes, budget: Budget):
        self.data, self.budget = data, budget

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, span: slice) -> bytes:
        found = self.data[span]
        self.budget.spend(len(found))
        return found


class FileBytes:
    """A file that is sliced like bytes; small slices come from a window, so that walking costs few reads.

    Attributes:
      budget: what each slice is taken off.
    """

    def __init__(self, path: Path):
        self.path = path
        self._handle = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        self._size = os.fstat(self._handle).st_size
        self._start, self._window = 0, b""
        self.budget = Budget(self._size)

    def __enter__(self) -> FileBytes:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._handle)

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, span: slice) -> bytes:
        """Returns the bytes of `span`; like bytes, fewer where the file ends."""
        start, stop, _ = span.indices(self._size)
        self.budget.spend(stop - start)
        if stop - start > _WINDOW:
            return self._read(start, stop - start)
        if not self._start <= start <= stop <= self._start + len(self._window):
            self._start, self._window = start, self._read(start, _WINDOW)
        return self._window[start - self._start : stop - self._start]

    def _read(self, start: int, size: int) -> bytes:
        os.lseek(self._handle, start, os.SEEK_SET)
        parts = []
        while size > 0 and (part := os.read(self._handle, min(size, 1 << 30))):
            parts.append(part)
            size -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def readinto(self, start: int, array: np.ndarray) -> None:
        """Fills a C-contiguous `array` from the bytes at `start`. Raises SlimzooError: it ends before."""
        for _ in file_chunks(self.path, start, array.nbytes, as_bytes(array)):
            pass


def file_chunks(path: Path, start: int, size: int, into: np.ndarray | None = None) -> Iterator[np.ndarray]:
    """Yields `size` bytes of the file `path` from `start` on, uint8 [n].

    Args:
      into: the memory to read into, uint8 [size]; None: into two chunks of memory in turn, so that a part
        stays as it is until the next but one is asked for.
    Raises: SlimzooError: the file ends before.
    """
    memory = np.empty(min(size, 2 * CHUNK), np.uint8) if into is None else into
    with open(path, "rb", buffering=0) as file:
        file.seek(start)
        for done in range(0, size, CHUNK):
            begin = done % (2 * CHUNK) if into is None else done
            part = memory[begin : begin + min(CHUNK, size - done)]
            _fill(path, file, part.data)
            yield part


def _fill(path: Path, file: FileIO, view: memoryview) -> None:
    while len(view):
        count = file.readinto(view)
        if not count:
            raise damaged(path, "it ends before a tensor does")
        view = view[count:]
