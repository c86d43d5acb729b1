"""Batch norm of several axes, and of parts of a batch: its parameters have the rank of the inputs."""

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from slimzoo.slim import renorm as renormalisation
from slimzoo.slim.batch_norm import Adjustment, Normalised, Spec
from slimzoo.slim.utils import smart_cond


def parameter_shape(sizes: Mapping[int, int], rank: int, part: int | None) -> list[int]:
    """Returns the shape of the parameters.

    Args:
      sizes: of the axes that are normalised each by itself.
      part: how many samples a part of a batch has; None: the batch is not parted.
    """
    shape = [sizes.get(axis, 1) for axis in range(rank)]
    return shape if part is None else [shape[0], 1, *shape[1:]]


def by_wide_moments(
    spec: Spec,
    variables: Mapping[str, Any],
    inputs: tf.Tensor,
    axes: Sequence[int],
    part: int | None,
    adjustment: Adjustment | None,
) -> Normalised:
    """Returns (outputs, mean, variance); the two are of all parts together."""
    given = inputs
    if part is not None:
        inputs = tf.reshape(given, tf.concat([[part, -1], tf.shape(given)[1:]], 0))
        axes = [1, *(axis + 1 for axis in axes)]
    mean, variance = (tf.convert_to_tensor(variables[name]) for name in ("moving_mean", "moving_variance"))
    transforms = [(variables.get("gamma"), variables.get("beta"))]
    whole = (mean, variance)
    if spec.may_train:
        over = [axis for axis in range(len(inputs.shape)) if axis not in axes]
        batch = tf.nn.moments(tf.cast(inputs, spec.dtype), over, keepdims=True)
        mean, variance = smart_cond(spec.training, lambda: tuple(batch), lambda: whole)
        whole = (mean, variance)
        if part is not None:
            whole = tuple(tf.reduce_mean(value, axis=1, keepdims=True) for value in whole)
        if adjustment is not None:
            transforms.insert(0, _adjustment(spec, adjustment, inputs))
        if spec.renorm is not None:
            corrected = renormalisation.correct(
                variables, whole[0], whole[1], spec.epsilon, spec.renorm, spec.training
            )
            transforms.insert(0, corrected)
            with tf.control_dependencies(corrected):  # they are of the averages before the update
                whole = tuple(tf.identity(value) for value in whole)
    outputs = _normalised(spec, inputs, (mean, variance), transforms)
    outputs = outputs if part is None else tf.reshape(outputs, tf.shape(given))
    outputs.set_shape(given.shape)
    return outputs, *whole


def _adjustment(spec: Spec, adjustment: Adjustment, inputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    scale, bias = adjustment(tf.shape(inputs))
    return (
        smart_cond(spec.training, lambda: scale, lambda: tf.ones_like(scale)),
        smart_cond(spec.training, lambda: bias, lambda: tf.zeros_like(bias)),
    )


def _normalised(
    spec: Spec, inputs: tf.Tensor, moments: tuple[tf.Tensor, tf.Tensor], transforms: list[tuple[Any, Any]]
) -> tf.Tensor:
    """Returns `inputs` normalised by `moments`, then scaled and moved by each of `transforms`."""
    scale, offset = transforms[0]
    for then_scale, then_offset in transforms[1:]:
        if then_scale is not None:
            scale, offset = scale * then_scale, offset * then_scale
        if then_offset is not None:
            offset += then_offset
    terms = (None if t is None else tf.cast(t, inputs.dtype) for t in (*moments, offset, scale))
    return tf.nn.batch_normalization(inputs, *terms, spec.epsilon)
