"""The base of TensorFlow 1's RNN cells: their scopes, their states, the products they are made of."""

import copy
from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from slimzoo.compat.tf_layers.base import Layer, v1

Scope = Any  # a name or a VariableScope
_SHARED = ("_scope", "_outer")  # what a copy of a cell has in common with it


class LSTMStateTuple(NamedTuple):
    """The state of an LSTM: its memory `c` and its output `h`, or their sizes."""

    c: Any
    h: Any

    @property
    def dtype(self) -> tf.DType:
        """The type of both; TypeError where they have two."""
        if self.c.dtype != self.h.dtype:
            raise TypeError(
                f"Inconsistent internal state: {self.c.dtype} vs {self.h.dtype}; cast one of them"
            )
        return self.c.dtype


class RNNCell(Layer):
    """A step of a recurrent network: (inputs, state) -> (outputs, the next state).

    A subclass has `state_size` and `output_size`, each a number, a tf.TensorShape or a structure of them,
    and defines `call(inputs, state)`, which may make variables with tf.get_variable.
    """

    _outer: Any = None  # the scope that it was first called in

    def __init__(self, trainable: bool = True, name: str | None = None, dtype: Any = None, **settings: Any):
        super().__init__(trainable, name, dtype, **settings)
        if self.dtype is not None:
            require_floats(self.dtype)

    @property
    def state_size(self) -> Any:
        """The size of the state, without the batch."""
        raise NotImplementedError(f"{type(self).__name__} has no state_size; it has to define that property")

    @property
    def output_size(self) -> Any:
        """The size of the outputs, without the batch."""
        raise NotImplementedError(f"{type(self).__name__} has no output_size; it has to define that property")

    def __call__(self, inputs: Any, state: Any, scope: Scope = None, *args: Any, **kwargs: Any) -> Any:
        if scope is not None:
            with v1.variable_scope(scope, custom_getter=self._listed) as entered:
                return super().__call__(inputs, state, *args, scope=entered, **kwargs)
        if self._outer is None:
            self._outer = v1.variable_scope(v1.get_variable_scope(), custom_getter=self._listed)
        with self._outer:
            return super().__call__(inputs, state, *args, **kwargs)

    def build(self, inputs_shape: Any) -> None:
        """Makes nothing: such a cell makes its variables as it runs."""
        del inputs_shape

    def call(self, inputs: Any, state: Any, *args: Any, **kwargs: Any) -> Any:
        """Returns the outputs and the next state, in the cell's scope."""
        raise NotImplementedError(f"{type(self).__name__} has to define call(inputs, state)")

    def get_initial_state(self, inputs: Any = None, batch_size: Any = None, dtype: Any = None) -> Any:
        """Returns zeros for a batch of this size, or of the size and the type of `inputs`."""
        if inputs is not None:
            inputs = tf.convert_to_tensor(inputs)
            batch_size, dtype = _of_inputs(inputs, batch_size, dtype)
        if batch_size is None or dtype is None:
            raise ValueError(
                "batch_size and dtype cannot be None while constructing initial state: "
                f"batch_size={batch_size}, dtype={dtype}; give both, or inputs"
            )
        return self.zero_state(batch_size, dtype)

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """Returns zeros [batch_size, size] for each size in `state_size`."""
        with v1.name_scope(f"{type(self).__name__}ZeroState", values=[batch_size]):
            return zero_tensors(self.state_size, batch_size, dtype)

    def _listed(self, getter: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Gets a variable and lists it among the cell's."""
        variable = getter(*args, **kwargs)
        first = (
            variable if isinstance(variable, tf.Variable) or tf.is_tensor(variable) else next(iter(variable))
        )
        trained = any(first is known for known in v1.trainable_variables())
        listed = self._trained if trained else self._untrained
        if all(variable is not known for known in listed):
            listed.append(variable)
        return variable

    def __deepcopy__(self, memo: dict[int, Any]) -> "RNNCell":
        twin = memo[id(self)] = type(self).__new__(type(self))
        for name, value in vars(self).items():
            shared = name in _SHARED or any(map(tf.is_tensor, tf.nest.flatten(value)))
            vars(twin)[name] = value if shared else copy.deepcopy(value, memo)
        return twin


class LayerRNNCell(RNNCell):
    """An RNNCell that makes its variables in `build(inputs_shape)`, by add_variable, as a layer does."""

    def __call__(self, inputs: Any, state: Any, scope: Scope = None, *args: Any, **kwargs: Any) -> Any:
        require_floats(*(value.dtype for value in tf.nest.flatten([inputs, state]) if tf.is_tensor(value)))
        return Layer.__call__(self, inputs, state, *args, scope=scope, **kwargs)


def require_cell(name: str, cell: Any) -> None:
    """Raises TypeError if the argument `name` is no cell: it lacks a size, a state, or cannot be called."""
    lacks = [what for what in ("output_size", "state_size") if not hasattr(cell, what)]
    if not hasattr(cell, "zero_state") and not hasattr(cell, "get_initial_state"):
        lacks.append("zero_state or get_initial_state")
    if not callable(cell):
        lacks.append("__call__")
    if lacks:
        raise TypeError(f"The argument {name!r} ({cell}) is not an RNNCell: it lacks {', '.join(lacks)}")


def require_floats(*dtypes: Any) -> None:
    """Raises ValueError if one of the types is not of floats."""
    for dtype in map(tf.as_dtype, dtypes):
        if not (dtype.is_floating or dtype.is_complex):
            raise ValueError(
                f"RNN cell only supports floating point inputs, but saw dtype: {dtype.name}; cast them"
            )


def width(shape: Any) -> int:
    """Returns the last size of a shape; ValueError where it is not known."""
    size = tf.TensorShape(shape).as_list()[-1]
    if size is None:
        raise ValueError(
            f"Expected inputs.shape[-1] to be known, saw shape: {shape}; set it with inputs.set_shape"
        )
    return size


def warn_of_joined_state(cell: RNNCell) -> None:
    """Logs that a state in one tensor is the old way."""
    v1.logging.warn(
        "%s: Using a concatenated state is slower and will soon be deprecated.  Use state_is_tuple=True.",
        cell,
    )


def lstm_sizes(num_units: int, num_proj: int | None = None, state_is_tuple: bool = True) -> tuple[Any, int]:
    """Returns the state_size and the output_size of an LSTM."""
    outputs = num_proj or num_units
    return (LSTMStateTuple(num_units, outputs) if state_is_tuple else num_units + outputs), outputs


def lstm_state(state: Any, num_units: int, state_is_tuple: bool = True) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the memory and the output in the state of an LSTM."""
    c, h = state if state_is_tuple else (state[:, :num_units], state[:, num_units:])
    return c, h


def next_lstm_state(c: tf.Tensor, h: tf.Tensor, state_is_tuple: bool = True) -> Any:
    """Returns the state of an LSTM made of its memory and its output."""
    return LSTMStateTuple(c, h) if state_is_tuple else tf.concat([c, h], 1)


def clipped(values: tf.Tensor, limit: float | None) -> tf.Tensor:
    """Returns `values` within -limit and limit; None: as they are."""
    return values if limit is None else tf.clip_by_value(values, -limit, limit)


def weighed(inputs: Any, kernel: Any, bias: Any = None) -> tf.Tensor:
    """Returns the product of the inputs, side by side, with `kernel`, plus `bias`."""
    joined = tf.concat(inputs, 1) if isinstance(inputs, (list, tuple)) else inputs
    product = tf.matmul(joined, kernel)
    return product if bias is None else tf.nn.bias_add(product, bias)


def _of_inputs(inputs: tf.Tensor, batch_size: Any, dtype: Any) -> tuple[Any, tf.DType]:
    known = inputs.shape.as_list()[0]
    given = tf.get_static_value(batch_size) if tf.is_tensor(batch_size) else batch_size
    if batch_size is not None and known != given:
        raise ValueError(
            "batch size from input tensor is different from the input param. "
            f"Input tensor batch: {known}, batch_size: {batch_size}"
        )
    if dtype is not None and inputs.dtype != dtype:
        raise ValueError(
            "dtype from input tensor is different from the input param. "
            f"Input tensor dtype: {inputs.dtype.name}, dtype: {dtype}"
        )
    return known or tf.shape(inputs)[0], inputs.dtype


def zero_tensors(state_size: Any, batch_size: Any, dtype: Any) -> Any:
    """Returns zeros [batch_size, size] for each size in a structure."""
    return tf.nest.map_structure(lambda size: zeros(batch_size, size, dtype), state_size)


def zeros(batch_size: Any, size: Any, dtype: Any) -> tf.Tensor:
    """Returns zeros [batch_size, *size]; sizes are numbers, tensors, or of a tf.TensorShape."""
    rest = [size] if isinstance(size, int) or tf.is_tensor(size) else tf.TensorShape(size).as_list()
    if not any(map(tf.is_tensor, [batch_size, *rest])):
        return tf.zeros([int(batch_size), *rest], dtype)
    made = tf.zeros(tf.stack([tf.cast(part, tf.int32) for part in (batch_size, *rest)]), dtype)
    made.set_shape([_known(part) for part in (batch_size, *rest)])
    return made


def _known(size: Any) -> int | None:
    value = tf.get_static_value(size) if tf.is_tensor(size) else size
    return None if value is None else int(value)
