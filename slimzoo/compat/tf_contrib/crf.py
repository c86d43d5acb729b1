"""tf.contrib.crf: linear chains of tags, their scores, and the best one. Lafferty, McCallum & Pereira 2001.

All functions take scores [N, T, tags], lengths [N] of the sequences, and transitions [tags, tags].
"""

from typing import Any

import numpy as np
import tensorflow as tf

v1 = tf.compat.v1


def crf_log_likelihood(
    inputs: Any, tag_indices: Any, sequence_lengths: Any, transition_params: Any = None
) -> tuple[tf.Tensor, Any]:
    """Returns the log likelihood [N] of tags [N, T], and the transitions: "transitions" by default."""
    inputs = tf.convert_to_tensor(inputs)
    if transition_params is None:
        tags = inputs.shape[2]
        transition_params = v1.get_variable("transitions", [tags, tags])
    score = crf_sequence_score(inputs, tag_indices, sequence_lengths, transition_params)
    return score - crf_log_norm(inputs, sequence_lengths, transition_params), transition_params


def crf_sequence_score(
    inputs: Any, tag_indices: Any, sequence_lengths: Any, transition_params: Any
) -> tf.Tensor:
    """Returns the score [N] of tags [N, T]."""
    unary = crf_unary_score(tag_indices, sequence_lengths, inputs)
    return unary + crf_binary_score(tag_indices, sequence_lengths, transition_params)


def crf_unary_score(tag_indices: Any, sequence_lengths: Any, inputs: Any) -> tf.Tensor:
    """Returns the sum [N] of the scores of tags [N, T] by themselves."""
    inputs = tf.convert_to_tensor(inputs)
    tags, mask = _tags(tag_indices, sequence_lengths)
    return tf.reduce_sum(tf.gather(inputs, tags, batch_dims=2) * tf.cast(mask, inputs.dtype), 1)


def crf_binary_score(tag_indices: Any, sequence_lengths: Any, transition_params: Any) -> tf.Tensor:
    """Returns the sum [N] of the transitions of tags [N, T]."""
    transitions = tf.convert_to_tensor(transition_params)
    tags, mask = _tags(tag_indices, sequence_lengths)
    scores = tf.gather_nd(transitions, tf.stack([tags[:, :-1], tags[:, 1:]], axis=-1))
    return tf.reduce_sum(scores * tf.cast(mask[:, 1:], transitions.dtype), 1)


def _tags(tag_indices: Any, lengths: Any) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns tags [N, T], 0 where a sequence has ended whatever stood there, and where it has not."""
    tags = tf.convert_to_tensor(tag_indices)
    mask = tf.sequence_mask(lengths, tf.shape(tags)[1])
    return tf.where(mask, tags, tf.zeros_like(tags)), mask


def crf_log_norm(inputs: Any, sequence_lengths: Any, transition_params: Any) -> tf.Tensor:
    """Returns the logarithm [N] of the sum over all tags of exp(score); 0 for empty sequences."""
    norm = _log_norm(inputs, sequence_lengths, transition_params)
    return tf.where(tf.convert_to_tensor(sequence_lengths) <= 0, tf.zeros_like(norm), norm)


def crf_multitag_sequence_score(
    inputs: Any, tag_bitmap: Any, sequence_lengths: Any, transition_params: Any
) -> tf.Tensor:
    """Returns the logarithm [N] of the sum of exp(score) over the tags in `tag_bitmap` [N, T, tags]."""
    inputs = tf.convert_to_tensor(inputs)
    allowed = tf.where(tag_bitmap, inputs, tf.fill(tf.shape(inputs), tf.constant(-np.inf, inputs.dtype)))
    norm = _log_norm(allowed, sequence_lengths, transition_params)
    is_empty = tf.logical_and(tf.convert_to_tensor(sequence_lengths) <= 0, tf.shape(inputs)[1] > 1)
    return tf.where(is_empty, tf.zeros_like(norm), norm)


def _log_norm(inputs: Any, lengths: Any, transitions: Any) -> tf.Tensor:
    inputs, cell = tf.convert_to_tensor(inputs), CrfForwardRnnCell(transitions)

    def step(time: tf.Tensor, alphas: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        _, new = cell(inputs[:, time], alphas)
        return time + 1, tf.where(_is_within(time, lengths), new, alphas)

    return tf.reduce_logsumexp(_along(inputs, step, inputs[:, 0])[0], [1])


def _is_within(time: tf.Tensor, lengths: Any) -> tf.Tensor:
    """Returns [N, 1]: whether a sequence goes on at `time`."""
    lengths = tf.convert_to_tensor(lengths)
    return (tf.cast(time, lengths.dtype) < lengths)[:, tf.newaxis]


def _along(inputs: tf.Tensor, step: Any, *state: Any) -> list[Any]:
    """Returns what `step`, (time, state) -> (time + 1, state), makes of `state` from time 1 on."""
    if inputs.shape[1] == 1:
        return list(state)
    length = tf.shape(inputs)[1]
    return tf.while_loop(lambda time, *_: time < length, step, (tf.constant(1), *state))[1:]


def crf_decode(potentials: Any, transition_params: Any, sequence_length: Any) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the best tags, int32 [N, T] with zeros after the end, and their scores [N]."""
    potentials = tf.convert_to_tensor(potentials)
    cell, length = CrfDecodeForwardRnnCell(transition_params), tf.shape(potentials)[1]
    nothing = tf.broadcast_to(tf.range(potentials.shape[2]), tf.shape(potentials[:, 0]))

    def forward(time: tf.Tensor, scores: tf.Tensor, back: Any) -> tuple[Any, ...]:
        came_from, new = cell(potentials[:, time], scores)
        goes_on = _is_within(time, sequence_length)
        back = back.write(time, tf.where(goes_on, came_from, nothing))
        return time + 1, tf.where(goes_on, new, scores), back

    back = tf.TensorArray(tf.int32, length, element_shape=potentials[:, 0].shape, clear_after_read=False)
    scores, back = _along(potentials, forward, potentials[:, 0], back.write(0, nothing))
    last = tf.argmax(scores, 1, output_type=tf.int32)

    def backward(time: tf.Tensor, tag: tf.Tensor, tags: Any) -> tuple[Any, ...]:
        return time - 1, tf.gather(back.read(time), tag, batch_dims=1), tags.write(time, tag)

    tags = tf.TensorArray(tf.int32, length, element_shape=last.shape)
    _, _, tags = tf.while_loop(lambda time, *_: time >= 0, backward, (length - 1, last, tags))
    decoded = tf.transpose(tags.stack())
    mask = tf.sequence_mask(tf.maximum(sequence_length, 1), length, tf.int32)
    decoded = decoded * mask
    decoded.set_shape(potentials.shape[:2])
    return decoded, tf.reduce_max(scores, 1)


def viterbi_decode(score: np.ndarray, transition_params: np.ndarray) -> tuple[list[Any], Any]:
    """Returns the best tags and their score, of one sequence of scores [T, tags], in NumPy."""
    best = np.array(score[0])
    back = []
    for scores in score[1:]:
        ways = best[:, np.newaxis] + transition_params
        back.append(np.argmax(ways, 0))
        best = scores + np.max(ways, 0)
    tags = [np.argmax(best)]
    for came_from in reversed(back):
        tags.append(came_from[tags[-1]])
    return tags[::-1], np.max(best)


class _Cell:
    """A step of a chain, as a recurrent cell: (inputs, state) -> (outputs, state), both [N, tags]."""

    def __init__(self, transition_params: Any):
        self._transitions = tf.convert_to_tensor(transition_params)[tf.newaxis]
        self.state_size = self.output_size = self._transitions.shape[1]

    def _ways(self, state: tf.Tensor) -> tf.Tensor:
        return state[:, :, tf.newaxis] + self._transitions


class CrfForwardRnnCell(_Cell):
    """The sum over all ways to each tag, in logarithms."""

    def __call__(self, inputs: tf.Tensor, state: tf.Tensor, scope: Any = None) -> tuple[tf.Tensor, tf.Tensor]:
        new = inputs + tf.reduce_logsumexp(self._ways(state), [1])
        return new, new


class CrfDecodeForwardRnnCell(_Cell):
    """The best way to each tag: outputs are the tags it comes from, the state is its score."""

    def __call__(self, inputs: tf.Tensor, state: tf.Tensor, scope: Any = None) -> tuple[tf.Tensor, tf.Tensor]:
        ways = self._ways(state)
        return tf.argmax(ways, 1, output_type=tf.int32), inputs + tf.reduce_max(ways, [1])


class CrfDecodeBackwardRnnCell:
    """The best tags backwards: inputs are the tags that each came from, the state is the tag, [N, 1]."""

    def __init__(self, num_tags: int):
        self._num_tags, self.state_size, self.output_size = num_tags, 1, 1

    def __call__(self, inputs: tf.Tensor, state: tf.Tensor, scope: Any = None) -> tuple[tf.Tensor, tf.Tensor]:
        new = tf.gather(inputs, state, batch_dims=1)
        return new, new
