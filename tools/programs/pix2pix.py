"""pix2pix: its model with dropout off, which is its only randomness, and gradients."""

from __future__ import annotations

import sys
from typing import Any

sys.argv = ["pix2pix.py", "--mode", "train", "--output_dir", "out", "--ngf", "8", "--ndf", "8"]

import pix2pix  # noqa: E402
import tensorflow as tf  # noqa: E402

REPOSITORY = "affinelayer/pix2pix-tensorflow"
COMMIT = "0f2174424356162920fc25067e63db2bcf19f4e7"
LICENCE = "MIT"
SUBJECT = "pix2pix: pictures, judgements, and the discriminator's gradients"
EDITS = {
    "pix2pix.py": (
        ("tf.nn.dropout(output, keep_prob=1 - dropout)", "tf.identity(output)"),
        ("\n\nmain()\n", "\n"),
    )
}


def build(draw: Any) -> dict[str, Any]:
    net = pix2pix.create_model(*[tf.constant(draw(name, (1, 256, 256, 3), -1, 1)) for name in ("in", "out")])
    gradients = [gradient for gradient, variable in net.discrim_grads_and_vars if len(variable.shape) > 1]
    outputs = {"outputs": net.outputs[:, ::4, ::4], "real": net.predict_real, "fake": net.predict_fake}
    return {**outputs, "gradients": gradients}  # a bias before batch norm has rounding alone for a gradient
