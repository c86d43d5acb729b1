"""Names of variables and scopes: what lies in what, and how Keras can hold them. Needs no TensorFlow."""

import difflib
import fnmatch
import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Set

from slimzoo.errors import SlimzooError, listing

_ESCAPES = str.maketrans({"-": "-0", ".": "-1", "/": "."})  # Keras takes no "/", and "." must stay "."


def escape(name: str) -> str:
    """Returns the slim variable name `name` as Keras can hold it: "a/b.c" is "a.b-1c"."""
    return name.translate(_ESCAPES)


def unescape(name: str) -> str:
    """Returns the slim variable name that escape() turned into `name`."""
    return name.replace(".", "/").replace("-1", ".").replace("-0", "-")


def cuts(name: str) -> Iterator[tuple[str, str]]:
    """Yields (what stands before, the rest) for every place where `name` can be cut: after "/" and "."."""
    yield "", name
    for match in re.finditer(r"[/.]", name):
        yield name[: match.end()], name[match.end() :]


def prefixes_of(wanted: Container[str], names: Iterable[str]) -> Counter[str]:
    """Returns {what stands before one of `wanted` in `names`: how many stand there}."""
    return Counter(before for name in names for before, rest in cuts(name) if rest in wanted)


def in_scopes(name: str, scopes: Iterable[str]) -> bool:
    """Whether the variable or scope `name` lies in one of `scopes`, as they stand: "a/b" holds "a/b/c"."""
    return any(name == scope or name.startswith(f"{scope.rstrip('/')}/") for scope in scopes)


def near(name: str, known: Iterable[str], n: int = 3) -> list[str]:
    """Returns at most `n` of the `known` names that `name` may be misspelt for, the nearest first."""
    spelt = {other.lower(): other for other in known}
    return [spelt[other] for other in difflib.get_close_matches(name.lower(), spelt, n=n)]


def near_or_in(name: str, scopes: Iterable[str], n: int = 4) -> list[str]:
    """Returns at most `n` of `scopes`: those that end in "/name" first, then those that are near."""
    scopes = list(dict.fromkeys(scopes))
    ending = [scope for scope in scopes if scope.endswith(f"/{name.strip('/')}")]
    return [*ending, *(scope for scope in near(name, scopes) if scope not in ending)][:n]


def nearest(name: str, known: Iterable[str]) -> str:
    """Returns " Nearest: a, b." of the `known` names that are near `name`, "" where none is."""
    found = near(name, known)
    return f" Nearest: {', '.join(found)}." if found else ""


def lies_in(name: str, scopes: Set[str]) -> bool:
    """Whether in_scopes() would say so, of scopes in a set: however many, it costs the same."""
    return any(scope in scopes for scope in scopes_up(name))


def check_names(kind: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Raises SlimzooError with the nearest ones if some of `names` are not in `known`."""
    known = list(known)
    problems = [
        f"no {kind} {name!r}"
        + (f"; nearest: {', '.join(found)}" if (found := near(str(name), known)) else "")
        for name in names
        if name not in known
    ]
    if problems:
        problems.append(f"there are: {', '.join(known) or 'none'}")
        raise SlimzooError(listing(f"unknown {kind}s:", problems))


class Scopes:
    """Scopes ("vgg_16/fc8"), variables, and shell patterns of either ("*/biases", "vgg_16/conv*").

    All options that take scopes take these, with one meaning: a name is among them if it, or a scope that it
    lies in, is one of them or fits one.

    Attributes:
      option: what the caller calls them, for messages: "exclude", "freeze", "new".
    """

    def __init__(self, patterns: "str | Iterable[str] | Scopes", option: str = "exclude"):
        self.option: str = patterns.option if isinstance(patterns, Scopes) else option
        self.patterns: tuple[str, ...] = (patterns,) if isinstance(patterns, str) else tuple(patterns)

    def __iter__(self) -> Iterator[str]:
        return iter(self.patterns)

    def __contains__(self, name: object) -> bool:
        return any(_is_meant(scope, pattern) for scope in scopes_up(str(name)) for pattern in self.patterns)

    def of(self, names: Iterable[str]) -> list[str]:
        """Returns those of `names` that are among these, in their order."""
        return [name for name in names if name in self]

    def among(self, names: Iterable[str]) -> set[str]:
        """Returns the scopes and variables of `names` that are meant, without those inside of them.

        Raises: SlimzooError: as check().
        """
        self.check(names := list(names))
        return {scope for scope in all_scopes(names) if any(_is_meant(scope, p) for p in self.patterns)}

    def check(self, names: Iterable[str]) -> None:
        """Raises SlimzooError if one of these matches none of `names`; says what may have been meant."""
        names = list(names)
        lost = [pattern for pattern in self.patterns if not Scopes(pattern).of(names)]
        if lost:
            raise SlimzooError("\n".join(matches_nothing(self.option, pattern, names) for pattern in lost))


def _is_meant(name: str, pattern: str) -> bool:
    return name == pattern.rstrip("/") or fnmatch.fnmatchcase(name, pattern)


def scopes_up(name: str) -> Iterator[str]:
    """Yields `name` and the scopes it lies in, the innermost first."""
    while name:
        yield name
        name = name.rpartition("/")[0]


def all_scopes(names: Iterable[str]) -> list[str]:
    """Returns `names` and every scope that one of them lies in, sorted."""
    return sorted({scope for name in names for scope in scopes_up(name)})


def top_scopes(names: Iterable[str]) -> set[str]:
    """Returns the outermost scopes of `names`."""
    return {name.partition("/")[0] for name in names}


def matches_nothing(option: str, pattern: str, names: Iterable[str]) -> str:
    """Returns the message for a `pattern` given as `option` that is no scope of `names`."""
    scopes = all_scopes(names)
    tail = pattern.strip("/*").rpartition("/")[2]
    likely = [scope for scope in scopes if scope.rpartition("/")[2] == tail] or near(pattern, scopes)
    meant = " or ".join(f'"{name}"' for name in likely[:3])
    hint = f"did you mean {meant}?" if likely else f"the scopes are {', '.join(scopes[:10]) or 'none'}"
    return f'{option}=["{pattern}"] matches nothing; {hint}'


def scopes_without(scopes: Iterable[str], gone: Iterable[str], variable_names: Iterable[str]) -> set[str]:
    """Returns the largest scopes that hold the variables of `scopes` and none of those of `gone`."""
    scopes, names = tuple(scopes), list(variable_names)
    kept = [name for name in names if in_scopes(name, scopes) and not in_scopes(name, gone)]
    lost = [name for name in names if name not in set(kept)]
    found = set()
    for name in kept:
        inside = (scope for scope in reversed([*scopes_up(name)]) if in_scopes(scope, scopes))
        found.add(next(scope for scope in inside if not any(in_scopes(other, [scope]) for other in lost)))
    return found
