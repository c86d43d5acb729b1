"""What every reader returns: named arrays, their shapes known, each read when it is asked for."""

from __future__ import annotations

import math
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from slimzoo.converters.graph import Layer

# Reads a tensor's bytes one after another: into the memory given, or into a small one of its own.
Chunks = Callable[[np.ndarray | None], Iterator[np.ndarray]]
_ALIGNMENT = 64  # bytes; TensorFlow takes a buffer that starts on such a boundary over without a copy


@dataclass(frozen=True)
class Tensor:
    """A tensor in a file: what it is, and how to read it."""

    shape: tuple[int, ...]
    dtype: np.dtype
    load: Callable[[], np.ndarray] = field(repr=False)
    chunks: Chunks | None = field(default=None, repr=False)

    @property
    def parameters(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)

    def parts(self) -> Iterator[np.ndarray]:
        """Yields its bytes in C order, uint8 [n]; a part is valid until the next but one is asked for."""
        return self.chunks(None) if self.chunks else iter([as_bytes(np.asarray(self.load(), order="C"))])


def stored_tensor(shape: tuple[int, ...], dtype: np.dtype, chunks: Chunks) -> Tensor:
    """Returns a tensor whose bytes stand in a file as they do in memory."""
    return Tensor(shape, dtype, partial(_filled, shape, dtype, chunks), chunks)


def _filled(shape: tuple[int, ...], dtype: np.dtype, chunks: Chunks) -> np.ndarray:
    array = empty(shape, dtype)
    for _ in chunks(as_bytes(array)):
        pass
    return array


class Source(Mapping[str, np.ndarray]):
    """Arrays by name; names, shapes and dtypes cost nothing, `source[name]` reads the array anew.

    Attributes:
      format: a name of slimzoo.converters.formats.FORMATS.
      path: what was read (a TensorFlow checkpoint: its prefix).
      files: the files that hold it.
      metadata: text by key, as far as the format has any.
      skipped: names of what is no array of numbers (strings, resources).
      layers: reads the layers of the graph in the file; None where there is no graph.
    """

    def __init__(
        self,
        format: str,
        path: Path,
        tensors: Mapping[str, Tensor],
        *,
        files: Iterable[Path] = (),
        metadata: Mapping[str, str] | None = None,
        skipped: Iterable[str] = (),
        owner: object = None,
        layers: Callable[[], list[Layer]] | None = None,
    ):
        self.format = format
        self.path = path
        self.tensors = dict(tensors)
        self.files = tuple(files) or (path,)
        self.metadata = dict(metadata or {})
        self.skipped = tuple(skipped)
        self.layers = layers
        self.owner = owner  # lives as long as the source: the folder an archive was unpacked to

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {name: tensor.shape for name, tensor in self.tensors.items()}

    @property
    def dtypes(self) -> dict[str, np.dtype]:
        return {name: tensor.dtype for name, tensor in self.tensors.items()}

    def __getitem__(self, name: str) -> np.ndarray:
        return self.tensors[name].load()

    def __iter__(self) -> Iterator[str]:
        return iter(self.tensors)

    def __len__(self) -> int:
        return len(self.tensors)

    def __contains__(self, name: object) -> bool:
        return name in self.tensors

    def __repr__(self) -> str:
        return f"<{self.format} {self.path}: {len(self)} tensors>"

    def with_tensors(self, tensors: Mapping[str, Tensor]) -> Source:
        """Returns the same source with other `tensors` in it."""
        return Source(
            self.format,
            self.path,
            tensors,
            files=self.files,
            metadata=self.metadata,
            skipped=self.skipped,
            owner=self.owner or self,
            layers=self.layers,
        )


def tensors_of(arrays: Mapping[str, np.ndarray]) -> dict[str, Tensor]:
    """Returns `arrays` as tensors; a Source keeps its laziness."""
    if isinstance(arrays, Source):
        return arrays.tensors
    return {name: _in_memory(array) for name, array in arrays.items()}


def _in_memory(array: np.ndarray) -> Tensor:
    array = np.asarray(array)
    dtype = array.dtype.newbyteorder("<")
    return Tensor(array.shape, dtype, partial(array.astype, dtype, copy=False))


def empty(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Returns an uninitialised, writable array whose memory starts on a 64-byte boundary."""
    size = math.prod(shape) * dtype.itemsize
    memory = np.empty(size + _ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % _ALIGNMENT
    return memory[start : start + size].view(dtype).reshape(shape)


def as_bytes(array: np.ndarray) -> np.ndarray:
    """Returns the memory of a C-contiguous `array` as uint8 [bytes], without a copy."""
    return array.reshape(-1).view(np.uint8)


class TemporaryFolder:
    """A private folder that is removed with its last user, or when Python ends."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="slimzoo-"))
        self.remove = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)
