"""FlatBuffers, walked by position: tables, vectors, texts; every position is checked against the file.

Not by the flatbuffers package, which checks no position, nor by TensorFlow Lite's interpreter: of 1,500
damaged copies of a small model, more than half ended its process.
"""

from __future__ import annotations

import struct

from slimzoo.converters.formats.binary import FileBytes

_MAX_TEXT = 4096  # bytes
_NUMBER = 32  # bytes that a number takes as an object of Python


class Table:
    """A table of the buffer `data` at `position`; its fields are known by their numbers.

    Raises: ValueError, from every method: a position lies outside the file.
    """

    def __init__(self, data: FileBytes, position: int):
        self.data, self.position = data, position
        self._layout = position - _number(data, position, "i")
        self._size = _number(data, self._layout, "H")
        if self._size < 4 or self._size % 2:
            raise ValueError(f"the table at byte {position} has no layout")

    def field(self, number: int) -> int | None:
        """Returns where field `number` stands, or None where it is left out."""
        at = 4 + 2 * number
        offset = _number(self.data, self._layout + at, "H") if at + 2 <= self._size else 0
        return self.position + offset if offset else None

    def target(self, number: int) -> int | None:
        """Returns where what field `number` points to stands."""
        field = self.field(number)
        return None if field is None else field + _number(self.data, field, "I")

    def number(self, number: int, kind: str, default: int = 0) -> int:
        """Returns the number of struct's type `kind` in a field."""
        field = self.field(number)
        return default if field is None else _number(self.data, field, kind)

    def vector(self, number: int, width: int) -> tuple[int, int]:
        """Returns where the elements of a vector start, each `width` bytes, and how many there are."""
        target = self.target(number)
        if target is None:
            return 0, 0
        count = _number(self.data, target, "I")
        if target + 4 + count * width > len(self.data):
            raise ValueError(f"a vector of {count} elements runs over the end")
        return target + 4, count

    def numbers(self, number: int, kind: str, limit: int) -> tuple:
        """Returns the up to `limit` numbers of a vector."""
        width = struct.calcsize(f"<{kind}")
        start, count = self.vector(number, width)
        if count > limit:
            raise ValueError(f"{count} numbers where at most {limit} can be")
        self.data.budget.spend(count * _NUMBER)
        return struct.unpack(f"<{count}{kind}", self.data[start : start + count * width])

    def text(self, number: int) -> str:
        """Returns the text of a field, "" where it is left out."""
        start, size = self.vector(number, 1)
        if size > _MAX_TEXT:
            raise ValueError(f"a name of {size} bytes")
        return self.data[start : start + size].decode()

    def table(self, number: int) -> Table | None:
        """Returns the table in a field, or None."""
        target = self.target(number)
        return None if target is None else Table(self.data, target)

    def tables(self, number: int, limit: int) -> list[Table]:
        """Returns the up to `limit` tables of a vector."""
        start, count = self.vector(number, 4)
        if count > limit:
            raise ValueError(f"{count} tables where at most {limit} are read")
        positions = range(start, start + 4 * count, 4)
        return [Table(self.data, at + _number(self.data, at, "I")) for at in positions]


def root(data: FileBytes) -> Table:
    """Returns the table that the buffer is for."""
    return Table(data, _number(data, 0, "I"))


def _number(data: FileBytes, position: int, kind: str) -> int:
    size = struct.calcsize(f"<{kind}")
    if position < 0 or position + size > len(data):
        raise ValueError(f"byte {position} lies outside the file")
    return struct.unpack(f"<{kind}", data[position : position + size])[0]
