"""Transposed convolutions: conv2d_transpose, conv3d_transpose."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from slimzoo.slim.conv import Kind, convolve_layer
from slimzoo.slim.layer_core import (
    CHANNELS_FIRST,
    CHANNELS_LAST,
    channels_first,
    check_rank,
    named,
    sizes,
)
from slimzoo.slim.signatures import TransposedConvolution
from slimzoo.slim.types import Size

OPS = {2: tf.nn.conv2d_transpose, 3: tf.nn.conv3d_transpose}  # by the number of spatial dimensions
DOC = """Spreads `inputs` by the variable "weights" [*kernel_size, num_outputs, channels], a conv backwards.

    Adds "biases", unless there is a normalizer or no biases_initializer, then normalises, then activates.
    A length L becomes L * stride for "SAME", L * stride + max(kernel_size - stride, 0) for "VALID".

    Args:
      inputs: [N, *spatial, C], or [N, C, *spatial] where `data_format` starts with "NC".
      kernel_size, stride: one int, or one for each spatial dimension.
      padding: "SAME" or "VALID".
      normalizer_params: keyword arguments of normalizer_fn.
      variables_collections: a list, or a dict with lists for "weights" and "biases".
      scope: of the variables; default "Conv2d_transpose" or "Conv3d_transpose".

    Raises: ValueError: a rank, padding or data_format that there is not, or an unknown number of channels.
    """


def _lengths(
    inputs: tf.Tensor, window: Sequence[int], strides: Sequence[int], padding: str, data_format: str
) -> list[Any]:
    """Returns the spatial lengths of the outputs, an int where it is known and a scalar tensor where not."""
    first = 2 if channels_first(data_format) else 1
    known, lengths = inputs.shape.as_list(), []
    for axis, (size, stride) in enumerate(zip(window, strides, strict=True), start=first):
        length = tf.shape(inputs)[axis] if known[axis] is None else known[axis]
        lengths.append(length * stride + (max(size - stride, 0) if padding == "VALID" else 0))
    return lengths


def spread_out(
    inputs: tf.Tensor, weights: tf.Tensor, stride: Size, padding: str, data_format: str, rate: Size
) -> tf.Tensor:
    """Returns the transposed convolution; `rate` is 1, there is no other."""
    dims, batch = inputs.shape.rank - 2, inputs.shape.as_list()[0]
    steps = sizes("stride", dims, stride)
    lengths = _lengths(inputs, weights.shape.as_list()[:dims], steps, padding, data_format)
    rows = tf.shape(inputs)[0] if batch is None else batch
    outputs, known = weights.shape.as_list()[-2], [None if tf.is_tensor(size) else size for size in lengths]
    if channels_first(data_format):
        shape, strides, static = [rows, outputs, *lengths], [1, 1, *steps], [batch, outputs, *known]
    else:
        shape, strides, static = [rows, *lengths, outputs], [1, *steps, 1], [batch, *known, outputs]
    spread = OPS[dims](inputs, weights, shape, strides, padding, data_format=data_format)
    spread.set_shape(static)
    return spread


def _kernel_channels(channels: int, num_outputs: int) -> tuple[int, int]:
    return num_outputs, channels


def _transposed(dims: int) -> TransposedConvolution:
    name = f"conv{dims}d_transpose"

    def spatial_dims(inputs: tf.Tensor, conv_dims: int) -> int:
        check_rank(name, inputs, conv_dims + 2)
        return conv_dims

    formats = (CHANNELS_FIRST[dims], CHANNELS_LAST[dims])
    kind = Kind(name, name.capitalize(), formats, spatial_dims, _kernel_channels, spread_out)
    fixed = {"conv_dims": dims, "rate": 1, "kind": kind}
    return named(
        f"convolution{dims}d_transpose", convolve_layer, fixed, {"data_format": CHANNELS_LAST[dims]}, DOC
    )


conv2d_transpose = convolution2d_transpose = _transposed(2)
conv3d_transpose = convolution3d_transpose = _transposed(3)
