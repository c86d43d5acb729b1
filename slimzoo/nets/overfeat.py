"""OverFeat, the fast model. Sermanet et al. 2014, arXiv:1312.6229, table 1."""

from functools import partial

import tensorflow as tf

from slimzoo import slim
from slimzoo.nets import dense_as_conv
from slimzoo.nets.common import NetworkOutput, Scope
from slimzoo.registry import Network, register

FEATURES = (  # the arg_scope pads convolutions SAME and pools VALID
    ("conv1", partial(slim.conv2d, num_outputs=64, kernel_size=[11, 11], stride=4, padding="VALID")),
    ("pool1", partial(slim.max_pool2d, kernel_size=[2, 2])),  # [N, 28, 28, 64]
    ("conv2", partial(slim.conv2d, num_outputs=256, kernel_size=[5, 5], padding="VALID")),
    ("pool2", partial(slim.max_pool2d, kernel_size=[2, 2])),  # [N, 12, 12, 256]
    ("conv3", partial(slim.conv2d, num_outputs=512, kernel_size=[3, 3])),
    ("conv4", partial(slim.conv2d, num_outputs=1024, kernel_size=[3, 3])),
    ("conv5", partial(slim.conv2d, num_outputs=1024, kernel_size=[3, 3])),
    ("pool5", partial(slim.max_pool2d, kernel_size=[2, 2])),  # [N, 6, 6, 1024]
)
FC6 = {"num_outputs": 3072, "kernel_size": [6, 6], "padding": "VALID"}
SMALLEST = 231  # pixels, of which pool5 leaves the 6 that fc6 covers


def overfeat_arg_scope(weight_decay: float = 0.0005) -> dict:
    """Returns the scope OverFeat was published with: ReLU, zero biases, L2 on the weights."""
    return dense_as_conv.dense_arg_scope(weight_decay, tf.compat.v1.zeros_initializer())


def overfeat(
    inputs: tf.Tensor,
    num_classes: int | None = 1000,
    is_training: bool = True,
    dropout_keep_prob: float = 0.5,
    spatial_squeeze: bool = True,
    scope: Scope = "overfeat",
    global_pool: bool = False,
) -> NetworkOutput:
    """Builds OverFeat with its dense layers as convolutions; classification wants 231 x 231 images.

    Args:
      inputs: float [N, H, W, 3].
      num_classes: 0 or None leaves the last layer out and returns its input.
      global_pool: averages the map to 1x1 before the last layer (not in the paper).
    Returns: logits [N, num_classes] (a map [N, h, w, num_classes] without spatial_squeeze), end_points.
    Raises: ValueError: images below 231 x 231, or well above with neither global_pool nor a map.
    """
    return dense_as_conv.column(
        inputs,
        FEATURES,
        FC6,
        smallest=SMALLEST,
        published=231,
        default_scope="overfeat",
        scope=scope,
        num_classes=num_classes,
        is_training=is_training,
        dropout_keep_prob=dropout_keep_prob,
        spatial_squeeze=spatial_squeeze,
        global_pool=global_pool,
    )


overfeat.default_image_size = 231  # type: ignore[attr-defined]  # published code reads it here

register(
    Network(
        name="overfeat",
        build=overfeat,
        arg_scope=overfeat_arg_scope,
        image_size=231,
        num_classes=1000,
        channels=3,
        heads=("overfeat/fc8",),
        transfer_heads=("overfeat/fc6", "overfeat/fc7", "overfeat/fc8"),
        preprocessing="vgg",  # the factory had none: RGB minus the mean, as in the paper
        auxiliary=(),
    )
)
