"""Files of programs, read as Python 3, or as Python 2 made readable: which, their trees, what is wrong."""

import ast
import os
import re
import tokenize
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from io import BytesIO
from pathlib import Path

from slimzoo.compat import leftovers
from slimzoo.errors import SlimzooError, listing, shown

MAX_BYTES = 8_000_000  # of one file; programs are thousands of times smaller
_MAX_TRIES = 40  # lines that are left out of a file of Python 2
_SKIPPED = ("__pycache__", "site-packages", "dist-packages", "node_modules")
_SUFFIXES = (".py", ".pyw")

_MADE_READABLE = tuple(  # Python 2 -> Python 3 that has the same names on the same lines
    (re.compile(pattern, re.MULTILINE), text)
    for pattern, text in (
        (r"(^|[;:])([ \t]*)print\b[ \t]*>>", r"\1\2_ ="),
        (r"(^|[;:])([ \t]*)print\b(?=[ \t]*[^\s(=.,)\]:;>])", r"\1\2_ ="),
        (r"(^|[;:])([ \t]*)print\b(?=[ \t]*\([^\n]*\)[ \t]*[%,])", r"\1\2_ ="),
        (r"(\bexcept\s+(?:[\w.]+|\([^)\n]*\)))[ \t]*,[ \t]*(\w+[ \t]*:)", r"\1 as \2"),
        (r"(^|[;:])([ \t]*)raise[ \t]+(?=[\w.]+[ \t]*,)", r"\1\2_ = "),
        (r"(^|[;:])([ \t]*)exec\b(?=[ \t]+[^\s(=])", r"\1\2_ ="),
        (r"`", " "),
        (r"(?<![\w.])0+([1-7][0-7]*)[lL]?\b(?!\.)", r"\1"),
        (r"(?<![\w.])(0[xX][\da-fA-F]+|\d+)[lL]\b", r"\1"),
        (r"\b[uU][rR](?=['\"])", "r"),
        (r"<>", "!="),
        (r"(\bdef[ \t]+\w+[ \t]*\([^()\n]*)\(([\w, ]+)\)", r"\1\2"),
        (r"\blambda[ \t]*\(([\w, ]*)\)[ \t]*:", r"lambda \1:"),
    )
)


@dataclass(frozen=True)
class Problem:
    """What is wrong at a line, and what to write instead ("" where there is nothing to write)."""

    line: int
    what: str
    instead: str = ""


@dataclass
class Source:
    """A file: its tree (None if it cannot be read at all), and what is wrong with it as Python 3."""

    path: str
    tree: ast.Module | None = None
    problems: list[Problem] = field(default_factory=list)
    is_python: bool = True


def files_of(paths: Sequence[str], exclude: Sequence[str] = ()) -> list[str]:
    """Returns the Python files that `paths` are or have, each once.

    Raises: SlimzooError: a path is not there or is no file or folder, or a folder has no Python file; all of
    these at once.
    """
    found: dict[str, str] = {}
    wrong: list[str] = []
    for path in paths:
        listed = [path] if os.path.isfile(path) else list(_below(path, exclude))
        if not listed and not os.path.isdir(path):
            wrong.append(
                f"{shown(path)}: {'no file and no folder' if os.path.exists(path) else 'no such file'}"
            )
        elif not listed:
            but = " but what --exclude takes out" if exclude else ""
            wrong.append(f"{shown(path)}: no Python file is in this folder{but}")
        for file in listed:
            found.setdefault(os.path.realpath(file), file)
    if wrong:
        raise SlimzooError(
            listing("nothing was checked; give Python files, or folders that have some:", wrong)
        )
    return list(found.values())


def _below(folder: str, exclude: Sequence[str]) -> Iterator[str]:
    """Yields the Python files of a folder, and the folders in it that cannot be read.

    Links to folders are not followed, and other people's code is left out.
    """
    closed: list[str] = []
    for here, folders, files in os.walk(folder, onerror=lambda error: closed.append(error.filename)):
        folders[:] = sorted(name for name in folders if _is_its_own(here, name, folder, exclude))
        for name in sorted(files):
            path = os.path.join(here, name)
            if name.endswith(_SUFFIXES) and os.path.isfile(path) and not is_excluded(path, exclude, folder):
                yield path
    yield from (path for path in closed if os.path.isdir(path))


def _is_its_own(here: str, name: str, top: str, exclude: Sequence[str]) -> bool:
    path = os.path.join(here, name)
    if name.startswith(".") or name in _SKIPPED or os.path.exists(os.path.join(path, "pyvenv.cfg")):
        return False
    return not is_excluded(path, exclude, top)


def is_excluded(path: str, exclude: Sequence[str], top: str = ".") -> bool:
    """Says whether a pattern of `exclude` fits the name of `path`, or its way from `top`."""
    relative = Path(os.path.relpath(path, top)).as_posix()
    names = (relative, relative.rpartition("/")[2])
    return any(fnmatch(name, pattern.rstrip("/")) for pattern in exclude for name in names)


def read(path: str) -> Source:
    """Returns the file `path`, whatever is in it."""
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except IsADirectoryError:
        return Source(path, problems=[Problem(1, "a folder that cannot be read")])
    except OSError as error:
        return Source(path, problems=[Problem(1, f"cannot be read: {error.strerror}")])
    if len(data) > MAX_BYTES:
        return Source(path, problems=[Problem(1, f"larger than {MAX_BYTES:,} bytes: not read")])
    if b"\0" in data:
        return Source(path, problems=[Problem(1, "no Python: it has bytes of zero")], is_python=False)
    if path.endswith(leftovers.NOTEBOOKS):
        return Source(path, problems=[Problem(1, leftovers.A_NOTEBOOK)], is_python=False)
    return parse(path, data)


def parse(path: str, data: bytes) -> Source:
    """Returns `data` as the source that it is."""
    source = Source(path)
    text = _decoded(data, source)
    try:
        source.tree = _tree(text)
    except (RecursionError, MemoryError):
        source.problems.append(Problem(1, "nested too deeply to be read"))
    except ValueError as error:
        source.problems.append(Problem(1, f"no Python: {error}"))
    except SyntaxError as error:
        _as_python_2(source, text, error)
    return source


def _decoded(data: bytes, source: Source) -> str:
    try:
        encoding = tokenize.detect_encoding(BytesIO(data).readline)[0]
        text = data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError) as error:
        line = data[: error.start].count(b"\n") + 1 if isinstance(error, UnicodeDecodeError) else 1
        coding = re.match(rb"(?:[^\n]*\n)?[ \t\f]*#.*?coding[:=]", data)
        what = (
            f"its coding line does not fit it: {error}"
            if coding
            else "not UTF-8, and no coding line says what"
        )
        source.problems.append(
            Problem(line, what, "# -*- coding: latin-1 -*- in line 1, or save it as UTF-8")
        )
        text = data.decode("latin-1")
    return re.sub(r"\r\n?", "\n", text.removeprefix("\ufeff"))


def _tree(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(re.sub(r"\A((?:[^\n]*\n)?[ \t]*#[^\n]*?)coding[:=]", r"\1", text))


def _as_python_2(source: Source, text: str, error: SyntaxError) -> None:
    """Notes what is Python 2 in `text`, line by line, and makes a tree of the rest."""
    found = [place for place in leftovers.find(text) if place.what in leftovers.SYNTAX_NAMES]
    problems = [Problem(place.line, f"Python 2: {place.what}", place.instead) for place in found]
    if isinstance(error, TabError):
        problems.append(Problem(error.lineno or 1, "Python 2: tabs mixed with spaces", "spaces alone"))
    if not problems:
        problems.append(Problem(error.lineno or 1, f"neither Python 3 nor Python 2: {error.msg}"))
        source.is_python = source.path.endswith(_SUFFIXES)
    source.problems += problems
    source.tree = _forced("\n".join(line.expandtabs(8) for line in _readable(text).split("\n")))


def _readable(text: str) -> str:
    for pattern, instead in _MADE_READABLE:
        text = pattern.sub(instead, text)
    return text


def _forced(text: str) -> ast.Module | None:
    """Returns the tree of `text` without the lines that are no Python; None if these are too many."""
    lines = text.split("\n")
    for _ in range(_MAX_TRIES):
        try:
            return _tree("\n".join(lines))
        except SyntaxError as error:
            number = min(max(error.lineno or 1, 1), len(lines)) - 1
            line = lines[number].strip()
            if line in ("", "pass"):
                return None
            indent = lines[number][: len(lines[number]) - len(lines[number].lstrip())]
            lines[number] = indent + ("if 1:" if line.endswith(":") and line != "if 1:" else "pass")
        except (RecursionError, MemoryError, ValueError):
            return None
    return None
