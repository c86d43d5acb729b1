"""Facenet's Inception-ResNet v1: embeddings, and the triplet loss trained by its own train()."""

from __future__ import annotations

from typing import Any

import facenet
import tensorflow as tf
from models import inception_resnet_v1

REPOSITORY = "davidsandberg/facenet"
COMMIT = "096ed770f163957c1e56efa7feeb194773920f6e"
LICENCE = "MIT"
SUBJECT = "face embeddings, triplet loss trained with moving averages"
FOLDERS = (".", "src")


def embeddings(draw: Any, is_training: bool) -> tuple[Any, Any]:
    images = tf.constant(draw("faces", (3, 160, 160, 3)))
    return inception_resnet_v1.inference(
        images, 1.0, is_training, bottleneck_layer_size=128, weight_decay=5e-5
    )


def build(draw: Any) -> dict[str, Any]:
    net, end_points = embeddings(draw, is_training=False)
    names = ("MaxPool_3a_3x3", "Mixed_6a", "Mixed_7a", "PreLogitsFlatten")
    return {"embeddings": tf.nn.l2_normalize(net, 1, 1e-10), **{name: end_points[name] for name in names}}


def train(draw: Any) -> tuple[Any, dict[str, Any]]:
    step = tf.Variable(0, trainable=False)
    net, _ = embeddings(draw, is_training=True)
    anchor, positive, negative = tf.unstack(tf.reshape(tf.nn.l2_normalize(net, 1, 1e-10), [-1, 3, 128]), 3, 1)
    triplet = facenet.triplet_loss(anchor, positive, negative, 0.2)
    total = tf.add_n([triplet, *tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)])
    rate = tf.constant(0.001)
    return facenet.train(total, step, "MOM", rate, 0.9999, tf.global_variables()), {"total": total}
