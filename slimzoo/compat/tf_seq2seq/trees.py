"""From the steps of a beam search to sequences, as tf.contrib.seq2seq's gather_tree does."""

from typing import Any

import tensorflow as tf

from slimzoo.compat.tf_layers.base import v1


def gather_tree(
    step_ids: Any, parent_ids: Any, max_sequence_lengths: Any, end_token: Any, name: str | None = None
) -> tf.Tensor:
    """Returns the sequences [T, N, beam] that end in each place of the beam, and then end_token.

    Args:
      step_ids: [T, N, beam], the symbols of each step; parent_ids: which place each of them follows.
      max_sequence_lengths: [N], the step after the last one; past it there is end_token.
    """
    with v1.name_scope(name, "GatherTree"):
        ids, parents = tf.convert_to_tensor(step_ids, tf.int32), tf.convert_to_tensor(parent_ids, tf.int32)
        steps, batch, beam = tf.unstack(tf.shape(ids))
        time = tf.reshape(tf.range(steps), [-1, 1])
        inside = time < tf.reshape(tf.minimum(max_sequence_lengths, steps), [1, -1])
        places = tf.tile(tf.reshape(tf.range(beam), [1, -1]), [batch, 1])

        def before(carried: Any, rows: Any) -> tuple[tf.Tensor, tf.Tensor]:
            places, _ = carried
            step, parent, within = rows
            chosen = tf.gather(step, places, axis=1, batch_dims=1)
            earlier = tf.gather(parent, places, axis=1, batch_dims=1)
            within = tf.expand_dims(within, 1)
            return tf.where(within, earlier, places), tf.where(within, chosen, end_token)

        start = (places, tf.fill([batch, beam], end_token))
        _, found = tf.scan(before, (ids, parents, inside), start, reverse=True)
        over = tf.cumsum(tf.cast(tf.equal(found, end_token), tf.int32), exclusive=True) > 0
        sequences = tf.where(over, end_token, found)
        sequences.set_shape(ids.shape)
        return sequences


def gather_tree_from_array(values: tf.Tensor, parent_ids: tf.Tensor, sequence_length: tf.Tensor) -> tf.Tensor:
    """Returns `values` [T, N * beam, ...] or [T, N, beam, ...] as the sequences of the beam have them."""
    steps, batch, beam = tf.unstack(tf.shape(parent_ids))
    own = tf.tile(tf.reshape(tf.range(beam), [1, 1, -1]), [steps, batch, 1])
    longest = tf.cast(tf.reduce_max(sequence_length, axis=1), tf.int32)
    places = gather_tree(own, parent_ids, longest, beam + 1)
    inside = tf.transpose(tf.sequence_mask(sequence_length, steps), [2, 0, 1])
    places = tf.where(inside, places, own)
    split = tf.reshape(values, [steps, batch, beam, -1])
    return tf.reshape(tf.gather(split, places, axis=2, batch_dims=2), tf.shape(values))
