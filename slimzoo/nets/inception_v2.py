"""Inception v2: Ioffe & Szegedy 2015, arXiv:1502.03167, figure 5; its first convolution is separable."""

import contextlib

import tensorflow as tf

from slimzoo import slim
from slimzoo.nets.common import Depth, Layer, NetworkOutput, Reuse, Scope
from slimzoo.nets.inception_table import (
    ONE,
    Conv,
    Mixed,
    Pool,
    build_up_to,
    check_size,
    depth_of,
    truncated_normal,
)
from slimzoo.nets.inception_utils import classify, inception_arg_scope, register_inception

inception_v2_arg_scope = inception_arg_scope
DATA_FORMATS = ("NHWC", "NCHW")


def _reduce(depth: int) -> Conv:
    return Conv(ONE, depth, stddev=0.09)


def _mixed(
    name: str,
    one: int,
    three: tuple[int, int],
    double: tuple[int, int],
    pool: int,
    pooling: str = "AvgPool_0a_3x3",
) -> Mixed:
    """A row of figure 5; `three` and `double` are the channels of their convolutions, the 1x1 first."""
    return Mixed(
        name,
        (
            (Conv(ONE, one),),
            (_reduce(three[0]), Conv("Conv2d_0b_3x3", three[1])),
            (_reduce(double[0]), Conv("Conv2d_0b_3x3", double[1]), Conv("Conv2d_0c_3x3", double[1])),
            (Pool(pooling), Conv("Conv2d_0b_1x1", pool, stddev=0.1)),
        ),
    )


def _halving(name: str, three: tuple[int, int], double: tuple[int, int]) -> Mixed:
    last = "Conv2d_1a_3x3"
    return Mixed(
        name,
        (
            (_reduce(three[0]), Conv(last, three[1], stride=2)),
            (_reduce(double[0]), Conv("Conv2d_0b_3x3", double[1]), Conv(last, double[1], stride=2)),
            (Pool("MaxPool_1a_3x3", stride=2),),
        ),
    )


class SeparableRoot:
    """Conv2d_1a_7x7: each colour convolved to several channels by itself, and these mixed."""

    name = "Conv2d_1a_7x7"

    def __call__(self, net: tf.Tensor, depth: Depth) -> tf.Tensor:
        return slim.separable_conv2d(
            net,
            depth(64),
            [7, 7],
            depth_multiplier=min(int(depth(64) / 3), 8),
            stride=2,
            padding="SAME",
            weights_initializer=truncated_normal(1.0),
            scope=self.name,
        )

    def takes(self, size: int) -> int:
        """Returns the least size that this makes `size` of."""
        return 2 * size - 1


ROOT = (  # of a 224x224 image
    SeparableRoot(),  # [N, 112, 112, 64]
    Pool("MaxPool_2a_3x3", stride=2),  # [N, 56, 56, 64]
    Conv("Conv2d_2b_1x1", 64, stddev=0.1),
    Conv("Conv2d_2c_3x3", 192),
    Pool("MaxPool_3a_3x3", stride=2),  # [N, 28, 28, 192]
)
FULL_ROOT = (Conv("Conv2d_1a_7x7", 64, stride=2, stddev=1.0), *ROOT[1:])
BLOCKS = (
    _mixed("Mixed_3b", 64, (64, 64), (64, 96), 32),  # [N, 28, 28, 256]
    _mixed("Mixed_3c", 64, (64, 96), (64, 96), 64),  # [N, 28, 28, 320]
    _halving("Mixed_4a", (128, 160), (64, 96)),  # [N, 14, 14, 576]
    _mixed("Mixed_4b", 224, (64, 96), (96, 128), 128),
    _mixed("Mixed_4c", 192, (96, 128), (96, 128), 128),
    _mixed("Mixed_4d", 160, (128, 160), (128, 160), 96),
    _mixed("Mixed_4e", 96, (128, 192), (160, 192), 96),
    _halving("Mixed_5a", (128, 192), (192, 256)),  # [N, 7, 7, 1024]
    _mixed("Mixed_5b", 352, (192, 320), (160, 224), 128),
    _mixed("Mixed_5c", 352, (192, 320), (192, 224), 128, pooling="MaxPool_0a_3x3"),
)


def _with_format(data_format: str, use_separable_conv: bool) -> contextlib.AbstractContextManager:
    """Returns the arg_scope of NCHW; for NHWC none, so that one around the network may say NCHW."""
    if data_format not in DATA_FORMATS:
        raise ValueError(f"data_format must be either NHWC or NCHW, not {data_format!r}")
    if data_format == "NHWC":
        return contextlib.nullcontext()
    if use_separable_conv:
        raise ValueError(
            "separable convolution only supports NHWC layout. NCHW data format can only be used when "
            "use_separable_conv is False"
        )
    ops = [slim.conv2d, slim.max_pool2d, slim.avg_pool2d, slim.batch_norm]
    return slim.arg_scope(ops, data_format=data_format)


def inception_v2_base(
    inputs: tf.Tensor,
    final_endpoint: str = "Mixed_5c",
    min_depth: int = 16,
    depth_multiplier: float = 1.0,
    use_separable_conv: bool = True,
    data_format: str = "NHWC",
    include_root_block: bool = True,
    scope: Scope = None,
) -> NetworkOutput:
    """Builds Inception v2 up to `final_endpoint`.

    Args:
      inputs: float [N, H, W, C] ([N, C, H, W] for "NCHW"); without the root block a map of 1/8 of the image.
      min_depth: least number of channels of a layer, where depth_multiplier < 1.
      depth_multiplier: factor on the channels of every layer, above 0.
      use_separable_conv: False makes Conv2d_1a_7x7 a full convolution, as NCHW needs it.
    Returns: the activation of `final_endpoint`, end_points.
    Raises: ValueError: an argument outside of what is said above, or no such end point.
    """
    depth = depth_of("inception_v2", depth_multiplier, min_depth)
    root = ROOT if use_separable_conv else FULL_ROOT
    stages = (*root, *BLOCKS) if include_root_block else BLOCKS
    with (
        _with_format(data_format, use_separable_conv),
        tf.compat.v1.variable_scope(scope, "InceptionV2", [inputs]),
    ):
        return build_up_to("inception_v2", inputs, stages, final_endpoint, depth)


def inception_v2(
    inputs: tf.Tensor,
    num_classes: int | None = 1000,
    is_training: bool = True,
    dropout_keep_prob: float = 0.8,
    min_depth: int = 16,
    depth_multiplier: float = 1.0,
    prediction_fn: Layer = slim.softmax,
    spatial_squeeze: bool = True,
    reuse: Reuse = None,
    scope: Scope = "InceptionV2",
    global_pool: bool = False,
) -> NetworkOutput:
    """Builds Inception v2 for classification.

    Args:
      inputs: float [N, H, W, 3] in [-1, 1].
      num_classes: 0 or None leaves the last layer out and returns its input.
      min_depth, depth_multiplier: as inception_v2_base takes them.
      global_pool: averages over the whole map, whatever its size; else over 7x7 at most.
    Returns: logits [N, num_classes] (a map [N, h, w, num_classes] without spatial_squeeze), end_points.
    Raises: ValueError: depth_multiplier is not above 0, or the map too large for one answer an image.
    """
    check_size("inception_v2", inputs, (*ROOT, *BLOCKS))
    with (
        tf.compat.v1.variable_scope(scope, "InceptionV2", [inputs], reuse=reuse) as sc,
        slim.arg_scope([slim.batch_norm, slim.dropout], is_training=is_training),
    ):
        net, end_points = inception_v2_base(
            inputs, scope=sc, min_depth=min_depth, depth_multiplier=depth_multiplier
        )
        last = (dropout_keep_prob, prediction_fn, spatial_squeeze, global_pool)
        return classify(net, end_points, num_classes, [7, 7], *last)


register_inception(inception_v2, inception_v2_arg_scope, 224, heads=("InceptionV2/Logits",))
