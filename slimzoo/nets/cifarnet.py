"""CifarNet as TF-Slim published it for CIFAR-10. After Krizhevsky's cuda-convnet, 2012."""

import tensorflow as tf

from slimzoo import slim
from slimzoo.nets import common
from slimzoo.nets.common import Layer, NetworkOutput, Scope
from slimzoo.registry import Network, register


def cifarnet_arg_scope(weight_decay: float = 0.004) -> dict:
    """Returns the scope CifarNet was published with: ReLU, and L2 on the dense layers alone."""
    truncated_normal = tf.compat.v1.truncated_normal_initializer
    with (
        slim.arg_scope(
            [slim.conv2d], weights_initializer=truncated_normal(stddev=5e-2), activation_fn=tf.nn.relu
        ),
        slim.arg_scope(
            [slim.fully_connected],
            biases_initializer=tf.compat.v1.constant_initializer(0.1),
            weights_initializer=truncated_normal(stddev=0.04),
            weights_regularizer=slim.l2_regularizer(weight_decay),
            activation_fn=tf.nn.relu,
        ) as scope,
    ):
        return scope


def _response_norm(net: tf.Tensor, name: str) -> tf.Tensor:
    """Local response normalisation over the channels, wherever these are."""
    first = common.channels_first()
    net = tf.transpose(net, (0, 2, 3, 1)) if first else net  # tf.nn.lrn knows NHWC alone
    wide = net if net.dtype == tf.float32 else tf.cast(net, tf.float32)  # there is no kernel for bfloat16
    net = tf.cast(tf.nn.lrn(wide, 4, bias=1.0, alpha=0.001 / 9.0, beta=0.75, name=name), net.dtype)
    return tf.transpose(net, (0, 3, 1, 2)) if first else net


def cifarnet(
    images: tf.Tensor,
    num_classes: int | None = 10,
    is_training: bool = False,
    dropout_keep_prob: float = 0.5,
    prediction_fn: Layer = slim.softmax,
    scope: Scope = "CifarNet",
) -> NetworkOutput:
    """Builds CifarNet.

    Args:
      images: float [N, 32, 32, 3], each standardised to mean 0 and variance 1.
      num_classes: 0 or None leaves the last layer out and returns its input.
    Returns: logits [N, num_classes], end_points.
    """
    end_points = {}
    with tf.compat.v1.variable_scope(scope, "CifarNet", [images]):
        net = end_points["conv1"] = slim.conv2d(images, 64, [5, 5], scope="conv1")  # [N, 32, 32, 64]
        net = end_points["pool1"] = slim.max_pool2d(net, [2, 2], 2, scope="pool1")  # [N, 16, 16, 64]
        net = _response_norm(net, "norm1")
        net = end_points["conv2"] = slim.conv2d(net, 64, [5, 5], scope="conv2")  # [N, 16, 16, 64]
        net = _response_norm(net, "norm2")
        net = end_points["pool2"] = slim.max_pool2d(net, [2, 2], 2, scope="pool2")  # [N, 8, 8, 64]
        net = end_points["Flatten"] = common.flatten(net)  # [N, 4096]
        net = end_points["fc3"] = slim.fully_connected(net, 384, scope="fc3")
        net = slim.dropout(net, dropout_keep_prob, is_training=is_training, scope="dropout3")
        net = end_points["fc4"] = slim.fully_connected(net, 192, scope="fc4")
        if not num_classes:
            return net, end_points
        logits = slim.fully_connected(
            net,
            num_classes,
            biases_initializer=tf.compat.v1.zeros_initializer(),
            weights_initializer=tf.compat.v1.truncated_normal_initializer(stddev=1 / 192.0),
            weights_regularizer=None,
            activation_fn=None,
            scope="logits",
        )
        end_points["Logits"] = logits
        end_points["Predictions"] = prediction_fn(logits, scope="Predictions")
    return logits, end_points


cifarnet.default_image_size = 32  # type: ignore[attr-defined]  # published code reads it here

register(
    Network(
        name="cifarnet",
        build=cifarnet,
        arg_scope=cifarnet_arg_scope,
        image_size=32,
        num_classes=10,
        channels=3,
        heads=("CifarNet/logits",),
        transfer_heads=("CifarNet/logits",),
        preprocessing="cifarnet",
        auxiliary=(),
        recipe="cifarnet",
    )
)
