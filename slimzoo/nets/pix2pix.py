"""pix2pix: a U-Net against a discriminator of patches. Isola et al. 2016, arXiv:1611.07004, section 6.1."""

import functools
import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from slimzoo import slim
from slimzoo.nets.common import Layer, NetworkOutput

METHODS = ("nn_upsample_conv", "conv2d_transpose")


class Block(NamedTuple):
    """A layer of the encoder, and the one of the decoder that gives its size back."""

    num_filters: int
    decoder_keep_prob: float  # of the decoder's dropout; 0: none


def _default_generator_blocks() -> list[Block]:
    """Returns the blocks of the paper's U-Net."""
    return [*(Block(n, 0.5) for n in (64, 128, 256)), *[Block(512, 0)] * 4]


def pix2pix_arg_scope() -> dict:
    """Returns the scope pix2pix was published with: instance norm, weights drawn from N(0, 0.02)."""
    with slim.arg_scope(
        [slim.conv2d, slim.conv2d_transpose],
        normalizer_fn=slim.instance_norm,
        normalizer_params={"center": True, "scale": True, "epsilon": 0.00001},
        weights_initializer=tf.compat.v1.random_normal_initializer(0, 0.02),
    ) as scope:
        return scope


def upsample(
    net: tf.Tensor, num_outputs: int, kernel_size: Sequence[int], method: str = "nn_upsample_conv"
) -> tf.Tensor:
    """Returns `net` [N, H, W, C] as [N, H * kernel_size[0], W * kernel_size[1], num_outputs].

    Args:
      method: "nn_upsample_conv" repeats pixels and convolves; "conv2d_transpose".
    Raises: ValueError: another method.
    """
    if method == "conv2d_transpose":
        return slim.conv2d_transpose(net, num_outputs, [4, 4], stride=kernel_size, activation_fn=None)
    if method != "nn_upsample_conv":
        raise ValueError(f"Unknown method: [{method}]; there are {', '.join(METHODS)}")
    sizes = [tf.shape(net)[axis] if net.shape[axis] is None else net.shape[axis] for axis in (1, 2)]
    sizes = [size * factor for size, factor in zip(sizes, kernel_size, strict=True)]
    net = tf.compat.v1.image.resize_nearest_neighbor(net, sizes)
    return slim.conv2d(net, num_outputs, [4, 4], activation_fn=None)


def pix2pix_generator(
    net: tf.Tensor,
    num_outputs: int,
    blocks: Sequence[Block] | None = None,
    upsample_method: str = "nn_upsample_conv",
    is_training: bool = False,
) -> NetworkOutput:
    """Turns images into images; its dropout draws at test time too, as in section 2.1 of the paper.

    Args:
      net: float [N, size, size, C]; size is a multiple of 2 ** len(blocks), 128 by default.
      num_outputs: channels of the images made.
      blocks: rows of Block; None takes the paper's.
      upsample_method: as upsample takes it.
      is_training: makes no difference.
    Returns: logits [N, size, size, num_outputs], end_points; its "predictions" are their tanh.
    Raises: ValueError: images of another size; such a method.
    """
    del is_training
    blocks = [Block(*block) for block in blocks or _default_generator_blocks()]
    _check_images(net, 2 ** len(blocks))
    up = functools.partial(upsample, kernel_size=[2, 2], method=upsample_method)
    end_points, encoded = {}, []
    with tf.compat.v1.variable_scope("encoder"):
        for i, block in enumerate(blocks):
            more: dict[str, Any] = {} if 0 < i < len(blocks) - 1 else {"normalizer_fn": None}
            activation = None if i == len(blocks) - 1 > 0 else tf.nn.leaky_relu
            net = slim.conv2d(net, block.num_filters, [4, 4], stride=2, activation_fn=activation, **more)
            encoded.append(net)
            end_points[f"encoder{i}"] = net
    with tf.compat.v1.variable_scope("decoder"):
        for i, (block, skip) in enumerate(zip(reversed(blocks), reversed(encoded), strict=True)):
            net = tf.concat([net, skip], axis=3) if i else net
            net = up(tf.nn.relu(net), block.num_filters)
            if block.decoder_keep_prob > 0:
                net = slim.dropout(net, keep_prob=block.decoder_keep_prob, is_training=True)
            end_points[f"decoder{i}"] = net
    with tf.compat.v1.variable_scope("output"):
        logits = slim.conv2d(net, num_outputs, [4, 4], activation_fn=None, normalizer_fn=None)
        end_points["logits"] = logits
        end_points["predictions"] = tf.tanh(logits)
    return logits, end_points


def _check_images(net: tf.Tensor, multiple: int) -> None:
    if net.shape.rank != 4:
        raise ValueError(f"net is a batch of images [N, H, W, C]; it has shape {net.shape}")
    height, width = net.shape[1:3]
    if height != width:
        raise ValueError(f"The input height must match the input width; the images are {height}x{width}")
    if height is None or height % multiple:
        raise ValueError(
            f"the images are {height}x{width}; each block halves them, so their size must be a multiple of "
            f"{multiple}"
        )


def pix2pix_discriminator(
    net: tf.Tensor,
    num_filters: Sequence[int],
    padding: int = 2,
    pad_mode: str = "REFLECT",
    activation_fn: Layer | None = tf.nn.leaky_relu,
    is_training: bool = False,
) -> NetworkOutput:
    """Tells real pairs of images from made ones, patch by patch.

    Args:
      net: float [N, H, W, C]: an image and what was made of it, one after the other along the channels.
      num_filters: channels of the layers; all but the last one halve the map.
      padding: of the map before each layer, 0 for none.
      is_training: makes no difference.
    Returns: logits [N, h, w, 1], end_points; its "predictions" are their sigmoid.
    Raises: ValueError: images that are too small.
    """
    del is_training
    strides, end_points = [2] * (len(num_filters) - 1) + [1, 1], {}

    def layer(net: tf.Tensor, i: int, num_outputs: int, **more: Any) -> tf.Tensor:
        with tf.compat.v1.name_scope(f"conv{i}"):
            sides = (padding, padding)
            net = tf.pad(net, [(0, 0), sides, sides, (0, 0)], pad_mode) if padding else net
        return slim.conv2d(
            net, num_outputs, [4, 4], stride=strides[i], padding="VALID", scope=f"conv{i}", **more
        )

    smallest = next(n for n in itertools.count(1) if _fits(n, strides, padding, pad_mode))
    if any(size is not None and size < smallest for size in net.shape[1:3]):
        raise ValueError(
            f"the images are {net.shape[1]}x{net.shape[2]} pixels; the smallest that work are "
            f"{smallest}x{smallest}"
        )
    with slim.arg_scope([slim.conv2d], activation_fn=activation_fn):
        for i, filters in enumerate(num_filters):
            more = {} if i else {"normalizer_fn": None}
            net = end_points[f"conv{i}"] = layer(net, i, filters, **more)
        logits = layer(net, len(num_filters), 1, activation_fn=None, normalizer_fn=None)
        end_points["logits"] = logits
        end_points["predictions"] = tf.sigmoid(logits)
    return logits, end_points


def _fits(size: int, strides: Sequence[int], padding: int, pad_mode: str) -> bool:
    """Whether images of `size` leave a map of at least one pixel, and each map can be padded."""
    for stride in strides:
        if (pad_mode.upper() == "REFLECT" and size <= padding) or size + 2 * padding < 4:
            return False
        size = (size + 2 * padding - 4) // stride + 1
    return True
