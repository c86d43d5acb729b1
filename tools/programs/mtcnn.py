"""MTCNN: the first network over a picture, the last over faces, and the last's mined losses trained."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from train_models import mtcnn_model

REPOSITORY = "AITTSMD/MTCNN-Tensorflow"
COMMIT = "3b3934d38f8d34287cc933a581537a1acfd0bb60"
LICENCE = ""
SUBJECT = "faces and landmarks: P-Net and O-Net, mined losses trained"
FOLDERS = (".", "train_models")


def build(draw: Any) -> dict[str, Any]:
    with tf.variable_scope("p"):
        p = mtcnn_model.P_Net(tf.constant(draw("picture", (1, 60, 80, 3), -1, 1)), training=False)
    with tf.variable_scope("o"):
        o = mtcnn_model.O_Net(tf.constant(draw("faces", (4, 48, 48, 3), -1, 1)), training=False)
    return {"p": list(p), "o": list(o)}


def train(draw: Any) -> tuple[Any, dict[str, Any]]:
    labels = tf.constant([1.0, 0.0, -1.0, -2.0, 1.0, 0.0, -1.0, -2.0])
    boxes, marks = (tf.constant(draw(name, (8, size))) for name, size in (("boxes", 4), ("marks", 10)))
    faces = tf.constant(draw("faces", (8, 48, 48, 3), -1, 1))
    found = mtcnn_model.O_Net(faces, labels, boxes, marks, training=True)
    names = ("class", "box", "landmark", "l2", "accuracy")
    total = found[0] + 0.5 * found[1] + found[2] + found[3]
    losses = {"total": total, **dict(zip(names, found))}  # noqa: B905  # Python 3.7
    return tf.train.MomentumOptimizer(0.001, 0.9).minimize(total), losses
