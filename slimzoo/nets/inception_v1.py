"""Inception v1, GoogLeNet: Szegedy et al. 2014, arXiv:1409.4842, table 1; here with batch norm."""

from dataclasses import replace
from typing import Any

import tensorflow as tf

from slimzoo import slim
from slimzoo.nets.common import Layer, NetworkOutput, Reuse, Scope, spatial_axes, squeeze
from slimzoo.nets.inception_table import ONE, Conv, Mixed, Pool, build_up_to, check_size, truncated_normal
from slimzoo.nets.inception_utils import inception_arg_scope, register_inception

inception_v1_arg_scope = inception_arg_scope


def _mixed(
    name: str, one: int, three: tuple[int, int], five: tuple[int, int], pool: int, last: str = "Conv2d_0b_3x3"
) -> Mixed:
    """A row of table 1; `three` and `five` are (reduced to, convolved to), the 5x5 in truth a 3x3."""
    return Mixed(
        name,
        (
            (Conv(ONE, one),),
            (Conv(ONE, three[0]), Conv("Conv2d_0b_3x3", three[1])),
            (Conv(ONE, five[0]), Conv(last, five[1])),
            (Pool("MaxPool_0a_3x3"), Conv("Conv2d_0b_1x1", pool)),
        ),
    )


ROOT = (  # of a 224x224 image
    Conv("Conv2d_1a_7x7", 64, stride=2),  # [N, 112, 112, 64]
    Pool("MaxPool_2a_3x3", stride=2),  # [N, 56, 56, 64]
    Conv("Conv2d_2b_1x1", 64),
    Conv("Conv2d_2c_3x3", 192),
    Pool("MaxPool_3a_3x3", stride=2),  # [N, 28, 28, 192]
)
SYMMETRIC_ROOT = (replace(ROOT[0], padding="BOTH"), *ROOT[1:])
BLOCKS = (
    _mixed("Mixed_3b", 64, (96, 128), (16, 32), 32),  # [N, 28, 28, 256]
    _mixed("Mixed_3c", 128, (128, 192), (32, 96), 64),  # [N, 28, 28, 480]
    Pool("MaxPool_4a_3x3", stride=2),
    _mixed("Mixed_4b", 192, (96, 208), (16, 48), 64),  # [N, 14, 14, 512]
    _mixed("Mixed_4c", 160, (112, 224), (24, 64), 64),
    _mixed("Mixed_4d", 128, (128, 256), (24, 64), 64),
    _mixed("Mixed_4e", 112, (144, 288), (32, 64), 64),  # [N, 14, 14, 528]
    _mixed("Mixed_4f", 256, (160, 320), (32, 128), 128),  # [N, 14, 14, 832]
    Pool("MaxPool_5a_2x2", stride=2),
    _mixed("Mixed_5b", 256, (160, 320), (32, 128), 128, last="Conv2d_0a_3x3"),  # [N, 7, 7, 832]
    _mixed("Mixed_5c", 384, (192, 384), (48, 128), 128),  # [N, 7, 7, 1024]
)


def inception_v1_base(
    inputs: tf.Tensor,
    final_endpoint: str = "Mixed_5c",
    include_root_block: bool = True,
    scope: Scope = "InceptionV1",
    *,
    symmetric_padding: bool = False,
) -> NetworkOutput:
    """Builds Inception v1 up to `final_endpoint`.

    Args:
      inputs: float [N, H, W, C]; without the root block a map of 1/8 of the image.
      symmetric_padding: pads the first convolution by 3 pixels on every side, as torchvision does; SAME pads
        images of even size by 2 and 3.
    Returns: the activation of `final_endpoint`, end_points.
    Raises: ValueError: no such end point.
    """
    root = SYMMETRIC_ROOT if symmetric_padding else ROOT
    stages = (*root, *BLOCKS) if include_root_block else BLOCKS
    with (
        tf.compat.v1.variable_scope(scope, "InceptionV1", [inputs]),
        slim.arg_scope([slim.conv2d, slim.fully_connected], weights_initializer=truncated_normal(0.01)),
    ):
        return build_up_to("inception_v1", inputs, stages, final_endpoint)


def inception_v1(
    inputs: tf.Tensor,
    num_classes: int | None = 1000,
    is_training: bool = True,
    dropout_keep_prob: float = 0.8,
    prediction_fn: Layer = slim.softmax,
    spatial_squeeze: bool = True,
    reuse: Reuse = None,
    scope: Scope = "InceptionV1",
    global_pool: bool = False,
    *,
    symmetric_padding: bool = False,
) -> NetworkOutput:
    """Builds Inception v1 for classification.

    Args:
      inputs: float [N, H, W, 3] in [-1, 1]; 193 to 224 pixels a side, or any with global_pool.
      num_classes: 0 or None leaves the last layer out and returns its input.
      global_pool: averages over the whole map, whatever its size; else over 7x7.
      symmetric_padding: as inception_v1_base takes it.
    Returns: logits [N, num_classes] (a map [N, h, w, num_classes] without spatial_squeeze), end_points.
    Raises: ValueError: the images are too small, or too large for one answer an image.
    """
    least = {} if global_pool else {"Mixed_5c": 7}
    check_size("inception_v1", inputs, (*ROOT, *BLOCKS), least, "; with global_pool=True any")
    with (
        tf.compat.v1.variable_scope(scope, "InceptionV1", [inputs], reuse=reuse) as sc,
        slim.arg_scope([slim.batch_norm, slim.dropout], is_training=is_training),
    ):
        net, end_points = inception_v1_base(inputs, scope=sc, symmetric_padding=symmetric_padding)
        with tf.compat.v1.variable_scope("Logits"):
            if global_pool:
                net = tf.reduce_mean(net, spatial_axes(), keepdims=True, name="global_pool")
                end_points["global_pool"] = net
            else:
                net = slim.avg_pool2d(net, [7, 7], stride=1, scope="AvgPool_0a_7x7")
                end_points["AvgPool_0a_7x7"] = net
            if not num_classes:
                return net, end_points
            net = slim.dropout(net, dropout_keep_prob, scope="Dropout_0b")
            plain: dict[str, Any] = {"activation_fn": None, "normalizer_fn": None}
            logits = slim.conv2d(net, num_classes, [1, 1], scope="Conv2d_0c_1x1", **plain)
            if spatial_squeeze:
                logits = squeeze(logits, "SpatialSqueeze")
            end_points["Logits"] = logits
            end_points["Predictions"] = prediction_fn(logits, scope="Predictions")
    return logits, end_points


register_inception(inception_v1, inception_v1_arg_scope, 224, heads=("InceptionV1/Logits",))
