"""NumPy's `.npy`: its header, and the dicts of arrays that caffe-tensorflow pickled into such files.

numpy.load would have to unpickle those: see pickles.py.
"""

from __future__ import annotations

import math
import re
import tokenize
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

import numpy as np

from slimzoo.converters.formats.binary import FileBytes, check_total, damaged
from slimzoo.converters.formats.pickles import Pairs, Span, leaves, refusal, unpickle
from slimzoo.converters.source import Source, Tensor, as_bytes, empty
from slimzoo.errors import SlimzooError, shown

_MAGIC = b"\x93NUMPY"
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
_NUMBERS = re.compile(r"[<>|=]?[biufc](1|2|4|8|16)|[?]")
_MAX_RANK = 64  # what NumPy can hold
_MAX_CODE = 32  # characters of the code of a type, as "<f4"
_PAIR = ("weights", "biases")  # what a list of two arrays means where the second is a vector
_ADVICE = (
    "Where you trust it, load it with numpy.load(path, allow_pickle=True) and save its arrays by numpy.savez"
)


def sniff(file: FileBytes) -> bool:
    """Says whether `file` is an array of NumPy's."""
    return file[0:6] == _MAGIC


def header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Reads the head of an array and returns its shape, whether it is in Fortran order, and its dtype.

    Raises: ValueError: there is none, or it is wrong.
    """
    try:
        shape, fortran, dtype = _HEADERS[np.lib.format.read_magic(file)](file)
    except (KeyError, TypeError, SyntaxError, tokenize.TokenError, RecursionError, MemoryError) as error:
        raise ValueError(f"the head of an array is wrong: {shown(str(error), 300)}") from error
    if len(shape) > _MAX_RANK:
        raise ValueError(f"an array of {len(shape):,} axes")
    if min(shape, default=0) < 0 or any(type(size) is not int for size in shape) or dtype.subdtype:
        raise ValueError(f"an array of shape {shown(shape)} and type {shown(str(dtype))}")
    return shape, fortran, dtype


@dataclass(eq=False)
class _Type:
    """A numpy.dtype; `code` as in "<f4"."""

    code: str

    def set_state(self, state: object) -> None:
        order = state[1] if isinstance(state, tuple) and len(state) > 1 else ""
        if order not in ("<", ">", "|", "="):
            raise ValueError(f"byte order {shown(order)}")
        self.code = ("<" if order in "|=" else str(order)) + self.code.lstrip("<>|=")

    @property
    def dtype(self) -> np.dtype | None:
        """None where it is no type of numbers."""
        return np.dtype(self.code) if _NUMBERS.fullmatch(self.code) else None


@dataclass(eq=False)
class _Array:
    """A numpy.ndarray whose values, where they are many, were left in the file."""

    shape: tuple[int, ...] = ()
    type: _Type | None = None
    fortran: bool = False
    data: object = b""

    def set_state(self, state: object) -> None:
        if not isinstance(state, tuple) or len(state) != 5:
            raise ValueError("an array without shape, type and values")
        _, shape, kind, fortran, self.data = state
        if not isinstance(shape, tuple) or not isinstance(kind, _Type) or len(shape) > 32:
            raise ValueError("an array without shape and type")
        if not all(type(size) is int and 0 <= size < 1 << 48 for size in shape):
            raise ValueError(f"an array of shape {shown(shape)}")
        self.shape, self.type, self.fortran = shape, kind, bool(fortran)


def _type(arguments: tuple) -> _Type:
    if not isinstance(arguments[0], str) or len(arguments[0]) > _MAX_CODE:
        raise ValueError("a type without a name")
    return _Type(arguments[0])


def _from_buffer(arguments: tuple) -> _Array:
    data, kind, shape, order = arguments
    array = _Array()
    array.set_state((1, shape, kind, order == "F", data))
    return array


def _encoded(arguments: tuple) -> object:
    """What `_codecs.encode(text, "latin1")` is; long text stays in the file, in UTF-8."""
    text, encoding = arguments
    if encoding not in ("latin1", "latin-1"):
        raise ValueError(f"encoding {shown(encoding)}")
    return _Utf8(text) if isinstance(text, Span) else text.encode("latin-1")


def _no_bytes(arguments: tuple) -> bytes:
    """What protocol 2 has for b""."""
    if arguments:
        raise ValueError("bytes of something")
    return b""


@dataclass(frozen=True)
class _Utf8:
    """Bytes whose values stand as characters in the file."""

    span: Span


def _known() -> dict[str, object]:
    builders = {
        "multiarray._reconstruct": lambda arguments: _Array(),
        "multiarray.scalar": lambda arguments: None,
        "numeric._frombuffer": _from_buffer,
    }
    renamed = {f"numpy.{c}.{name}": made for name, made in builders.items() for c in ("core", "_core")}
    ordered = lambda arguments: Pairs([(k, v) for k, v in (arguments or ((),))[0]])  # noqa: E731
    return renamed | {
        "numpy.ndarray": "the class",
        "numpy.dtype": _type,
        "_codecs.encode": _encoded,
        "__builtin__.bytes": _no_bytes,
        "collections.OrderedDict": ordered,
    }


_KNOWN = _known()


def read(path: Path) -> Source:
    """Opens the dict of arrays that was pickled into `path`, as {"conv1/weights": ...}.

    Of a list of arrays each has its number as a name; of weights and a vector: weights and biases.
    Raises: SlimzooError: it holds one plain array, it is damaged, or asks for more than arrays.
    """
    with FileBytes(path) as file:
        try:
            start = _check_header(path)
            found = unpickle(file, start, len(file), _KNOWN)
            if found.refused:
                raise refusal(path, found.refused, _ADVICE)
            ends = leaves(_root(found.value), "/", _inside)
            arrays = {name: value for name, value in ends.items() if isinstance(value, _Array)}
            tensors = {name: t for name, value in arrays.items() if (t := _tensor(path, value))}
        except (ValueError, TypeError, RecursionError) as error:
            if isinstance(error, SlimzooError):
                raise
            raise damaged(path, str(error)) from error
        check_total(path, len(file), tensors)
    if not tensors:
        raise SlimzooError(f"{path} holds no arrays of numbers by name")
    return Source("npy", path, tensors, skipped=[name for name in ends if name not in tensors])


def _check_header(path: Path) -> int:
    """Returns where the pickle starts. Raises SlimzooError: it is an array of numbers, which has no name."""
    with open(path, "rb") as file:
        shape, _, dtype = header(file)
        start = file.tell()
    if not dtype.hasobject:
        raise SlimzooError(
            f"{path} is one array, {dtype} of shape {list(shape)}, without a name; weights are many. "
            "Save a dict of them with numpy.savez('weights.npz', **arrays)"
        )
    if math.prod(shape) != 1:
        raise SlimzooError(f"{path} is an array of {math.prod(shape)} Python objects; one dict is read")
    return start


def _root(value: object) -> Pairs:
    """Returns the dict in the array that numpy.save puts around it."""
    if isinstance(value, _Array) and isinstance(value.data, list) and len(value.data) == 1:
        value = value.data[0]
    if not isinstance(value, Pairs):
        raise ValueError("what was pickled is no dict of arrays")
    return value


def _inside(value: object) -> Iterable[tuple[object, object]] | None:
    if isinstance(value, Pairs):
        return value.items
    return zip(_names(value), value, strict=True) if isinstance(value, list | tuple) else None


def _names(values: list | tuple) -> Iterable[str]:
    arrays = [value for value in values[:3] if isinstance(value, _Array)]
    if len(values) == len(arrays) == 2 and len(arrays[0].shape) > 1 and len(arrays[1].shape) == 1:
        return _PAIR
    return map(str, range(len(values)))


def _tensor(path: Path, array: _Array) -> Tensor | None:
    """Returns an array as a tensor, or None where it is not of numbers."""
    dtype = array.type.dtype if array.type else None
    if dtype is None:
        return None
    size, data = math.prod(array.shape) * dtype.itemsize, array.data
    if isinstance(data, str):
        data = data.encode("latin-1")
    if isinstance(data, Span | bytes):
        held = data.stop - data.start if isinstance(data, Span) else len(data)
        if held != size:
            raise ValueError(f"an array of shape {array.shape} and type {dtype} in {held} bytes")
    elif not isinstance(data, _Utf8) or not size <= data.span.stop - data.span.start <= 2 * size:
        raise ValueError(f"an array of shape {array.shape} without values")
    load = partial(_load, path, data, array.shape, dtype, array.fortran)
    return Tensor(array.shape, dtype.newbyteorder("<"), load)


def _load(
    path: Path, data: bytes | Span | _Utf8, shape: tuple[int, ...], dtype: np.dtype, fortran: bool
) -> np.ndarray:
    stored = empty(shape[::-1] if fortran else shape, dtype)
    if isinstance(data, Span):
        with FileBytes(path) as file:
            file.readinto(data.start, stored)
    else:
        raw = data if isinstance(data, bytes) else _decoded(path, data.span)
        if len(raw) != stored.nbytes:
            raise damaged(path, f"an array of shape {shape} and type {dtype} in {len(raw)} bytes")
        as_bytes(stored)[:] = np.frombuffer(raw, np.uint8)
    if not fortran and dtype == dtype.newbyteorder("<"):
        return stored
    array = empty(shape, dtype.newbyteorder("<"))
    array[...] = stored.T if fortran else stored
    return array


def _decoded(path: Path, span: Span) -> bytes:
    with FileBytes(path) as file:
        try:
            return file[span.start : span.stop].decode().encode("latin-1")
        except ValueError as error:
            raise damaged(path, "the values of an array are no bytes") from error
