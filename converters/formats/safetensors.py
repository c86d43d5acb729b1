"""The safetensors format: eight bytes of header size, a JSON header, then the tensors.

Ours and not the safetensors package, whose writer wants all arrays in memory at once; this one takes them one
by one, as they come from another file.
"""

from __future__ import annotations

import json
import math
import os
import struct
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

import numpy as np

from slimzoo.converters.formats.binary import MAX_TENSORS, FileBytes, damaged, file_chunks
from slimzoo.converters.formats.plain_json import parsed
from slimzoo.converters.formats.watch import Watch
from slimzoo.converters.source import Source, Tensor, stored_tensor, tensors_of
from slimzoo.errors import SlimzooError, shown
from slimzoo.files import atomic_write

MAX_HEADER = 100_000_000  # bytes, as in the reference implementation
_MAX_RANK = 64  # what NumPy can hold
_MAX_SIZE = 1 << 48  # of an axis, and of the file
_ALIGNMENT = 64  # of the first tensor in a file we write
_TYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U64": "uint64",
    "U32": "uint32",
    "U16": "uint16",
    "U8": "uint8",
    "BOOL": "bool",
}
_CODES = {name: code for code, name in _TYPES.items()}


def sniff(file: FileBytes) -> bool:
    """Says whether `file` begins with a size and a JSON object."""
    return len(file) > 8 and file[8:9] == b"{"


def read(path: Path) -> Source:
    """Opens `path`; the whole header is checked, so that every tensor lies in the file and none overlap.

    Raises: SlimzooError: the file is damaged, or made to be harmful.
    """
    with FileBytes(path) as file:
        (size,) = struct.unpack("<Q", file[0:8].ljust(8, b"\xff"))
        if size > MAX_HEADER:
            raise damaged(path, f"a header of {size} bytes; at most {MAX_HEADER} are allowed")
        if 8 + size > len(file):
            raise damaged(path, f"a header of {size} bytes in a file of {len(file)}")
        text, total = file[8 : 8 + size], len(file) - 8 - size
    try:
        header, metadata = _parsed(text)
        tensors = _tensors(path, header, total, 8 + size)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise damaged(path, f"its header is wrong: {error}") from error
    return Source("safetensors", path, tensors, metadata=metadata)


def _parsed(text: bytes) -> tuple[dict[str, dict], dict[str, str]]:
    """Returns the rows of the tensors and the metadata. Raises ValueError: it is no such header."""
    if not text.startswith(b"{"):
        raise ValueError("it does not begin with {")
    header = parsed(text, _without_duplicates)
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise ValueError("the metadata hold something that is no text")
    return header, metadata


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    rows = dict(pairs)
    if len(rows) < len(pairs):
        raise ValueError("a name stands in it twice")
    return rows


def _tensors(path: Path, header: Mapping[str, dict], total: int, start: int) -> dict[str, Tensor]:
    if len(header) > MAX_TENSORS:
        raise ValueError(f"{len(header):,} tensors; at most {MAX_TENSORS:,} are read")
    tensors, spans = {}, []
    for name, row in header.items():
        dtype, shape, begin, end = _described(name, row)
        spans.append((begin, end, name))
        tensors[name] = stored_tensor(shape, dtype, partial(file_chunks, path, start + begin, end - begin))
    _check_spans(sorted(spans), total)
    return tensors


def _described(name: str, row: object) -> tuple[np.dtype, tuple[int, ...], int, int]:
    """Returns type, shape, begin and end of one tensor. Raises ValueError: its row is wrong."""
    if not isinstance(row, dict) or set(row) != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"{shown(name)} has not dtype, shape and data_offsets, and only these")
    if not isinstance(row["dtype"], str) or row["dtype"] not in _TYPES:
        raise ValueError(f"{shown(name)} has type {shown(row['dtype'])}; known are {', '.join(_TYPES)}")
    if not all(isinstance(row[key], list) for key in ("shape", "data_offsets")):
        raise ValueError(f"{shown(name)}: shape and data_offsets are lists of numbers")
    if len(row["shape"]) > _MAX_RANK or len(row["data_offsets"]) != 2:
        raise ValueError(f"{shown(name)} has {len(row['shape'])} axes and {len(row['data_offsets'])} offsets")
    dtype, shape, (begin, end) = _dtype(_TYPES[row["dtype"]]), tuple(row["shape"]), row["data_offsets"]
    if not all(type(number) is int and 0 <= number < _MAX_SIZE for number in (*shape, begin, end)):
        raise ValueError(f"{shown(name)} has shape {shown(shape)} at {shown(begin)}:{shown(end)}")
    if math.prod(shape) * dtype.itemsize != end - begin:
        raise ValueError(f"{shown(name)} of shape {shown(shape)} and type {dtype} in {end - begin} bytes")
    return dtype, shape, begin, end


def _check_spans(spans: Iterable[tuple[int, int, str]], total: int) -> None:
    """Raises ValueError unless `spans`, in order, fill all `total` bytes without gap or overlap."""
    position = 0
    for begin, end, name in spans:
        if begin != position:
            raise ValueError(f"{shown(name)} begins at {begin}, the tensor before ends at {position}")
        position = end
    if position != total:
        raise ValueError(f"the tensors take {position} bytes, the file has {total} for them")


def _dtype(name: str) -> np.dtype:
    if name == "bfloat16":
        import ml_dtypes

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(name).newbyteorder("<")


def write(
    path: Path,
    arrays: Source,
    watch: Watch,
    overwrite: bool = False,
    metadata: Mapping[str, str] | None = None,
) -> list[Path]:
    """Writes `arrays` to `path`, tensor by tensor; the largest is what it takes in memory.

    Raises: SlimzooError, FileExistsError: see slimzoo.files.atomic_write. TypeError: metadata are no text.
    """
    order = sorted(arrays, key=lambda name: (-arrays.tensors[name].dtype.itemsize, name))
    header = _header(arrays, order, metadata or {})
    with atomic_write(path, overwrite) as temporary, open(temporary, "wb") as file:
        watch.write(file, np.frombuffer(header, np.uint8))
        for name in order:
            for part in arrays.tensors[name].parts():
                watch.write(file, part)
    return [path]


def _header(arrays: Source, order: list[str], metadata: Mapping[str, str]) -> bytes:
    rows: dict[str, object] = {}
    if metadata:
        if wrong := [key for key, value in metadata.items() if not isinstance(value, str)]:
            raise TypeError(f"metadata must be text; these are not: {', '.join(wrong)}. Use json.dumps")
        rows["__metadata__"] = dict(metadata)
    position = 0
    dtypes, shapes = arrays.dtypes, arrays.shapes
    for name in order:
        if dtypes[name].name not in _CODES or name == "__metadata__":
            raise SlimzooError(f"safetensors cannot hold {name!r} of type {dtypes[name]}")
        end = position + math.prod(shapes[name]) * dtypes[name].itemsize
        rows[name] = {
            "dtype": _CODES[dtypes[name].name],
            "shape": list(shapes[name]),
            "data_offsets": [position, end],
        }
        position = end
    text = json.dumps(rows, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-(len(text) + 8) % _ALIGNMENT)
    return struct.pack("<Q", len(text)) + text


def write_safetensors(
    path: str | os.PathLike,
    items: Source | Mapping[str, np.ndarray] | Iterable[tuple[str, np.ndarray]],
    metadata: Mapping[str, str] | None = None,
    overwrite: bool = False,
) -> str:
    """Writes arrays as safetensors, tensor by tensor.

    Args:
      items: {name: array}, a Source, or (name, array) pairs.
      metadata: text by key.
    Returns: the file's sha256.
    """
    path, watch = Path(path), Watch()
    arrays = items if isinstance(items, Source) else Source("memory", path, tensors_of(dict(items)))
    write(path, arrays, watch, overwrite, metadata)
    return watch.sha256
