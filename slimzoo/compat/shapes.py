"""Transposed convolutions of tf.nn with the static shape that TF 1.15 gave them.

Today's inference takes the batch of the output from the input, 1.15 took it from `output_shape`: behind a
placeholder of an unknown batch the shape is another one, and `tf.reshape(x, x.get_shape())` fails.
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any

import tensorflow as tf

_SIZED_BY = {  # function of tf.compat.v1.nn: the argument that is its output's shape
    "atrous_conv2d_transpose": "output_shape",
    "conv1d_transpose": "output_shape",
    "conv2d_backprop_input": "input_sizes",
    "conv2d_transpose": "output_shape",
}


def _shaped(function: Callable[..., Any], argument: str) -> Callable[..., Any]:
    signature = inspect.signature(function)

    @functools.wraps(function)
    def shaped(*args: Any, **settings: Any) -> Any:
        made = function(*args, **settings)
        sizes = signature.bind(*args, **settings).arguments.get(argument)
        if (known := tf.get_static_value(tf.convert_to_tensor(sizes), partial=True)) is not None:
            made.set_shape([None if size is None else int(size) for size in known])
        return made

    return shaped


atrous_conv2d_transpose, conv1d_transpose, conv2d_backprop_input, conv2d_transpose = (
    _shaped(getattr(tf.compat.v1.nn, name), argument) for name, argument in _SIZED_BY.items()
)
