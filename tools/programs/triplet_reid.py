"""Who is who again: ResNet-50's embeddings of people, and the hardest triplets of a batch trained."""

from __future__ import annotations

from typing import Any

import loss
import tensorflow as tf
from heads import fc1024
from nets import resnet_v1_50

REPOSITORY = "VisualComputingInstitute/triplet-reid"
COMMIT = "a538696b89654180f69f19d17679fa48a0346d88"
LICENCE = "MIT"
SUBJECT = "person re-identification over ResNet-50, batch-hard triplets trained"


def embeddings(draw: Any, is_training: bool) -> dict[str, Any]:
    people = tf.constant(draw("people", (4, 64, 32, 3), 0, 255))
    points, _ = resnet_v1_50.endpoints(people, is_training=is_training)
    with tf.name_scope("head"):
        return fc1024.head(points, 16, is_training=is_training)


def build(draw: Any) -> dict[str, Any]:
    points = embeddings(draw, is_training=False)
    return {name: points[name] for name in ("emb", "head_output", "model_output")}


def train(draw: Any) -> tuple[Any, dict[str, Any]]:
    found = loss.cdist(*[embeddings(draw, is_training=True)["emb"]] * 2)
    losses, top1, *_ = loss.batch_hard(found, tf.constant([0, 0, 1, 1]), "soft", 1)
    total = tf.reduce_mean(losses) + tf.losses.get_regularization_loss()
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        return tf.train.AdamOptimizer(3e-4).minimize(total), {"losses": losses, "top1": top1, "total": total}
