"""What a name that matches nothing may have been meant to be."""

from collections.abc import Iterable

from slimzoo.names import near_or_in


def nearest(name: str, known: Iterable[str]) -> str:
    """Returns "a/b, c/b": the known names that end with `name`, then those like it; "none" without any."""
    return ", ".join(near_or_in(name, known)) or "none"


def scopes(variable_names: Iterable[str]) -> list[str]:
    """Returns the variable names and all scopes they are in, sorted: a/b/w gives a, a/b, a/b/w."""
    return sorted(
        {name.rsplit("/", depth)[0] for name in variable_names for depth in range(name.count("/") + 1)}
    )
