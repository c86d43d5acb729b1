"""The buckets of tf.contrib.training: batches of like lengths, as TensorFlow 1.15.5 made them."""

import pytest
import tensorflow as tf

from slimzoo.compat.tf_contrib import buckets

v1 = tf.compat.v1


def test_examples_of_like_length_are_batched_and_padded():
    lengths = [1, 5, 2, 6, 3, 7, 12, 4, 11, 1]
    with tf.Graph().as_default(), v1.Session() as session:
        (length,) = v1.train.slice_input_producer([tf.constant(lengths)], num_epochs=1, shuffle=False)
        batch = buckets.bucket_by_sequence_length(length, [tf.range(length)], 2, [4, 8], dynamic_pad=True)
        session.run(v1.local_variables_initializer())
        coordinator = tf.train.Coordinator()
        threads = v1.train.start_queue_runners(session, coordinator)
        found = []
        with pytest.raises(tf.errors.OutOfRangeError):
            while True:
                of_batch, (padded,) = session.run(batch)
                found.append((of_batch.tolist(), padded.shape[1]))
        coordinator.request_stop()
        coordinator.join(threads)
    assert sorted(found) == [([1, 2], 2), ([3, 1], 3), ([5, 6], 6), ([7, 4], 7), ([12, 11], 12)]


def test_boundaries_that_do_not_increase_are_refused():
    with tf.Graph().as_default(), pytest.raises(ValueError, match="increasing"):
        buckets.bucket_by_sequence_length(1, [tf.range(1)], 2, [4, 4])
