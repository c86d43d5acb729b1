"""What stands for a Model and its variables while a network function is traced."""

import os
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import keras
import numpy as np
import tensorflow as tf

from slimzoo.errors import SlimzooError
from slimzoo.slim.hosting import Host
from slimzoo.slim.regularizers import Scaled


@dataclass(frozen=True)
class VariableSpec:
    """One variable as the network function asked for it."""

    name: str  # "vgg_16/conv1/conv1_1/weights"
    shape: tuple[int, ...]
    dtype: tf.DType
    initializer: Any  # a TF 1 initializer, an array, or None for TensorFlow's default
    regularizer: Callable | None
    trainable: bool
    constraint: Callable | None

    @property
    def size(self) -> int:
        """Number of values."""
        return int(np.prod(self.shape, dtype=np.int64))


class Recorder:
    """A variable getter that writes down what it is asked for and returns stand-ins."""

    def __init__(self, specs: dict[str, VariableSpec]):
        self.specs = specs
        self.stand_ins: dict[str, tf.Tensor] = {}
        self.assigned: list[str] = []

    def __call__(self, getter: Callable, name: str, **kwargs: Any) -> tf.Tensor:
        del getter  # nothing is created
        reuse, exists = kwargs.get("reuse"), name in self.stand_ins
        if exists and not reuse:
            raise ValueError(
                f"Variable {name} already exists, disallowed. Did you mean to set reuse=True or "
                "reuse=tf.compat.v1.AUTO_REUSE in its variable_scope?"
            )
        if not exists and reuse is True:
            raise ValueError(
                f"Variable {name} does not exist, or was not created with tf.compat.v1.get_variable(). Did "
                "you mean to set reuse=tf.compat.v1.AUTO_REUSE in its variable_scope?"
            )
        if not exists:
            self.stand_ins[name] = self._new(name, kwargs)
        elif not tf.TensorShape(kwargs.get("shape")).is_compatible_with(self.specs[name].shape):
            raise ValueError(
                f"Trying to share variable {name}, but specified shape {kwargs['shape']} and found shape "
                f"{self.specs[name].shape}."
            )
        return self.stand_ins[name]

    def _new(self, name: str, asked: dict) -> tf.Tensor:
        if name in self.specs:
            return self._stand_in(self.specs[name])
        spec = _spec(name, asked)
        stand_in = self._stand_in(spec)
        if not isinstance(spec.regularizer, Scaled | None) and spec.regularizer(stand_in) is None:
            spec = replace(spec, regularizer=None)  # l2_regularizer(0.0) is none
        self.specs[name] = spec
        return stand_in

    def _stand_in(self, spec: VariableSpec) -> tf.Tensor:
        with tf.name_scope(""):
            tensor = tf.compat.v1.placeholder(spec.dtype, spec.shape, name=spec.name)

        def assign(value: Any, *args: Any, **kwargs: Any) -> tf.Tensor:
            self.assigned.append(spec.name)
            return tf.identity(value)

        tensor.assign = tensor.assign_add = tensor.assign_sub = assign
        tensor.read_value = tensor.value = lambda: tensor
        return tensor


def _spec(name: str, asked: dict) -> VariableSpec:
    initializer, shape = asked.get("initializer"), asked.get("shape")
    dtype = tf.as_dtype(asked.get("dtype") or tf.float32).base_dtype
    if initializer is not None and not callable(initializer):  # a value: an array, a number, a tensor
        value = tf.get_static_value(tf.convert_to_tensor(initializer))
        if value is None:
            raise SlimzooError(
                f"the initial value of variable {name} is computed in the graph; give a constant"
            )
        initializer, shape, dtype = value, value.shape, tf.as_dtype(value.dtype)
    shape = tf.TensorShape(shape)
    if not shape.is_fully_defined():
        raise SlimzooError(
            f"variable {name} has shape {shape}, which is not fully known. Name height, width and channels "
            "of the images, as input_shape=(224, 224, 3)."
        )
    return VariableSpec(
        name=name,
        shape=tuple(shape.as_list()),
        dtype=dtype,
        initializer=initializer,
        regularizer=asked.get("regularizer"),
        trainable=asked.get("trainable") is not False,
        constraint=asked.get("constraint"),
    )


_SLIMZOO = os.path.dirname(os.path.dirname(__file__))
_LIBRARIES = tuple(
    f"{path}{os.sep}" for path in (os.path.dirname(tf.__file__), os.path.dirname(keras.__file__), _SLIMZOO)
)


def refuse_tf_variable(next_creator: Callable, **kwargs: Any) -> NoReturn:
    """A variable creator that raises SlimzooError, which names the line that makes a tf.Variable."""
    del next_creator, kwargs
    frames = traceback.extract_stack()
    where = next((f for f in reversed(frames) if not f.filename.startswith(_LIBRARIES)), frames[-1])
    raise SlimzooError(
        f"the network makes a tf.Variable at {where.filename}, line {where.lineno}: {where.line}\n"
        "slimzoo.Model cannot find such a variable again when the network runs a second time. Use "
        "tf.compat.v1.get_variable, slim.variable or slim.model_variable there, which go by name, or slim's "
        "layers in place of a Keras layer."
    )


class DiscoveryHost(Host):
    """Stands for the Model while nothing exists yet; a Model called inside the network says so here.

    Args:
      models: where those Models are listed.
      for_shapes: whether layers may leave out what changes no shape.
      as_run: whether the graph shall be that of a run.

    Attributes:
      was_asked: for what is another value at every run.
    """

    def __init__(self, models: list[Any], for_shapes: bool, as_run: bool):
        self._models = models
        self.wants_shapes_alone = for_shapes
        self.convolves_by_product = as_run
        self.was_asked = False

    def meet(self, model: Any) -> None:
        """Notes that the network function calls `model`."""
        if not any(known is model for known in self._models):
            self._models.append(model)

    def random_seed(self) -> tf.Tensor:
        """Returns a constant in place of a seed."""
        self.was_asked = True
        return tf.constant([0, 0], tf.int32)

    def training_step(self) -> tf.Tensor:
        """Returns 0."""
        self.was_asked = True
        return tf.constant(0, tf.int64)
