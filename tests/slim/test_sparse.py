"""Sparse labels and buckets. Expected values: TensorFlow 1.15.5, or what the definition says."""

import numpy as np
import pytest
import tensorflow as tf

from slimzoo import slim
from slimzoo.slim import sparse
from tests.slim.support import graph_session, v1


def test_labels_without_the_end_token_become_sparse_and_are_collected():
    with graph_session() as session:
        labels = slim.dense_to_sparse(
            tf.constant([[1, 2, 0], [3, 0, 5]]), eos_token=2, outputs_collections="o"
        )
        assert list(slim.utils.convert_collection_to_dict("o")) == ["dense_to_sparse"]
        value = session.run(labels)
    np.testing.assert_array_equal(value.indices, [[0, 0], [0, 2], [1, 0], [1, 1], [1, 2]])
    np.testing.assert_array_equal(value.values, [1, 0, 3, 0, 5])
    np.testing.assert_array_equal(value.dense_shape, [2, 3])


def test_indicators_become_class_numbers_at_the_front_of_their_rows():
    with graph_session() as session:
        ids = sparse.indicators_to_sparse_ids([[[0, 0, 1, 0], [0, 0, 0, 0]], [[1, 0, 1, 1], [0, 0, 1, 0]]])
        value = session.run(ids)
    np.testing.assert_array_equal(value.indices, [[0, 0, 0], [1, 0, 0], [1, 0, 1], [1, 0, 2], [1, 1, 0]])
    np.testing.assert_array_equal(value.values, [2, 0, 2, 3, 2])
    np.testing.assert_array_equal(value.dense_shape, [2, 2, 3])


def test_strings_leave_out_the_empty_one_or_another():
    with graph_session() as session:
        words = tf.constant(["a", "", "b"])
        values = session.run(
            [sparse.dense_to_sparse_tensor(words).values, sparse.dense_to_sparse_tensor(words, "b").values]
        )
    assert [list(value) for value in values] == [[b"a", b"b"], [b"a", b""]]


def test_a_row_envelope_ends_after_the_last_value():
    with graph_session() as session:
        tensor = tf.SparseTensor([[0, 0], [2, 0], [2, 2]], [1, 1, 1], [3, 3])
        np.testing.assert_array_equal(session.run(sparse.sparse_row_envelope(tensor)), [1, 0, 3])


def test_mistakes_say_what_was_given():
    with pytest.raises(ValueError, match=r"float32.* not integer"):
        sparse.indicators_to_sparse_ids([[1]], dtype=tf.float32)
    with pytest.raises(ValueError, match="can not be the same axis: both are 1"):
        sparse.sparse_row_envelope(None, 1, 1)
    with pytest.raises(ValueError, match="must be integers, not 'a' and 1"):
        sparse.sparse_row_envelope(None, "a", 1)


def test_a_number_falls_into_the_bucket_of_the_boundaries_below_it():
    with graph_session() as session:
        buckets = slim.bucketize(tf.constant([[-5, 10000], [150, 10], [5, 100]]), [0, 10, 100])
        np.testing.assert_array_equal(session.run(buckets), [[0, 3], [3, 2], [1, 3]])
        assert slim.bucketize(v1.placeholder(tf.float64, [None]), (1.0,)).dtype == tf.int32
    with pytest.raises(TypeError, match=r"Expected list .* not 2.0"):
        slim.bucketize(tf.constant([1.0]), 2.0)
