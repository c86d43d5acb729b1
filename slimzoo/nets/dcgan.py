"""DCGAN: strided convolutions against transposed ones. Radford et al. 2015, arXiv:1511.06434."""

from typing import Any

import tensorflow as tf

from slimzoo import slim
from slimzoo.nets.common import NetworkOutput, Reuse, Scope


def _doublings(size: int | None, what: str) -> int:
    """Returns n where `size` is 2 ** n. Raises: ValueError: it is no power of 2."""
    if size is None or size < 1 or size & (size - 1):
        raise ValueError(f"{what} is {size}, which is not a power of 2; take 16, 32, 64, ...")
    return size.bit_length() - 1


def _batch_norm(is_training: bool, fused: bool) -> dict[str, Any]:
    return {"is_training": is_training, "zero_debias_moving_mean": True, "fused": fused}


def discriminator(
    inputs: tf.Tensor,
    depth: int = 64,
    is_training: bool = True,
    reuse: Reuse = None,
    scope: Scope = "Discriminator",
    fused_batch_norm: bool = False,
) -> NetworkOutput:
    """Tells real images from made ones: halves the map until one pixel is left.

    Args:
      inputs: float [N, size, size, C]; size is a power of 2.
      depth: channels of the first layer; each further one has twice as many.
    Returns: logits [N, 1], end_points.
    Raises: ValueError: images that are not square, or whose size is no power of 2 or unknown.
    """
    if inputs.shape.rank != 4 or inputs.shape[1] != inputs.shape[2]:
        raise ValueError(
            f"inputs are images [N, size, size, C] of equal width and height; these have shape {inputs.shape}"
        )
    layers, end_points, net = _doublings(inputs.shape[1], "the width of the images"), {}, inputs
    with (
        tf.compat.v1.variable_scope(scope, values=[inputs], reuse=reuse),
        slim.arg_scope([slim.batch_norm], **_batch_norm(is_training, fused_batch_norm)),
        slim.arg_scope([slim.conv2d], stride=2, activation_fn=tf.nn.leaky_relu),
    ):
        for i in range(layers):
            name, norm = f"conv{i + 1}", slim.batch_norm if i else None
            net = end_points[name] = slim.conv2d(net, depth * 2**i, 4, normalizer_fn=norm, scope=name)
        one: dict[str, Any] = {"kernel_size": 1, "stride": 1, "padding": "VALID", "normalizer_fn": None}
        logits = slim.conv2d(net, 1, activation_fn=None, **one)
        logits = end_points["logits"] = tf.reshape(logits, [-1, 1])
    return logits, end_points


def generator(
    inputs: tf.Tensor,
    depth: int = 64,
    final_size: int = 32,
    num_outputs: int = 3,
    is_training: bool = True,
    reuse: Reuse = None,
    scope: Scope = "Generator",
    fused_batch_norm: bool = False,
) -> NetworkOutput:
    """Makes images of noise: doubles a map of 4x4 until it has the size asked for.

    Args:
      inputs: float [N, any], the noise.
      depth: channels of the last layer but one; each one before has twice as many.
      final_size: of the images, pixels; a power of 2, at least 8.
    Returns: images [N, final_size, final_size, num_outputs] before any activation, end_points.
    Raises: ValueError: inputs of another rank; such a size.
    """
    if inputs.shape.rank != 2:
        raise ValueError(f"inputs are vectors of noise, [N, any], of rank 2; these have shape {inputs.shape}")
    layers, end_points = _doublings(final_size, "`final_size`") - 1, {}
    if final_size < 8:
        raise ValueError(f"`final_size` is {final_size}; it must be greater than or equal to 8")
    with (
        tf.compat.v1.variable_scope(scope, values=[inputs], reuse=reuse),
        slim.arg_scope([slim.batch_norm], **_batch_norm(is_training, fused_batch_norm)),
        slim.arg_scope([slim.conv2d_transpose], normalizer_fn=slim.batch_norm, stride=2, kernel_size=4),
    ):
        net, first = inputs[:, tf.newaxis, tf.newaxis], {"stride": 1, "padding": "VALID"}
        for i in range(1, layers + 1):
            name = f"deconv{i}"
            more: dict[str, Any] = first if i == 1 else {}
            if i == layers:
                more = {"normalizer_fn": None, "activation_fn": None}
            net = slim.conv2d_transpose(net, depth * 2 ** (layers - i), scope=name, **more)
            end_points[name] = net
        plain: dict[str, Any] = {"normalizer_fn": None, "activation_fn": None}
        logits = slim.conv2d(net, num_outputs, 1, stride=1, padding="VALID", scope="logits", **plain)
        end_points["logits"] = logits
    return logits, end_points
