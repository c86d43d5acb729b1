"""Cells made of cells: stacked, dropped from, added to, placed on a device."""

import hashlib
import itertools
import numbers
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import tensorflow as tf

from slimzoo.compat.tf_layers.base import Layer, v1
from slimzoo.compat.tf_rnn.base import LSTMStateTuple, RNNCell, Scope, require_cell
from slimzoo.slim.shape import drop

_CHANCES = ("input_keep_prob", "state_keep_prob", "output_keep_prob")


class CellWrapper(RNNCell):
    """A cell around another, with its sizes, its states and its variables, and no scope of its own."""

    def __init__(self, cell: Any, **settings: Any):
        super().__init__(**settings)
        require_cell("cell", cell)
        self.cell = self._cell = cell

    @property
    def wrapped_cell(self) -> Any:
        """The cell inside."""
        return self.cell

    @property
    def state_size(self) -> Any:
        """That of the cell inside."""
        return self.cell.state_size

    @property
    def output_size(self) -> Any:
        """That of the cell inside."""
        return self.cell.output_size

    @property
    def trainable_weights(self) -> list[Any]:
        """Those of the cell inside."""
        return self.cell.trainable_weights if self.trainable and isinstance(self.cell, Layer) else []

    @property
    def non_trainable_weights(self) -> list[Any]:
        """Those of the cell inside."""
        if not isinstance(self.cell, Layer):
            return []
        return self.cell.non_trainable_weights if self.trainable else self.cell.weights

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """Returns the zeros of the cell inside."""
        with v1.name_scope(f"{type(self).__name__}ZeroState", values=[batch_size]):
            return self.cell.zero_state(batch_size, dtype)

    def __call__(self, inputs: Any, state: Any, scope: Scope = None, *args: Any, **kwargs: Any) -> Any:
        return self.cell(inputs, state, *args, scope=scope, **kwargs)


class DropoutWrapper(CellWrapper):
    """Sets values of the inputs, the outputs or the state of a cell to 0 and scales up the others.

    Args:
      input_keep_prob, output_keep_prob, state_keep_prob: 0 to 1; a number or a scalar tensor.
      variational_recurrent: the same values at every step; needs `dtype`, and `input_size` if inputs drop.
      dropout_state_filter_visitor: (a part of the state) -> whether it drops; None: all but an LSTM's memory.
    """

    def __init__(
        self,
        cell: Any,
        input_keep_prob: Any = 1.0,
        output_keep_prob: Any = 1.0,
        state_keep_prob: Any = 1.0,
        variational_recurrent: bool = False,
        input_size: Any = None,
        dtype: Any = None,
        seed: int | None = None,
        dropout_state_filter_visitor: Callable[[Any], Any] | None = None,
        **settings: Any,
    ):
        super().__init__(cell, dtype=dtype, **settings)
        if dropout_state_filter_visitor is not None and not callable(dropout_state_filter_visitor):
            raise TypeError("dropout_state_filter_visitor must be callable")
        self._visit = dropout_state_filter_visitor or _all_but_memories
        given = (input_keep_prob, state_keep_prob, output_keep_prob)
        with v1.name_scope("DropoutWrapperInit"):
            self._input_keep_prob, self._state_keep_prob, self._output_keep_prob = map(
                _chance, _CHANCES, given
            )
            self._seed, self._variational_recurrent = seed, variational_recurrent
            self._noises = dict.fromkeys(("input", "state", "output"))
            if variational_recurrent:
                self._draw(input_size)

    def __call__(self, inputs: Any, state: Any, scope: Scope = None, *args: Any, **kwargs: Any) -> Any:
        inputs = self._dropped("input", inputs, self._input_keep_prob)
        output, state = super().__call__(inputs, state, scope, *args, **kwargs)
        state = self._dropped("state", state, self._state_keep_prob, self._visit)
        return self._dropped("output", output, self._output_keep_prob), state

    def _draw(self, input_size: Any) -> None:
        """Draws what drops at every step."""
        if self.dtype is None:
            raise ValueError("When variational_recurrent=True, dtype must be provided")
        sizes = {"state": self.cell.state_size, "output": self.cell.output_size}
        if _drops(self._input_keep_prob):
            if input_size is None:
                raise ValueError(
                    "When variational_recurrent=True and input_keep_prob < 1.0 or is unknown, "
                    "input_size must be provided"
                )
            sizes = {"input": input_size, **sizes}
        for what, size in sizes.items():
            counted = itertools.count()
            self._noises[what] = tf.nest.map_structure(
                lambda s, what=what, counted=counted: tf.random.uniform(
                    [1, *tf.TensorShape(s).as_list()],
                    dtype=self.dtype,
                    seed=self._seed_of(what, next(counted)),
                ),
                size,
            )

    def _dropped(
        self, what: str, values: Any, keep_prob: Any, visit: Callable[[Any], Any] = lambda value: True
    ) -> Any:
        if not _drops(keep_prob):
            return values
        numbered = itertools.count()

        def change(value: tf.Tensor, noise: tf.Tensor | None, kept: bool) -> tf.Tensor:
            seed = self._seed_of(what, next(numbered))
            if kept:
                return value
            if noise is None:
                return drop(value, keep_prob, None, seed, "dropout")
            outputs = value / keep_prob * tf.floor(keep_prob + noise)
            outputs.set_shape(value.shape)
            return outputs

        return _changed(change, values, self._noises[what], visit)

    def _seed_of(self, what: str, number: int) -> int | None:
        if self._seed is None:
            return None
        digest = hashlib.md5(f"{self._seed}{what}_{number}".encode(), usedforsecurity=False).hexdigest()
        return int(digest[:8], 16) & 0x7FFFFFFF


class ResidualWrapper(CellWrapper):
    """Adds the inputs to the outputs, or does with both what residual_fn(inputs, outputs) does."""

    def __init__(self, cell: Any, residual_fn: Callable[[Any, Any], Any] | None = None, **settings: Any):
        super().__init__(cell, **settings)
        self._residual_fn = residual_fn or _sum

    def __call__(self, inputs: Any, state: Any, scope: Scope = None, *args: Any, **kwargs: Any) -> Any:
        outputs, state = super().__call__(inputs, state, scope, *args, **kwargs)
        return self._residual_fn(inputs, outputs), state


class DeviceWrapper(CellWrapper):
    """Runs a cell on a device."""

    def __init__(self, cell: Any, device: Any, **settings: Any):
        super().__init__(cell, **settings)
        self._device = device

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """Returns the zeros of the cell inside, on the device."""
        with v1.device(self._device):
            return super().zero_state(batch_size, dtype)

    def __call__(self, inputs: Any, state: Any, scope: Scope = None, *args: Any, **kwargs: Any) -> Any:
        with v1.device(self._device):
            return super().__call__(inputs, state, scope, *args, **kwargs)


class CompiledWrapper(CellWrapper):
    """A cell, and no more: whether XLA compiles it is today's TensorFlow's to say."""

    def __init__(self, cell: Any, compile_stateful: bool = False):
        super().__init__(cell)
        del compile_stateful


class HighwayWrapper(CellWrapper):
    """Mixes the inputs with the outputs by gates that are learned. arXiv:1505.00387."""

    def __init__(self, cell: Any, couple_carry_transform_gates: bool = True, carry_bias_init: float = 1.0):
        super().__init__(cell)
        self._coupled, self._carry_bias_init = couple_carry_transform_gates, carry_bias_init

    def __call__(self, inputs: Any, state: Any, scope: Scope = None, *args: Any, **kwargs: Any) -> Any:
        outputs, state = super().__call__(inputs, state, scope, *args, **kwargs)
        _require_alike(inputs, outputs)
        return tf.nest.map_structure(self._mixed, inputs, outputs), state

    def _mixed(self, inputs: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
        carry = self._gate("carry", inputs, self._carry_bias_init)
        transform = 1 - carry if self._coupled else self._gate("transform", inputs, -self._carry_bias_init)
        return inputs * carry + outputs * transform

    def _gate(self, name: str, inputs: tf.Tensor, start: float) -> tf.Tensor:
        size = inputs.shape.as_list()[1]
        weight = v1.get_variable(f"{name}_w", [size, size])
        bias = v1.get_variable(f"{name}_b", [size], initializer=v1.constant_initializer(start))
        return tf.sigmoid(v1.nn.xw_plus_b(inputs, weight, bias))


class MultiRNNCell(RNNCell):
    """Cells one above the other, in the scopes "cell_0", "cell_1", ...

    Args:
      state_is_tuple: False: the states are side by side in one tensor, which takes cells with such states.
    """

    def __init__(self, cells: Sequence[Any], state_is_tuple: bool = True):
        super().__init__()
        if not cells:
            raise ValueError("Must specify at least one cell for MultiRNNCell.")
        if not isinstance(cells, (list, tuple)):
            raise TypeError(f"cells must be a list or tuple, but saw: {cells}.")
        if len({id(cell) for cell in cells}) < len(cells):
            v1.logging.warn(
                "At least two cells provided to MultiRNNCell are the same object and will share weights."
            )
        self._cells, self._state_is_tuple = cells, state_is_tuple
        sizes = [cell.state_size for cell in cells]
        if not state_is_tuple and any(map(tf.nest.is_nested, sizes)):
            raise ValueError(
                "Some cells return tuples of states, but the flag state_is_tuple is not set.  "
                f"State sizes are: {sizes}"
            )

    @property
    def state_size(self) -> Any:
        """A tuple of the cells' sizes, or their sum where the state is no tuple."""
        sizes = tuple(cell.state_size for cell in self._cells)
        return sizes if self._state_is_tuple else sum(sizes)

    @property
    def output_size(self) -> Any:
        """That of the last cell."""
        return self._cells[-1].output_size

    @property
    def trainable_weights(self) -> list[Any]:
        """Those of the cells."""
        return [w for cell in self._layers() for w in cell.trainable_weights] if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Any]:
        """Those of the cells."""
        frozen = [w for cell in self._layers() for w in cell.non_trainable_weights]
        if self.trainable:
            return frozen
        return [*(w for cell in self._layers() for w in cell.trainable_weights), *frozen]

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """Returns the zeros of the cells."""
        if not self._state_is_tuple:
            return super().zero_state(batch_size, dtype)
        with v1.name_scope(f"{type(self).__name__}ZeroState", values=[batch_size]):
            return tuple(cell.zero_state(batch_size, dtype) for cell in self._cells)

    def call(self, inputs: Any, state: Any) -> Any:  # type: ignore[override]
        """Returns the outputs of the last cell, and the next states of all."""
        if self._state_is_tuple and not tf.nest.is_nested(state):
            raise ValueError(
                f"Expected state to be a tuple of length {len(self._cells)}, but received: {state}"
            )
        states = state if self._state_is_tuple else tf.split(state, [c.state_size for c in self._cells], 1)
        following = []
        for number, cell in enumerate(self._cells):
            with v1.variable_scope(f"cell_{number}"):
                inputs, new = cell(inputs, states[number])
            following.append(new)
        return inputs, tuple(following) if self._state_is_tuple else tf.concat(following, 1)

    def _layers(self) -> Iterator[Layer]:
        return (cell for cell in self._cells if isinstance(cell, Layer))


def _chance(name: str, value: Any) -> Any:
    """Returns a number from 0 to 1, or a tensor whose value is not known yet."""
    tensor = tf.convert_to_tensor(value)
    number = tf.get_static_value(tensor)
    if number is None:
        return tensor
    if not 0 <= number <= 1:
        raise ValueError(f"Parameter {name} must be between 0 and 1: {number}")
    return float(number)


def _drops(keep_prob: Any) -> bool:
    return not isinstance(keep_prob, numbers.Real) or float(keep_prob) < 1


def _all_but_memories(state: Any) -> Any:
    if isinstance(state, LSTMStateTuple):
        return LSTMStateTuple(c=False, h=True)
    return not isinstance(state, tf.TensorArray)


def _changed(change: Callable[..., Any], values: Any, noise: Any, visit: Callable[[Any], Any]) -> Any:
    """Returns the structure `values` with change(value, noise, whether it is kept) of its leaves.

    A part that `visit` says False of is one leaf.
    """
    wanted = visit(values)
    if not tf.nest.is_nested(values):
        return change(values, noise, kept=not wanted)
    parts = list(values.values()) if isinstance(values, Mapping) else list(values)
    noises = [None] * len(parts) if noise is None else list(noise)
    if tf.nest.is_nested(wanted):
        below = list(wanted)
    elif wanted:
        below = [True] * len(parts)
    else:
        return change(values, None, kept=True)
    made = [
        _changed(change, part, other, visit) if asked else change(part, None, kept=True)
        for part, other, asked in zip(parts, noises, below, strict=True)
    ]
    if isinstance(values, Mapping):
        return type(values)(zip(values, made, strict=True))  # type: ignore[call-arg]
    return type(values)(*made) if hasattr(values, "_fields") else type(values)(made)


def _sum(inputs: Any, outputs: Any) -> Any:
    _require_alike(inputs, outputs)
    return tf.nest.map_structure(lambda one, other: one + other, inputs, outputs)


def _require_alike(inputs: Any, outputs: Any) -> None:
    tf.nest.assert_same_structure(inputs, outputs)
    for one, other in zip(tf.nest.flatten(inputs), tf.nest.flatten(outputs), strict=True):
        one.shape.assert_is_compatible_with(other.shape)
