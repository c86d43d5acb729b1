"""What a file opened with "rb" gives: bytes that meet text as Python 2's str did."""

import io
from collections.abc import Iterator
from typing import Any

_ASKED = (  # methods that may be given text: then what is asked is the text
    *(
        "count",
        "endswith",
        "find",
        "index",
        "lstrip",
        "partition",
        "replace",
        "rfind",
        "rindex",
        "rpartition",
    ),
    *("rsplit", "rstrip", "split", "startswith", "strip"),
)


class Data(bytes):
    """Bytes: equal to their text, made of one-byte texts, and text as soon as text is added or asked for.

    Their text is UTF-8, or Latin-1 where they are no UTF-8.
    """

    def __str__(self) -> str:
        try:
            return self.decode("utf-8")
        except UnicodeDecodeError:
            return self.decode("latin-1")

    def __eq__(self, other: Any) -> bool:
        return str(self) == other if isinstance(other, str) else bytes.__eq__(self, other)

    def __ne__(self, other: Any) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(str(self))

    def __getitem__(self, key: Any) -> Any:
        found = bytes.__getitem__(self, key)
        return chr(found) if isinstance(found, int) else Data(found)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.decode("latin-1"))

    def __contains__(self, part: Any) -> bool:
        return part in str(self) if isinstance(part, str) else bytes.__contains__(self, part)

    def __add__(self, other: Any) -> Any:
        return str(self) + other if isinstance(other, str) else Data(bytes(self) + other)

    def __radd__(self, other: Any) -> Any:
        return other + str(self) if isinstance(other, str) else Data(other + bytes(self))

    def __mod__(self, values: Any) -> Any:
        return str(self) % values

    def join(self, parts: Any) -> Any:
        """Joins texts, or bytes."""
        parts = list(parts)
        if any(isinstance(part, str) for part in parts):
            return str(self).join(str(part) for part in parts)
        return Data(bytes.join(self, parts))


def _asking(name: str) -> Any:
    def method(self: Data, *args: Any) -> Any:
        texts = any(isinstance(arg, str) or _has_text(arg) for arg in args)
        return getattr(str(self), name)(*args) if texts else _as_data(getattr(bytes, name)(self, *args))

    return method


def _has_text(value: Any) -> bool:
    return isinstance(value, tuple) and any(isinstance(part, str) for part in value)


def _as_data(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return type(value)(map(_as_data, value))
    return Data(value) if type(value) is bytes else value


for _name in _ASKED:
    setattr(Data, _name, _asking(_name))
for _name in ("splitlines", "lower", "upper", "title", "ljust", "rjust", "center", "zfill"):
    setattr(Data, _name, _asking(_name))


class Reader(io.BufferedReader):
    """A file for bytes, which come as Data."""

    def read(self, *size: Any) -> Any:
        """Returns the bytes that are left, or `size` of them."""
        return Data(super().read(*size))

    def readline(self, *size: Any) -> Any:
        """Returns a line."""
        return Data(super().readline(*size))

    def readlines(self, *hint: Any) -> Any:
        """Returns the lines."""
        return [Data(line) for line in super().readlines(*hint)]

    def __next__(self) -> Any:
        return Data(super().__next__())
