"""ENet: pooled indices, unpooled again, to a class of each pixel."""

from __future__ import annotations

from typing import Any

import enet
import tensorflow as tf

REPOSITORY = "kwotsin/TensorFlow-ENet"
COMMIT = "d7e555e53c8f38a5f3d54906848110f6a3e6e98a"
LICENCE = "MIT"
PYTHON_2 = True
SUBJECT = "ENet: segmentation with pooling indices"


def build(draw: Any) -> dict[str, Any]:
    images = tf.constant(draw("images", (1, 64, 96, 3), 0, 1))
    with tf.contrib.slim.arg_scope(enet.ENet_arg_scope()):
        logits, found = enet.ENet(images, 12, batch_size=1, is_training=False, stage_two_repeat=2)
    return {"logits": logits, "probabilities": found}
