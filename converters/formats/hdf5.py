"""HDF5 through h5py, data sets and attributes only: what leads out of the file, or is absurd, is refused.

HDF5's library may end the process, or never return, on a damaged file: hdf5_child.py runs in one of its own.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, takewhile
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from slimzoo.converters.formats.binary import FileBytes, damaged, file_chunks
from slimzoo.converters.source import TemporaryFolder, Tensor, stored_tensor
from slimzoo.errors import SlimzooError, listing

MAGIC = b"\x89HDF\r\n\x1a\n"
_SECONDS = 3.0  # on the processor, for a list of what is in a file: that of 1500 tensors takes 0.5
_PATIENCE = 120  # seconds in all, where the disk is slow
_SPEED = 20_000_000  # bytes a second that unpacking makes at least
_RUN = "import sys; sys.path[:] = {path!r}; from slimzoo.converters.formats.hdf5_child import main; main()"


@dataclass(frozen=True)
class Contents:
    """What a file holds, by path from its root.

    Attributes:
      tensors: the data sets of numbers, none of them read.
      others: paths of data sets that hold something else, as text.
      empty: paths of groups that hold nothing.
      attributes: text, or lists of it, by the path of their group or data set ("" is the root) and name.
    """

    tensors: Mapping[str, Tensor]
    others: tuple[str, ...]
    empty: tuple[str, ...]
    attributes: Mapping[str, Mapping[str, Any]]


def sniff(file: FileBytes) -> bool:
    """Says whether `file` is an HDF5 file."""
    return file[0:8] == MAGIC


def contents(path: Path, wanted: tuple[str, ...]) -> Contents:
    """Returns what is in the file `path`.

    Args:
      wanted: the attributes to read; those that begin so too ("layer_names0" where "layer_names" is wanted).
    Raises: SlimzooError: it is damaged; or it has links, storage outside itself, filters or sizes that no
      weights have: all of them are listed.
    """
    found = _ask(path, "index", _SECONDS, 0, os.fspath(path), wanted)
    rows = {
        name: (tuple(shape), _dtype(dtype), start) for name, (shape, dtype, start) in found["tensors"].items()
    }
    stored = sum(math.prod(shape) * dtype.itemsize for shape, dtype, start in rows.values() if start)
    problems = found["problems"]
    if stored > path.stat().st_size:
        problems.append(f"its tensors take {stored:,} bytes, more than it has: they overlap")
    if problems:
        raise SlimzooError(listing(f"{path} is not opened, it is not safe or is damaged:", problems))
    packed = _Packed(path, {name: row[:2] for name, row in rows.items() if row[2] is None})
    tensors = {
        name: stored_tensor(
            shape,
            dtype,
            partial(packed.chunks, name)
            if start is None
            else partial(file_chunks, path, start, math.prod(shape) * dtype.itemsize),
        )
        for name, (shape, dtype, start) in rows.items()
    }
    return Contents(tensors, tuple(found["others"]), tuple(found["empty"]), found["attributes"])


def _dtype(name: str) -> np.dtype:
    if name == "bfloat16":
        import ml_dtypes

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(name)


def _ask(path: Path, what: str, seconds: float, memory: int, *arguments: Any) -> dict[str, Any]:
    """Returns what the other process answers. Raises SlimzooError: it cannot, or it did not survive."""
    request = {"do": what, "seconds": seconds, "memory": memory, "arguments": arguments}
    command = [sys.executable, "-c", _RUN.format(path=sys.path)]
    environment = {**os.environ, "HDF5_PLUGIN_PRELOAD": "::", "OPENBLAS_NUM_THREADS": "1"}  # "::": no plugins
    patience = seconds + _PATIENCE
    try:
        done = subprocess.run(
            command,
            input=json.dumps(request).encode(),
            capture_output=True,
            env=environment,
            timeout=patience,
        )
    except subprocess.TimeoutExpired as error:
        raise damaged(path, f"HDF5 comes to no end within {patience:.0f} seconds") from error
    if done.returncode == -getattr(signal, "SIGPROF", 0) != 0:
        raise damaged(path, f"HDF5 comes to no end within {seconds:.0f} seconds of work")
    if done.returncode < 0:
        raise damaged(path, f"HDF5's library does not survive it (signal {-done.returncode})")
    if done.returncode:
        raise SlimzooError(f"{path} cannot be read: {done.stderr.decode('utf-8', 'replace').strip()[-500:]}")
    answer = json.loads(done.stdout)
    if "error" in answer:
        raise damaged(path, f"HDF5 says: {answer['error']}")
    return answer


class _Packed:
    """The compressed or otherwise packed tensors of a file, unpacked all at once when one is asked for."""

    def __init__(self, path: Path, rows: Mapping[str, tuple[tuple[int, ...], np.dtype]]):
        self.path, self.rows = path, rows
        self.sizes = {name: math.prod(shape) * dtype.itemsize for name, (shape, dtype) in rows.items()}
        self.starts = dict(zip(rows, accumulate(self.sizes.values(), initial=0), strict=False))
        self.folder: TemporaryFolder | None = None
        self.lock = Lock()

    def chunks(self, name: str, into: np.ndarray | None) -> Iterator[np.ndarray]:
        """See source.Chunks."""
        with self.lock:
            if self.folder is None:
                self.folder = self._unpacked()
        yield from file_chunks(self.folder.path / "tensors", self.starts[name], self.sizes[name], into)

    def _unpacked(self) -> TemporaryFolder:
        folder, total = TemporaryFolder(), sum(self.sizes.values())
        if total > (free := shutil.disk_usage(folder.path).free):
            raise SlimzooError(
                f"{self.path} unpacks to {total:,} bytes, {folder.path.parent} has {free:,}: free some, or "
                "set TMPDIR to another folder"
            )
        tensors = [
            (name, dtype.name if dtype.kind == "V" else dtype.str) for name, (_, dtype) in self.rows.items()
        ]
        memory = 2 * max(self.sizes.values())
        target = os.fspath(folder.path / "tensors")
        _ask(self.path, "unpack", _SECONDS + total / _SPEED, memory, os.fspath(self.path), target, tensors)
        return folder


def texts(attributes: Mapping[str, Any], name: str) -> list[str] | None:
    """Returns the list of text `name`; a long one is stored as `name`0, `name`1 ... None: it is not there."""
    if name in attributes:
        parts = [attributes[name]]
    else:
        numbered = (attributes.get(f"{name}{i}") for i in range(len(attributes)))
        parts = list(takewhile(lambda part: part is not None, numbered))
    lists = [part if isinstance(part, list) else [part] for part in parts]
    return [text for part in lists for text in part] if parts else None
