"""The one meta-path finder that serves old module names to `import`."""

import importlib.machinery
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from types import ModuleType

from slimzoo.compat.faces import is_known, resolve
from slimzoo.compat.program import has_code

PEER = "tf_slim"
REPOSITORY_TOPS = ("nets", "preprocessing", "datasets", "deployment", "research")


class _Loader(Loader):
    """Puts the module of ours in the place of the new, empty one."""

    def exec_module(self, module: ModuleType) -> None:
        sys.modules[module.__name__] = resolve(module.__name__)


class Finder(MetaPathFinder):
    """Finds tf_slim, even where one is installed, and the old model repository's modules where none is."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Returns a spec for an old module; None for any other."""
        del path, target
        top = fullname.partition(".")[0]
        if top != PEER and (top not in REPOSITORY_TOPS or has_code(top) or not is_known(fullname)):
            return None
        return importlib.machinery.ModuleSpec(fullname, _Loader(), is_package=True)


FINDER = Finder()


def serve() -> None:
    """Makes old modules importable by their names."""
    if FINDER not in sys.meta_path:
        sys.meta_path.insert(0, FINDER)


def withdraw() -> None:
    """Takes `serve` back, with the modules that it made."""
    if FINDER in sys.meta_path:
        sys.meta_path.remove(FINDER)
    made = [name for name, module in sys.modules.items() if _is_ours(name, module)]
    for name in made:
        del sys.modules[name]


def _is_ours(name: str, module: ModuleType) -> bool:
    top = name.partition(".")[0]
    return top in (PEER, *REPOSITORY_TOPS) and is_known(name) and resolve(name) is module
