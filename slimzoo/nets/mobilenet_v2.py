"""MobileNet v2: residuals between narrow layers. Sandler et al. 2018, arXiv:1801.04381, table 2."""

from typing import Any

import tensorflow as tf

from slimzoo import slim
from slimzoo.nets import conv_blocks as ops
from slimzoo.nets import mobilenet as lib
from slimzoo.nets.common import Layer, NetworkOutput, Scope
from slimzoo.nets.mobilenet_layers import ConvDefs

op = lib.op
expand_input = ops.expand_input_by_factor
training_scope = lib.training_scope
wrapped_partial = lib.wrapped_partial

STAGES = (  # channels, blocks, stride of the first block; each is 6 times as wide inside
    *((24, 2, 2), (32, 3, 2), (64, 4, 2)),
    *((96, 3, 1), (160, 3, 2), (320, 1, 1)),
)
ACTIVATED = (slim.conv2d, slim.fully_connected, slim.separable_conv2d)


def _defaults(normalizer_fn: Layer | None) -> dict[tuple, dict[str, Any]]:
    return {
        ACTIVATED: {"normalizer_fn": normalizer_fn, "activation_fn": tf.nn.relu6},
        (ops.expanded_conv,): {
            "expansion_size": expand_input(6),
            "split_expansion": 1,
            "normalizer_fn": normalizer_fn,
            "residual": True,
        },
        lib.CONVOLUTIONS: {"padding": "SAME"},
    }


V2_DEF: ConvDefs = {
    "defaults": {(slim.batch_norm,): {"center": True, "scale": True}, **_defaults(slim.batch_norm)},
    "spec": [
        op(slim.conv2d, stride=2, num_outputs=32, kernel_size=[3, 3]),
        op(ops.expanded_conv, expansion_size=expand_input(1, divisible_by=1), num_outputs=16),
        *(
            op(ops.expanded_conv, stride=1 if i else stride, num_outputs=channels)
            for channels, blocks, stride in STAGES
            for i in range(blocks)
        ),
        op(slim.conv2d, stride=1, kernel_size=[1, 1], num_outputs=1280),
    ],
}
V2_DEF_GROUP_NORM: ConvDefs = {"defaults": _defaults(slim.group_norm), "spec": V2_DEF["spec"]}


@slim.add_arg_scope
def mobilenet(
    input_tensor: tf.Tensor,
    num_classes: int | None = 1001,
    depth_multiplier: float = 1.0,
    scope: Scope = "MobilenetV2",
    conv_defs: ConvDefs | None = None,
    finegrain_classification_mode: bool = False,
    min_depth: int | None = None,
    divisible_by: int | None = None,
    activation_fn: Layer | None = None,
    **kwargs: Any,
) -> NetworkOutput:
    """Builds MobileNet v2 for classification. Inference mode is created by default; see training_scope.

    Args:
      input_tensor: float [N, H, W, C] in [-1, 1].
      num_classes: 0 or None leaves the last layer out and returns its input.
      depth_multiplier: factor on the channels of every layer, above 0.
      conv_defs: rows and defaults as in V2_DEF, which None stands for.
      finegrain_classification_mode: keeps the last layer before the logits wide, where depth_multiplier < 1.
      min_depth: least number of channels of a layer, where the arg_scope says nothing: 8.
      divisible_by: the channels of a layer are a multiple of it, where the arg_scope says nothing: of 8.
      activation_fn: in place of ReLU6.
      **kwargs: what mobilenet.mobilenet takes: final_endpoint, output_stride, use_explicit_padding,
        is_training, prediction_fn, base_only, reuse.
    Returns: logits [N, num_classes], end_points.
    Raises: ValueError: an argument outside of what is said above.
    """
    lib.refuse_multiplier("mobilenet_v2", kwargs)
    conv_defs = V2_DEF if conv_defs is None else conv_defs
    if finegrain_classification_mode and depth_multiplier < 1:
        *rows, last = conv_defs["spec"]
        wide = {**last.params, "num_outputs": last.params["num_outputs"] / depth_multiplier}
        conv_defs = {**conv_defs, "spec": [*rows, last._replace(params=wide)]}
    if activation_fn:
        defaults = conv_defs["defaults"]
        activated = {**defaults[ACTIVATED], "activation_fn": activation_fn}
        conv_defs = {**conv_defs, "defaults": {**defaults, ACTIVATED: activated}}
    with lib.safe_arg_scope([lib.depth_multiplier], min_depth=min_depth, divisible_by=divisible_by):
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
    """Builds MobileNet v2 without pooling and logits; takes what mobilenet takes."""
    return mobilenet(input_tensor, depth_multiplier=depth_multiplier, base_only=True, **kwargs)


@slim.add_arg_scope
def mobilenet_base_group_norm(
    input_tensor: tf.Tensor, depth_multiplier: float = 1.0, **kwargs: Any
) -> NetworkOutput:
    """Builds mobilenet_base with group norm, of 8 groups or of `groups`, in place of batch norm."""
    groups = {(slim.group_norm,): {"groups": kwargs.pop("groups", 8)}}
    conv_defs = {**V2_DEF_GROUP_NORM, "defaults": {**V2_DEF_GROUP_NORM["defaults"], **groups}}
    return mobilenet_base(input_tensor, depth_multiplier, **{**kwargs, "conv_defs": conv_defs})


mobilenet.default_image_size = 224  # type: ignore[attr-defined]  # published code reads it here
mobilenet_v2_140 = wrapped_partial(mobilenet, depth_multiplier=1.4)
mobilenet_v2_130 = wrapped_partial(mobilenet, depth_multiplier=1.3)
mobilenet_v2_075 = wrapped_partial(mobilenet, depth_multiplier=0.75, finegrain_classification_mode=True)
mobilenet_v2_050 = wrapped_partial(mobilenet, depth_multiplier=0.50, finegrain_classification_mode=True)
mobilenet_v2_035 = wrapped_partial(mobilenet, depth_multiplier=0.35, finegrain_classification_mode=True)

for _name, _build in (
    ("mobilenet_v2", mobilenet),
    ("mobilenet_v2_140", mobilenet_v2_140),
    ("mobilenet_v2_130", mobilenet_v2_130),
    ("mobilenet_v2_075", mobilenet_v2_075),
    ("mobilenet_v2_050", mobilenet_v2_050),
    ("mobilenet_v2_035", mobilenet_v2_035),
):
    lib.register_variant(_name, _build, "MobilenetV2")
