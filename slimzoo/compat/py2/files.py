"""open() as it was: text and bytes are one, and lines end where the file says so."""

import io
from typing import Any

from slimzoo.compat.py2.data import Reader


class _Bytes(io.BufferedWriter):
    """A file for bytes that takes text as well."""

    def write(self, data: Any) -> int:
        """Writes bytes, or text as UTF-8."""
        return super().write(data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data)

    def writelines(self, lines: Any) -> None:
        """Writes each."""
        for line in lines:
            self.write(line)


class _Text(io.TextIOWrapper):
    """A file for text that takes bytes as well, and is read with next() and read() in turn."""

    def write(self, data: Any) -> Any:
        """Writes text, or bytes as they are."""
        if isinstance(data, str):
            return super().write(data)
        self.flush()
        return self.buffer.write(data)

    def writelines(self, lines: Any) -> None:
        """Writes each."""
        for line in lines:
            self.write(line)


def open_file(name: Any, mode: str = "r", buffering: int = -1) -> Any:
    """Returns the file opened as Python 2's open() does.

    Text is UTF-8, and what is none comes back as it was when it is written again; with "b", reading gives
    bytes and writing takes both.
    """
    if "b" in mode:
        if "+" in mode:
            return open(name, mode.replace("U", ""))
        if "w" not in mode and "a" not in mode:
            return Reader(io.FileIO(name, "r"))
        return _Bytes(io.FileIO(name, mode.replace("b", "")))
    universal = "U" in mode
    plain = mode.replace("U", "").replace("t", "") or "r"
    if "r" not in plain and "w" not in plain and "a" not in plain:
        plain = f"r{plain}"
    raw: Any = open(name, f"{plain}b")  # noqa: SIM115, the program closes it
    newline = None if universal else "\n"
    wrapped: Any = _Text(
        raw, encoding="utf-8", errors="surrogateescape", newline=newline, line_buffering=buffering == 1
    )
    wrapped.mode = plain
    return wrapped
