"""What every reader answers for: how a failure under it reads, and what reading a file may cost.

Libraries under a reader (zipfile, lzma, NumPy, ...) raise what they like on bytes that nobody foresaw; only
SlimzooError and the operating system's own errors leave.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from slimzoo.converters.formats.binary import damaged
from slimzoo.converters.source import Chunks, Source, Tensor
from slimzoo.errors import SlimzooError, shown

_FLOOR = 16 << 20  # of what reading any file may cost, in bytes held or steps made ...
_FACTOR = 16  # ... and this for each of its own bytes: names in a table share their beginnings


class Budget:
    """What is left of what reading one file may cost: its size times a factor, and no less than a floor."""

    def __init__(self, path: Path, size: int):
        self.path, self.size = path, size
        self.left = _FLOOR + _FACTOR * size

    def spend(self, cost: int, what: str) -> None:
        """Takes `cost` off. Raises SlimzooError: nothing is left; `what` says what it was for."""
        self.left -= cost
        if self.left < 0:
            raise damaged(self.path, f"{what} take far more than its {self.size:,} bytes can be meant for")


@contextmanager
def boundary(path: Path) -> Iterator[None]:
    """Turns whatever reading `path` raises inside into a SlimzooError.

    What is of the operating system (it has a number) or says that a file is missing stays as it is.
    """
    try:
        yield
    except SlimzooError:
        raise
    except OSError as error:
        if error.errno is not None or isinstance(error, FileNotFoundError):
            raise
        raise damaged(path, _reason(error)) from error
    except MemoryError as error:
        raise SlimzooError(f"{path} needs more memory than there is") from error
    except Exception as error:
        raise damaged(path, _reason(error)) from error


def _reason(error: Exception) -> str:
    text = shown(str(error), 300)
    return text if isinstance(error, ValueError) and text else f"{type(error).__name__}: {text}".rstrip(": ")


def guarded(source: Source, path: Path) -> Source:
    """Returns `source`, each of whose tensors is read inside of boundary(path)."""
    source.tensors = {name: _guarded(tensor, path) for name, tensor in source.tensors.items()}
    return source


def _guarded(tensor: Tensor, path: Path) -> Tensor:
    chunks = partial(_chunks, path, tensor.chunks) if tensor.chunks else None
    return replace(tensor, load=partial(_load, path, tensor), chunks=chunks)


def _load(path: Path, tensor: Tensor) -> np.ndarray:
    with boundary(path):
        return tensor.load()


def _chunks(path: Path, chunks: Chunks, into: np.ndarray | None) -> Iterator[np.ndarray]:
    with boundary(path):
        yield from chunks(into)
