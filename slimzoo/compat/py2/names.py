"""The builtins of a translated module: Python 2's, and `import` and `class` as they were."""

import abc
import builtins
import functools
import inspect
import io
import itertools
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from slimzoo.compat.py2 import classes, files, printing, runtime
from slimzoo.compat.py2.meaning import RUNTIME
from slimzoo.compat.py2.python_names import GONE, MODULES, PYTHON_2


class basestring(metaclass=abc.ABCMeta):  # noqa: B024, only a register
    """What all texts are."""


class file(metaclass=abc.ABCMeta):  # noqa: B024, only a register
    """open(), and what all files are."""

    def __new__(cls, name: Any, mode: str = "r", buffering: int = -1) -> Any:
        """Returns open(name, mode)."""
        return files.open_file(name, mode, buffering)


basestring.register(str)
basestring.register(bytes)
file.register(io.IOBase)


def apply(function: Callable[..., Any], args: Any = (), kwargs: Mapping[str, Any] | None = None) -> Any:
    """Returns function(*args, **kwargs)."""
    return function(*args, **(kwargs or {}))


def coerce(left: Any, right: Any) -> tuple[Any, Any]:
    """Returns both numbers as of one type."""
    kind = type(left + right - right) if type(left) is not type(right) else type(left)
    return kind(left), kind(right)


def filtered(function: Callable[[Any], Any] | None, values: Any) -> Any:
    """Returns a list, or a text or tuple where `values` is one."""
    kept = [value for value in values if (function(value) if function is not None else value)]
    if isinstance(values, str):
        return "".join(kept)
    return tuple(kept) if isinstance(values, tuple) else kept


def mapped(function: Callable[..., Any] | None, *several: Any) -> list:
    """Returns a list; the shorter of several are filled up with None."""
    if len(several) == 1:
        return list(several[0]) if function is None else [function(value) for value in several[0]]
    rows = itertools.zip_longest(*several)
    return list(rows) if function is None else [function(*row) for row in rows]


def rounded(number: Any, ndigits: int = 0) -> Any:
    """Returns a float, a half rounded away from zero."""
    from decimal import ROUND_HALF_UP, Decimal

    if not isinstance(number, int | float) or number != number or number in (float("inf"), float("-inf")):
        return builtins.round(number, ndigits) if not isinstance(number, int | float) else float(number)
    place = Decimal(1).scaleb(-ndigits)
    exact = Decimal(number)
    return float(exact.quantize(place, ROUND_HALF_UP)) if abs(exact) < Decimal(10) ** 22 else float(number)


def octal(number: int) -> str:
    """Returns 010 for 8."""
    return "0" if not number else builtins.oct(number).replace("0o", "0")


def number_of(character: Any) -> int:
    """Returns ord(character); one byte of bytes is its number already."""
    return character if isinstance(character, int) else builtins.ord(character)


def least(*values: Any, key: Any = None) -> Any:
    """Returns min() by Python 2's order."""
    return _extreme(builtins.min, values, key)


def greatest(*values: Any, key: Any = None) -> Any:
    """Returns max() by Python 2's order."""
    return _extreme(builtins.max, values, key)


def _extreme(function: Callable[..., Any], values: tuple, key: Any) -> Any:
    several = list(values[0]) if len(values) == 1 else values
    try:
        return function(several, key=key)
    except TypeError as error:
        if "not supported between" not in str(error):
            raise
    by = functools.cmp_to_key(runtime.order)
    return function(several, key=by if key is None else lambda value: by(key(value)))


def reload(module: ModuleType) -> ModuleType:
    """Returns importlib.reload(module); sys, which programs reload for its setdefaultencoding, as it is."""
    import importlib

    return module if module.__name__ == "sys" else importlib.reload(module)


def from_keyboard(prompt: Any = "") -> Any:
    """Returns eval(raw_input())."""
    frame = inspect.currentframe()
    assert frame is not None and frame.f_back is not None
    return builtins.eval(builtins.input(prompt), frame.f_back.f_globals, frame.f_back.f_locals)


ADDED = {  # names that Python 3 does not have
    "apply": apply,
    "basestring": basestring,
    "buffer": memoryview,
    "cmp": runtime.order,
    "coerce": coerce,
    "file": file,
    "intern": sys.intern,
    "long": int,
    "raw_input": input,
    "reduce": functools.reduce,
    "reload": reload,
    "StandardError": Exception,
    "unichr": chr,
    "unicode": str,
    "xrange": range,
}
CHANGED = {  # names that mean another thing there
    "filter": filtered,
    "input": from_keyboard,
    "map": mapped,
    "max": greatest,
    "min": least,
    "oct": octal,
    "open": files.open_file,
    "ord": number_of,
    "range": lambda *limits: list(range(*limits)),
    "round": rounded,
    "sorted": runtime.in_order,
    "zip": lambda *several: list(zip(*several, strict=False)),
    "__build_class__": classes.build,
}


def builtins_for(
    full: bool, print_function: bool, imports: Any, running: Mapping[str, Any]
) -> dict[str, Any]:
    """Returns the builtins of a module.

    Args:
      full: those that mean another thing too, else only those that Python 3 does not have.
      print_function: the module has print of __future__.
      imports: `__import__` there.
      running: exec, eval, execfile and compile there.
    """
    made = {**vars(builtins), **ADDED, RUNTIME: runtime, "execfile": running["execfile"]}
    made[MODULES] = frozenset(PYTHON_2) if full else GONE
    if full:
        made.update(CHANGED, __import__=imports, **running)
    if full:
        made["print"] = printing.say_with if print_function else printing.say
    return made
