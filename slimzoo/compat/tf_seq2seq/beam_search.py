"""tf.contrib.seq2seq's search for the likeliest sequences: BeamSearchDecoder and tile_batch."""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from slimzoo.compat.tf_layers.base import v1
from slimzoo.compat.tf_rnn.base import require_cell
from slimzoo.compat.tf_seq2seq.attention_wrapper import AttentionWrapperState
from slimzoo.compat.tf_seq2seq.decoder import Decoder, require_layer, size_after
from slimzoo.compat.tf_seq2seq.helpers import embedding_function, tokens
from slimzoo.compat.tf_seq2seq.trees import gather_tree, gather_tree_from_array


class BeamSearchDecoderState(NamedTuple):
    """The state of a search, [N, beam_width, ...]."""

    cell_state: Any
    log_probs: Any
    finished: Any
    lengths: Any
    accumulated_attention_probs: Any


class BeamSearchDecoderOutput(NamedTuple):
    """What a step of a search gives, [N, beam_width]."""

    scores: Any
    predicted_ids: Any
    parent_ids: Any


class FinalBeamSearchDecoderOutput(NamedTuple):
    """What a search gives: predicted_ids [N, T, beam_width], the best first."""

    predicted_ids: Any
    beam_search_decoder_output: Any


class BeamSearchDecoder(Decoder):
    """Keeps the `beam_width` likeliest sequences of each; states are tiled by tile_batch.

    Args:
      embedding: a variable [symbols, size], or a function of numbers [N, beam_width].
      start_tokens: [N]; end_token: a scalar.
      length_penalty_weight, coverage_penalty_weight: 0 for none. Wu et al. 2016, arXiv:1609.08144.
      reorder_tensor_arrays: whether a history of alignments follows the sequences that were found.
    """

    def __init__(
        self,
        cell: Any,
        embedding: Any,
        start_tokens: Any,
        end_token: Any,
        initial_state: Any,
        beam_width: int,
        output_layer: Any = None,
        length_penalty_weight: Any = 0.0,
        coverage_penalty_weight: Any = 0.0,
        reorder_tensor_arrays: bool = True,
    ):
        require_cell("cell", cell)
        require_layer("output_layer", output_layer)
        self._cell, self._output_layer, self._beam_width = cell, output_layer, beam_width
        self._length_penalty, self._coverage_penalty = length_penalty_weight, coverage_penalty_weight
        self._reorder, self._embed = reorder_tensor_arrays, embedding_function(embedding)
        starts, self._end_token = tokens(start_tokens, end_token)
        self._batch_size = tf.size(starts)
        self._initial_cell_state = tf.nest.map_structure(self._split, initial_state)
        self._start_inputs = self._embed(tf.tile(tf.expand_dims(starts, 1), [1, beam_width]))

    @property
    def batch_size(self) -> Any:
        """The number of start_tokens."""
        return self._batch_size

    @property
    def tracks_own_finished(self) -> bool:
        """A place in the beam may go to a sequence that goes on."""
        return True

    @property
    def output_size(self) -> BeamSearchDecoderOutput:
        """beam_width, of each."""
        return BeamSearchDecoderOutput(*[tf.TensorShape([self._beam_width])] * 3)

    @property
    def output_dtype(self) -> BeamSearchDecoderOutput:
        """Of scores, symbols and places."""
        dtype = tf.nest.flatten(self._initial_cell_state)[0].dtype
        sizes = size_after(self._cell, self._output_layer)
        return BeamSearchDecoderOutput(tf.nest.map_structure(lambda _: dtype, sizes), tf.int32, tf.int32)

    def initialize(self, name: str | None = None) -> tuple[Any, Any, Any]:
        """Returns the first sequence of each beam alone unfinished, start tokens, and the state."""
        dtype = tf.nest.flatten(self._initial_cell_state)[0].dtype
        first = tf.zeros([self._batch_size], tf.int32)
        finished = tf.one_hot(first, self._beam_width, False, True, dtype=tf.bool)
        probs = _attention_probs(self._initial_cell_state, self._coverage_penalty)
        state = BeamSearchDecoderState(
            cell_state=self._initial_cell_state,
            log_probs=tf.one_hot(
                first, self._beam_width, tf.constant(0.0, dtype), tf.constant(-np.inf, dtype), dtype=dtype
            ),
            finished=finished,
            lengths=tf.zeros([self._batch_size, self._beam_width], tf.int64),
            accumulated_attention_probs=() if probs is None else probs,
        )
        return finished, self._start_inputs, state

    def step(self, time: Any, inputs: Any, state: Any, name: str | None = None) -> tuple[Any, Any, Any, Any]:
        """Returns BeamSearchDecoderOutput, the next state, the next inputs, and who is finished."""
        with v1.name_scope(name, "BeamSearchDecoderStep", [time]):
            merged = tf.nest.map_structure(self._merge, state.cell_state)
            flat = tf.nest.map_structure(self._merge, inputs)
            outputs, cell_state = self._cell(flat, merged)
            outputs = tf.nest.map_structure(self._split, outputs)
            cell_state = tf.nest.map_structure(self._split, cell_state)
            if self._output_layer is not None:
                outputs = self._output_layer(outputs)
            found, following = self._search(outputs, cell_state, state)
            inputs = v1.cond(
                tf.reduce_all(following.finished),
                lambda: self._start_inputs,
                lambda: self._embed(found.predicted_ids),
            )
        return found, following, inputs, following.finished

    def finalize(self, outputs: Any, final_state: Any, sequence_lengths: Any) -> tuple[Any, Any]:
        """Returns FinalBeamSearchDecoderOutput, and the state with its histories in order."""
        longest = tf.cast(tf.reduce_max(final_state.lengths, axis=1), tf.int32)
        ids = gather_tree(outputs.predicted_ids, outputs.parent_ids, longest, self._end_token)
        if self._reorder:
            ordered = tf.nest.map_structure(
                lambda part: (
                    gather_tree_from_array(part.stack(), outputs.parent_ids, final_state.lengths)
                    if isinstance(part, tf.TensorArray) and self._may_be_ordered(part.element_shape)
                    else part
                ),
                final_state.cell_state,
            )
            final_state = final_state._replace(cell_state=ordered)
        return FinalBeamSearchDecoderOutput(ids, outputs), final_state

    def _may_be_ordered(self, shape: tf.TensorShape) -> bool:
        """Says whether a history of such parts follows the sequences: in TensorFlow 1.15 not all do."""
        batch, sizes = tf.get_static_value(self._batch_size), shape.as_list() if shape.rank else []
        if not sizes:
            return False
        if batch is None or sizes[0] is None:
            return True
        as_split = len(sizes) < 2 or sizes[1] is None or sizes[:2] == [batch, self._beam_width]
        return as_split and sizes[0] == batch * self._beam_width

    def _search(self, logits: tf.Tensor, cell_state: Any, state: Any) -> tuple[Any, Any]:
        """Returns the best continuations of all sequences, and the state after them."""
        symbols = logits.shape.as_list()[-1] or tf.shape(logits)[-1]
        going = tf.logical_not(state.finished)
        new = _ended(tf.nn.log_softmax(logits), self._end_token, state.finished)
        totals = tf.expand_dims(state.log_probs, 2) + new
        is_longer = tf.one_hot(
            tf.fill([self._batch_size, self._beam_width], self._end_token),
            symbols,
            tf.constant(0, tf.int64),
            tf.constant(1, tf.int64),
            dtype=tf.int64,
        )
        lengths = tf.expand_dims(state.lengths, 2) + is_longer * tf.expand_dims(tf.cast(going, tf.int64), 2)
        probs = _attention_probs(cell_state, self._coverage_penalty)
        if probs is not None:
            probs = state.accumulated_attention_probs + probs * tf.expand_dims(tf.cast(going, tf.float32), 2)
        scores = self._scores(totals, lengths, state.finished, probs)
        best, places = tf.nn.top_k(tf.reshape(scores, [self._batch_size, -1]), self._beam_width)
        best.set_shape([tf.get_static_value(self._batch_size), self._beam_width])
        ids, parents = places % symbols, places // symbols
        was_finished = self._chosen(state.finished, parents)
        following = BeamSearchDecoderState(
            cell_state=tf.nest.map_structure(lambda part: self._chosen(part, parents), cell_state),
            log_probs=self._chosen(tf.reshape(totals, [self._batch_size, -1]), places),
            finished=tf.logical_or(was_finished, tf.equal(ids, self._end_token)),
            lengths=self._chosen(state.lengths, parents) + tf.cast(tf.logical_not(was_finished), tf.int64),
            accumulated_attention_probs=() if probs is None else self._chosen(probs, parents),
        )
        return BeamSearchDecoderOutput(best, ids, parents), following

    def _scores(self, totals: tf.Tensor, lengths: tf.Tensor, finished: tf.Tensor, probs: Any) -> tf.Tensor:
        """Returns log probabilities with the penalties of length and coverage."""
        weight = tf.get_static_value(tf.convert_to_tensor(self._length_penalty))
        scores = totals
        if weight is None or weight != 0:
            penalty = ((5.0 + tf.cast(lengths, tf.float32)) / 6.0) ** self._length_penalty
            scores = totals / tf.cast(penalty, totals.dtype)
        if probs is None:
            return scores
        seen = tf.where(tf.equal(probs, 0.0), tf.ones_like(probs), probs)
        coverage = tf.reduce_sum(tf.math.log(tf.minimum(seen, 1.0)), 2) * tf.cast(finished, tf.float32)
        return scores + tf.expand_dims(coverage * self._coverage_penalty, 2)

    def _chosen(self, part: Any, places: tf.Tensor) -> Any:
        """Returns what is at the places [N, beam_width] of [N, many, ...]; what has no beam as it is."""
        if isinstance(part, tf.TensorArray) or part.shape.rank < 2:
            return part
        chosen = tf.gather(part, places, axis=1, batch_dims=1)
        chosen.set_shape([tf.get_static_value(self._batch_size), self._beam_width, *part.shape.as_list()[2:]])
        return chosen

    def _merge(self, part: Any) -> Any:
        """Returns [N, beam_width, ...] as [N * beam_width, ...]."""
        if isinstance(part, tf.TensorArray) or _rank(part) < 2:
            return part
        known = tf.get_static_value(self._batch_size)
        sizes = tf.concat([[self._batch_size * self._beam_width], tf.shape(part)[2:]], 0)
        merged = tf.reshape(part, sizes)
        merged.set_shape([None if known is None else known * self._beam_width, *part.shape.as_list()[2:]])
        return merged

    def _split(self, part: Any) -> Any:
        """Returns [N * beam_width, ...] as [N, beam_width, ...]."""
        if isinstance(part, tf.TensorArray) or _rank(part) < 1:
            return part
        known, rest = tf.get_static_value(self._batch_size), part.shape.as_list()[1:]
        rows = part.shape.as_list()[0]
        if None not in (known, rows) and rows != known * self._beam_width:
            raise ValueError(
                f"{part} has {rows} rows; there are {known} start tokens and a beam of {self._beam_width}: "
                "tile it by tf.contrib.seq2seq.tile_batch, and make zero_state for batch size * beam width"
            )
        sizes = tf.concat([[self._batch_size, self._beam_width], tf.shape(part)[1:]], 0)
        split = tf.reshape(part, sizes)
        split.set_shape([known, self._beam_width, *rest])
        return split


def tile_batch(t: Any, multiplier: int, name: str | None = None) -> Any:
    """Returns a structure of tensors [N, ...], each row `multiplier` times one after the other."""

    def tiled(part: Any) -> tf.Tensor:
        tensor = tf.convert_to_tensor(part, name="t")
        if _rank(tensor) < 1:
            raise ValueError(f"t must have statically known rank, at least 1: {tensor}")
        rows = tensor.shape.as_list()[0]
        repeated = tf.repeat(tensor, multiplier, axis=0)
        static = None if rows is None or tf.is_tensor(multiplier) else rows * multiplier
        repeated.set_shape([static, *tensor.shape.as_list()[1:]])
        return repeated

    with v1.name_scope(name, "tile_batch"):
        return tf.nest.map_structure(tiled, t)


def _rank(part: tf.Tensor) -> int:
    if part.shape.rank is None:
        raise ValueError(f"Expected tensor ({part}) to have known rank; set its shape")
    return part.shape.rank


def _ended(log_probs: tf.Tensor, end_token: Any, finished: tf.Tensor) -> tf.Tensor:
    """Returns log probabilities by which a finished sequence goes on with end_token alone."""
    dtype = log_probs.dtype
    row = tf.one_hot(
        end_token, tf.shape(log_probs)[2], tf.constant(0.0, dtype), tf.constant(dtype.min, dtype), dtype=dtype
    )
    return tf.where(tf.expand_dims(finished, 2), row, log_probs)


def _attention_probs(state: Any, weight: Any) -> tf.Tensor | None:
    """Returns the alignments of the attending cells, on average; None where they do not count."""
    if not tf.is_tensor(weight) and weight == 0.0:
        return None
    parts = [state] if isinstance(state, AttentionWrapperState) else state
    parts = parts if isinstance(parts, (list, tuple)) else [parts]
    found = [_averaged(part.alignments) for part in parts if isinstance(part, AttentionWrapperState)]
    if not found:
        raise ValueError("coverage_penalty_weight must be 0.0 if no cell is attentional.")
    return _averaged(tuple(found)) if len(found) > 1 else found[0]


def _averaged(probs: Any) -> tf.Tensor:
    return tf.reduce_mean(tf.stack(probs, -1), -1) if isinstance(probs, tuple) else probs
