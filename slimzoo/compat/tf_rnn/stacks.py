"""Of tf.contrib.rnn: bidirectional layers one above the other, and cells that run over whole sequences."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from slimzoo.compat.tf_layers.base import v1
from slimzoo.compat.tf_rnn.base import Scope


def stack_bidirectional_rnn(
    cells_fw: list[Any],
    cells_bw: list[Any],
    inputs: Any,
    initial_states_fw: list[Any] | None = None,
    initial_states_bw: list[Any] | None = None,
    dtype: Any = None,
    sequence_length: Any = None,
    scope: Scope = None,
) -> tuple[Any, tuple[Any, ...], tuple[Any, ...]]:
    """Returns outputs, a list over time, and the last states forward and backward, a tuple over layers."""

    def layer(cells: Any, below: Any, states: Any, layer_scope: Any) -> tuple[Any, Any, Any]:
        return v1.nn.static_bidirectional_rnn(
            *cells, below, *states, dtype=dtype, sequence_length=sequence_length, scope=layer_scope
        )

    return _stacked(layer, cells_fw, cells_bw, inputs, initial_states_fw, initial_states_bw, scope)


def stack_bidirectional_dynamic_rnn(
    cells_fw: list[Any],
    cells_bw: list[Any],
    inputs: Any,
    initial_states_fw: list[Any] | None = None,
    initial_states_bw: list[Any] | None = None,
    dtype: Any = None,
    sequence_length: Any = None,
    parallel_iterations: int | None = None,
    time_major: bool = False,
    scope: Scope = None,
    swap_memory: bool = False,
) -> tuple[Any, tuple[Any, ...], tuple[Any, ...]]:
    """Returns outputs [N, T, both sizes] and the last states forward and backward, a tuple over layers."""

    def layer(cells: Any, below: Any, states: Any, layer_scope: Any) -> tuple[Any, Any, Any]:
        del layer_scope
        outputs, (forward, backward) = v1.nn.bidirectional_dynamic_rnn(
            *cells,
            below,
            sequence_length,
            *states,
            dtype=dtype,
            parallel_iterations=parallel_iterations,
            swap_memory=swap_memory,
            time_major=time_major,
        )
        return tf.concat(outputs, 2), forward, backward

    return _stacked(layer, cells_fw, cells_bw, inputs, initial_states_fw, initial_states_bw, scope)


def _stacked(
    layer: Callable[..., tuple[Any, Any, Any]],
    cells_fw: list[Any],
    cells_bw: list[Any],
    inputs: Any,
    states_fw: list[Any] | None,
    states_bw: list[Any] | None,
    scope: Scope,
) -> tuple[Any, tuple[Any, ...], tuple[Any, ...]]:
    _require_lists(cells_fw, cells_bw, states_fw, states_bw)
    none = [None] * len(cells_fw)
    rows = zip(cells_fw, cells_bw, states_fw or none, states_bw or none, strict=True)
    last_fw, last_bw = [], []
    with v1.variable_scope(scope or "stack_bidirectional_rnn"):
        for number, (fw, bw, *states) in enumerate(rows):
            with v1.variable_scope(f"cell_{number}") as layer_scope:
                inputs, forward, backward = layer((fw, bw), inputs, states, layer_scope)
            last_fw.append(forward)
            last_bw.append(backward)
    return inputs, tuple(last_fw), tuple(last_bw)


def _require_lists(cells_fw: Any, cells_bw: Any, states_fw: Any, states_bw: Any) -> None:
    problems = [
        f"{name} must be a list of RNNCells (one per layer), at least one, not {cells}"
        for name, cells in (("cells_fw", cells_fw), ("cells_bw", cells_bw))
        if not isinstance(cells, list) or not cells
    ]
    if not problems and len(cells_fw) != len(cells_bw):
        problems.append(
            f"Forward and Backward cells must have the same depth, not {len(cells_fw)} and {len(cells_bw)}"
        )
    problems += [
        f"{name} must be a list of state tensors (one per layer), not {states}"
        for name, states in (("initial_states_fw", states_fw), ("initial_states_bw", states_bw))
        if not problems and states is not None
        if not isinstance(states, list) or len(states) != len(cells_fw)
    ]
    if problems:
        raise ValueError(". ".join(problems))


class FusedRNNCell:
    """What runs over a whole sequence: inputs [T, N, in], or a list of [N, in], to outputs alike."""

    def __call__(
        self,
        inputs: Any,
        initial_state: Any = None,
        dtype: Any = None,
        sequence_length: Any = None,
        scope: Scope = None,
    ) -> tuple[Any, Any]:
        """Returns the outputs and the last state."""
        raise NotImplementedError(f"{type(self).__name__} has to define __call__")


class FusedRNNCellAdaptor(FusedRNNCell):
    """Runs a cell over a whole sequence, in a loop of the graph (use_dynamic_rnn) or step after step."""

    def __init__(self, cell: Any, use_dynamic_rnn: bool = False):
        self._cell, self._use_dynamic_rnn = cell, use_dynamic_rnn

    def __call__(
        self,
        inputs: Any,
        initial_state: Any = None,
        dtype: Any = None,
        sequence_length: Any = None,
        scope: Scope = None,
    ) -> tuple[Any, Any]:
        listed = isinstance(inputs, list)
        settings = {"sequence_length": sequence_length, "initial_state": initial_state}
        if self._use_dynamic_rnn:
            outputs, state = v1.nn.dynamic_rnn(
                self._cell,
                tf.stack(inputs) if listed else inputs,
                dtype=dtype,
                time_major=True,
                scope=scope,
                **settings,
            )
            return tf.unstack(outputs) if listed else outputs, state
        steps = inputs if listed else tf.unstack(inputs)
        outputs, state = v1.nn.static_rnn(self._cell, steps, dtype=dtype, scope=scope, **settings)
        return outputs if listed else tf.stack(outputs), state


class TimeReversedFusedRNN(FusedRNNCell):
    """Runs a FusedRNNCell from the end of a sequence to its start."""

    def __init__(self, cell: Any):
        self._cell = cell

    def __call__(
        self,
        inputs: Any,
        initial_state: Any = None,
        dtype: Any = None,
        sequence_length: Any = None,
        scope: Scope = None,
    ) -> tuple[Any, Any]:
        outputs, state = self._cell(
            _turned(inputs, sequence_length),
            initial_state=initial_state,
            dtype=dtype,
            sequence_length=sequence_length,
            scope=scope,
        )
        return _turned(outputs, sequence_length), state


def _turned(sequence: Any, lengths: Any) -> Any:
    if isinstance(sequence, list):
        return sequence[::-1]
    if lengths is None:
        return tf.reverse(sequence, [0])
    return tf.reverse_sequence(sequence, lengths, seq_axis=0, batch_axis=1)


def transpose_batch_time(x: tf.Tensor) -> tf.Tensor:
    """Returns [N, T, ...] as [T, N, ...], or the other way; ValueError for less than two dimensions."""
    if x.shape.rank is not None and x.shape.rank < 2:
        raise ValueError(f"Expected input tensor {x} to have rank at least 2, but saw shape: {x.shape}")
    rest = tf.range(2, tf.rank(x)) if x.shape.rank is None else range(2, x.shape.rank)
    turned = tf.transpose(x, tf.concat([[1, 0], rest], 0))
    if x.shape.rank is not None:
        sizes = x.shape.as_list()
        turned.set_shape([sizes[1], sizes[0], *sizes[2:]])
    return turned


def best_effort_input_batch_size(flat_input: list[tf.Tensor]) -> Any:
    """Returns the batch size of inputs [T, N, ...]: a number where one of them knows it."""
    for value in flat_input:
        if value.shape.rank is not None and value.shape.rank >= 2 and value.shape.as_list()[1] is not None:
            return value.shape.as_list()[1]
    return tf.shape(flat_input[0])[1]
