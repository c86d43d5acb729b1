"""Calling what a program hands over, with those of the offered arguments that it takes; and checks of it."""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from slimzoo.errors import shown

v1 = tf.compat.v1
LOG = tf.compat.v1.logging

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def arguments(function: Any) -> list[str]:
    """Returns the names of the arguments that a function, a method, a partial or an object takes."""
    parameters = inspect.signature(function).parameters.values()
    bound = set(function.keywords) if hasattr(function, "keywords") else set()
    return [p.name for p in parameters if p.kind in _NAMED and p.name not in bound]


def needed(function: Any) -> list[str]:
    """Returns the names of those that have no default."""
    parameters = inspect.signature(function).parameters
    return [name for name in arguments(function) if parameters[name].default is inspect.Parameter.empty]


def name_of(function: Any) -> str:
    """Returns a name to call `function` by in a message."""
    return getattr(function, "__name__", None) or shown(function)


def call(function: Callable[..., Any], offered: Mapping[str, Any]) -> Any:
    """Calls `function` with those of the `offered` arguments that it names."""
    names = arguments(function)
    return function(**{name: value for name, value in offered.items() if name in names})


def check_callable(function: Any, what: str) -> None:
    """Raises TypeError where `function` cannot be called."""
    if not callable(function):
        raise TypeError(f"{what} must be callable, given: {shown(function)}; hand over the function itself")


def check_arguments(function: Any, what: str, allowed: Iterable[str], required: Iterable[str] = ()) -> None:
    """Raises ValueError where `function` lacks a `required` argument, or has one that is not `allowed`."""
    names, required = arguments(function), tuple(required)
    missing = [name for name in required if name not in names]
    unknown = [name for name in names if name not in set(allowed) and name not in set(required)]
    problems = [f"must include {', '.join(missing)} argument"] if missing else []
    problems += [f"has following not expected args: {', '.join(unknown)}"] if unknown else []
    if problems:
        raise ValueError(
            f"{what} ({name_of(function)}) {' and '.join(problems)}; "
            f"it may take {', '.join(dict.fromkeys((*required, *allowed)))}"
        )


def check_hooks(hooks: Sequence[Any] | None, what: str = "hooks") -> tuple[Any, ...]:
    """Returns the hooks as a tuple. Raises: TypeError: some are none, or there is no list of them."""
    if hooks is not None and not isinstance(hooks, list | tuple):
        raise TypeError(f"{what} must be a list of tf.train.SessionRunHook, given: {shown(hooks)}")
    wrong = [hook for hook in hooks or () if not isinstance(hook, v1.train.SessionRunHook)]
    if wrong:
        raise TypeError(f"All hooks must be SessionRunHook instances, given in {what}: {shown(wrong)}")
    return tuple(hooks or ())


def check_positive(number: Any, name: str) -> None:
    """Raises ValueError where a number of steps is given and is not at least 1."""
    if number is not None and number <= 0:
        raise ValueError(f"Must specify {name} > 0, given: {number}; None means no limit")
