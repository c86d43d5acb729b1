"""I3D: Inception v1 inflated to videos. Carreira & Zisserman 2017, arXiv:1705.07750."""

from typing import Any

import tensorflow as tf

from slimzoo import slim
from slimzoo.nets.common import Layer, NetworkOutput, Reuse, Scope
from slimzoo.nets.i3d_utils import i3d_arg_scope as i3d_arg_scope
from slimzoo.nets.s3dg import s3dg, s3dg_base

# What sets it apart from S3D-G.
UNGATED: dict[str, Any] = {"first_temporal_kernel_size": 7, "gating_startat": None}


def i3d_base(
    inputs: tf.Tensor, final_endpoint: str = "Mixed_5c", scope: Scope = "InceptionV1"
) -> NetworkOutput:
    """Builds I3D up to `final_endpoint`, one of s3dg.STAGES.

    Args:
      inputs: float [N, T, H, W, C], at least one frame of one pixel.
    Returns: the activation of `final_endpoint`, end_points.
    Raises: ValueError: inputs that are no videos, or no such end point.
    """
    return s3dg_base(inputs, final_endpoint=final_endpoint, scope=scope, **UNGATED)


def i3d(
    inputs: tf.Tensor,
    num_classes: int | None = 1000,
    dropout_keep_prob: float = 0.8,
    is_training: bool = True,
    prediction_fn: Layer = slim.softmax,
    spatial_squeeze: bool = True,
    reuse: Reuse = None,
    scope: Scope = "InceptionV1",
) -> NetworkOutput:
    """Builds I3D for classification.

    Args:
      inputs: float [N, T, H, W, 3] in [-1, 1]; up to 224 pixels a side for one answer a video.
      num_classes: 0 or None leaves the last layer out and returns its input, [N, t, h, w, 1024].
    Returns: logits [N, num_classes] (a map [N, h, w, num_classes] without spatial_squeeze), end_points.
    Raises: ValueError: inputs that are no videos, or too large for one answer a video.
    """
    return s3dg(
        inputs,
        num_classes,
        dropout_keep_prob=dropout_keep_prob,
        is_training=is_training,
        prediction_fn=prediction_fn,
        spatial_squeeze=spatial_squeeze,
        reuse=reuse,
        scope=scope,
        **UNGATED,
    )


i3d.default_image_size = 224  # type: ignore[attr-defined]  # published code reads it here
