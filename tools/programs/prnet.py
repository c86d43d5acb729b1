"""PRNet: where every point of a face is, as a map of positions; its square error trained."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from predictor import resfcn256

REPOSITORY = "YadiraF/PRNet"
COMMIT = "fc12fe5e1f1462bdea52409b213d0cf1c8cf6c5b"
LICENCE = "MIT"
SUBJECT = "face alignment in 3D, position map trained"


def positions(draw: Any, is_training: bool) -> Any:
    return resfcn256(64, 64)(tf.constant(draw("faces", (2, 64, 64, 3), 0, 1)), is_training=is_training)


def build(draw: Any) -> dict[str, Any]:
    return {"positions": positions(draw, is_training=False)}


def train(draw: Any) -> tuple[Any, dict[str, Any]]:
    error = tf.reduce_mean(tf.square(positions(draw, is_training=True) - draw("truth", (2, 64, 64, 3), 0, 1)))
    total = error + tf.losses.get_regularization_loss()
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        return tf.train.AdamOptimizer(1e-4).minimize(total), {"error": error, "total": total}
