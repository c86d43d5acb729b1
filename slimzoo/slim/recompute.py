"""recompute_grad: run a function again for its gradients, instead of keeping what it computed."""

import contextvars
import functools
import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

DEFAULT = "__rev_block_lib_default"


def _with_or_without_arguments(decorator: Callable[..., Any]) -> Callable[..., Any]:
    """Returns `decorator` so that @decorator and @decorator(option=...) both work."""

    @functools.wraps(decorator)
    def either(*args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and not kwargs and callable(args[0]):
            return decorator(args[0])
        return lambda fn: decorator(fn, *args, **kwargs)

    return either


@_with_or_without_arguments
def recompute_grad(
    fn: Callable[..., Any], use_data_dep: Any = DEFAULT, tupleize_grads: bool = False
) -> Callable[..., Any]:
    """Decorates `fn` to be run again for its gradients: less memory, one more run of `fn`.

    Both runs must do the same: no random numbers, no updates. A function that takes `is_recomputing` is told
    by it which run it is in. Its variables come from get_variable (resource variables) in a scope of its own.

    Args:
      fn: tensors, all by position -> a tensor, list or tuple; it uses no tensors or variables from outside.
      use_data_dep: hold the second run back until the gradients arrive by adding them, times a vanishing
        number, to the inputs; False: by control dependencies, which XLA ignores. Left out: False.
      tupleize_grads: hand out no gradient before all are computed.

    Raises: ValueError: `fn` uses a tensor or variable from outside, or is called with something else than
      tensors; at the gradients, if the second run used other variables than the first.
    """
    _check_closure(fn)
    told = "is_recomputing" in inspect.signature(fn).parameters
    by_data = use_data_dep is True or (use_data_dep and use_data_dep != DEFAULT)

    def run(inputs: Sequence[tf.Tensor], again: bool) -> tuple[Any, set[Any]]:
        with tf.GradientTape() as tape:
            outputs = fn(*inputs, is_recomputing=again) if told else fn(*inputs)
        return outputs, {variable.ref() for variable in tape.watched_variables()}

    def second_run(
        scope: tf.compat.v1.VariableScope,
        inputs: Sequence[tf.Tensor],
        used: set[Any],
        upstream: Sequence[Any],
    ) -> tuple[list[Any], Any]:
        arrived = [gradient for gradient in upstream if gradient is not None]
        inputs = [tf.identity(x) for x in inputs]
        with tf.control_dependencies(arrived):
            inputs = _after(arrived, inputs) if by_data else inputs
            with tf.compat.v1.variable_scope(scope, reuse=True):
                outputs, used_again = run(inputs, again=True)
        if used != used_again:
            raise ValueError(_other_variables(fn, used, used_again))
        return inputs, outputs

    def wrapped(*args: tf.Tensor | tf.Variable) -> Any:
        _check_tensors(fn, args)

        @tf.custom_gradient
        def first_run(*inputs: tf.Tensor) -> tuple[Any, Callable[..., Any]]:
            scope, context = tf.compat.v1.get_variable_scope(), contextvars.copy_context()
            outputs, used = run(inputs, again=False)

            def gradient(*upstream: Any, variables: Sequence[tf.Variable] | None = None) -> Any:
                again = functools.partial(second_run, scope, inputs, used, upstream)
                copies, results = context.copy().run(again)
                wanted = [*copies, *(variables or [])]
                found = tf.gradients(tf.nest.flatten(results), wanted, list(upstream))
                if tupleize_grads:
                    found = _after(found, found) if by_data else tf.tuple(found)
                of_inputs, of_variables = found[: len(copies)], found[len(copies) :]
                return (of_inputs, of_variables) if variables else of_inputs

            return outputs, gradient

        return first_run(*args)

    return wrapped if isinstance(fn, functools.partial) else functools.wraps(fn)(wrapped)


def _check_closure(fn: Callable[..., Any]) -> None:
    code = getattr(fn, "__code__", None)
    if code is None:
        return
    for name, cell in zip(code.co_freevars, fn.__closure__ or (), strict=True):
        try:
            value = cell.cell_contents
        except ValueError:  # not yet filled: the function itself, while it is decorated
            continue
        if isinstance(value, tf.Variable) or tf.is_tensor(value):
            raise ValueError(
                f"{_name(fn)}, decorated with @recompute_grad, closes over Tensor {value.name} (local "
                f"variable name: {name}). It would get no gradient through the function. Make it an argument"
            )


def _check_tensors(fn: Callable[..., Any], args: Iterable[Any]) -> None:
    others = [type(arg).__name__ for arg in args if not (tf.is_tensor(arg) or isinstance(arg, tf.Variable))]
    if others:
        raise ValueError(
            f"All inputs to function must be Tensors; {_name(fn)} got {', '.join(others)}. Convert them, or "
            "bind them with functools.partial before decorating"
        )


def _other_variables(fn: Callable[..., Any], used: set[Any], used_again: set[Any]) -> str:
    first, again = ([ref.deref().name for ref in refs] for refs in (used, used_again))
    return (
        f"The variables used on recompute were different than the variables originally used by {_name(fn)}: "
        f"{', '.join(sorted(again)) or 'none'} instead of {', '.join(sorted(first)) or 'none'}. "
        "It likely creates its own variable scope with a default name and has been called twice in the same "
        "enclosing scope. Call it in a variable scope of its own each time"
    )


def _after(first: Iterable[Any], then: Iterable[Any]) -> list[Any]:
    """Returns copies of the tensors `then` that cannot be computed before all of `first`; None stays None.

    Raises: ValueError: a tensor of unknown rank, or no floating one.
    """
    present = [x for x in first if x is not None]
    for x in present:
        if x.shape.rank is None or not x.dtype.is_floating:
            raise ValueError(
                f"use_data_dep needs floating tensors of known rank, not {x.name}: {x.dtype.name} {x.shape}. "
                "Leave use_data_dep out, or call set_shape"
            )
    total = tf.add_n([tf.reshape(tf.slice(x, [0] * x.shape.rank, [1] * x.shape.rank), []) for x in present])
    nothing = tf.stop_gradient(total * np.finfo(total.dtype.as_numpy_dtype).tiny)
    return [None if x is None else x + nothing for x in then]


def _name(fn: Callable[..., Any]) -> str:
    return getattr(fn, "__name__", None) or repr(fn)
