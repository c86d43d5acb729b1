"""Networks that train in a second, for tests; those of whole images with CifarNet's row of everything."""

from functools import partial

import tensorflow as tf

from slimzoo import registry, slim
from slimzoo.nets import common
from slimzoo.registry import SEGMENTATION, Network

PIXELS = 16


def tiny_arg_scope(weight_decay=0.01):
    """L2 on every layer."""
    with slim.arg_scope(
        [slim.conv2d, slim.fully_connected], weights_regularizer=slim.l2_regularizer(weight_decay)
    ) as scope:
        return scope


def tiny(images, num_classes=10, is_training=False, dropout_keep_prob=0.5, batch_norm=False, any_size=False):
    """Two convolutions, a dropout, a dense layer; `any_size` averages over the image before it."""
    end_points = {}
    norm = partial(slim.batch_norm, decay=0.9, is_training=is_training) if batch_norm else None
    with (
        tf.compat.v1.variable_scope("Tiny"),
        slim.arg_scope([slim.conv2d], normalizer_fn=norm, stride=2),
    ):
        net = end_points["conv1"] = slim.conv2d(images, 8, 3, scope="conv1")  # [N, 8, 8, 8]
        net = end_points["conv2"] = slim.conv2d(net, 16, 3, scope="conv2")  # [N, 4, 4, 16]
        net = tf.reduce_mean(net, [1, 2]) if any_size else common.flatten(net)
        net = slim.dropout(net, dropout_keep_prob, is_training=is_training, scope="dropout")
        if num_classes is None:
            return net, end_points
        logits = slim.fully_connected(net, num_classes, activation_fn=None, scope="logits")
        end_points["Logits"] = logits
    return logits, end_points


def tiny_masks(images, num_classes=3, is_training=False, dropout_keep_prob=0.8):
    """Two convolutions, of stride 2 the first, and a last layer, of pixels of images of any size."""
    end_points = {}
    norm = partial(slim.batch_norm, decay=0.9, is_training=is_training)
    with tf.compat.v1.variable_scope("Tiny"), slim.arg_scope([slim.conv2d], normalizer_fn=norm):
        net = end_points["conv1"] = slim.conv2d(images, 8, 3, stride=2, scope="conv1")  # [N, 9, 9, 8]
        net = end_points["conv2"] = slim.conv2d(net, 16, 3, scope="conv2")
        net = slim.dropout(net, dropout_keep_prob, is_training=is_training, scope="dropout")
        if num_classes is None:
            return net, end_points
        logits = slim.conv2d(net, num_classes, 1, activation_fn=None, normalizer_fn=None, scope="logits")
    end_points["logits"] = logits
    return common.resize(logits, common.size_of(images)), end_points


NETWORKS = {
    name: Network(
        name=name,
        build=partial(tiny, **given),
        arg_scope=tiny_arg_scope,
        image_size=PIXELS,
        num_classes=10,
        channels=3,
        heads=("Tiny/logits",),
        transfer_heads=("Tiny/logits",),
        preprocessing="cifarnet",
        recipe="cifarnet",
    )
    for name, given in (
        ("tiny", {}),
        ("tiny_bn", {"batch_norm": True}),
        ("tiny_any_size", {"batch_norm": True, "any_size": True}),
    )
}


NETWORKS["tiny_masks"] = Network(
    name="tiny_masks",
    build=tiny_masks,
    arg_scope=tiny_arg_scope,
    image_size=PIXELS + 1,
    num_classes=3,
    channels=3,
    heads=("Tiny/logits",),
    transfer_heads=("Tiny/logits",),
    preprocessing="deeplab",
    auxiliary=(),
    task=SEGMENTATION,
    grid=(2, 1),
)


def register() -> None:
    """Makes them known to this process."""
    for network in NETWORKS.values():
        registry.register(network)


def unregister() -> None:
    """Takes register() back."""
    for name in NETWORKS:
        registry.networks().pop(name, None)
