"""YOLOv3 over Darknet-53: its three maps, its boxes, and its losses trained."""

from __future__ import annotations

from typing import Any

import model
import numpy as np
import tensorflow as tf

REPOSITORY = "wizyoung/YOLOv3_TensorFlow"
COMMIT = "8776cf7b2531cae83f5fc730f3c70ae97919bfd6"
LICENCE = "MIT"
SUBJECT = "YOLOv3 detection, its losses trained with batch norm"
ANCHORS = [[10, 13], [16, 30], [33, 23], [30, 61], [62, 45], [59, 119], [116, 90], [156, 198], [373, 326]]


def maps(draw: Any, is_training: bool) -> tuple[Any, Any]:
    net = model.yolov3(4, np.array(ANCHORS, np.float32), use_label_smooth=True, batch_norm_decay=0.9)
    with tf.variable_scope("yolov3"):
        return net, net.forward(tf.constant(draw("images", (2, 64, 64, 3), 0, 1)), is_training=is_training)


def build(draw: Any) -> dict[str, Any]:
    net, found = maps(draw, is_training=False)
    return {"maps": found, "boxes": net.predict(found)}


def truth(draw: Any, size: int) -> Any:
    """One box a picture, in the middle cell and its second anchor."""
    values = np.zeros((2, size, size, 3, 10), np.float32)
    values[..., -1] = 1.0
    values[:, size // 2, size // 2, 1, :9] = [32, 30, 20, 24, 1, 0, 0, 1, 0]
    return tf.constant(values)


def train(draw: Any) -> tuple[Any, dict[str, Any]]:
    net, found = maps(draw, is_training=True)
    losses = net.compute_loss(found, [truth(draw, size) for size in (2, 4, 8)])
    total = losses[0] + tf.losses.get_regularization_loss()
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        return tf.train.MomentumOptimizer(1e-4, 0.9).minimize(total), {"losses": losses, "total": total}
