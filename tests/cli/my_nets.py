"""A network of one's own, as --import takes it: tests copy this file and change it."""

import tensorflow as tf

import slimzoo
from slimzoo import slim


def my_arg_scope(weight_decay=0.0005):
    """L2 on every layer."""
    regularizer = slim.l2_regularizer(weight_decay)
    with slim.arg_scope([slim.conv2d, slim.fully_connected], weights_regularizer=regularizer) as scope:
        return scope


def my_net(images, num_classes=10, is_training=False):
    """A convolution, a mean, a dense layer."""
    del is_training
    end_points = {}
    with tf.compat.v1.variable_scope("MyNet"):
        net = end_points["conv"] = slim.conv2d(images, 8, 3, stride=2, scope="conv")  # [N, 8, 8, 8]
        net = tf.reduce_mean(net, [1, 2])
        net = slim.fully_connected(net, num_classes, activation_fn=None, scope="logits")
        end_points["Logits"] = net
    return net, end_points


slimzoo.register(
    slimzoo.Network(
        name="my_net",
        build=my_net,
        arg_scope=my_arg_scope,
        image_size=16,
        num_classes=10,
        channels=3,
        heads=("MyNet/logits",),
        transfer_heads=("MyNet/logits",),
        preprocessing="inception",
        recipe="",
    )
)
