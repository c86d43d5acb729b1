"""Inception-ResNet v2: Szegedy et al. 2016, arXiv:1602.07261, figure 15; activations after the sums."""

from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from slimzoo import slim
from slimzoo.nets.common import Depth, Layer, NetworkOutput, Reuse, Scope, channel_axis
from slimzoo.nets.inception_table import (
    ONE,
    Branches,
    Conv,
    Mixed,
    Pool,
    build_up_to,
    check_size,
    put_together,
)
from slimzoo.nets.inception_utils import UPDATE_OPS, auxiliary_logits, average_all, register_inception
from slimzoo.slim.unit import unit

BLOCK35 = (
    (Conv("Conv2d_1x1", 32),),
    (Conv(ONE, 32), Conv("Conv2d_0b_3x3", 32)),
    (Conv(ONE, 32), Conv("Conv2d_0b_3x3", 48), Conv("Conv2d_0c_3x3", 64)),
)
BLOCK17 = (
    (Conv("Conv2d_1x1", 192),),
    (Conv(ONE, 128), Conv("Conv2d_0b_1x7", 160), Conv("Conv2d_0c_7x1", 192)),
)
BLOCK8 = (
    (Conv("Conv2d_1x1", 192),),
    (Conv(ONE, 192), Conv("Conv2d_0b_1x3", 224), Conv("Conv2d_0c_3x1", 256)),
)


def inception_resnet_v2_arg_scope(
    weight_decay: float = 0.00004,
    batch_norm_decay: float = 0.9997,
    batch_norm_epsilon: float = 0.001,
    activation_fn: Layer | None = tf.nn.relu,
    batch_norm_updates_collections: str | None = UPDATE_OPS,
    batch_norm_scale: bool = False,
) -> dict:
    """Returns the scope it was published with: ReLU, batch norm without gamma, L2 on weights and biases."""
    decay = slim.l2_regularizer(weight_decay)
    batch_norm = {
        "decay": batch_norm_decay,
        "epsilon": batch_norm_epsilon,
        "updates_collections": batch_norm_updates_collections,
        "fused": None,
        "scale": batch_norm_scale,
    }
    with (
        slim.arg_scope(
            [slim.conv2d, slim.fully_connected], weights_regularizer=decay, biases_regularizer=decay
        ),
        slim.arg_scope(
            [slim.conv2d],
            activation_fn=activation_fn,
            normalizer_fn=slim.batch_norm,
            normalizer_params=batch_norm,
        ) as scope,
    ):
        return scope


def _block(name: str, default_scope: str, branches: Branches) -> Layer:
    @unit
    def block(
        net: tf.Tensor,
        scale: float = 1.0,
        activation_fn: Layer | None = tf.nn.relu,
        scope: Scope = None,
        reuse: Reuse = None,
    ) -> tf.Tensor:
        """Adds `scale` times what the branches of this block make of `net` [N, H, W, C] to it."""
        with tf.compat.v1.variable_scope(scope, default_scope, [net], reuse=reuse):
            mixed = put_together(net, branches)
            channels = net.shape[channel_axis()]
            plain: dict[str, Any] = {"activation_fn": None, "normalizer_fn": None}
            up = scale * slim.conv2d(mixed, channels, 1, scope="Conv2d_1x1", **plain)
            if activation_fn == tf.nn.relu6:  # whose range what is added keeps too, for quantization
                up = tf.clip_by_value(up, -6.0, 6.0)
            net += up
            return activation_fn(net) if activation_fn else net

    block.__name__ = block.__qualname__ = name  # slim.repeat makes the scopes from it
    return block


block35 = _block("block35", "Block35", BLOCK35)
block17 = _block("block17", "Block17", BLOCK17)
block8 = _block("block8", "Block8", BLOCK8)


@dataclass(frozen=True)
class Residual:
    """A row of `repeats` blocks, at an end point if it has a name; the map keeps its size."""

    block: Layer
    repeats: int
    scale: float
    activation_fn: Layer | None
    rate: int = 1
    name: str = ""

    def __call__(self, net: tf.Tensor, depth: Depth) -> tf.Tensor:
        del depth  # a block adds to its input, whose channels it keeps
        settings = {"scale": self.scale, "activation_fn": self.activation_fn}
        with slim.arg_scope([slim.conv2d], rate=self.rate):
            if self.repeats == 1:
                return self.block(net, **settings)
            return slim.repeat(net, self.repeats, self.block, **settings)

    def takes(self, size: int) -> int:
        """Returns the least size that this makes `size` of."""
        return size


def _stages(
    padding: str = "VALID", stride: int = 2, rate: int = 1, activation_fn: Layer | None = tf.nn.relu
) -> tuple[Any, ...]:
    """Returns the table.

    Args:
      padding: of the layers that shrink the map.
      stride: of Mixed_6a.
      rate: of the convolutions after it.
    """
    halving: dict[str, Any] = {"stride": 2, "padding": padding}
    first_halving: dict[str, Any] = {"stride": stride, "padding": padding}
    return (  # of a 299x299 image
        Conv("Conv2d_1a_3x3", 32, **halving),  # [N, 149, 149, 32]
        Conv("Conv2d_2a_3x3", 32, padding=padding),  # [N, 147, 147, 32]
        Conv("Conv2d_2b_3x3", 64),
        Pool("MaxPool_3a_3x3", **halving),  # [N, 73, 73, 64]
        Conv("Conv2d_3b_1x1", 80, padding=padding),
        Conv("Conv2d_4a_3x3", 192, padding=padding),  # [N, 71, 71, 192]
        Pool("MaxPool_5a_3x3", **halving),  # [N, 35, 35, 192]
        Mixed(
            "Mixed_5b",  # [N, 35, 35, 320]
            (
                (Conv("Conv2d_1x1", 96),),
                (Conv(ONE, 48), Conv("Conv2d_0b_5x5", 64)),
                (Conv(ONE, 64), Conv("Conv2d_0b_3x3", 96), Conv("Conv2d_0c_3x3", 96)),
                (Pool("AvgPool_0a_3x3"), Conv("Conv2d_0b_1x1", 64)),
            ),
        ),
        Residual(block35, 10, 0.17, activation_fn),
        Mixed(
            "Mixed_6a",  # [N, 17, 17, 1088]
            (
                (Conv("Conv2d_1a_3x3", 384, **first_halving),),
                (Conv(ONE, 256), Conv("Conv2d_0b_3x3", 256), Conv("Conv2d_1a_3x3", 384, **first_halving)),
                (Pool("MaxPool_1a_3x3", **first_halving),),
            ),
        ),
        Residual(block17, 20, 0.10, activation_fn, rate, "PreAuxLogits"),
        Mixed(
            "Mixed_7a",  # [N, 8, 8, 2080]
            (
                (Conv(ONE, 256), Conv("Conv2d_1a_3x3", 384, **halving)),
                (Conv(ONE, 256), Conv("Conv2d_1a_3x3", 288, **halving)),
                (Conv(ONE, 256), Conv("Conv2d_0b_3x3", 288), Conv("Conv2d_1a_3x3", 320, **halving)),
                (Pool("MaxPool_1a_3x3", **halving),),
            ),
        ),
        Residual(block8, 9, 0.20, activation_fn),
        Residual(block8, 1, 1.0, None),
        Conv("Conv2d_7b_1x1", 1536),  # [N, 8, 8, 1536]
    )


def inception_resnet_v2_base(
    inputs: tf.Tensor,
    final_endpoint: str = "Conv2d_7b_1x1",
    output_stride: int = 16,
    align_feature_maps: bool = False,
    scope: Scope = None,
    activation_fn: Layer | None = tf.nn.relu,
) -> NetworkOutput:
    """Builds Inception-ResNet v2 up to `final_endpoint`.

    Args:
      inputs: float [N, H, W, C].
      output_stride: 8 or 16, of PreAuxLogits; 8 dilates what follows Mixed_6a and ends with PreAuxLogits.
      align_feature_maps: pads where the network as published does not, so that all maps cover the image.
      activation_fn: of the residual blocks.
    Returns: the activation of `final_endpoint`, end_points.
    Raises: ValueError: an argument outside of what is said above, no such end point, or images too small.
    """
    if output_stride not in (8, 16):
        raise ValueError(f"output_stride must be 8 or 16, not {output_stride!r}")
    stride, rate = (1, 2) if output_stride == 8 else (2, 1)
    stages = _stages("SAME" if align_feature_maps else "VALID", stride, rate, activation_fn)
    if output_stride == 8 and final_endpoint in [stage.name for stage in stages[-4:]]:
        raise ValueError(
            "output_stride==8 is only supported up to the PreAuxLogits end_point for now, not "
            f"{final_endpoint}"
        )
    with tf.compat.v1.variable_scope(scope, "InceptionResnetV2", [inputs]):
        return build_up_to("inception_resnet_v2", inputs, stages, final_endpoint)


def inception_resnet_v2(
    inputs: tf.Tensor,
    num_classes: int | None = 1001,
    is_training: bool = True,
    dropout_keep_prob: float = 0.8,
    reuse: Reuse = None,
    scope: Scope = "InceptionResnetV2",
    create_aux_logits: bool = True,
    activation_fn: Layer | None = tf.nn.relu,
) -> NetworkOutput:
    """Builds Inception-ResNet v2 for classification.

    Args:
      inputs: float [N, H, W, 3] in [-1, 1]; 107 pixels a side at least, 75 without the auxiliary head.
      num_classes: 0 or None leaves the last layers out and returns the input of the main one.
      create_aux_logits: makes the end point AuxLogits, in inference too; the image size must be known.
      activation_fn: of the residual blocks.
    Returns: logits [N, num_classes], end_points.
    Raises: ValueError: the images are too small, or of unknown size for the auxiliary head.
    """
    aux_classes = num_classes if create_aux_logits else 0
    least = {"PreAuxLogits": 5} if aux_classes else {}
    hint = ", 75x75 with create_aux_logits=False" if least else ""
    check_size("inception_resnet_v2", inputs, _stages(), least, hint)
    with (
        tf.compat.v1.variable_scope(scope, "InceptionResnetV2", [inputs], reuse=reuse) as sc,
        slim.arg_scope([slim.batch_norm, slim.dropout], is_training=is_training),
    ):
        net, end_points = inception_resnet_v2_base(inputs, scope=sc, activation_fn=activation_fn)
        if aux_classes:
            names = ("Conv2d_1a_3x3", "Conv2d_1b_1x1", "Conv2d_2a_5x5", "Logits")
            end_points["AuxLogits"] = auxiliary_logits(end_points["PreAuxLogits"], aux_classes, names)
        with tf.compat.v1.variable_scope("Logits"):
            net = end_points["global_pool"] = average_all(net, scope="AvgPool_1a_8x8")
            if not num_classes:
                return net, end_points
            net = slim.dropout(slim.flatten(net), dropout_keep_prob, is_training=is_training, scope="Dropout")
            end_points["PreLogitsFlatten"] = net
            logits = slim.fully_connected(net, num_classes, activation_fn=None, scope="Logits")
            end_points["Logits"] = logits
            end_points["Predictions"] = tf.nn.softmax(logits, name="Predictions")
    return logits, end_points


register_inception(
    inception_resnet_v2,
    inception_resnet_v2_arg_scope,
    299,
    heads=("InceptionResnetV2/Logits", "InceptionResnetV2/AuxLogits"),
)
