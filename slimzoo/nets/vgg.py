"""VGG: stacks of 3x3 convolutions. Simonyan & Zisserman 2014, arXiv:1409.1556, table 1 (A, D, E)."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from slimzoo import slim
from slimzoo.nets import common, dense_as_conv
from slimzoo.nets.common import NetworkFn, NetworkOutput, Reuse, Scope
from slimzoo.registry import Network, register

Stages = Sequence[tuple[int, int]]
VARIANTS: dict[str, Stages] = {  # (convolutions, channels) per stage; a 2x2 max pool ends each
    "vgg_a": ((1, 64), (1, 128), (2, 256), (2, 512), (2, 512)),
    "vgg_16": ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)),
    "vgg_19": ((2, 64), (2, 128), (4, 256), (4, 512), (4, 512)),
}


def vgg_arg_scope(weight_decay: float = 0.0005) -> dict:
    """Returns the scope VGG was published with: ReLU, zero biases, L2 on the weights, SAME convolutions."""
    with (
        slim.arg_scope(
            [slim.conv2d, slim.fully_connected],
            activation_fn=tf.nn.relu,
            weights_regularizer=slim.l2_regularizer(weight_decay),
            biases_initializer=tf.compat.v1.zeros_initializer(),
        ),
        slim.arg_scope([slim.conv2d], padding="SAME") as scope,
    ):
        return scope


def _features(net: tf.Tensor, stages: Stages) -> tf.Tensor:  # [N, H, W, 3]
    for i, (repeats, channels) in enumerate(stages, start=1):
        net = slim.repeat(net, repeats, slim.conv2d, channels, [3, 3], scope=f"conv{i}")
        net = slim.max_pool2d(net, [2, 2], scope=f"pool{i}")
    return net  # [N, H/32, W/32, 512]


def _variant(name: str, stages: Stages) -> NetworkFn:
    def network(
        inputs: tf.Tensor,
        num_classes: int | None = 1000,
        is_training: bool = True,
        dropout_keep_prob: float = 0.5,
        spatial_squeeze: bool = True,
        scope: Scope = name,
        fc_conv_padding: str = "VALID",
        global_pool: bool = False,
        reuse: Reuse = None,
    ) -> NetworkOutput:
        """Builds this VGG with its dense layers as convolutions; classification wants 224 x 224 images.

        Args:
          inputs: float [N, H, W, 3]; RGB minus the channel means.
          num_classes: 0 or None leaves the last layer out and returns its input.
          fc_conv_padding: "SAME" keeps a prediction map of H/32 x W/32, "VALID" one of H/32 - 6 x W/32 - 6.
          global_pool: averages the map to 1x1 before the last layer (not in the paper).
        Returns: logits [N, num_classes] (a map [N, h, w, num_classes] without spatial_squeeze), end_points.
        Raises: ValueError: images too small for fc6, or a map larger than 1x1 with spatial_squeeze.
        """
        smallest = 224 if fc_conv_padding == "VALID" else 32
        advice = "Resize them" if smallest == 32 else 'Resize them, or pass fc_conv_padding="SAME"'
        with (
            tf.compat.v1.variable_scope(scope, name, [inputs], reuse=reuse) as sc,
            common.smallest_images(inputs, smallest, advice),
        ):
            collection = sc.original_name_scope + "_end_points"
            with slim.arg_scope(
                [slim.conv2d, slim.fully_connected, slim.max_pool2d], outputs_collections=collection
            ):
                return dense_as_conv.classify(
                    _features(inputs, stages),
                    collection,
                    sc.name,
                    {"num_outputs": 4096, "kernel_size": [7, 7], "padding": fc_conv_padding},
                    num_classes,
                    is_training=is_training,
                    dropout_keep_prob=dropout_keep_prob,
                    spatial_squeeze=spatial_squeeze,
                    global_pool=global_pool,
                )

    return _registered(name, network)


def _registered(name: str, network: Any) -> NetworkFn:
    """Registers `network` as published: for ImageNet, in images of 224 x 224 pixels."""
    network.__name__ = network.__qualname__ = name
    network.default_image_size = 224  # published code reads it here
    register(
        Network(
            name=name,
            build=network,
            arg_scope=vgg_arg_scope,
            image_size=224,
            num_classes=1000,
            channels=3,
            heads=(f"{name}/fc8",),
            transfer_heads=(f"{name}/fc6", f"{name}/fc7", f"{name}/fc8"),
            preprocessing="vgg",
            auxiliary=(),
            recipe="vgg",
        )
    )
    return network


vgg_a, vgg_16, vgg_19 = (_variant(name, stages) for name, stages in VARIANTS.items())
vgg_d, vgg_e = vgg_16, vgg_19
