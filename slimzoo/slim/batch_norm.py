"""Batch normalisation (Ioffe & Szegedy 2015), fused or not, as TensorFlow 1.15 computed it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import tensorflow as tf

from slimzoo.slim import moving_average
from slimzoo.slim import renorm as renormalisation
from slimzoo.slim.arg_scope import add_arg_scope
from slimzoo.slim.hosting import HOST, require_graph
from slimzoo.slim.layer_core import (
    check_data_format,
    finish,
    known_channels,
    layer_scope,
    layer_variable,
    model_getter,
    name_update_ops,
    own_ops,
    rank_advice,
)
from slimzoo.slim.replicas import moments_of_all
from slimzoo.slim.types import (
    Activation,
    Collections,
    Flag,
    Initializer,
    Regularizer,
    Reuse,
    Scope,
    TensorLike,
    VariableCollections,
)
from slimzoo.slim.utils import collect_named_outputs, constant_value, get_variable_collections, smart_cond
from slimzoo.slim.variables import as_list, model_variable

Adjustment: TypeAlias = Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]  # shape -> (scale, bias)
Normalised: TypeAlias = tuple[tf.Tensor, tf.Tensor, tf.Tensor]  # outputs, mean, variance
UPDATE_OPS = tf.compat.v1.GraphKeys.UPDATE_OPS
HALVES = (tf.float16, tf.bfloat16)  # their parameters and statistics are kept in float32
ZEROS = tf.compat.v1.zeros_initializer()
ONES = tf.compat.v1.ones_initializer()
INITIALIZERS = {"beta": ZEROS, "gamma": ONES, "moving_mean": ZEROS, "moving_variance": ONES}


@add_arg_scope
def batch_norm(
    inputs: TensorLike,
    decay: float = 0.999,
    center: bool = True,
    scale: bool = False,
    epsilon: float = 0.001,
    activation_fn: Activation | None = None,
    param_initializers: Mapping[str, Initializer] | None = None,
    param_regularizers: Mapping[str, Regularizer] | None = None,
    updates_collections: Collections | None = UPDATE_OPS,
    is_training: Flag = True,
    reuse: Reuse | None = None,
    variables_collections: VariableCollections | None = None,
    outputs_collections: Collections | None = None,
    trainable: bool = True,
    batch_weights: TensorLike | None = None,
    fused: bool | None = None,
    data_format: str = "NHWC",
    zero_debias_moving_mean: bool = False,
    scope: Scope | None = None,
    renorm: bool = False,
    renorm_clipping: Mapping[str, TensorLike] | None = None,
    renorm_decay: float = 0.99,
    adjustment: Adjustment | None = None,
) -> tf.Tensor:
    """Normalises `inputs` to mean 0 and variance 1 over all dimensions but the channels.

    In a tf.Graph the moving averages move only when the update ops are run together with the training op:
    `updates = tf.compat.v1.get_collection(updates_collections)`. Inside a Model they move by themselves.

    Args:
      inputs: [N, ..., C], or [N, C, ...] where `data_format` is "NCHW".
      decay: of the moving averages; 0.9 suits short training, 0.999 long.
      center, scale: whether there are "beta" and "gamma".
      param_initializers: a dict by "beta", "gamma", "moving_mean", "moving_variance".
      param_regularizers: a dict by "beta" and "gamma".
      updates_collections: where the update ops go; None makes the outputs depend on them.
      is_training: a bool or a bool tensor; False normalises with the moving averages.
      variables_collections: a list, or a dict with lists by the names above.
      batch_weights: [N], the weight of each sample in the mean and the variance.
      fused: None and True use the fused op where it can be used: rank 2 or 4, none of batch_weights, renorm,
        adjustment. It updates the moving variance with the unbiased variance, the others with the biased one.
      zero_debias_moving_mean: the moving mean starts from the first batch; for short training.
      renorm, renorm_clipping, renorm_decay: batch renormalisation, limited by "rmax", "rmin", "dmax".
      adjustment: shape -> (scale, bias), applied to the normalised values in training, before gamma and beta.
      scope: of the variables; default "BatchNorm".

    Raises: ValueError: an unknown rank or number of channels, or settings that do not go together.
    """
    require_graph("batch_norm", inputs)
    check_data_format(data_format, ("NCHW", "NHWC"))
    usual = batch_weights is None and updates_collections is UPDATE_OPS and not zero_debias_moving_mean
    inputs = tf.convert_to_tensor(inputs)
    _check(inputs, usual, renorm, adjustment)
    fused = fused is not False and batch_weights is None and _can_fuse(inputs, renorm, adjustment)
    core = usual and not (fused and inputs.shape.rank == 2)
    getter = None if fused and not core else model_getter()
    with layer_scope("batch_norm", scope, "BatchNorm", inputs, reuse, getter) as (layer, inputs):
        host = HOST.get()
        spec = Spec(
            layer=layer,
            decay=decay,
            epsilon=epsilon,
            training=False if host is not None and host.frozen(layer.name) else is_training,
            axis=1 if data_format == "NCHW" else inputs.shape.rank - 1,
            channels=known_channels("batch_norm", inputs, data_format),
            dtype=tf.float32 if inputs.dtype in HALVES else inputs.dtype,
            core=core,
            fused=fused,
            debias=zero_debias_moving_mean,
            renorm=renormalisation.check_clipping(renorm_clipping) if renorm else None,
            renorm_decay=renorm_decay,
        )
        wanted = (("gamma", scale), ("beta", center)) if spec.core else (("beta", center), ("gamma", scale))
        initializers = {**INITIALIZERS, **(param_initializers or {})}
        settings = {"trainable": trainable, "collections": variables_collections}
        with own_ops(layer):
            variables = _variables(spec, wanted, initializers, param_regularizers or {}, settings)
            if fused and host is not None and host.wants_shapes_alone:
                outputs = tf.identity(inputs)
            else:
                compute = _way(spec, batch_weights, adjustment)
                outputs, mean, variance = compute(spec, variables, inputs)
                if spec.core:
                    name_update_ops()
                if spec.may_train and (trainable or not spec.core or host is not None):
                    updates = update_averages(spec, variables, mean, variance)
                    outputs = _collect(spec, updates, updates_collections, outputs)
        outputs = finish(outputs, activation_fn=activation_fn)
        return collect_named_outputs(outputs_collections, layer.name, outputs)


@dataclass(frozen=True)
class Spec:
    """One batch norm, checked.

    core: its parts are named and ordered as in tf.layers; else as in tf.contrib.layers.
    """

    layer: Any
    decay: float
    epsilon: float
    training: Any
    axis: int
    channels: int
    dtype: tf.DType
    core: bool
    fused: bool
    debias: bool
    renorm: dict | None
    renorm_decay: float

    @property
    def may_train(self) -> bool:
        """False where it is known that this is inference."""
        value = constant_value(self.training)
        return value is None or bool(value)


def _check(inputs: tf.Tensor, usual: bool, renorm: bool, adjustment: Adjustment | None) -> None:
    rank = inputs.shape.rank
    if rank is None or rank < 2:
        raise ValueError(
            f"batch_norm: Inputs {inputs.name} has undefined rank or one below 2: shape {inputs.shape}; "
            f"{rank_advice(inputs, 2)}"
        )
    unusual = [name for name, value in (("renorm", renorm), ("adjustment", adjustment)) if value]
    if unusual and not usual:
        raise ValueError(
            f"{' and '.join(unusual)} is not supported with batch_weights, updates_collections or "
            "zero_debias_moving_mean; leave those at their defaults"
        )


def _can_fuse(inputs: tf.Tensor, renorm: bool, adjustment: Adjustment | None) -> bool:
    return not renorm and adjustment is None and inputs.shape.rank in (2, 4) and inputs.dtype != tf.float64


def _variables(
    spec: Spec,
    wanted: Iterable[tuple[str, bool]],
    initializers: Mapping[str, Initializer],
    regularizers: Mapping[str, Regularizer],
    settings: dict[str, Any],
) -> dict[str, Any]:
    """Returns the variables by name, made in the order of TensorFlow 1.15."""
    variables = {}
    for name in (name for name, is_wanted in wanted if is_wanted):
        regularizer = regularizers.get(name) if spec.core or spec.fused else None  # unfused contrib has none
        variables[name] = _variable(spec, name, initializers[name], regularizer, **settings)
    settings["trainable"] = False
    spread = initializers["moving_variance"]
    averages = {"moving_mean": initializers["moving_mean"], "moving_variance": spread}
    if spec.renorm is not None:
        stddev = renormalisation.stddev_initializer(spread)
        averages |= {
            "moving_stddev": stddev,
            "renorm_mean": initializers["moving_mean"],
            "renorm_stddev": stddev,
        }
    with tf.compat.v1.variable_scope(tf.compat.v1.get_variable_scope(), auxiliary_name_scope=False) as whole:
        whole.set_partitioner(None)  # an average cannot be updated in parts
        for name, initializer in averages.items():
            variables[name] = _variable(spec, name, initializer, None, **settings)
        if spec.debias and spec.may_train:
            host, name = HOST.get(), f"{spec.layer.name}/moving_mean"
            name = name if host is None else host.own_name(name)
            variables["shadow"] = moving_average.shadow_variables(name, [spec.channels], spec.dtype)
    return variables


def _variable(
    spec: Spec,
    name: str,
    initializer: Initializer,
    regularizer: Regularizer | None,
    trainable: bool,
    collections: VariableCollections | None,
) -> tf.Variable:
    made = {
        "shape": [spec.channels],
        "dtype": spec.dtype,
        "initializer": initializer,
        "regularizer": regularizer,
        "trainable": trainable,
    }
    if spec.core:
        return layer_variable(spec.layer, name, name, collections=collections, **made)
    return model_variable(name, collections=get_variable_collections(collections, name), **made)


def _way(
    spec: Spec, batch_weights: TensorLike | None, adjustment: Adjustment | None
) -> Callable[..., Normalised]:
    """Returns what computes the outputs: the fused op, the moments of all replicas, or those of this one."""
    host, replica = HOST.get(), tf.distribute.get_replica_context()
    usual = batch_weights is None and adjustment is None and spec.renorm is None
    several = replica is not None and replica.num_replicas_in_sync > 1
    if host is not None and host.together and several and usual and spec.may_train:
        return by_moments_of_all
    return by_fused_op if spec.fused else partial(by_moments, weights=batch_weights, adjustment=adjustment)


def by_moments_of_all(spec: Spec, variables: Mapping[str, Any], inputs: tf.Tensor) -> Normalised:
    """Returns (outputs, mean, variance) over the images of all replicas; the variance as without replicas."""
    along = [spec.channels if axis == spec.axis else 1 for axis in range(inputs.shape.rank)]
    mean, variance, unbiased = moments_of_all(tf.cast(inputs, spec.dtype), spec.axis)
    terms = (mean, variance, variables.get("beta"), variables.get("gamma"))
    spread = [None if t is None else tf.cast(tf.reshape(t, along), inputs.dtype) for t in terms]
    outputs = tf.nn.batch_normalization(inputs, *spread, spec.epsilon)
    outputs.set_shape(inputs.shape)
    return outputs, mean, unbiased if spec.fused else variance


def by_fused_op(spec: Spec, variables: Mapping[str, Any], inputs: tf.Tensor) -> Normalised:
    """Returns (outputs, mean, variance) by the fused op, the variance unbiased; inputs of rank 2 or 4."""
    given, static = inputs, inputs.shape
    if static.rank == 2:
        inputs = tf.reshape(inputs, [-1, 1, 1, spec.channels])
    first = static.rank == 4 and spec.axis == 1
    gamma, beta = variables.get("gamma"), variables.get("beta")
    gamma = tf.ones([spec.channels], spec.dtype) if gamma is None else tf.convert_to_tensor(gamma)
    beta = tf.zeros([spec.channels], spec.dtype) if beta is None else tf.convert_to_tensor(beta)

    def normalise(**averages: tf.Tensor) -> Normalised:
        return tf.compat.v1.nn.fused_batch_norm(
            inputs,
            gamma,
            beta,
            epsilon=spec.epsilon,
            data_format="NCHW" if first else "NHWC",
            is_training=not averages,
            **averages,
        )

    def by_averages() -> Normalised:
        mean, variance = _moving(variables)
        return normalise(mean=mean, variance=variance)

    outputs, mean, variance = smart_cond(spec.training, normalise, by_averages)
    outputs = tf.reshape(outputs, tf.shape(given)) if static.rank == 2 else outputs
    outputs.set_shape(static)
    return outputs, mean, variance


def by_moments(
    spec: Spec,
    variables: Mapping[str, Any],
    inputs: tf.Tensor,
    weights: TensorLike | None,
    adjustment: Adjustment | None,
) -> Normalised:
    """Returns (outputs, mean, variance), the variance biased; inputs of any rank from 2."""
    rank = inputs.shape.rank
    along = [spec.channels if axis == spec.axis else 1 for axis in range(rank)]

    def spread(values: tf.Tensor | None) -> tf.Tensor | None:
        return values if values is None or spec.axis == rank - 1 else tf.reshape(values, along)

    scale, offset = spread(variables.get("gamma")), spread(variables.get("beta"))
    mean, variance = _moving(variables)
    if spec.may_train:
        moving, batch = (mean, variance), _moments(spec, inputs, weights)
        mean, variance = smart_cond(spec.training, lambda: batch, lambda: moving)
        if adjustment is not None:
            scale, offset = _compose(_adjust(spec, adjustment, inputs), (scale, offset))
        if spec.renorm is not None:
            r, d = renormalisation.correct(
                variables, mean, variance, spec.epsilon, spec.renorm, spec.training
            )
            with tf.control_dependencies([r, d]):  # the corrections are of the averages before the update
                mean, variance = tf.identity(mean), tf.identity(variance)
            scale, offset = _compose((spread(r), spread(d)), (scale, offset))
    terms = [
        None if t is None else tf.cast(t, inputs.dtype)
        for t in (spread(mean), spread(variance), offset, scale)
    ]
    outputs = tf.nn.batch_normalization(inputs, *terms, spec.epsilon)
    outputs.set_shape(inputs.shape)
    return outputs, mean, variance


def _moving(variables: Mapping[str, Any]) -> tuple[tf.Tensor, tf.Tensor]:
    return tf.convert_to_tensor(variables["moving_mean"]), tf.convert_to_tensor(variables["moving_variance"])


def _moments(spec: Spec, inputs: tf.Tensor, batch_weights: TensorLike | None) -> tuple[tf.Tensor, tf.Tensor]:
    axes = [axis for axis in range(inputs.shape.rank) if axis != spec.axis]
    inputs = tf.cast(inputs, spec.dtype)
    if batch_weights is None:
        return tf.nn.moments(inputs, axes)
    weights = tf.convert_to_tensor(batch_weights)
    if not weights.shape.is_compatible_with(inputs.shape[:1]):
        raise ValueError(
            f"batch_weights has shape {weights.shape}; it takes one for each sample: {inputs.shape[:1]}"
        )
    weights = tf.reshape(weights, [-1] + [1] * (inputs.shape.rank - 1))
    return tf.nn.weighted_moments(inputs, axes, tf.cast(weights, spec.dtype))


def _adjust(spec: Spec, adjustment: Adjustment, inputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    scale, offset = adjustment(tf.shape(inputs))
    scale = smart_cond(spec.training, lambda: scale, lambda: tf.ones_like(scale))
    offset = smart_cond(spec.training, lambda: offset, lambda: tf.zeros_like(offset))
    return scale, offset


def _compose(
    first: tuple[tf.Tensor, tf.Tensor], then: tuple[tf.Tensor | None, tf.Tensor | None]
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns (scale, offset) of two transforms one after the other; in `then` None stands for nothing."""
    (scale, offset), (then_scale, then_offset) = first, then
    if then_scale is not None:
        scale, offset = scale * then_scale, offset * then_scale
    return scale, offset if then_offset is None else offset + then_offset


def update_averages(
    spec: Spec, variables: Mapping[str, Any], mean: tf.Tensor, variance: tf.Tensor
) -> tuple[Any, Any]:
    """Returns the update ops of the averages."""
    training = True if constant_value(spec.training) else spec.training
    if spec.renorm is not None:
        decays = (spec.decay, spec.renorm_decay)
        return renormalisation.updates(variables, mean, variance, spec.epsilon, decays, training)
    moving_mean, moving_variance = variables["moving_mean"], variables["moving_variance"]
    if spec.debias:
        shadow = variables["shadow"]
        first = moving_average.update_debiased(shadow, moving_mean, mean, spec.decay, training)
    else:
        first = moving_average.update(moving_mean, mean, spec.decay, training)
    return first, moving_average.update(moving_variance, variance, spec.decay, training)


def _collect(
    spec: Spec, updates: Iterable[Any], updates_collections: Collections | None, outputs: tf.Tensor
) -> tf.Tensor:
    """Lists the update ops, or makes `outputs` depend on them; a host's assignments may return None."""
    updates = [update for update in updates if update is not None]
    if updates_collections is None:
        with tf.control_dependencies(updates):
            return tf.identity(outputs)
    for update in updates:
        update = getattr(update, "op", update) if spec.core else update
        tf.compat.v1.add_to_collections(as_list(updates_collections), update)
    return outputs
