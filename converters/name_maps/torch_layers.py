"""The rows of PyTorch's layers, by the names that a layer's own tensors have in every model of it."""

from __future__ import annotations

from slimzoo.converters.name_maps import Row, row
from slimzoo.converters.name_maps.transforms import (
    DEPTHWISE,
    GAMMA_INTO_KERNEL,
    OI,
    OI_AS_1X1,
    OIHW,
    SAME,
    Transform,
)

Rows = tuple[Row, ...]
IGNORED = (r".*\.num_batches_tracked",)  # how often a batch norm was trained; nothing computes with it
_BATCH_NORM = {  # theirs: ours
    "weight": "gamma",
    "bias": "beta",
    "running_mean": "moving_mean",
    "running_var": "moving_variance",
}


def kernel(theirs: str, ours: str, how: Transform = OIHW, name: str = "weights") -> Rows:
    """A convolution without biases; `name` is what our layer calls its kernel."""
    return (row(f"{theirs}.weight", f"{ours}/{name}", how),)


def depthwise(theirs: str, ours: str) -> Rows:
    """A depthwise convolution without biases."""
    return (row(f"{theirs}.weight", f"{ours}/depthwise_weights", DEPTHWISE),)


def with_biases(theirs: str, ours: str, how: Transform = OIHW) -> Rows:
    """A convolution with biases; a dense layer with `how` OI, one that is our convolution with OI_AS_1X1."""
    return (*kernel(theirs, ours, how), row(f"{theirs}.bias", f"{ours}/biases", SAME))


def dense(theirs: str, ours: str) -> Rows:
    """A dense layer on both sides."""
    return with_biases(theirs, ours, OI)


def dense_as_1x1(theirs: str, ours: str) -> Rows:
    """A dense layer of theirs, a 1x1 convolution of ours."""
    return with_biases(theirs, ours, OI_AS_1X1)


def batch_norm(theirs: str, ours: str) -> Rows:
    """A batch norm with gamma."""
    return tuple(row(f"{theirs}.{their}", f"{ours}/{our}") for their, our in _BATCH_NORM.items())


def normalised(theirs: str, ours: str, conv: str = "conv", bn: str = "bn") -> Rows:
    """A convolution called `conv` and its batch norm `bn`, which in our layer has no gamma."""
    norm = f"{ours}/BatchNorm"
    folded = (f"{theirs}.{conv}.weight", f"{theirs}.{bn}.weight", f"{theirs}.{bn}.running_mean")
    return (
        Row(folded, (f"{ours}/weights", f"{norm}/moving_mean"), GAMMA_INTO_KERNEL),
        row(f"{theirs}.{bn}.bias", f"{norm}/beta"),
        row(f"{theirs}.{bn}.running_var", f"{norm}/moving_variance"),
    )
