"""Xception in slim: its logits and predictions, of a picture as large as it was trained on."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
import xception

REPOSITORY = "kwotsin/TensorFlow-Xception"
COMMIT = "c42ad8cab40733f9150711be3537243278612b22"
LICENCE = "MIT"
SUBJECT = "Xception: classification with separable convolutions"
slim = tf.contrib.slim


def network(draw: Any, is_training: bool) -> tuple[Any, Any]:
    with slim.arg_scope(xception.xception_arg_scope()):
        images = tf.constant(draw("images", (2, 299, 299, 3), -1, 1)[:, ::2, ::2][:, :150, :150])
        return xception.xception(tf.image.resize_images(images, (299, 299)), 5, is_training=is_training)


def build(draw: Any) -> dict[str, Any]:
    logits, points = network(draw, is_training=False)
    return {"logits": logits, "predictions": points["Predictions"]}
