"""Convolutions over words: scores, loss and accuracy, trained with Adam."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from text_cnn import TextCNN

REPOSITORY = "dennybritz/cnn-text-classification-tf"
COMMIT = "18762b459e21d9c70e5c242f8d43fc4e6db37a0d"
LICENCE = "Apache-2.0"
SUBJECT = "text classification, trained with Adam"


def network(draw: Any) -> tuple[Any, dict[Any, Any]]:
    net = TextCNN(20, 2, 50, 16, [3, 4, 5], 8, l2_reg_lambda=0.1)
    words = (np.abs(draw("words", (4, 20))) * 20).astype(np.int32) % 50
    feeds = {net.input_x: words, net.input_y: np.eye(2)[[0, 1, 1, 0]], net.dropout_keep_prob: 1.0}
    return net, feeds


def build(draw: Any) -> tuple[dict[str, Any], dict[Any, Any]]:
    net, feeds = network(draw)
    return {"scores": net.scores, "predictions": net.predictions, "loss": net.loss}, feeds


def train(draw: Any) -> tuple[Any, dict[str, Any], dict[Any, Any]]:
    net, feeds = network(draw)
    step = tf.Variable(0, name="global_step", trainable=False)
    optimizer = tf.train.AdamOptimizer(1e-3)
    train_op = optimizer.apply_gradients(optimizer.compute_gradients(net.loss), global_step=step)
    return train_op, {"loss": net.loss, "accuracy": net.accuracy}, feeds
