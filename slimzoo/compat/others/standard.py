"""Small functions that Python's own library took out."""

import html
import inspect
import math
import os
import re
import shutil
from collections import namedtuple
from functools import total_ordering
from typing import Any

ArgSpec = namedtuple("ArgSpec", "args varargs keywords defaults")
_TRUE = ("y", "yes", "t", "true", "on", "1")
_FALSE = ("n", "no", "f", "false", "off", "0")


def getargspec(func: Any) -> ArgSpec:
    """Returns the parameters of a function; those that only stand behind * are refused, as ever."""
    found = inspect.getfullargspec(func)
    if found.kwonlyargs or found.annotations:
        raise ValueError(f"{func} has keyword-only parameters or annotations; use inspect.signature")
    return ArgSpec(found.args, found.varargs, found.varkw, found.defaults)


def getmoduleinfo(path: str) -> None:
    """Returns None: nothing tells a module from its name any more."""


def gcd(a: int, b: int) -> int:
    """Returns the greatest common divisor, with the sign of b as it had."""
    found = math.gcd(a, b)
    return -found if (b or a) < 0 else found


def escape(s: str, quote: bool = False) -> str:
    """Returns text for HTML."""
    return html.escape(s, quote=False).replace('"', "&quot;") if quote else html.escape(s, quote=False)


def strtobool(val: str) -> int:
    """Returns 1 for yes and 0 for no. Raises ValueError for other words."""
    word = val.lower()
    if word not in (*_TRUE, *_FALSE):
        raise ValueError(f"invalid truth value {val!r}")
    return int(word in _TRUE)


def mkpath(name: str, mode: int = 0o777, verbose: int = 1, dry_run: int = 0) -> list[str]:
    """Makes a folder and those above it."""
    made = [] if os.path.isdir(name) else [name]
    if not dry_run:
        os.makedirs(name, mode, exist_ok=True)
    return made


def copy_tree(src: str, dst: str, *args: Any, **kwargs: Any) -> list[str]:
    """Copies a folder into another one; returns the files."""
    shutil.copytree(src, dst, dirs_exist_ok=True)
    return [os.path.join(folder, name) for folder, _, names in os.walk(dst) for name in names]


def remove_tree(directory: str, verbose: int = 1, dry_run: int = 0) -> None:
    """Removes a folder and all in it."""
    if not dry_run:
        shutil.rmtree(directory)


def copy_file(src: str, dst: str, *args: Any, **kwargs: Any) -> tuple[str, int]:
    """Copies a file; returns its new name, and 1."""
    return shutil.copy2(src, dst), 1


def move_file(src: str, dst: str, *args: Any, **kwargs: Any) -> str:
    """Moves a file."""
    return shutil.move(src, dst)


@total_ordering
class LooseVersion:
    """A version as numbers and words, compared one after the other."""

    def __init__(self, vstring: str | None = None):
        self.vstring, self.version = "", []  # type: tuple[str, list[Any]]
        if vstring:
            self.parse(vstring)

    def parse(self, vstring: str) -> None:
        """Reads a version."""
        self.vstring = vstring
        parts = (part for part in re.split(r"(\d+|[a-z]+|\.)", vstring) if part and part != ".")
        self.version = [int(part) if part.isdigit() else part for part in parts]

    def __eq__(self, other: Any) -> bool:
        return self._key() == self._of(other)._key()

    def __lt__(self, other: Any) -> bool:
        return self._key() < self._of(other)._key()

    def __hash__(self) -> int:
        return hash(str(self.version))

    def _key(self) -> list[tuple[int, Any]]:
        return [(isinstance(part, str), part) for part in self.version]

    def _of(self, other: Any) -> "LooseVersion":
        return other if isinstance(other, LooseVersion) else type(self)(other)

    def __str__(self) -> str:
        return self.vstring

    def __repr__(self) -> str:
        return f"{type(self).__name__} ('{self}')"


class StrictVersion(LooseVersion):
    """A version of two or three numbers, with a1 or b1 behind them before its release."""

    def parse(self, vstring: str) -> None:
        """Reads a version. Raises ValueError: it is none of this form."""
        found = re.fullmatch(r"(\d+)\.(\d+)(?:\.(\d+))?(?:([ab])(\d+))?", vstring)
        if found is None:
            raise ValueError(f"invalid version number {vstring!r}")
        self.vstring = vstring
        numbers = [int(part or 0) for part in found.group(1, 2, 3)]
        self.version = [*numbers, found[4] or "z", int(found[5] or 0)]
