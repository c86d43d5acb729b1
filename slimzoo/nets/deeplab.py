"""DeepLab v3 and v3+: a class for every pixel. Chen et al. 2017, arXiv:1706.05587; 2018, arXiv:1802.02611.

A backbone whose strides are dilated, a head that looks at several scales of its map, and in v3+ a decoder
that sharpens what comes of it. Variables are called as in the released checkpoints: the heads have no scope
of their own.
"""

import contextlib
import inspect
from dataclasses import fields, replace
from typing import Any

import tensorflow as tf

from slimzoo import slim
from slimzoo.nets import common, deeplab_backbones, deeplab_heads
from slimzoo.nets.common import EndPoints, NetworkFn, NetworkOutput, resize
from slimzoo.nets.deeplab_backbones import BACKBONES
from slimzoo.nets.deeplab_heads import Stage, scale_dimension
from slimzoo.nets.deeplab_options import DENSE_PREDICTION_CELL, Options
from slimzoo.registry import SEGMENTATION, Network, register

IMAGE_SIZE = 513  # pixels: a multiple of the strides and one, so that the corners of maps lie on each other
LITE: dict[str, Any] = {  # LR-ASPP, Howard et al. 2019, arXiv:1905.02244, figure 10
    "output_stride": 32,
    "image_pooling_crop_size": (769, 769),
    "image_pooling_stride": (4, 5),
    "aspp_convs_filters": 128,
    "aspp_with_concat_projection": False,
    "aspp_with_squeeze_and_excitation": True,
    "image_se_uses_qsigmoid": True,
    "decoder_output_stride": 8,
    "decoder_use_sum_merge": True,
    "decoder_output_is_logits": True,
}


def deeplab_arg_scope(weight_decay: float | None = None) -> dict:
    """Returns the scope of a DeepLab; weight_decay: None: the backbone's, 1e-4 of ResNets, else 4e-5."""
    with slim.arg_scope([deeplab], weight_decay=weight_decay) as scope:
        return scope


@slim.add_arg_scope
def deeplab(
    images: tf.Tensor,
    num_classes: int | None = 21,
    is_training: bool = False,
    weight_decay: float | None = None,
    **options: Any,
) -> NetworkOutput:
    """Builds a DeepLab.

    Args:
      images: float [N, H, W, 3] in [-1, 1]; for ResNets with a plain root minus (123.15, 115.9, 103.06).
      num_classes: 0 or None leaves the last layer out and returns its input.
      weight_decay: None: what the backbone was trained with.
      **options: the fields of deeplab_options.Options.
    Returns: logits [N, H, W, num_classes] at the size of the images, end_points: the backbone's, the heads'
      by their scopes, and "logits" before they are enlarged.
    Raises: ValueError: options that do not fit, all of them at once.
    """
    chosen = Options(**options)
    if chosen.model_variant not in BACKBONES:
        raise ValueError(f"model_variant is {chosen.model_variant!r}; there are {', '.join(BACKBONES)}")
    backbone = BACKBONES[chosen.model_variant]
    chosen.check(num_classes, common.map_size(images), backbone.decoder)
    decay = backbone.weight_decay if weight_decay is None else weight_decay
    height, width = common.size_of(images) if chosen.crop_size is None else chosen.crop_size
    batch_norm_trains = is_training and chosen.fine_tune_batch_norm
    stage = Stage(chosen, (height, width), is_training, batch_norm_trains, decay)
    net, end_points = _at_scales(images, stage, num_classes)
    if not num_classes:
        return net, end_points
    end_points["logits"] = net
    large = resize(net, common.size_of(images), nearest=not chosen.prediction_with_upsampled_logits)
    return common.channels_last(large), end_points


def _at_scales(images: tf.Tensor, stage: Stage, num_classes: int | None) -> NetworkOutput:
    """Returns the logits at the stride of the last map, merged from all scales, and the end points."""
    options = stage.options
    scales = tuple(options.image_pyramid or (1.0,))
    scale = max(1.0, *scales) / options.logits_stride
    size = scale_dimension(stage.crop[0], scale), scale_dimension(stage.crop[1], scale)
    found: list[tf.Tensor] = []
    end_points: EndPoints = {}
    for i, image_scale in enumerate(scales):
        with _reusing() if i else contextlib.nullcontext():
            net, ends = _network(*_scaled(images, stage, image_scale), num_classes)
        end_points |= ends if not i else {}
        if not num_classes:
            return net, end_points
        found.append(resize(net, size))
        if len(scales) > 1:
            end_points[f"logits_{image_scale:.2f}"] = found[-1]
    if len(found) == 1:
        return found[0], end_points
    merge = tf.reduce_max if options.merge_method == "max" else tf.reduce_mean
    return merge(tf.stack(found, axis=4), axis=4), end_points


def _reusing() -> contextlib.AbstractContextManager:
    return tf.compat.v1.variable_scope(tf.compat.v1.get_variable_scope(), reuse=tf.compat.v1.AUTO_REUSE)


def _scaled(images: tf.Tensor, stage: Stage, scale: float) -> tuple[tf.Tensor, Stage]:
    """Returns `images` at `scale`, and what the heads know of them."""
    if scale == 1.0:
        return images, stage
    height, width = (scale_dimension(side, scale) for side in stage.crop)
    options, pooling = stage.options, stage.options.image_pooling_crop_size
    if pooling is not None:
        options = replace(options, image_pooling_crop_size=[scale_dimension(s, scale) for s in pooling])
    return resize(images, (height, width)), replace(stage, options=options, crop=(height, width))


def _network(images: tf.Tensor, stage: Stage, num_classes: int | None) -> NetworkOutput:
    """Returns the logits of `images`, or what the last layer would read, and all end points."""
    options = stage.options
    net, ends = deeplab_backbones.features(images, options, stage.batch_norm_trains, stage.weight_decay)
    end_points = {**ends, "backbone_features": net}
    if options.aspp_with_batch_norm:
        cell = options.dense_prediction_cell_config
        if cell is None:
            net = deeplab_heads.aspp(net, stage)
        else:
            net = deeplab_heads.dense_prediction_cell(net, stage, cell)
        end_points |= deeplab_heads.collected()
    end_points["aspp_features"] = net
    if options.decoder_output_is_logits and not num_classes:
        return net, end_points
    if options.decoder_strides:
        names = BACKBONES[options.model_variant].decoder
        net = deeplab_heads.decoder(net, ends, stage, dict(names), options.decoder_channels(num_classes))
        end_points |= deeplab_heads.collected() | {"decoder_features": net}
    if num_classes and not options.decoder_output_is_logits:
        net = deeplab_heads.logits(net, stage, num_classes)
        end_points |= deeplab_heads.collected()
    return net, end_points


def _signature(defaults: dict[str, Any]) -> inspect.Signature:
    """Returns that of a DeepLab whose options have these `defaults`."""
    kinds = inspect.Parameter
    *plain, _, _ = inspect.signature(deeplab).parameters.values()  # without weight_decay: the arg_scope's
    options = [
        kinds(
            field.name,
            kinds.KEYWORD_ONLY,
            default=defaults.get(field.name, field.default),
            annotation=field.type,
        )
        for field in fields(Options)
        if field.name != "model_variant"  # which the network's name says
    ]
    return inspect.Signature([*plain, *options], return_annotation=NetworkOutput)


V3_PLUS: dict[str, Any] = {"atrous_rates": (6, 12, 18), "decoder_output_stride": 4}
CELL: dict[str, Any] = {
    "dense_prediction_cell_config": DENSE_PREDICTION_CELL,
    "decoder_output_stride": 4,
}
ROWS: dict[str, dict[str, Any]] = {  # network name: its options; the rest of Options is as it stands there
    "deeplab_v3_mobilenet_v1_025": {"model_variant": "mobilenet_v1", "depth_multiplier": 0.25},
    "deeplab_v3_mobilenet_v2": {"model_variant": "mobilenet_v2"},
    "deeplab_v3_mobilenet_v2_050": {"model_variant": "mobilenet_v2", "depth_multiplier": 0.5},
    "deeplab_v3_plus_mobilenet_v2": {"model_variant": "mobilenet_v2", "decoder_output_stride": 4},
    "deeplab_v3_mobilenet_v3_large": {"model_variant": "mobilenet_v3_large_seg", **LITE},
    "deeplab_v3_mobilenet_v3_small": {"model_variant": "mobilenet_v3_small_seg", **LITE},
    "deeplab_v3_mobilenet_edgetpu": {"model_variant": "mobilenet_edgetpu", "output_stride": 32},
    "deeplab_v3_mobilenet_edgetpu_075": {
        "model_variant": "mobilenet_edgetpu",
        "output_stride": 32,
        "depth_multiplier": 0.75,
        "aspp_convs_filters": 128,
    },
    "deeplab_v3_plus_resnet_v1_18": {"model_variant": "resnet_v1_18", **V3_PLUS},
    "deeplab_v3_plus_resnet_v1_18_beta": {"model_variant": "resnet_v1_18_beta", **V3_PLUS},
    "deeplab_v3_plus_resnet_v1_50": {"model_variant": "resnet_v1_50", **V3_PLUS},
    "deeplab_v3_plus_resnet_v1_50_beta": {
        "model_variant": "resnet_v1_50_beta",
        "multi_grid": (1, 2, 4),
        **V3_PLUS,
    },
    "deeplab_v3_plus_resnet_v1_101": {"model_variant": "resnet_v1_101", **V3_PLUS},
    "deeplab_v3_plus_resnet_v1_101_beta": {
        "model_variant": "resnet_v1_101_beta",
        "multi_grid": (1, 2, 4),
        **V3_PLUS,
    },
    "deeplab_v3_plus_xception_41": {"model_variant": "xception_41", **V3_PLUS},
    "deeplab_v3_plus_xception_65": {"model_variant": "xception_65", **V3_PLUS},
    "deeplab_v3_plus_xception_71": {"model_variant": "xception_71", **CELL},
}


def _variant(name: str, defaults: dict[str, Any]) -> NetworkFn:
    """Returns the DeepLab called `name`, whose options are `defaults` where its caller gives no others."""

    def network(
        images: tf.Tensor,
        num_classes: int | None = 21,
        is_training: bool = False,
        **options: Any,
    ) -> NetworkOutput:
        """Builds this DeepLab; takes what deeplab takes."""
        return deeplab(images, num_classes, is_training, **{**defaults, **options})

    network.__name__ = network.__qualname__ = name
    network.__signature__ = _signature(defaults)  # type: ignore[attr-defined]
    network.default_image_size = IMAGE_SIZE  # type: ignore[attr-defined]
    options = Options(**defaults)
    plain_root = BACKBONES[options.model_variant].pixels == "mean"
    register(
        Network(
            name=name,
            build=network,
            arg_scope=deeplab_arg_scope,
            image_size=IMAGE_SIZE,
            num_classes=21,
            channels=3,
            heads=("decoder",) if options.decoder_output_is_logits else ("logits",),
            transfer_heads=_head_scopes(options),
            preprocessing="deeplab_mean" if plain_root else "deeplab",
            auxiliary=(),
            task=SEGMENTATION,
            scope=BACKBONES[options.model_variant].scope,
            grid=(options.output_stride, 1),
            recipe="deeplab",
        )
    )
    return network


def _head_scopes(options: Options) -> tuple[str, ...]:
    """Returns the scopes that the weights of a classifier have nothing for."""
    cell = options.dense_prediction_cell_config is not None
    scopes = ["meta_architecture"] if cell else ["image_pooling", "aspp0"]
    if not cell:
        for i, _ in enumerate(options.atrous_rates or (), start=1):
            scopes += [f"aspp{i}_depthwise", f"aspp{i}_pointwise"]
        scopes += ["concat_projection"] if options.aspp_with_concat_projection else []
    scopes += ["decoder"] if options.decoder_strides else []
    scopes += [] if options.decoder_output_is_logits else ["logits"]
    return tuple(scopes)


NETWORKS = {name: _variant(name, options) for name, options in ROWS.items()}
