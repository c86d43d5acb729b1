"""Which modules are an old program's own: those in its folders, not the libraries that it uses."""

import os
import re
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from importlib.machinery import NamespaceLoader, PathFinder
from pathlib import Path
from typing import Any

_LIBRARY_FOLDERS = ("site-packages", "dist-packages")
_IMPORTS_TENSORFLOW = re.compile(rb"^\s*(?:import|from)\s+(?:tensorflow|tf_slim)\b", re.MULTILINE)
_PACKAGE = Path(__file__).resolve().parents[1]
_NOT_ITS_OWN = (
    *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib")),
    str(_PACKAGE),
    *(str(_PACKAGE.parent / name) for name in ("converters", "weights_manifest")),
)


class Program:
    """An old program: the folders whose modules are its own, and the file it starts from.

    Folders that the program puts on sys.path later are its own too. A folder in `shared`, PYTHONPATH's, is
    its own if the program lies in it. Of another one the modules that import TensorFlow are, and the packages
    in which one does; the others, and what pip put there, are libraries.
    """

    def __init__(self, *folders: str, file: str | None = None, shared: Iterable[str] = ()):
        self._file = file
        own = [os.path.realpath(folder) for folder in folders]
        others = [os.path.realpath(folder) for folder in shared]
        own += [folder for folder in others if any(_below(file, [folder]) for file in own)]
        self._folders, self._shared = own, [folder for folder in others if folder not in own]
        self._path_before = {*sys.path}
        self._known: dict[tuple[str, int], bool] = {}

    def folders(self) -> list[str]:
        """Returns the program's folders as they are now."""
        added = [os.path.realpath(folder) for folder in sys.path if folder not in self._path_before]
        return [*self._folders, *added, *self._shared]

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
            self._known[asked] = self._holds(file)
        return self._known[asked]

    def _holds(self, file: str) -> bool:
        """Says whether a folder has `file`, by the path it is imported from or the one that links lead to."""
        places = {os.path.abspath(file), os.path.realpath(file)}
        if any(_in_a_library_folder(place) or _below(place, _NOT_ITS_OWN) for place in places):
            return False
        own = [folder for folder in self.folders() if folder not in self._shared]
        return any(_below(place, own) or self._is_shared(place) for place in places)

    def _is_shared(self, file: str) -> bool:
        return any(_below(file, [folder]) and _uses_tensorflow(folder, file) for folder in self._shared)

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


def _in_a_library_folder(file: str) -> bool:
    return any(folder in Path(file).parts for folder in _LIBRARY_FOLDERS)


def _uses_tensorflow(folder: str, file: str) -> bool:
    """Says whether the top-level module or package that has `file` imports TensorFlow and is not pip's."""
    top = Path(folder, Path(file).relative_to(folder).parts[0])
    if _is_installed(folder, top.stem):
        return False
    sources = top.rglob("*.py") if top.is_dir() else [top]
    return any(_IMPORTS_TENSORFLOW.search(source.read_bytes()) for source in sources)


def _is_installed(folder: str, module: str) -> bool:
    """Says whether pip put the top-level `module` into `folder`, by its records there."""
    records = (record.read_text() for record in Path(folder).glob("*.dist-info/RECORD"))
    starts = (f"{module}/", f"{module}.")
    return any(line.startswith(starts) for record in records for line in record.splitlines())


def _below(file: str, folders: Any) -> bool:
    return any(os.path.commonpath((file, folder)) == folder for folder in folders if os.path.isabs(folder))
