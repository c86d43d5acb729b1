"""Python 2 in a program: which lines, what it is, and what to write instead.

Nothing is looked for in a program that runs: these are reports about one that failed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

NOTEBOOKS = ".ipynb"
A_NOTEBOOK = "a notebook, no program; `jupyter nbconvert --to script NOTEBOOK` makes one of it"


@dataclass(frozen=True)
class Leftover:
    """One place where a program is Python 2."""

    line: int
    what: str
    instead: str


@dataclass(frozen=True)
class _Rule:
    pattern: re.Pattern[str]
    what: str
    instead: str


def _rule(pattern: str, what: str, instead: str) -> _Rule:
    return _Rule(re.compile(pattern), what, instead)


_STATEMENT = r"(?:^|[;:])\s*"
SYNTAX = (
    _rule(_STATEMENT + r"print\b\s*>>", "print >>file", "print(..., file=file)"),
    _rule(_STATEMENT + r"print\b(?=\s*[^\s(=.,)\]:;>])", "print statement", "print(...)"),
    _rule(r"\bexcept\s+(?:[\w.]+|\([^)]*\))\s*,\s*\w+\s*:", "except X, e", "except X as e"),
    _rule(_STATEMENT + r"raise\s+[\w.]+\s*,", "raise X, message", "raise X(message)"),
    _rule(r"`", "backticks", "repr(...)"),
    _rule(_STATEMENT + r"exec\b(?=\s+[^\s(=])", "exec statement", "exec(...)"),
    _rule(r"(?<![\w.])0[0-7]*[1-7][0-7]*[lL]?\b(?!\.)", "octal number", "0o..., as 0o777"),
    _rule(r"(?<![\w.])(?:0[xX][\da-fA-F]+|\d+)[lL]\b", "long number", "the number without L"),
    _rule(r"\b[uU][rR](?=['\"])", "ur'' string", "r''"),
    _rule(r"<>", "<>", "!="),
    _rule(r"\blambda\s*\(", "tuple parameter of a lambda", "one parameter, taken apart in the body"),
    _rule(r"\bdef\s+\w+\s*\((?:[^()=]*,)?\s*\(", "tuple parameter", "one parameter, taken apart in the body"),
)
SYNTAX_NAMES = frozenset(rule.what for rule in SYNTAX)
METHODS = {
    "iteritems": "items()",
    "iterkeys": "keys()",
    "itervalues": "values()",
    "viewitems": "items()",
    "viewkeys": "keys()",
    "viewvalues": "values()",
    "has_key": "`key in d`",
    "next": "next(iterator)",
    "tostring": "tobytes()",
}
NAMES = {
    "xrange": "range",
    "unicode": "str",
    "raw_input": "input",
    "basestring": "str",
    "long": "int",
    "reduce": "functools.reduce",
    "unichr": "chr",
    "file": "open",
    "cmp": "(a > b) - (a < b), or a key",
    "execfile": "exec(open(...).read())",
    "reload": "importlib.reload",
    "intern": "sys.intern",
    "apply": "f(*args)",
    "coerce": "nothing: numbers do it",
    "buffer": "memoryview",
}
MODULES = {
    "ConfigParser": "configparser",
    "Queue": "queue",
    "StringIO": "io (StringIO, BytesIO)",
    "cPickle": "pickle",
    "cStringIO": "io (StringIO, BytesIO)",
    "commands": "subprocess",
    "urllib2": "urllib.request",
    "urlparse": "urllib.parse",
    "__builtin__": "builtins",
}
AS_IT_IS = "Or run it as it is: slimzoo run --py2 PROGRAM translates all of it in memory"
_IMPORTED = {name: rf"^\s*(?:import|from)\s+{name}\b" for name in MODULES}
_FORGIVING = r"^\s*except\s+(?:\(?[\w\s,]*)ImportError|^\s*except\s*:"


def report(path: str | Path, error: BaseException) -> str | None:
    """Returns what to say in place of `error`, raised by the file `path`: its Python 2, a line each.

    None: the error has another reason.
    """
    name = _asked_for(error)
    if name is None and not isinstance(error, SyntaxError):
        return None
    found = list(find(Path(path).read_text(errors="replace")))
    if not any(name is None or name in place.what for place in found):
        return None
    lines = [f"{path}:{place.line}: {place.what}: write {place.instead}" for place in found]
    places = "1 place" if len(found) == 1 else f"{len(found)} places"
    first = f"{path} is Python 2 (or NumPy 1) in {places}; it stopped with {_said(error)}"
    return "\n".join([first, *lines, AS_IT_IS])


def find(source: str) -> Iterator[Leftover]:
    """Yields what is Python 2 in `source`, by line."""
    rules = [*SYNTAX, *_rules_of_names(source)]
    for number, line in enumerate(_code_only(source).split("\n"), start=1):
        for rule in rules:
            if rule.pattern.search(line):
                yield Leftover(number, rule.what, rule.instead)


def _rules_of_names(source: str) -> Iterator[_Rule]:
    for name, instead in METHODS.items():
        if not re.search(rf"\bdef\s+{name}\b", source):
            yield _rule(rf"\.{name}\s*\(", f".{name}()", instead)
    for name, instead in NAMES.items():
        if not re.search(
            rf"\bimport\b[^#\n]*\b{name}\b|\b{name}\s*=[^=]|\b(?:def|class|as|for)\s+{name}\b", source
        ):
            yield _rule(rf"(?<![\w.]){name}\b(?!\s*=[^=])", name, instead)
    if not re.search(_FORGIVING, source, re.MULTILINE):
        for name, instead in MODULES.items():
            yield _rule(_IMPORTED[name], f"import {name}", instead)


def _asked_for(error: BaseException) -> str | None:
    """Returns the Python 2 name that `error` is about."""
    name = getattr(error, "name", None)
    if isinstance(error, ModuleNotFoundError):
        return name if name in MODULES else None
    if isinstance(error, AttributeError):
        return name if name in METHODS else None
    return name if isinstance(error, NameError) and name in NAMES else None


def _said(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return f"SyntaxError in line {error.lineno}: {error.msg}"
    return f"{type(error).__name__}: {error}"


_TEXT = re.compile(
    r"#[^\n]*"
    r"|'''(?:\\.|[^\\])*?(?:'''|\Z)"
    r'|"""(?:\\.|[^\\])*?(?:"""|\Z)'
    r"|'(?:\\.|[^\\'\n])*'?"
    r'|"(?:\\.|[^\\"\n])*"?',
    re.DOTALL,
)


def _code_only(source: str) -> str:
    """Returns `source` with strings emptied and comments gone; lines stay where they are."""

    def emptied(text: re.Match[str]) -> str:
        quote = "" if text[0].startswith("#") else text[0][0] * 2
        return quote + "\n" * text[0].count("\n")

    return _TEXT.sub(emptied, source)
