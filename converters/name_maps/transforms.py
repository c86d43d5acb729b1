"""How the tensors of another library become slim's, and back: one row a way of laying them out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from slimzoo.converters.source import Source, Tensor
from slimzoo.errors import SlimzooError

Arrays = tuple[np.ndarray, ...]
Change = Callable[..., Arrays]  # of one array or several


@dataclass(frozen=True)
class Transform:
    """Two functions that undo each other, of one tensor or of several at once.

    Both run on arrays without memory of their own (all strides 0) too, to learn the shapes: they index,
    transpose, reshape and add, and branch on shapes only.
    """

    name: str
    forward: Change = field(repr=False)  # of their arrays: ours
    backward: Change = field(repr=False)  # of ours: theirs


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


def dense_as_conv(height: int, width: int) -> Transform:
    """Returns the transform of PyTorch's dense layer [O, C * height * width] to a kernel of that size."""
    return _single(
        f"O(CHW) to HWCO, {height}x{width}",
        lambda array: array.reshape(array.shape[0], -1, height, width).transpose(2, 3, 1, 0),
        lambda array: array.transpose(3, 2, 0, 1).reshape(array.shape[3], -1),
    )


OI_AS_1X1 = dense_as_conv(1, 1)

# PyTorch's kernel OIHW, gamma and moving mean, where our batch norm has no gamma: gamma * (conv(x) - mean)
# is what a kernel and a mean times gamma make, whatever gamma is; a gamma of ones changes no bit of them.
GAMMA_INTO_KERNEL = Transform(
    "OIHW to HWIO, gamma into kernel and mean",
    lambda kernel, gamma, mean: (kernel.transpose(2, 3, 1, 0) * gamma, mean * gamma),
    lambda kernel, mean: (kernel.transpose(3, 2, 0, 1), np.ones_like(mean, subok=False), mean),
)

# Keras lays kernels out as slim does; its dense layers are our convolutions.
IO_AS_1X1 = _single("IO to 11IO", lambda array: array[None, None], lambda array: array[0, 0])
IO = _single("IO as it is", lambda array: array, lambda array: array)  # dense on both sides
ONE_AS_IO = _single("11IO to IO", lambda array: array[0, 0], lambda array: array[None, None])
FLAT_AS_7X7 = _single(  # a dense layer on a flattened 7x7 map
    "(HWI)O to HWIO, 7x7",
    lambda array: array.reshape(7, 7, -1, array.shape[1]),
    lambda array: array.reshape(-1, array.shape[3]),
)
BGR = _single(
    "BGR to RGB on the input axis", lambda array: array[:, :, ::-1], lambda array: array[:, :, ::-1]
)
BIAS_INTO_MEAN = Transform(  # x + bias - mean, of a convolution before a batch norm; ours has no biases there
    "bias into moving mean",
    lambda bias, mean: (mean - bias,),
    lambda mean: (np.zeros_like(mean, subok=False), mean),
)


def with_zero_biases(kernel: Transform) -> Transform:
    """Returns the transform of the kernel of a layer that has no biases, where ours has."""
    return Transform(
        f"{kernel.name}, no biases",
        lambda array: (*kernel.forward(array), np.zeros(array.shape[-1:], array.dtype)),
        lambda weights, biases: kernel.backward(weights),
    )


BACKGROUND = ("keep", "drop", "synthetic")
_NEVER = -1e4  # the logit of a class that no image is of: softmax makes 0 of it; float16 holds it
_IMAGENET = 1000  # classes, without the background that slim counts as class 0


def with_background(source: Source, heads: Iterable[str], how: str) -> Source:
    """Returns `source`, of slim's names, with or without the class 0, "background", of ImageNet's 1001.

    Args:
      heads: scopes of the network's last layers; of these, the ones with biases are classifiers.
      how: of BACKGROUND: "keep" changes nothing; "drop" makes 1000 classes of 1001; "synthetic" makes 1001 of
        1000, by a class that never wins. The last two are said in the metadata, as `background`.
    Raises: SlimzooError: there is no classifier, or one has another number of classes.
    """
    if how not in BACKGROUND:
        raise SlimzooError(f"background is one of {', '.join(BACKGROUND)}, not {how!r}")
    if how == "keep":
        return source
    heads = tuple(heads)
    biases = [
        name
        for name in source
        if name.endswith("/biases") and any(name.startswith(f"{head}/") for head in heads)
    ]
    needed = _IMAGENET + (how == "drop")
    wrong = [f"{name} {source.shapes[name]}" for name in biases if source.shapes[name] != (needed,)]
    if wrong or not biases:
        there = ", ".join(wrong) or f"no biases in {', '.join(heads)}"
        raise SlimzooError(
            f"background={how!r} is for classifiers of {needed} classes; {source.path} has {there}"
        )
    changed = dict(source.tensors)
    for name in biases:
        kernel = name.removesuffix("biases") + "weights"
        changed[name] = _resized(changed[name], how, _NEVER)
        changed[kernel] = _resized(changed[kernel], how, 0)
    made = source.with_tensors(changed)
    made.metadata["background"] = how
    return made


def _resized(tensor: Tensor, how: str, first: float) -> Tensor:
    change = _without_first if how == "drop" else partial(_with_first, first)
    shape = (*tensor.shape[:-1], tensor.shape[-1] + (-1 if how == "drop" else 1))
    return Tensor(shape, tensor.dtype, lambda: change(tensor.load()))


def _without_first(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array[..., 1:])


def _with_first(value: float, array: np.ndarray) -> np.ndarray:
    first = np.full((*array.shape[:-1], 1), value, array.dtype)
    return np.concatenate([first, array], axis=-1)
