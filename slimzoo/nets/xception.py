"""Xception for dense prediction: strides in place of pools, more layers. Chollet 2016, arXiv:1610.02357.

Chen et al. 2018, arXiv:1802.02611, figure 4: DeepLab's backbone; as published it has no classifier here.
"""

from collections.abc import Sequence
from typing import Any, Literal

import tensorflow as tf

from slimzoo import slim
from slimzoo.nets import common, resnet_utils
from slimzoo.nets.common import NetworkOutput, Scope
from slimzoo.nets.resnet_utils import Block
from slimzoo.slim.unit import unit

Skip = Literal["conv", "sum", "none"]  # how the input comes past a module: by a convolution, as it is, or not
ROOT_STRIDE = 2  # of the convolutions before the blocks
CAP = 6.0  # of bounded activations
MULTI_GRID = (1, 1, 1)
ENTRY = {  # (channels, stride) of each block of the entry flow
    "xception_41": ((128, 2), (256, 2), (728, 2)),
    "xception_65": ((128, 2), (256, 2), (728, 2)),
    "xception_71": ((128, 2), (256, 1), (256, 2), (728, 1), (728, 2)),
}
MIDDLE = {"xception_41": 8, "xception_65": 16, "xception_71": 16}  # modules of the middle flow


def xception_arg_scope(
    weight_decay: float = 0.00004,
    batch_norm_decay: float = 0.9997,
    batch_norm_epsilon: float = 0.001,
    use_bounded_activation: bool = False,
) -> dict:
    """Returns the scope Xception was published with: ReLU, batch norm, L2 on all but depthwise weights.

    Args:
      use_bounded_activation: keeps activations in [-6, 6] and pads SAME, for quantized inference.
    """
    with (
        slim.arg_scope(
            [slim.conv2d, slim.separable_conv2d],
            weights_initializer=tf.compat.v1.truncated_normal_initializer(stddev=0.09),
            activation_fn=tf.nn.relu6 if use_bounded_activation else tf.nn.relu,
            normalizer_fn=slim.batch_norm,
        ),
        slim.arg_scope([slim.batch_norm], decay=batch_norm_decay, epsilon=batch_norm_epsilon, scale=True),
        slim.arg_scope([slim.conv2d], weights_regularizer=slim.l2_regularizer(weight_decay)),
        slim.arg_scope([slim.separable_conv2d], weights_regularizer=None),
        slim.arg_scope([module], use_bounded_activation=use_bounded_activation) as scope,
    ):
        return scope


def _clipped(net: tf.Tensor) -> tf.Tensor:
    return tf.clip_by_value(net, -CAP, CAP)


def separable_conv2d_same(
    inputs: tf.Tensor, num_outputs: int, stride: int, rate: int, pads: bool, scope: str, **settings: Any
) -> tf.Tensor:
    """Returns a depthwise 3x3 convolution, then a pointwise one, each normalized and activated.

    Args:
      inputs: [N, H, W, C].
      pads: where it strides, pads alike for every size, in place of SAME.
      **settings: what both convolutions take.
    """
    padding = "SAME"
    if pads and stride > 1:
        inputs, padding = common.pad_for_kernel(inputs, (3, 3), rate), "VALID"
    net = slim.separable_conv2d(
        inputs,
        None,
        [3, 3],
        depth_multiplier=1,
        stride=stride,
        rate=rate,
        padding=padding,
        scope=f"{scope}_depthwise",
        **settings,
    )
    return slim.conv2d(net, num_outputs, [1, 1], scope=f"{scope}_pointwise", **settings)


@slim.add_arg_scope
@unit
def module(
    inputs: tf.Tensor,
    depths: Sequence[int],
    skip: Skip,
    stride: int = 1,
    rate: int = 1,
    unit_rates: Sequence[int] = MULTI_GRID,
    activated_inside: bool = False,
    use_bounded_activation: bool = False,
    outputs_collections: str | None = None,
    scope: Scope = None,
) -> tf.Tensor:
    """Returns three separable convolutions of `inputs`, the last of which strides, with the input added.

    Args:
      inputs: [N, H, W, C].
      depths: channels of each convolution.
      unit_rates: factors on the rate of each.
      activated_inside: activates after each half of a convolution, in place of once before it.
      use_bounded_activation: see xception_arg_scope.
    """
    before = tf.nn.relu6 if use_bounded_activation else tf.nn.relu
    settings: dict[str, Any] = {}
    if not activated_inside:
        settings["activation_fn"] = _clipped if use_bounded_activation else None
    with tf.compat.v1.variable_scope(scope, "xception_module", [inputs]) as sc:
        net = inputs
        for i, (depth, unit_rate) in enumerate(zip(depths, unit_rates, strict=True), start=1):
            net = net if activated_inside else before(net)
            net = separable_conv2d_same(
                net,
                depth,
                stride if i == len(depths) else 1,
                rate * unit_rate,
                pads=not use_bounded_activation,
                scope=f"separable_conv{i}",
                **settings,
            )
        if skip != "none":
            shortcut = inputs
            if skip == "conv":
                shortcut = slim.conv2d(
                    inputs, depths[-1], [1, 1], stride=stride, activation_fn=None, scope="shortcut"
                )
            bounded = use_bounded_activation
            net = tf.nn.relu6(_clipped(net) + _clipped(shortcut)) if bounded else net + shortcut
        return slim.utils.collect_named_outputs(outputs_collections, sc.name, net)


def blocks_of(name: str, multi_grid: Sequence[int] | None = None) -> list[Block]:
    """Returns the blocks of the Xception called `name`; multi_grid: rates in the last one, three."""
    multi_grid = MULTI_GRID if multi_grid is None else tuple(multi_grid)
    if len(multi_grid) != len(MULTI_GRID):
        raise ValueError(f"multi_grid is {list(multi_grid)}; Xception takes three rates, as [1, 2, 4]")

    def block(scope: str, units: int = 1, **unit: Any) -> Block:
        return Block(scope, module, [unit] * units)

    return [
        *(
            block(f"entry_flow/block{i}", depths=(depth,) * 3, skip="conv", stride=stride)
            for i, (depth, stride) in enumerate(ENTRY[name], start=1)
        ),
        block("middle_flow/block1", MIDDLE[name], depths=(728, 728, 728), skip="sum"),
        block("exit_flow/block1", depths=(728, 1024, 1024), skip="conv", stride=2),
        block(
            "exit_flow/block2",
            depths=(1536, 1536, 2048),
            skip="none",
            activated_inside=True,
            unit_rates=multi_grid,
        ),
    ]


def xception_base(
    inputs: tf.Tensor,
    name: str = "xception_65",
    is_training: bool = False,
    output_stride: int | None = None,
    multi_grid: Sequence[int] | None = None,
    scope: Scope = None,
) -> NetworkOutput:
    """Builds an Xception up to its last block, under xception_arg_scope.

    Args:
      inputs: float [N, H, W, 3] in [-1, 1].
      name: a row of ENTRY.
      output_stride: 2, 4, 8, 16, 32 or None; dilated convolutions keep the map at 1/output_stride.
      multi_grid: factors on the rates of the last block's three convolutions.
    Returns: the last activation [N, H/32, W/32, 2048], end_points.
    Raises: ValueError: an argument outside of what is said above.
    """
    blocks = blocks_of(name, multi_grid)
    resnet_utils.check_output_stride(output_stride, blocks, ROOT_STRIDE)
    with tf.compat.v1.variable_scope(scope, name, [inputs]) as sc:
        collection = sc.original_name_scope + "end_points"
        ops = [slim.conv2d, slim.separable_conv2d, module, resnet_utils.stack_blocks_dense]
        with (
            slim.arg_scope(ops, outputs_collections=collection),
            slim.arg_scope([slim.batch_norm], is_training=is_training),
        ):
            net = resnet_utils.conv2d_same(inputs, 32, 3, stride=2, scope="entry_flow/conv1_1")
            net = resnet_utils.conv2d_same(net, 64, 3, stride=1, scope="entry_flow/conv1_2")
            net = resnet_utils.stack_blocks_dense(net, blocks, output_stride and output_stride // ROOT_STRIDE)
        return net, slim.utils.convert_collection_to_dict(collection, clear_collection=True)
