"""A classifier so small that its losses can be told from TensorFlow 1.15."""

import os

import numpy as np
import tensorflow as tf

from slimzoo import slim
from tests.slim.support import ramp, v1

INPUTS = ramp(8, 2)
LABELS = (INPUTS[:, :1] > 0.1).astype(np.float32)
LOSSES = [0.693147, 0.424798, 0.237181, 0.143278]  # of the first steps; TensorFlow 1.15


def predictions(is_training=True):
    """Makes batch norm `bn` and the layer `fc`; returns probabilities [8, 1]."""
    net = slim.batch_norm(tf.constant(INPUTS), decay=0.5, is_training=is_training, scope="bn", fused=False)
    return slim.fully_connected(
        net, 1, activation_fn=tf.sigmoid, weights_initializer=v1.zeros_initializer(), scope="fc"
    )


def loss():
    """Makes the classifier; returns its loss."""
    return v1.losses.log_loss(LABELS, predictions())


def train_op(create=slim.learning.create_train_op, **settings):
    """Makes classifier and train op, by momentum."""
    total_loss = loss()
    v1.summary.scalar("loss", total_loss)
    return create(total_loss, v1.train.MomentumOptimizer(1.0, 0.9), **settings)


def steps_saved(folder):
    """Returns the steps of the checkpoints in a directory."""
    found = [name for name in os.listdir(folder) if name.endswith(".index")]
    return sorted(int(name.removesuffix(".index").partition("-")[2]) for name in found)


def events(folder):
    """Returns all events written to a directory."""
    paths = sorted(os.path.join(folder, name) for name in os.listdir(folder) if "tfevents" in name)
    return [event for path in paths for event in v1.train.summary_iterator(path)]


def summaries(folder):
    """Returns {tag: [(step, value)]} of the scalars written to a directory."""
    found = {}
    for event in events(folder):
        for value in event.summary.value:
            found.setdefault(value.tag, []).append((event.step, value.simple_value))
    return found
