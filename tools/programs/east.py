"""EAST: where text is and how it lies, and its loss trained with its batch norm and moving averages."""

from __future__ import annotations

from typing import Any

import model
import tensorflow as tf

REPOSITORY = "argman/EAST"
COMMIT = "dca414de39a3a4915a019c9a02c1832a31cdd0ca"
LICENCE = "GPL-3.0"
SUBJECT = "text detection over ResNet-50, its loss trained"


def build(draw: Any) -> dict[str, Any]:
    score, geometry = model.model(tf.constant(draw("images", (1, 64, 64, 3))), is_training=False)
    return {"score": score, "geometry": geometry}


def train(draw: Any) -> tuple[Any, dict[str, Any]]:
    score, geometry = model.model(tf.constant(draw("images", (2, 64, 64, 3), 0, 255)), is_training=True)
    truth, mask = (
        tf.constant((draw(name, (2, 16, 16, 1)) > 0) * 1.0, tf.float32) for name in ("truth", "mask")
    )
    loss = model.loss(truth, score, tf.constant(draw("places", (2, 16, 16, 5), 0, 64)), geometry, mask)
    total = tf.add_n([loss, *tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)])
    step = tf.get_variable("global_step", [], initializer=tf.constant_initializer(0), trainable=False)
    applied = tf.train.AdamOptimizer(1e-4).minimize(total, global_step=step)
    with tf.control_dependencies([applied]):  # there, one may come before the other
        averages = tf.train.ExponentialMovingAverage(0.997, step).apply(tf.trainable_variables())
    with tf.control_dependencies([averages, *tf.get_collection(tf.GraphKeys.UPDATE_OPS)]):
        return tf.no_op(name="train_op"), {"loss": loss, "total": total}
