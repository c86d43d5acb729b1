"""tf.train.Example without TensorFlow: named lists of bytes, integers or floats in one record."""

import struct
from collections.abc import Iterable, Mapping, Sequence

from slimzoo.data.signatures import MARKS
from slimzoo.files.wire import BYTES, Field, encode_field, fields, signed, varints

IMAGE = "image/encoded"
_BYTES, _FLOATS, _INTEGERS = 1, 2, 3  # kinds of lists
Span = tuple[int, int]  # where bytes begin and end in the record
Value = Sequence[bytes] | Sequence[int] | Sequence[float]


class Features:
    """The features of one record; none of their contents is copied before it is asked for.

    Raises: ValueError: the record is no tf.train.Example.
    """

    def __init__(self, record: bytes):
        self._record = record
        self._lists: dict[str, tuple[int, list[Field]]] = {}
        for features in _inside(record, 0, len(record), 1):
            for entry in _inside(record, features.start, features.stop, 1):
                self._take(entry)

    def _take(self, entry: Field) -> None:
        parts = {part.number: part for part in fields(self._record, entry.start, entry.stop)}
        if 1 not in parts or parts[1].wire != BYTES:
            raise ValueError("a feature has no name")
        name = self._record[parts[1].start : parts[1].stop].decode("utf-8", "backslashreplace")
        self._lists[name] = (0, [])
        if 2 in parts:
            for kind in fields(self._record, parts[2].start, parts[2].stop):
                self._lists[name] = kind.number, [*fields(self._record, kind.start, kind.stop)]

    def __contains__(self, name: str) -> bool:
        return name in self._lists

    def spans(self, name: str) -> list[Span]:
        """Returns where the bytes of a feature are, none if it has none."""
        kind, found = self._lists.get(name, (0, []))
        return [(value.start, value.stop) for value in found] if kind == _BYTES else []

    def texts(self, name: str) -> list[str]:
        """Returns bytes as text; what is no UTF-8 stands as \\xe9."""
        return [self._record[a:b].decode("utf-8", "backslashreplace") for a, b in self.spans(name)]

    def other_than_integers(self, name: str) -> str:
        """Returns what a feature holds in their place, "text" or "floats", "" where it does not."""
        kind, found = self._lists.get(name, (0, []))
        return {_BYTES: "text", _FLOATS: "floats"}.get(kind, "") if found else ""

    def integers(self, name: str) -> list[int]:
        """Returns the integers of a feature, none if it has none."""
        kind, found = self._lists.get(name, (0, []))
        values: list[int] = []
        for value in found if kind == _INTEGERS else ():
            packed = value.wire == BYTES
            raw = self._record[value.start : value.stop] if packed else b""
            values += [int(n) for n in varints(raw)] if packed else [signed(value.value or 0)]
        return values

    def floats(self, name: str) -> list[float]:
        """Returns the floats of a feature, none if it has none."""
        kind, found = self._lists.get(name, (0, []))
        values: list[float] = []
        for value in found if kind == _FLOATS else ():
            width = (value.stop - value.start) // 4 * 4
            values += struct.unpack_from(f"<{width // 4}f", self._record, value.start)
        return values

    def image(self, name: str = IMAGE) -> Span | None:
        """Returns where the image is: in the feature `name`, or the only one that begins like an image."""
        if named := self.spans(name):
            return named[0]
        firsts = [self.spans(other)[0] for other in self._lists if self.spans(other)]
        likely = [span for span in firsts if self._record[span[0] : span[0] + 8].startswith(MARKS)]
        return likely[0] if len(likely) == 1 else None


def encode(features: Mapping[str, Value]) -> bytes:
    """Returns the record with these features; a list is of bytes, integers or floats by its first item."""
    entries = (
        encode_field(1, name.encode()) + encode_field(2, _encoded_list(values))
        for name, values in features.items()
    )
    return encode_field(1, b"".join(encode_field(1, entry) for entry in entries))


def _encoded_list(values: Value) -> bytes:
    if not values:
        return b""
    if isinstance(values[0], bytes):
        return encode_field(_BYTES, b"".join(encode_field(1, v) for v in values if isinstance(v, bytes)))
    if isinstance(values[0], float):
        return encode_field(_FLOATS, encode_field(1, struct.pack(f"<{len(values)}f", *values)))
    whole = (encode_field(1, int(value) & (1 << 64) - 1) for value in values)
    return encode_field(_INTEGERS, b"".join(whole))


def _inside(record: bytes, start: int, stop: int, number: int) -> Iterable[Field]:
    """Yields the messages that the fields `number` are."""
    for field in fields(record, start, stop):
        if field.number == number:
            if field.wire != BYTES:
                raise ValueError("it is no tf.train.Example")
            yield field
