"""Inception v3: Szegedy et al. 2015, arXiv:1512.00567, table 1, with an auxiliary head."""

from collections.abc import Sequence

import tensorflow as tf

from slimzoo import slim
from slimzoo.nets.common import (
    Depth,
    Layer,
    NetworkOutput,
    Reuse,
    Scope,
    check_pools,
    shrink_kernel,
    squeeze,
)
from slimzoo.nets.inception_table import (
    HALVING,
    ONE,
    Conv,
    Fork,
    Mixed,
    Pool,
    avg_pool,
    build_up_to,
    check_size,
    depth_of,
    truncated_normal,
)
from slimzoo.nets.inception_utils import classify, inception_arg_scope, register_inception

inception_v3_arg_scope = inception_arg_scope


def _mixed_5(name: str, pool: int, narrow: str = ONE, wide: str = "Conv2d_0b_5x5") -> Mixed:
    """Figure 5 of the paper, with one 5x5 left; two of its names differ in Mixed_5c."""
    return Mixed(
        name,
        (
            (Conv(ONE, 64),),
            (Conv(narrow, 48), Conv(wide, 64)),
            (Conv(ONE, 64), Conv("Conv2d_0b_3x3", 96), Conv("Conv2d_0c_3x3", 96)),
            (Pool("AvgPool_0a_3x3"), Conv("Conv2d_0b_1x1", pool)),
        ),
    )


def _mixed_6(name: str, narrow: int) -> Mixed:
    """Figure 6: 7x7 as 1x7 and 7x1, of `narrow` channels until the last."""
    seven = (Conv("Conv2d_0b_1x7", narrow), Conv("Conv2d_0c_7x1", 192))
    twice = (
        *(Conv("Conv2d_0b_7x1", narrow), Conv("Conv2d_0c_1x7", narrow)),
        *(Conv("Conv2d_0d_7x1", narrow), Conv("Conv2d_0e_1x7", 192)),
    )
    return Mixed(
        name,
        (
            (Conv(ONE, 192),),
            (Conv(ONE, narrow), *seven),
            (Conv(ONE, narrow), *twice),
            (Pool("AvgPool_0a_3x3"), Conv("Conv2d_0b_1x1", 192)),
        ),
    )


def _mixed_7(name: str, second: str) -> Mixed:
    """Figure 7: 3x3 as 1x3 beside 3x1; `second` is what the 3x1 of Branch_1 is called."""
    fork = Fork((Conv("Conv2d_0b_1x3", 384), Conv(second, 384)))
    late_fork = Fork((Conv("Conv2d_0c_1x3", 384), Conv("Conv2d_0d_3x1", 384)))
    return Mixed(
        name,
        (
            (Conv(ONE, 320),),
            (Conv(ONE, 384), fork),
            (Conv(ONE, 448), Conv("Conv2d_0b_3x3", 384), late_fork),
            (Pool("AvgPool_0a_3x3"), Conv("Conv2d_0b_1x1", 192)),
        ),
    )


MIXED_6A = Mixed(
    "Mixed_6a",
    (  # two of its 3x3 are called 1x1
        (Conv("Conv2d_1a_1x1", 384, kernel=(3, 3), **HALVING),),
        (Conv(ONE, 64), Conv("Conv2d_0b_3x3", 96), Conv("Conv2d_1a_1x1", 96, kernel=(3, 3), **HALVING)),
        (Pool("MaxPool_1a_3x3", **HALVING),),
    ),
)
MIXED_7A = Mixed(
    "Mixed_7a",
    (
        (Conv(ONE, 192), Conv("Conv2d_1a_3x3", 320, **HALVING)),
        (
            *(Conv(ONE, 192), Conv("Conv2d_0b_1x7", 192), Conv("Conv2d_0c_7x1", 192)),
            Conv("Conv2d_1a_3x3", 192, **HALVING),
        ),
        (Pool("MaxPool_1a_3x3", **HALVING),),
    ),
)
STAGES = (  # of a 299x299 image
    Conv("Conv2d_1a_3x3", 32, **HALVING),  # [N, 149, 149, 32]
    Conv("Conv2d_2a_3x3", 32, padding="VALID"),  # [N, 147, 147, 32]
    Conv("Conv2d_2b_3x3", 64),
    Pool("MaxPool_3a_3x3", **HALVING),  # [N, 73, 73, 64]
    Conv("Conv2d_3b_1x1", 80),
    Conv("Conv2d_4a_3x3", 192, padding="VALID"),  # [N, 71, 71, 192]
    Pool("MaxPool_5a_3x3", **HALVING),  # [N, 35, 35, 192]
    _mixed_5("Mixed_5b", 32),  # [N, 35, 35, 256]
    _mixed_5("Mixed_5c", 64, "Conv2d_0b_1x1", "Conv_1_0c_5x5"),  # [N, 35, 35, 288]
    _mixed_5("Mixed_5d", 64),
    MIXED_6A,  # [N, 17, 17, 768]
    _mixed_6("Mixed_6b", 128),
    _mixed_6("Mixed_6c", 160),
    _mixed_6("Mixed_6d", 160),
    _mixed_6("Mixed_6e", 192),
    MIXED_7A,  # [N, 8, 8, 1280]
    _mixed_7("Mixed_7b", "Conv2d_0b_3x1"),  # [N, 8, 8, 2048]
    _mixed_7("Mixed_7c", "Conv2d_0c_3x1"),
)


def inception_v3_base(
    inputs: tf.Tensor,
    final_endpoint: str = "Mixed_7c",
    min_depth: int = 16,
    depth_multiplier: float = 1.0,
    scope: Scope = None,
    *,
    zero_padded_pools: Sequence[str] = (),
) -> NetworkOutput:
    """Builds Inception v3 up to `final_endpoint`.

    Args:
      inputs: float [N, H, W, C].
      min_depth: least number of channels of a layer, where depth_multiplier < 1.
      depth_multiplier: factor on the channels of every layer, above 0.
      zero_padded_pools: ("avg_pool",) counts the padding of the 3x3 average poolings as zeros, as torchvision
        and timm do; () leaves it out of the mean.
    Returns: the activation of `final_endpoint`, end_points.
    Raises: ValueError: depth_multiplier is not above 0, no such end point, images too small for it, or
      zero_padded_pools of another kind.
    """
    check_pools(zero_padded_pools, ("avg_pool",))
    depth = depth_of("inception_v3", depth_multiplier, min_depth)
    with (
        tf.compat.v1.variable_scope(scope, "InceptionV3", [inputs]),
        slim.arg_scope([avg_pool], zero_padded=bool(zero_padded_pools)),
    ):
        return build_up_to("inception_v3", inputs, STAGES, final_endpoint, depth)


def _auxiliary(net: tf.Tensor, num_classes: int, depth: Depth, spatial_squeeze: bool) -> tf.Tensor:
    """Returns the logits of the auxiliary head on `net`, Mixed_6e."""
    with tf.compat.v1.variable_scope("AuxLogits"):
        net = slim.avg_pool2d(
            net, [5, 5], stride=3, padding="VALID", scope="AvgPool_1a_5x5"
        )  # [N, 5, 5, 768]
        net = slim.conv2d(net, depth(128), [1, 1], scope="Conv2d_1b_1x1")
        kernel = shrink_kernel(net, [5, 5])
        net = slim.conv2d(
            net,
            depth(768),
            kernel,
            weights_initializer=truncated_normal(0.01),
            padding="VALID",
            scope="Conv2d_2a_{}x{}".format(*kernel),
        )
        logits = slim.conv2d(
            net,
            num_classes,
            [1, 1],
            activation_fn=None,
            normalizer_fn=None,
            weights_initializer=truncated_normal(0.001),
            scope="Conv2d_2b_1x1",
        )
        if not spatial_squeeze:
            return logits
        advice = "It is the auxiliary head's: pass create_aux_logits=False to leave that out"
        return squeeze(logits, "SpatialSqueeze", advice)


def inception_v3(
    inputs: tf.Tensor,
    num_classes: int | None = 1000,
    is_training: bool = True,
    dropout_keep_prob: float = 0.8,
    min_depth: int = 16,
    depth_multiplier: float = 1.0,
    prediction_fn: Layer = slim.softmax,
    spatial_squeeze: bool = True,
    reuse: Reuse = None,
    create_aux_logits: bool = True,
    scope: Scope = "InceptionV3",
    global_pool: bool = False,
    *,
    zero_padded_pools: Sequence[str] = (),
) -> NetworkOutput:
    """Builds Inception v3 for classification.

    Args:
      inputs: float [N, H, W, 3] in [-1, 1]; 107 pixels a side at least, 75 without the auxiliary head.
      num_classes: 0 or None leaves the last layers out and returns the input of the main one.
      min_depth, depth_multiplier, zero_padded_pools: as inception_v3_base takes them.
      create_aux_logits: makes the end point AuxLogits, in inference too.
      global_pool: averages over the whole map, whatever its size; else over 8x8 at most.
    Returns: logits [N, num_classes] (a map [N, h, w, num_classes] without spatial_squeeze), end_points.
    Raises: ValueError: depth_multiplier is not above 0; the images are too small, or too large for one answer
      an image.
    """
    depth = depth_of("inception_v3", depth_multiplier, min_depth)
    aux_classes = num_classes if create_aux_logits else 0
    least = {"Mixed_6e": 5} if aux_classes else {}
    check_size("inception_v3", inputs, STAGES, least, ", 75x75 with create_aux_logits=False" if least else "")
    with (
        tf.compat.v1.variable_scope(scope, "InceptionV3", [inputs], reuse=reuse) as sc,
        slim.arg_scope([slim.batch_norm, slim.dropout], is_training=is_training),
    ):
        net, end_points = inception_v3_base(
            inputs,
            scope=sc,
            min_depth=min_depth,
            depth_multiplier=depth_multiplier,
            zero_padded_pools=zero_padded_pools,
        )
        if aux_classes:
            found = end_points["Mixed_6e"]
            end_points["AuxLogits"] = _auxiliary(found, aux_classes, depth, spatial_squeeze)
        last = (dropout_keep_prob, prediction_fn, spatial_squeeze, global_pool)
        return classify(net, end_points, num_classes, [8, 8], *last)


register_inception(
    inception_v3, inception_v3_arg_scope, 299, heads=("InceptionV3/Logits", "InceptionV3/AuxLogits")
)
