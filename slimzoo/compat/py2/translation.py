"""From a file of Python 2 to code that runs, and to what is shown of it."""

import ast
import difflib
import os
from collections import defaultdict
from dataclasses import dataclass
from types import CodeType
from typing import Any

from slimzoo.compat.py2 import syntax
from slimzoo.compat.py2.meaning import Meaning

_MOST = 12  # line numbers that a summary names of one kind


@dataclass(frozen=True)
class Translation:
    """A translated file.

    kind: one of syntax.PYTHON_2, NAMES, PYTHON_3; the last one is untouched.
    print_function: it has print of __future__.
    before, after: its text; of `after` each line says at its end what else it means.
    changes: (line, what), by line.
    """

    file: str
    kind: str
    print_function: bool
    before: str
    after: str
    changes: tuple[tuple[int, str], ...]
    code: CodeType

    def summary(self) -> str:
        """Returns one line: what changed, and in which lines."""
        lines: dict[str, list[int]] = defaultdict(list)
        for number, what in self.changes:
            if number not in lines[what]:
                lines[what].append(number)
        told = "; ".join(f"{what} {_numbers(numbers)}" for what, numbers in lines.items())
        return f"{_near(self.file)}: {self.kind}, translated in memory" + (f": {told}" if told else "")

    def diff(self) -> str:
        """Returns the unified diff."""
        sides = (self.before.splitlines(True), self.after.splitlines(True))
        return "".join(difflib.unified_diff(*sides, _near(self.file), f"{_near(self.file)} (as it runs)"))


def translate(source: bytes, file: str) -> Translation:
    """Returns the translation of `source`, that of a file in Python 3 being itself.

    Its lines keep their numbers, for tracebacks; columns are left out, for they moved.

    Raises: syntax.TranslationError: neither Python reads it, with the line.
    """
    text = syntax.read(source, file)
    if text.kind == syntax.PYTHON_3:
        code = compile(source, file, "exec", dont_inherit=True)
        return Translation(file, text.kind, True, text.before, text.after, (), code)
    tree: Any = ast.parse(text.after)
    known = syntax.futures(tree)
    try:
        code, places = compiled(tree, file, text.kind == syntax.NAMES, text.lines)
    except SyntaxError as error:
        raise syntax.TranslationError(
            syntax.cannot(file, error.lineno or 1, error.msg, text.before)
        ) from None
    changes = sorted({*_changed_lines(text), *places})
    after = _annotated(text, places)
    return Translation(file, text.kind, "print_function" in known, text.before, after, tuple(changes), code)


def compiled(
    tree: Any, file: str, names_only: bool = False, lines: tuple[int, ...] = (), mode: str = "exec"
) -> tuple[CodeType, list[tuple[int, str]]]:
    """Returns code with Python 2's meaning, and the places (line, what) where it is another.

    `lines`: the numbers that the tree's lines get.
    """
    meaning = Meaning(tree, names_only)
    tree = meaning.visit(tree)
    _place(tree, lines)
    places = [(lines[number - 1] if lines else number, what) for number, what in meaning.places]
    return compile(tree, file, mode, dont_inherit=True), places


def _near(file: str) -> str:
    """Returns the path from here, if it is below."""
    near = os.path.relpath(file)
    return file if near.startswith("..") else near


def _place(tree: ast.AST, lines: tuple[int, ...]) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.expr | ast.stmt | ast.excepthandler | ast.arg | ast.keyword | ast.alias):
            if lines:
                node.lineno = lines[node.lineno - 1]
                node.end_lineno = lines[(node.end_lineno or 1) - 1]
            node.col_offset = node.end_col_offset = -1


def _changed_lines(text: syntax.Text) -> list[tuple[int, str]]:
    """Returns the lines that have another text now, and what was there."""
    before = text.before.split("\n")
    found = []
    for number, line in zip(text.lines, text.after.split("\n"), strict=True):
        if number <= len(before) and line != before[number - 1]:
            found.append((number, _what(before[number - 1])))
    return found


def _what(line: str) -> str:
    """Returns what of Python 2 a line has."""
    from slimzoo.compat import leftovers

    return next((place.what for place in leftovers.find(line)), "syntax")


def _annotated(text: syntax.Text, places: list[tuple[int, str]]) -> str:
    told: dict[int, list[str]] = defaultdict(list)
    for number, what in places:
        if what not in told[number]:
            told[number].append(what)
    shown = []
    for number, line in zip(text.lines, text.after.split("\n"), strict=True):
        what = "; ".join(told.pop(number, []))
        shown.append(f"{line}  # Python 2: {what}" if what else line)
    return "\n".join(shown)


def _numbers(numbers: list[int]) -> str:
    word = "line" if len(numbers) == 1 else "lines"
    more = f" and {len(numbers) - _MOST} more" if len(numbers) > _MOST else ""
    return f"({word} {', '.join(map(str, numbers[:_MOST]))}{more})"
