"""ResNet v1 of DeepLab: rates of its own in the last block, a root of three 3x3 convolutions, 18 layers.

He et al. 2015, arXiv:1512.03385, table 1; the root of Zhao et al. 2016, arXiv:1612.01105, is called "beta".
Variables are called as in resnet_v1, whose weights fit those with a plain root.
"""

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from slimzoo import slim
from slimzoo.nets import common, resnet_utils, resnet_v1
from slimzoo.nets.common import Layer, NetworkOutput, Scope
from slimzoo.nets.resnet_utils import Block
from slimzoo.slim.unit import unit


class Variant(NamedTuple):
    """What a name stands for."""

    depth: int  # 18, or of resnet_utils.UNITS
    root_multiplier: float | None  # factor on the channels of a beta root; None: a plain root
    scope: str


VARIANTS = {
    "resnet_v1_18": Variant(18, None, "resnet_v1_18"),
    "resnet_v1_18_beta": Variant(18, 0.25, "resnet_v1_18"),
    "resnet_v1_50": Variant(50, None, "resnet_v1_50"),
    "resnet_v1_50_beta": Variant(50, 1.0, "resnet_v1_50"),
    "resnet_v1_101": Variant(101, None, "resnet_v1_101"),
    "resnet_v1_101_beta": Variant(101, 1.0, "resnet_v1_101"),
}
UNITS_18 = (2, 2, 2, 2)  # in each block, of two 3x3 convolutions


def units_of(depth: int) -> tuple[int, ...]:
    """Returns how many units each block of the ResNet with `depth` layers has."""
    return UNITS_18 if depth == 18 else resnet_utils.UNITS[depth]


def lite_block(scope: str, base_depth: int, num_units: int, stride: int) -> Block:
    """Returns a Block of lite_bottleneck, `base_depth` wide, of which the last one strides."""
    unit = {"depth": base_depth, "stride": 1}
    return Block(scope, lite_bottleneck, [unit] * (num_units - 1) + [{**unit, "stride": stride}])


@slim.add_arg_scope
@unit
def lite_bottleneck(
    inputs: tf.Tensor,
    depth: int,
    stride: int,
    rate: int = 1,
    outputs_collections: str | None = None,
    scope: Scope = None,
) -> tf.Tensor:
    """Returns a unit of two 3x3 convolutions, the second of which strides, added to `inputs` and activated.

    Args:
      inputs: [N, H, W, C].
      depth: channels of the outputs; where C is another number, a 1x1 convolution makes the shortcut.
    """
    with tf.compat.v1.variable_scope(scope, "lite_bottleneck_v1", [inputs]) as sc:
        if depth == common.channels(inputs):
            shortcut = resnet_utils.subsample(inputs, stride, "shortcut")
        else:
            shortcut = slim.conv2d(inputs, depth, [1, 1], stride=stride, activation_fn=None, scope="shortcut")
        net = resnet_utils.conv2d_same(inputs, depth, 3, 1, rate=rate, scope="conv1")
        with slim.arg_scope([slim.conv2d], activation_fn=None):
            net = resnet_utils.conv2d_same(net, depth, 3, stride, rate=rate, scope="conv2")
        net = tf.nn.relu(shortcut + net)
        return slim.utils.collect_named_outputs(outputs_collections, sc.name, net)


def beta_root(net: tf.Tensor, multiplier: float = 1.0) -> tf.Tensor:
    """Returns three 3x3 convolutions of `net` [N, H, W, C], the first of which strides."""
    for i, (depth, stride) in enumerate(((64, 2), (64, 1), (128, 1)), start=1):
        net = resnet_utils.conv2d_same(net, int(depth * multiplier), 3, stride, scope=f"conv1_{i}")
    return net


def _rated(unit_fn: Layer) -> Layer:
    """Returns `unit_fn` with an argument more: unit_rate, a factor on its rate."""

    def unit(net: tf.Tensor, rate: int = 1, unit_rate: int = 1, **arguments: Any) -> tf.Tensor:
        return unit_fn(net, rate=rate * unit_rate, **arguments)

    return unit


def blocks_of(depth: int, multi_grid: Sequence[int] | None = None) -> list[Block]:
    """Returns the blocks of the ResNet with `depth` layers; multi_grid: rates of the last one's units."""
    if depth == 18:
        rows = enumerate(zip(resnet_utils.WIDTHS, UNITS_18, resnet_utils.STRIDES, strict=True), start=1)
        blocks = [lite_block(f"block{i}", *row) for i, row in rows]
    else:
        blocks = resnet_utils.blocks_of(depth, resnet_v1.resnet_v1_block)
    *blocks, last = blocks
    units = len(last.args)
    multi_grid = (1,) * units if multi_grid is None else tuple(multi_grid)
    if len(multi_grid) != units:
        raise ValueError(
            f"multi_grid is {list(multi_grid)}; ResNet-{depth} takes {units} rates, one for each unit of its "
            "last block"
        )
    rated = [{**unit, "unit_rate": rate} for unit, rate in zip(last.args, multi_grid, strict=True)]
    return [*blocks, Block(last.scope, _rated(last.unit_fn), rated)]


def resnet_base(
    inputs: tf.Tensor,
    name: str = "resnet_v1_50_beta",
    is_training: bool = False,
    output_stride: int | None = None,
    multi_grid: Sequence[int] | None = None,
) -> NetworkOutput:
    """Builds a ResNet up to its last block, under resnet_utils.resnet_arg_scope.

    Args:
      inputs: float [N, H, W, 3].
      name: a row of VARIANTS.
      output_stride: 4, 8, 16, 32 or None; dilated convolutions keep the map at 1/output_stride.
      multi_grid: factors on the rates of the last block's units: three, two of 18 layers.
    Returns: the last activation [N, H/32, W/32, 2048] (512 of 18 layers), end_points.
    Raises: ValueError: an argument outside of what is said above.
    """
    variant = VARIANTS[name]
    blocks = blocks_of(variant.depth, multi_grid)
    if variant.root_multiplier is None:
        root = functools.partial(
            resnet_utils.conv2d_same, num_outputs=64, kernel_size=7, stride=2, scope="conv1"
        )
    else:
        root = functools.partial(beta_root, multiplier=variant.root_multiplier)
    unit_fn = lite_bottleneck if variant.depth == 18 else resnet_v1.bottleneck
    entered = resnet_utils.network_scope(variant.scope, variant.scope, inputs, None, unit_fn, is_training)
    with entered as (_, collection):
        net = resnet_utils.features(inputs, root, blocks, output_stride)
        return net, slim.utils.convert_collection_to_dict(collection, clear_collection=True)
