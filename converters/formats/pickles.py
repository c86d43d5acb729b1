"""Pickles read as data: a machine of a few dozen operations that builds plain values and runs nothing.

Python's own unpickler imports and calls what a file names. This one knows only the builders it is given,
which are ours; any other name is noted and stands for a value of which nothing can be made.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

from slimzoo.converters.formats.binary import FileBytes
from slimzoo.errors import SlimzooError, listing, shown

MAX_OPERATIONS = 1_000_000  # a thousand tensors take about 40,000; what a call is given counts too
_LONG = 1 << 12  # bytes; longer strings stay in the file
_MAX_LINE = 1 << 10
_MAX_DEPTH = 5  # of dicts in dicts
_MAX_VISITS = 60_000
_MAX_NAME = 256  # characters of a key
_MAX_NAMES = 8 << 20  # characters of all names: a key stands in those of everything beneath it

Builder = Callable[[tuple], object]


class Span(NamedTuple):
    """A long string of bytes that was left in the file."""

    start: int
    stop: int


@dataclass(eq=False)
class Pairs:
    """A dict: its keys may be anything, and none of them is hashed."""

    items: list[tuple[object, object]] = field(default_factory=list)

    def set_state(self, state: object) -> None:
        """Attributes of a dict, such as a state dict's versions, say nothing of its tensors."""


@dataclass(frozen=True, eq=False)
class Refused:
    """What an unknown name, or a call of it, would have been."""

    name: str


@dataclass(eq=False)
class Unpickled:
    """What a pickle holds.

    Attributes:
      stop: where in the data it ends.
      refused: the names it asks for that are not known, in order.
    """

    value: object
    stop: int
    refused: tuple[str, ...]


def refusal(path: object, names: tuple[str, ...], advice: str) -> SlimzooError:
    """Returns the error for a pickle that asks for `names`."""
    head = f"{path} asks Python for more than tensors; nothing of it was run, and it is not read. It names:"
    return SlimzooError(f"{listing(head, [shown(name) for name in names])}\n{advice}")


def unpickle(
    data: FileBytes | bytes,
    start: int,
    stop: int,
    known: Mapping[str, object],
    persistent: Callable[[Any], object] | None = None,
) -> Unpickled:
    """Reads the pickle at data[start:stop]; it may end before `stop`.

    Args:
      known: "module.name": a value, or a Builder of the value that a call of it has. A value with a method
        `set_state` takes what the pickle adds to it.
      persistent: makes the value that a persistent id stands for.
    Raises: ValueError: it is no pickle, or does what none of weights does.
    """
    machine = _Machine(data, start, stop, known, persistent)
    try:
        value = machine.run()
    except (IndexError, KeyError, TypeError, AttributeError, struct.error, OverflowError) as error:
        reason = f"{type(error).__name__} {shown(str(error))}"
        raise ValueError(f"its pickle is wrong at byte {machine.position}: {reason}") from error
    return Unpickled(value, machine.position, tuple(dict.fromkeys(machine.refused)))


def leaves(
    root: object, separator: str, inside: Callable[[object], Iterable[tuple[object, object]] | None]
) -> dict[str, object]:
    """Returns what stands at the ends of dicts in dicts, by the keys that lead there.

    Args:
      inside: the keys and values in a value; None: it is an end.
    Raises: ValueError: there are too many, or two of one name.
    """
    found: dict[str, object] = {}
    waiting: list[tuple[str, object, int]] = [("", root, 0)]
    seen = characters = 0
    while waiting:
        name, value, depth = waiting.pop()
        inner = inside(value) if depth < _MAX_DEPTH else None
        if inner is None:
            if found.setdefault(name, value) is not value:
                raise ValueError(f"the name {name!r} stands in it twice")
            continue
        before = f"{name}{separator}" if name else ""
        entries = list(islice(inner, _MAX_VISITS))
        seen += len(entries)
        if seen >= _MAX_VISITS:
            raise ValueError(f"it holds more than {_MAX_VISITS:,} names")
        characters += len(before) * len(entries)
        if characters > _MAX_NAMES:
            raise ValueError(f"its names have more than {_MAX_NAMES:,} characters")
        waiting += [(before + key_text(key), entry, depth + 1) for key, entry in reversed(entries)]
    return found


def key_text(key: object) -> str:
    """Returns a key of a dict as a part of a name. Raises ValueError: it is neither text nor a number."""
    if type(key) is int and abs(key) < 1 << 63:
        return str(key)
    if not isinstance(key, str) or len(key) > _MAX_NAME:
        raise ValueError(f"a key of a dict is no text of up to {_MAX_NAME} characters")
    return key


def _items(value: object) -> int:
    """Returns how much a builder may have to copy of `value`: what is in it, and in what that holds."""
    inner = value if isinstance(value, tuple | list) else (value,)
    return len(inner) + sum(
        len(part.items if isinstance(part, Pairs) else part)
        for part in inner
        if isinstance(part, tuple | list | Pairs)
    )


class _Machine:
    """A stack, marks on it, and a memo."""

    def __init__(
        self,
        data: FileBytes | bytes,
        start: int,
        stop: int,
        known: Mapping[str, object],
        persistent: Callable[[Any], object] | None,
    ):
        self.data, self.position, self.stop = data, start, stop
        self.known, self.persistent = known, persistent
        self.stack: list = []
        self.marks: list[int] = []
        self.memo: dict[int, object] = {}
        self.refused: list[str] = []
        self.work = 0

    def run(self) -> object:
        while True:
            self.charge(1)
            code = self.take(1)
            if code == b".":
                return self.stack.pop()
            if code not in _OPERATIONS:
                raise ValueError(f"operation {code!r} of its pickle is not one that weights need")
            _OPERATIONS[code](self)

    def charge(self, work: int) -> None:
        self.work += work
        if self.work > MAX_OPERATIONS:
            raise ValueError(f"its pickle takes more than {MAX_OPERATIONS:,} operations")

    def take(self, size: int) -> bytes:
        end = self.position + size
        if end > self.stop:
            raise ValueError("its pickle does not end")
        part = self.data[self.position : end]
        self.position = end
        return part

    def number(self, kind: str) -> int:
        return struct.unpack(f"<{kind}", self.take(struct.calcsize(f"<{kind}")))[0]

    def string(self, kind: str) -> bytes | Span:
        """Returns the string whose length, of type `kind`, comes first."""
        size = self.number(kind)
        if size < 0 or self.position + size > self.stop:
            raise ValueError("a string in its pickle is longer than the file")
        if size <= _LONG:
            return self.take(size)
        self.position += size
        return Span(self.position - size, self.position)

    def text(self, kind: str, encoding: str = "utf-8") -> str | Span:
        found = self.string(kind)
        return found if isinstance(found, Span) else found.decode(encoding, "surrogatepass")

    def line(self) -> str:
        head = self.data[self.position : min(self.position + _MAX_LINE, self.stop)]
        line, end, _ = head.partition(b"\n")
        if not end:
            raise ValueError("a name in its pickle does not end")
        self.position += len(line) + 1
        return line.decode()

    def marked(self) -> list:
        """Takes everything above the last mark off the stack."""
        at = self.marks.pop()
        if at > len(self.stack):
            raise ValueError("a mark in its pickle is lost")
        values = self.stack[at:]
        del self.stack[at:]
        return values

    def name(self, name: str) -> None:
        if name not in self.known:
            self.refused.append(name)
        self.stack.append(self.known.get(name) or Refused(name))

    def call(self) -> None:
        arguments, function = self.stack.pop(), self.stack.pop()
        if isinstance(function, Refused):
            self.stack.append(function)
        elif callable(function) and isinstance(arguments, tuple):
            self.charge(_items(arguments))
            self.stack.append(function(arguments))
        else:
            raise ValueError("its pickle calls what is no function")

    def build(self) -> None:
        state = self.stack.pop()
        if not isinstance(self.stack[-1], Refused):
            self.charge(_items(state))
            self.stack[-1].set_state(state)

    def persist(self) -> None:
        if self.persistent is None:
            raise ValueError("its pickle refers to something outside it")
        self.stack.append(self.persistent(self.stack.pop()))

    def extend(self, values: list) -> None:
        target = self.stack[-1]
        if isinstance(target, list):
            target.extend(values)
        elif not isinstance(target, Refused):
            raise ValueError("its pickle adds to what is no list")

    def set_items(self, values: list) -> None:
        target = self.stack[-1]
        if isinstance(target, Pairs):
            target.items.extend(zip(values[::2], values[1::2], strict=True))
        elif not isinstance(target, Refused):
            raise ValueError("its pickle adds to what is no dict")

    def last(self, count: int) -> list:
        if count > len(self.stack):
            raise ValueError("its pickle takes more than there is")
        values = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        return values

    def push(self, value: object) -> None:
        self.stack.append(value)

    def remember(self, key: int) -> None:
        self.memo[key] = self.stack[-1]

    def stack_name(self) -> None:
        module, name = self.last(2)
        if not (isinstance(module, str) and isinstance(name, str)):
            raise ValueError("a name in its pickle is no text")
        self.name(f"{module}.{name}")


_OPERATIONS: dict[bytes, Callable[[_Machine], object]] = {
    b"\x80": lambda m: m.take(1),  # the protocol
    b"\x95": lambda m: m.take(8),  # a frame: how much to read ahead
    b"N": lambda m: m.push(None),
    b"\x88": lambda m: m.push(True),
    b"\x89": lambda m: m.push(False),
    b"K": lambda m: m.push(m.number("B")),
    b"M": lambda m: m.push(m.number("H")),
    b"J": lambda m: m.push(m.number("i")),
    b"G": lambda m: m.push(struct.unpack(">d", m.take(8))[0]),
    b"\x8a": lambda m: m.push(int.from_bytes(m.take(m.number("B")), "little", signed=True)),
    b"U": lambda m: m.push(m.text("B", "latin-1")),  # the strings of Python 2
    b"T": lambda m: m.push(m.text("i", "latin-1")),
    b"C": lambda m: m.push(m.string("B")),
    b"B": lambda m: m.push(m.string("I")),
    b"\x8e": lambda m: m.push(m.string("Q")),
    b"\x96": lambda m: m.push(m.string("Q")),
    b"\x8c": lambda m: m.push(m.text("B")),
    b"X": lambda m: m.push(m.text("I")),
    b"\x8d": lambda m: m.push(m.text("Q")),
    b"}": lambda m: m.push(Pairs()),
    b"]": lambda m: m.push([]),
    b"\x8f": lambda m: m.push([]),  # a set
    b")": lambda m: m.push(()),
    b"(": lambda m: m.marks.append(len(m.stack)),
    b"t": lambda m: m.push(tuple(m.marked())),
    b"\x91": lambda m: m.push(m.marked()),  # a frozenset
    b"\x85": lambda m: m.push(tuple(m.last(1))),
    b"\x86": lambda m: m.push(tuple(m.last(2))),
    b"\x87": lambda m: m.push(tuple(m.last(3))),
    b"0": lambda m: m.stack.pop(),
    b"1": lambda m: m.marked(),
    b"2": lambda m: m.push(m.stack[-1]),
    b"a": lambda m: m.extend(m.last(1)),
    b"e": lambda m: m.extend(m.marked()),
    b"\x90": lambda m: m.extend(m.marked()),
    b"s": lambda m: m.set_items(m.last(2)),
    b"u": lambda m: m.set_items(m.marked()),
    b"q": lambda m: m.remember(m.number("B")),
    b"r": lambda m: m.remember(m.number("I")),
    b"\x94": lambda m: m.remember(len(m.memo)),
    b"h": lambda m: m.push(m.memo[m.number("B")]),
    b"j": lambda m: m.push(m.memo[m.number("I")]),
    b"c": lambda m: m.name(f"{m.line()}.{m.line()}"),
    b"\x93": lambda m: m.stack_name(),
    b"R": lambda m: m.call(),
    b"\x81": lambda m: m.call(),  # a new object of a class
    b"b": lambda m: m.build(),
    b"Q": lambda m: m.persist(),
}
