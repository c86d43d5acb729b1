"""A layer of tf.layers as a function: the layer is made, named and called at once."""

import inspect
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from slimzoo.compat.tf_layers.base import Layer

_POSITIONAL = inspect.Parameter.POSITIONAL_OR_KEYWORD


def as_function(layer: type[Layer], name: str, reuse: bool = True) -> Callable[..., tf.Tensor]:
    """Returns (inputs, the arguments of `layer`, reuse) -> outputs; the scope is `name` as it is given.

    Args:
      reuse: False for a layer without variables, which has no such argument and numbers equal names.
    """
    taken = [p for p in inspect.signature(layer).parameters.values() if p.kind is _POSITIONAL]
    own = [inspect.Parameter("inputs", _POSITIONAL), *taken]
    if reuse:
        own.append(inspect.Parameter("reuse", _POSITIONAL, default=None))
    signature = inspect.Signature(own)

    def function(*args: Any, **kwargs: Any) -> tf.Tensor:
        try:
            given = signature.bind(*args, **kwargs).arguments
        except TypeError as error:
            raise TypeError(f"{name}() {error}. It takes {', '.join(signature.parameters)}") from None
        inputs = given.pop("inputs")
        scope = {"_scope": given.get("name"), "_reuse": given.pop("reuse", None)} if reuse else {}
        return layer(**given, **scope)(inputs)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{layer.__name__}, made, named and called at once."
    vars(function)["__signature__"] = signature
    return function
