"""print as it was. Of the statement: print(..., end=" ") is how a translated one ends in a comma."""

import atexit
import sys
from typing import Any

from slimzoo.compat.py2.runtime import shown

_WAITING: dict[int, Any] = {}  # files whose last print ended in a comma: the next begins with a space


def say(*values: Any, end: str = "\n", file: Any = None) -> None:
    """Writes `values` as Python 2's print does: a comma's space comes only where something follows it."""
    stream = sys.stdout if file is None else file
    waiting = _WAITING.pop(id(stream), None) is not None
    for value in values:
        written = shown(value)
        stream.write(" " + written if waiting else written)
        waiting = not written[-1:].isspace() or written.endswith(" ")
    if end == "\n":
        stream.write("\n")
    elif waiting:
        if not _WAITING:
            atexit.register(_end_lines)
        _WAITING[id(stream)] = stream


def say_with(*values: Any, **options: Any) -> None:
    """Does what print of __future__ did: the function, with Python 2's text of each value."""
    print(*map(shown, values), **options)


def _end_lines() -> None:
    """Ends the line that a comma left open, as Python 2 does when it ends."""
    stream = _WAITING.pop(id(sys.stdout), None)
    if stream is not None:
        stream.write("\n")
