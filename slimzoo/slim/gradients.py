"""Gradients between computing and applying them: clipped, multiplied, summarised.

All functions take and return a list of pairs (gradient or None, variable).
"""

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from slimzoo.slim.types import Gradient, GradientsAndVariables, TensorLike


def clip_gradient_norms(
    gradients_to_variables: GradientsAndVariables, max_norm: float
) -> GradientsAndVariables:
    """Returns the pairs with each gradient scaled down to a norm of at most `max_norm`."""
    return [
        (mapped(lambda values: tf.clip_by_norm(values, max_norm), gradient), variable)
        for gradient, variable in gradients_to_variables
    ]


def multiply_gradients(
    grads_and_vars: GradientsAndVariables, gradient_multipliers: Mapping[Any, Any]
) -> GradientsAndVariables:
    """Returns the pairs with some gradients multiplied.

    Args:
      gradient_multipliers: {variable or its op name: number or scalar tensor}.

    Raises: ValueError: `grads_and_vars` is no list, `gradient_multipliers` is no dict or empty, or a
      variable of it has no gradient.
    """
    _check_multipliers(grads_and_vars, gradient_multipliers)
    factors = {op_name(key): factor for key, factor in gradient_multipliers.items()}
    return [
        (_times(gradient, factors[variable.op.name], variable), variable)
        if variable.op.name in factors
        else (gradient, variable)
        for gradient, variable in grads_and_vars
    ]


def summarize_gradients(grads_and_vars: GradientsAndVariables, separator: str) -> list[tf.Tensor]:
    """Returns new summaries `<variable><separator>gradient` (a histogram) and `..._norm` of each gradient."""
    summaries = []
    for gradient, variable in grads_and_vars:
        if gradient is None:
            tf.compat.v1.logging.info("Var %s has no gradient", variable.op.name)
            continue
        tag, values = f"{variable.op.name}{separator}gradient", dense_values(gradient)
        summaries.append(tf.compat.v1.summary.histogram(tag, values))
        summaries.append(tf.compat.v1.summary.scalar(f"{tag}_norm", tf.linalg.global_norm([values])))
    return summaries


def mapped(function: Callable[[tf.Tensor], tf.Tensor], gradient: Gradient) -> Gradient:
    """Returns `function` of the values of a gradient, which may be None or tf.IndexedSlices."""
    if isinstance(gradient, tf.IndexedSlices):
        return tf.IndexedSlices(function(gradient.values), gradient.indices, gradient.dense_shape)
    return None if gradient is None else function(gradient)


def dense_values(gradient: tf.Tensor | tf.IndexedSlices) -> tf.Tensor:
    """Returns the tensor with the values of a gradient; of tf.IndexedSlices the rows that are there."""
    return gradient.values if isinstance(gradient, tf.IndexedSlices) else gradient


def op_name(variable_or_name: tf.Variable | str) -> str:
    """Returns the op name of a variable; a name stays as it is."""
    return variable_or_name if isinstance(variable_or_name, str) else variable_or_name.op.name


def _times(gradient: Gradient, factor: TensorLike, variable: tf.Variable) -> Gradient:
    if gradient is None:
        raise ValueError(
            f"Requested multiple of `None` gradient: the loss does not depend on {variable.op.name}, which "
            "gradient_multipliers names; leave it out there"
        )
    if not tf.is_tensor(factor):
        factor = tf.constant(factor, gradient.dtype)
    return mapped(lambda values: values * factor, gradient)


def _check_multipliers(grads_and_vars: Any, gradient_multipliers: Any) -> None:
    if not isinstance(grads_and_vars, list):
        raise ValueError(f"`grads_and_vars` must be a list, not {type(grads_and_vars).__name__}")
    if not gradient_multipliers:
        raise ValueError("`gradient_multipliers` is empty; it takes {variable or its op name: factor}")
    if not isinstance(gradient_multipliers, dict):
        raise ValueError(
            f"`gradient_multipliers` must be a dict {{variable or its op name: factor}}, not "
            f"{type(gradient_multipliers).__name__}"
        )
