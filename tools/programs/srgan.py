"""SRGAN: pictures four times as large and judged; both networks trained."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

import tensorflow as tf
from lib import model

REPOSITORY = "brade31919/SRGAN-tensorflow"
COMMIT = "7f7ec0f929feb64a111221dc992f740cd48e11eb"
LICENCE = "MIT"
SUBJECT = "super-resolution, SRGAN trained"
EDITS = {"lib/ops.py": (("import pdb", "from tensorflow import keras"),)}  # which it uses and does not import
FLAGS = Namespace(
    is_training=True,
    num_resblock=4,
    perceptual_mode="MSE",
    EPS=1e-12,
    ratio=0.001,
    vgg_scaling=0.0061,
    learning_rate=1e-4,
    decay_step=1000,
    decay_rate=0.1,
    stair=False,
    beta=0.9,
    batch_size=2,
    crop_size=16,
)


def pictures(draw: Any) -> list[Any]:
    return [tf.constant(draw(f"picture {size}", (2, size, size, 3), 0, 1)) for size in (16, 64)]


def build(draw: Any) -> dict[str, Any]:
    small, large = pictures(draw)
    flags = Namespace(**{**vars(FLAGS), "is_training": False})
    with tf.variable_scope("generator"):
        made = model.generator(small, 3, False, flags)
    with tf.variable_scope("discriminator"):
        return {"made": made, "judged": model.discriminator(large, flags)}


def train(draw: Any) -> tuple[Any, dict[str, Any]]:
    net = model.SRGAN(*pictures(draw), FLAGS)
    return net.train, {}  # its losses are averages that the step itself moves: among the variables
