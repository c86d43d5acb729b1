"""CycleGAN's generator: residual blocks at a quarter of the size. Zhu et al. 2017, arXiv:1703.10593."""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from slimzoo import slim
from slimzoo.nets.common import Layer, NetworkOutput

RESIZE = {  # upsample method: how it resizes before its convolution
    "nn_upsample_conv": tf.compat.v1.image.resize_nearest_neighbor,
    "bilinear_upsample_conv": tf.compat.v1.image.resize_bilinear,
}


def cyclegan_arg_scope(
    instance_norm_center: bool = True,
    instance_norm_scale: bool = True,
    instance_norm_epsilon: float = 0.001,
    weights_init_stddev: float = 0.02,
    weight_decay: float = 0.0,
) -> dict:
    """Returns the scope CycleGAN was published with: instance norm after every convolution."""
    with slim.arg_scope(
        [slim.conv2d],
        normalizer_fn=slim.instance_norm,
        normalizer_params={
            "center": instance_norm_center,
            "scale": instance_norm_scale,
            "epsilon": instance_norm_epsilon,
        },
        weights_initializer=tf.compat.v1.random_normal_initializer(0, weights_init_stddev),
        weights_regularizer=slim.l2_regularizer(weight_decay) if weight_decay else None,
    ) as scope:
        return scope


def _size(net: tf.Tensor) -> list[int | tf.Tensor]:
    """Returns height and width of `net`, an int where known and a scalar tensor where not."""
    return [tf.shape(net)[axis] if net.shape[axis] is None else net.shape[axis] for axis in (1, 2)]


def _padded(
    net: tf.Tensor, before: Sequence[int], after: Sequence[int] | None = None, mode: str = "REFLECT"
) -> tf.Tensor:
    after = before if after is None else after
    return tf.pad(net, [(0, 0), *zip(before, after, strict=True), (0, 0)], mode)


def cyclegan_upsample(
    net: tf.Tensor,
    num_outputs: int,
    stride: Sequence[int],
    method: str = "conv2d_transpose",
    pad_mode: str = "REFLECT",
    align_corners: bool = False,
) -> tf.Tensor:
    """Returns `net` [N, H, W, C] as [N, H * stride[0], W * stride[1], num_outputs].

    Args:
      method: "conv2d_transpose", or a resize and a 3x3 convolution: "nn_upsample_conv",
        "bilinear_upsample_conv".
      pad_mode: of the map before the convolution.
      align_corners: of the resize.
    Raises: ValueError: another method.
    """
    with tf.compat.v1.variable_scope("upconv"):
        if method == "conv2d_transpose":
            net = slim.conv2d_transpose(net, num_outputs, [3, 3], stride=stride, padding="VALID")
            return net[:, 1:, 1:, :]  # as convolutions with a stride see it: one pixel up and left
        if method not in RESIZE:
            raise ValueError(f"Unknown method: [{method}]; there are conv2d_transpose, {', '.join(RESIZE)}")
        size = [length * step for length, step in zip(_size(net), stride, strict=True)]
        net = _padded(RESIZE[method](net, size, align_corners=align_corners), (1, 1), mode=pad_mode)
        return slim.conv2d(net, num_outputs, [3, 3], padding="VALID")


def cyclegan_generator_resnet(
    images: tf.Tensor,
    arg_scope_fn: Callable[[], dict] = cyclegan_arg_scope,
    num_resnet_blocks: int = 6,
    num_filters: int = 64,
    upsample_fn: Layer = cyclegan_upsample,
    kernel_size: int | Sequence[int] = 3,
    tanh_linear_slope: float = 0.0,
    is_training: bool = False,
) -> NetworkOutput:
    """Turns images of one kind into images of another.

    Args:
      images: float [N, H, W, C] in [-1, 1]; H and W are multiples of 4, 8 at least.
      arg_scope_fn: returns the arg_scope that the network is built in.
      num_resnet_blocks: 6 for 128x128 images, 9 for larger ones.
      num_filters: of the first and the last layers.
      upsample_fn: (net, num_outputs, stride) -> net, as cyclegan_upsample.
      kernel_size: of the layers between the first and the last; an int or (height, width).
      tanh_linear_slope: what is added to the tanh, times its argument.
      is_training: makes no difference.
    Returns: images of the same shape, end_points.
    Raises: ValueError: images of such a size.
    """
    del is_training
    window = slim.utils.two_element_tuple(kernel_size)
    margins = ([(size - 1) // 2 for size in window], [size // 2 for size in window])
    least = 4 * (max(map(max, margins)) + 1)  # a map is padded by less than it measures
    if any(size is not None and (size % 4 or size < least) for size in images.shape[1:3]):
        raise ValueError(
            f"the height and width of images must be a multiple of 4, {least} at least; their shape is "
            f"{images.shape}"
        )
    end_points = {}

    def convolve(net: tf.Tensor, num_outputs: int, **more: Any) -> tf.Tensor:
        return slim.conv2d(_padded(net, *margins), num_outputs, window, padding="VALID", **more)

    def seven(net: tf.Tensor, num_outputs: int, **more: Any) -> tf.Tensor:
        return slim.conv2d(_padded(net, (3, 3)), num_outputs, [7, 7], padding="VALID", **more)

    with slim.arg_scope(arg_scope_fn()):
        with tf.compat.v1.variable_scope("input"):
            net = end_points["encoder_0"] = seven(images, num_filters)
        with tf.compat.v1.variable_scope("encoder"):
            for i in (1, 2):
                net = end_points[f"encoder_{i}"] = convolve(net, num_filters * 2**i, stride=2)
        with tf.compat.v1.variable_scope("residual_blocks"):
            for i in range(num_resnet_blocks):
                with tf.compat.v1.variable_scope(f"block_{i}"):
                    inner = convolve(net, num_filters * 4)
                    net += convolve(inner, num_filters * 4, activation_fn=None)
                end_points[f"resnet_block_{i}"] = net
        with tf.compat.v1.variable_scope("decoder"):
            for i in (1, 2):
                with tf.compat.v1.variable_scope(f"decoder{i}"):
                    net = upsample_fn(net, num_outputs=num_filters * 4 // 2**i, stride=[2, 2])
                end_points[f"decoder{i}"] = net
        with tf.compat.v1.variable_scope("output"):
            logits = seven(net, images.shape[3], activation_fn=None, normalizer_fn=None)
            end_points["logits"] = logits
            end_points["predictions"] = tf.tanh(logits) + logits * tanh_linear_slope
    return end_points["predictions"], end_points
