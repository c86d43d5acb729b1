"""TensorFlow Lite models: their constant tensors by name, those of few bits as the numbers they mean."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from slimzoo.converters.formats import tflite_notes
from slimzoo.converters.formats.binary import FileBytes, check_total, damaged, file_chunks
from slimzoo.converters.formats.flatbuffer import Table, root
from slimzoo.converters.source import Source, Tensor, empty, stored_tensor
from slimzoo.errors import SlimzooError

_IDENTIFIER = b"TFL3"
_TYPES = {  # number in the schema: NumPy's name
    0: "float32",
    1: "float16",
    2: "int32",
    3: "uint8",
    7: "int16",
    9: "int8",
    10: "float64",
}
MAX_TABLES = 50_000
_MAX_RANK = 8
_MAX_CHANNELS = 1 << 20
_LAYOUT = "as in the file: convolutions [out, h, w, in], depthwise [1, h, w, out], matrices [out, in]"
_FOLDED = "batch normalisation, where there was any, is multiplied into the kernels"


@dataclass(frozen=True)
class _Scale:
    """value = scale * (stored - zero); one pair, or one for each index of `axis`."""

    scale: tuple[float, ...]
    zero: tuple[int, ...]
    axis: int


def sniff(file: FileBytes) -> bool:
    """Says whether `file` is a TensorFlow Lite model."""
    return file[4:8] == _IDENTIFIER


def read(path: Path) -> Source:
    """Opens the constants of the model `path`, in the layout that the file has them in.

    Raises: SlimzooError: the file is damaged, or holds no weights.
    """
    with FileBytes(path) as file:
        try:
            tensors, skipped, scaled = _tensors(path, root(file))
            size = _image_size(root(file)) | tflite_notes.read(root(file))
        except ValueError as error:
            if isinstance(error, SlimzooError):
                raise
            raise damaged(path, str(error)) from error
        check_total(path, len(file), tensors)
    if not tensors:
        raise SlimzooError(f"{path} is a TensorFlow Lite model that holds no weights of a type that is read")
    said = {"layout": _LAYOUT, "folded": _FOLDED} | size
    if scaled:
        said["dequantised"] = (
            f"{scaled} tensors: each value is within half a step of the one it was made from"
        )
    return Source("tflite", path, tensors, metadata=said, skipped=skipped)


def _tensors(path: Path, model: Table) -> tuple[dict[str, Tensor], list[str], int]:
    """Returns the weights, the names of other constants, and how many of the weights were quantised."""
    buffers = model.tables(4, MAX_TABLES)
    tensors: dict[str, Tensor] = {}
    skipped, scaled = [], 0
    for name, table in _named(model):
        if not _stored(name, table, buffers)[1]:
            continue  # computed when the model runs
        if tensor := constant(path, name, table, buffers):
            tensors[name] = tensor
            scaled += _is_whole(table)
        else:
            skipped.append(name)
    return tensors, skipped, scaled


def constant(path: Path, name: str, table: Table, buffers: list[Table]) -> Tensor | None:
    """Returns the numbers that a constant of the model means, None for what is no weight, or is computed.

    Raises: ValueError: it makes no sense.
    """
    span = _stored(name, table, buffers)
    dtype, scale = _TYPES.get(table.number(1, "b")), _scale(table.table(4))
    whole = _is_whole(table)
    if not span[1] or dtype is None or table.table(6) or (whole and not scale):
        return None
    return _tensor(path, name, table, np.dtype(dtype).newbyteorder("<"), span, scale, whole)


def _is_whole(table: Table) -> bool:
    return _TYPES.get(table.number(1, "b"), "").startswith(("int", "uint"))


def _stored(name: str, table: Table, buffers: list[Table]) -> tuple[int, int]:
    """Returns where the bytes of a tensor start and how many they are; none where it is computed."""
    buffer = table.number(2, "I")
    if buffer >= len(buffers):
        raise ValueError(f"{name} is in buffer {buffer} of {len(buffers)}")
    return _span(buffers[buffer])


def _image_size(model: Table) -> dict[str, str]:
    """Returns {"image_size": pixels} if the one input of the model is of square images."""
    graphs = model.tables(2, _MAX_RANK * 8)
    inputs: tuple = graphs[0].numbers(1, "i", MAX_TABLES) if graphs else ()
    if len(inputs) != 1:
        return {}
    tables = graphs[0].tables(0, MAX_TABLES)
    shape: tuple = tables[inputs[0]].numbers(0, "i", _MAX_RANK) if 0 <= inputs[0] < len(tables) else ()
    square = len(shape) == 4 and shape[1] == shape[2] and 1 < shape[1] < 1 << 16
    return {"image_size": str(shape[1])} if square else {}


def _named(model: Table) -> Iterator[tuple[str, Table]]:
    """Yields every tensor of every graph by a name that no other has."""
    seen: set[str] = set()
    for number, graph in enumerate(model.tables(2, _MAX_RANK * 8)):
        for index, table in enumerate(graph.tables(0, MAX_TABLES)):
            if len(seen) >= MAX_TABLES:
                raise ValueError(f"more than {MAX_TABLES:,} tensors")
            name = table.text(3) or f"tensor_{index}"
            if name in seen:
                name = f"{name}:{number}:{index}"
            seen.add(name)
            yield name, table


def _span(buffer: Table) -> tuple[int, int]:
    """Returns where the bytes of a buffer start and how many they are; large ones stand behind the tables."""
    start, size = buffer.number(1, "Q"), buffer.number(2, "Q")
    if start > 1:
        if start + size > len(buffer.data):
            raise ValueError(f"a buffer of {size} bytes runs over the end")
        return start, size
    return buffer.vector(0, 1)


def _scale(table: Table | None) -> _Scale | None:
    if table is None:
        return None
    scale = table.numbers(2, "f", _MAX_CHANNELS)
    zero = table.numbers(3, "q", _MAX_CHANNELS) or (0,) * len(scale)
    if len(zero) != len(scale):
        raise ValueError(f"{len(scale)} scales and {len(zero)} zero points")
    return _Scale(scale, zero, table.number(6, "i")) if scale else None


def _tensor(
    path: Path,
    name: str,
    table: Table,
    dtype: np.dtype,
    span: tuple[int, int],
    scale: _Scale | None,
    whole: bool,
) -> Tensor:
    shape = table.numbers(0, "i", _MAX_RANK)
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != span[1]:
        raise ValueError(f"{name} of shape {shape} and type {dtype} in {span[1]} bytes")
    stored = stored_tensor(shape, dtype, partial(file_chunks, path, *span))
    if not whole or scale is None:
        return stored
    count = shape[scale.axis] if 0 <= scale.axis < len(shape) else 0
    if len(scale.scale) not in (1, count):
        raise ValueError(f"{name} of shape {shape} has {len(scale.scale)} scales along axis {scale.axis}")
    return Tensor(shape, np.dtype("<f4"), partial(_dequantised, stored, scale))


def _dequantised(stored: Tensor, scale: _Scale) -> np.ndarray:
    wide = np.float32 if stored.dtype.itemsize < 4 else np.float64  # holds every stored number
    along = [1] * len(stored.shape)
    if len(scale.scale) > 1:
        along[scale.axis] = -1
    zeros, steps = (np.array(row, wide).reshape(along) for row in (scale.zero, scale.scale))
    array = empty(stored.shape, np.dtype("<f4"))
    values = stored.load()
    if wide is np.float32:
        np.subtract(values, zeros, out=array, dtype=wide)
        array *= steps
    else:
        array[...] = (values - zeros) * steps
    return array
