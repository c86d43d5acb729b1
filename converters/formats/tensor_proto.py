"""TensorFlow's TensorProto and its relatives, read without TensorFlow: types, shapes, slices, values.

Not by the protobuf package: its messages hold whole tensors in memory, and the classes are TensorFlow's.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from slimzoo.converters.budget import Budget
from slimzoo.converters.formats.binary import FileBytes
from slimzoo.converters.source import as_bytes, empty
from slimzoo.errors import shown
from slimzoo.files.wire import BYTES, Bytes, encode_field, fields, signed, varints

_TYPES = {  # number in TensorFlow's DataType: NumPy's name
    1: "float32",
    2: "float64",
    3: "int32",
    4: "uint8",
    5: "int16",
    6: "int8",
    8: "complex64",
    9: "int64",
    10: "bool",
    14: "bfloat16",
    17: "uint16",
    18: "complex128",
    19: "float16",
    22: "uint32",
    23: "uint64",
}
_RAW_FIELDS = {4, 5, 6, 9, 12}  # bytes as they are in memory
_NUMBER_FIELDS = {7, 10, 11, 13, 16, 17}  # varints
_BITS_FIELD = 13  # half_val: the 16 bits of a float16 or bfloat16
MAX_BYTES = 1 << 40
MAX_CUTS = 8  # axes along which a tensor is cut; partitioners of TensorFlow cut along one
_MAX_RANK = 254  # as in TensorFlow
_MAX_CORNERS = 1 << 19  # of all slices of a tensor: a second's work
_CORNER = 32  # bytes that one counts for


class TensorField(NamedTuple):
    """A TensorProto whose values have not been read; they are field `number` at data[start:stop]."""

    type: int
    shape: tuple[int, ...]
    number: int
    start: int
    stop: int


Extents = tuple[tuple[int, int | None], ...]  # (start, length) by axis; length None: the whole axis


def dtype_of(number: int) -> np.dtype | None:
    """Returns the NumPy dtype of DataType `number`, or None for what is no array of numbers."""
    if _TYPES.get(number) == "bfloat16":
        import ml_dtypes

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(_TYPES[number]).newbyteorder("<") if number in _TYPES else None


def type_number(dtype: np.dtype) -> int:
    """Returns the DataType number of `dtype`. Raises ValueError: there is none."""
    for number, name in _TYPES.items():
        if name == dtype.name:
            return number
    raise ValueError(f"TensorFlow has no type for {dtype}; it has {', '.join(_TYPES.values())}")


def parse_shape(data: Bytes, start: int, stop: int) -> tuple[int, ...]:
    """Returns the sizes in a TensorShapeProto."""
    shape: list[int] = []
    for dim in fields(data, start, stop):
        if dim.number == 2:
            if len(shape) == _MAX_RANK:
                raise ValueError(f"a shape of more than {_MAX_RANK} axes")
            sizes = [signed(f.value or 0) for f in fields(data, dim.start, dim.stop) if f.number == 1]
            shape.append(sizes[0] if sizes else 0)
    if min(shape, default=0) < 0 or math.prod(shape) > MAX_BYTES:
        raise ValueError(f"shape {shown(shape)}")
    return tuple(shape)


def encode_shape(shape: Iterable[int]) -> bytes:
    """Returns a TensorShapeProto."""
    return b"".join(encode_field(2, encode_field(1, size)) for size in shape)


def parse_slice(data: Bytes, start: int, stop: int) -> Extents:
    """Returns the extents in a TensorSliceProto."""
    extents: list[tuple[int, int | None]] = []
    for extent in fields(data, start, stop):
        values = {f.number: signed(f.value or 0) for f in fields(data, extent.start, extent.stop)}
        extents.append((values.get(1, 0), values.get(2)))
    return tuple(extents)


def slice_shape(extents: Extents, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Returns the shape of a slice of a tensor of `shape`. Raises ValueError: it lies outside."""
    sizes = tuple(
        size if length is None else length for (_, length), size in zip(extents, shape, strict=True)
    )
    for (start, _), size, whole in zip(extents, sizes, shape, strict=True):
        if start < 0 or size < 0 or start + size > whole:
            raise ValueError(f"a slice {shown(extents)} does not fit {shown(shape)}")
    return sizes


def assemble(
    shape: tuple[int, ...], dtype: np.dtype, pieces: list[tuple[Extents, Callable[[], np.ndarray]]]
) -> np.ndarray:
    """Returns the whole of a tensor stored in slices."""
    if len(pieces) == 1:
        return pieces[0][1]().reshape(shape)
    whole = empty(shape, dtype)
    for extents, load in pieces:
        sizes = slice_shape(extents, shape)
        where = tuple(slice(start, start + size) for (start, _), size in zip(extents, sizes, strict=True))
        whole[where] = load()
    return whole


def check_cover(name: str, shape: tuple[int, ...], slices: Iterable[Extents], budget: Budget) -> None:
    """Raises ValueError if `slices` are not `shape` cut up: elements lie outside, in no slice or in two.

    Args:
      budget: of the file; what comparing costs is taken off.
    """
    found = list(slices)
    sizes = [slice_shape(extents, shape) for extents in found]
    held = sum(map(math.prod, sizes))
    if held != math.prod(shape):
        raise ValueError(f"the slices of {name} hold {held} elements, its shape {shape} more or fewer")
    cut = [axis for axis, size in enumerate(shape) if any(box[axis] != size for box in sizes)]
    if len(cut) > MAX_CUTS:
        raise ValueError(f"{name} is cut along {len(cut)} axes; {MAX_CUTS} at most are read")
    if len(found) << len(cut) > _MAX_CORNERS:
        raise ValueError(f"{name} is cut into {len(found):,} slices along {len(cut)} axes")
    budget.spend((len(name) + (_CORNER << len(cut))) * len(found), "slices of its tensors")
    corners: Counter = Counter()
    for extents, box in zip(found, sizes, strict=True):
        _add_corners(corners, [(extents[axis][0], box[axis]) for axis in cut], 1)
    _add_corners(corners, [(0, shape[axis]) for axis in cut], -1)
    if held and any(corners.values()):
        raise ValueError(f"slices of {name} overlap, so others of its shape {shape} are missing")


def _add_corners(corners: Counter, box: list[tuple[int, int]], sign: int) -> None:
    """Adds `sign` at the corners of `box`, with another sign at every other one.

    Boxes fill another one, each element once, if and only if their corners add up to its corners.
    """
    if not all(size for _, size in box):
        return
    for ends in itertools.product((0, 1), repeat=len(box)):
        corner = tuple(start + end * size for (start, size), end in zip(box, ends, strict=True))
        corners[corner] += -sign if sum(ends) % 2 else sign


def describe(data: Bytes, start: int, stop: int) -> TensorField:
    """Returns what a TensorProto holds and where, without reading its values."""
    kind, values = 0, (0, 0, 0)
    shape: tuple[int, ...] = ()
    for f in fields(data, start, stop):
        if f.number == 1:
            kind = f.value or 0
        elif f.number == 2 and f.wire == BYTES:
            shape = parse_shape(data, f.start, f.stop)
        elif f.number in _RAW_FIELDS | _NUMBER_FIELDS and f.stop > f.start:
            if values[0]:
                raise ValueError("a tensor stores its values in two places")
            values = (f.number, f.start, f.stop)
    return TensorField(kind, shape, *values)


def is_raw(field: TensorField, dtype: np.dtype) -> bool:
    """Says whether the values of `field` stand there as in memory, every one of them."""
    size = math.prod(field.shape) * dtype.itemsize
    return (field.number in _RAW_FIELDS and field.stop - field.start == size) or size == 0 == field.number


def decode(field: TensorField, data: FileBytes | bytes, dtype: np.dtype, repeat: bool) -> np.ndarray:
    """Returns the values of `field`, found in `data`, as an array of field.shape.

    Args:
      repeat: fewer values than elements are allowed, the last one then stands for the rest (graph constants).
    Raises: ValueError: there are too few values, or too many.
    """
    array = empty(field.shape, dtype)
    if is_raw(field, dtype):
        _copy(data, field.start, as_bytes(array))
        return array
    values = _few_values(field, data, dtype)
    if values.size != array.size and not (repeat and values.size < array.size):
        raise ValueError(f"{values.size} values stored for shape {field.shape}")
    flat = array.reshape(-1)
    flat[: values.size] = values
    flat[values.size :] = values[-1] if values.size else 0
    return array


def _few_values(field: TensorField, data: FileBytes | bytes, dtype: np.dtype) -> np.ndarray:
    memory = np.empty(field.stop - field.start, np.uint8)
    _copy(data, field.start, memory)
    if field.number in _RAW_FIELDS:
        if memory.size % dtype.itemsize:
            raise ValueError(f"{memory.size} bytes are no whole number of {dtype} values")
        return memory.view(dtype)
    numbers = varints(memory.tobytes() if field.number else b"")
    if field.number == _BITS_FIELD:
        return (numbers & 0xFFFF).astype(np.uint16).view(dtype)
    return numbers.astype(dtype)


def _copy(data: FileBytes | bytes, start: int, memory: np.ndarray) -> None:
    if isinstance(data, FileBytes):
        data.readinto(start, memory)
    else:
        memory[:] = np.frombuffer(data, np.uint8, memory.size, start)
