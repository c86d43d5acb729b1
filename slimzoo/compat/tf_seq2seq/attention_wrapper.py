"""A cell that attends, as decoders of tf.contrib.seq2seq use it."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from slimzoo.compat.tf_layers.base import v1
from slimzoo.compat.tf_layers.core import Dense
from slimzoo.compat.tf_rnn.base import RNNCell, require_cell, zeros
from slimzoo.compat.tf_seq2seq.attention import AttentionMechanism

_TILED = (
    "Non-matching batch sizes between the memory (encoder output) and {}.  "
    "Are you using the BeamSearchDecoder?  If so, tile the encoder's outputs and states via "
    "tf.contrib.seq2seq.tile_batch with multiplier=beam_width."
)


class AttentionWrapperState(NamedTuple):
    """The state of AttentionWrapper."""

    cell_state: Any
    attention: Any
    time: Any
    alignments: Any
    alignment_history: Any
    attention_state: Any

    def clone(self, **changed: Any) -> "AttentionWrapperState":
        """Returns the state with other values; ValueError where a shape differs."""

        def checked(old: Any, new: Any) -> Any:
            if tf.is_tensor(old) and tf.is_tensor(new):
                new.shape.assert_is_compatible_with(old.shape)
                new = tf.ensure_shape(new, old.shape)
            return new

        return tf.nest.map_structure(checked, self, self._replace(**changed))


class AttentionWrapper(RNNCell):
    """Gives a cell what was attended to beside its inputs, and attends with its outputs.

    Args:
      attention_mechanism: one, or a list; sizes, layers and results are then lists or tuples too.
      attention_layer_size: of a product of outputs and what is attended to; None: the latter as it is.
      alignment_history: whether the state keeps all alignments, in a TensorArray.
      cell_input_fn: (inputs, attention) -> inputs of the cell; None: side by side.
      output_attention: whether the attention is the output; False: the outputs of the cell are.
      initial_cell_state: what zero_state has for the cell; None: zeros.
      attention_layer: in place of attention_layer_size.
      attention_fn: (mechanism, outputs, its state, layer) -> (attention, alignments, next state).
    """

    def __init__(
        self,
        cell: Any,
        attention_mechanism: Any,
        attention_layer_size: Any = None,
        alignment_history: bool = False,
        cell_input_fn: Callable[[Any, Any], Any] | None = None,
        output_attention: bool = True,
        initial_cell_state: Any = None,
        name: str | None = None,
        attention_layer: Any = None,
        attention_fn: Callable[..., Any] | None = None,
        dtype: Any = None,
    ):
        super().__init__(name=name, dtype=dtype)
        require_cell("cell", cell)
        self._cell, self._is_multi = cell, isinstance(attention_mechanism, (list, tuple))
        self._mechanisms = _listed(attention_mechanism)
        _require_mechanisms(self._mechanisms)
        if cell_input_fn is not None and not callable(cell_input_fn):
            raise TypeError(f"cell_input_fn must be callable, saw type: {type(cell_input_fn).__name__}")
        self._cell_input_fn = cell_input_fn or (lambda inputs, seen: tf.concat([inputs, seen], -1))
        self._attention_fn = attention_fn or _attended
        self._output_attention, self._alignment_history = output_attention, alignment_history
        self._set_layers(attention_layer_size, attention_layer)
        self._initial_cell_state = initial_cell_state
        if initial_cell_state is not None:
            with v1.name_scope(name, "AttentionWrapperInit"):
                last = tf.nest.flatten(initial_cell_state)[-1]
                batch = last.shape.as_list()[0] or tf.shape(last)[0]
                self._initial_cell_state = self._checked(initial_cell_state, batch, "initial_cell_state")

    @property
    def output_size(self) -> Any:
        """That of the attention, or of the cell's outputs."""
        return self._attention_size if self._output_attention else self._cell.output_size

    @property
    def state_size(self) -> AttentionWrapperState:
        """Of each part of the state."""
        sizes = [mechanism.alignments_size for mechanism in self._mechanisms]
        return AttentionWrapperState(
            cell_state=self._cell.state_size,
            time=tf.TensorShape([]),
            attention=self._attention_size,
            alignments=self._one_or_all(sizes),
            attention_state=self._one_or_all(m.state_size for m in self._mechanisms),
            alignment_history=self._one_or_all(size if self._alignment_history else () for size in sizes),
        )

    def zero_state(self, batch_size: Any, dtype: Any) -> AttentionWrapperState:
        """Returns zeros, and initial_cell_state if that was given."""
        with v1.name_scope(f"{type(self).__name__}ZeroState", values=[batch_size]):
            state = self._initial_cell_state
            if state is None:
                state = self._cell.zero_state(batch_size, dtype)
            alignments = [m.initial_alignments(batch_size, dtype) for m in self._mechanisms]
            return AttentionWrapperState(
                cell_state=self._checked(state, batch_size, "the requested batch size"),
                time=tf.zeros([], tf.int32),
                attention=zeros(batch_size, self._attention_size, dtype),
                alignments=self._one_or_all(alignments),
                attention_state=self._one_or_all(
                    m.initial_state(batch_size, dtype) for m in self._mechanisms
                ),
                alignment_history=self._one_or_all(
                    tf.TensorArray(dtype, 0, dynamic_size=True, element_shape=a.shape)
                    if self._alignment_history
                    else ()
                    for a in alignments
                ),
            )

    def call(self, inputs: Any, state: Any) -> Any:
        """Returns the attention, or the cell's outputs, and the next state."""
        if not isinstance(state, AttentionWrapperState):
            raise TypeError(
                "Expected state to be instance of AttentionWrapperState. "
                f"Received type {type(state)} instead."
            )
        outputs, cell_state = self._cell(self._cell_input_fn(inputs, state.attention), state.cell_state)
        batch = outputs.shape.as_list()[0] or tf.shape(outputs)[0]
        outputs = self._checked(outputs, batch, "the query (decoder output)")
        olds = state.attention_state if self._is_multi else [state.attention_state]
        histories = state.alignment_history if self._is_multi else [state.alignment_history]
        rows = [
            self._attention_fn(mechanism, outputs, old, layer)
            for mechanism, old, layer in zip(self._mechanisms, olds, self._layers, strict=True)
        ]
        attentions, alignments, states = zip(*rows, strict=True)
        attention = tf.concat(attentions, 1)
        if self._alignment_history:
            histories = [h.write(state.time, a) for h, a in zip(histories, alignments, strict=True)]
        following = AttentionWrapperState(
            time=state.time + 1,
            cell_state=cell_state,
            attention=attention,
            attention_state=self._one_or_all(states),
            alignments=self._one_or_all(alignments),
            alignment_history=self._one_or_all(histories),
        )
        return attention if self._output_attention else outputs, following

    def _set_layers(self, sizes: Any, layers: Any) -> None:
        """Makes the layers of the attention, None where there is none, and says how large it is."""
        if sizes is not None and layers is not None:
            raise ValueError("Only one of attention_layer_size and attention_layer should be set")
        widths = [mechanism.values.shape.as_list()[-1] for mechanism in self._mechanisms]
        self._layers: list[Any] = [None] * len(widths)
        given = "attention_layer"
        if sizes is not None:
            widths, given = _listed(sizes), "attention_layer_size"
            dtypes = [mechanism.dtype for mechanism in self._mechanisms]
            self._layers = [
                Dense(size, use_bias=False, name="attention_layer", dtype=dtype)
                for size, dtype in zip(widths, dtypes, strict=False)
            ]
        elif layers is not None:
            self._layers = _listed(layers)
            widths = [
                layer.compute_output_shape([None, self._cell.output_size + width]).as_list()[-1]
                for layer, width in zip(self._layers, widths, strict=False)
            ]
        if not len(widths) == len(self._layers) == len(self._mechanisms):
            raise ValueError(
                f"If provided, {given} must contain exactly one per attention_mechanism, "
                f"saw: {max(len(widths), len(self._layers))} vs {len(self._mechanisms)}"
            )
        self._attention_size = sum(widths)

    def _checked(self, structure: Any, batch_size: Any, what: str) -> Any:
        """Returns tensors that say at a run if their batch is not that of the memory."""
        message = f"{type(self).__name__} {self.name}: {_TILED.format(what)}"
        checks = [
            v1.assert_equal(batch_size, mechanism.batch_size, message=message)
            for mechanism in self._mechanisms
        ]
        with tf.control_dependencies([check for check in checks if check is not None]):
            return tf.nest.map_structure(tf.identity, structure)

    def _one_or_all(self, parts: Iterable[Any]) -> Any:
        every = tuple(parts)
        return every if self._is_multi else every[0]


def _attended(mechanism: Any, outputs: tf.Tensor, state: Any, layer: Any) -> tuple[Any, Any, Any]:
    alignments, state = mechanism(outputs, state=state)
    seen = tf.squeeze(tf.matmul(tf.expand_dims(alignments, 1), mechanism.values), [1])
    return seen if layer is None else layer(tf.concat([outputs, seen], 1)), alignments, state


def _listed(given: Any) -> list[Any]:
    return list(given) if isinstance(given, (list, tuple)) else [given]


def _require_mechanisms(mechanisms: Sequence[Any]) -> None:
    others = [type(m).__name__ for m in mechanisms if not isinstance(m, AttentionMechanism)]
    if others:
        raise TypeError(
            "attention_mechanism must be an AttentionMechanism or list of multiple AttentionMechanism "
            f"instances, saw type: {', '.join(others)}"
        )
