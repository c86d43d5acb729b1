"""Modules of a Python 2 program: found, translated and run; nothing is written."""

import __future__

import ast
import builtins
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType
from typing import Any

from slimzoo.compat.program import Program
from slimzoo.compat.py2 import names, syntax
from slimzoo.compat.py2.translation import Translation, compiled, translate

Import = Callable[..., ModuleType]


class Loader(SourceFileLoader):
    """Loads a module of the program; no .pyc is read or written."""

    def get_code(self, fullname: str) -> CodeType:
        """Returns the code of the module, translated."""
        return self._translation(fullname).code

    def exec_module(self, module: ModuleType) -> None:
        """Runs the module with Python 2's builtins."""
        translation = self._translation(module.__name__)
        prepare(module, translation)
        exec(translation.code, vars(module))

    def _translation(self, fullname: str) -> Translation:
        path = self.get_filename(fullname)
        return tell(translate(self.get_data(path), path))


class Finder(MetaPathFinder):
    """Finds the modules that are the program's own, before anybody else does."""

    def __init__(self, program: Program):
        self._program = program

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Returns a spec for a module of the program that is Python source."""
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or not isinstance(spec.loader, SourceFileLoader) or spec.origin is None:
            return None
        if not self._program.wrote({"__file__": spec.origin, "__name__": fullname}):
            return None
        spec.loader = Loader(fullname, spec.origin)
        return spec

    def spec_of_file(self, name: str, path: str) -> ModuleSpec | None:
        """Returns a spec for the file `path` as the module `name`."""
        packages = [os.path.dirname(path)] if os.path.basename(path) == "__init__.py" else None
        return importlib.util.spec_from_file_location(
            name, path, loader=Loader(name, path), submodule_search_locations=packages
        )


def tell(translation: Translation) -> Translation:
    """Says on stderr what was translated."""
    if translation.kind != syntax.PYTHON_3:
        print(f"--py2: {translation.summary()}", file=sys.stderr)
    return translation


def prepare(module: ModuleType, translation: Translation) -> None:
    """Gives a module the builtins that its translation needs."""
    if translation.kind == syntax.PYTHON_3:
        return
    full = translation.kind == syntax.PYTHON_2
    vars(module)["__builtins__"] = names.builtins_for(full, translation.print_function, import_sibling, _RUN)


def import_sibling(
    name: str,
    globals: Mapping[str, Any] | None = None,
    locals: Mapping[str, Any] | None = None,
    fromlist: Sequence[str] | None = (),
    level: int = 0,
) -> ModuleType:
    """Does what `import` does, but looks beside the importing module first, as Python 2 did in a package."""
    known = globals or {}
    absolute = known.get("absolute_import") is __future__.absolute_import
    if not level and not absolute and _is_sibling(known, name.partition(".")[0]):
        level = 1
    return builtins.__import__(name, globals, locals, fromlist or (), level)


def _is_sibling(known: Mapping[str, Any], top: str) -> bool:
    package = known.get("__package__")
    if not package or package not in sys.modules:
        return False
    return importlib.util.find_spec(f".{top}", package) is not None


def _frame() -> Any:
    """Returns the frame of the program that calls one of the functions below."""
    frame = inspect.currentframe()
    assert frame is not None and frame.f_back is not None and frame.f_back.f_back is not None
    return frame.f_back.f_back


def run_text(code: Any, globals: Any = None, locals: Any = None) -> None:
    """Does what `exec` does with a text of Python 2."""
    frame = _frame()
    known = frame.f_globals if globals is None else globals
    known.setdefault("__builtins__", frame.f_builtins)
    exec(make_code(code), known, frame.f_locals if globals is None else locals)


def value_of(code: Any, globals: Any = None, locals: Any = None) -> Any:
    """Does what `eval` does with a text of Python 2."""
    frame = _frame()
    known = frame.f_globals if globals is None else globals
    known.setdefault("__builtins__", frame.f_builtins)
    made = make_code(code.strip(), "<string>", "eval") if isinstance(code, str) else code
    return eval(made, known, frame.f_locals if globals is None else locals)


def run_file(name: str, globals: Any = None, locals: Any = None) -> None:
    """Does what `execfile` did."""
    frame = _frame()
    known = frame.f_globals if globals is None else globals
    known.setdefault("__builtins__", frame.f_builtins)
    with open(name, "rb") as file:
        code = translate(file.read(), name).code
    exec(code, known, frame.f_locals if globals is None else locals)


def make_code(source: Any, filename: str = "<string>", mode: str = "exec", flags: int = 0, *rest: Any) -> Any:
    """Does what `compile` does with a text of Python 2."""
    if not isinstance(source, str | bytes):
        return source if isinstance(source, CodeType) else compile(source, filename, mode, flags, *rest)
    data = source if isinstance(source, bytes) else source.encode()
    try:
        if mode == "exec":
            return translate(data, filename).code
        after = syntax.read(data, filename).after
    except syntax.TranslationError as error:
        raise SyntaxError(str(error)) from None
    return compiled(ast.parse(after.strip(), mode=mode), filename, mode=mode)[0]


_RUN = {"exec": run_text, "eval": value_of, "execfile": run_file, "compile": make_code}
