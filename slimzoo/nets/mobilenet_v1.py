"""MobileNet v1: depthwise 3x3, then pointwise 1x1. Howard et al. 2017, arXiv:1704.04861, table 1."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from slimzoo import slim
from slimzoo.nets.common import (
    Depth,
    EndPoints,
    Layer,
    NetworkFn,
    NetworkOutput,
    Reuse,
    Scope,
    pad_ends,
    pad_for_kernel,
    shrink_kernel,
    spatial_axes,
    squeeze,
    strides_and_rates,
)
from slimzoo.registry import Network, register
from slimzoo.slim.unit import unit


class Conv(NamedTuple):
    """A full convolution."""

    kernel: list[int]
    stride: int
    depth: int


class DepthSepConv(NamedTuple):
    """A depthwise convolution, then a pointwise one."""

    kernel: list[int]
    stride: int
    depth: int


Row = Conv | DepthSepConv
MOBILENETV1_CONV_DEFS: tuple[Row, ...] = (
    Conv([3, 3], stride=2, depth=32),
    *(
        DepthSepConv([3, 3], stride=stride, depth=depth)
        for stride, depth in (
            *((1, 64), (2, 128), (1, 128), (2, 256), (1, 256), (2, 512)),
            *((1, 512),) * 5,
            *((2, 1024), (1, 1024)),
        )
    ),
)
MULTIPLIERS = {  # network name: depth multiplier, as released
    "mobilenet_v1": 1.0,
    "mobilenet_v1_075": 0.75,
    "mobilenet_v1_050": 0.50,
    "mobilenet_v1_025": 0.25,
}


def mobilenet_v1_arg_scope(
    is_training: bool | None = True,
    weight_decay: float = 0.00004,
    stddev: float = 0.09,
    regularize_depthwise: bool = False,
    batch_norm_decay: float = 0.9997,
    batch_norm_epsilon: float = 0.001,
    batch_norm_updates_collections: str | None = tf.compat.v1.GraphKeys.UPDATE_OPS,
    normalizer_fn: Layer | None = slim.batch_norm,
) -> dict:
    """Returns the scope MobileNet v1 was published with: ReLU6, batch norm, L2 on all but depthwise weights.

    Args:
      is_training: None leaves the mode of batch norm to whoever calls it.
    """
    batch_norm = {
        "center": True,
        "scale": True,
        "decay": batch_norm_decay,
        "epsilon": batch_norm_epsilon,
        "updates_collections": batch_norm_updates_collections,
    }
    if is_training is not None:
        batch_norm["is_training"] = is_training
    decay = slim.l2_regularizer(weight_decay)
    with (
        slim.arg_scope(
            [slim.conv2d, slim.separable_conv2d],
            weights_initializer=tf.compat.v1.truncated_normal_initializer(stddev=stddev),
            activation_fn=tf.nn.relu6,
            normalizer_fn=normalizer_fn,
        ),
        slim.arg_scope([slim.batch_norm], **batch_norm),
        slim.arg_scope([slim.conv2d], weights_regularizer=decay),
        slim.arg_scope(
            [slim.separable_conv2d], weights_regularizer=decay if regularize_depthwise else None
        ) as scope,
    ):
        return scope


@unit
def _in_a_row(net: tf.Tensor, layers: Mapping[str, Layer], end_points: EndPoints) -> tf.Tensor:
    """Returns what `layers` make of `net`, one after the other, each an end point."""
    for name, layer in layers.items():
        net = end_points[name] = layer(net)
    return net


def _rows(
    conv_defs: Sequence[Row],
    output_stride: int | None,
    depth: Depth,
    use_explicit_padding: bool,
    end_padding: bool,
) -> Iterator[dict[str, Layer]]:
    """Yields {end point: function of net} of each row, in order."""
    padding = "VALID" if use_explicit_padding else "SAME"
    pad = pad_for_kernel if use_explicit_padding else (lambda net, *_: net)
    strides = (row.stride for row in conv_defs)
    rows = zip(conv_defs, strides_and_rates(strides, output_stride), strict=True)
    for i, (row, (stride, rate)) in enumerate(rows):
        name = f"Conv2d_{i}"
        if isinstance(row, Conv):

            def convolution(net: tf.Tensor, row: Row = row, name: str = name) -> tf.Tensor:
                net = pad(net, row.kernel)
                return slim.conv2d(
                    net,
                    depth(row.depth),
                    row.kernel,
                    stride=row.stride,
                    padding=padding,
                    normalizer_fn=slim.batch_norm,
                    scope=name,
                )

            yield {name: convolution}
            continue

        def depthwise(
            net: tf.Tensor,
            row: Row = row,
            name: str = f"{name}_depthwise",
            stride: int = stride,
            rate: int = rate,
        ) -> tf.Tensor:
            ends = end_padding and stride > 1
            return slim.separable_conv2d(
                pad_ends(net) if ends else pad(net, row.kernel, rate),
                None,  # no pointwise part
                row.kernel,
                depth_multiplier=1,
                stride=stride,
                rate=rate,
                padding="VALID" if ends else padding,
                normalizer_fn=slim.batch_norm,
                scope=name,
            )

        def pointwise(net: tf.Tensor, row: Row = row, name: str = f"{name}_pointwise") -> tf.Tensor:
            return slim.conv2d(
                net, depth(row.depth), [1, 1], stride=1, normalizer_fn=slim.batch_norm, scope=name
            )

        yield {f"{name}_depthwise": depthwise, f"{name}_pointwise": pointwise}


def mobilenet_v1_base(
    inputs: tf.Tensor,
    final_endpoint: str = "Conv2d_13_pointwise",
    min_depth: int = 8,
    depth_multiplier: float = 1.0,
    conv_defs: Sequence[Row] | None = None,
    output_stride: int | None = None,
    use_explicit_padding: bool = False,
    scope: Scope = None,
    *,
    end_padding: bool = False,
) -> NetworkOutput:
    """Builds MobileNet v1 up to `final_endpoint`.

    Args:
      inputs: float [N, H, W, 3].
      min_depth: least number of channels of a layer, where depth_multiplier < 1.
      depth_multiplier: factor on the channels of every layer, above 0.
      conv_defs: rows of Conv and DepthSepConv; None takes the paper's.
      output_stride: 8, 16, 32 or None; dilated convolutions keep the map at 1/output_stride of the image.
      use_explicit_padding: pads alike for every stride and image size, in place of SAME.
      end_padding: pads by a pixel on the right and below before a strided depthwise convolution, whatever the
        size, as Keras does; SAME pads maps of odd size on the left and above too.
    Returns: the activation of `final_endpoint`, end_points.
    Raises: ValueError: an argument outside of what is said above.
    """
    problems = []
    if depth_multiplier <= 0:
        problems.append(f"depth_multiplier is {depth_multiplier}; it must be greater than 0")
    if output_stride not in (None, 8, 16, 32):
        problems.append(f"output_stride is {output_stride}; allowed are None, 8, 16, 32")
    if problems:
        raise ValueError("mobilenet_v1: " + "; ".join(problems))
    end_points: EndPoints = {}
    rows = conv_defs or MOBILENETV1_CONV_DEFS
    with (
        tf.compat.v1.variable_scope(scope, "MobilenetV1", [inputs]),
        slim.arg_scope([slim.conv2d, slim.separable_conv2d], padding="SAME"),
    ):
        net = inputs
        depths = lambda depth: max(int(depth * depth_multiplier), min_depth)  # noqa: E731
        for layers in _rows(rows, output_stride, depths, use_explicit_padding, end_padding):
            names = list(layers)
            names = names[: names.index(final_endpoint) + 1] if final_endpoint in names else names
            net = _in_a_row(net, {name: layers[name] for name in names}, end_points)
            end_points[names[-1]] = net
            if final_endpoint in names:
                return net, end_points
    raise ValueError(f"mobilenet_v1 has no end point {final_endpoint!r}; there are {', '.join(end_points)}")


def mobilenet_v1(
    inputs: tf.Tensor,
    num_classes: int | None = 1000,
    dropout_keep_prob: float = 0.999,
    is_training: bool = True,
    min_depth: int = 8,
    depth_multiplier: float = 1.0,
    conv_defs: Sequence[Row] | None = None,
    prediction_fn: Layer | None = slim.softmax,
    spatial_squeeze: bool = True,
    reuse: Reuse = None,
    scope: Scope = "MobilenetV1",
    global_pool: bool = False,
    *,
    end_padding: bool = False,
    output_stride: int | None = None,
) -> NetworkOutput:
    """Builds MobileNet v1 for classification.

    Args:
      inputs: float [N, H, W, 3] in [-1, 1].
      num_classes: 0 or None leaves the last layer out and returns its input.
      global_pool: averages over the whole map, whatever its size; else over 7x7 at most.
      end_padding, output_stride: as mobilenet_v1_base takes them; with output_stride, global_pool is meant.
    Returns: logits [N, num_classes] ([N, 1, 1, num_classes] without spatial_squeeze), end_points.
    Raises: ValueError: `inputs` is not of rank 4; see mobilenet_v1_base.
    """
    if len(inputs.shape) != 4:
        raise ValueError(f"mobilenet_v1 takes images [N, H, W, C]; inputs has shape {inputs.shape}")
    with (
        tf.compat.v1.variable_scope(scope, "MobilenetV1", [inputs], reuse=reuse) as sc,
        slim.arg_scope([slim.batch_norm, slim.dropout], is_training=is_training),
    ):
        net, end_points = mobilenet_v1_base(
            inputs,
            scope=sc,
            min_depth=min_depth,
            depth_multiplier=depth_multiplier,
            conv_defs=conv_defs,
            end_padding=end_padding,
            output_stride=output_stride,
        )
        with tf.compat.v1.variable_scope("Logits"):
            if global_pool or output_stride is not None:
                net = tf.reduce_mean(net, spatial_axes(), keepdims=True, name="global_pool")
                end_points["global_pool"] = net
            else:
                kernel = shrink_kernel(net, [7, 7])
                net = slim.avg_pool2d(net, kernel, padding="VALID", scope="AvgPool_1a")
                end_points["AvgPool_1a"] = net
            if not num_classes:
                return net, end_points
            net = slim.dropout(net, keep_prob=dropout_keep_prob, scope="Dropout_1b")
            logits = slim.conv2d(
                net, num_classes, [1, 1], activation_fn=None, normalizer_fn=None, scope="Conv2d_1c_1x1"
            )
            if spatial_squeeze:
                logits = squeeze(logits, "SpatialSqueeze")
        end_points["Logits"] = logits
        if prediction_fn:
            end_points["Predictions"] = prediction_fn(logits, scope="Predictions")
    return logits, end_points


def _variant(name: str, multiplier: float) -> NetworkFn:
    def network(
        inputs: tf.Tensor, num_classes: int | None = 1000, is_training: bool = True, **kwargs: Any
    ) -> NetworkOutput:
        """Builds MobileNet v1 at this row's depth multiplier; takes what mobilenet_v1 takes."""
        return mobilenet_v1(
            inputs, num_classes, is_training=is_training, depth_multiplier=multiplier, **kwargs
        )

    network.__name__ = network.__qualname__ = name
    takes = inspect.signature(mobilenet_v1)
    others = [p for p in takes.parameters.values() if p.name != "depth_multiplier"]
    network.__signature__ = takes.replace(parameters=others)  # type: ignore[attr-defined]
    network.default_image_size = 224  # type: ignore[attr-defined]
    register(
        Network(
            name=name,
            build=mobilenet_v1 if multiplier == 1.0 else network,
            arg_scope=mobilenet_v1_arg_scope,
            image_size=224,
            num_classes=1001,
            channels=3,
            heads=("MobilenetV1/Logits/Conv2d_1c_1x1",),
            transfer_heads=("MobilenetV1/Logits/Conv2d_1c_1x1",),
            preprocessing="inception",
            auxiliary=(),
            recipe="mobilenet_v1",
        )
    )
    return network


mobilenet_v1.default_image_size = 224  # type: ignore[attr-defined]  # published code reads it here
_, mobilenet_v1_075, mobilenet_v1_050, mobilenet_v1_025 = (_variant(*row) for row in MULTIPLIERS.items())
