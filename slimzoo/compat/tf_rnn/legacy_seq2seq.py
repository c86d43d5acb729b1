"""tf.contrib.legacy_seq2seq: decoders and sequence to sequence models, step after step in the graph.

Inputs are lists over time: of [N, size], or of numbers of symbols [N] where there is an embedding.
"""

import copy
import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import tensorflow as tf

from slimzoo.compat.tf_layers.base import v1
from slimzoo.compat.tf_rnn.attention_decoder import attention_decoder
from slimzoo.compat.tf_rnn.base import Scope, require_cell
from slimzoo.compat.tf_rnn.decoding import LoopFunction, embedded_best, rnn_decoder, while_training
from slimzoo.compat.tf_rnn.projections import EmbeddingWrapper, OutputProjectionWrapper

__all__ = [
    "attention_decoder",
    "basic_rnn_seq2seq",
    "embedding_attention_decoder",
    "embedding_attention_seq2seq",
    "embedding_rnn_decoder",
    "embedding_rnn_seq2seq",
    "embedding_tied_rnn_seq2seq",
    "model_with_buckets",
    "one2many_rnn_seq2seq",
    "rnn_decoder",
    "sequence_loss",
    "sequence_loss_by_example",
    "tied_rnn_seq2seq",
]
Tensors = Sequence[tf.Tensor]
Decoded = tuple[Any, Any]  # outputs, a list over time; the last state


def basic_rnn_seq2seq(
    encoder_inputs: Tensors, decoder_inputs: Tensors, cell: Any, dtype: Any = tf.float32, scope: Scope = None
) -> Decoded:
    """Encodes with a copy of `cell`, and decodes with `cell` from the state that comes of it."""
    with v1.variable_scope(scope or "basic_rnn_seq2seq"):
        _, state = v1.nn.static_rnn(copy.deepcopy(cell), encoder_inputs, dtype=dtype)
        return rnn_decoder(decoder_inputs, state, cell)


def tied_rnn_seq2seq(
    encoder_inputs: Tensors,
    decoder_inputs: Tensors,
    cell: Any,
    loop_function: LoopFunction | None = None,
    dtype: Any = tf.float32,
    scope: Scope = None,
) -> Decoded:
    """Encodes and decodes with the same variables."""
    with v1.variable_scope("combined_tied_rnn_seq2seq"):
        scope = scope or "tied_rnn_seq2seq"
        _, state = v1.nn.static_rnn(cell, encoder_inputs, dtype=dtype, scope=scope)
        v1.get_variable_scope().reuse_variables()
        return rnn_decoder(decoder_inputs, state, cell, loop_function, scope)


def embedding_rnn_decoder(
    decoder_inputs: Iterable[tf.Tensor],
    initial_state: Any,
    cell: Any,
    num_symbols: int,
    embedding_size: int,
    output_projection: Any = None,
    feed_previous: bool = False,
    update_embedding_for_previous: bool = True,
    scope: Scope = None,
) -> Decoded:
    """Decodes symbols; with feed_previous all but the first are the likeliest of the step before."""
    with v1.variable_scope(scope or "embedding_rnn_decoder"):
        _require_projection(output_projection, num_symbols)
        embedding = v1.get_variable("embedding", [num_symbols, embedding_size])
        loop = embedded_best(embedding, output_projection, update_embedding_for_previous)
        rows = [v1.nn.embedding_lookup(embedding, symbols) for symbols in decoder_inputs]
        return rnn_decoder(rows, initial_state, cell, loop if feed_previous else None)


def embedding_rnn_seq2seq(
    encoder_inputs: Tensors,
    decoder_inputs: Tensors,
    cell: Any,
    num_encoder_symbols: int,
    num_decoder_symbols: int,
    embedding_size: int,
    output_projection: Any = None,
    feed_previous: Any = False,
    dtype: Any = None,
    scope: Scope = None,
) -> Decoded:
    """Encodes symbols and decodes symbols; feed_previous is a bool or a bool tensor."""
    with v1.variable_scope(scope or "embedding_rnn_seq2seq") as entered:
        if dtype is not None:
            entered.set_dtype(dtype)
        encoder = EmbeddingWrapper(copy.deepcopy(cell), num_encoder_symbols, embedding_size)
        _, state = v1.nn.static_rnn(encoder, encoder_inputs, dtype=entered.dtype)
        if output_projection is None:
            cell = OutputProjectionWrapper(cell, num_decoder_symbols)
        decode = functools.partial(
            embedding_rnn_decoder,
            decoder_inputs,
            state,
            cell,
            num_decoder_symbols,
            embedding_size,
            output_projection,
        )
        return while_training(decode, feed_previous, len(decoder_inputs), state)


def embedding_tied_rnn_seq2seq(
    encoder_inputs: Tensors,
    decoder_inputs: Tensors,
    cell: Any,
    num_symbols: int,
    embedding_size: int,
    num_decoder_symbols: int | None = None,
    output_projection: Any = None,
    feed_previous: Any = False,
    dtype: Any = None,
    scope: Scope = None,
) -> Decoded:
    """Encodes and decodes symbols with the same embedding and the same cell."""
    with v1.variable_scope(scope or "embedding_tied_rnn_seq2seq", dtype=dtype) as entered:
        _require_projection(output_projection, num_symbols)
        embedding = v1.get_variable("embedding", [num_symbols, embedding_size], dtype=entered.dtype)
        encoded, decoded = (
            [v1.nn.embedding_lookup(embedding, symbols) for symbols in inputs]
            for inputs in (encoder_inputs, decoder_inputs)
        )
        if output_projection is None:
            cell = OutputProjectionWrapper(
                cell, num_symbols if num_decoder_symbols is None else num_decoder_symbols
            )

        def decode(feed_previous: bool, update_embedding_for_previous: bool = True) -> Decoded:
            loop = embedded_best(embedding, output_projection, update_embedding_for_previous)
            return tied_rnn_seq2seq(encoded, decoded, cell, loop if feed_previous else None, entered.dtype)

        return while_training(decode, feed_previous, len(decoder_inputs), cell.state_size)


def embedding_attention_decoder(
    decoder_inputs: Tensors,
    initial_state: Any,
    attention_states: tf.Tensor,
    cell: Any,
    num_symbols: int,
    embedding_size: int,
    num_heads: int = 1,
    output_size: int | None = None,
    output_projection: Any = None,
    feed_previous: bool = False,
    update_embedding_for_previous: bool = True,
    dtype: Any = None,
    scope: Scope = None,
    initial_state_attention: bool = False,
) -> Decoded:
    """Decodes symbols and attends to `attention_states` [N, length, size]."""
    with v1.variable_scope(scope or "embedding_attention_decoder", dtype=dtype):
        _require_projection(output_projection, num_symbols)
        embedding = v1.get_variable("embedding", [num_symbols, embedding_size])
        loop = embedded_best(embedding, output_projection, update_embedding_for_previous)
        return attention_decoder(
            [v1.nn.embedding_lookup(embedding, symbols) for symbols in decoder_inputs],
            initial_state,
            attention_states,
            cell,
            cell.output_size if output_size is None else output_size,
            num_heads,
            loop if feed_previous else None,
            initial_state_attention=initial_state_attention,
        )


def embedding_attention_seq2seq(
    encoder_inputs: Tensors,
    decoder_inputs: Tensors,
    cell: Any,
    num_encoder_symbols: int,
    num_decoder_symbols: int,
    embedding_size: int,
    num_heads: int = 1,
    output_projection: Any = None,
    feed_previous: Any = False,
    dtype: Any = None,
    scope: Scope = None,
    initial_state_attention: bool = False,
) -> Decoded:
    """Encodes symbols, and decodes symbols attending to the encoder's outputs."""
    with v1.variable_scope(scope or "embedding_attention_seq2seq", dtype=dtype) as entered:
        encoder = EmbeddingWrapper(copy.deepcopy(cell), num_encoder_symbols, embedding_size)
        outputs, state = v1.nn.static_rnn(encoder, encoder_inputs, dtype=entered.dtype)
        attention_states = tf.concat([tf.reshape(o, [-1, 1, cell.output_size]) for o in outputs], 1)
        output_size = None
        if output_projection is None:
            cell, output_size = OutputProjectionWrapper(cell, num_decoder_symbols), num_decoder_symbols
        decode = functools.partial(
            embedding_attention_decoder,
            decoder_inputs,
            state,
            attention_states,
            cell,
            num_decoder_symbols,
            embedding_size,
            num_heads,
            output_size,
            output_projection,
            initial_state_attention=initial_state_attention,
        )
        return while_training(decode, feed_previous, len(decoder_inputs), state)


def one2many_rnn_seq2seq(
    encoder_inputs: Tensors,
    decoder_inputs_dict: dict[str, Tensors],
    enc_cell: Any,
    dec_cells_dict: dict[str, Any],
    num_encoder_symbols: int,
    num_decoder_symbols_dict: dict[str, int],
    embedding_size: int,
    feed_previous: Any = False,
    dtype: Any = None,
    scope: Scope = None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Encodes once and decodes with a decoder for each name; returns outputs and states by name."""
    if dec_cells_dict.keys() != decoder_inputs_dict.keys():
        raise ValueError(
            "dec_cells_dict and decoder_inputs_dict must have the same keys, not "
            f"{sorted(dec_cells_dict)} and {sorted(decoder_inputs_dict)}"
        )
    for name, given in (("enc_cell", enc_cell), *dec_cells_dict.items()):
        require_cell(name, given)
    outputs, states = {}, {}
    with v1.variable_scope(scope or "one2many_rnn_seq2seq", dtype=dtype) as entered:
        encoder = EmbeddingWrapper(enc_cell, num_encoder_symbols, embedding_size)
        _, state = v1.nn.static_rnn(encoder, encoder_inputs, dtype=entered.dtype)
        for name, inputs in decoder_inputs_dict.items():
            symbols = num_decoder_symbols_dict[name]
            with v1.variable_scope(f"one2many_decoder_{name}"):
                cell = OutputProjectionWrapper(dec_cells_dict[name], symbols)
                decode = functools.partial(
                    embedding_rnn_decoder, inputs, state, cell, symbols, embedding_size
                )
                outputs[name], states[name] = while_training(
                    decode, feed_previous, len(inputs), state, update_embedding_for_previous=True
                )
    return outputs, states


def sequence_loss_by_example(
    logits: Tensors,
    targets: Tensors,
    weights: Tensors,
    average_across_timesteps: bool = True,
    softmax_loss_function: Callable[..., tf.Tensor] | None = None,
    name: str | None = None,
) -> tf.Tensor:
    """Returns [N], the weighed cross entropy of `logits` with `targets`, over time."""
    if not len(targets) == len(logits) == len(weights):
        raise ValueError(
            "Lengths of logits, weights, and targets must be the same "
            f"{len(logits)}, {len(weights)}, {len(targets)}."
        )
    with v1.name_scope(name, "sequence_loss_by_example", [*logits, *targets, *weights]):
        loss = softmax_loss_function or _cross_entropy
        rows = zip(logits, targets, weights, strict=True)
        total = tf.add_n([loss(labels=target, logits=logit) * weight for logit, target, weight in rows])
        return total / (tf.add_n(weights) + 1e-12) if average_across_timesteps else total


def sequence_loss(
    logits: Tensors,
    targets: Tensors,
    weights: Tensors,
    average_across_timesteps: bool = True,
    average_across_batch: bool = True,
    softmax_loss_function: Callable[..., tf.Tensor] | None = None,
    name: str | None = None,
) -> tf.Tensor:
    """Returns sequence_loss_by_example, summed or averaged over the batch."""
    with v1.name_scope(name, "sequence_loss", [*logits, *targets, *weights]):
        by_example = sequence_loss_by_example(
            logits, targets, weights, average_across_timesteps, softmax_loss_function
        )
        total = tf.reduce_sum(by_example)
        return total / tf.cast(tf.shape(targets[0])[0], total.dtype) if average_across_batch else total


def model_with_buckets(
    encoder_inputs: Tensors,
    decoder_inputs: Tensors,
    targets: Tensors,
    weights: Tensors,
    buckets: Sequence[tuple[int, int]],
    seq2seq: Callable[[Tensors, Tensors], Decoded],
    softmax_loss_function: Callable[..., tf.Tensor] | None = None,
    per_example_loss: bool = False,
    name: str | None = None,
) -> tuple[list[Any], list[tf.Tensor]]:
    """Returns outputs and losses of `seq2seq` for each pair of lengths, all with the same variables."""
    lengths = {"encoder_inputs": (encoder_inputs, 0), "targets": (targets, 1), "weights": (weights, 1)}
    short = [
        f"Length of {what} ({len(given)}) must be at least that of last bucket ({buckets[-1][side]})."
        for what, (given, side) in lengths.items()
        if len(given) < buckets[-1][side]
    ]
    if short:
        raise ValueError(" ".join(short))
    measured = sequence_loss_by_example if per_example_loss else sequence_loss
    outputs, losses = [], []
    with v1.name_scope(name, "model_with_buckets", [*encoder_inputs, *decoder_inputs, *targets, *weights]):
        for number, (encoded, decoded) in enumerate(buckets):
            with v1.variable_scope(v1.get_variable_scope(), reuse=True if number else None):
                made, _ = seq2seq(encoder_inputs[:encoded], decoder_inputs[:decoded])
                outputs.append(made)
                losses.append(
                    measured(
                        made,
                        targets[:decoded],
                        weights[:decoded],
                        softmax_loss_function=softmax_loss_function,
                    )
                )
    return outputs, losses


def _cross_entropy(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tf.reshape(labels, [-1]), logits=logits)


def _require_projection(projection: Any, num_symbols: int) -> None:
    """Raises ValueError if an output projection (weights, biases) is not one to `num_symbols`."""
    if projection is not None:
        weights, biases = map(tf.convert_to_tensor, projection)
        weights.shape.assert_is_compatible_with([None, num_symbols])
        biases.shape.assert_is_compatible_with([num_symbols])
