"""Python 2's syntax: what a file is, and its text as Python 3 reads it."""

import ast
import functools
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from slimzoo.compat import leftovers
from slimzoo.errors import SlimzooError

HOW_TO_INSTALL = "pip install 'slimzoo[py2]'"
PYTHON_2, NAMES, PYTHON_3 = "Python 2", "names of Python 2", "Python 3"

_FIXES = (
    *(f"fissix.fixes.fix_{name}" for name in ("except", "exec", "ne", "numliterals", "paren", "print")),
    *(f"fissix.fixes.fix_{name}" for name in ("raise", "repr", "throw", "tuple_params")),
    *(f"slimzoo.compat.py2.fix_{name}" for name in ("texts", "lambdas")),
)
_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_ADDED = re.compile(r"\s*\(.*\) = xxx_todo_changeme\d*$")  # the one line that a fixer adds
_ONLY_3 = (
    *(ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith),
    *(ast.Await, ast.YieldFrom, ast.Nonlocal, ast.MatMult, ast.Match, ast.TryStar),
)


class TranslationError(SlimzooError):
    """A file is neither Python 2 nor Python 3, or cannot be translated here."""


@dataclass(frozen=True)
class Text:
    """A file as Python 3 reads it.

    before: its own lines, all ending in a line feed.
    after: the same, translated.
    lines: for each line of `after` the number of the line of `before` that it comes from, from 1.
    """

    kind: str
    before: str
    after: str
    lines: tuple[int, ...]


def check() -> None:
    """Raises TranslationError where the library that translates is not installed, or cannot work."""
    _tool(True)


def read(source: bytes, file: str) -> Text:
    """Returns `source` as text that Python 3 reads.

    Raises: TranslationError: neither Python reads it; the message has the line.
    """
    before = _decoded(source, file)
    as_it_is = tuple(range(1, before.count("\n") + 2))
    if (kind := kind_of(before)) is not None:
        return Text(kind, before, before, as_it_is)
    try:
        after = _translated(_spaces_for_tabs(before), file)
    except TranslationError:
        if not _python_3_reads(before):
            raise
        return Text(_kind_of_3(before), before, before, as_it_is)
    try:
        _parsed(after)
    except SyntaxError as error:
        lines = _origin(after)
        line = lines[min((error.lineno or 1), len(lines)) - 1]
        raise TranslationError(cannot(file, line, error.msg, before)) from None
    return Text(PYTHON_2, before, after, _origin(after))


def kind_of(text: str) -> str | None:
    """Returns which of the three kinds `text` is; None: Python 3 does not read it, or reads another print."""
    if not _python_3_reads(text):
        return None
    tree = _parsed(text)
    prints = "print_function" in futures(tree)
    if any(_only_in_3(node, prints) for node in ast.walk(tree)):
        return _kind_of_3(text)
    return PYTHON_2 if prints or _prints_alike(tree) else None


def _kind_of_3(text: str) -> str:
    return NAMES if any(leftovers.find(text)) else PYTHON_3


def _python_3_reads(text: str) -> bool:
    try:
        _parsed(text)
    except (SyntaxError, ValueError):
        return False
    return True


def _parsed(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of "\d" in a text
        return ast.parse(text)


def _only_in_3(node: ast.AST, prints: bool) -> bool:
    """Says whether Python 2.7 would not read `node`; `prints`: print is a function there."""
    if isinstance(node, _ONLY_3):
        return True
    if isinstance(node, ast.arguments):
        return bool(node.kwonlyargs or node.posonlyargs)
    if isinstance(node, ast.arg):
        return node.annotation is not None
    if isinstance(node, ast.FunctionDef):
        return node.returns is not None
    if isinstance(node, ast.ClassDef):
        return bool(node.keywords)
    if isinstance(node, ast.Raise):
        return node.cause is not None
    if isinstance(node, ast.Call):
        return _call_of_3(node, prints)
    return isinstance(node, ast.List | ast.Tuple) and any(isinstance(x, ast.Starred) for x in node.elts)


def _call_of_3(node: ast.Call, prints: bool) -> bool:
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name == "super" and not node.args:
        return True
    return name == "print" and not prints and (bool(node.keywords) or _has_star(node.args))


def _has_star(nodes: list[ast.expr]) -> bool:
    return any(isinstance(node, ast.Starred) for node in nodes)


def futures(tree: ast.Module) -> set[str]:
    """Returns what the module imports from __future__."""
    found = (node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__")
    return {alias.name for node in found for alias in node.names}


def _prints_alike(tree: ast.Module) -> bool:
    """Says whether every print is print(x), which both read alike; print("a", 1) is a tuple in Python 2."""
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "print"]
    calls = [node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)]
    plain = [call.func for call in calls if isinstance(call, ast.Call) and len(call.args) == 1]
    return {id(name) for name in names} <= {id(function) for function in plain}


def _decoded(source: bytes, file: str) -> str:
    """Returns the text by its coding line; without one it is UTF-8, or Latin-1 where it is no UTF-8."""
    cookies = (_COOKIE.match(line) for line in source.splitlines()[:2])
    cookie = next((found[1].decode() for found in cookies if found), None)
    text = source.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    try:
        decoded = text.decode(cookie or "utf-8")
    except LookupError:
        raise TranslationError(f"{file}: its coding line says {cookie}, which Python does not know") from None
    except UnicodeDecodeError:
        decoded = text.decode("latin-1")
    return decoded if decoded.endswith("\n") else decoded + "\n"


def _translated(text: str, file: str) -> str:
    from fissix.pgen2.parse import ParseError
    from fissix.pgen2.tokenize import TokenError

    wants_print = re.search(r"^from\s+__future__\s+import\b.*\bprint_function\b", text, re.MULTILINE)
    try:
        return str(_tool(not wants_print).refactor_string(text, file))
    except ParseError as error:
        line = error.context[1][0]
        raise TranslationError(cannot(file, line, f"not read at {error.value!r}", text)) from None
    except (TokenError, IndentationError) as error:
        line = error.args[1][0] if isinstance(error, TokenError) else error.lineno or 1
        raise TranslationError(cannot(file, line, str(error.args[0]), text)) from None


def cannot(file: str, line: int, why: str, text: str) -> str:
    """Returns what to say of a line that is neither."""
    shown = text.splitlines()[line - 1 : line]
    return "\n".join(
        [
            f"{file}:{line}: neither Python 2 nor Python 3: {why}",
            *(f"    {code.strip()}" for code in shown),
            "Write this line as one of them reads it",
        ]
    )


@functools.cache
def _tool(print_is_a_statement: bool) -> Any:
    try:
        from fissix import refactor
    except ModuleNotFoundError as error:
        raise TranslationError(
            f"--py2 needs the package {error.name}, which is not installed: {HOW_TO_INSTALL}"
        ) from None
    except OSError as error:
        raise TranslationError(
            f"--py2: fissix cannot keep its grammar in {error.filename}: {error.strerror}. "
            "Set XDG_CACHE_HOME to a folder that can be written"
        ) from None

    class Tool(refactor.RefactoringTool):
        def log_error(self, msg: str, *args: Any, **kwargs: Any) -> None:
            raise

        def log_message(self, msg: str, *args: Any) -> None:
            pass

        def refactor_string(self, data: str, name: str) -> Any:
            self.driver.grammar = self.grammar
            tree = self.driver.parse_string(data)
            self.refactor_tree(tree, name)
            return tree

    fixes = [fix for fix in _FIXES if print_is_a_statement or not fix.endswith("_print")]
    return Tool(fixes, {} if print_is_a_statement else {"print_function": True})


def _spaces_for_tabs(text: str) -> str:
    """Returns `text` indented by spaces where a line begins with a tab: to the next eighth column."""
    if not re.search(r"^ *\t", text, re.MULTILINE):
        return text
    inside = {*_lines_in_texts(text)}
    return "\n".join(
        line if number in inside else _expanded(line) for number, line in enumerate(text.split("\n"), start=1)
    )


def _expanded(line: str) -> str:
    code = line.lstrip(" \t\f")
    return line[: len(line) - len(code)].expandtabs(8) + code


def _lines_in_texts(text: str) -> Iterator[int]:
    from fissix.pgen2 import token, tokenize

    try:
        for kind, _, (start, _), (end, _), _ in tokenize.generate_tokens(
            iter(text.splitlines(True)).__next__
        ):
            if kind == token.STRING:
                yield from range(start + 1, end + 1)
    except (tokenize.TokenError, IndentationError, StopIteration):
        return  # the parser will say it


def _origin(after: str) -> tuple[int, ...]:
    numbers, number = [], 0
    for line in after.split("\n"):
        number += not _ADDED.match(line)
        numbers.append(number)
    return tuple(numbers)
