"""Inception v4: Szegedy et al. 2016, arXiv:1602.07261, figures 3 to 9, with an auxiliary head."""

import tensorflow as tf

from slimzoo import slim
from slimzoo.nets.common import Layer, NetworkOutput, Reuse, Scope
from slimzoo.nets.inception_table import (
    HALVING,
    ONE,
    Branches,
    Conv,
    Fork,
    Mixed,
    Pool,
    build_up_to,
    check_size,
    put_together,
)
from slimzoo.nets.inception_utils import (
    auxiliary_logits,
    average_all,
    inception_arg_scope,
    register_inception,
)

inception_v4_arg_scope = inception_arg_scope
AVERAGE = Pool("AvgPool_0a_3x3")
SEVEN = (Conv("Conv2d_0b_1x7", 64), Conv("Conv2d_0c_7x1", 64))

STEM = (  # of a 299x299 image
    Conv("Conv2d_1a_3x3", 32, **HALVING),  # [N, 149, 149, 32]
    Conv("Conv2d_2a_3x3", 32, padding="VALID"),  # [N, 147, 147, 32]
    Conv("Conv2d_2b_3x3", 64),
    Mixed(
        "Mixed_3a",  # [N, 73, 73, 160]
        ((Pool("MaxPool_0a_3x3", **HALVING),), (Conv("Conv2d_0a_3x3", 96, **HALVING),)),
    ),
    Mixed(
        "Mixed_4a",  # [N, 71, 71, 192]
        (
            (Conv(ONE, 64), Conv("Conv2d_1a_3x3", 96, padding="VALID")),
            (Conv(ONE, 64), *SEVEN, Conv("Conv2d_1a_3x3", 96, padding="VALID")),
        ),
    ),
    Mixed(
        "Mixed_5a",  # [N, 35, 35, 384]
        ((Conv("Conv2d_1a_3x3", 192, **HALVING),), (Pool("MaxPool_1a_3x3", **HALVING),)),
    ),
)
INCEPTION_A = (
    (Conv(ONE, 96),),
    (Conv(ONE, 64), Conv("Conv2d_0b_3x3", 96)),
    (Conv(ONE, 64), Conv("Conv2d_0b_3x3", 96), Conv("Conv2d_0c_3x3", 96)),
    (AVERAGE, Conv("Conv2d_0b_1x1", 96)),
)
REDUCTION_A = (
    (Conv("Conv2d_1a_3x3", 384, **HALVING),),
    (Conv(ONE, 192), Conv("Conv2d_0b_3x3", 224), Conv("Conv2d_1a_3x3", 256, **HALVING)),
    (Pool("MaxPool_1a_3x3", **HALVING),),
)
INCEPTION_B = (
    (Conv(ONE, 384),),
    (Conv(ONE, 192), Conv("Conv2d_0b_1x7", 224), Conv("Conv2d_0c_7x1", 256)),
    (
        *(Conv(ONE, 192), Conv("Conv2d_0b_7x1", 192), Conv("Conv2d_0c_1x7", 224)),
        *(Conv("Conv2d_0d_7x1", 224), Conv("Conv2d_0e_1x7", 256)),
    ),
    (AVERAGE, Conv("Conv2d_0b_1x1", 128)),
)
REDUCTION_B = (
    (Conv(ONE, 192), Conv("Conv2d_1a_3x3", 192, **HALVING)),
    (
        *(Conv(ONE, 256), Conv("Conv2d_0b_1x7", 256), Conv("Conv2d_0c_7x1", 320)),
        Conv("Conv2d_1a_3x3", 320, **HALVING),
    ),
    (Pool("MaxPool_1a_3x3", **HALVING),),
)
INCEPTION_C = (
    (Conv(ONE, 256),),
    (Conv(ONE, 384), Fork((Conv("Conv2d_0b_1x3", 256), Conv("Conv2d_0c_3x1", 256)))),
    (
        *(Conv(ONE, 384), Conv("Conv2d_0b_3x1", 448), Conv("Conv2d_0c_1x3", 512)),
        Fork((Conv("Conv2d_0d_1x3", 256), Conv("Conv2d_0e_3x1", 256))),
    ),
    (AVERAGE, Conv("Conv2d_0b_1x1", 256)),
)
STAGES = (
    *STEM,
    *(Mixed(f"Mixed_5{letter}", INCEPTION_A) for letter in "bcde"),
    Mixed("Mixed_6a", REDUCTION_A),  # [N, 17, 17, 1024]
    *(Mixed(f"Mixed_6{letter}", INCEPTION_B) for letter in "bcdefgh"),
    Mixed("Mixed_7a", REDUCTION_B),  # [N, 8, 8, 1536]
    *(Mixed(f"Mixed_7{letter}", INCEPTION_C) for letter in "bcd"),
)


def _block(name: str, default_scope: str, branches: Branches) -> Layer:
    def block(inputs: tf.Tensor, scope: Scope = None, reuse: Reuse = None) -> tf.Tensor:
        """Builds this block of Inception v4 on `inputs` [N, H, W, C]."""
        with tf.compat.v1.variable_scope(scope, default_scope, [inputs], reuse=reuse):
            return put_together(inputs, branches)

    block.__name__ = block.__qualname__ = name
    return block


block_inception_a = _block("block_inception_a", "BlockInceptionA", INCEPTION_A)
block_reduction_a = _block("block_reduction_a", "BlockReductionA", REDUCTION_A)
block_inception_b = _block("block_inception_b", "BlockInceptionB", INCEPTION_B)
block_reduction_b = _block("block_reduction_b", "BlockReductionB", REDUCTION_B)
block_inception_c = _block("block_inception_c", "BlockInceptionC", INCEPTION_C)


def inception_v4_base(
    inputs: tf.Tensor, final_endpoint: str = "Mixed_7d", scope: Scope = None
) -> NetworkOutput:
    """Builds Inception v4 up to `final_endpoint` on `inputs` [N, H, W, C].

    Returns: the activation of `final_endpoint`, end_points.
    Raises: ValueError: no such end point, or images too small for it.
    """
    with tf.compat.v1.variable_scope(scope, "InceptionV4", [inputs]):
        return build_up_to("inception_v4", inputs, STAGES, final_endpoint)


def inception_v4(
    inputs: tf.Tensor,
    num_classes: int | None = 1001,
    is_training: bool = True,
    dropout_keep_prob: float = 0.8,
    reuse: Reuse = None,
    scope: Scope = "InceptionV4",
    create_aux_logits: bool = True,
) -> NetworkOutput:
    """Builds Inception v4 for classification.

    Args:
      inputs: float [N, H, W, 3] in [-1, 1]; 107 pixels a side at least, 75 without the auxiliary head.
      num_classes: 0 or None leaves the last layers out and returns the input of the main one.
      create_aux_logits: makes the end point AuxLogits, in inference too; the image size must be known.
    Returns: logits [N, num_classes], end_points.
    Raises: ValueError: the images are too small, or of unknown size for the auxiliary head.
    """
    aux_classes = num_classes if create_aux_logits else 0
    least = {"Mixed_6h": 5} if aux_classes else {}
    check_size("inception_v4", inputs, STAGES, least, ", 75x75 with create_aux_logits=False" if least else "")
    with (
        tf.compat.v1.variable_scope(scope, "InceptionV4", [inputs], reuse=reuse) as sc,
        slim.arg_scope([slim.batch_norm, slim.dropout], is_training=is_training),
    ):
        net, end_points = inception_v4_base(inputs, scope=sc)
        if aux_classes:
            names = ("AvgPool_1a_5x5", "Conv2d_1b_1x1", "Conv2d_2a", "Aux_logits")
            end_points["AuxLogits"] = auxiliary_logits(end_points["Mixed_6h"], aux_classes, names)
        with tf.compat.v1.variable_scope("Logits"):
            net = end_points["global_pool"] = average_all(net, scope="AvgPool_1a")
            if not num_classes:
                return net, end_points
            net = slim.dropout(net, dropout_keep_prob, scope="Dropout_1b")
            net = end_points["PreLogitsFlatten"] = slim.flatten(net, scope="PreLogitsFlatten")
            logits = slim.fully_connected(net, num_classes, activation_fn=None, scope="Logits")
            end_points["Logits"] = logits
            end_points["Predictions"] = tf.nn.softmax(logits, name="Predictions")
    return logits, end_points


register_inception(
    inception_v4, inception_v4_arg_scope, 299, heads=("InceptionV4/Logits", "InceptionV4/AuxLogits")
)
