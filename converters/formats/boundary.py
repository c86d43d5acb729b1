"""What every reader answers for: how a failure under it reads, and what reading a file may cost.

Libraries under a reader (zipfile, lzma, NumPy, ...) raise what they like on bytes that nobody foresaw; only
SlimzooError and the operating system's own errors leave.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from slimzoo.converters.formats.binary import MAX_TENSORS, damaged
from slimzoo.converters.source import Chunks, Source, Tensor
from slimzoo.errors import SlimzooError, shown

if TYPE_CHECKING:
    from slimzoo.converters.graph import Layer

_MAX_UNPACKED = 256 << 20  # bytes that the tensors of any file may claim together ...
_MAX_RATIO = 100  # ... or this many for each of its own; some are packed, filled or shared
_MAX_NAME = 2_000  # characters of a tensor's name; whoever compares names cuts them at every "/" and "."
_MAX_PARTS = 50  # of a name, between these


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
    if isinstance(error, RecursionError):
        return "its parts are nested too deep"
    text = shown(str(error), 300)
    return text if isinstance(error, ValueError) and text else f"{type(error).__name__}: {text}".rstrip(": ")


def guarded(source: Source, path: Path) -> Source:
    """Returns `source`, whose tensors and layers are read inside of boundary(path).

    Raises: SlimzooError: its tensors are absurdly many, or claim far more than its files have; or their names
      are too long to be any, or cannot be written down.
    """
    if len(source.tensors) > MAX_TENSORS:
        raise damaged(path, f"it holds {len(source.tensors):,} tensors, more than {MAX_TENSORS:,}")
    _check_names(source, path)
    size = sum(file.stat().st_size for file in source.files if file.is_file())
    total = sum(tensor.parameters * tensor.dtype.itemsize for tensor in source.tensors.values())
    if total > max(_MAX_UNPACKED, _MAX_RATIO * size):
        raise damaged(path, f"its tensors claim {total:,} bytes of {size:,}")
    source.layers = partial(_layers, path, source.layers) if source.layers else None
    source.tensors = {name: _guarded(tensor, path) for name, tensor in source.tensors.items()}
    return source


def _check_names(source: Source, path: Path) -> None:
    for name in source.tensors:
        if len(name) > _MAX_NAME or name.count("/") + name.count(".") >= _MAX_PARTS:
            raise damaged(path, f"a tensor with a name of {len(name):,} characters, {shown(name)}")
    for text in (*source.tensors, *source.metadata, *source.metadata.values()):
        if not _is_unicode(text):
            raise damaged(path, f"{shown(text)} is no text in Unicode")


def _is_unicode(text: str) -> bool:
    """Says whether UTF-8 can hold `text`, as halves of a character alone it cannot."""
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


def _guarded(tensor: Tensor, path: Path) -> Tensor:
    chunks = partial(_chunks, path, tensor.chunks) if tensor.chunks else None
    return replace(tensor, load=partial(_load, path, tensor), chunks=chunks)


def _layers(path: Path, layers: Callable[[], list[Layer]]) -> list[Layer]:
    with boundary(path):
        return layers()


def _load(path: Path, tensor: Tensor) -> np.ndarray:
    with boundary(path):
        return tensor.load()


def _chunks(path: Path, chunks: Chunks, into: np.ndarray | None) -> Iterator[np.ndarray]:
    with boundary(path):
        yield from chunks(into)
