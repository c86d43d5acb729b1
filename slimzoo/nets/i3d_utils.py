"""What the video networks are built of: convolutions in space and time, the 3-d Inception block."""

import functools
from collections.abc import Collection, Sequence
from typing import Any

import tensorflow as tf

from slimzoo import slim
from slimzoo.nets.common import Layer
from slimzoo.slim.unit import unit

MOVING = {"moving_mean": ["moving_vars"], "moving_variance": ["moving_vars"]}


def center_initializer() -> Layer:
    """Returns the initializer [T, 1, 1, C, C] of a convolution over T frames that keeps its input."""

    def initializer(
        shape: Sequence[int], dtype: tf.DType = tf.float32, partition_info: Any = None
    ) -> tf.Tensor:
        del partition_info
        problems = _not_temporal(tuple(shape), tf.as_dtype(dtype))
        if problems:
            raise ValueError(
                f"center_initializer, asked for {tuple(shape)} of {dtype}: {'; '.join(problems)}"
            )
        around = shape[0] // 2
        return tf.pad(tf.eye(shape[-1], dtype=dtype)[None, None, None], ((around, around), *[(0, 0)] * 4))

    return initializer


def _not_temporal(shape: tuple[int, ...], dtype: tf.DType) -> list[str]:
    problems = [] if dtype.is_floating else ["data type has to be tf.float32 or another floating one"]
    if len(shape) != 5:
        return [*problems, "Input tensor has to be 5-D"]
    if shape[3] != shape[4]:
        problems.append("Input and output channel dimensions must be the same")
    if shape[1:3] != (1, 1):
        problems.append("Spatial kernel sizes must be 1")
    if shape[0] % 2 == 0:
        problems.append("Temporal kernel size has to be odd")
    return problems


@slim.add_arg_scope
def conv3d_spatiotemporal(
    inputs: tf.Tensor,
    num_outputs: int,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] = 1,
    padding: str = "SAME",
    activation_fn: Layer | None = None,
    normalizer_fn: Layer | None = None,
    normalizer_params: dict[str, Any] | None = None,
    weights_regularizer: Layer | None = None,
    separable: bool = False,
    data_format: str = "NDHWC",
    scope: str = "",
) -> tf.Tensor:
    """Convolves videos [N, T, H, W, C] with slim.conv3d, or where `separable` first in space, then in time.

    Args:
      kernel_size, stride: one int, or (time, height, width).
      separable: the second convolution is `scope`/temporal; it has biases and is not normalised.
    """
    kernel, strides = (slim.utils.n_positive_integers(3, value) for value in (kernel_size, stride))
    conv = functools.partial(
        slim.conv3d, padding=padding, activation_fn=activation_fn, data_format=data_format
    )
    normal: dict[str, Any] = {
        "normalizer_fn": normalizer_fn,
        "normalizer_params": normalizer_params,
        "weights_regularizer": weights_regularizer,
    }
    if not separable or kernel[0] == 1:
        return conv(inputs, num_outputs, kernel, stride=strides, scope=scope, **normal)
    net = conv(inputs, num_outputs, (1, *kernel[1:]), stride=(1, *strides[1:]), scope=scope, **normal)
    in_time: dict[str, Any] = {
        "stride": (strides[0], 1, 1),
        "normalizer_fn": None,
        "scope": f"{scope}/temporal",
    }
    return conv(net, num_outputs, (kernel[0], 1, 1), weights_initializer=center_initializer(), **in_time)


@slim.add_arg_scope
@unit
def inception_block_v1_3d(
    inputs: tf.Tensor,
    num_outputs_0_0a: int,
    num_outputs_1_0a: int,
    num_outputs_1_0b: int,
    num_outputs_2_0a: int,
    num_outputs_2_0b: int,
    num_outputs_3_0b: int,
    temporal_kernel_size: int = 3,
    self_gating_fn: Layer | None = None,
    data_format: str = "NDHWC",
    scope: str = "",
) -> tf.Tensor:
    """Returns four branches of videos [N, T, H, W, C] put together, each of the map's size.

    Args:
      num_outputs_1_0a: channels of the first convolution (0a) of the second branch (1), and so on.
      self_gating_fn: (net, scope) -> a tensor like net, at the end of every branch; None: no gating.
    """
    layout: dict[str, Any] = {"data_format": data_format}

    def conv(net: tf.Tensor, outputs: int, name: str) -> tf.Tensor:
        if name.endswith("3x3"):
            return conv3d_spatiotemporal(net, outputs, (temporal_kernel_size, 3, 3), scope=name, **layout)
        return slim.conv3d(net, outputs, 1, scope=name, **layout)

    def pool(net: tf.Tensor, _: int, name: str) -> tf.Tensor:
        return slim.max_pool3d(net, 3, stride=1, padding="SAME", scope=name, **layout)

    branches = (
        ((conv, num_outputs_0_0a, "Conv2d_0a_1x1"),),
        ((conv, num_outputs_1_0a, "Conv2d_0a_1x1"), (conv, num_outputs_1_0b, "Conv2d_0b_3x3")),
        ((conv, num_outputs_2_0a, "Conv2d_0a_1x1"), (conv, num_outputs_2_0b, "Conv2d_0b_3x3")),
        ((pool, 0, "MaxPool_0a_3x3"), (conv, num_outputs_3_0b, "Conv2d_0b_1x1")),
    )
    with tf.compat.v1.variable_scope(scope):
        outputs = []
        for i, branch in enumerate(branches):
            with tf.compat.v1.variable_scope(f"Branch_{i}"):
                net, name = inputs, ""
                for layer, depth, name in branch:
                    net = layer(net, depth, name)
                outputs.append(self_gating_fn(net, scope=name) if self_gating_fn else net)
        return tf.concat(outputs, data_format.index("C"))


def reduced_kernel_size_3d(input_tensor: tf.Tensor, kernel_size: Sequence[int]) -> list[int]:
    """Returns `kernel_size` (time, height, width) cut to the size of `input_tensor`, where it is known."""
    have = input_tensor.shape.as_list()[1:4]
    return [want if size is None else min(size, want) for size, want in zip(have, kernel_size, strict=True)]


def check_base(
    inputs: tf.Tensor, first_kernel: int, final_endpoint: str, data_format: str, end_points: Collection[str]
) -> None:
    """Raises ValueError with all that is wrong with the arguments of s3dg_base."""
    problems = []
    if data_format not in ("NDHWC", "NCDHW"):
        problems.append(f"data_format must be NDHWC or NCDHW, not {data_format!r}")
    if first_kernel not in (1, 3, 5, 7):
        problems.append(f"first_temporal_kernel_size can only be 1, 3, 5 or 7, not {first_kernel!r}")
    if final_endpoint not in end_points:
        problems.append(f"Unknown final endpoint {final_endpoint!r}; there are {', '.join(end_points)}")
    if inputs.shape.rank != 5:
        problems.append(f"inputs has shape {inputs.shape} and must be videos [N, T, H, W, C]")
    elif 0 in inputs.shape[1:]:
        problems.append(f"inputs has shape {inputs.shape}; the smallest that works is 1 frame of 1x1 pixels")
    if problems:
        raise ValueError(f"This video network cannot be built: {'; '.join(problems)}")


def i3d_arg_scope(
    weight_decay: float = 1e-7,
    batch_norm_decay: float = 0.999,
    batch_norm_epsilon: float = 0.001,
    use_renorm: bool = False,
    separable_conv3d: bool = False,
) -> dict:
    """Returns the scope of I3D: ReLU, batch norm without gamma, L2 on the weights."""
    batch_norm = {
        "decay": batch_norm_decay,
        "epsilon": batch_norm_epsilon,
        "fused": False,
        "renorm": use_renorm,
        "variables_collections": MOVING,
    }
    with (
        slim.arg_scope([conv3d_spatiotemporal], separable=separable_conv3d),
        slim.arg_scope(
            [slim.conv3d, conv3d_spatiotemporal],
            weights_regularizer=slim.l2_regularizer(weight_decay),
            activation_fn=tf.nn.relu,
            normalizer_fn=slim.batch_norm,
            normalizer_params=batch_norm,
        ) as scope,
    ):
        return scope
