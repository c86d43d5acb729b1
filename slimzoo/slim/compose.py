"""Several layers after each other: repeat and stack."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Concatenate, ParamSpec

import tensorflow as tf

from slimzoo.slim.hosting import require_graph
from slimzoo.slim.types import Scope, TensorLike
from slimzoo.slim.unit import is_layer, unit

P = ParamSpec("P")


def repeat(
    inputs: TensorLike,
    repetitions: int,
    layer: Callable[Concatenate[tf.Tensor, P], tf.Tensor],
    *args: P.args,
    **kwargs: P.kwargs,
) -> tf.Tensor:
    """Applies `layer` to its own output: repeat(x, 2, conv2d, 64, 3, scope="conv1").

    The layers get the scopes conv1/conv1_1, conv1/conv1_2; without scope, Repeat/<layer>_1 and so on.

    Args:
      repetitions: how often.
      *args, **kwargs: the other arguments of every layer.
    """
    return _chain("repeat", inputs, layer, [args] * repetitions, kwargs)


def stack(
    inputs: TensorLike, layer: Callable[..., tf.Tensor], stack_args: Sequence[Any], **kwargs: Any
) -> tf.Tensor:
    """Applies `layer` with other arguments each time: stack(x, fully_connected, [32, 64], scope="fc").

    The layers get the scopes fc/fc_1, fc/fc_2; without scope, Stack/<layer>_1 and so on.

    Args:
      stack_args: one entry for each layer: its second argument, or a list or tuple of arguments.
      **kwargs: the keyword arguments of every layer.

    Raises: ValueError: `stack_args` is not a list or tuple.
    """
    if not isinstance(stack_args, (list, tuple)):
        raise ValueError(f"stack_args need to be a list or tuple, with one entry a layer, not {stack_args!r}")
    rows = [args if isinstance(args, (list, tuple)) else (args,) for args in stack_args]
    return _chain("stack", inputs, layer, rows, kwargs)


def _chain(
    name: str,
    inputs: TensorLike,
    layer: Callable[..., tf.Tensor],
    rows: Iterable[Sequence[Any]],
    kwargs: dict[str, Any],
) -> tf.Tensor:
    require_graph(name, inputs)
    scope = kwargs.pop("scope", None)
    with tf.compat.v1.variable_scope(scope, name.capitalize(), [inputs]):
        outputs = tf.convert_to_tensor(inputs)
        scope = _scope_name(scope) or _layer_name(layer) or name
        rows = list(rows)

        def chain(outputs: tf.Tensor) -> tf.Tensor:
            for number, args in enumerate(rows, start=1):
                outputs = layer(outputs, *args, **kwargs, scope=f"{scope}_{number}")
            return outputs

        return unit(chain)(outputs) if len(rows) > 1 and is_layer(layer) else chain(outputs)


def _scope_name(scope: Scope | None) -> str | None:
    return scope.name if isinstance(scope, tf.compat.v1.VariableScope) else scope


def _layer_name(layer: Callable) -> str | None:
    return getattr(layer, "__name__", None) or getattr(getattr(layer, "func", None), "__name__", None)
