"""What the module imp was, which Python 3.12 took out, on top of importlib."""

import importlib.machinery
import importlib.util
import os
import sys
import tokenize
from importlib import reload
from importlib.util import cache_from_source, source_from_cache
from types import ModuleType
from typing import Any

SEARCH_ERROR, PY_SOURCE, PY_COMPILED, C_EXTENSION = 0, 1, 2, 3
PKG_DIRECTORY, C_BUILTIN, PY_FROZEN = 5, 6, 7
_LOADERS: tuple[tuple[Any, int], ...] = (
    (importlib.machinery.SourceFileLoader, PY_SOURCE),
    (importlib.machinery.SourcelessFileLoader, PY_COMPILED),
    (importlib.machinery.ExtensionFileLoader, C_EXTENSION),
)
Description = tuple[str, str, int]


class NullImporter:
    """Finds nothing."""

    def __init__(self, path: str):
        if os.path.isdir(path):
            raise ImportError("existing directory", path=path)

    def find_module(self, fullname: str) -> None:
        """Returns None."""


def new_module(name: str) -> ModuleType:
    """Returns an empty module."""
    return ModuleType(name)


def find_module(name: str, path: Any = None) -> tuple[Any, str | None, Description]:
    """Returns (open file, path, (suffix, mode, kind)) of a module; raises ImportError where there is none."""
    if path is None and is_builtin(name):
        return None, None, ("", "", C_BUILTIN)
    spec = importlib.machinery.PathFinder.find_spec(name, path)
    if spec is None or (spec.origin is None and not spec.submodule_search_locations):
        raise ImportError(f"No module named {name!r}", name=name)
    if spec.submodule_search_locations:
        return None, next(iter(spec.submodule_search_locations)), ("", "", PKG_DIRECTORY)
    file = str(spec.origin)
    kind = next((kind for loader, kind in _LOADERS if isinstance(spec.loader, loader)), PY_SOURCE)
    mode = "r" if kind == PY_SOURCE else "rb"
    opened = tokenize.open(file) if kind == PY_SOURCE else open(file, "rb")  # noqa: SIM115, the caller closes it
    return opened, file, (os.path.splitext(file)[1], mode, kind)


def load_module(name: str, file: Any, filename: str | None, details: Description) -> ModuleType:
    """Returns the module that find_module found, run."""
    kind = details[2]
    if kind == C_BUILTIN:
        return importlib.import_module(name)
    path = os.path.join(str(filename), "__init__.py") if kind == PKG_DIRECTORY else str(filename)
    return _load(name, path)


def load_source(name: str, pathname: str, file: Any = None) -> ModuleType:
    """Returns the Python file `pathname` as the module `name`, which sys.modules has from then on."""
    return _load(name, pathname)


def load_package(name: str, path: str) -> ModuleType:
    """Returns the folder `path` as the package `name`."""
    return _load(name, os.path.join(path, "__init__.py"))


load_compiled = load_dynamic = load_source


def _load(name: str, path: str) -> ModuleType:
    spec = _program_spec(name, path) or importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        spec = importlib.util.spec_from_loader(name, importlib.machinery.SourceFileLoader(name, path))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return sys.modules[name]


def _program_spec(name: str, path: str) -> Any:
    """Returns a spec of a finder that takes files by their path: Python 2's, in such a program."""
    for finder in sys.meta_path:
        if (spec_of := getattr(finder, "spec_of_file", None)) is not None:
            return spec_of(name, path)
    return None


def get_suffixes() -> list[Description]:
    """Returns (suffix, mode, kind) of all kinds of modules."""
    kinds = (
        (importlib.machinery.EXTENSION_SUFFIXES, "rb", C_EXTENSION),
        (importlib.machinery.SOURCE_SUFFIXES, "r", PY_SOURCE),
        (importlib.machinery.BYTECODE_SUFFIXES, "rb", PY_COMPILED),
    )
    return [(suffix, mode, kind) for suffixes, mode, kind in kinds for suffix in suffixes]


def get_magic() -> bytes:
    """Returns the number of this Python's bytecode."""
    return importlib.util.MAGIC_NUMBER


def get_tag() -> str | None:
    """Returns the tag of this Python's bytecode."""
    return sys.implementation.cache_tag


def is_builtin(name: str) -> int:
    """Returns 1 for a module that is part of the interpreter."""
    return int(name in sys.builtin_module_names)


def is_frozen(name: str) -> bool:
    """Says whether a module is frozen into the interpreter."""
    return importlib.machinery.FrozenImporter.find_spec(name) is not None


def lock_held() -> bool:
    """Returns False: each module has a lock of its own today."""
    return False


def acquire_lock() -> None:
    """Does nothing: each module has a lock of its own today."""


release_lock = acquire_lock
__all__ = ["cache_from_source", "reload", "source_from_cache"]
