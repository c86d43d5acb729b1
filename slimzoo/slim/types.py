"""The types of what functions of slim take, by name; shapes are in the docstrings."""

import enum
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf

TensorLike: TypeAlias = tf.Tensor | tf.Variable | np.ndarray | Sequence[Any] | float
Flag: TypeAlias = bool | tf.Tensor | tf.Variable  # a tensor is known only when the graph runs
Size: TypeAlias = int | Sequence[int | None] | tf.TensorShape  # one for all spatial dimensions, or for each
Shape: TypeAlias = Sequence[int | None] | tf.TensorShape

Scope: TypeAlias = str | tf.compat.v1.VariableScope
Reuse: TypeAlias = bool | enum.Enum  # the Enum is tf.compat.v1.AUTO_REUSE
Collections: TypeAlias = str | Sequence[str]  # keys of graph collections
VariableCollections: TypeAlias = Collections | dict[str, Any]  # a dict: by the name of the variable

Activation: TypeAlias = Callable[[Any], Any]  # tensor -> tensor
Normalizer: TypeAlias = Callable[..., Any]  # tensor, normalizer_params -> tensor
Initializer: TypeAlias = Callable[..., Any]  # shape, dtype, partition_info -> tensor
Regularizer: TypeAlias = Callable[[Any], Any]  # tensor -> scalar, or None for no penalty
Getter: TypeAlias = Callable[..., Any]  # a custom_getter of tf.compat.v1.variable_scope

Gradient: TypeAlias = tf.Tensor | tf.IndexedSlices | None
GradientsAndVariables: TypeAlias = list[tuple[Gradient, tf.Variable]]
VariablesToFill: TypeAlias = Sequence[tf.Variable] | dict[str, Any]  # a dict: by name in the checkpoint
FeedDict: TypeAlias = Mapping[Any, Any]  # of a session
