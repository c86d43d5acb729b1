"""How the tensors of another library become slim's, and back: one row a way of laying them out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

Arrays = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Transform:
    """Two functions that undo each other, of one tensor or of several at once.

    Both run on arrays without memory of their own (all strides 0) too, to learn the shapes: they index,
    transpose, reshape and add, and branch on shapes only.
    """

    name: str
    forward: Callable[..., Arrays] = field(repr=False)  # of their arrays: ours
    backward: Callable[..., Arrays] = field(repr=False)  # of ours: theirs


def _single(name: str, forward: Callable, backward: Callable) -> Transform:
    return Transform(name, lambda array: (forward(array),), lambda array: (backward(array),))


def permuted(name: str, *order: int) -> Transform:
    """Returns the transform that puts the axes in `order`."""
    back = tuple(int(i) for i in np.argsort(order))
    return _single(name, lambda array: array.transpose(order), lambda array: array.transpose(back))


SAME = _single("as it is", lambda array: array, lambda array: array)
OIHW = permuted("OIHW to HWIO", 2, 3, 1, 0)  # PyTorch's convolutions
OI = permuted("OI to IO", 1, 0)  # PyTorch's dense layers
DEPTHWISE = permuted("C1HW to HWC1", 2, 3, 0, 1)  # PyTorch's depthwise convolutions, multiplier 1
