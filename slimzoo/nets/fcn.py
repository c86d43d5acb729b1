"""FCN-32s, 16s, 8s on VGG-16: a class for every pixel. Long et al. 2014, arXiv:1411.4038, section 4.

fc6 and fc7 are convolutions, so that vgg_16's weights fit as they are. The last map is enlarged bilinearly,
32 times, or twice at a time with what pool4 (16s) and pool3 (8s) have to say in between. Variables are called
as in https://github.com/warmspringwinds/tf-image-segmentation.
"""

from typing import Any

import numpy as np
import tensorflow as tf

from slimzoo import slim
from slimzoo.nets import common, vgg
from slimzoo.nets.common import EndPoints, NetworkFn, NetworkOutput, Reuse, Scope
from slimzoo.registry import SEGMENTATION, Network, register

MEAN_RGB = (123.68, 116.78, 103.94)
STRIDE = 32  # of the last map
VARIANTS: dict[str, tuple[str, ...]] = {  # pools whose maps are added, coarse to fine
    "fcn_32s": (),
    "fcn_16s": ("pool4",),
    "fcn_8s": ("pool4", "pool3"),
}


def bilinear_kernel(factor: int, channels: int) -> np.ndarray:
    """Returns what a transposed convolution of stride `factor` enlarges by: [2f, 2f, channels, channels]."""
    size = 2 * factor - factor % 2
    centre = factor - 1 if size % 2 else factor - 0.5
    tent = 1 - np.abs(np.arange(size) - centre) / factor
    return (np.outer(tent, tent)[:, :, None, None] * np.eye(channels)).astype(np.float32)


def enlarge(net: tf.Tensor, factor: int) -> tf.Tensor:
    """Returns `net` [N, h, w, C] bilinearly as [N, h * factor, w * factor, C]; around it lies 0."""
    channels = common.channels(net)
    net = common.channels_last(net)
    shape = tf.shape(net)
    size = tf.stack([shape[0], shape[1] * factor, shape[2] * factor, channels])
    kernel = tf.constant(bilinear_kernel(factor, channels), net.dtype)
    large = tf.nn.conv2d_transpose(net, kernel, size, strides=[1, factor, factor, 1], padding="SAME")
    sides = (side and side * factor for side in net.shape[1:3])
    large = tf.ensure_shape(large, [None, *sides, channels])
    return tf.transpose(large, (0, 3, 1, 2)) if common.channels_first() else large


def _variant(name: str, pools: tuple[str, ...]) -> NetworkFn:
    def network(
        images: tf.Tensor,
        num_classes: int | None = 21,
        is_training: bool = True,
        dropout_keep_prob: float = 0.5,
        scope: Scope = name,
        reuse: Reuse = None,
        *,
        preprocess_images: bool = False,
    ) -> NetworkOutput:
        """Builds this FCN on vgg_16.

        Args:
          images: float [N, H, W, 3], RGB minus the channel means; for 16s and 8s of sides that are
            multiples of 32.
          num_classes: 0 or None leaves the last layer out and returns its input.
          preprocess_images: the images are pixels of 0..255, and the network itself subtracts the means.
        Returns: logits [N, H, W, num_classes], end_points: VGG's, then what is added, and "logits" before
          they are enlarged.
        Raises: ValueError: the maps that are added have other sizes, as a side is no multiple of 32.
        """
        _check_sides(name, common.map_size(images), STRIDE // 2 ** len(pools))
        with tf.compat.v1.variable_scope(scope, name, [images], reuse=reuse) as sc:
            if preprocess_images:
                shape = (1, 3, 1, 1) if common.channels_first() else (1, 1, 1, 3)
                images = images - tf.reshape(tf.constant(MEAN_RGB, images.dtype), shape)
            net, ends = vgg.vgg_16(
                images,
                num_classes,
                is_training,
                dropout_keep_prob,
                spatial_squeeze=False,
                fc_conv_padding="SAME",
            )
            if not num_classes:
                return net, ends
            net, end_points = _scored(net, ends, sc.name, pools, num_classes)
            large = enlarge(net, STRIDE // 2 ** len(pools))
            end_points[f"{sc.name}/conv2d_transpose{f'_{len(pools)}' if pools else ''}"] = large
            return _at_size_of(images, large), end_points

    return _registered(name, network, pools)


def _check_sides(name: str, sides: list[int | None], finest: int) -> None:
    if any(side is not None and side % STRIDE >= finest for side in sides):
        nearest = "x".join(str(max(STRIDE, round((side or STRIDE) / STRIDE) * STRIDE)) for side in sides)
        raise ValueError(
            f"{name}: the images are {sides[0]}x{sides[1]} pixels; both sides are multiples of {STRIDE}, "
            f"as {nearest}"
        )


def _scored(
    net: tf.Tensor, ends: EndPoints, scope: str, pools: tuple[str, ...], num_classes: int
) -> NetworkOutput:
    """Returns `net` enlarged by halves, with the scores of `pools` added to it, and the end points."""
    end_points = {**ends, "vgg_16/fc8": net}
    for i, pool in enumerate(pools):
        large = enlarge(net, 2)
        scores = slim.conv2d(
            common.end_point(ends, f"vgg_16/{pool}"),
            num_classes,
            [1, 1],
            activation_fn=None,
            normalizer_fn=None,
            weights_initializer=tf.compat.v1.zeros_initializer(),
            scope=f"{pool}_fc",
        )
        net = scores + large
        suffix = f"_{i}" if i else ""
        added = {f"{scope}/conv2d_transpose{suffix}": large, f"{scope}/add{suffix}": net}
        end_points |= {f"{pool}_fc": scores, **added}
    return net, {**end_points, "logits": net}


def _at_size_of(images: tf.Tensor, net: tf.Tensor) -> tf.Tensor:
    """Returns `net` [N, h, w, C] at the size of `images`, resized where that is, or may be, another."""
    size = common.map_size(images)
    same = None not in size and size == common.map_size(net)
    return common.channels_last(net if same else common.resize(net, common.size_of(images)))


def _registered(name: str, network: Any, pools: tuple[str, ...]) -> NetworkFn:
    """Registers `network` for Pascal VOC, in images of 512 x 512 pixels."""
    network.__name__ = network.__qualname__ = name
    network.default_image_size = 512
    heads = (f"{name}/vgg_16/fc8", *(f"{name}/{pool}_fc" for pool in pools))
    register(
        Network(
            name=name,
            build=network,
            arg_scope=vgg.vgg_arg_scope,
            image_size=512,
            num_classes=21,
            channels=3,
            heads=heads,
            transfer_heads=heads,
            preprocessing="fcn",
            auxiliary=(),
            recipe="vgg",
            task=SEGMENTATION,
            grid=(STRIDE if pools else 1, 0),
        )
    )
    return network


fcn_32s, fcn_16s, fcn_8s = (_variant(name, pools) for name, pools in VARIANTS.items())
