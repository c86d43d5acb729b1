"""`import` as an old program sees it. Everybody else's imports go on as before.

The program's own modules get faces of TensorFlow and NumPy (see libraries.py and contrib.py), and modules of
the old model repository where the program has none of its own.
"""

import builtins
import importlib
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

from slimzoo.compat import old_methods
from slimzoo.compat.faces import is_known, put_rows, resolve
from slimzoo.compat.finder import REPOSITORY_TOPS
from slimzoo.compat.libraries import LIBRARIES
from slimzoo.compat.others.rows import OLD_LIBRARIES
from slimzoo.compat.program import Program
from slimzoo.compat.py2.python_names import MODULES, PYTHON_2

_LIBRARY_TOPS = frozenset(name.partition(".")[0] for name in LIBRARIES)
_OTHER_TOPS = frozenset(name.partition(".")[0] for name in OLD_LIBRARIES)
_FACED = _LIBRARY_TOPS | _OTHER_TOPS | frozenset(PYTHON_2)
_TOPS = _LIBRARY_TOPS | _OTHER_TOPS | frozenset(REPOSITORY_TOPS)

Import = Callable[..., ModuleType]


def import_for(program: Program, ordinary: Import) -> Import:
    """Returns an `__import__` that serves `program` by the tables and everybody else by `ordinary`.

    A translated module, by its builtins, has the rows of Python 2's own modules too.
    """

    def old_import(
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        top = name.partition(".")[0]
        if level or not (top in _TOPS or top in _python_2(globals)) or not program.wrote(globals):
            return ordinary(name, globals, locals, fromlist, level)
        if top not in _LIBRARY_TOPS and program.has_module(top):
            return ordinary(name, globals, locals, fromlist, level)
        module = _import(name, fromlist or ())
        if top in old_methods.TOPS:
            old_methods.serve(program)
        return module

    return old_import


def hook(program: Program, py2: bool = False) -> Callable[[], None]:
    """Makes `import` follow the tables in the modules of `program`; returns what takes it back."""
    before = builtins.__import__
    builtins.__import__ = import_for(program, before)
    take_away = put_rows(PYTHON_2 if py2 else {})

    def unhook() -> None:
        builtins.__import__ = before
        take_away()
        old_methods.withdraw()

    return unhook


def _import(name: str, fromlist: Sequence[str]) -> ModuleType:
    """Does what `import name`, or `from name import fromlist`, asks for; raises ImportError as they do."""
    top = name.partition(".")[0]
    _check_installed(name, fromlist)
    module = _module(name)
    if not fromlist:
        return resolve(top)
    for wanted in fromlist:
        if wanted != "*" and not hasattr(module, wanted):
            _import_below(module, name, wanted)
    return module


def _python_2(globals: Mapping[str, Any] | None) -> frozenset[str]:
    """Returns the modules of Python 2 that the importing module sees."""
    names = (globals or {}).get("__builtins__")
    return names.get(MODULES, frozenset()) if isinstance(names, dict) else frozenset()


def _check_installed(name: str, fromlist: Sequence[str]) -> None:
    """Raises ImportError as ever where a library is not installed, unless all that is asked for is ours."""
    below = [OLD_LIBRARIES.get(f"{name}.{wanted}") for wanted in fromlist]
    if name not in OLD_LIBRARIES or (below and all(row is not None and not row.sources for row in below)):
        return
    for source in OLD_LIBRARIES[name].sources[:1]:
        importlib.import_module(source)


def _module(name: str) -> ModuleType:
    if is_known(name):
        return resolve(name)
    parent, _, last = name.rpartition(".")
    if name.partition(".")[0] in _FACED and not name.startswith("tensorflow.contrib"):
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            parent, _, last = (error.name or "").rpartition(".")
            if not parent or not f"{name}.".startswith(f"{error.name}."):
                raise
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
