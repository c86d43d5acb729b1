"""Pooling: max_pool2d, avg_pool2d, their 3-D forms, and pool for 1 to 3 dimensions."""

from collections.abc import Callable

import tensorflow as tf

from slimzoo.slim.arg_scope import add_arg_scope
from slimzoo.slim.hosting import HOST
from slimzoo.slim.layer_core import (
    CHANNELS_FIRST,
    CHANNELS_LAST,
    check_data_format,
    check_padding,
    check_rank,
    name_update_ops,
    op_scope,
    rank_advice,
    sizes,
)
from slimzoo.slim.types import Collections, Size, TensorLike
from slimzoo.slim.utils import collect_named_outputs


@add_arg_scope
def max_pool2d(
    inputs: TensorLike,
    kernel_size: Size,
    stride: Size = 2,
    padding: str = "VALID",
    data_format: str = "NHWC",
    outputs_collections: Collections | None = None,
    scope: str | None = None,
) -> tf.Tensor:
    """Returns the maximum over windows of `inputs` [N, H, W, C] ([N, C, H, W] for "NCHW").

    Args:
      kernel_size, stride: one int, or (height, width).

    Raises: ValueError: another rank, padding or data_format.
    """
    window = (kernel_size, stride, padding, data_format)
    return _pool(
        "max_pool2d", tf.compat.v1.nn.max_pool, "MaxPool2D", inputs, window, outputs_collections, scope
    )


@add_arg_scope
def avg_pool2d(
    inputs: TensorLike,
    kernel_size: Size,
    stride: Size = 2,
    padding: str = "VALID",
    data_format: str = "NHWC",
    outputs_collections: Collections | None = None,
    scope: str | None = None,
) -> tf.Tensor:
    """Returns the mean over windows of `inputs` [N, H, W, C] ([N, C, H, W] for "NCHW"), padding left out.

    Args:
      kernel_size, stride: one int, or (height, width).

    Raises: ValueError: another rank, padding or data_format.
    """
    window = (kernel_size, stride, padding, data_format)
    return _pool(
        "avg_pool2d", tf.compat.v1.nn.avg_pool, "AvgPool2D", inputs, window, outputs_collections, scope
    )


@add_arg_scope
def max_pool3d(
    inputs: TensorLike,
    kernel_size: Size,
    stride: Size = 2,
    padding: str = "VALID",
    data_format: str = "NDHWC",
    outputs_collections: Collections | None = None,
    scope: str | None = None,
) -> tf.Tensor:
    """Returns the maximum over windows of `inputs` [N, D, H, W, C] ([N, C, D, H, W] for "NCDHW").

    Args:
      kernel_size, stride: one int, or (depth, height, width).

    Raises: ValueError: another rank, padding or data_format.
    """
    window = (kernel_size, stride, padding, data_format)
    return _pool("max_pool3d", tf.nn.max_pool3d, "MaxPool3D", inputs, window, outputs_collections, scope)


@add_arg_scope
def avg_pool3d(
    inputs: TensorLike,
    kernel_size: Size,
    stride: Size = 2,
    padding: str = "VALID",
    data_format: str = "NDHWC",
    outputs_collections: Collections | None = None,
    scope: str | None = None,
) -> tf.Tensor:
    """Returns the mean over windows of `inputs` [N, D, H, W, C] ([N, C, D, H, W] for "NCDHW").

    Args:
      kernel_size, stride: one int, or (depth, height, width).

    Raises: ValueError: another rank, padding or data_format.
    """
    window = (kernel_size, stride, padding, data_format)
    return _pool("avg_pool3d", tf.nn.avg_pool3d, "AvgPool3D", inputs, window, outputs_collections, scope)


@add_arg_scope
def pool(
    inputs: TensorLike,
    kernel_size: Size,
    pooling_type: str,
    padding: str = "VALID",
    data_format: str | None = None,
    dilation_rate: Size = 1,
    stride: Size = 1,
    outputs_collections: Collections | None = None,
    scope: str | None = None,
) -> tf.Tensor:
    """Returns the maximum or mean over windows of 1 to 3 spatial dimensions.

    Args:
      inputs: [N, *spatial, C], or [N, C, *spatial] where `data_format` starts with "NC".
      kernel_size, dilation_rate, stride: one int, or one for each spatial dimension; stride or rate is 1.
      pooling_type: "MAX" or "AVG".

    Raises: ValueError: another pooling_type or padding, or a rank below 3.
    """
    if pooling_type not in ("MAX", "AVG"):
        raise ValueError(f"pooling_type has to be 'MAX' or 'AVG', not {pooling_type!r}")
    with op_scope("pool", scope, f"{pooling_type.lower()}_pool", inputs) as (name, inputs):
        rank = inputs.shape.rank
        if rank is None or rank < 3:
            needed = "known" if rank is None else f">= 3, not {rank}"
            raise ValueError(
                f"Rank of inputs must be {needed}: shape {inputs.shape}; {rank_advice(inputs, 4)}"
            )
        outputs = tf.compat.v1.nn.pool(
            inputs,
            window_shape=sizes("kernel_size", rank - 2, kernel_size),
            pooling_type=pooling_type,
            padding=check_padding(padding),
            data_format=data_format,
            dilation_rate=sizes("dilation_rate", rank - 2, dilation_rate),
            strides=sizes("stride", rank - 2, stride),
            name=name,
        )
        return collect_named_outputs(outputs_collections, name, outputs)


def _pool(
    op_name: str,
    op: Callable[..., tf.Tensor],
    default_name: str,
    inputs: TensorLike,
    window: tuple[Size, Size, str, str],
    outputs_collections: Collections | None,
    scope: str | None,
) -> tf.Tensor:
    kernel_size, stride, padding, data_format = window
    dims = 3 if op_name.endswith("3d") else 2
    first, last = CHANNELS_FIRST[dims], CHANNELS_LAST[dims]
    check_data_format(data_format, (first, last))
    with op_scope(op_name, scope, default_name, inputs) as (name, inputs):
        check_rank(op_name, inputs, dims + 2)
        size, step = sizes("kernel_size", dims, kernel_size), sizes("stride", dims, stride)
        turned = data_format == first and (dims == 3 or _lacks_gradient(op_name))
        if turned:
            inputs = tf.transpose(inputs, [0, *range(2, dims + 2), 1])
        if data_format == first and not turned:
            ksize, strides = [1, 1, *size], [1, 1, *step]
        else:
            ksize, strides = [1, *size, 1], [1, *step, 1]
        form = last if turned else data_format
        outputs = op(inputs, ksize, strides, check_padding(padding), data_format=form)
        if turned:
            outputs = tf.transpose(outputs, [0, dims + 1, *range(1, dims + 1)])
        name_update_ops()
        return collect_named_outputs(outputs_collections, name, outputs)


def _lacks_gradient(op_name: str) -> bool:
    """Whether a CPU must train this pooling: its kernels know the gradient of a 2-D maximum in NHWC alone.

    In a tf.Graph the layer is the op it was in TensorFlow 1.15, which has no such gradient either.
    """
    return op_name == "max_pool2d" and HOST.get() is not None and not tf.config.list_physical_devices("GPU")
