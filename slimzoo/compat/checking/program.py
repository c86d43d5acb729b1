"""The modules of a program: which of its imports are its own, and where a name comes from in the end."""

import ast
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from slimzoo.compat.checking import sources
from slimzoo.compat.checking.scopes import Alias, Imported, Scope, got_by_name, scopes

_DEEPEST = 60  # steps from a name to what it is: circles of aliases and imports end here


@dataclass(frozen=True)
class Own:
    """A file or a folder of the program, as a module."""

    path: str


@dataclass(eq=False)
class Module:
    """A file of the program and its scopes."""

    source: sources.Source
    scopes: dict[ast.AST, Scope]

    @property
    def scope(self) -> Scope | None:
        """The scope of the module itself; None where the file could not be read."""
        return None if self.source.tree is None else self.scopes[self.source.tree]


Found = list[str | Own]


class Program:
    """Files that belong together.

    Args:
      folders: where absolute imports of the program's own modules begin, beside each file's own folder.
    """

    def __init__(self, folders: Sequence[str] = ()):
        self._folders = list(folders)
        self._modules: dict[str, Module] = {}
        self._own: dict[tuple[str, int, str], Own | None] = {}

    def module(self, path: str) -> Module:
        """Returns the module that the file `path` is."""
        key = os.path.realpath(path)
        if key not in self._modules:
            source = sources.read(path)
            try:
                found = {} if source.tree is None else scopes(source.tree)
            except RecursionError:
                source.tree, found = None, {}
                source.problems.append(sources.Problem(1, "nested too deeply to be read"))
            self._modules[key] = Module(source, found)
        return self._modules[key]

    def own(self, imported: Imported, file: str) -> Own | None:
        """Returns the program's module that `imported.path` is for the file `file`; None if it has none."""
        here = os.path.dirname(os.path.abspath(file))
        asked = (imported.path, imported.level, here)
        if asked not in self._own:
            self._own[asked] = self._find_own(imported, here)
        return self._own[asked]

    def _find_own(self, imported: Imported, here: str) -> Own | None:
        parts = [part for part in imported.path.split(".") if part]
        if imported.level:
            for _ in range(imported.level - 1):
                here = os.path.dirname(here)
            return _descend(here, parts)
        for folder in dict.fromkeys([here, *self._folders]):
            if _descend(folder, parts[:1]) is not None:
                return _descend(folder, parts) or Own(os.path.join(folder, *parts))
        return None

    def imports(self, path: str) -> Iterator[str]:
        """Yields the program's own files that the file `path` imports anywhere in it."""
        for scope in self.module(path).scopes.values():
            for imported in [*(one for all_ in scope.bound.values() for one in all_), *scope.stars]:
                if isinstance(imported, Imported) and (found := self.own(imported, path)) is not None:
                    below = _descend(found.path, [imported.name]) if imported.name not in ("", "*") else None
                    yield from (_file(one.path) for one in (found, below) if one and _file(one.path))
        yield from self._dotted(path)

    def _dotted(self, path: str) -> Iterator[str]:
        """Yields what `import a.b.c` loads beside a."""
        tree = self.module(path).source.tree
        for node in ast.walk(tree) if tree is not None else ():
            if isinstance(node, ast.Import):
                for alias in node.names:
                    found = self.own(Imported(alias.name), path)
                    if found is not None and _file(found.path):
                        yield _file(found.path)

    def resolve(self, node: ast.expr, scope: Scope, file: str, depth: int = 0) -> Found:
        """Returns what a.b.c may be: dotted names, or modules of the program; [] where that is not known."""
        if depth > _DEEPEST:
            return []
        if isinstance(node, ast.Name):
            return self._named(node.id, scope, file, depth + 1)
        got = (node.value, node.attr) if isinstance(node, ast.Attribute) else got_by_name(node)
        if got is None:
            return []
        return self._member(self.resolve(got[0], scope, file, depth + 1), got[1], depth + 1)

    def _member(self, found: Found, name: str, depth: int) -> Found:
        out: Found = []
        for one in found:
            out += [f"{one}.{name}"] if isinstance(one, str) else self._of_own(one, name, depth)
        return out

    def _of_own(self, own: Own, name: str, depth: int) -> Found:
        """Returns what `name` is in a module of the program: another module, or what is bound to it."""
        file = _file(own.path)
        if file and (scope := self.module(file).scope) is not None:
            if scope.binds(name):
                return self._named(name, scope, file, depth + 1)
            if (below := _descend(own.path, [name])) is not None:
                return [below]
            return self._by_star(name, scope, file, depth + 1)
        below = _descend(own.path, [name])
        return [] if below is None else [below]

    def _named(self, name: str, scope: Scope, file: str, depth: int) -> Found:
        if depth > _DEEPEST:
            return []
        if (where := scope.lookup(name)) is None:
            return self._by_star(name, scope.module(), file, depth)
        out: Found = []
        for bound in where[1]:
            if isinstance(bound, Alias):
                found = self.resolve(bound.value, bound.scope, file, depth + 1)
            else:
                found = self.imported(bound, file, depth + 1)
            if not found:
                return []  # something else, perhaps
            out += found
        return out

    def imported(self, imported: Imported, file: str, depth: int = 0) -> Found:
        """Returns what an import binds its name to."""
        if depth > _DEEPEST:
            return []
        own = self.own(imported, file)
        if own is not None:
            below = _descend(own.path, [imported.name]) if imported.name else own
            if below is not None and (own is below or os.path.samefile(_file(own.path) or own.path, file)):
                return [below]  # `from . import module` in the package itself
            return self._of_own(own, imported.name, depth)
        if imported.level:
            return []
        return [f"{imported.path}.{imported.name}" if imported.name else imported.path]

    def _by_star(self, name: str, scope: Scope, file: str, depth: int) -> Found:
        """Returns what `name` may be where only `from x import *` can have brought it."""
        for star in scope.stars:
            own = self.own(star, file)
            if own is not None:
                found = self._of_own(own, name, depth + 1) if depth < _DEEPEST else []
            else:
                found = [f"{star.path}.{name}"] if not star.level and exports(star.path, name) else []
            if found:
                return found
        return []


def exports(path: str, name: str) -> bool:
    """Says whether `from path import *` of TensorFlow brings `name`."""
    from slimzoo.compat.checking.table import find

    verdict = find(f"{path}.{name}") if path.startswith(("tensorflow", "tf_slim")) else None
    return (
        verdict is not None
        and (verdict.state != "gone" or bool(verdict.instead))
        and not name.startswith("_")
    )


def _descend(folder: str, parts: Sequence[str]) -> Own | None:
    """Returns the module below `folder` that `parts` lead to."""
    path = folder
    for part in parts:
        path = os.path.join(path, part)
        if os.path.isdir(path) and (os.path.isfile(os.path.join(path, "__init__.py")) or _has_python(path)):
            continue
        if not os.path.isfile(path + ".py"):
            return None
        path += ".py"
    return Own(path)


def _has_python(folder: str) -> bool:
    try:
        return any(name.endswith(".py") or _is_package(folder, name) for name in os.listdir(folder))
    except OSError:
        return False


def _is_package(folder: str, name: str) -> bool:
    return os.path.isfile(os.path.join(folder, name, "__init__.py"))


def _file(path: str) -> str:
    """Returns the file that a module's code is in; "" for a folder that has none."""
    if path.endswith(".py"):
        return path if os.path.isfile(path) else ""
    init = os.path.join(path, "__init__.py")
    return init if os.path.isfile(init) else ""
