"""pix2pix: its model with dropout off, which is its only randomness, trained as it trains itself."""

from __future__ import annotations

import sys
from typing import Any

sys.argv = ["pix2pix.py", "--mode", "train", "--output_dir", "out", "--ngf", "8", "--ndf", "8"]

import pix2pix  # noqa: E402
import tensorflow as tf  # noqa: E402

REPOSITORY = "affinelayer/pix2pix-tensorflow"
COMMIT = "0f2174424356162920fc25067e63db2bcf19f4e7"
LICENCE = "MIT"
SUBJECT = "pix2pix, generator and discriminator trained with moving averages of losses"
EDITS = {
    "pix2pix.py": (
        ("tf.nn.dropout(output, keep_prob=1 - dropout)", "tf.identity(output)"),
        ("\n\nmain()\n", "\n"),
    )
}


def model(draw: Any) -> Any:
    pictures = [tf.constant(draw(name, (1, 256, 256, 3), -1, 1)) for name in ("inputs", "targets")]
    return pix2pix.create_model(*pictures)


def build(draw: Any) -> dict[str, Any]:
    net = model(draw)
    return {"outputs": net.outputs[:, ::4, ::4], "real": net.predict_real, "fake": net.predict_fake}


def train(draw: Any) -> tuple[Any, dict[str, Any]]:
    return model(draw).train, {}  # its losses are averages that the step itself moves: among the variables
