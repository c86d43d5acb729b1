"""A network that tells dark, gray and light pixels apart, registered for a test, and weights of it."""

import contextlib
import json

import numpy as np
import tensorflow as tf

from slimzoo import converters, registry, slim

NAME, SIZE = "dark_or_light", 24
LABELS = ("dark", "gray", "light")
SHADES = np.array([0, 127, 255], np.uint8)  # of the classes
VALUES = {
    "DarkOrLight/logits/weights": np.tile(np.array([-2, 0, 2], np.float32) / 3, (1, 1, 3, 1)),
    "DarkOrLight/logits/biases": np.array([-0.5, 0, -0.5], np.float32),
}


def dark_or_light(images, num_classes=3, is_training=False):
    """Sees each pixel alone: one of LABELS by its brightness."""
    del is_training
    if not num_classes:
        return images, {}
    with tf.compat.v1.variable_scope("DarkOrLight"):
        net = slim.conv2d(images, num_classes, 1, activation_fn=None, scope="logits")  # [N, H, W, 3]
    return net, {"logits": net}


ROW = registry.Network(
    name=NAME,
    build=dark_or_light,
    arg_scope=lambda weight_decay=0.0: {},
    image_size=SIZE,
    num_classes=3,
    channels=3,
    heads=("DarkOrLight/logits",),
    transfer_heads=("DarkOrLight/logits",),
    preprocessing="deeplab",
    auxiliary=(),
    task=registry.SEGMENTATION,
)


@contextlib.contextmanager
def registered():
    """It goes by its name inside."""
    registry.register(ROW)
    try:
        yield
    finally:
        registry._NETWORKS.pop(NAME)


def write(path):
    """Writes weights that know all of it: names of the classes, preprocessing."""
    preprocessing = {"kind": "deeplab", "size": SIZE, "channel_order": "RGB"}
    said = {"network": NAME, "num_classes": "3", "labels": json.dumps(LABELS)}
    converters.write_safetensors(path, VALUES, said | {"preprocessing": json.dumps(preprocessing)})
    return path


def striped(height, width):
    """Pixels of dark, gray and light thirds from left to right, and the class of each."""
    ids = np.repeat(np.arange(width)[None] * 3 // width, height, axis=0)
    return np.repeat(SHADES[ids][..., None], 3, -1), ids
