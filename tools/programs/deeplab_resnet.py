"""DeepLab over ResNet-101, by layers that a Caffe converter names: its scores, and labels made small."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from deeplab_resnet import DeepLabResNetModel, prepare_label

REPOSITORY = "DrSleep/tensorflow-deeplab-resnet"
COMMIT = "066023c033624e6c8154340e06e8fbad4f702bdf"
LICENCE = "MIT"
PYTHON_2 = True
EDITS = {"kaffe/tensorflow/network.py": (("c_i / group", "c_i // group"),)}
SUBJECT = "DeepLab v2 over ResNet-101: segmentation"


def build(draw: Any) -> dict[str, Any]:
    images = tf.constant(draw("images", (1, 65, 65, 3)) * 50)
    net = DeepLabResNetModel({"data": images}, is_training=False, num_classes=21)
    scores = net.layers["fc1_voc12"]
    labels = prepare_label(
        tf.constant(draw("labels", (1, 65, 65, 1), 0, 20)), tf.stack(scores.shape[1:3]), 21, False
    )
    classes = tf.argmax(tf.image.resize_bilinear(scores, (65, 65)), axis=3)
    return {"scores": scores, "res5c": net.layers["res5c_relu"], "classes": classes, "labels": labels}
