"""How a decoder of tf.contrib.legacy_seq2seq goes from step to step."""

from collections.abc import Callable, Iterable
from typing import Any

import tensorflow as tf

from slimzoo.compat.tf_layers.base import v1
from slimzoo.compat.tf_rnn.base import Scope

LoopFunction = Callable[[tf.Tensor, int], tf.Tensor]


def rnn_decoder(
    decoder_inputs: Iterable[tf.Tensor],
    initial_state: Any,
    cell: Any,
    loop_function: LoopFunction | None = None,
    scope: Scope = None,
) -> tuple[list[tf.Tensor], Any]:
    """Returns the outputs, a list over time, and the last state.

    Args:
      loop_function: (the output before, the number of the step) -> the inputs, from the second step on.
    """
    outputs: list[tf.Tensor] = []
    state = initial_state
    with v1.variable_scope(scope or "rnn_decoder"):
        for number, inputs in enumerate(decoder_inputs):
            if number:
                inputs = following(loop_function, inputs, outputs[-1], number)
                v1.get_variable_scope().reuse_variables()
            output, state = cell(inputs, state)
            outputs.append(output)
    return outputs, state


def following(function: LoopFunction | None, inputs: tf.Tensor, before: tf.Tensor, number: int) -> tf.Tensor:
    """Returns the inputs of a step: those given, or what `function` makes of the output before."""
    if function is None:
        return inputs
    with v1.variable_scope("loop_function", reuse=True):
        return function(before, number)


def embedded_best(embedding: Any, projection: Any = None, trained: bool = True) -> LoopFunction:
    """Returns the loop function to the row of `embedding` of the likeliest symbol."""

    def function(before: tf.Tensor, number: int) -> tf.Tensor:
        del number
        logits = before if projection is None else v1.nn.xw_plus_b(before, *projection)
        row = v1.nn.embedding_lookup(embedding, tf.argmax(logits, 1))
        return row if trained else tf.stop_gradient(row)

    return function


def while_training(
    decode: Callable[..., Any],
    feed_previous: Any,
    steps: int,
    structure: Any,
    update_embedding_for_previous: bool = False,
) -> tuple[list[tf.Tensor], Any]:
    """Returns decode(feed_previous=...): a bool's, or by a bool tensor the one or the other.

    Args:
      steps: how many outputs there are.
      structure: that of the state.
      update_embedding_for_previous: whether the embedding is trained through symbols fed back, by a tensor.
    """
    if isinstance(feed_previous, bool):
        return decode(feed_previous=feed_previous)

    def flat(feed: bool) -> list[tf.Tensor]:
        with v1.variable_scope(v1.get_variable_scope(), reuse=None if feed else True):
            outputs, state = decode(
                feed_previous=feed, update_embedding_for_previous=update_embedding_for_previous
            )
        return [*outputs, *tf.nest.flatten(state)]

    made = v1.cond(feed_previous, lambda: flat(True), lambda: flat(False))
    return made[:steps], tf.nest.pack_sequence_as(structure, made[steps:])
