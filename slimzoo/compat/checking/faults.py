"""What would not work in a file under `slimzoo run`, line by line."""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from slimzoo.compat import leftovers
from slimzoo.compat.checking import table
from slimzoo.compat.checking.program import Module, Program, exports
from slimzoo.compat.checking.scopes import (
    Imported,
    Scope,
    children,
    got_by_name,
    imported_by_name,
    is_chain,
    is_plain,
    outside,
)
from slimzoo.compat.checking.table import Verdict

FAULT, WARNING = "fault", "warning"
_CATCHES = {"ImportError", "ModuleNotFoundError", "AttributeError", "NameError", "Exception", "BaseException"}
_ASKS = re.compile(r"\bhasattr\(|\bdir\(|version|VERSION|PY2|PY3|find_spec|TYPE_CHECKING")
_PYTHON_2, _OF_NUMPY = "Python 2", ("tostring",)
_TYPE_TESTS = ("isinstance", "issubclass", "hasattr")


@dataclass(frozen=True, order=True)
class Finding:
    """One line of the report."""

    file: str
    line: int
    name: str
    what: str
    instead: str = ""
    kind: str = FAULT

    def __str__(self) -> str:
        said = (
            f"{self.file}:{self.line}: {self.name}: {self.what}"
            if self.name
            else f"{self.file}:{self.line}: {self.what}"
        )
        if not self.instead:
            return said
        return (
            f"{said}; {self.instead}" if self.instead.startswith("nothing") else f"{said}; use {self.instead}"
        )


@dataclass
class Reading:
    """What was found in a file: findings, and the names of TensorFlow 1.15 and others that were judged."""

    findings: set[Finding] = field(default_factory=set)
    served: set[str] = field(default_factory=set)
    faulty: set[str] = field(default_factory=set)


def read(program: Program, path: str, defined: frozenset[str]) -> Reading:
    """Returns what is found in the file `path`; `defined` are all functions that the program defines."""
    module = program.module(path)
    reader = _Reader(program, module, path, defined)
    for problem in module.source.problems:
        reader.add(problem.line, "", problem.what, problem.instead)
    if module.source.tree is not None and module.scope is not None:
        try:
            reader.walk([module.source.tree], module.scope, False)
        except RecursionError:
            reader.add(1, "", "nested too deeply to be read")
    return reader.reading


class _Reader:
    def __init__(self, program: Program, module: Module, path: str, defined: frozenset[str]):
        self._program, self._module, self._path, self._defined = program, module, path, defined
        self._at_import: set[str] = set()
        self._handed_on: set[ast.AST] = set()
        self._differs: set[str] = set()
        self._has_foreign_stars = False
        self.reading = Reading()

    def add(self, line: int, name: str, what: str, instead: str = "", kind: str = FAULT) -> None:
        """Adds a finding."""
        self.reading.findings.add(Finding(self._path, line, name, what, instead, kind))

    def walk(self, nodes: Iterable[ast.AST], scope: Scope, guarded: bool) -> None:
        """Reads `nodes`, which run in `scope`; what is `guarded` has an alternative, and is no fault."""
        waiting = [(node, scope, guarded) for node in reversed(list(nodes))]
        while waiting:
            node, scope, guarded = waiting.pop()
            self._look_at(node, scope, guarded)
            waiting.extend(reversed(list(self._inside(node, scope, guarded))))

    def _inside(self, node: ast.AST, scope: Scope, guarded: bool) -> Iterator[tuple[ast.AST, Scope, bool]]:
        if (inner := self._module.scopes.get(node)) is not None and inner is not scope:
            yield from ((part, scope, guarded) for part in outside(node))
            yield from ((part, inner, guarded) for part in children(node))
        elif isinstance(node, ast.expr) and is_chain(node) and self._resolved(node, scope):
            return
        else:
            free = _alternatives(node)
            for part in ast.iter_child_nodes(node):
                yield part, scope, guarded or part in free

    def _look_at(self, node: ast.AST, scope: Scope, guarded: bool) -> None:
        if is_plain(node):
            self._handed_on.add(node.value)
        if isinstance(node, ast.Import | ast.ImportFrom):
            self._import(node, guarded)
        elif isinstance(node, ast.Name | ast.Attribute | ast.Call) and _is_read(node):
            self._use(node, scope, guarded)
        if isinstance(node, ast.Call):
            self._import_by_name(node, guarded)
            if not guarded:
                self._call(node, scope)

    def _resolved(self, node: ast.expr, scope: Scope) -> list[str]:
        found = self._program.resolve(node, scope, self._path)
        return (
            [one for one in found if isinstance(one, str)] if all(isinstance(o, str) for o in found) else []
        )

    def _import(self, node: ast.Import | ast.ImportFrom, guarded: bool) -> None:
        for alias in node.names:
            path, level = (alias.name, 0) if isinstance(node, ast.Import) else (node.module or "", node.level)
            if level or self._program.own(Imported(path), self._path) is not None:
                continue
            top = path.partition(".")[0]
            if top in leftovers.MODULES and not guarded and not table.is_old_module(top):
                self.add(node.lineno, f"import {top}", _PYTHON_2, leftovers.MODULES[top])
            if isinstance(node, ast.ImportFrom) and alias.name != "*":
                path = f"{path}.{alias.name}"
            self._has_foreign_stars |= alias.name == "*" and top != "tensorflow"
            self._judge(node.lineno, [path], guarded, at_import=True)

    def _import_by_name(self, node: ast.Call, guarded: bool) -> None:
        path = imported_by_name(node)
        if path is not None and self._program.own(Imported(path), self._path) is None:
            self._judge(node.lineno, [path], guarded, at_import=True)

    def _use(self, node: ast.expr, scope: Scope, guarded: bool) -> None:
        paths = self._resolved(node, scope)
        if paths:
            self._judge(node.lineno, paths, guarded, at_import=node in self._handed_on)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and not guarded:
            self._python_2_name(node, scope)

    def _judge(self, line: int, paths: list[str], guarded: bool, at_import: bool = False) -> None:
        """Notes what became of a name; of several that it may be, one that is served is enough.

        at_import: the name is imported, or gets another name; it is not used yet.
        """
        verdicts = [table.find(path) for path in paths]
        self._warn(line, paths)
        if any(verdict is None for verdict in verdicts):
            return
        known = [verdict for verdict in verdicts if verdict is not None]
        good = [verdict for verdict in known if verdict.state == table.SERVED]
        if good:
            self.reading.served.update(verdict.name for verdict in good if verdict.last)
        elif not guarded and known:
            self._fault(line, known[0], at_import)
        elif at_import:
            self._at_import.update(verdict.name for verdict in known if verdict.state == table.GONE)

    def _fault(self, line: int, verdict: Verdict, at_import: bool) -> None:
        if verdict.state == table.STUB and at_import:
            return  # it imports; its uses are looked at
        if at_import:
            self._at_import.add(verdict.name)
        elif verdict.name in self._at_import:
            return
        self.reading.faulty.add(verdict.name)
        self.add(line, verdict.name, verdict.why, verdict.instead)

    def _warn(self, line: int, paths: list[str]) -> None:
        for path in paths:
            if (found := table.differs(path)) is not None and found[0] not in self._differs:
                self._differs.add(found[0])
                self.add(line, found[0], found[1], kind=WARNING)

    def _call(self, node: ast.Call, scope: Scope) -> None:
        if isinstance(node.func, ast.Attribute):
            self._python_2_method(node, node.func, scope)
        if not node.keywords or not is_chain(node.func):
            return
        verdicts = [table.find(path) for path in self._resolved(node.func, scope)]
        if len(verdicts) != 1 or verdicts[0] is None or verdicts[0].state != table.SERVED:
            return
        lost = verdicts[0].lost_parameters()
        for keyword in node.keywords:
            if keyword.arg in lost:
                name = f"{verdicts[0].name}({keyword.arg}=)"
                self.reading.faulty.add(name)
                self.add(
                    keyword.value.lineno, name, "an argument that is not taken any more", lost[keyword.arg]
                )

    def _python_2_name(self, node: ast.Name, scope: Scope) -> None:
        if node.id not in leftovers.NAMES or scope.lookup(node.id) is not None or self._has_foreign_stars:
            return
        if not any(exports(star.path, node.id) for star in scope.module().stars):
            self.add(node.lineno, node.id, _PYTHON_2, leftovers.NAMES[node.id])

    def _python_2_method(self, node: ast.Call, function: ast.Attribute, scope: Scope) -> None:
        name, takes = function.attr, 1 if function.attr == "has_key" else 0
        if name not in leftovers.METHODS or name in self._defined or len(node.args) != takes or node.keywords:
            return
        if not (is_chain(function) and self._program.resolve(function, scope, self._path)):
            what = "NumPy 1" if name in _OF_NUMPY else _PYTHON_2
            self.add(node.lineno, f".{name}()", what, leftovers.METHODS[name])


def _is_read(node: ast.Name | ast.Attribute | ast.Call) -> bool:
    return got_by_name(node) is not None if isinstance(node, ast.Call) else isinstance(node.ctx, ast.Load)


def _alternatives(node: ast.AST) -> set[ast.AST]:
    """Returns the parts of a statement that may fail, because there is another way or nothing is called."""
    if isinstance(node, ast.Try) and any(_catches(handler) for handler in node.handlers):
        return {*node.body, *(part for handler in node.handlers for part in (handler, *handler.body))}
    if isinstance(node, ast.With) and any("suppress(" in ast.unparse(item) for item in node.items):
        return set(node.body)
    if isinstance(node, ast.If | ast.IfExp) and _ASKS.search(ast.unparse(node.test)):
        branches = [node.body, node.orelse]
        return {part for branch in branches for part in (branch if isinstance(branch, list) else [branch])}
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _TYPE_TESTS:
        return set(node.args)
    return set()


def _catches(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    return any(isinstance(part, ast.Name) and part.id in _CATCHES for part in ast.walk(handler.type))
