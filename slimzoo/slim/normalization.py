"""Normalisation without averages over the batch: layer_norm, instance_norm, group_norm."""

from collections.abc import Iterable, Mapping, Sequence

import tensorflow as tf

from slimzoo.slim.arg_scope import add_arg_scope
from slimzoo.slim.hosting import require_graph
from slimzoo.slim.layer_core import (
    channels_first,
    check_data_format,
    finish,
    layer_scope,
    rank_advice,
)
from slimzoo.slim.types import (
    Activation,
    Collections,
    Initializer,
    Reuse,
    Scope,
    Shape,
    TensorLike,
    VariableCollections,
)
from slimzoo.slim.utils import collect_named_outputs, get_variable_collections
from slimzoo.slim.variables import model_variable

INITIALIZERS = {"beta": tf.compat.v1.zeros_initializer(), "gamma": tf.compat.v1.ones_initializer()}


@add_arg_scope
def layer_norm(
    inputs: TensorLike,
    center: bool = True,
    scale: bool = True,
    activation_fn: Activation | None = None,
    reuse: Reuse | None = None,
    variables_collections: VariableCollections | None = None,
    outputs_collections: Collections | None = None,
    trainable: bool = True,
    begin_norm_axis: int = 1,
    begin_params_axis: int = -1,
    scope: Scope | None = None,
) -> tf.Tensor:
    """Normalises each sample over its dimensions from `begin_norm_axis` (Ba et al. 2016, arXiv:1607.06450).

    Args:
      inputs: of known rank.
      center, scale: whether there are "beta" and "gamma", of shape inputs.shape[begin_params_axis:].
      variables_collections: a list, or a dict with lists for "beta" and "gamma".
      scope: of the variables; default "LayerNorm".

    Raises: ValueError: an unknown rank or shape of the variables, or an axis that there is not.
    """
    with layer_scope("layer_norm", scope, "LayerNorm", inputs, reuse) as (layer, inputs):
        rank = _known_rank(inputs)
        first = begin_norm_axis + rank if begin_norm_axis < 0 else begin_norm_axis
        if begin_params_axis >= rank or first >= rank:
            raise ValueError(
                f"begin_params_axis ({begin_params_axis}) and begin_norm_axis ({first}) must be < rank"
                f"(inputs) ({rank}): shape {inputs.shape}"
            )
        shape = inputs.shape[begin_params_axis:]
        if not shape.is_fully_defined():
            raise ValueError(
                f"Inputs {inputs.name}: shape(inputs)[{begin_params_axis}:] is not fully defined: "
                f"{inputs.shape}; call set_shape on the inputs first"
            )
        beta, gamma = _parameters(inputs, shape, center, scale, None, variables_collections, trainable)
        mean, variance = tf.nn.moments(inputs, list(range(first, rank)), keepdims=True)
        epsilon = 1e-3 if inputs.dtype == tf.float16 else 1e-12  # float16 has nothing between 0 and 6e-8
        outputs = tf.nn.batch_normalization(inputs, mean, variance, beta, gamma, epsilon)
        outputs.set_shape(inputs.shape)
        outputs = finish(outputs, activation_fn=activation_fn)
        return collect_named_outputs(outputs_collections, layer.name, outputs)


@add_arg_scope
def instance_norm(
    inputs: TensorLike,
    center: bool = True,
    scale: bool = True,
    epsilon: float = 1e-6,
    activation_fn: Activation | None = None,
    param_initializers: Mapping[str, Initializer] | None = None,
    reuse: Reuse | None = None,
    variables_collections: VariableCollections | None = None,
    outputs_collections: Collections | None = None,
    trainable: bool = True,
    data_format: str = "NHWC",
    scope: Scope | None = None,
) -> tf.Tensor:
    """Normalises each channel of each sample by itself (Ulyanov et al. 2016, arXiv:1607.08022).

    Args:
      inputs: [N, ..., C], or [N, C, ...] where `data_format` is "NCHW".
      center, scale: whether there are "beta" and "gamma", [C].
      param_initializers: a dict by "beta" and "gamma".
      variables_collections: a list, or a dict with lists for "beta" and "gamma".
      scope: of the variables; default "InstanceNorm".

    Raises: ValueError: an unknown rank, number of channels or data_format.
    """
    require_graph("instance_norm", inputs)
    inputs = tf.convert_to_tensor(inputs)
    rank = _known_rank(inputs)
    check_data_format(data_format, ("NCHW", "NHWC"))
    if rank < 2:
        raise ValueError(
            f"instance_norm takes inputs of rank 2 or more, got rank {rank}: shape {inputs.shape}; "
            f"{rank_advice(inputs, 4)}"
        )
    with layer_scope("instance_norm", scope, "InstanceNorm", inputs, reuse) as (layer, inputs):
        channels = inputs.shape.as_list()[1 if channels_first(data_format) else -1]
        if channels is None:
            raise ValueError(
                f"Inputs {inputs.name} has undefined channels dimension: {inputs.shape}, {data_format}; "
                "call set_shape on the inputs first"
            )
        settings = (center, scale, param_initializers, variables_collections, trainable)
        parameters = _parameters(inputs, [channels], *settings)
        if channels_first(data_format):
            beta, gamma = _reshaped(parameters, [1, channels] + [1] * (rank - 2))
            axes = list(range(2, rank))
        else:
            (beta, gamma), axes = parameters, list(range(1, rank - 1))
        mean, variance = tf.nn.moments(inputs, axes, keepdims=True)
        outputs = tf.nn.batch_normalization(inputs, mean, variance, beta, gamma, epsilon, name="instancenorm")
        outputs = finish(outputs, activation_fn=activation_fn)
        return collect_named_outputs(outputs_collections, layer.name, outputs)


@add_arg_scope
def group_norm(
    inputs: TensorLike,
    groups: int = 32,
    channels_axis: int = -1,
    reduction_axes: Sequence[int] = (-3, -2),
    center: bool = True,
    scale: bool = True,
    epsilon: float = 1e-6,
    activation_fn: Activation | None = None,
    param_initializers: Mapping[str, Initializer] | None = None,
    reuse: Reuse | None = None,
    variables_collections: VariableCollections | None = None,
    outputs_collections: Collections | None = None,
    trainable: bool = True,
    scope: Scope | None = None,
    mean_close_to_zero: bool = False,
) -> tf.Tensor:
    """Normalises groups of neighbouring channels of each sample (Wu & He 2018, arXiv:1803.08494).

    Args:
      inputs: [N, H, W, C] by default; the sizes along `channels_axis` and `reduction_axes` are known.
      groups: their number; it divides the number of channels.
      channels_axis, reduction_axes: -3 and (-2, -1) for [N, C, H, W].
      center, scale: whether there are "beta" and "gamma", [C].
      param_initializers: a dict by "beta" and "gamma".
      variables_collections: a list, or a dict with lists for "beta" and "gamma".
      scope: of the variables; default "GroupNorm".
      mean_close_to_zero: take the variance from the sums of values and squares, in one pass: exact enough
        only where the mean is near 0.

    Raises: ValueError: an unknown rank or size, axes or groups that do not go together.
    """
    require_graph("group_norm", inputs)
    inputs = tf.convert_to_tensor(inputs)
    axis, channels, reduced = _group_axes(inputs, groups, channels_axis, reduction_axes)
    sizes = [tf.shape(inputs)[i] if size is None else size for i, size in enumerate(inputs.shape.as_list())]
    split, static = [groups, channels // groups], inputs.shape
    broadcast = [1] * axis + split + [1] * (static.rank - axis - 1)
    grouped = tf.reshape(inputs, sizes[:axis] + split + sizes[axis + 1 :])
    axes = [axis + 1] + [a + 1 if a > axis else a for a in reduced]
    with layer_scope("group_norm", scope, "GroupNorm", grouped, reuse) as (layer, grouped):
        settings = (center, scale, param_initializers, variables_collections, trainable)
        beta, gamma = _reshaped(_parameters(inputs, [channels], *settings), broadcast)
        mean, variance = _moments(grouped, axes, mean_close_to_zero)
        gain = tf.math.rsqrt(variance + epsilon)
        offset = -mean * gain
        if gamma is not None:
            gain, offset = gain * gamma, offset * gamma
        if beta is not None:
            offset += beta
        outputs = tf.reshape(grouped * gain + offset, sizes)
        outputs.set_shape(static)
        outputs = finish(outputs, activation_fn=activation_fn)
        return collect_named_outputs(outputs_collections, layer.name, outputs)


def _known_rank(inputs: tf.Tensor) -> int:
    if inputs.shape.rank is None:
        raise ValueError(f"Inputs {inputs.name} has undefined rank. Call set_shape on the inputs first.")
    return inputs.shape.rank


def _parameters(
    inputs: tf.Tensor,
    shape: Shape,
    center: bool,
    scale: bool,
    initializers: Mapping[str, Initializer] | None,
    collections: VariableCollections | None,
    trainable: bool,
) -> tuple[tf.Variable | None, tf.Variable | None]:
    """Returns (beta, gamma), made in this order; None for one that is not wanted."""
    initializers = {**INITIALIZERS, **(initializers or {})}

    def made(name: str) -> tf.Variable:
        return model_variable(
            name,
            shape=shape,
            dtype=inputs.dtype,
            initializer=initializers[name],
            collections=get_variable_collections(collections, name),
            trainable=trainable,
        )

    return made("beta") if center else None, made("gamma") if scale else None


def _reshaped(parameters: Iterable[tf.Variable | None], shape: list[int]) -> list[tf.Tensor | None]:
    return [None if parameter is None else tf.reshape(parameter, shape) for parameter in parameters]


def _moments(grouped: tf.Tensor, axes: list[int], mean_close_to_zero: bool) -> tuple[tf.Tensor, tf.Tensor]:
    if not mean_close_to_zero:
        return tf.nn.moments(grouped, axes, keepdims=True)
    count, total, squares, _ = tf.nn.sufficient_statistics(grouped, axes, keepdims=True)
    return tf.nn.normalize_moments(count, total, squares, shift=None)


def _group_axes(
    inputs: tf.Tensor, groups: int, channels_axis: int, reduction_axes: Sequence[int]
) -> tuple[int, int, list[int]]:
    """Returns (axis of the channels, their number, other axes to reduce), axes from 0 on."""
    rank, shape = _known_rank(inputs), inputs.shape.as_list()
    out = [axis for axis in (channels_axis, *reduction_axes) if not -rank <= axis < rank]
    if out:
        raise ValueError(f"Axis is out of bounds. {out} with inputs of rank {rank}: shape {inputs.shape}")
    axis, reduced = channels_axis % rank, [a % rank for a in reduction_axes]
    if shape[axis] is None:
        raise ValueError(
            f"Inputs {inputs.name} has undefined channel dimension: {axis}. Its shape is {inputs.shape}; "
            "call set_shape on the inputs first"
        )
    unknown = [a for a in reduced if shape[a] is None]
    if unknown:
        raise ValueError(
            f"Inputs {inputs.name} has undefined dimensions {', '.join(map(str, unknown))}. Its shape is "
            f"{inputs.shape}; call set_shape on the inputs first"
        )
    if axis in reduced:
        raise ValueError(
            f"reduction_axis must be mutually exclusive with channels_axis: {axis} is in both, "
            f"{channels_axis} and {tuple(reduction_axes)} of shape {inputs.shape}"
        )
    channels = shape[axis]
    if groups > channels:
        raise ValueError(f"Invalid groups {groups} for {channels} channels. There can be {channels} at most.")
    if channels % groups:
        raise ValueError(
            f"{channels} channels is not commensurate with {groups} groups. It must divide them."
        )
    return axis, channels, reduced
