"""Layers that are told apart by a number alone, as tf.layers and Keras name them: conv2d, conv2d_1, ..."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBERED = re.compile(
    r"(?P<scope>(?:.*[/.])?)(?P<base>conv2d|depthwise_conv2d|separable_conv2d|conv2d_transpose"
    r"|batch_normalization|dense)(?:_(?P<number>\d+))?"
)


@dataclass(frozen=True, order=True)
class Numbered:
    """A layer's place: the `number`-th of its kind in its scope."""

    scope: str
    base: str
    number: int


def numbered(layer: str) -> Numbered | None:
    """Returns the place that the name `layer` says, None where it says more than a number."""
    found = _NUMBERED.fullmatch(layer)
    return found and Numbered(found["scope"], found["base"], int(found["number"] or 0))
