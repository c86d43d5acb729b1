"""The ops of optimizers, under their names and with the order of arguments that TensorFlow 1.15 had.

training_ops.apply_adam(var, m, v, ...) is tf.raw_ops.ApplyAdam(var=var, m=m, v=v, ...).
"""

import functools
import inspect
import re
from collections.abc import Callable
from typing import Any

import tensorflow as tf

_KINDS = ("Apply", "ResourceApply", "ResourceSparseApply", "SparseApply")


def __getattr__(name: str) -> Callable[..., Any]:
    if name not in _ops():
        raise AttributeError(f"no op of an optimizer is called {name!r}")
    op = getattr(tf.raw_ops, _ops()[name])
    parameters = list(inspect.signature(op).parameters)

    def called(*args: Any, **settings: Any) -> Any:
        return op(**dict(zip(parameters, args, strict=False)), **settings)

    return called


def __dir__() -> list[str]:
    return sorted(_ops())


@functools.cache
def _ops() -> dict[str, str]:
    """Returns the ops by their old names: {"apply_rms_prop": "ApplyRMSProp"}."""
    words = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
    return {words.sub("_", name).lower(): name for name in dir(tf.raw_ops) if name.startswith(_KINDS)}
