"""The base of the layers of TensorFlow 1's tf.layers: scopes, variables, losses and updates."""

import collections
import contextlib
import copy
import inspect
import re
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from slimzoo.slim.hosting import require_graph
from slimzoo.slim.layer_core import name_update_ops
from slimzoo.slim.types import Regularizer, Scope
from slimzoo.slim.utils import whole_sizes
from slimzoo.slim.variables import taking_tensors

KEYS = tf.compat.v1.GraphKeys
v1 = tf.compat.v1
_COUNTS: weakref.WeakKeyDictionary[tf.Graph, collections.Counter[str]] = weakref.WeakKeyDictionary()


class InputSpec:
    """What a layer takes: the rank of its inputs, and sizes of single axes."""

    def __init__(
        self,
        dtype: Any = None,
        shape: Any = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: dict[int, int] | None = None,
    ):
        self.dtype, self.shape = dtype, shape
        self.ndim = len(shape) if shape is not None else ndim
        self.max_ndim, self.min_ndim, self.axes = max_ndim, min_ndim, dict(axes or {})

    def problems(self, inputs: tf.Tensor) -> Iterator[str]:
        """Yields what is wrong with `inputs`."""
        rank = inputs.shape.rank
        if rank is None:
            return
        if self.ndim is not None and rank != self.ndim:
            yield f"expected ndim={self.ndim}, found ndim={rank}"
        if self.max_ndim is not None and rank > self.max_ndim:
            yield f"expected max_ndim={self.max_ndim}, found ndim={rank}"
        if self.min_ndim is not None and rank < self.min_ndim:
            yield f"expected min_ndim={self.min_ndim}, found ndim={rank}"
        for axis, size in self.axes.items():
            found = inputs.shape.as_list()[axis] if -rank <= axis < rank else None
            if size is not None and found not in (None, size):
                yield f"expected axis {axis} to have value {size}, found {found}"


class Layer:
    """A layer with variables of its own, shared by all its calls; a subclass defines `build` and `call`.

    Attributes:
      name: as given, or the class's name in small letters, numbered.
      dtype: of the variables; None: that of the first inputs.
      input_spec: an InputSpec that inputs are checked by, or None.
      updates, losses: what the calls added.
    """

    def __init__(
        self,
        trainable: bool = True,
        name: str | None = None,
        dtype: Any = None,
        activity_regularizer: Regularizer | None = None,
        **settings: Any,
    ):
        scope, self._reuse = settings.pop("_scope", None), settings.pop("_reuse", None)
        if settings:
            raise TypeError(
                f"Keyword argument not understood: {', '.join(settings)}. {type(self).__name__} takes "
                f"{', '.join(list(inspect.signature(type(self)).parameters)[:-1])}"
            )
        base = _snake_case(type(self).__name__)
        self._base_name = base if name is None or isinstance(name, v1.VariableScope) else name
        self.name = _numbered(base) if self._base_name is base else self._base_name
        self.dtype = None if dtype is None else tf.as_dtype(dtype)
        self.trainable, self.built = trainable, False
        self.input_spec: Any = None
        self.activity_regularizer = activity_regularizer
        self.updates: list[Any] = []
        self.losses: list[tf.Tensor] = []
        self._trained: list[Any] = []
        self._untrained: list[Any] = []
        self._scope: tf.compat.v1.VariableScope | None = None
        if scope:
            with v1.variable_scope(scope) as self._scope:
                pass

    @property
    def scope_name(self) -> str:
        """The variable scope; ValueError before the first call of a layer that has no fixed one."""
        if self._scope is None:
            raise ValueError(
                f"No name available for layer scope because the layer {self.name!r} has not been "
                "used yet; it gets one at its first call"
            )
        return self._scope.name

    @property
    def trainable_weights(self) -> list[Any]:
        """The variables that are trained, in the order they were made."""
        return list(self._trained) if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Any]:
        """The variables that are not trained."""
        return list(self._untrained) if self.trainable else [*self._trained, *self._untrained]

    @property
    def weights(self) -> list[Any]:
        """All variables, those that are trained first."""
        return [*self.trainable_weights, *self.non_trainable_weights]

    @property
    def trainable_variables(self) -> list[Any]:
        """`trainable_weights`."""
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Any]:
        """`non_trainable_weights`."""
        return self.non_trainable_weights

    @property
    def variables(self) -> list[Any]:
        """`weights`."""
        return self.weights

    def count_params(self) -> int:
        """Returns the number of values in all variables."""
        return sum(variable.shape.num_elements() for variable in self.weights)

    def compute_output_shape(self, input_shape: Any) -> tf.TensorShape:
        """Returns the shape of the outputs for inputs of this shape; the layer is left as it is."""
        twin = copy.copy(self)
        vars(twin).update(built=False, _scope=None, _reuse=None)
        vars(twin).update(_trained=[], _untrained=[], losses=[], updates=[])
        with tf.Graph().as_default():
            return twin(v1.placeholder(self.dtype or tf.float32, input_shape)).shape

    def build(self, input_shape: Any) -> None:
        """Makes the variables, in the layer's scope, for inputs of this shape."""
        del input_shape
        self.built = True

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Returns the outputs, in the layer's scope."""
        return inputs

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        require_graph(type(self).__name__, inputs)
        inputs = tf.nest.map_structure(_as_tensor, inputs)
        scope = self._entered(kwargs.pop("scope", None))
        with scope as entered:
            self._prepare(inputs)
            if "scope" in inspect.signature(self.call).parameters:
                kwargs["scope"] = entered
            before = len(self.updates)
            outputs = self.call(inputs, *args, **kwargs)
            self._add_activity_loss(inputs, outputs)
        name_update_ops()
        if self.trainable:
            _list_new(KEYS.UPDATE_OPS, self.updates[before:])
        return outputs

    def apply(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Calls the layer."""
        return self(inputs, *args, **kwargs)

    def add_weight(
        self,
        name: str,
        shape: Any = None,
        dtype: Any = None,
        initializer: Any = None,
        regularizer: Any = None,
        trainable: bool | None = None,
        constraint: Any = None,
        use_resource: bool | None = None,
        partitioner: Any = None,
        **settings: Any,
    ) -> Any:
        """Returns the variable `name` in the layer's scope; its penalty is listed where it is new."""
        known = {id(variable) for variable in v1.global_variables()}
        with self._entered(None):
            variable = v1.get_variable(
                name,
                shape=whole_sizes([] if shape is None else shape),
                dtype=tf.as_dtype(dtype or self.dtype or tf.float32),
                initializer=_initializer(initializer),
                trainable=trainable is not False and self.trainable,
                constraint=constraint,
                use_resource=use_resource,
                partitioner=partitioner,
                **settings,
            )
            parts = _parts(variable)
            if regularizer is not None and id(parts[0]) not in known:
                self._penalise(name, parts, regularizer)
        trained = {id(listed) for listed in v1.trainable_variables()}
        is_trained = trainable is not False and (not self.trainable or id(parts[0]) in trained)
        (self._trained if is_trained else self._untrained).extend(parts)
        return variable

    add_variable = add_weight

    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        """Lists `losses` in the layer and among the regularization losses."""
        del inputs
        new = [loss for loss in tf.nest.flatten(losses) if loss is not None]
        self.losses += new
        _list_new(KEYS.REGULARIZATION_LOSSES, new)

    def add_update(self, updates: Any, inputs: Any = None) -> None:
        """Lists ops to be run with a training step; `call` adds them to the graph's."""
        del inputs
        self.updates += [update for update in tf.nest.flatten(updates) if update is not None]

    def get_updates_for(self, inputs: Any) -> list[Any]:
        """Returns the updates of all calls."""
        del inputs
        return list(self.updates)

    def get_losses_for(self, inputs: Any) -> list[Any]:
        """Returns the losses of all calls."""
        del inputs
        return list(self.losses)

    @contextlib.contextmanager
    def _entered(self, scope: Scope | None) -> Iterator[tf.compat.v1.VariableScope]:
        """Enters the variable scope and the name scope of the first call."""
        if self._scope is None:
            named = (scope or self._base_name, None) if self._reuse else (scope, self._base_name)
            with v1.variable_scope(*named) as self._scope:
                pass
        reuse = True if self.built else self._reuse
        with (
            v1.variable_scope(self._scope, reuse=reuse, auxiliary_name_scope=False) as entered,
            v1.name_scope(entered.original_name_scope),
        ):
            yield entered

    def _prepare(self, inputs: Any) -> None:
        """Checks `inputs` and makes the variables, if that was not done before."""
        first = tf.nest.flatten(inputs)[0]
        if not self.built and self.dtype is None and tf.is_tensor(first):
            self.dtype = first.dtype.base_dtype
        if not self.built:
            self._check(inputs)
            self.build(tf.nest.map_structure(lambda value: value.shape, inputs))
            self.built = True
        self._check(inputs)

    def _check(self, inputs: Any) -> None:
        specs = tf.nest.flatten(self.input_spec) if self.input_spec is not None else []
        for spec, value in zip(specs, tf.nest.flatten(inputs), strict=False):
            if problems := list(spec.problems(value)):
                raise ValueError(
                    f"Input 0 of layer {self.name} is incompatible with the layer: {'; '.join(problems)}. "
                    f"Full shape received: {value.shape}"
                )

    def _penalise(self, name: str, parts: list[Any], regularizer: Any) -> None:
        penalty = taking_tensors(_regularizer(regularizer))
        for part in parts:
            with v1.name_scope(f"{name}/Regularizer"):
                self.add_loss(penalty(part))

    def _add_activity_loss(self, inputs: Any, outputs: Any) -> None:
        if self.activity_regularizer is None:
            return
        penalty = _regularizer(self.activity_regularizer)
        with v1.name_scope("ActivityRegularizer"):
            for output in tf.nest.flatten(outputs):
                loss = penalty(output)
                self.add_loss(loss / tf.cast(tf.shape(output)[0], loss.dtype), inputs)


def activation(given: Any) -> Any:
    """Returns an activation function: one itself, or Keras's by its name."""
    return tf.keras.activations.get(given) if isinstance(given, str) else given


def _initializer(given: Any) -> Any:
    return tf.keras.initializers.get(given) if isinstance(given, (str, dict)) else given


def _regularizer(given: Any) -> Any:
    return tf.keras.regularizers.get(given) if isinstance(given, (str, dict)) else given


def _as_tensor(value: Any) -> Any:
    return tf.convert_to_tensor(value) if isinstance(value, (np.ndarray, float, int, tf.Variable)) else value


def _parts(variable: Any) -> list[Any]:
    return [variable] if isinstance(variable, tf.Variable) or tf.is_tensor(variable) else list(variable)


def _list_new(collection: str, elements: list[Any]) -> None:
    listed = v1.get_collection_ref(collection)
    listed += [element for element in elements if not any(element is known for known in listed)]


def _snake_case(name: str) -> str:
    words = re.sub(r"([a-z])([A-Z])", r"\1_\2", re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)).lower()
    return f"private{words}" if words.startswith("_") else words


def _numbered(base: str) -> str:
    """Returns `base` with the number, from 1, of this layer among those of its kind in the graph."""
    counts = _COUNTS.setdefault(v1.get_default_graph(), collections.Counter())
    counts[base] += 1
    return f"{base}_{counts[base]}"
