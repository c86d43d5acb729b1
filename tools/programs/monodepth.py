"""monodepth: disparities of a stereo pair, by VGG and by ResNet-50, and the losses of the first trained."""

from __future__ import annotations

from typing import Any

import monodepth_model
import tensorflow as tf

REPOSITORY = "mrharicot/monodepth"
COMMIT = "b76bee4bd12610b482163871b7ff93e931cb5331"
LICENCE = "UCLB ACP-A"
SUBJECT = "depth of one image: VGG and ResNet-50 encoders, its losses trained"


def model(draw: Any, encoder: str, mode: str) -> Any:
    height, width = 128, 128
    parameters = monodepth_model.monodepth_parameters(
        encoder, height, width, 1, 1, 1, False, "border", False, 0.85, 0.1, 1.0, False
    )
    left, right = (tf.constant(abs(draw(side, (1, height, width, 3))) % 1) for side in ("left", "right"))
    with tf.variable_scope(encoder):
        return monodepth_model.MonodepthModel(parameters, mode, left, right, None)


def build(draw: Any) -> dict[str, Any]:
    nets = {encoder: model(draw, encoder, "test") for encoder in ("vgg", "resnet50")}
    return {name: [net.disp1, net.disp2, net.disp4] for name, net in nets.items()}


def train(draw: Any) -> tuple[Any, dict[str, Any]]:
    net = model(draw, "vgg", "train")
    optimizer = tf.train.AdamOptimizer(1e-4)
    train_op = optimizer.apply_gradients(optimizer.compute_gradients(net.total_loss))
    return train_op, {"total": net.total_loss, "image": net.image_loss, "lr": net.lr_loss}
