"""Cells of tf.contrib.rnn that also go along the frequencies of their inputs: TimeFreqLSTM and GridLSTM."""

import collections
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import tensorflow as tf

from slimzoo.compat.tf_layers.base import v1
from slimzoo.compat.tf_rnn.base import clipped, warn_of_joined_state, weighed, width
from slimzoo.compat.tf_rnn.gated import SizedCell, in_shards

_Pair = tuple[tf.Tensor, tf.Tensor]  # a memory and an output


class TimeFreqLSTMCell(SizedCell):
    """One LSTM over pieces of the inputs, from low to high. Li et al. 2015, arXiv:1506.07503.

    Args:
      feature_size: the size of a piece; frequency_skip: from the start of one to that of the next.
    """

    def __init__(
        self,
        num_units: int,
        use_peepholes: bool = False,
        cell_clip: float | None = None,
        initializer: Any = None,
        num_unit_shards: int = 1,
        forget_bias: float = 1.0,
        feature_size: int | None = None,
        frequency_skip: int = 1,
        reuse: bool | None = None,
    ):
        super().__init__(2 * num_units, num_units, _reuse=reuse)
        del initializer  # TensorFlow 1.15 did not use it
        self._num_units, self._use_peepholes, self._cell_clip = num_units, use_peepholes, cell_clip
        self._shards, self._forget_bias = num_unit_shards, forget_bias
        self._pieces = (feature_size, frequency_skip)

    def call(self, inputs: tf.Tensor, state: tf.Tensor) -> Any:  # type: ignore[override]
        """Returns outputs [N, num_units] and state [N, 2 * num_units], of each piece, side by side."""
        size, dtype = self._num_units, inputs.dtype
        pieces = list(_pieces(inputs, 0, width(inputs.shape), *self._pieces))
        kernel = in_shards("W", [width(pieces[0].shape) + 2 * size, 4 * size], dtype, self._shards)
        bias = v1.get_variable("B", [4 * size], dtype, v1.zeros_initializer())
        names = [f"W_{gate}_diag" for gate in "FIO"] if self._use_peepholes else []
        of_forget, of_entry, of_out = [v1.get_variable(n, [size], dtype) for n in names] or [0.0] * 3
        lower = tf.zeros_like(state[:, :size])
        outputs, states = [], []
        for piece, (c, h) in zip(pieces, _pairs(state, size, len(pieces)), strict=True):
            gates = weighed([piece, h, lower], kernel, bias)
            entry, new, forget, out = tf.split(gates, 4, axis=1)
            kept = tf.sigmoid(forget + self._forget_bias + of_forget * c) * c
            c = clipped(kept + tf.sigmoid(entry + of_entry * c) * tf.tanh(new), self._cell_clip)
            lower = tf.sigmoid(out + of_out * c) * tf.tanh(c)
            outputs.append(lower)
            states += [c, lower]
        return tf.concat(outputs, 1), tf.concat(states, 1)


class GridLSTMCell(SizedCell):
    """An LSTM in time and one in frequency, over pieces of the inputs. arXiv:1507.01526, 1610.03165.

    Args:
      share_time_frequency_weights: one LSTM in place of two.
      feature_size: the size of a piece; frequency_skip: from the start of one to that of the next.
      num_frequency_blocks: how many pieces each block has; must be given.
      start_freqindex_list, end_freqindex_list: where the blocks lie; None: one block, all of the inputs.
    """

    _directions: tuple[str, ...] = ("",)

    def __init__(
        self,
        num_units: int,
        use_peepholes: bool = False,
        share_time_frequency_weights: bool = False,
        cell_clip: float | None = None,
        initializer: Any = None,
        num_unit_shards: int = 1,
        forget_bias: float = 1.0,
        feature_size: int | None = None,
        frequency_skip: int | None = None,
        num_frequency_blocks: Sequence[int] | None = None,
        start_freqindex_list: Sequence[int] | None = None,
        end_freqindex_list: Sequence[int] | None = None,
        couple_input_forget_gates: bool = False,
        state_is_tuple: bool = True,
        reuse: bool | None = None,
    ):
        if num_frequency_blocks is None:
            raise ValueError("Must specify num_frequency_blocks: how many pieces each block has")
        counts = [int(count) for count in num_frequency_blocks]
        names = self._state_names(counts)
        kind = collections.namedtuple(f"{type(self).__name__.removesuffix('Cell')}StateTuple", names)  # type: ignore[misc]
        size = num_units * len(names)
        super().__init__(kind(*[num_units] * len(names)) if state_is_tuple else size, size, _reuse=reuse)
        del initializer  # TensorFlow 1.15 did not use it
        if not state_is_tuple:
            warn_of_joined_state(self)
        self._state_tuple_type = kind if state_is_tuple else None
        self._num_units, self._use_peepholes, self._cell_clip = num_units, use_peepholes, cell_clip
        self._shared, self._coupled = share_time_frequency_weights, couple_input_forget_gates
        self._shards, self._forget_bias, self._counts = num_unit_shards, forget_bias, counts
        self._pieces = (feature_size, frequency_skip)
        self._places = (start_freqindex_list, end_freqindex_list)

    @property
    def state_tuple_type(self) -> Any:
        """The class of the state, a namedtuple; None where the state is no tuple."""
        return self._state_tuple_type

    def call(self, inputs: tf.Tensor, state: Any) -> Any:  # type: ignore[override]
        """Returns outputs [N, 2 * num_units * pieces] and the next state."""
        outputs, states = self._over(self._cut(inputs), state)
        return tf.concat(outputs, 1), self._next(states)

    def _next(self, states: list[tf.Tensor]) -> Any:
        return tf.concat(states, 1) if self._state_tuple_type is None else self._state_tuple_type(*states)

    def _state_names(self, counts: Sequence[int]) -> list[str]:
        return [
            f"{direction}state_f{piece:02d}_b{block:02d}_{part}"
            for direction in self._directions
            for block, count in enumerate(counts)
            for piece in range(count)
            for part in "cm"
        ]

    def _over(self, blocks: Iterable[list[tf.Tensor]], state: Any) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
        """Returns the outputs and the states of all pieces; `state` is what is left of the old one."""
        outputs, states = [], []
        for block, pieces in enumerate(blocks):
            if self._state_tuple_type is None:  # of every block the first ones, as in TensorFlow 1.15
                old = _pairs(state, self._num_units, len(pieces))
            else:
                old, state = (
                    list(zip(state[::2], state[1::2], strict=True))[: len(pieces)],
                    state[2 * len(pieces) :],
                )
            more_outputs, more_states = self._block(block, pieces, old)
            outputs += more_outputs
            states += more_states
        return outputs, states

    def _block(
        self, block: int, pieces: list[tf.Tensor], old: Sequence[_Pair]
    ) -> tuple[list[Any], list[Any]]:
        products = self._products(block, width(pieces[0].shape), pieces[0].dtype)
        peepholes = self._peepholes(block, pieces[0].dtype)
        lower_c = lower_h = tf.zeros_like(old[0][0])
        outputs, states = [], []
        for piece, (c, h) in zip(pieces, old, strict=True):
            joined = tf.concat([piece, h, lower_h], 1)
            gates = [weighed(joined, *product) for product in products]
            of_frequency = self._memory(gates[0], lower_c, (lower_c, c), peepholes[0])
            of_time = self._memory(gates[-1], c, (lower_c, c), peepholes[-1])
            seen = (of_frequency[0], of_time[0])
            lower_h, h = (
                tf.sigmoid(_seen(out, seen, weights["O"])) * tf.tanh(memory)
                for (memory, out), weights in ((of_frequency, peepholes[0]), (of_time, peepholes[-1]))
            )
            lower_c, c = seen
            outputs += [h, lower_h]
            states += [c, h]
        return outputs, states

    def _memory(self, gates: tf.Tensor, before: tf.Tensor, seen: _Pair, weights: dict[str, Any]) -> _Pair:
        """Returns the next memory, and the gate of the output."""
        entry, new, *forget, out = tf.split(gates, 3 if self._coupled else 4, axis=1)
        entry = tf.sigmoid(_seen(entry, seen, weights["I"]))
        if self._coupled:
            kept = 1.0 - entry
        else:
            kept = tf.sigmoid(_seen(forget[0] + self._forget_bias, seen, weights["F"]))
        return clipped(kept * before + entry * tf.tanh(new), self._cell_clip), out

    def _products(self, block: int, size: int, dtype: Any) -> list[tuple[Any, Any]]:
        """Returns kernel and bias, of frequency and then of time if that has its own."""
        gates = (3 if self._coupled else 4) * self._num_units
        shape = [size + 2 * self._num_units, gates]
        return [
            (
                in_shards(f"W_{axis}_{block}", shape, dtype, self._shards),
                v1.get_variable(f"B_{axis}_{block}", [gates], dtype, v1.zeros_initializer()),
            )
            for axis in ("f" if self._shared else "ft")
        ]

    def _peepholes(self, block: int, dtype: Any) -> list[dict[str, Any]]:
        """Returns {gate: weights of the memories of frequency and of time}, as _products does."""
        axes = ("freq",) if self._shared else ("freq", "time")
        if not self._use_peepholes:
            return [dict.fromkeys("FIO", ()) for _ in axes]
        return [
            {
                gate: [
                    v1.get_variable(f"W_{gate}_diag_{axis}{of}_{block}", [self._num_units], dtype)
                    for of in "ft"
                ]
                for gate in ("IO" if self._coupled else "FIO")
            }
            for axis in axes
        ]

    def _cut(self, inputs: tf.Tensor, offset: int = 0) -> list[list[tf.Tensor]]:
        """Returns the pieces of each block, moved up by `offset`; beyond the inputs there are zeros."""
        size = width(inputs.shape)
        inputs = tf.pad(inputs, [[0, 0], [max(-offset, 0), max(offset, 0)]])
        starts, ends = self._places if self._places[0] else ([0], [size])
        if starts is None or ends is None or not len(starts) == len(ends) == len(self._counts):
            raise ValueError(
                f"num_frequency_blocks {self._counts} needs as many starts and ends; "
                f"there are {starts} and {ends}"
            )
        blocks = [
            list(_pieces(inputs, start, end, *self._pieces, offset=max(offset, 0)))
            for start, end in zip(starts, ends, strict=True)  # type: ignore[arg-type]
        ]
        if [len(pieces) for pieces in blocks] != self._counts:
            raise ValueError(
                f"Invalid num_frequency_blocks {self._counts}: feature_size and frequency_skip give "
                f"{[len(pieces) for pieces in blocks]} pieces of {size} inputs"
            )
        return blocks


class BidirectionalGridLSTMCell(GridLSTMCell):
    """GridLSTMCell upwards, in the scope "fwd", and downwards, in "bwd".

    Args:
      backward_slice_offset: by how much the pieces of the way down are moved up.
    """

    _directions = ("fwd_", "bwd_")

    def __init__(
        self,
        num_units: int,
        use_peepholes: bool = False,
        share_time_frequency_weights: bool = False,
        cell_clip: float | None = None,
        initializer: Any = None,
        num_unit_shards: int = 1,
        forget_bias: float = 1.0,
        feature_size: int | None = None,
        frequency_skip: int | None = None,
        num_frequency_blocks: Sequence[int] | None = None,
        start_freqindex_list: Sequence[int] | None = None,
        end_freqindex_list: Sequence[int] | None = None,
        couple_input_forget_gates: bool = False,
        backward_slice_offset: int = 0,
        reuse: bool | None = None,
    ):
        super().__init__(
            num_units,
            use_peepholes,
            share_time_frequency_weights,
            cell_clip,
            initializer,
            num_unit_shards,
            forget_bias,
            feature_size,
            frequency_skip,
            num_frequency_blocks,
            start_freqindex_list,
            end_freqindex_list,
            couple_input_forget_gates,
            True,
            reuse,
        )
        self._offset = int(backward_slice_offset)

    def call(self, inputs: tf.Tensor, state: Any) -> Any:  # type: ignore[override]
        """Returns outputs [N, 4 * num_units * pieces] and the next state."""
        half = len(state) // 2
        ways = (("fwd", self._cut(inputs), state[:half]), ("bwd", self._downwards(inputs), state[half:]))
        outputs, states = [], []
        for scope, blocks, old in ways:
            with v1.variable_scope(scope):
                more_outputs, more_states = self._over(blocks, old)
            outputs += more_outputs
            states += more_states
        return tf.concat(outputs, 1), self._next(states)

    def _downwards(self, inputs: tf.Tensor) -> list[list[tf.Tensor]]:
        return [pieces[::-1] for pieces in self._cut(inputs, self._offset)]


def _pieces(
    inputs: tf.Tensor, start: int, end: int, size: int | None, skip: int | None, offset: int = 0
) -> Iterator[tf.Tensor]:
    if size is None or skip is None:
        raise ValueError(f"feature_size and frequency_skip must be given, not {size} and {skip}")
    for number in range(int((end - start - size) / skip) + 1):
        at = start + offset + number * skip
        yield inputs[:, at : at + size]


def _pairs(state: tf.Tensor, size: int, count: int) -> list[_Pair]:
    parts = [state[:, n * size : (n + 1) * size] for n in range(2 * count)]
    return list(zip(parts[::2], parts[1::2], strict=True))


def _seen(gate: tf.Tensor, memories: _Pair, weights: Sequence[Any]) -> tf.Tensor:
    """Returns `gate` plus what it sees of the memories, by the weights of its peepholes."""
    return gate + sum(w * memory for w, memory in zip(weights, memories, strict=False))
