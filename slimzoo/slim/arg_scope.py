"""Default arguments for a block of code: `with arg_scope([conv2d], padding="VALID"):`."""

import contextlib
import contextvars
import functools
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeAlias, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
ArgScope: TypeAlias = dict[str, dict[str, Any]]  # {op key: {keyword: value}}; never changed in place


@dataclass(frozen=True)
class Takes:
    """What an op takes: all parameter names, those with a default, and whether it takes any keyword."""

    name: str
    parameters: tuple[str, ...]
    positional: tuple[str, ...]
    with_default: tuple[str, ...]
    any_keyword: bool


SCOPE: contextvars.ContextVar[ArgScope] = contextvars.ContextVar("slimzoo_arg_scope")
OPS: dict[str, Takes] = {}  # by op key


def add_arg_scope(func: Callable[P, R]) -> Callable[P, R]:
    """Returns `func` with its keyword arguments open to `arg_scope`."""
    key = _new_key(func)
    OPS[key] = takes = _takes(func)

    @functools.wraps(func)
    def scoped(*args: P.args, **kwargs: P.kwargs) -> R:
        settings = current_arg_scope().get(key)
        if settings:
            _check_positions(takes, len(args), settings, kwargs)
            kwargs.update(settings | kwargs)  # what the call says wins
        return func(*args, **kwargs)

    vars(scoped)["_key_op"] = key
    return scoped


def arg_scope(
    list_ops_or_scope: Sequence[Any] | ArgScope, **kwargs: Any
) -> contextlib.AbstractContextManager[ArgScope]:
    """Sets default arguments of ops, or re-enters a scope made before, for a `with` block.

    Args:
      list_ops_or_scope: a list or tuple of ops decorated with `add_arg_scope`, or the dict that an earlier
        `arg_scope` yielded (then without kwargs).
      **kwargs: every op of the list takes each of them.

    Returns: a context manager that yields the scope, a dict {op key: {keyword: value}}.
    Raises: TypeError: not a list, tuple or dict, or a keyword that an op does not take.
      ValueError: an op without `add_arg_scope`, or a dict with kwargs.
    """
    return _entered(_scope_for(list_ops_or_scope, kwargs))


def current_arg_scope() -> ArgScope:
    """Returns the scope in force, a dict {op key: {keyword: value}}; copy it before changing it."""
    return SCOPE.get({})


def arg_scope_func_key(op: Callable) -> str:
    """Returns the key under which the settings of `op` stand in a scope."""
    return getattr(op, "_key_op", None) or str(op)


def has_arg_scope(func: Callable) -> bool:
    """Returns whether `func` is decorated with `add_arg_scope`."""
    return arg_scope_func_key(func) in OPS


def arg_scoped_arguments(func: Callable) -> tuple[str, ...]:
    """Returns the parameters of `func` that have a default; ValueError if it is not decorated."""
    if not has_arg_scope(func):
        raise ValueError(
            f"{_describe(func)} is not decorated with @add_arg_scope, so no arg_scope sets anything"
        )
    return OPS[arg_scope_func_key(func)].with_default


@contextlib.contextmanager
def _entered(scope: ArgScope) -> Iterator[ArgScope]:
    token = SCOPE.set(scope)
    try:
        yield scope
    finally:
        SCOPE.reset(token)


def _scope_for(ops: Any, settings: dict[str, Any]) -> ArgScope:
    if isinstance(ops, dict):
        if settings:
            raise ValueError(
                f"a scope given as a dict is entered as it is, but {', '.join(settings)} came with it. "
                "Enter it first, then open a second arg_scope([op, ...], ...) inside"
            )
        return dict(ops)
    if not isinstance(ops, (list, tuple)):
        raise TypeError(
            f"arg_scope takes a list or tuple of ops, or the dict of an earlier scope, not {ops!r}. "
            "For one op write arg_scope([op], ...)"
        )
    _check(ops, settings)
    scope = dict(current_arg_scope())
    for op in ops:
        key = arg_scope_func_key(op)
        scope[key] = scope.get(key, {}) | settings
    return scope


def _check(ops: Sequence[Callable], settings: Mapping[str, Any]) -> None:
    bare = [_describe(op) for op in ops if not has_arg_scope(op)]
    if bare:
        raise ValueError(
            f"{', '.join(bare)} is not decorated with @add_arg_scope; decorate it where it is defined"
        )
    problems = []
    for takes in (OPS[arg_scope_func_key(op)] for op in ops):
        unknown = (
            [] if takes.any_keyword else [repr(name) for name in settings if name not in takes.parameters]
        )
        if unknown:
            takes_names = ", ".join(takes.parameters)
            problems.append(
                f"arg_scope sets {', '.join(unknown)}, which {takes.name} does not take: {takes_names}"
            )
    if problems:
        raise TypeError("\n".join(problems))


def _check_positions(
    takes: Takes, count: int, settings: Mapping[str, Any], kwargs: Mapping[str, Any]
) -> None:
    """Raises TypeError, as TensorFlow 1.15 did, if a call gives by position what an arg_scope sets."""
    twice = [name for name in takes.positional[:count] if name in settings and name not in kwargs]
    if twice:
        given = ", ".join(f"{name}=..." for name in twice)
        raise TypeError(
            f"{takes.name}() got multiple values for argument {', '.join(map(repr, twice))}: an arg_scope "
            f"sets it and the call gives it by position. Give it by name ({given}): a name in the call wins"
        )


def _takes(func: Callable) -> Takes:
    parameters = inspect.signature(func).parameters.values()
    named = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    in_order = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return Takes(
        name=func.__name__,
        parameters=tuple(p.name for p in named),
        positional=tuple(p.name for p in in_order),
        with_default=tuple(p.name for p in named if p.default is not p.empty),
        any_keyword=any(p.kind is p.VAR_KEYWORD for p in parameters),
    )


def _new_key(func: Callable) -> str:
    """Returns a key that reads well and that no other op has, even one defined under the same name."""
    name = f"{func.__module__}.{func.__qualname__}"
    number = sum(key.split("#")[0] == name for key in OPS)
    return f"{name}#{number + 1}" if number else name


def _describe(op: Callable) -> str:
    return getattr(op, "__name__", None) or repr(op)
