"""Units: parts of a network that a host may run a second time for their gradients, and forget in between."""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from slimzoo.slim.hosting import HOST

P = ParamSpec("P")
R = TypeVar("R")
LAYER = "_is_layer"


def unit(function: Callable[P, R]) -> Callable[P, R]:
    """Returns `function`, a block of a network, as a unit: tensors and settings -> a tensor, or several.

    Of what it computes the host keeps its inputs and outputs alone, where it trades time for memory. Its
    tensors come as arguments; units inside of it are parts of it.
    """

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        host = HOST.get()
        return function(*args, **kwargs) if host is None else host.run_unit(function, args, kwargs)

    return run


def layer_unit(layer: Callable[P, R]) -> Callable[P, R]:
    """Returns `layer`, which is a unit where it normalises: without, it keeps no more than its output."""
    again = unit(layer)

    @functools.wraps(layer)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        return (again if kwargs.get("normalizer_fn") else layer)(*args, **kwargs)

    vars(run)[LAYER] = True
    return run


def is_layer(function: Callable) -> bool:
    """Whether `function` is a layer_unit: several of them, one after the other, are a unit together."""
    return getattr(function, LAYER, False)
