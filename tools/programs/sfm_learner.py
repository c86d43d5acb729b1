"""SfMLearner: disparity, pose and explainability of a clip, and the photometric loss trained."""

from __future__ import annotations

from typing import Any

import nets
import tensorflow as tf
import utils

REPOSITORY = "tinghuiz/SfMLearner"
COMMIT = "65f71f10da7a0576961a869ec3b3c1a68e89f188"
LICENCE = "MIT"
SUBJECT = "depth and ego-motion, view synthesis trained"


def networks(draw: Any, is_training: bool) -> tuple[Any, Any, Any, Any, Any]:
    target, source = (tf.constant(draw(name, (1, 128, 128, n))) for name, n in (("target", 3), ("source", 6)))
    disparities, _ = nets.disp_net(target, is_training=is_training)
    poses, masks, _ = nets.pose_exp_net(target, source, do_exp=True, is_training=is_training)
    return target, source, disparities, poses, masks


def build(draw: Any) -> dict[str, Any]:
    _, _, disparities, poses, masks = networks(draw, is_training=False)
    return {"disparities": disparities, "poses": poses, "masks": masks}


def train(draw: Any) -> tuple[Any, dict[str, Any]]:
    target, source, disparities, poses, _ = networks(draw, is_training=True)
    camera = tf.constant([[[80.0, 0.0, 64.0], [0.0, 80.0, 64.0], [0.0, 0.0, 1.0]]])
    depth = tf.squeeze(1.0 / disparities[0], axis=3)
    warped = utils.projective_inverse_warp(source[:, :, :, :3], depth, poses[:, 0, :], camera)
    loss = tf.reduce_mean(tf.abs(warped - target))
    train_op = tf.contrib.slim.learning.create_train_op(loss, tf.train.AdamOptimizer(2e-4, 0.9))
    return train_op, {"loss": loss}
