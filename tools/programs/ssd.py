"""SSD300 over VGG: class logits and boxes of every anchor, the boxes decoded, and its losses."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from nets import ssd_vgg_300

REPOSITORY = "balancap/SSD-Tensorflow"
COMMIT = "e0e3104d3a2cc5d830fad041d4e56ebcf84caac3"
LICENCE = "Apache-2.0"
SUBJECT = "SSD300: detection, its losses trained"


def net(draw: Any, is_training: bool) -> tuple[Any, Any, Any, Any]:
    ssd = ssd_vgg_300.SSDNet()
    images = tf.constant(draw("images", (1, 300, 300, 3)))
    with tf.contrib.slim.arg_scope(ssd.arg_scope()):
        return (ssd, *ssd.net(images, is_training=is_training)[:3])


def build(draw: Any) -> dict[str, Any]:
    ssd, predictions, boxes, logits = net(draw, is_training=False)
    decoded = ssd.bboxes_decode(boxes, ssd.anchors((300, 300)))
    scores, found = ssd.detected_bboxes(predictions, decoded, select_threshold=0.06, top_k=50, keep_top_k=10)
    return {
        "logits": logits,
        "decoded": tf.squeeze(decoded[3]),
        "boxes": boxes,
        "count": tf.add_n([tf.shape(scores[c])[1] for c in scores]),
        "found": found[1],
    }


def train(draw: Any) -> tuple[Any, dict[str, Any]]:
    ssd, _, boxes, logits = net(draw, is_training=False)
    truth = tf.constant(np.array([[0.1, 0.1, 0.6, 0.7], [0.5, 0.2, 0.9, 0.9]], np.float32))
    classes, places, scores = ssd.bboxes_encode(tf.constant([3, 7], tf.int64), truth, ssd.anchors((300, 300)))
    batch = [[tf.expand_dims(x, 0) for x in part] for part in (classes, places, scores)]
    ssd.losses(logits, boxes, *batch)
    total = tf.losses.get_total_loss()
    train_op = tf.contrib.slim.learning.create_train_op(total, tf.train.GradientDescentOptimizer(1e-4))
    return train_op, {"total": total, "losses": tf.get_collection("losses")}
