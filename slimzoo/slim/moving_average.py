"""Moving averages of batch statistics, updated as TensorFlow 1.15 did."""

from typing import Any

import tensorflow as tf

from slimzoo.slim.types import Flag


def update(variable: Any, value: tf.Tensor, decay: float, training: Flag = True) -> Any:
    """Returns the op AssignMovingAvg, variable -= (variable - value) * (1 - decay).

    Args:
      training: a bool tensor or True; False leaves the variable as it is.
    """
    with tf.compat.v1.name_scope("AssignMovingAvg") as name:
        kept = tf.cast(_unless(training, 1.0 - decay), value.dtype)
        return _change(variable, "assign_sub", (tf.convert_to_tensor(variable) - value) * kept, name)


def update_debiased(
    shadow: tuple[Any, Any], variable: Any, value: tf.Tensor, decay: float, training: Flag = True
) -> Any:
    """Returns the update of an average that starts from the first value, not from its initial value.

    Args:
      shadow: (biased, local_step) of `shadow_variables`: an average that starts at 0, its number of updates.
    """
    biased, local_step = shadow
    with tf.compat.v1.name_scope("AssignMovingAvg") as name:
        kept = tf.cast(_unless(training, 1.0 - decay), value.dtype)
        step = tf.convert_to_tensor(local_step) + tf.cast(_unless(training, 1.0), value.dtype)
        mean = tf.convert_to_tensor(biased) - (tf.convert_to_tensor(biased) - value) * kept
        seen = 1 - tf.pow(tf.cast(decay, value.dtype), step)
        before = tf.convert_to_tensor(variable)
        delta = tf.where(
            tf.cast(training, tf.bool), before - tf.math.divide_no_nan(mean, seen), tf.zeros_like(mean)
        )
        with tf.control_dependencies([delta]):
            done = [_change(biased, "assign", mean), _change(local_step, "assign", step)]
        with tf.control_dependencies([op for op in done if op is not None]):
            return _change(variable, "assign_sub", delta, name)


def shadow_variables(full_name: str, shape: list[int], dtype: tf.DType) -> tuple[Any, Any]:
    """Returns the untrained variables `biased` and `local_step` in the variable scope `full_name`."""
    with tf.compat.v1.variable_scope(full_name):
        zeros = tf.compat.v1.zeros_initializer()
        return tuple(
            tf.compat.v1.get_variable(name, size, dtype, initializer=zeros, trainable=False)
            for name, size in (("biased", shape), ("local_step", []))
        )


def assign(variable: Any, value: tf.Tensor) -> Any:
    """Returns the op AssignNewValue."""
    with tf.compat.v1.name_scope("AssignNewValue") as name:
        return _change(variable, "assign", value, name)


def _unless(training: Flag, value: float) -> Any:
    """Returns `value`, or 0 where the bool tensor `training` is False."""
    return value if training is True else tf.where(tf.cast(training, tf.bool), value, 0.0)


def _change(variable: Any, method: str, value: tf.Tensor, name: str | None = None) -> Any:
    """Returns the assignment; only a tf.Variable takes a name, what a host hands out need not."""
    names = {"name": name} if isinstance(variable, tf.Variable) else {}
    return getattr(variable, method)(value, **names)
