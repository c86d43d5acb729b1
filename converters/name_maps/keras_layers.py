"""The rows of Keras's layers, by the names that a layer's variables have in every model."""

from __future__ import annotations

from slimzoo.converters.name_maps import Row, row
from slimzoo.converters.name_maps.transforms import BIAS_INTO_MEAN, IO, IO_AS_1X1, SAME, Transform

Rows = tuple[Row, ...]
BATCH_NORM = ("gamma", "beta", "moving_mean", "moving_variance")  # on both sides
WITHOUT_GAMMA = BATCH_NORM[1:]


def conv(theirs: str, ours: str, how: Transform = SAME) -> Rows:
    """A convolution without biases."""
    return (row(f"{theirs}/kernel", f"{ours}/weights", how),)


def with_biases(theirs: str, ours: str, how: Transform = SAME) -> Rows:
    """A convolution with biases."""
    return (*conv(theirs, ours, how), row(f"{theirs}/bias", f"{ours}/biases"))


def dense(theirs: str, ours: str) -> Rows:
    """A layer that is dense on both sides."""
    return with_biases(theirs, ours, IO)


def dense_as_1x1(theirs: str, ours: str) -> Rows:
    """A dense layer of theirs, a 1x1 convolution of ours."""
    return with_biases(theirs, ours, IO_AS_1X1)


def depthwise(theirs: str, ours: str) -> Rows:
    """A depthwise convolution without biases."""
    return (row(f"{theirs}/depthwise_kernel", f"{ours}/depthwise_weights"),)


def separable(theirs: str, ours: str) -> Rows:
    """A depthwise and a pointwise convolution in one layer, without biases."""
    pointwise = row(f"{theirs}/pointwise_kernel", f"{ours}/pointwise_weights")
    return (*depthwise(theirs, ours), pointwise)


def batch_norm(theirs: str, ours: str, variables: tuple[str, ...] = BATCH_NORM) -> Rows:
    """A batch norm."""
    return tuple(row(f"{theirs}/{name}", f"{ours}/{name}") for name in variables)


def batch_norm_after_biases(theirs: str, ours: str, convolution: str) -> Rows:
    """A batch norm after a `convolution` of theirs with biases, where ours has none."""
    gamma, beta, mean, variance = batch_norm(theirs, ours)
    folded = Row((f"{convolution}/bias", *mean.theirs), mean.ours, BIAS_INTO_MEAN)
    return (gamma, beta, folded, variance)
