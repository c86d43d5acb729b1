"""Which networks are meant: by patterns of their names, and whether weights of them were released."""

import fnmatch
from collections.abc import Iterable

from slimzoo.errors import SlimzooError
from slimzoo.names import nearest
from slimzoo.registry import get_row, rows
from slimzoo.weights import manifest

Patterns = str | Iterable[str]


def list_models(patterns: Patterns = "*", *, pretrained: bool = False, exclude: Patterns = ()) -> list[str]:
    """Returns the sorted names of the networks that match a shell pattern, as "mobilenet_*".

    Args:
      patterns: one or several, of which a name must match one.
      pretrained: only networks with released weights that can be loaded.
      exclude: patterns of names to leave out.
    """
    names = set().union(*(fnmatch.filter(rows(), pattern) for pattern in _several(patterns)))
    names = names.difference(*(fnmatch.filter(names, pattern) for pattern in _several(exclude)))
    return sorted(names & _released() if pretrained else names)


def choose(
    patterns: Patterns = (), *, pretrained: bool = False, exclude: Patterns = (), task: str | None = None
) -> list[str]:
    """Returns what list_models() does; a pattern without a wildcard may be a part of the name too.

    Without patterns, all. Raises: SlimzooError: a pattern matches nothing, all of these are named; or nothing
      is left.
    """
    wanted, unwanted = _several(patterns) or ("*",), _several(exclude)
    lost = [pattern for pattern in (*wanted, *unwanted) if not _matching(pattern)]
    if lost:
        raise SlimzooError("\n".join(_matches_nothing(pattern) for pattern in lost))
    names = {name for pattern in wanted for name in _matching(pattern)}
    names -= {name for pattern in unwanted for name in _matching(pattern)}
    known = names
    if task is not None:
        names = {name for name in names if get_row(name).task == task}
    if left := sorted(names & _released() if pretrained else names):
        return left
    why = "is left of them" if not known else f"of them is of the task {task}"
    why = "of them has released weights that can be loaded" if names else why
    raise SlimzooError(f"no network {why}: asked for are {', '.join(map(repr, wanted))}")


def _matching(pattern: str) -> list[str]:
    return fnmatch.filter(rows(), pattern) or fnmatch.filter(rows(), f"*{pattern}*")


def _matches_nothing(pattern: str) -> str:
    near = nearest(pattern.strip("*"), rows()) or " slimzoo.list_models() lists all."
    return f"no network matches {pattern!r}.{near}"


def _released() -> set[str]:
    return {row.network for row in manifest.rows() if row.maths != "other"}


def _several(patterns: Patterns) -> tuple[str, ...]:
    return (patterns,) if isinstance(patterns, str) else tuple(patterns)
