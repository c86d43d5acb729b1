"""The decoder of tf.contrib.legacy_seq2seq that attends. Vinyals et al. 2014, arXiv:1412.7449."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from slimzoo.compat.tf_layers.base import v1
from slimzoo.compat.tf_rnn.base import Scope
from slimzoo.compat.tf_rnn.decoding import LoopFunction, following
from slimzoo.compat.tf_rnn.projections import linear


class _Heads:
    """Looks at `states` [N, length, size] with variables of its own, one pair a head."""

    def __init__(self, states: tf.Tensor, count: int, dtype: Any):
        self.size, self._states, self._dtype = states.shape.as_list()[2], states, dtype
        self._seen, self._scales = [], []
        for head in range(count):
            kernel = v1.get_variable(f"AttnW_{head}", [1, 1, self.size, self.size], dtype)
            self._seen.append(tf.tensordot(states, kernel[0, 0], [[2], [0]]))
            self._scales.append(v1.get_variable(f"AttnV_{head}", [self.size], dtype))

    def look(self, state: Any) -> list[tf.Tensor]:
        """Returns what each head sees for a state, [N, size]."""
        query = tf.concat(tf.nest.flatten(state), 1) if tf.nest.is_nested(state) else state
        found = []
        for head, (seen, scale) in enumerate(zip(self._seen, self._scales, strict=True)):
            with v1.variable_scope(f"Attention_{head}"):
                asked = tf.cast(tf.expand_dims(linear(query, self.size, True), 1), self._dtype)
                scores = tf.reduce_sum(scale * tf.tanh(seen + asked), 2)
                weights = tf.cast(tf.nn.softmax(tf.cast(scores, tf.float32)), self._dtype)
                found.append(tf.reduce_sum(tf.expand_dims(weights, 2) * self._states, 1))
        return found

    def nothing(self, batch_size: tf.Tensor) -> list[tf.Tensor]:
        """Returns zeros in place of what the heads see."""
        zeros = tf.zeros(tf.stack([batch_size, self.size]), self._dtype)
        zeros.set_shape([None, self.size])
        return [zeros] * len(self._scales)


def attention_decoder(
    decoder_inputs: Sequence[tf.Tensor],
    initial_state: Any,
    attention_states: tf.Tensor,
    cell: Any,
    output_size: int | None = None,
    num_heads: int = 1,
    loop_function: LoopFunction | None = None,
    dtype: Any = None,
    scope: Scope = None,
    initial_state_attention: bool = False,
) -> tuple[list[tf.Tensor], Any]:
    """Returns outputs [N, output_size], a list over time, and the last state.

    Args:
      attention_states: [N, length, size], what is attended to.
      initial_state_attention: whether the first step sees something; False: zeros.
    """
    _require(decoder_inputs, attention_states, num_heads)
    size = cell.output_size if output_size is None else output_size
    outputs: list[tf.Tensor] = []
    state = initial_state
    with v1.variable_scope(scope or "attention_decoder", dtype=dtype) as entered:
        heads = _Heads(attention_states, num_heads, entered.dtype)
        seen = heads.nothing(tf.shape(decoder_inputs[0])[0])
        if initial_state_attention:
            seen = heads.look(initial_state)
        for number, inputs in enumerate(decoder_inputs):
            if number:
                v1.get_variable_scope().reuse_variables()
                inputs = following(loop_function, inputs, outputs[-1], number)
            joined = [tf.cast(part, entered.dtype) for part in (inputs, *seen)]
            output, state = cell(linear(joined, inputs.shape.as_list()[1], True), state)
            again = True if initial_state_attention and not number else None
            with v1.variable_scope(v1.get_variable_scope(), reuse=again):
                seen = heads.look(state)
            with v1.variable_scope("AttnOutputProjection"):
                outputs.append(linear([tf.cast(output, entered.dtype), *seen], size, True))
    return outputs, state


def _require(inputs: Sequence[tf.Tensor], states: tf.Tensor, num_heads: int) -> None:
    problems = []
    if not inputs:
        problems.append("Must provide at least 1 input to attention decoder.")
    if num_heads < 1:
        problems.append("With less than 1 heads, use a non-attention decoder.")
    if states.shape.as_list()[2] is None:
        problems.append(f"Shape[2] of attention_states must be known: {states.shape}")
    if problems:
        raise ValueError(" ".join(problems))
