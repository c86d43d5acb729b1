"""ResNet v1, activations after batch norm. He et al. 2015, arXiv:1512.03385, table 1.

A block strides in its last unit, whose numbers are those of a stride in the next one's first 1x1 convolution,
as Caffe and Keras have it. torchvision strides in the 3x3 after these: stride_in_first_unit.
"""

import functools
from collections.abc import Sequence

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
    use_bounded_activations: bool = False,
) -> tf.Tensor:
    """Returns a unit of 1x1, 3x3 and 1x1 convolutions, added to `inputs` and activated.

    Args:
      inputs: [N, H, W, C].
      depth: channels of the outputs; where C is another number, a 1x1 convolution makes the shortcut.
      rate: dilation of the 3x3 convolution.
      use_bounded_activations: keeps the outputs in [0, 6], for quantized inference.
    """
    with tf.compat.v1.variable_scope(scope, "bottleneck_v1", [inputs]) as sc:
        if depth == common.channels(inputs):
            shortcut = resnet_utils.subsample(inputs, stride, "shortcut")
        else:
            bounded = tf.nn.relu6 if use_bounded_activations else None
            shortcut = slim.conv2d(
                inputs, depth, [1, 1], stride=stride, activation_fn=bounded, scope="shortcut"
            )
        net = slim.conv2d(inputs, depth_bottleneck, [1, 1], stride=1, scope="conv1")
        net = resnet_utils.conv2d_same(net, depth_bottleneck, 3, stride, rate=rate, scope="conv2")
        net = slim.conv2d(net, depth, [1, 1], stride=1, activation_fn=None, scope="conv3")
        if use_bounded_activations:
            net = tf.nn.relu6(shortcut + tf.clip_by_value(net, -6.0, 6.0))
        else:
            net = tf.nn.relu(shortcut + net)
        return slim.utils.collect_named_outputs(outputs_collections, sc.name, net)


def resnet_v1(
    inputs: tf.Tensor,
    blocks: Sequence[Block],
    num_classes: int | None = None,
    is_training: bool | None = True,
    global_pool: bool = True,
    output_stride: int | None = None,
    include_root_block: bool = True,
    spatial_squeeze: bool = True,
    store_non_strided_activations: bool = False,
    reuse: Reuse = None,
    scope: Scope = None,
    *,
    symmetric_pooling: bool = False,
    stride_in_first_unit: bool = False,
    batch_norm_epsilon: float | None = None,
) -> NetworkOutput:
    """Builds a ResNet v1 of `blocks`.

    Args:
      inputs: float [N, H, W, C], any size.
      blocks: rows of resnet_utils.Block; resnet_v1_block makes one.
      num_classes: 0 or None leaves the last layer out and returns its input.
      is_training: None leaves the mode of batch norm to the arg_scope around this.
      global_pool: False keeps the map, for dense prediction.
      output_stride: 4, 8, 16, 32 or None; dilated convolutions keep the map at 1/output_stride of the image.
      include_root_block: begins with a 7x7 convolution and a max pooling, each of stride 2.
      store_non_strided_activations: the end point of a block is its output before its stride.
      symmetric_pooling: pads the first pooling by a pixel on every side, as Caffe, Keras and torchvision do;
        SAME pads maps of even size on the right and below alone.
      stride_in_first_unit: a block strides in the 3x3 convolution of its first unit, not in its last unit,
        as torchvision and timm do: "ResNet v1.5".
      batch_norm_epsilon: in place of the arg_scope's; Keras has 1.001e-5.
    Returns: logits [N, num_classes] (a map [N, h, w, num_classes] without spatial_squeeze), end_points.
    Raises: ValueError: the blocks do not reach output_stride.
    """
    root = functools.partial(resnet_utils.conv2d_same, num_outputs=64, kernel_size=7, stride=2, scope="conv1")
    entered = resnet_utils.network_scope(
        scope, "resnet_v1", inputs, reuse, bottleneck, is_training, batch_norm_epsilon
    )
    with entered as (sc, collection):
        net = resnet_utils.features(
            inputs,
            root if include_root_block else None,
            resnet_utils.striding_first(blocks) if stride_in_first_unit else blocks,
            output_stride,
            store_non_strided_activations,
            symmetric_pooling,
        )
        end_points = slim.utils.convert_collection_to_dict(collection)
        return resnet_utils.classify(net, end_points, sc.name, num_classes, global_pool, spatial_squeeze)


resnet_v1_block = functools.partial(resnet_utils.bottleneck_block, bottleneck)


def _variant(name: str, depth: int) -> NetworkFn:
    def network(
        inputs: tf.Tensor,
        num_classes: int | None = None,
        is_training: bool | None = True,
        global_pool: bool = True,
        output_stride: int | None = None,
        spatial_squeeze: bool = True,
        store_non_strided_activations: bool = False,
        min_base_depth: int = 8,
        depth_multiplier: float = 1,
        reuse: Reuse = None,
        scope: Scope = name,
        *,
        symmetric_pooling: bool = False,
        stride_in_first_unit: bool = False,
        batch_norm_epsilon: float | None = None,
    ) -> NetworkOutput:
        """Builds this ResNet v1; takes what resnet_v1 takes.

        Args:
          min_base_depth: least width of a bottleneck, where depth_multiplier < 1.
          depth_multiplier: factor on the width of every bottleneck.
        """
        blocks = resnet_utils.blocks_of(
            depth, resnet_v1_block, lambda width: max(int(width * depth_multiplier), min_base_depth)
        )
        return resnet_v1(
            inputs,
            blocks,
            num_classes,
            is_training,
            global_pool,
            output_stride,
            spatial_squeeze=spatial_squeeze,
            store_non_strided_activations=store_non_strided_activations,
            reuse=reuse,
            scope=scope,
            symmetric_pooling=symmetric_pooling,
            stride_in_first_unit=stride_in_first_unit,
            batch_norm_epsilon=batch_norm_epsilon,
        )

    return resnet_utils.register_variant(name, network, num_classes=1000)


resnet_v1.default_image_size = 224  # type: ignore[attr-defined]  # published code reads it here
resnet_v1_50, resnet_v1_101, resnet_v1_152, resnet_v1_200 = (
    _variant(f"resnet_v1_{depth}", depth) for depth in resnet_utils.UNITS
)
