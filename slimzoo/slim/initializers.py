"""Initial values of weights: Xavier (Glorot & Bengio 2010) and variance scaling (He et al. 2015)."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

MODES = ("FAN_IN", "FAN_OUT", "FAN_AVG")
TRUNCATED = 1.3  # a normal distribution cut at 2 standard deviations keeps 1 / 1.3 of its variance, roughly


@dataclass(frozen=True)
class VarianceScaling:
    """Draws values of variance factor / n, n being the inputs, outputs or both of a unit."""

    factor: float
    mode: str
    uniform: bool
    seed: int | None
    dtype: tf.DType

    def __call__(
        self, shape: Iterable[Any], dtype: tf.DType | None = None, partition_info: Any = None
    ) -> tf.Tensor:
        dtype = tf.as_dtype(dtype or self.dtype)
        _check_floating(dtype)
        shape = [int(size) for size in shape]
        units = _units(shape, self.mode)
        if self.uniform:
            limit = math.sqrt(3.0 * self.factor / units)
            return tf.random.uniform(shape, -limit, limit, dtype, seed=self.seed)
        stddev = math.sqrt(TRUNCATED * self.factor / units)
        return tf.random.truncated_normal(shape, 0.0, stddev, dtype, seed=self.seed)


def variance_scaling_initializer(
    factor: float = 2.0,
    mode: str = "FAN_IN",
    uniform: bool = False,
    seed: int | None = None,
    dtype: tf.DType = tf.float32,
) -> VarianceScaling:
    """Returns an initializer that keeps the scale of the activations (FAN_IN) or the gradients (FAN_OUT).

    Raises: TypeError: `mode` is not FAN_IN, FAN_OUT or FAN_AVG, or `dtype` no floating point type.
    """
    _check_floating(tf.as_dtype(dtype))
    if mode not in MODES:
        raise TypeError(f"Unknown mode {mode!r}; there are {', '.join(MODES)}")
    return VarianceScaling(factor, mode, uniform, seed, tf.as_dtype(dtype))


def xavier_initializer(
    uniform: bool = True, seed: int | None = None, dtype: tf.DType = tf.float32
) -> VarianceScaling:
    """Returns an initializer of variance 2 / (inputs + outputs), uniform or cut normal."""
    return variance_scaling_initializer(factor=1.0, mode="FAN_AVG", uniform=uniform, seed=seed, dtype=dtype)


xavier_initializer_conv2d = xavier_initializer


def _units(shape: Sequence[int], mode: str) -> float:
    """Returns the number of inputs, of outputs or their mean, for weights [..., in, out]."""
    window = math.prod(shape[:-2])
    outputs = window * float(shape[-1]) if shape else 1.0
    inputs = window * float(shape[-2]) if len(shape) > 1 else outputs
    return {"FAN_IN": inputs, "FAN_OUT": outputs, "FAN_AVG": (inputs + outputs) / 2.0}[mode]


def _check_floating(dtype: tf.DType) -> None:
    if not dtype.is_floating:
        raise TypeError(f"Cannot create initializer for non-floating point type {dtype.name}; use tf.float32")
