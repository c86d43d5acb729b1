"""Dense layers as convolutions, the end of AlexNet, OverFeat and VGG: larger images give a map of logits."""

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from slimzoo import slim
from slimzoo.nets import common
from slimzoo.nets.common import Layer, NetworkOutput, Scope


def dense_arg_scope(weight_decay: float, biases_initializer: Layer) -> dict:
    """Returns the scope of these networks: ReLU, L2 on the weights, SAME convolutions and VALID pools."""
    with (
        slim.arg_scope(
            [slim.conv2d, slim.fully_connected],
            activation_fn=tf.nn.relu,
            weights_regularizer=slim.l2_regularizer(weight_decay),
            biases_initializer=biases_initializer,
        ),
        slim.arg_scope([slim.conv2d], padding="SAME"),
        slim.arg_scope([slim.max_pool2d], padding="VALID") as scope,
    ):
        return scope


def column(
    inputs: tf.Tensor,
    rows: Sequence[tuple[str, Layer]],
    fc6: Mapping[str, Any],
    *,
    smallest: int,
    published: int,
    default_scope: str,
    scope: Scope,
    num_classes: int | None,
    **classified: Any,
) -> NetworkOutput:
    """Builds one column of `rows`, (scope, layer), with its dense layers on top; returns what classify does.

    Args:
      fc6: what slim.conv2d takes.
      smallest, published: height and width that images need, and that they had.
    """
    advice = f"Resize them; {published}x{published} is what it was published for"
    with (
        tf.compat.v1.variable_scope(scope, default_scope, [inputs]) as sc,
        common.smallest_images(inputs, smallest, advice),
    ):
        collection = sc.original_name_scope + "_end_points"
        ops = [slim.conv2d, slim.fully_connected, slim.max_pool2d]
        with slim.arg_scope(ops, outputs_collections=collection):
            net = inputs
            for name, layer in rows:
                net = layer(net, scope=name)
            with slim.arg_scope(
                [slim.conv2d],
                weights_initializer=tf.compat.v1.truncated_normal_initializer(stddev=0.005),
                biases_initializer=tf.compat.v1.constant_initializer(0.1),
            ):
                zeros = tf.compat.v1.zeros_initializer()
                return classify(
                    net, collection, sc.name, fc6, num_classes, biases_initializer=zeros, **classified
                )


def classify(
    net: tf.Tensor,
    collection: str,
    scope_name: str,
    fc6: Mapping[str, Any],
    num_classes: int | None,
    *,
    is_training: bool,
    dropout_keep_prob: float,
    spatial_squeeze: bool,
    global_pool: bool,
    **fc8: Any,
) -> NetworkOutput:
    """Builds fc6, fc7 and, where there are classes, fc8 on `net`; returns its last output and the end points.

    Args:
      collection: where the outputs of the layers are.
      fc6, fc8: what slim.conv2d takes.
    """
    net = slim.conv2d(net, **fc6, scope="fc6")
    net = slim.dropout(net, dropout_keep_prob, is_training=is_training, scope="dropout6")
    net = slim.conv2d(net, 4096, [1, 1], scope="fc7")
    end_points = slim.utils.convert_collection_to_dict(collection)
    if global_pool:
        net = tf.reduce_mean(net, common.spatial_axes(), keepdims=True, name="global_pool")
        end_points["global_pool"] = net
    if num_classes:
        net = slim.dropout(net, dropout_keep_prob, is_training=is_training, scope="dropout7")
        net = slim.conv2d(
            net, num_classes, [1, 1], activation_fn=None, normalizer_fn=None, scope="fc8", **fc8
        )
        if spatial_squeeze:
            net = common.squeeze(net, "fc8/squeezed")
        end_points[scope_name + "/fc8"] = net
    return net, end_points
