"""Fast neural style: the transfer network, and its content, style and variation losses by VGG-16 trained."""

from __future__ import annotations

from typing import Any

import losses
import model
import tensorflow as tf
from nets import nets_factory

REPOSITORY = "hzy46/fast-neural-style-tensorflow"
COMMIT = "eeaa47d359e5c589a4cc6ccbf8c0450ccc657d2d"
LICENCE = ""
SUBJECT = "style transfer, perceptual losses by its own VGG-16 trained"
STYLE = ("vgg_16/conv1/conv1_2", "vgg_16/conv2/conv2_2")


def build(draw: Any) -> dict[str, Any]:
    return {"painted": model.net(tf.constant(draw("image", (1, 32, 32, 3), 0, 255)), training=False)}


def train(draw: Any) -> tuple[Any, dict[str, Any]]:
    images = tf.constant(draw("images", (1, 224, 224, 3), 0, 255))
    painted = model.net(images, training=True)
    vgg = nets_factory.get_network_fn("vgg_16", num_classes=1, is_training=False)
    _, points = vgg(tf.concat([painted, images], 0), spatial_squeeze=False)
    grams = [tf.constant(draw(layer, (n, n))) for layer, n in zip(STYLE, (64, 128))]  # noqa: B905
    style, _ = losses.style_loss(points, grams, STYLE)
    content = losses.content_loss(points, ("vgg_16/conv3/conv3_3",))
    total = content + 220.0 * style + 1e-4 * losses.total_variation_loss(painted)
    mine = [variable for variable in tf.trainable_variables() if not variable.name.startswith("vgg_16")]
    train_op = tf.train.GradientDescentOptimizer(1e-9).minimize(total, var_list=mine)
    return train_op, {"content": content, "style": style, "total": total}
