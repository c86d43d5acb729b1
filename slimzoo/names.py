"""Names of variables and scopes: what lies in what, and how Keras can hold them. Needs no TensorFlow."""

import difflib
import fnmatch
from collections.abc import Iterable

from slimzoo.errors import SlimzooError, listing

_ESCAPES = str.maketrans({"-": "-0", ".": "-1", "/": "."})  # Keras takes no "/", and "." must stay "."


def escape(name: str) -> str:
    """Returns the slim variable name `name` as Keras can hold it: "a/b.c" is "a.b-1c"."""
    return name.translate(_ESCAPES)


def unescape(name: str) -> str:
    """Returns the slim variable name that escape() turned into `name`."""
    return name.replace(".", "/").replace("-1", ".").replace("-0", "-")


def in_scopes(name: str, scopes) -> bool:
    """Whether the variable or scope `name` lies in one of `scopes`: "a/b" holds "a/b/weights"."""
    return any(name == scope or name.startswith(f"{scope.rstrip('/')}/") for scope in scopes)


def check_names(kind: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Raises SlimzooError with the nearest ones if some of `names` are not in `known`."""
    known = list(known)
    problems = [
        f"no {kind} {name!r}; nearest: "
        f"{', '.join(difflib.get_close_matches(name, known, n=3, cutoff=0.4)) or 'none is near'}"
        for name in names
        if name not in known
    ]
    if problems:
        problems.append(f"there are: {', '.join(known) or 'none'}")
        raise SlimzooError(listing(f"unknown {kind}s:", problems))


def expand_scopes(patterns: Iterable[str], variable_names: Iterable[str]) -> set[str]:
    """Returns the scopes that `patterns` (scopes, variables, shell patterns) stand for.

    Raises: SlimzooError: one holds no variable; the nearest scopes are named.
    """
    names = list(variable_names)
    scopes = sorted(
        {n.rsplit("/", depth)[0] for n in names for depth in range(n.count("/") + 1)} | set(names)
    )
    found, problems = set(), []
    for pattern in patterns:
        hits = {s for s in scopes if s == pattern.rstrip("/") or fnmatch.fnmatchcase(s, pattern)}
        if not any(in_scopes(name, hits) for name in names):
            near = [s for s in scopes if s.endswith(f"/{pattern}")]
            near = near or difflib.get_close_matches(pattern, scopes, n=3, cutoff=0.3)
            problems.append(f"{pattern!r} matches no variable; did you mean {', '.join(near) or scopes[0]}?")
        found |= hits
    if problems:
        raise SlimzooError(listing("scopes that match nothing:", problems))
    return found


def scopes_without(scopes: Iterable[str], gone: Iterable[str], variable_names: Iterable[str]) -> set[str]:
    """Returns the largest scopes that hold the variables of `scopes` and none of those of `gone`."""
    scopes, names = tuple(scopes), list(variable_names)
    kept = [name for name in names if in_scopes(name, scopes) and not in_scopes(name, gone)]
    lost = [name for name in names if name not in set(kept)]
    found = set()
    for name in kept:
        above = ("/".join(name.split("/")[:depth]) for depth in range(1, name.count("/") + 2))
        inside = (scope for scope in above if in_scopes(scope, scopes))
        found.add(next(scope for scope in inside if not any(in_scopes(other, [scope]) for other in lost)))
    return found
