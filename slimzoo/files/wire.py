"""Protocol buffers as they lie in bytes: fields, and numbers of a varying length."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # wire types
_LONGEST = 10  # bytes of a varint
_CHUNK = 1 << 22  # bytes that are unpacked at a time


class Bytes(Protocol):
    """Bytes, or what is sliced like them."""

    def __len__(self) -> int: ...

    def __getitem__(self, span: slice, /) -> bytes: ...


class Field(NamedTuple):
    """One field of a protocol buffer; `value` is the number, or None for bytes at start:stop."""

    number: int
    wire: int
    value: int | None
    start: int
    stop: int


def fields(data: Bytes, start: int = 0, stop: int | None = None) -> Iterator[Field]:
    """Yields the top-level fields of the message at start:stop of `data`, reading no contents.

    Raises: ValueError: it is no such message, or it does not end at `stop`.
    """
    stop = len(data) if stop is None else stop
    while start < stop:
        key, start = varint(data, start, stop)
        number, wire = key >> 3, key & 7
        value: int | None = None
        if wire == VARINT:
            value, end = varint(data, start, stop)
        elif wire in (FIXED32, FIXED64):
            end = start + (4 if wire == FIXED32 else 8)
            value = int.from_bytes(data[start : min(end, stop)], "little")
        elif wire == BYTES:
            size, start = varint(data, start, stop)
            end = start + size
        else:
            raise ValueError(f"wire type {wire}")
        if end > stop or not number:
            raise ValueError("a field runs over the end")
        yield Field(number, wire, value, start, end)
        start = end


def varint(data: Bytes, start: int, stop: int | None = None) -> tuple[int, int]:
    """Returns the number stored at `start` and where it ends. Raises ValueError: it does not end."""
    limit = start + _LONGEST if stop is None else min(start + _LONGEST, stop)
    value = 0
    for shift, byte in enumerate(data[start:limit]):
        value |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, start + shift + 1
    raise ValueError("a number does not end")


def signed(value: int) -> int:
    """Returns the two's complement reading of a 64-bit `value`."""
    return value - (1 << 64) if value >> 63 else value


def varints(data: bytes) -> np.ndarray:
    """Returns all numbers of a packed field, int64 [n]. Raises ValueError: one does not end."""
    raw = np.frombuffer(data, np.uint8)
    parts = [np.zeros(0, np.int64)]
    while raw.size:
        size = _CHUNK - int(np.argmax(raw[:_CHUNK][::-1] < 0x80)) if raw.size > _CHUNK else raw.size
        parts.append(_unpacked(raw[:size]))
        raw = raw[size:]
    return np.concatenate(parts)


def _unpacked(raw: np.ndarray) -> np.ndarray:
    """Returns the numbers in `raw`, which ends with one of them."""
    ends = np.flatnonzero(raw < 0x80) + 1
    starts = np.concatenate(([0], ends[:-1]))
    if not ends.size or ends[-1] != raw.size or (ends - starts).max() > _LONGEST:
        raise ValueError("a number does not end")
    values = np.zeros(ends.size, np.uint64)
    for place in range((ends - starts).max()):
        more = starts + place < ends
        bits = raw[starts[more] + place] & np.uint8(0x7F)
        values[more] |= bits.astype(np.uint64) << np.uint64(7 * place)
    return values.view(np.int64)


def encode_varint(value: int) -> bytes:
    """Returns a non-negative `value` as a varint."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def encode_field(number: int, value: int | bytes) -> bytes:
    """Returns a field of a protocol buffer: a varint, or bytes with their length."""
    if isinstance(value, int):
        return encode_varint(number << 3 | VARINT) + encode_varint(value)
    return encode_varint(number << 3 | BYTES) + encode_varint(len(value)) + value
