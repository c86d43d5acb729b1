"""A3C's policy and value networks: two estimators of shared layers, trained by their own train ops."""

from __future__ import annotations

from typing import Any

import estimators
import numpy as np
import tensorflow as tf

REPOSITORY = "dennybritz/reinforcement-learning"
COMMIT = "2b832284894a65eccdd82353cc446f68d100676e"
LICENCE = "MIT"
SUBJECT = "reinforcement learning: policy and value networks trained"
FOLDERS = ("PolicyGradient/a3c",)


def networks(draw: Any) -> tuple[Any, Any, dict[Any, Any]]:
    tf.Variable(0, name="global_step", trainable=False)
    with tf.variable_scope("global"):
        policy = estimators.PolicyEstimator(num_outputs=4)
        value = estimators.ValueEstimator(reuse=True)
    states = draw("states", (3, 84, 84, 4), 0, 255).astype(np.uint8)
    feeds = {net.states: states for net in (policy, value)}
    feeds.update({net.targets: draw("targets", (3,)) for net in (policy, value)})
    return policy, value, {**feeds, policy.actions: [0, 3, 1]}


def build(draw: Any) -> tuple[dict[str, Any], dict[Any, Any]]:
    policy, value, feeds = networks(draw)
    return {"policy": policy.predictions, "value": value.predictions, "entropy": policy.entropy}, feeds


def train(draw: Any) -> tuple[Any, dict[str, Any], dict[Any, Any]]:
    policy, value, feeds = networks(draw)
    with tf.control_dependencies([policy.train_op]):
        return [policy.train_op, value.train_op], {"policy": policy.loss, "value": value.loss}, feeds
