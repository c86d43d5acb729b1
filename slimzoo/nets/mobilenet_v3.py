"""MobileNet v3: squeeze-and-excite and h-swish. Howard et al. 2019, arXiv:1905.02244, tables 1 and 2.

The EdgeTPU network, with full convolutions in its early blocks, was published as code only.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from slimzoo import slim
from slimzoo.nets import common
from slimzoo.nets import conv_blocks as ops
from slimzoo.nets import mobilenet as lib
from slimzoo.nets.common import EndPoints, Layer, NetworkOutput, Scope
from slimzoo.nets.mobilenet_layers import ConvDefs

op = lib.op
expand_input = ops.expand_input_by_factor
training_scope = lib.training_scope
wrapped_partial = lib.wrapped_partial

GATE_SLOPE = 0.16667  # of squeeze-and-excite, as published

# Kernel, channels inside, channels, stride, whether squeeze-and-excite, whether h-swish in place of ReLU.
LARGE = (
    *((3, 16, 16, 1, False, False), (3, 64, 24, 2, False, False), (3, 72, 24, 1, False, False)),
    *((5, 72, 40, 2, True, False), *((5, 120, 40, 1, True, False),) * 2),
    *((3, 240, 80, 2, False, True), (3, 200, 80, 1, False, True), *((3, 184, 80, 1, False, True),) * 2),
    *((3, 480, 112, 1, True, True), (3, 672, 112, 1, True, True)),
    *((5, 672, 160, 2, True, True), *((5, 960, 160, 1, True, True),) * 2),
)
SMALL = (
    *((3, 16, 16, 2, True, False), (3, 72, 24, 2, False, False), (3, 88, 24, 1, False, False)),
    *((5, 96, 40, 2, True, True), *((5, 240, 40, 1, True, True),) * 2),
    *((5, 120, 48, 1, True, True), (5, 144, 48, 1, True, True)),
    *((5, 288, 96, 2, True, True), *((5, 576, 96, 1, True, True),) * 2),
)


def hard_swish(x: tf.Tensor) -> tf.Tensor:
    """Returns x * relu6(x + 3) / 6."""
    with tf.name_scope("hard_swish"):
        return x * tf.nn.relu6(x + 3.0) * (1.0 / 6.0)


@slim.add_arg_scope
def _hard_sigmoid(x: tf.Tensor, slope: float = GATE_SLOPE) -> tf.Tensor:
    return tf.nn.relu6(x + 3.0) * slope


squeeze_excite = functools.partial(
    ops.squeeze_excite, squeeze_factor=4, inner_activation_fn=tf.nn.relu, gating_fn=_hard_sigmoid
)


def _excited(expansion_tensor: tf.Tensor, input_tensor: tf.Tensor) -> tf.Tensor:
    del input_tensor
    return squeeze_excite(expansion_tensor)


def reduce_to_1x1(input_tensor: tf.Tensor, default_size: int = 7, **kwargs: Any) -> tf.Tensor:
    """Averages a square map of known size to 1x1; another one over default_size x default_size at most.

    Args:
      input_tensor: [N, H, W, C].
      **kwargs: what slim.avg_pool2d takes; a rate and use_explicit_padding mean nothing here.
    """
    height, width = common.map_size(input_tensor)
    kernel = [default_size, default_size]
    if height is not None and height == width:
        kernel = [height, width]
    settings = {name: kwargs[name] for name in kwargs if name not in ("rate", "use_explicit_padding")}
    return slim.avg_pool2d(input_tensor, kernel_size=common.shrink_kernel(input_tensor, kernel), **settings)


def mbv3_op(
    ef: float, n: int, k: int, s: int = 1, act: Layer = tf.nn.relu, se: Layer | None = None, **kwargs: Any
) -> lib.Op:
    """Returns the row of an expanded_conv.

    Args:
      ef: channels inside, as a factor on those of the input.
      n: channels.
      k: size of the kernel.
      s: stride.
      act: activation inside.
      se: an expansion_transform: squeeze-and-excite.
      **kwargs: what expanded_conv takes.
    """
    return op(
        kwargs.pop("block", ops.expanded_conv),
        expansion_size=expand_input(ef),
        kernel_size=(k, k),
        stride=s,
        num_outputs=n,
        inner_activation_fn=act,
        expansion_transform=se,
        **kwargs,
    )


def fused_conv(
    net: tf.Tensor,
    num_outputs: int,
    kernel_size: Sequence[int],
    stride: int = 1,
    rate: int = 1,
    endpoints: EndPoints | None = None,
    use_explicit_padding: bool = False,
    **kwargs: Any,
) -> tf.Tensor:
    """Returns an expanded_conv that widens and looks around in one full convolution."""

    def expand(net: tf.Tensor, width: int, **settings: Any) -> tf.Tensor:
        net = common.pad_for_kernel(net, kernel_size, rate) if use_explicit_padding else net
        return slim.conv2d(net, width, kernel_size, stride=stride, rate=rate, **settings)

    return ops.expanded_conv(
        net,
        num_outputs,
        stride=stride,
        depthwise_location=None,
        endpoints=endpoints,
        expansion_fn=expand,
        **kwargs,
    )


mbv3_op_se = functools.partial(mbv3_op, se=_excited)
mbv3_fused = functools.partial(mbv3_op, block=fused_conv)


def _defaults(normalizer_fn: Layer, **normalizer: Any) -> dict[tuple, dict[str, Any]]:
    return {
        (ops.expanded_conv,): {"normalizer_fn": normalizer_fn, "residual": True},
        (slim.conv2d, slim.fully_connected, slim.separable_conv2d): {
            "normalizer_fn": normalizer_fn,
            "activation_fn": tf.nn.relu,
        },
        (normalizer_fn,): normalizer,
    }


DEFAULTS = _defaults(slim.batch_norm, center=True, scale=True)
DEFAULTS_GROUP_NORM = _defaults(slim.group_norm, groups=8)


def _conv_defs(blocks: Sequence[tuple], last: int, embedding: int, minimalistic: bool = False) -> ConvDefs:
    """Returns conv_defs of `blocks`; minimalistic ones have 3x3 kernels, ReLU and no squeeze-and-excite."""
    swish = {} if minimalistic else {"activation_fn": hard_swish}
    spec = [op(slim.conv2d, stride=2, num_outputs=16, kernel_size=(3, 3), **swish)]
    num_inputs = 16
    for kernel, inside, channels, stride, excites, swishes in blocks:
        kernel = 3 if minimalistic else kernel
        act = hard_swish if swishes and not minimalistic else tf.nn.relu
        se = _excited if excites and not minimalistic else None
        spec.append(mbv3_op(inside / num_inputs, channels, kernel, stride, act, se))
        num_inputs = channels
    spec += [
        op(slim.conv2d, stride=1, kernel_size=[1, 1], num_outputs=last, **swish),
        op(reduce_to_1x1, default_size=7, stride=1, padding="VALID"),
        op(slim.conv2d, stride=1, kernel_size=[1, 1], num_outputs=embedding, normalizer_fn=None, **swish),
    ]
    return {"defaults": dict(DEFAULTS), "spec": spec}


def _halved(conv_defs: ConvDefs, start: int, end: int) -> ConvDefs:
    """Returns `conv_defs` with half the channels in rows `start` to `end`, the last one included."""
    rows = list(conv_defs["spec"])
    for i in range(start, end + 1):
        params = rows[i].params
        rows[i] = rows[i]._replace(params={**params, "num_outputs": round(params["num_outputs"] * 0.5)})
    return {**conv_defs, "spec": rows}


def _expanded(conv_defs: ConvDefs, widths: Mapping[int, int]) -> ConvDefs:
    """Returns `conv_defs` with other {row: channels inside}, counted from 0."""
    rows = list(conv_defs["spec"])
    for i, inside in widths.items():
        factor = inside / rows[i - 1].params["num_outputs"]
        rows[i] = rows[i]._replace(params={**rows[i].params, "expansion_size": expand_input(factor)})
    return {**conv_defs, "spec": rows}


V3_LARGE = _conv_defs(LARGE, 960, 1280)
V3_SMALL = _conv_defs(SMALL, 576, 1024)
V3_LARGE_MINIMALISTIC = _conv_defs(LARGE, 960, 1280, minimalistic=True)
V3_SMALL_MINIMALISTIC = _conv_defs(SMALL, 576, 1024, minimalistic=True)
V3_LARGE_DETECTION = _halved(V3_LARGE, 13, 16)
V3_SMALL_DETECTION = _halved(V3_SMALL, 9, 12)
V3_LARGE_SEGMENTATION = _expanded(V3_LARGE_DETECTION, {13: 336, 14: 480, 15: 480})
V3_SMALL_SEGMENTATION = _expanded(V3_SMALL_DETECTION, {9: 144, 10: 288, 11: 288})


def _stage(row: Callable[..., lib.Op], channels: int, kernel: int, stride: int, **first: Any) -> list[lib.Op]:
    """Returns a block that widens by 8, then three by 4."""
    return [
        row(8, channels, kernel, stride, **first),
        *(row(4, channels, kernel) for _ in range(3)),
    ]


V3_EDGETPU: ConvDefs = {
    "defaults": dict(DEFAULTS),
    "spec": [
        op(slim.conv2d, stride=2, num_outputs=32, kernel_size=(3, 3)),
        mbv3_fused(1, 16, 3),
        *_stage(mbv3_fused, 32, 3, stride=2),
        *_stage(mbv3_fused, 48, 3, stride=2),
        *_stage(mbv3_op, 96, 3, stride=2),
        *_stage(mbv3_op, 96, 3, stride=1, residual=False),
        *_stage(mbv3_op, 160, 5, stride=2),
        mbv3_op(8, 192, 3),
        op(slim.conv2d, stride=1, num_outputs=1280, kernel_size=(1, 1)),
    ],
}


@slim.add_arg_scope
def mobilenet(
    input_tensor: tf.Tensor,
    num_classes: int | None = 1001,
    depth_multiplier: float = 1.0,
    scope: Scope = "MobilenetV3",
    conv_defs: ConvDefs | None = None,
    finegrain_classification_mode: bool = False,
    use_groupnorm: bool = False,
    gate_slope: float = GATE_SLOPE,
    **kwargs: Any,
) -> NetworkOutput:
    """Builds MobileNet v3 for classification. Inference mode is created by default; see training_scope.

    Args:
      input_tensor: float [N, H, W, C] in [-1, 1].
      num_classes: 0 or None leaves the last layer out and returns its input.
      depth_multiplier: factor on the channels of every layer, above 0.
      conv_defs: V3_SMALL and so on, or rows and defaults of your own; None stands for V3_LARGE.
      finegrain_classification_mode: depth_multiplier leaves the last layer before the logits as it is.
      use_groupnorm: in place of batch norm; `groups` says of how many groups, 8 if it is not given.
      gate_slope: of the hard sigmoid in squeeze-and-excite; Keras, timm and torchvision have 1 / 6.
      **kwargs: what mobilenet.mobilenet takes: final_endpoint, output_stride, use_explicit_padding,
        is_training, prediction_fn, base_only, reuse.
    Returns: logits [N, num_classes], end_points.
    Raises: ValueError: an argument outside of what is said above.
    """
    lib.refuse_multiplier("mobilenet_v3", kwargs)
    conv_defs = V3_LARGE if conv_defs is None else conv_defs
    if use_groupnorm:
        conv_defs = {**conv_defs, "defaults": _defaults(slim.group_norm, groups=kwargs.pop("groups", 8))}
    if finegrain_classification_mode:
        *rows, last = conv_defs["spec"]
        last = last._replace(multiplier_func=lambda params, multiplier: params)
        conv_defs = {**conv_defs, "spec": [*rows, last]}
    with slim.arg_scope([_hard_sigmoid], slope=gate_slope):
        return lib.mobilenet(
            input_tensor,
            num_classes=num_classes,
            conv_defs=conv_defs,
            scope=scope,
            multiplier=depth_multiplier,
            **kwargs,
        )


@slim.add_arg_scope
def mobilenet_base(input_tensor: tf.Tensor, depth_multiplier: float = 1.0, **kwargs: Any) -> NetworkOutput:
    """Builds MobileNet v3 without pooling and logits; takes what mobilenet takes."""
    return mobilenet(input_tensor, depth_multiplier=depth_multiplier, base_only=True, **kwargs)


mobilenet.default_image_size = 224  # type: ignore[attr-defined]  # published code reads it here
_075: dict[str, Any] = {"depth_multiplier": 0.75, "finegrain_classification_mode": True}
_EDGE_TPU: dict[str, Any] = {"new_defaults": {"scope": "MobilenetEdgeTPU"}, "conv_defs": V3_EDGETPU}
large = wrapped_partial(mobilenet, conv_defs=V3_LARGE)
large_075 = wrapped_partial(mobilenet, conv_defs=V3_LARGE, **_075)
small = wrapped_partial(mobilenet, conv_defs=V3_SMALL)
small_075 = wrapped_partial(mobilenet, conv_defs=V3_SMALL, **_075)
large_minimalistic = wrapped_partial(mobilenet, conv_defs=V3_LARGE_MINIMALISTIC)
small_minimalistic = wrapped_partial(mobilenet, conv_defs=V3_SMALL_MINIMALISTIC)
edge_tpu = wrapped_partial(mobilenet, **_EDGE_TPU)
edge_tpu_075 = wrapped_partial(mobilenet, **_EDGE_TPU, **_075)

for _name, _build, _scope in (
    ("mobilenet_v3_large", large, "MobilenetV3"),
    ("mobilenet_v3_large_075", large_075, "MobilenetV3"),
    ("mobilenet_v3_large_minimalistic", large_minimalistic, "MobilenetV3"),
    ("mobilenet_v3_small", small, "MobilenetV3"),
    ("mobilenet_v3_small_075", small_075, "MobilenetV3"),
    ("mobilenet_v3_small_minimalistic", small_minimalistic, "MobilenetV3"),
    ("mobilenet_edgetpu", edge_tpu, "MobilenetEdgeTPU"),
    ("mobilenet_edgetpu_075", edge_tpu_075, "MobilenetEdgeTPU"),
):
    lib.register_variant(_name, _build, _scope)
