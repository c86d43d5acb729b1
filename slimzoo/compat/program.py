"""Which modules are an old program's own: those in its folders, not the libraries that it uses."""

import os
import sys
import sysconfig
from collections.abc import Mapping
from importlib.machinery import NamespaceLoader, PathFinder
from pathlib import Path
from typing import Any

_LIBRARY_FOLDERS = ("site-packages", "dist-packages")
_PACKAGE = Path(__file__).resolve().parents[1]
_NOT_ITS_OWN = (
    *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib")),
    str(_PACKAGE),
    *(str(_PACKAGE.parent / name) for name in ("converters", "weights_manifest")),
)


class Program:
    """An old program: the folders whose modules are its own, and the file it starts from.

    Folders that the program puts on sys.path later are its own too.
    """

    def __init__(self, *folders: str, file: str | None = None):
        self._file = file
        self._folders = tuple(os.path.realpath(folder) for folder in folders)
        self._path_before = {*sys.path}
        self._known: dict[tuple[str, int], bool] = {}

    def folders(self) -> list[str]:
        """Returns the program's folders as they are now."""
        added = [os.path.realpath(folder) for folder in sys.path if folder not in self._path_before]
        return [*self._folders, *added]

    def wrote(self, module: Mapping[str, Any] | None) -> bool:
        """Says whether the module with these globals is the program's: one of its folders has it.

        An interactive session is a program without a file.
        """
        if module is None:
            return False
        file = module.get("__file__")
        if file is None or file == self._file:
            return file is not None or module.get("__name__") == "__main__"
        asked = (file, len(sys.path))
        if asked not in self._known:
            self._known[asked] = self._holds(os.path.realpath(file))
        return self._known[asked]

    def _holds(self, file: str) -> bool:
        if any(folder in Path(file).parts for folder in _LIBRARY_FOLDERS) or _below(file, _NOT_ITS_OWN):
            return False
        return _below(file, self.folders())

    def has_module(self, name: str) -> bool:
        """Says whether one of the program's folders has a top-level module `name`."""
        return has_code(name, self.folders())


def has_code(name: str, path: list[str] | None = None) -> bool:
    """Says whether `path` (sys.path if None) has a top-level module `name`; a folder of data is none."""
    spec = PathFinder.find_spec(name, path)
    if spec is None:
        return False
    if spec.loader is not None and not isinstance(spec.loader, NamespaceLoader):
        return True
    return any(next(Path(folder).glob("*.py"), None) for folder in spec.submodule_search_locations or ())


def _below(file: str, folders: Any) -> bool:
    return any(os.path.commonpath((file, folder)) == folder for folder in folders if os.path.isabs(folder))
