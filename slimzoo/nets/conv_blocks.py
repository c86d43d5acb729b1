"""The blocks of MobileNet v2 and v3. Sandler et al. 2018, arXiv:1801.04381, table 1.

Howard et al. 2019, arXiv:1905.02244, added squeeze-and-excite.
"""

import contextlib
import functools
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from slimzoo import slim
from slimzoo.nets import common
from slimzoo.nets.common import EndPoints, Layer, Scope
from slimzoo.slim.unit import unit

DEPTHWISE_LOCATIONS = (None, "input", "expansion", "output")
ExpansionSize = int | Callable[..., int]  # channels inside, or a function of num_inputs


def _make_divisible(v: float, divisor: int, min_value: int | None = None) -> int:
    """Returns the multiple of `divisor` nearest to `v`, not below `min_value` nor 10 % below `v`."""
    nearest = int(v + divisor / 2) // divisor * divisor
    nearest = max(divisor if min_value is None else min_value, nearest)
    return nearest + divisor if nearest < 0.9 * v else nearest


def _split_divisible(num: int, num_ways: int, divisible_by: int = 8) -> list[int]:
    """Returns `num_ways` multiples of `divisible_by`, as alike as can be, whose sum is `num`."""
    if num % divisible_by or num < num_ways * divisible_by:
        raise ValueError(
            f"{num} channels can not be split into {num_ways} parts, each a multiple of {divisible_by}"
        )
    units = num // divisible_by
    ends = [-(-units * i // num_ways) for i in range(num_ways + 1)]  # rounded up
    return [(end - start) * divisible_by for start, end in itertools.pairwise(ends)]


def expand_input_by_factor(n: float, divisible_by: int = 8) -> Callable[..., int]:
    """Returns a function that gives `n` times num_inputs, made divisible: an expansion_size."""
    return lambda num_inputs, **_: _make_divisible(num_inputs * n, divisible_by)


_SIX_TIMES = expand_input_by_factor(6)


def split_conv(
    input_tensor: tf.Tensor, num_outputs: int, num_ways: int, scope: str, divisible_by: int = 8, **kwargs: Any
) -> tf.Tensor:
    """Returns a 1x1 convolution in `num_ways` groups, or a whole one where a group would be too narrow.

    Args:
      input_tensor: [N, H, W, C].
      divisible_by: the channels of a group are a multiple of it.
      **kwargs: what slim.conv2d takes.
    """
    channels = common.channels(input_tensor)
    if num_ways == 1 or min(channels, num_outputs) // num_ways < divisible_by:
        return slim.conv2d(input_tensor, num_outputs, [1, 1], scope=scope, **kwargs)
    sizes = (_split_divisible(channels, num_ways, divisible_by), common.channel_axis())
    parts = tf.split(input_tensor, *sizes, name=f"split_{scope}")
    widths = _split_divisible(num_outputs, num_ways, divisible_by)
    outputs = []
    for i, (part, width) in enumerate(zip(parts, widths, strict=True)):
        name = f"{scope}_part_{i}"
        part = slim.conv2d(part, width, [1, 1], scope=name, **kwargs)
        outputs.append(tf.identity(part, f"{name}_output"))
    return tf.concat(outputs, common.channel_axis(), name=f"{scope}_concat")


@slim.add_arg_scope
@unit
def split_separable_conv2d(
    input_tensor: tf.Tensor,
    num_outputs: int,
    scope: str | None = None,
    normalizer_fn: Layer | None = None,
    stride: int = 1,
    rate: int = 1,
    endpoints: EndPoints | None = None,
    use_explicit_padding: bool = False,
) -> tf.Tensor:
    """Returns a 3x3 depthwise convolution and a 1x1 one, each normalized and activated, as in MobileNet v1.

    Args:
      input_tensor: [N, H, W, C].
      scope: "name" gives the scopes name_depthwise and name_pointwise; None separable/depthwise and so on.
      endpoints: a dict that gets both outputs, by the names of their scopes.
    """
    endpoints = {} if endpoints is None else endpoints
    with contextlib.ExitStack() as entered:
        if scope is None:
            sc = entered.enter_context(tf.compat.v1.variable_scope(None, "separable"))
            entered.enter_context(tf.name_scope(sc.original_name_scope))
        prefix = "" if scope is None else f"{scope}_"
        net = common.pad_for_kernel(input_tensor, (3, 3), rate) if use_explicit_padding else input_tensor
        net = endpoints[f"{prefix}depthwise"] = slim.separable_conv2d(
            net,
            None,
            [3, 3],
            depth_multiplier=1,
            stride=stride,
            rate=rate,
            normalizer_fn=normalizer_fn,
            padding="VALID" if use_explicit_padding else "SAME",
            scope=f"{prefix}depthwise",
        )
        net = endpoints[f"{prefix}pointwise"] = slim.conv2d(
            net, num_outputs, [1, 1], stride=1, normalizer_fn=normalizer_fn, scope=f"{prefix}pointwise"
        )
        return net


@slim.add_arg_scope
@unit
def expanded_conv(
    input_tensor: tf.Tensor,
    num_outputs: int,
    expansion_size: ExpansionSize = _SIX_TIMES,
    stride: int | Sequence[int] = 1,
    rate: int = 1,
    kernel_size: Sequence[int] = (3, 3),
    residual: bool | Layer = True,
    normalizer_fn: Layer | None = None,
    split_projection: int = 1,
    split_expansion: int = 1,
    split_divisible_by: int = 8,
    expansion_transform: Layer | None = None,
    depthwise_location: str | None = "expansion",
    depthwise_channel_multiplier: int = 1,
    endpoints: EndPoints | None = None,
    use_explicit_padding: bool = False,
    padding: str = "SAME",
    inner_activation_fn: Layer | None = None,
    depthwise_activation_fn: Layer | None = None,
    project_activation_fn: Layer | None = tf.identity,
    depthwise_fn: Layer = slim.separable_conv2d,
    expansion_fn: Layer = split_conv,
    projection_fn: Layer = split_conv,
    scope: Scope = None,
) -> tf.Tensor:
    """Returns an inverted residual: a 1x1 convolution widens, a depthwise one follows, a 1x1 one narrows.

    Args:
      input_tensor: [N, H, W, C].
      expansion_size: channels inside, or a function of num_inputs that gives them; where these are no more
        than C, there is no widening convolution.
      stride, rate, kernel_size: of the depthwise convolution.
      residual: adds the input where stride is 1 and channels are as many; or a function (input_tensor=,
        output_tensor=) in place of that.
      split_projection, split_expansion: groups of the 1x1 convolutions, multiples of split_divisible_by wide.
      expansion_transform: a function (expansion_tensor=, input_tensor=) of what comes before the projection.
      depthwise_location: where the depthwise convolution is, None for nowhere; see DEPTHWISE_LOCATIONS.
      endpoints: a dict that gets expansion_output, depthwise_output and projection_output, where they exist.
      use_explicit_padding: pads alike for every stride and image size, in place of SAME.
      inner_activation_fn: of expansion and depthwise; None leaves it to the arg_scope.
      depthwise_activation_fn: of the depthwise convolution, before inner_activation_fn.
      expansion_fn, projection_fn: functions in place of split_conv; they get no groups.

    Raises: TypeError: no such depthwise_location, or use_explicit_padding with a `padding` other than SAME.
    """
    _check(depthwise_location, use_explicit_padding, padding)
    pads = functools.partial(common.pad_for_kernel, kernel_size=kernel_size, rate=rate)
    block = _Block(
        widen=_in_groups(expansion_fn, split_expansion, split_divisible_by),
        convolve=functools.partial(
            depthwise_fn,
            num_outputs=None,
            kernel_size=kernel_size,
            depth_multiplier=depthwise_channel_multiplier,
            stride=stride,
            rate=rate,
            padding="VALID" if use_explicit_padding else padding,
        ),
        narrow=_in_groups(projection_fn, split_projection, split_divisible_by),
        normalizer_fn=normalizer_fn,
        location=depthwise_location,
        pads=pads if use_explicit_padding else None,
        endpoints={} if endpoints is None else endpoints,
    )
    with (
        tf.compat.v1.variable_scope(scope, "expanded_conv") as sc,
        tf.name_scope(sc.original_name_scope),
        _activations(slim.conv2d, inner_activation_fn),
        _activations(slim.separable_conv2d, depthwise_activation_fn or inner_activation_fn),
    ):
        inputs = tf.identity(input_tensor, "input")
        net = block.depthwise(inputs, "input", activation_fn=None)
        net = block.expand(net, _width(expansion_size, inputs))
        net = block.depthwise(net, "expansion")
        if expansion_transform:
            net = expansion_transform(expansion_tensor=net, input_tensor=inputs)
        net = block.project(net, num_outputs, activation_fn=project_activation_fn)
        net = block.depthwise(net, "output", activation_fn=None)
        return tf.identity(_with_residual(net, inputs, residual, stride), "output")


@dataclass(frozen=True)
class _Block:
    """The steps of an expanded_conv, each of which leaves an end point."""

    widen: Layer  # (net, channels, scope=..., normalizer_fn=...), as split_conv
    convolve: Layer  # (net, scope=..., normalizer_fn=...), channel by channel
    narrow: Layer  # as `widen`
    normalizer_fn: Layer | None
    location: str | None  # where `convolve` is, one of DEPTHWISE_LOCATIONS
    pads: Layer | None  # what comes before `convolve`
    endpoints: EndPoints

    def expand(self, net: tf.Tensor, width: int) -> tf.Tensor:
        """Widens `net` to `width` channels, unless it has as many."""
        if width <= common.channels(net):
            return net
        net = self.widen(net, width, scope="expand", normalizer_fn=self.normalizer_fn)
        return self._kept(net, "expansion_output")

    def depthwise(self, net: tf.Tensor, location: str, **settings: Any) -> tf.Tensor:
        """Convolves each channel of `net`, if `location` is where this block does."""
        if location != self.location:
            return net
        net = self.pads(net) if self.pads else net
        net = self.convolve(net, normalizer_fn=self.normalizer_fn, scope="depthwise", **settings)
        return self._kept(net, "depthwise_output")

    def project(self, net: tf.Tensor, num_outputs: int, **settings: Any) -> tf.Tensor:
        """Narrows `net` to `num_outputs` channels."""
        net = self.narrow(net, num_outputs, scope="project", normalizer_fn=self.normalizer_fn, **settings)
        self.endpoints["projection_output"] = net
        return net

    def _kept(self, net: tf.Tensor, name: str) -> tf.Tensor:
        net = self.endpoints[name] = tf.identity(net, name)
        return net


def _width(expansion_size: ExpansionSize, inputs: tf.Tensor) -> int:
    return expansion_size(num_inputs=common.channels(inputs)) if callable(expansion_size) else expansion_size


def _with_residual(
    net: tf.Tensor, inputs: tf.Tensor, residual: bool | Layer, stride: int | Sequence[int]
) -> tf.Tensor:
    if callable(residual):
        return residual(input_tensor=inputs, output_tensor=net)
    if residual and stride == 1 and common.channels(net) == common.channels(inputs):
        return net + inputs
    return net


def _check(depthwise_location: str | None, use_explicit_padding: bool, padding: str) -> None:
    if depthwise_location not in DEPTHWISE_LOCATIONS:
        allowed = ", ".join(map(repr, DEPTHWISE_LOCATIONS))
        raise TypeError(
            f"{depthwise_location!r} is unknown value for depthwise_location; there are {allowed}"
        )
    if use_explicit_padding and padding != "SAME":
        raise TypeError(
            '`use_explicit_padding` should only be used with "SAME" padding, which it stands for; '
            f"padding is {padding!r}"
        )


def _in_groups(function: Layer, num_ways: int, divisible_by: int) -> Layer:
    if function is not split_conv:
        return function
    return functools.partial(split_conv, num_ways=num_ways, divisible_by=divisible_by, stride=1)


def _activations(op: Callable, activation_fn: Layer | None) -> contextlib.AbstractContextManager:
    return slim.arg_scope([op], **({} if activation_fn is None else {"activation_fn": activation_fn}))


@slim.add_arg_scope
def squeeze_excite(
    input_tensor: tf.Tensor,
    divisible_by: int = 8,
    squeeze_factor: float = 3,
    inner_activation_fn: Layer = tf.nn.relu,
    gating_fn: Layer = tf.sigmoid,
    squeeze_input_tensor: tf.Tensor | None = None,
    pool: int | None = None,
) -> tf.Tensor:
    """Returns `input_tensor`, each channel times a gate that two dense layers make of the mean of the map.

    Args:
      input_tensor: [N, H, W, C].
      divisible_by: of the channels between the two layers, about C / squeeze_factor.
      squeeze_input_tensor: [N, H', W', C'], what the gates are made of in place of input_tensor.
      pool: an int: means over pool x pool, their gates resized to the map bilinearly; None: over all of it.
    """
    source = input_tensor if squeeze_input_tensor is None else squeeze_input_tensor
    axes = common.spatial_axes()
    width = _make_divisible(common.channels(source) / squeeze_factor, divisible_by)
    with tf.compat.v1.variable_scope("squeeze_excite"):
        height = source.shape[axes[0]]
        if pool is not None and height is not None and height >= pool:
            net = slim.avg_pool2d(source, pool, stride=pool, padding="VALID")
        else:
            net = tf.reduce_mean(source, axes, keepdims=True)
        net = slim.conv2d(net, width, [1, 1], normalizer_fn=None, activation_fn=inner_activation_fn)
        channels = common.channels(input_tensor)
        net = slim.conv2d(net, channels, [1, 1], normalizer_fn=None, activation_fn=gating_fn)
        if pool is not None:
            size = tf.shape(input_tensor)[axes[0] : axes[1] + 1]
            net = tf.compat.v1.image.resize_bilinear(net, size, align_corners=True)
        return input_tensor * net
