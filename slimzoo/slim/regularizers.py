"""Penalties on weights: functions from a tensor to a scalar, or to None for no penalty."""

import logging
import numbers
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import tensorflow as tf

from slimzoo.slim.types import Regularizer, TensorLike

log = logging.getLogger("slimzoo")


@dataclass(frozen=True, eq=False)
class Scaled:
    """`scale` times a norm of the weights, as an op called `name`."""

    norm: Callable
    scale: float | tf.Tensor
    scope: str | None
    name: str

    def __call__(self, weights: TensorLike, name: str | None = None) -> tf.Tensor:
        with tf.compat.v1.name_scope(self.scope, self.name, [weights]) as name:
            weights = tf.convert_to_tensor(weights)
            scale = tf.convert_to_tensor(self.scale, dtype=weights.dtype, name="scale")
            return tf.multiply(scale, self.norm(weights), name=name)


@dataclass(frozen=True, eq=False)
class Summed:
    """The sum of several regularizers, or None where all of them say None."""

    regularizers: tuple
    scope: str | None

    def __call__(self, weights: TensorLike, name: str | None = None) -> tf.Tensor | None:
        with tf.compat.v1.name_scope(self.scope, "sum_regularizer", [weights]) as name:
            penalties = [regularizer(weights) for regularizer in self.regularizers]
            penalties = [penalty for penalty in penalties if penalty is not None]
            return tf.add_n(penalties, name=name) if penalties else None


def l1_regularizer(scale: float | tf.Tensor, scope: str | None = None) -> Regularizer:
    """Returns weights -> scale * sum(|weights|); a scale of 0.0 switches it off.

    Raises: ValueError: `scale` is an integer or negative.
    """
    return _scaled(absolute_sum, scale, scope, "l1_regularizer")


def l2_regularizer(scale: float | tf.Tensor, scope: str | None = None) -> Regularizer:
    """Returns weights -> scale * sum(weights ** 2) / 2; a scale of 0.0 switches it off.

    Raises: ValueError: `scale` is an integer or negative.
    """
    return _scaled(tf.nn.l2_loss, scale, scope, "l2_regularizer")


def l1_l2_regularizer(
    scale_l1: float | tf.Tensor = 1.0, scale_l2: float | tf.Tensor = 1.0, scope: str | None = None
) -> Regularizer | None:
    """Returns the sum of an L1 and an L2 regularizer; of one alone where the other scale is 0.0.

    Raises: ValueError: a scale is an integer or negative.
    """
    _check_scale(scale_l1, "scale_l1")
    _check_scale(scale_l2, "scale_l2")
    scope = scope or "l1_l2_regularizer"
    if _is_zero(scale_l1):
        return l2_regularizer(scale_l2, scope)
    if _is_zero(scale_l2):
        return l1_regularizer(scale_l1, scope)
    return sum_regularizer([l1_regularizer(scale_l1), l2_regularizer(scale_l2)], scope=scope)


def sum_regularizer(
    regularizer_list: Iterable[Regularizer | None], scope: str | None = None
) -> Regularizer | None:
    """Returns a regularizer that adds up those of the list that are not None; None if all are."""
    regularizers = tuple(regularizer for regularizer in regularizer_list if regularizer is not None)
    return Summed(regularizers, scope) if regularizers else None


def apply_regularization(
    regularizer: Regularizer, weights_list: Sequence[TensorLike] | None = None
) -> tf.Tensor:
    """Returns the summed penalty on the weights, and adds it to the regularization losses.

    Args:
      weights_list: None takes the collection "weights".

    Raises: ValueError: there are no weights, or the regularizer does not return scalars.
    """
    weights_list = weights_list or tf.compat.v1.get_collection(tf.compat.v1.GraphKeys.WEIGHTS)
    if not weights_list:
        raise ValueError("No weights to regularize: give weights_list, or collect weights in 'weights'")
    with tf.compat.v1.name_scope("get_regularization_penalty", values=weights_list) as scope:
        penalties = [regularizer(weights) for weights in weights_list]
        penalties = [tf.constant(0.0) if penalty is None else penalty for penalty in penalties]
        ranks = [penalty.shape.rank for penalty in penalties if penalty.shape.rank != 0]
        if ranks:
            raise ValueError(
                f"regularizer must return a scalar Tensor instead of a Tensor with rank {ranks[0]}"
            )
        total = tf.add_n(penalties, name=scope)
        tf.compat.v1.add_to_collection(tf.compat.v1.GraphKeys.REGULARIZATION_LOSSES, total)
        return total


def absolute_sum(weights: tf.Tensor) -> tf.Tensor:
    """Returns the sum of |weights|."""
    return tf.reduce_sum(tf.abs(weights))


def no_penalty(weights: TensorLike) -> None:
    """Returns None: no penalty."""


def _scaled(
    norm: Callable[[tf.Tensor], tf.Tensor], scale: float | tf.Tensor, scope: str | None, name: str
) -> Regularizer:
    _check_scale(scale, "scale")
    if _is_zero(scale):
        log.debug("scale of 0 disables %s", name)
        return no_penalty
    return Scaled(norm, scale, scope, name)


def _check_scale(scale: float | tf.Tensor, name: str) -> None:
    if isinstance(scale, numbers.Integral):
        raise ValueError(f"{name} cannot be an integer: {scale}; write {float(scale)}")
    if isinstance(scale, numbers.Real) and scale < 0.0:
        raise ValueError(
            f"Setting a scale less than 0 on a regularizer: {name} is {scale:g}; it must be at least 0.0"
        )


def _is_zero(scale: float | tf.Tensor) -> bool:
    return isinstance(scale, numbers.Real) and scale == 0.0
