"""The backbones of DeepLab: from images to the map that its heads read, and to finer ones for a decoder."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import tensorflow as tf

from slimzoo import slim
from slimzoo.nets import (
    common,
    mobilenet,
    mobilenet_v1,
    mobilenet_v2,
    mobilenet_v3,
    resnet_utils,
    resnet_v1_beta,
    xception,
)
from slimzoo.nets.common import NetworkOutput
from slimzoo.nets.deeplab_options import Options

MEAN_RGB = (123.15, 115.90, 103.06)  # of ImageNet, as DeepLab has it
Pixels = Literal["range", "mean"]  # to [-1, 1], or minus MEAN_RGB
Build = Callable[
    [tf.Tensor, Options, bool, float], NetworkOutput
]  # images, options, is_training, weight_decay


@dataclass(frozen=True, kw_only=True)
class Backbone:
    """A row of BACKBONES.

    Attributes:
      build: (images, options, whether batch norm trains, weight decay) -> the last map, end points.
      scope: of its variables.
      pixels: what it was trained on.
      decoder: {stride: the end point that a decoder reads}.
      weight_decay: with which it was trained.
    """

    build: Build
    scope: str
    pixels: Pixels = "range"
    decoder: Mapping[int, str] = field(default_factory=dict)
    weight_decay: float = 0.00004


def _mobilenet_v1(
    images: tf.Tensor, options: Options, is_training: bool, weight_decay: float
) -> NetworkOutput:
    with slim.arg_scope(
        mobilenet_v1.mobilenet_v1_arg_scope(
            is_training, weight_decay, batch_norm_decay=options.decay_or(0.9997)
        )
    ):
        return mobilenet_v1.mobilenet_v1_base(
            images,
            depth_multiplier=options.depth_multiplier,
            output_stride=options.output_stride,
            scope="MobilenetV1",
        )


def _mobilenet_v2(
    images: tf.Tensor, options: Options, is_training: bool, weight_decay: float
) -> NetworkOutput:
    """Without the 1280 channels at its end; other multipliers than 1 do not round to 8 channels."""
    whole = 8 if options.depth_multiplier == 1.0 else 1
    with slim.arg_scope(
        mobilenet.training_scope(is_training, weight_decay, bn_decay=options.decay_or(0.997))
    ):
        return mobilenet_v2.mobilenet_base(
            images,
            depth_multiplier=options.depth_multiplier,
            min_depth=whole,
            divisible_by=whole if options.divisible_by is None else options.divisible_by,
            output_stride=options.output_stride,
            final_endpoint="layer_18",
        )


def _mobilenet_v3(conv_defs: mobilenet_v3.ConvDefs, last: str, scope: str) -> Build:
    def build(images: tf.Tensor, options: Options, is_training: bool, weight_decay: float) -> NetworkOutput:
        with slim.arg_scope(
            mobilenet.training_scope(is_training, weight_decay, bn_decay=options.decay_or(0.997))
        ):
            return mobilenet_v3.mobilenet_base(
                images,
                depth_multiplier=options.depth_multiplier,
                conv_defs=conv_defs,
                output_stride=options.output_stride,
                final_endpoint=last,
                scope=scope,
            )

    return build


def _resnet(name: str) -> Build:
    def build(images: tf.Tensor, options: Options, is_training: bool, weight_decay: float) -> NetworkOutput:
        with slim.arg_scope(
            resnet_utils.resnet_arg_scope(weight_decay, batch_norm_decay=options.decay_or(0.95))
        ):
            return resnet_v1_beta.resnet_base(
                images, name, is_training, options.output_stride, options.multi_grid
            )

    return build


def _xception(name: str) -> Build:
    def build(images: tf.Tensor, options: Options, is_training: bool, weight_decay: float) -> NetworkOutput:
        bounded = options.use_bounded_activation
        with slim.arg_scope(
            xception.xception_arg_scope(
                weight_decay, batch_norm_decay=options.decay_or(0.9997), use_bounded_activation=bounded
            )
        ):
            return xception.xception_base(
                images, name, is_training, options.output_stride, options.multi_grid
            )

    return build


def _inside(*layers: int) -> dict[int, str]:
    """Returns the depthwise outputs inside `layers` of a MobileNet, for strides 4, 8 and 16."""
    return dict(zip((4, 8, 16), (f"layer_{layer}/depthwise_output" for layer in layers), strict=True))


def _resnet_row(name: str) -> Backbone:
    variant = resnet_v1_beta.VARIANTS[name]
    units = [n - 1 for n in resnet_v1_beta.units_of(variant.depth)[:3]]  # the last one of a block strides
    unit = "lite_bottleneck_v1/conv2" if variant.depth == 18 else "bottleneck_v1/conv3"
    return Backbone(
        build=_resnet(name),
        scope=variant.scope,
        pixels="mean" if variant.root_multiplier is None else "range",
        decoder={
            stride: f"{variant.scope}/block{i}/unit_{n}/{unit}"
            for i, (stride, n) in enumerate(zip((4, 8, 16), units, strict=True), start=1)
        },
        weight_decay=0.0001,
    )


def _xception_row(name: str) -> Backbone:
    entry = [i for i, (_, stride) in enumerate(xception.ENTRY[name], start=1) if stride == 2]
    blocks = (f"entry_flow/block{entry[1]}", f"entry_flow/block{entry[2]}", "exit_flow/block1")
    inside = "unit_1/xception_module/separable_conv2_pointwise"  # before what strides
    return Backbone(
        build=_xception(name),
        scope=name,
        decoder={
            stride: f"{name}/{block}/{inside}" for stride, block in zip((4, 8, 16), blocks, strict=True)
        },
    )


BACKBONES = {
    "mobilenet_v1": Backbone(
        build=_mobilenet_v1,
        scope="MobilenetV1",
        decoder={4: "Conv2d_3_pointwise", 8: "Conv2d_5_pointwise", 16: "Conv2d_11_pointwise"},
    ),
    "mobilenet_v2": Backbone(build=_mobilenet_v2, scope="MobilenetV2", decoder=_inside(4, 7, 14)),
    "mobilenet_v3_large_seg": Backbone(
        build=_mobilenet_v3(mobilenet_v3.V3_LARGE_SEGMENTATION, "layer_17", "MobilenetV3"),
        scope="MobilenetV3",
        decoder=_inside(4, 7, 13),
    ),
    "mobilenet_v3_small_seg": Backbone(
        build=_mobilenet_v3(mobilenet_v3.V3_SMALL_SEGMENTATION, "layer_13", "MobilenetV3"),
        scope="MobilenetV3",
        decoder=_inside(2, 4, 9),
    ),
    "mobilenet_edgetpu": Backbone(
        build=_mobilenet_v3(mobilenet_v3.V3_EDGETPU, "layer_24", "MobilenetEdgeTPU"),
        scope="MobilenetEdgeTPU",
    ),
    **{name: _resnet_row(name) for name in resnet_v1_beta.VARIANTS},
    **{name: _xception_row(name) for name in xception.ENTRY},
}


def features(images: tf.Tensor, options: Options, is_training: bool, weight_decay: float) -> NetworkOutput:
    """Returns the last map of the backbone that `options` name, and its end points.

    Args:
      images: float [N, H, W, 3] as the backbone wants them; of 0..255 where options say so.
      is_training: whether batch norm takes the means of the batch.
    """
    row = BACKBONES[options.model_variant]
    if options.preprocess_images:
        images = _centred(images, row.pixels)
    return row.build(images, options, is_training, weight_decay)


def _centred(images: tf.Tensor, pixels: Pixels) -> tf.Tensor:
    if pixels == "range":
        return (2.0 / 255.0) * images - 1.0
    shape = (1, 3, 1, 1) if common.channels_first() else (1, 1, 1, 3)
    return images - tf.reshape(tf.constant(MEAN_RGB, images.dtype), shape)
