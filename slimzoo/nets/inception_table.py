"""The rows that the tables of the Inception networks are made of, and the walk along them."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from slimzoo import slim
from slimzoo.nets.common import (
    Depth,
    Layer,
    NetworkOutput,
    channel_axis,
    map_size,
    pad_as_same,
    pad_for_kernel,
)
from slimzoo.slim.unit import unit

ONE = "Conv2d_0a_1x1"  # how most branches start
HALVING: dict[str, Any] = {"stride": 2, "padding": "VALID"}

# A row is a function (net, depth) -> net, where depth turns the published number of channels into the one
# that is asked for. Its name is its scope and its end point.


@dataclass(frozen=True)
class Conv:
    """A convolution; its kernel is the end of its name, "Conv2d_0b_1x7", unless it says another."""

    name: str
    depth: int
    stride: int = 1
    padding: str = "SAME"  # or "VALID", or "BOTH": as many pixels on every side, whatever the stride
    stddev: float | None = None  # of its first weights, a truncated normal; None: as the arg_scope says
    kernel: tuple[int, int] | None = None

    def __call__(self, net: tf.Tensor, depth: Depth) -> tf.Tensor:
        window = self.kernel or _kernel(self.name)
        both = self.padding == "BOTH"
        net = pad_for_kernel(net, window) if both else net
        settings: dict[str, Any] = {"padding": "VALID" if both else self.padding, "scope": self.name}
        if self.stddev is not None:
            settings["weights_initializer"] = truncated_normal(self.stddev)
        return slim.conv2d(net, depth(self.depth), window, self.stride, **settings)

    def takes(self, size: int) -> int:
        """Returns the least size that this makes `size` of."""
        return _least(self.kernel or _kernel(self.name), self.stride, self.padding, size)


@slim.add_arg_scope
def avg_pool(
    net: tf.Tensor,
    window: Sequence[int],
    stride: int,
    padding: str,
    scope: str | None = None,
    zero_padded: bool = False,
) -> tf.Tensor:
    """Returns slim.avg_pool2d; with `zero_padded` the padding of SAME counts as zeros, as in PyTorch."""
    if zero_padded and padding == "SAME":
        net, padding = pad_as_same(net, window[0], stride), "VALID"
    return slim.avg_pool2d(net, window, stride, padding, scope=scope)


@dataclass(frozen=True)
class Pool:
    """A pooling, called MaxPool_... or AvgPool_...; the end of its name is its window."""

    name: str
    stride: int = 1
    padding: str = "SAME"

    def __call__(self, net: tf.Tensor, depth: Depth) -> tf.Tensor:
        del depth  # pooling keeps the channels
        pool = slim.max_pool2d if self.name.startswith("MaxPool") else avg_pool
        return pool(net, _kernel(self.name), self.stride, self.padding, scope=self.name)

    def takes(self, size: int) -> int:
        """Returns the least size that this makes `size` of."""
        return _least(_kernel(self.name), self.stride, self.padding, size)


@dataclass(frozen=True)
class Fork:
    """Convolutions of the same input, put together."""

    convs: tuple[Conv, ...]

    def __call__(self, net: tf.Tensor, depth: Depth) -> tf.Tensor:
        return tf.concat([conv(net, depth) for conv in self.convs], channel_axis())

    def takes(self, size: int) -> int:
        """Returns the least size that this makes `size` of."""
        return max(conv.takes(size) for conv in self.convs)


Branches = tuple[tuple[Conv | Pool | Fork, ...], ...]


@dataclass(frozen=True)
class Mixed:
    """An Inception block: branches of the same input, each one layer after the other, put together."""

    name: str
    branches: Branches

    @unit
    def __call__(self, net: tf.Tensor, depth: Depth) -> tf.Tensor:
        with tf.compat.v1.variable_scope(self.name):
            return put_together(net, self.branches, depth)

    def takes(self, size: int) -> int:
        """Returns the least size that this makes `size` of."""
        return max(smallest_input(branch, size) for branch in self.branches)


def put_together(net: tf.Tensor, branches: Branches, depth: Depth = int) -> tf.Tensor:
    """Returns the outputs of Branch_0, Branch_1, ... along the channels."""
    outputs = []
    for i, branch in enumerate(branches):
        with tf.compat.v1.variable_scope(f"Branch_{i}"):
            outputs.append(functools.reduce(lambda value, layer: layer(value, depth), branch, net))
    return tf.concat(outputs, channel_axis())


def smallest_input(stages: Sequence, size: int = 1, least: Mapping[str, int] | None = None) -> int:
    """Returns the least height and width of which `stages` make a map of `size`.

    Args:
      least: {stage: what its output must measure at least}.
    """
    for stage in reversed(stages):
        size = stage.takes(max(size, (least or {}).get(getattr(stage, "name", ""), 1)))
    return size


def check_size(
    network: str, inputs: tf.Tensor, stages: Sequence, least: Mapping[str, int] | None = None, hint: str = ""
) -> None:
    """Raises ValueError if `inputs` are smaller than `stages` need them, as far as their size is known."""
    if len(inputs.shape) != 4:
        raise ValueError(f"{network} takes images [N, H, W, C]; inputs has shape {inputs.shape}")
    need, have = smallest_input(stages, least=least), map_size(inputs)
    if any(size is not None and size < need for size in have):
        raise ValueError(
            f"{network}: the images are {have[0]}x{have[1]} pixels; the smallest that work are {need}x{need}"
            f"{hint}"
        )


def build_up_to(
    network: str, inputs: tf.Tensor, stages: Sequence, final_endpoint: str, depth: Depth = int
) -> NetworkOutput:
    """Runs one stage after the other until `final_endpoint`; returns its activation and all before it.

    Raises: ValueError: there is no such end point, or the images are too small for it.
    """
    names = [stage.name for stage in stages]  # "" where it is no end point
    if not final_endpoint or final_endpoint not in names:
        known = ", ".join(filter(None, names))
        raise ValueError(f"Unknown final endpoint {final_endpoint!r} of {network}; there are {known}")
    stages = stages[: names.index(final_endpoint) + 1]
    check_size(f"{network} up to {final_endpoint}", inputs, stages)
    end_points, net = {}, inputs
    for stage in stages:
        net = stage(net, depth)
        if stage.name:
            end_points[stage.name] = net
    return net, end_points


def depth_of(network: str, depth_multiplier: float, min_depth: int) -> Depth:
    """Returns the function from a published number of channels to the one asked for.

    Raises: ValueError: depth_multiplier is not above 0.
    """
    if depth_multiplier <= 0:
        raise ValueError(
            f"{network}: depth_multiplier is not greater than zero but {depth_multiplier}; 1.0 makes the "
            "network as published"
        )
    return lambda depth: max(int(depth * depth_multiplier), min_depth)


def truncated_normal(stddev: float) -> Layer:
    """Returns the initializer of a truncated normal distribution around 0."""
    return tf.compat.v1.truncated_normal_initializer(0.0, stddev)


def _kernel(name: str) -> list[int]:
    height, width = name.rpartition("_")[2].split("x")
    return [int(height), int(width)]


def _least(kernel: Sequence[int], stride: int, padding: str, size: int) -> int:
    return (size - 1) * stride + (kernel[0] if padding == "VALID" else 1)
