"""Batch renormalisation (Ioffe 2017): batch statistics corrected towards their moving averages."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from slimzoo.slim import moving_average
from slimzoo.slim.types import Flag, Initializer
from slimzoo.slim.utils import smart_cond

LIMITS = ("rmax", "rmin", "dmax")


def check_clipping(clipping: Mapping[str, Any] | None) -> dict[str, Any]:
    """Returns the limits as a dict; ValueError names those that there are not."""
    unknown = sorted(set(clipping or {}) - set(LIMITS))
    if unknown:
        raise ValueError(f"renorm_clipping {clipping} contains keys not in {LIMITS}: {unknown}")
    return dict(clipping or {})


def stddev_initializer(variance_initializer: Initializer) -> Initializer:
    """Returns the initializer of a standard deviation, given that of its variance."""
    return lambda *args, **kwargs: tf.sqrt(variance_initializer(*args, **kwargs))


def correct(
    variables: Mapping[str, Any],
    mean: tf.Tensor,
    variance: tf.Tensor,
    epsilon: float,
    clipping: Mapping[str, Any],
    training: Flag,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns (r, d): a value normalised by the batch, times r, plus d, is normalised by the moving averages.

    Args:
      variables: with "renorm_mean" and "renorm_stddev".
      mean, variance: of the batch, [C].
      clipping: the limits by name, as `check_clipping` returns them.
    """
    stddev = tf.maximum(
        tf.convert_to_tensor(variables["renorm_stddev"]), tf.sqrt(tf.cast(epsilon, mean.dtype))
    )
    r = tf.sqrt(variance + epsilon) / stddev
    d = (mean - tf.convert_to_tensor(variables["renorm_mean"])) / stddev
    if clipping.get("rmin") is not None:
        r = tf.maximum(r, clipping["rmin"])
    if clipping.get("rmax") is not None:
        r = tf.minimum(r, clipping["rmax"])
    if clipping.get("dmax") is not None:
        d = tf.clip_by_value(d, -clipping["dmax"], clipping["dmax"])
    r = smart_cond(training, lambda: r, lambda: tf.ones_like(r))
    d = smart_cond(training, lambda: d, lambda: tf.zeros_like(d))
    return tf.stop_gradient(r), tf.stop_gradient(d)


def updates(
    variables: Mapping[str, Any],
    mean: tf.Tensor,
    variance: tf.Tensor,
    epsilon: float,
    decays: tuple[float, float],
    training: Flag,
) -> tuple[Any, Any]:
    """Returns the last update ops of all five averages; `decays` are those for inference and for training."""
    decay, renorm_decay = decays
    stddev = tf.sqrt(variance + epsilon)
    renorm = [
        moving_average.update(variables["renorm_mean"], mean, renorm_decay, training),
        moving_average.update(variables["renorm_stddev"], stddev, renorm_decay, training),
    ]
    with tf.control_dependencies([op for op in renorm if op is not None]):
        mean, stddev = tf.identity(mean), tf.identity(stddev)
    moved_mean = moving_average.update(variables["moving_mean"], mean, decay, training)
    moved = moving_average.update(variables["moving_stddev"], stddev, decay, training)
    with tf.control_dependencies([] if moved is None else [moved]):
        new_variance = tf.nn.relu(tf.square(tf.convert_to_tensor(variables["moving_stddev"])) - epsilon)
    old_variance = tf.convert_to_tensor(variables["moving_variance"])
    new_variance = smart_cond(training, lambda: new_variance, lambda: old_variance)
    return moved_mean, moving_average.assign(variables["moving_variance"], new_variance)
