"""Transposed convolutions: conv2d_transpose, conv3d_transpose."""

import tensorflow as tf

from slimzoo.slim.conv import XAVIER, ZEROS, bias_format
from slimzoo.slim.layering import (
    CHANNELS_FIRST,
    CHANNELS_LAST,
    RENAMED,
    channels_first,
    check_data_format,
    check_padding,
    check_rank,
    finish,
    known_channels,
    layer_biases,
    layer_scope,
    layer_variable,
    model_getter,
    named,
    own_ops,
    sizes,
)
from slimzoo.slim.utils import collect_named_outputs

OPS = {2: tf.nn.conv2d_transpose, 3: tf.nn.conv3d_transpose}  # by the number of spatial dimensions


def _transposed(
    inputs,
    num_outputs,
    kernel_size,
    stride=1,
    padding="SAME",
    data_format=None,
    activation_fn=tf.nn.relu,
    normalizer_fn=None,
    normalizer_params=None,
    weights_initializer=XAVIER,
    weights_regularizer=None,
    biases_initializer=ZEROS,
    biases_regularizer=None,
    reuse=None,
    variables_collections=None,
    outputs_collections=None,
    trainable=True,
    scope=None,
    conv_dims=2,
):
    """Spreads `inputs` by the variable "weights" [*kernel_size, num_outputs, channels], a conv backwards.

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
    name = f"conv{conv_dims}d_transpose"
    getter = model_getter(RENAMED)
    with layer_scope(name, scope, name.capitalize(), inputs, reuse, getter) as (layer, inputs):
        check_data_format(data_format, (CHANNELS_FIRST[conv_dims], CHANNELS_LAST[conv_dims]))
        check_rank(name, inputs, conv_dims + 2)
        padding, window = check_padding(padding), sizes("kernel_size", conv_dims, kernel_size)
        strides = sizes("stride", conv_dims, stride)
        channels = known_channels(name, inputs, data_format)
        settings = {"dtype": inputs.dtype, "trainable": trainable, "collections": variables_collections}
        with own_ops(layer):
            weights = layer_variable(
                layer,
                "weights",
                "kernel",
                shape=[*window, num_outputs, channels],
                initializer=weights_initializer,
                regularizer=weights_regularizer,
                **settings,
            )
            biases = layer_biases(
                layer, num_outputs, normalizer_fn, biases_initializer, biases_regularizer, **settings
            )
            lengths = _lengths(inputs, window, strides, padding, data_format)
            outputs = _spread(inputs, weights, lengths, strides, padding, data_format)
            if biases is not None:
                outputs = tf.nn.bias_add(outputs, biases, data_format=bias_format(data_format))
        outputs = finish(outputs, normalizer_fn, normalizer_params, activation_fn)
        return collect_named_outputs(outputs_collections, layer.name, outputs)


def _lengths(inputs, window, strides, padding, data_format):
    """Returns the spatial lengths of the outputs, an int where it is known and a scalar tensor where not."""
    first = 2 if channels_first(data_format) else 1
    known, lengths = inputs.shape.as_list(), []
    for axis, (size, stride) in enumerate(zip(window, strides, strict=True), start=first):
        length = tf.shape(inputs)[axis] if known[axis] is None else known[axis]
        lengths.append(length * stride + (max(size - stride, 0) if padding == "VALID" else 0))
    return lengths


def _spread(inputs, weights, lengths, strides, padding, data_format):
    batch = inputs.shape.as_list()[0]
    rows = tf.shape(inputs)[0] if batch is None else batch
    outputs, known = weights.shape.as_list()[-2], [None if tf.is_tensor(size) else size for size in lengths]
    if channels_first(data_format):
        shape, strides, static = [rows, outputs, *lengths], [1, 1, *strides], [batch, outputs, *known]
    else:
        shape, strides, static = [rows, *lengths, outputs], [1, *strides, 1], [batch, *known, outputs]
    spread = OPS[len(lengths)](inputs, weights, shape, strides, padding, data_format=data_format)
    spread.set_shape(static)
    return spread


conv2d_transpose = convolution2d_transpose = named(
    "convolution2d_transpose", _transposed, {"conv_dims": 2}, {"data_format": "NHWC"}
)
conv3d_transpose = convolution3d_transpose = named(
    "convolution3d_transpose", _transposed, {"conv_dims": 3}, {"data_format": "NDHWC"}
)
