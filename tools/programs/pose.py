"""Poses of people: MobileNet's heat maps and part affinities, without the C++ that joins them."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

sys.modules["tf_pose"] = ModuleType("tf_pose")
sys.modules["tf_pose"].__path__ = ["tf_pose"]

import tensorflow as tf  # noqa: E402
from tf_pose.network_mobilenet_thin import MobilenetNetworkThin  # noqa: E402

REPOSITORY = "ildoonet/tf-pose-estimation"
COMMIT = "9aaf34708e9863eeab9685a7ec52a45f3b576e2d"
LICENCE = "Apache-2.0"
SUBJECT = "OpenPose over MobileNet: heat maps and affinities, trained"


def network(draw: Any, trainable: bool) -> Any:
    images = tf.constant(draw("images", (1, 64, 64, 3)) * 50)
    return MobilenetNetworkThin({"image": images}, conv_width=0.5, conv_width2=0.5, trainable=trainable)


def build(draw: Any) -> dict[str, Any]:
    net = network(draw, trainable=False)
    return {"output": net.get_output(), "last": [net.loss_last()[0], net.loss_last()[1]]}


def train(draw: Any) -> tuple[Any, dict[str, Any]]:
    paths, heats = network(draw, trainable=True).loss_l1_l2()
    losses = [
        tf.nn.l2_loss(x - draw(f"truth {n}", tuple(x.shape.as_list()))) for n, x in enumerate(paths + heats)
    ]
    total = tf.add_n(losses) + tf.losses.get_regularization_loss()
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        return tf.train.AdamOptimizer(1e-4, epsilon=1e-8).minimize(total), {"losses": losses, "total": total}
