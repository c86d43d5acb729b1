"""AlexNet as one column, without local response normalisation. Krizhevsky 2014, arXiv:1404.5997."""

from functools import partial

import tensorflow as tf

from slimzoo import slim
from slimzoo.nets import dense_as_conv
from slimzoo.nets.common import NetworkOutput, Scope
from slimzoo.registry import Network, register

FEATURES = (  # the arg_scope pads convolutions SAME and pools VALID
    ("conv1", partial(slim.conv2d, num_outputs=64, kernel_size=[11, 11], stride=4, padding="VALID")),
    ("pool1", partial(slim.max_pool2d, kernel_size=[3, 3], stride=2)),  # [N, 26, 26, 64]
    ("conv2", partial(slim.conv2d, num_outputs=192, kernel_size=[5, 5])),
    ("pool2", partial(slim.max_pool2d, kernel_size=[3, 3], stride=2)),  # [N, 12, 12, 192]
    ("conv3", partial(slim.conv2d, num_outputs=384, kernel_size=[3, 3])),
    ("conv4", partial(slim.conv2d, num_outputs=384, kernel_size=[3, 3])),
    ("conv5", partial(slim.conv2d, num_outputs=256, kernel_size=[3, 3])),
    ("pool5", partial(slim.max_pool2d, kernel_size=[3, 3], stride=2)),  # [N, 5, 5, 256]
)
FC6 = {"num_outputs": 4096, "kernel_size": [5, 5], "padding": "VALID"}
SMALLEST = 195  # pixels, of which pool5 leaves the 5 that fc6 covers


def alexnet_v2_arg_scope(weight_decay: float = 0.0005) -> dict:
    """Returns the scope AlexNet was published with: ReLU, biases of 0.1, L2 on the weights."""
    return dense_as_conv.dense_arg_scope(weight_decay, tf.compat.v1.constant_initializer(0.1))


def alexnet_v2(
    inputs: tf.Tensor,
    num_classes: int | None = 1000,
    is_training: bool = True,
    dropout_keep_prob: float = 0.5,
    spatial_squeeze: bool = True,
    scope: Scope = "alexnet_v2",
    global_pool: bool = False,
) -> NetworkOutput:
    """Builds AlexNet with its dense layers as convolutions; classification wants 224 x 224 images.

    Args:
      inputs: float [N, H, W, 3].
      num_classes: 0 or None leaves the last layer out and returns its input.
      global_pool: averages the map to 1x1 before the last layer (not in the paper).
    Returns: logits [N, num_classes] (a map [N, h, w, num_classes] without spatial_squeeze), end_points.
    Raises: ValueError: images below 195 x 195, or above 224 x 224 with neither global_pool nor a map.
    """
    return dense_as_conv.column(
        inputs,
        FEATURES,
        FC6,
        smallest=SMALLEST,
        published=224,
        default_scope="alexnet_v2",
        scope=scope,
        num_classes=num_classes,
        is_training=is_training,
        dropout_keep_prob=dropout_keep_prob,
        spatial_squeeze=spatial_squeeze,
        global_pool=global_pool,
    )


alexnet_v2.default_image_size = 224  # type: ignore[attr-defined]  # published code reads it here

register(
    Network(
        name="alexnet_v2",
        build=alexnet_v2,
        arg_scope=alexnet_v2_arg_scope,
        image_size=224,
        num_classes=1000,
        channels=3,
        heads=("alexnet_v2/fc8",),
        transfer_heads=("alexnet_v2/fc6", "alexnet_v2/fc7", "alexnet_v2/fc8"),
        preprocessing="vgg",  # the factory had none: RGB minus the mean, as in the paper
        auxiliary=(),
    )
)
