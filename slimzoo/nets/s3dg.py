"""S3D-G: Inception v1 for videos, separable and gated. Xie et al. 2018, arXiv:1712.04851."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import tensorflow as tf

from slimzoo import slim
from slimzoo.nets.common import Depth, Layer, NetworkOutput, Reuse, Scope, squeeze
from slimzoo.nets.i3d_utils import (
    check_base,
    conv3d_spatiotemporal,
    i3d_arg_scope,
    inception_block_v1_3d,
    reduced_kernel_size_3d,
)
from slimzoo.nets.inception_table import depth_of, truncated_normal


def s3dg_arg_scope(
    weight_decay: float = 1e-7, batch_norm_decay: float = 0.999, batch_norm_epsilon: float = 0.001
) -> dict:
    """Returns the scope of S3D-G: that of I3D, and convolutions separable in space and time."""
    return i3d_arg_scope(weight_decay, batch_norm_decay, batch_norm_epsilon, separable_conv3d=True)


def self_gating(input_tensor: tf.Tensor, scope: str, data_format: str = "NDHWC") -> tf.Tensor:
    """Weighs the channels of `input_tensor` [N, T, H, W, C] by what all of its frames and places say."""
    axes = [data_format.index(axis) for axis in "DHW"]
    average = tf.reduce_mean(input_tensor, axes, keepdims=True)  # [N, 1, 1, 1, C]
    weights = slim.conv3d(
        average,
        input_tensor.shape[data_format.index("C")],
        1,
        activation_fn=None,
        normalizer_fn=None,
        biases_initializer=None,
        weights_initializer=truncated_normal(0.01),
        data_format=data_format,
        scope=f"{scope}/self_gating/transformer_W",
    )
    return tf.sigmoid(weights) * input_tensor


@dataclass
class _Form:
    """How a stage is built, besides its row."""

    depth: Depth
    first_kernel: int  # frames that the first convolution covers
    kernel: int = 1  # frames that the others cover
    gate: Layer | None = None


def _first(net: tf.Tensor, form: _Form, scope: str, outputs: int) -> tf.Tensor:
    kernel = (form.first_kernel, 7, 7)
    return conv3d_spatiotemporal(net, form.depth(outputs), kernel, stride=2, separable=False, scope=scope)


def _pool(
    net: tf.Tensor, form: _Form, scope: str, window: int | Sequence[int], stride: int | Sequence[int]
) -> tf.Tensor:
    del form  # pooling keeps the channels
    return slim.max_pool3d(net, window, stride=stride, scope=scope)


def _one(net: tf.Tensor, form: _Form, scope: str, outputs: int) -> tf.Tensor:
    return slim.conv3d(net, form.depth(outputs), 1, scope=scope)


def _conv(net: tf.Tensor, form: _Form, scope: str, outputs: int) -> tf.Tensor:
    net = conv3d_spatiotemporal(net, form.depth(outputs), (form.kernel, 3, 3), scope=scope)
    return form.gate(net, scope) if form.gate else net


def _mixed(net: tf.Tensor, form: _Form, scope: str, outputs: Sequence[int]) -> tf.Tensor:
    block: Layer = inception_block_v1_3d
    return block(net, *map(form.depth, outputs), form.kernel, form.gate, scope=scope)


SWITCHING = (_conv, _mixed)  # stages from which on it can cover several frames, and be gated
STAGES = {  # of 32 frames of 224x224 pixels
    "Conv2d_1a_7x7": partial(_first, outputs=64),  # [N, 16, 112, 112, 64]
    "MaxPool_2a_3x3": partial(_pool, window=(1, 3, 3), stride=(1, 2, 2)),  # [N, 16, 56, 56, 64]
    "Conv2d_2b_1x1": partial(_one, outputs=64),
    "Conv2d_2c_3x3": partial(_conv, outputs=192),
    "MaxPool_3a_3x3": partial(_pool, window=(1, 3, 3), stride=(1, 2, 2)),  # [N, 16, 28, 28, 192]
    "Mixed_3b": partial(_mixed, outputs=(64, 96, 128, 16, 32, 32)),  # [N, 16, 28, 28, 256]
    "Mixed_3c": partial(_mixed, outputs=(128, 128, 192, 32, 96, 64)),  # [N, 16, 28, 28, 480]
    "MaxPool_4a_3x3": partial(_pool, window=3, stride=2),
    "Mixed_4b": partial(_mixed, outputs=(192, 96, 208, 16, 48, 64)),  # [N, 8, 14, 14, 512]
    "Mixed_4c": partial(_mixed, outputs=(160, 112, 224, 24, 64, 64)),
    "Mixed_4d": partial(_mixed, outputs=(128, 128, 256, 24, 64, 64)),
    "Mixed_4e": partial(_mixed, outputs=(112, 144, 288, 32, 64, 64)),  # [N, 8, 14, 14, 528]
    "Mixed_4f": partial(_mixed, outputs=(256, 160, 320, 32, 128, 128)),  # [N, 8, 14, 14, 832]
    "MaxPool_5a_2x2": partial(_pool, window=2, stride=2),
    "Mixed_5b": partial(_mixed, outputs=(256, 160, 320, 32, 128, 128)),  # [N, 4, 7, 7, 832]
    "Mixed_5c": partial(_mixed, outputs=(384, 192, 384, 48, 128, 128)),  # [N, 4, 7, 7, 1024]
}


def s3dg_base(
    inputs: tf.Tensor,
    first_temporal_kernel_size: int = 3,
    temporal_conv_startat: str | None = "Conv2d_2c_3x3",
    gating_startat: str | None = "Conv2d_2c_3x3",
    final_endpoint: str = "Mixed_5c",
    min_depth: int = 16,
    depth_multiplier: float = 1.0,
    data_format: str = "NDHWC",
    scope: Scope = "InceptionV1",
) -> NetworkOutput:
    """Builds S3D-G up to `final_endpoint`.

    Args:
      inputs: float [N, T, H, W, C], at least one frame of one pixel.
      first_temporal_kernel_size: frames that the first convolution covers: 1, 3, 5 or 7.
      temporal_conv_startat: from this end point on, Conv2d_2c_3x3 or a Mixed, convolutions cover 3 frames in
        place of one. Another name, or None: nowhere.
      gating_startat: likewise, from where self_gating is added.
      min_depth: least number of channels that depth_multiplier leaves.
      data_format: "NDHWC" or "NCDHW". Batch norm takes its own: for "NCDHW" set data_format="NCHW" for
        slim.batch_norm in an arg_scope, or it counts the width as the channels, as it was published.
    Returns: the activation of `final_endpoint`, end_points.
    Raises: ValueError: inputs that are no videos, no such end point, kernel, multiplier or data_format.
    """
    depth = depth_of("a video network", depth_multiplier, min_depth)
    check_base(inputs, first_temporal_kernel_size, final_endpoint, data_format, STAGES)
    form, end_points, net = _Form(depth, first_temporal_kernel_size), {}, inputs
    everywhere = [slim.conv3d, slim.max_pool3d, conv3d_spatiotemporal]
    with (
        tf.compat.v1.variable_scope(scope, "InceptionV1", [inputs]),
        slim.arg_scope([slim.conv3d], weights_initializer=truncated_normal(0.01)),
        slim.arg_scope(everywhere, stride=1, padding="SAME"),
        slim.arg_scope([*everywhere, inception_block_v1_3d], data_format=data_format),
    ):
        for name, stage in STAGES.items():
            if name == temporal_conv_startat and stage.func in SWITCHING:
                form.kernel = 3
            if name == gating_startat and stage.func in SWITCHING:
                form.gate = partial(self_gating, data_format=data_format)
            net = end_points[name] = stage(net, form, name)
            if name == final_endpoint:
                break
    return net, end_points


def s3dg(
    inputs: tf.Tensor,
    num_classes: int | None = 1000,
    first_temporal_kernel_size: int = 3,
    temporal_conv_startat: str | None = "Conv2d_2c_3x3",
    gating_startat: str | None = "Conv2d_2c_3x3",
    final_endpoint: str = "Mixed_5c",
    min_depth: int = 16,
    depth_multiplier: float = 1.0,
    dropout_keep_prob: float = 0.8,
    is_training: bool = True,
    prediction_fn: Layer = slim.softmax,
    spatial_squeeze: bool = True,
    reuse: Reuse = None,
    data_format: str = "NDHWC",
    scope: Scope = "InceptionV1",
) -> NetworkOutput:
    """Builds S3D-G for classification; the parameters that s3dg_base has too are the same.

    Args:
      inputs: float [N, T, H, W, 3] in [-1, 1]; up to 224 pixels a side for one answer a video.
      num_classes: 0 or None leaves the last layer out and returns its input, [N, t, h, w, C].
    Returns: logits [N, num_classes] (a map [N, h, w, num_classes] without spatial_squeeze), end_points.
    Raises: ValueError: as s3dg_base, or the map is too large for one answer a video.
    """
    base = (first_temporal_kernel_size, temporal_conv_startat, gating_startat, final_endpoint)
    depths = (min_depth, depth_multiplier)
    with (
        tf.compat.v1.variable_scope(scope, "InceptionV1", [inputs], reuse=reuse) as sc,
        slim.arg_scope([slim.batch_norm, slim.dropout], is_training=is_training),
    ):
        net, end_points = s3dg_base(inputs, *base, *depths, data_format, scope=sc)
        with tf.compat.v1.variable_scope("Logits"):
            net = tf.transpose(net, (0, 2, 3, 4, 1)) if data_format == "NCDHW" else net
            window = reduced_kernel_size_3d(net, (2, 7, 7))
            net = slim.avg_pool3d(net, window, stride=1, scope="AvgPool_0a_7x7")
            if not num_classes:
                end_points["AvgPool_0a_7x7"] = net
                return net, end_points
            net = slim.dropout(net, dropout_keep_prob, scope="Dropout_0b")
            plain: dict[str, Any] = {"activation_fn": None, "normalizer_fn": None, "data_format": "NDHWC"}
            logits = slim.conv3d(net, num_classes, 1, scope="Conv2d_0c_1x1", **plain)
            logits = tf.reduce_mean(logits, 1)  # over time
            if spatial_squeeze:
                logits = squeeze(logits, "SpatialSqueeze", "Pass spatial_squeeze=False to keep the map")
            end_points["Logits"] = logits
            end_points["Predictions"] = prediction_fn(logits, scope="Predictions")
    return logits, end_points


s3dg.default_image_size = 224  # type: ignore[attr-defined]  # published code reads it here
