"""The decorators of tf.contrib.framework that say, once, that something is out of date."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

import tensorflow as tf

F = TypeVar("F", bound=Callable[..., Any])
_WHEN = "in a future version"


def _decorator(
    describe: Callable[[Any, inspect.BoundArguments], str | None], date: str | None, instructions: str
) -> Callable[[F], F]:
    """Returns a decorator: a call that `describe` has a name for is warned of the first time."""
    if not instructions:
        raise ValueError("Don't deprecate things without conveying a way forward! Specify `instructions`.")

    def decorate(function: Any) -> Any:
        signature, told = inspect.signature(function), set()

        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            what = describe(function, signature.bind_partial(*args, **kwargs))
            if what is not None and what not in told:
                told.add(what)
                when = _WHEN if date is None else f"after {date}"
                tf.compat.v1.logging.warning(
                    "From %s: %s is deprecated and will be removed %s.\nInstructions for updating:\n%s",
                    inspect.stack()[1].filename,
                    what,
                    when,
                    instructions,
                )
            return function(*args, **kwargs)

        return wrapped

    return decorate


def deprecated(date: str | None, instructions: str, warn_once: bool = True) -> Callable[[F], F]:
    """Returns a decorator of a function that will go after `date`, "2020-01-31", or some day."""
    del warn_once
    return _decorator(lambda function, given: f"{function.__qualname__}", date, instructions)


def deprecated_args(
    date: str | None, instructions: str, *deprecated_arg_names_or_tuples: Any, **kwargs: Any
) -> Callable[[F], F]:
    """Returns a decorator of a function some of whose arguments will go.

    Args:
      deprecated_arg_names_or_tuples: names, or (name, the value that says nothing was given).
    """
    del kwargs
    fine: dict[str, Any] = dict(
        row if isinstance(row, tuple) else (row, None) for row in deprecated_arg_names_or_tuples
    )

    def describe(function: Any, given: inspect.BoundArguments) -> str | None:
        named = {**given.arguments, **given.arguments.get("kwargs", {})}
        used = [name for name, value in fine.items() if name in named and named[name] is not value]
        return f"{', '.join(used)} of {function.__qualname__}" if used else None

    return _decorator(describe, date, instructions)


def deprecated_arg_values(
    date: str | None, instructions: str, warn_once: bool = True, **deprecated_kwargs: Any
) -> Callable[[F], F]:
    """Returns a decorator of a function for which some values of arguments will go."""
    del warn_once

    def describe(function: Any, given: inspect.BoundArguments) -> str | None:
        used = [
            f"{name}={value!r}"
            for name, value in deprecated_kwargs.items()
            if name in given.arguments and given.arguments[name] == value
        ]
        return f"{', '.join(used)} of {function.__qualname__}" if used else None

    return _decorator(describe, date, instructions)
