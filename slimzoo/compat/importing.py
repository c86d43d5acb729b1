"""`import` as an old program sees it. Everybody else's imports go on as before.

The program's own modules get faces of TensorFlow and NumPy (see libraries.py and contrib.py), and modules of
the old model repository where the program has none of its own.
"""

import builtins
import importlib
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

from slimzoo.compat.faces import is_known, resolve
from slimzoo.compat.finder import REPOSITORY_TOPS
from slimzoo.compat.libraries import LIBRARIES
from slimzoo.compat.program import Program

_LIBRARY_TOPS = frozenset(name.partition(".")[0] for name in LIBRARIES)
_TOPS = _LIBRARY_TOPS | frozenset(REPOSITORY_TOPS)

Import = Callable[..., ModuleType]


def import_for(program: Program, ordinary: Import) -> Import:
    """Returns an `__import__` that serves `program` by the tables and everybody else by `ordinary`."""

    def old_import(
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        top = name.partition(".")[0]
        if level or top not in _TOPS or not program.wrote(globals):
            return ordinary(name, globals, locals, fromlist, level)
        if top in REPOSITORY_TOPS and program.has_module(top):
            return ordinary(name, globals, locals, fromlist, level)
        return _import(name, fromlist or ())

    return old_import


def hook(program: Program) -> Import:
    """Makes `import` follow the tables in the modules of `program`; returns the `__import__` before."""
    before = builtins.__import__
    builtins.__import__ = import_for(program, before)
    return before


def unhook(before: Import) -> None:
    """Takes `hook` back."""
    builtins.__import__ = before


def _import(name: str, fromlist: Sequence[str]) -> ModuleType:
    """Does what `import name`, or `from name import fromlist`, asks for; raises ImportError as they do."""
    top = name.partition(".")[0]
    module = _module(name)
    if not fromlist:
        return resolve(top)
    for wanted in fromlist:
        if wanted != "*" and not hasattr(module, wanted):
            _import_below(module, name, wanted)
    return module


def _module(name: str) -> ModuleType:
    if is_known(name):
        return resolve(name)
    parent, _, last = name.rpartition(".")
    if name.partition(".")[0] in _LIBRARY_TOPS and not name.startswith("tensorflow.contrib"):
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{name}.".startswith(f"{error.name}."):
                raise
            parent, _, last = error.name.rpartition(".")
    raise ImportError(_why_not(_module(parent), last), name=name)


def _import_below(module: ModuleType, name: str, wanted: str) -> None:
    try:
        importlib.import_module(f"{name}.{wanted}")
    except ModuleNotFoundError:
        raise ImportError(_why_not(module, wanted), name=name) from None


def _why_not(module: ModuleType, name: str) -> str:
    try:
        getattr(module, name)
    except AttributeError as error:
        return str(error)
    return f"{module.__name__}.{name} is no module"
