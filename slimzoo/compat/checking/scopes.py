"""Names of a file, by scope: what each is bound to, as far as imports and plain assignments say it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeGuard

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_NESTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


@dataclass(frozen=True)
class Imported:
    """`import path`, or `from path import name`: level is the number of dots before the path."""

    path: str
    name: str = ""
    level: int = 0


@dataclass(frozen=True, eq=False)
class Alias:
    """`x = tf.contrib.slim`: the expression, to be read in its scope."""

    value: ast.expr
    scope: "Scope"


@dataclass(eq=False)
class Scope:
    """A module, class or function. A name that is bound to anything else, too, is in `other`."""

    node: ast.AST
    parent: "Scope | None" = None
    bound: dict[str, list[Imported | Alias]] = field(default_factory=dict)
    other: set[str] = field(default_factory=set)
    stars: list[Imported] = field(default_factory=list)
    shared: set[str] = field(default_factory=set)  # by `global`

    def lookup(self, name: str) -> tuple["Scope", list[Imported | Alias]] | None:
        """Returns the scope that binds `name` and what to; None if none does."""
        scope: Scope | None = self
        while scope is not None:
            if scope.binds(name) and (scope is self or not isinstance(scope.node, ast.ClassDef)):
                return scope, [] if name in scope.other else scope.bound[name]
            scope = scope.parent
        return None

    def binds(self, name: str) -> bool:
        """Says whether this scope itself binds `name`."""
        return name in self.bound or name in self.other

    def module(self) -> "Scope":
        """Returns the outermost scope."""
        return self if self.parent is None else self.parent.module()


def scopes(tree: ast.Module) -> dict[ast.AST, Scope]:
    """Returns every scope of a file by its node, the module's own with them."""
    out: dict[ast.AST, Scope] = {}
    waiting: list[tuple[ast.AST, Scope | None]] = [(tree, None)]
    while waiting:
        node, parent = waiting.pop()
        scope = out[node] = Scope(node, parent)
        for inner in _fill(scope):
            waiting.append((inner, scope))
    return out


def children(node: ast.AST) -> Iterator[ast.AST]:
    """Yields what runs in the scope of `node` itself, right below it: of a function's signature, nothing."""
    if isinstance(node, ast.Lambda):
        yield node.body
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield from node.body
    else:
        yield from ast.iter_child_nodes(node)


def outside(node: ast.AST) -> Iterator[ast.AST]:
    """Yields the parts of a function or class that run in the scope around it."""
    for name, value in ast.iter_fields(node):
        if name != "body":
            yield from (
                part for part in (value if isinstance(value, list) else [value]) if isinstance(part, ast.AST)
            )


def _fill(scope: Scope) -> Iterator[ast.AST]:
    """Notes what `scope` binds; yields the scopes inside."""
    if isinstance(scope.node, Function):
        scope.other.update(argument.arg for argument in _arguments(scope.node.args))
    waiting = list(children(scope.node))
    while waiting:
        node = waiting.pop()
        if isinstance(node, _NESTED):
            if not isinstance(node, ast.Lambda):
                scope.other.add(node.name)
            waiting.extend(outside(node))
            yield node
        else:
            _note(scope, node)
            waiting.extend([node.value] if is_plain(node) else ast.iter_child_nodes(node))
    for name in scope.shared:
        scope.bound.pop(name, None)
        if name in scope.other:
            scope.other.discard(name)
            scope.module().other.add(name)


def _arguments(arguments: ast.arguments) -> Iterator[ast.arg]:
    yield from (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    yield from (one for one in (arguments.vararg, arguments.kwarg) if one is not None)


def _note(scope: Scope, node: ast.AST) -> None:
    if isinstance(node, ast.Import):
        _note_import(scope, node)
    elif isinstance(node, ast.ImportFrom):
        _note_from(scope, node)
    elif is_plain(node):
        for target in node.targets:
            if isinstance(target, ast.Name):
                _note_value(scope, target.id, node.value)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
        scope.other.add(node.id)
    elif isinstance(node, ast.Global):
        scope.shared.update(node.names)
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        scope.other.add(node.name)


def _note_import(scope: Scope, node: ast.Import) -> None:
    for alias in node.names:
        path = alias.name if alias.asname else alias.name.partition(".")[0]
        scope.bound.setdefault(alias.asname or path, []).append(Imported(path))


def _note_from(scope: Scope, node: ast.ImportFrom) -> None:
    for alias in node.names:
        found = Imported(node.module or "", alias.name, node.level)
        if alias.name == "*":
            scope.stars.append(found)
        else:
            scope.bound.setdefault(alias.asname or alias.name, []).append(found)


def _note_value(scope: Scope, name: str, value: ast.expr) -> None:
    """`name = value` beside an import of that name: None is no other value, it says that there is none."""
    if (path := imported_by_name(value)) is not None:
        scope.bound.setdefault(name, []).append(Imported(path))
    elif is_chain(value):
        scope.bound.setdefault(name, []).append(Alias(value, scope))
    elif isinstance(value, ast.Constant) and value.value is None:
        scope.bound.setdefault(name, [])
    else:
        scope.other.add(name)


def is_plain(node: ast.AST) -> TypeGuard[ast.Assign]:
    """Says whether `node` is x = y = value, which binds nothing but names."""
    return isinstance(node, ast.Assign) and all(isinstance(target, ast.Name) for target in node.targets)


def is_chain(node: ast.expr) -> bool:
    """Says whether an expression is a.b.c, a part of it perhaps getattr(a, "b")."""
    while True:
        if isinstance(node, ast.Attribute):
            node = node.value
        elif (inner := got_by_name(node)) is not None:
            node = inner[0]
        else:
            return isinstance(node, ast.Name)


def imported_by_name(node: ast.AST) -> str | None:
    """Returns the path of importlib.import_module("path"); None for all else."""
    if not (isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords):
        return None
    function, path = node.func, node.args[0]
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if name == "import_module" and isinstance(path, ast.Constant) and isinstance(path.value, str):
        return path.value if path.value.replace(".", "_").isidentifier() else None
    return None


def got_by_name(node: ast.AST) -> tuple[ast.expr, str] | None:
    """Returns the object and the name of getattr(object, "name"), which is object.name; None for all else."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "getattr"):
        return None
    if len(node.args) != 2 or node.keywords:
        return None
    name = node.args[1]
    if isinstance(name, ast.Constant) and isinstance(name.value, str) and name.value.isidentifier():
        return node.args[0], name.value
    return None
