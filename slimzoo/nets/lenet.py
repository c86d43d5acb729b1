"""LeNet as TF-Slim published it for MNIST: two convolutions, two dense layers. After LeCun et al. 1998."""

import tensorflow as tf

from slimzoo import slim
from slimzoo.nets import common
from slimzoo.nets.common import Layer, NetworkOutput, Scope
from slimzoo.registry import Network, register


def lenet_arg_scope(weight_decay: float = 0.0) -> dict:
    """Returns the scope LeNet was published with: ReLU, truncated normal weights, L2 (none by default)."""
    with slim.arg_scope(
        [slim.conv2d, slim.fully_connected],
        weights_regularizer=slim.l2_regularizer(weight_decay),
        weights_initializer=tf.compat.v1.truncated_normal_initializer(stddev=0.1),
        activation_fn=tf.nn.relu,
    ) as scope:
        return scope


def lenet(
    images: tf.Tensor,
    num_classes: int | None = 10,
    is_training: bool = False,
    dropout_keep_prob: float = 0.5,
    prediction_fn: Layer = slim.softmax,
    scope: Scope = "LeNet",
) -> NetworkOutput:
    """Builds LeNet.

    Args:
      images: float [N, 28, 28, C]; grey or RGB, (x - 128) / 128.
      num_classes: 0 or None leaves the last layer out and returns its input, before the dropout.
    Returns: logits [N, num_classes], end_points.
    """
    end_points = {}
    with tf.compat.v1.variable_scope(scope, "LeNet", [images]):
        net = end_points["conv1"] = slim.conv2d(images, 32, [5, 5], scope="conv1")  # [N, 28, 28, 32]
        net = end_points["pool1"] = slim.max_pool2d(net, [2, 2], 2, scope="pool1")  # [N, 14, 14, 32]
        net = end_points["conv2"] = slim.conv2d(net, 64, [5, 5], scope="conv2")  # [N, 14, 14, 64]
        net = end_points["pool2"] = slim.max_pool2d(net, [2, 2], 2, scope="pool2")  # [N, 7, 7, 64]
        net = end_points["Flatten"] = common.flatten(net)  # [N, 3136]
        net = end_points["fc3"] = slim.fully_connected(net, 1024, scope="fc3")
        if not num_classes:
            return net, end_points
        net = slim.dropout(net, dropout_keep_prob, is_training=is_training, scope="dropout3")
        end_points["dropout3"] = net
        logits = slim.fully_connected(net, num_classes, activation_fn=None, scope="fc4")
        end_points["Logits"] = logits
    end_points["Predictions"] = prediction_fn(logits, scope="Predictions")
    return logits, end_points


lenet.default_image_size = 28  # type: ignore[attr-defined]  # published code reads it here

register(
    Network(
        name="lenet",
        build=lenet,
        arg_scope=lenet_arg_scope,
        image_size=28,
        num_classes=10,
        channels=1,
        heads=("LeNet/fc4",),
        transfer_heads=("LeNet/fc4",),
        preprocessing="lenet",
        auxiliary=(),
        recipe="lenet",
    )
)
