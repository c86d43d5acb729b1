"""From what discovery found out about a variable to what Keras makes it with."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from slimzoo.errors import SlimzooError
from slimzoo.tracing.stand_ins import VariableSpec


class KerasRegularizer(keras.regularizers.Regularizer):
    """A slim regularizer as Keras calls it."""

    def __init__(self, regularizer: Callable) -> None:
        self._regularizer = regularizer

    def __call__(self, variable: Any) -> tf.Tensor:
        return self._regularizer(variable.value if isinstance(variable, keras.Variable) else variable)


def given_value(values: Mapping[str, np.ndarray], spec: VariableSpec) -> Callable:
    """Returns a Keras initializer that takes the value of `spec` from `values`."""

    def initializer(shape: Sequence[int], dtype: Any = None) -> tf.Tensor:
        value = tf.convert_to_tensor(values[spec.name])
        if tuple(value.shape) != tuple(shape):
            raise SlimzooError(
                f"initial value of {spec.name} has shape {tuple(value.shape)}; it must have {tuple(shape)}"
            )
        return tf.cast(value, dtype or spec.dtype)

    return initializer


def fresh_value(spec: VariableSpec) -> Callable:
    """Returns a Keras initializer that does what the network function asked for."""

    def initializer(shape: Sequence[int], dtype: Any = None) -> tf.Tensor:
        given = spec.initializer
        if given is None:
            given = (
                tf.compat.v1.glorot_uniform_initializer()
                if spec.dtype.is_floating
                else tf.zeros_initializer()
            )
        elif not callable(given):
            return tf.constant(given, spec.dtype)
        given = given() if isinstance(given, type) else given
        return given(tuple(shape), dtype=tf.as_dtype(dtype or spec.dtype))

    return initializer


def short_name(create: Callable, **settings: Any) -> tf.Variable:
    """Makes a variable under the last part of its name: a new name costs TensorFlow a new kernel, 1 ms."""
    settings["name"] = settings["name"].rpartition(".")[2]
    return create(**settings)
