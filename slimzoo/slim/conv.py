"""Convolutions: conv1d, conv2d, conv3d, separable_conv2d; and bias_add."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from slimzoo.slim.arg_scope import add_arg_scope
from slimzoo.slim.hosting import HOST
from slimzoo.slim.initializers import xavier_initializer
from slimzoo.slim.layer_core import (
    RENAMED,
    channels_first,
    check_data_format,
    check_padding,
    check_rank,
    finish,
    full_data_format,
    known_channels,
    layer_biases,
    layer_scope,
    layer_variable,
    model_getter,
    name_update_ops,
    named,
    own_ops,
    rank_advice,
    sizes,
)
from slimzoo.slim.signatures import Convolution, ConvolutionOfAnyRank
from slimzoo.slim.types import (
    Activation,
    Collections,
    Initializer,
    Normalizer,
    Regularizer,
    Reuse,
    Scope,
    Size,
    TensorLike,
    VariableCollections,
)
from slimzoo.slim.unit import layer_unit
from slimzoo.slim.utils import collect_named_outputs, get_variable_collections
from slimzoo.slim.variables import model_variable

XAVIER = xavier_initializer()
ZEROS = tf.compat.v1.zeros_initializer()
RENAMED_SEPARABLE = {
    "bias": "biases",
    "depthwise_kernel": "depthwise_weights",
    "pointwise_kernel": "pointwise_weights",
}
FORMATS = (None, "NWC", "NCW", "NHWC", "NCHW", "NDHWC", "NCDHW")


class Kind(NamedTuple):
    """In what a convolution and its transpose differ."""

    op_name: str
    default_scope: str
    data_formats: tuple[str | None, ...]
    spatial_dims: Callable[[tf.Tensor, Any], int]  # of (inputs, conv_dims)
    kernel_channels: Callable[[int, int], tuple[int, int]]  # (channels, num_outputs) -> the kernel's last two
    apply: Callable[..., tf.Tensor]  # to (inputs, weights, stride, padding, data_format, rate)


@layer_unit
def convolve_layer(
    inputs: TensorLike,
    num_outputs: int,
    kernel_size: Size,
    stride: Size = 1,
    padding: str = "SAME",
    data_format: str | None = None,
    rate: Size = 1,
    activation_fn: Activation | None = tf.nn.relu,
    normalizer_fn: Normalizer | None = None,
    normalizer_params: Mapping[str, Any] | None = None,
    weights_initializer: Initializer = XAVIER,
    weights_regularizer: Regularizer | None = None,
    biases_initializer: Initializer | None = ZEROS,
    biases_regularizer: Regularizer | None = None,
    reuse: Reuse | None = None,
    variables_collections: VariableCollections | None = None,
    outputs_collections: Collections | None = None,
    trainable: bool = True,
    scope: Scope | None = None,
    conv_dims: int | None = None,
    kind: Kind | None = None,
) -> tf.Tensor:
    """Convolves `inputs` with the variable "weights" [*kernel_size, channels, num_outputs].

    Adds "biases", unless there is a normalizer or no biases_initializer, then normalises, then activates.

    Args:
      inputs: [N, *spatial, C], or [N, C, *spatial] where `data_format` starts with "NC";
        1 to 3 spatial dimensions.
      kernel_size, stride, rate: one int, or one for each spatial dimension; stride or rate is 1.
      padding: "SAME" or "VALID".
      normalizer_params: keyword arguments of normalizer_fn.
      variables_collections: a list, or a dict with lists for "weights" and "biases".
      scope: of the variables; default "Conv".
      conv_dims: the number of spatial dimensions that `inputs` must have; None: any.
      kind: a Kind; None: FORWARD.

    Raises: ValueError: a rank, padding, data_format or combination of stride and rate that there is not.
    """
    kind = kind or FORWARD
    check_data_format(data_format, kind.data_formats)
    getter = model_getter(RENAMED)
    with layer_scope(kind.op_name, scope, kind.default_scope, inputs, reuse, getter) as (layer, inputs):
        dims = kind.spatial_dims(inputs, conv_dims)
        full_format = full_data_format(data_format, dims)
        channels = known_channels(kind.op_name, inputs, full_format)
        window = sizes("kernel_size", dims, kernel_size)
        settings = {"dtype": inputs.dtype, "trainable": trainable, "collections": variables_collections}
        with own_ops(layer):
            weights = layer_variable(
                layer,
                "weights",
                "kernel",
                shape=[*window, *kind.kernel_channels(channels, num_outputs)],
                initializer=weights_initializer,
                regularizer=weights_regularizer,
                **settings,
            )
            biases = layer_biases(
                layer, num_outputs, normalizer_fn, biases_initializer, biases_regularizer, **settings
            )
            outputs = kind.apply(inputs, weights, stride, check_padding(padding), full_format, rate)
            if biases is not None:
                outputs = tf.nn.bias_add(outputs, biases, data_format=bias_format(full_format))
        name_update_ops()
        outputs = finish(outputs, normalizer_fn, normalizer_params, activation_fn)
        return collect_named_outputs(outputs_collections, layer.name, outputs)


convolution: ConvolutionOfAnyRank = named("convolution", convolve_layer, {"kind": None})
conv1d: Convolution = named("convolution1d", convolve_layer, {"conv_dims": 1, "kind": None})
conv2d: Convolution = named("convolution2d", convolve_layer, {"conv_dims": 2, "kind": None})
conv3d: Convolution = named("convolution3d", convolve_layer, {"conv_dims": 3, "kind": None})
convolution1d, convolution2d, convolution3d = conv1d, conv2d, conv3d


@add_arg_scope
@layer_unit
def separable_convolution2d(
    inputs: TensorLike,
    num_outputs: int | None,
    kernel_size: Size,
    depth_multiplier: int = 1,
    stride: Size = 1,
    padding: str = "SAME",
    data_format: str = "NHWC",
    rate: Size = 1,
    activation_fn: Activation | None = tf.nn.relu,
    normalizer_fn: Normalizer | None = None,
    normalizer_params: Mapping[str, Any] | None = None,
    weights_initializer: Initializer = XAVIER,
    pointwise_initializer: Initializer | None = None,
    weights_regularizer: Regularizer | None = None,
    biases_initializer: Initializer | None = ZEROS,
    biases_regularizer: Regularizer | None = None,
    reuse: Reuse | None = None,
    variables_collections: VariableCollections | None = None,
    outputs_collections: Collections | None = None,
    trainable: bool = True,
    scope: Scope | None = None,
) -> tf.Tensor:
    """Convolves each channel by itself ("depthwise_weights"), then mixes them ("pointwise_weights").

    Then adds "biases" or normalises, then activates, as `conv2d` does.

    Args:
      inputs: [N, H, W, C], or [N, C, H, W] where `data_format` is "NCHW".
      num_outputs: None leaves the mixing out: C * depth_multiplier outputs.
      kernel_size, stride, rate: one int, or (height, width); stride or rate is 1.
      pointwise_initializer: None: weights_initializer.
      weights_regularizer: of both kinds of weights.
      scope: of the variables; default "SeparableConv2d".

    Raises: ValueError: a rank, padding, data_format or combination of stride and rate that there is not.
    """
    check_data_format(data_format, ("NCHW", "NHWC"))
    padding = check_padding(padding)
    getter = model_getter(RENAMED_SEPARABLE)
    with layer_scope("separable_conv2d", scope, "SeparableConv2d", inputs, reuse, getter) as (layer, inputs):
        check_rank("separable_conv2d", inputs, 4)
        channels = known_channels("separable_conv2d", inputs, data_format)
        window, rate = sizes("kernel_size", 2, kernel_size), sizes("rate", 2, rate)
        stride = _checked_stride(sizes("stride", 2, stride), rate)
        strides = [1, 1, *stride] if data_format == "NCHW" else [1, *stride, 1]
        settings = {"dtype": inputs.dtype, "trainable": trainable, "collections": variables_collections}
        settings["listed_as"] = "weights"
        with own_ops(layer):
            depthwise = layer_variable(
                layer,
                "depthwise_weights",
                "depthwise_weights" if num_outputs is None else "depthwise_kernel",
                shape=[*window, channels, depth_multiplier],
                initializer=weights_initializer,
                regularizer=weights_regularizer,
                **settings,
            )
            if num_outputs is not None:
                pointwise = layer_variable(
                    layer,
                    "pointwise_weights",
                    "pointwise_kernel",
                    shape=[1, 1, channels * depth_multiplier, num_outputs],
                    initializer=pointwise_initializer or weights_initializer,
                    regularizer=weights_regularizer,
                    **settings,
                )
            biases = layer_biases(
                layer,
                channels * depth_multiplier if num_outputs is None else num_outputs,
                normalizer_fn,
                biases_initializer,
                biases_regularizer,
                "biases" if num_outputs is None else "bias",
                **settings | {"listed_as": "biases"},
            )
            if num_outputs is None:
                outputs = convolve_depthwise(inputs, depthwise, strides, padding, rate, data_format)
            else:
                outputs = convolve_both(inputs, depthwise, pointwise, strides, padding, rate, data_format)
                name_update_ops()
            if biases is not None:
                outputs = tf.nn.bias_add(outputs, biases, data_format=data_format)
        outputs = finish(outputs, normalizer_fn, normalizer_params, activation_fn)
        return collect_named_outputs(outputs_collections, layer.name, outputs)


separable_conv2d = separable_convolution2d


@add_arg_scope
def bias_add(
    inputs: TensorLike,
    activation_fn: Activation | None = None,
    initializer: Initializer = ZEROS,
    regularizer: Regularizer | None = None,
    reuse: Reuse | None = None,
    variables_collections: VariableCollections | None = None,
    outputs_collections: Collections | None = None,
    trainable: bool = True,
    data_format: str = "NHWC",
    scope: Scope | None = None,
) -> tf.Tensor:
    """Adds the variable "biases" [C] to `inputs`; may stand for a normalizer_fn.

    Args:
      inputs: [N, ..., C], or [N, C, H, W] where `data_format` is "NCHW".
      scope: of the variable; default "BiasAdd".

    Raises: ValueError: an unknown rank or number of channels, or NCHW with another rank than 4.
    """
    check_data_format(data_format, ("NCHW", "NHWC"))
    with layer_scope("bias_add", scope, "BiasAdd", inputs, reuse) as (layer, inputs):
        if inputs.shape.rank is None:
            raise ValueError(
                "bias_add: Dims of shape must be known but is None; call set_shape on the inputs first"
            )
        if inputs.shape.rank < 2:
            raise ValueError(
                f"bias_add: Shape must be at least rank 2 but is rank {inputs.shape.rank}: {inputs.shape}; "
                f"{rank_advice(inputs, 2)}"
            )
        if data_format == "NCHW":
            check_rank("bias_add with data_format NCHW only supports 4D Tensor: it", inputs, 4)
        biases = model_variable(
            "biases",
            shape=[known_channels("bias_add", inputs, data_format)],
            dtype=inputs.dtype,
            initializer=initializer,
            regularizer=regularizer,
            collections=get_variable_collections(variables_collections, "biases"),
            trainable=trainable,
        )
        outputs = finish(tf.nn.bias_add(inputs, biases, data_format=data_format), activation_fn=activation_fn)
        return collect_named_outputs(outputs_collections, layer.name, outputs)


def _spatial_dims(inputs: tf.Tensor, conv_dims: int | None) -> int:
    rank = inputs.shape.rank
    if conv_dims is not None and rank != conv_dims + 2:
        raise ValueError(
            f"Convolution expects input with rank {conv_dims + 2}, got {rank}: conv{conv_dims}d convolves "
            f"{conv_dims} spatial dimensions; the inputs have shape {inputs.shape}; "
            f"{rank_advice(inputs, conv_dims + 2)}"
        )
    if rank not in (3, 4, 5):
        raise ValueError(
            f"Convolution not supported for input with rank {rank}; it may be 3, 4 or 5: "
            f"shape {inputs.shape}; {rank_advice(inputs, 4)}"
        )
    return rank - 2


def convolve_depthwise(
    inputs: tf.Tensor,
    kernel: tf.Tensor,
    strides: list[int],
    padding: str,
    rate: Sequence[int],
    data_format: str,
) -> tf.Tensor:
    """Returns tf.nn.depthwise_conv2d of `inputs`; without dilation by its op alone, which traces faster."""
    if max(rate) > 1:
        return tf.compat.v1.nn.depthwise_conv2d(
            inputs, kernel, strides, padding, rate=rate, data_format=data_format
        )
    return tf.raw_ops.DepthwiseConv2dNative(
        input=inputs,
        filter=tf.convert_to_tensor(kernel),
        strides=strides,
        padding=padding,
        data_format=data_format,
        name="depthwise",
    )


def convolve_both(
    inputs: tf.Tensor,
    depthwise: tf.Tensor,
    pointwise: tf.Tensor,
    strides: list[int],
    padding: str,
    rate: Sequence[int],
    data_format: str,
) -> tf.Tensor:
    """Returns tf.nn.separable_conv2d of `inputs`; without dilation by its two ops alone, as above."""
    if max(rate) > 1:
        return tf.compat.v1.nn.separable_conv2d(
            inputs, depthwise, pointwise, strides, padding, rate=rate, data_format=data_format
        )
    with tf.compat.v1.name_scope("separable_conv2d") as name:
        net = convolve_depthwise(inputs, depthwise, strides, padding, rate, data_format)
        return tf.nn.conv2d(net, pointwise, 1, "VALID", data_format=data_format, name=name)


def _checked_stride(stride: tuple[int, ...], rate: tuple[int, ...]) -> tuple[int, ...]:
    if max(stride) > 1 and max(rate) > 1:
        raise ValueError(f"stride {stride} and rate {rate} are both above 1; one of them has to be 1")
    return stride


def _convolve(
    inputs: tf.Tensor, weights: tf.Tensor, stride: Size, padding: str, data_format: str, rate: Size
) -> tf.Tensor:
    dims = inputs.shape.rank - 2
    rate = sizes("rate", dims, rate)
    stride = _checked_stride(sizes("stride", dims, stride), rate)
    if _covers(inputs, weights, padding, data_format, rate):
        return _product(inputs, weights)
    if dims == 2:
        return tf.nn.conv2d(inputs, weights, stride, padding, data_format=data_format, dilations=rate)
    return tf.nn.convolution(inputs, weights, stride, padding, data_format=data_format, dilations=rate)


def _covers(
    inputs: tf.Tensor, weights: tf.Tensor, padding: str, data_format: str, rate: Sequence[int]
) -> bool:
    """Returns whether the kernel covers the whole image and the host lets it be a product of matrices."""
    host = HOST.get()
    if host is None or not host.convolves_by_product or data_format != "NHWC" or max(rate) > 1:
        return False
    window = weights.shape[:2].as_list()
    return inputs.shape[1:3].as_list() == window and (padding == "VALID" or window == [1, 1])


def _product(inputs: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    """Returns the convolution of a kernel with an image of its own size, [N, 1, 1, outputs].

    On a CPU that is 5 to 8 times as fast as conv2d, forth and back: vgg's fc6, fc7 and fc8.
    """
    size, outputs = math.prod(weights.shape[:3]), weights.shape[3]
    net = tf.matmul(tf.reshape(inputs, [-1, size]), tf.reshape(weights, [size, outputs]))
    return tf.reshape(net, [-1, 1, 1, outputs])


def _kernel_channels(channels: int, num_outputs: int) -> tuple[int, int]:
    return channels, num_outputs


FORWARD = Kind("convolution", "Conv", FORMATS, _spatial_dims, _kernel_channels, _convolve)


def bias_format(data_format: str) -> str:
    return "NCHW" if channels_first(data_format) else "NHWC"
