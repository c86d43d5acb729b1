"""ResNet v2, batch norm and activation before each convolution. He et al. 2016, arXiv:1603.05027."""

import functools
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from slimzoo import slim
from slimzoo.nets import common, resnet_utils
from slimzoo.nets.common import NetworkFn, NetworkOutput, Reuse, Scope
from slimzoo.nets.resnet_utils import Block
from slimzoo.slim.unit import unit

resnet_arg_scope = resnet_utils.resnet_arg_scope


@slim.add_arg_scope
@unit
def bottleneck(
    inputs: tf.Tensor,
    depth: int,
    depth_bottleneck: int,
    stride: int,
    rate: int = 1,
    outputs_collections: str | None = None,
    scope: Scope = None,
) -> tf.Tensor:
    """Returns a unit of batch norm, then 1x1, 3x3 and 1x1 convolutions, added to `inputs`.

    Args:
      inputs: [N, H, W, C].
      depth: channels of the outputs; where C is another number, a 1x1 convolution makes the shortcut.
      rate: dilation of the 3x3 convolution.
    """
    bare: dict[str, Any] = {"normalizer_fn": None, "activation_fn": None}
    with tf.compat.v1.variable_scope(scope, "bottleneck_v2", [inputs]) as sc:
        net = slim.batch_norm(inputs, activation_fn=tf.nn.relu, scope="preact")
        if depth == common.channels(inputs):
            shortcut = resnet_utils.subsample(inputs, stride, "shortcut")
        else:
            shortcut = slim.conv2d(net, depth, [1, 1], stride=stride, **bare, scope="shortcut")
        net = slim.conv2d(net, depth_bottleneck, [1, 1], stride=1, scope="conv1")
        net = resnet_utils.conv2d_same(net, depth_bottleneck, 3, stride, rate=rate, scope="conv2")
        net = slim.conv2d(net, depth, [1, 1], stride=1, **bare, scope="conv3")
        return slim.utils.collect_named_outputs(outputs_collections, sc.name, shortcut + net)


def _root(net: tf.Tensor) -> tf.Tensor:
    with slim.arg_scope([slim.conv2d], activation_fn=None, normalizer_fn=None):  # the first unit has both
        return resnet_utils.conv2d_same(net, 64, 7, stride=2, scope="conv1")


def resnet_v2(
    inputs: tf.Tensor,
    blocks: Sequence[Block],
    num_classes: int | None = None,
    is_training: bool | None = True,
    global_pool: bool = True,
    output_stride: int | None = None,
    include_root_block: bool = True,
    spatial_squeeze: bool = True,
    reuse: Reuse = None,
    scope: Scope = None,
    *,
    symmetric_pooling: bool = False,
    batch_norm_epsilon: float | None = None,
) -> NetworkOutput:
    """Builds a ResNet v2 of `blocks`.

    Args:
      inputs: float [N, H, W, C], any size; without the root block the output of a convolution.
      blocks: rows of resnet_utils.Block; resnet_v2_block makes one.
      num_classes: 0 or None leaves the last layer out and returns its input.
      is_training: None leaves the mode of batch norm to the arg_scope around this.
      global_pool: False keeps the map, for dense prediction.
      output_stride: 4, 8, 16, 32 or None; dilated convolutions keep the map at 1/output_stride of the image.
      include_root_block: begins with a 7x7 convolution and a max pooling, each of stride 2.
      symmetric_pooling: pads the first pooling by a zero on every side, as Keras does; SAME pads maps of even
        size on the right and below alone, by what never is the maximum.
      batch_norm_epsilon: in place of the arg_scope's; Keras has 1.001e-5.
    Returns: logits [N, num_classes] (a map [N, h, w, num_classes] without spatial_squeeze), end_points.
    Raises: ValueError: the blocks do not reach output_stride.
    """
    entered = resnet_utils.network_scope(
        scope, "resnet_v2", inputs, reuse, bottleneck, is_training, batch_norm_epsilon
    )
    with entered as (sc, collection):
        root = _root if include_root_block else None
        net = resnet_utils.features(inputs, root, blocks, output_stride, symmetric_pooling=symmetric_pooling)
        net = slim.batch_norm(net, activation_fn=tf.nn.relu, scope="postnorm")
        end_points = slim.utils.convert_collection_to_dict(collection)
        return resnet_utils.classify(net, end_points, sc.name, num_classes, global_pool, spatial_squeeze)


resnet_v2_block = functools.partial(resnet_utils.bottleneck_block, bottleneck)


def _variant(name: str, depth: int) -> NetworkFn:
    def network(
        inputs: tf.Tensor,
        num_classes: int | None = None,
        is_training: bool | None = True,
        global_pool: bool = True,
        output_stride: int | None = None,
        spatial_squeeze: bool = True,
        reuse: Reuse = None,
        scope: Scope = name,
        *,
        symmetric_pooling: bool = False,
        batch_norm_epsilon: float | None = None,
    ) -> NetworkOutput:
        """Builds this ResNet v2; takes what resnet_v2 takes."""
        return resnet_v2(
            inputs,
            resnet_utils.blocks_of(depth, resnet_v2_block),
            num_classes,
            is_training,
            global_pool,
            output_stride,
            spatial_squeeze=spatial_squeeze,
            reuse=reuse,
            scope=scope,
            symmetric_pooling=symmetric_pooling,
            batch_norm_epsilon=batch_norm_epsilon,
        )

    return resnet_utils.register_variant(name, network, num_classes=1001)


resnet_v2.default_image_size = 224  # type: ignore[attr-defined]  # published code reads it here
resnet_v2_50, resnet_v2_101, resnet_v2_152, resnet_v2_200 = (
    _variant(f"resnet_v2_{depth}", depth) for depth in resnet_utils.UNITS
)
