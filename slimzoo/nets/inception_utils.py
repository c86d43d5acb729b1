"""What the Inception networks share besides their table: their arg_scope and their last layers."""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from slimzoo import slim
from slimzoo.nets.common import (
    EndPoints,
    Layer,
    NetworkOutput,
    map_size,
    shrink_kernel,
    spatial_axes,
    squeeze,
)
from slimzoo.registry import Network, register

UPDATE_OPS = tf.compat.v1.GraphKeys.UPDATE_OPS


def inception_arg_scope(
    weight_decay: float = 0.00004,
    use_batch_norm: bool = True,
    batch_norm_decay: float = 0.9997,
    batch_norm_epsilon: float = 0.001,
    activation_fn: Layer | None = tf.nn.relu,
    batch_norm_updates_collections: str | None = UPDATE_OPS,
    batch_norm_scale: bool = False,
    *,
    batch_norm_var_collection: str = "moving_vars",
    updates_collections: str | None = UPDATE_OPS,
    use_fused_batchnorm: bool | None = None,
) -> dict:
    """Returns the scope of Inception v1 to v4: ReLU, batch norm without gamma, L2 on the weights.

    Args:
      batch_norm_var_collection: where the moving averages are listed too.
      updates_collections, use_fused_batchnorm: as tf.contrib.slim called the collections of the updates and
        the fused batch norm.
    """
    if batch_norm_updates_collections == UPDATE_OPS:
        batch_norm_updates_collections = updates_collections
    averages = [batch_norm_var_collection]
    batch_norm = {
        "decay": batch_norm_decay,
        "epsilon": batch_norm_epsilon,
        "updates_collections": batch_norm_updates_collections,
        "fused": use_fused_batchnorm,
        "scale": batch_norm_scale,
        "variables_collections": {"moving_mean": averages, "moving_variance": averages},
    }
    decay = slim.l2_regularizer(weight_decay)
    with (
        slim.arg_scope([slim.conv2d, slim.fully_connected], weights_regularizer=decay),
        slim.arg_scope(
            [slim.conv2d],
            weights_initializer=slim.variance_scaling_initializer(),
            activation_fn=activation_fn,
            normalizer_fn=slim.batch_norm if use_batch_norm else None,
            normalizer_params=batch_norm if use_batch_norm else {},
        ) as scope,
    ):
        return scope


def classify(
    net: tf.Tensor,
    end_points: EndPoints,
    num_classes: int | None,
    window: Sequence[int],
    dropout_keep_prob: float,
    prediction_fn: Layer,
    spatial_squeeze: bool,
    global_pool: bool,
) -> NetworkOutput:
    """Adds the last layers of v2 and v3 to `end_points`: pooling, dropout, a 1x1 convolution, predictions."""
    with tf.compat.v1.variable_scope("Logits"):
        if global_pool:
            net = tf.reduce_mean(net, spatial_axes(), keepdims=True, name="global_pool")
            end_points["global_pool"] = net
        else:
            height, width = shrink_kernel(net, window)
            scope = f"AvgPool_1a_{height}x{width}"
            net = slim.avg_pool2d(net, [height, width], padding="VALID", scope=scope)
            end_points["AvgPool_1a"] = net
        if not num_classes:
            return net, end_points
        net = slim.dropout(net, keep_prob=dropout_keep_prob, scope="Dropout_1b")
        end_points["PreLogits"] = net
        plain: dict[str, Any] = {"activation_fn": None, "normalizer_fn": None}
        logits = slim.conv2d(net, num_classes, [1, 1], scope="Conv2d_1c_1x1", **plain)
        if spatial_squeeze:
            logits = squeeze(logits, "SpatialSqueeze")
    end_points["Logits"] = logits
    end_points["Predictions"] = prediction_fn(logits, scope="Predictions")
    return logits, end_points


def average_all(net: tf.Tensor, scope: str) -> tf.Tensor:
    """Returns the mean of `net` over its whole map, [N, 1, 1, C]."""
    size = map_size(net)
    if None in size:
        return tf.reduce_mean(net, spatial_axes(), keepdims=True, name="global_pool")
    return slim.avg_pool2d(net, size, padding="VALID", scope=scope)


def auxiliary_logits(net: tf.Tensor, num_classes: int, names: Sequence[str]) -> tf.Tensor:
    """Returns the logits of the auxiliary head of v4 and Inception-ResNet, whose layers are called `names`.

    Raises: ValueError: the size of the map `net` is unknown, which its last convolution covers.
    """
    pool, one, whole, logits = names
    with tf.compat.v1.variable_scope("AuxLogits"):
        net = slim.avg_pool2d(net, [5, 5], stride=3, padding="VALID", scope=pool)
        net = slim.conv2d(net, 128, [1, 1], scope=one)
        if None in (size := map_size(net)):
            raise ValueError(
                "the auxiliary head needs images of known height and width; call set_shape on them first, or "
                "pass create_aux_logits=False"
            )
        net = slim.conv2d(net, 768, size, padding="VALID", scope=whole)
        return slim.fully_connected(slim.flatten(net), num_classes, activation_fn=None, scope=logits)


def register_inception(
    function: Any, arg_scope: Callable[..., dict], image_size: int, heads: tuple[str, ...]
) -> None:
    """Registers `function` under its own name, with the attribute that published code reads its size from."""
    function.default_image_size = image_size
    register(
        Network(
            name=function.__name__,
            build=function,
            arg_scope=arg_scope,
            image_size=image_size,
            num_classes=1001,
            channels=3,
            heads=heads,
            transfer_heads=heads,
            preprocessing="inception",
            auxiliary=(),
        )
    )
