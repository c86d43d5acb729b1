"""flatten, softmax, one_hot_encoding, dropout, repeat and stack."""

import functools

import numpy as np
import pytest
import tensorflow as tf

from slimzoo import slim
from slimzoo.slim.hosting import hosted_by
from tests.slim.support import Host, graph_session, images, names, v1


def test_flatten_keeps_what_is_known_of_the_shape():
    with graph_session() as session:
        known = slim.flatten(v1.placeholder_with_default(np.zeros([2, 3, 4], np.float32), [None, 3, 4]))
        partly = slim.flatten(v1.placeholder_with_default(np.zeros([2, 3, 4], np.float32), [2, None, 4]))
        assert known.shape.as_list() == [None, 12] and partly.shape.as_list() == [2, None]
        assert [value.shape for value in session.run([known, partly])] == [(2, 12), (2, 12)]
        with pytest.raises(ValueError, match="known rank"):
            slim.flatten(v1.placeholder(tf.float32))


def test_softmax_sums_to_one_over_the_last_dimension_and_keeps_the_old_output_name():
    with graph_session() as session:
        outputs = slim.softmax(images(2, 3, 4), scope="Predictions")
        assert outputs.op.name == "Predictions/Reshape_1" and outputs.shape == (2, 3, 4)
        np.testing.assert_allclose(session.run(outputs).sum(-1), np.ones([2, 3]), rtol=1e-6)  # float32


def test_one_hot_encoding_takes_int32_and_int64():
    with graph_session() as session:
        for dtype in (tf.int32, tf.int64):
            values = session.run(slim.one_hot_encoding(tf.constant([1, 0], dtype), 3, off_value=-1.0))
            np.testing.assert_array_equal(values, [[-1, 1, -1], [1, -1, -1]])


def test_dropout_scales_what_it_keeps_and_repeats_with_its_seed():
    with graph_session() as session:
        outputs = slim.dropout(tf.ones([100, 100]), 0.25, seed=3)
        values = session.run(outputs)
    assert set(np.unique(values)) == {0.0, 4.0}
    assert 0.23 < (values > 0).mean() < 0.27  # 10000 draws: a standard deviation is 0.004
    with graph_session() as session:
        np.testing.assert_array_equal(session.run(slim.dropout(tf.ones([100, 100]), 0.25, seed=3)), values)


@pytest.mark.parametrize("training", [True, False])
def test_dropout_follows_a_tensor(training):
    with graph_session() as session:
        outputs = slim.dropout(tf.ones([50]), is_training=v1.placeholder_with_default(training, []))
        assert (session.run(outputs) == 0).any() == training


def test_dropout_under_a_host_draws_a_seed_from_it_at_each_call():
    host = Host()
    with hosted_by(host):
        run = tf.function(lambda x: (slim.dropout(x), slim.dropout(x)), autograph=False)
        one, other = run(tf.ones([100]))
        again, _ = run(tf.ones([100]))
    assert host.seeds == 2
    assert (one.numpy() != other.numpy()).any()
    np.testing.assert_array_equal(one, again)  # the host of this test gives constants
    assert set(np.unique(one)) == {0.0, 2.0}


def test_repeat_numbers_its_layers():
    with graph_session():
        outputs = slim.repeat(
            images(1, 4, 4, 3), 2, slim.conv2d, 2, 3, scope="conv1", biases_initializer=None
        )
        slim.repeat(outputs, 1, slim.conv2d, 2, 3, biases_initializer=None)
        assert outputs.op.name == "conv1/conv1_2/Relu"
        assert names("variables") == [
            "conv1/conv1_1/weights",
            "conv1/conv1_2/weights",
            "Repeat/convolution2d_1/weights",
        ]


def test_stack_gives_each_layer_its_own_arguments():
    with graph_session():
        layer = functools.partial(slim.conv2d, biases_initializer=None)
        slim.stack(images(1, 4, 4, 3), layer, [(2, [3, 3]), (5, 1)], scope="s")
        slim.stack(images(1, 3), slim.fully_connected, [4], biases_initializer=None)
        shapes = {variable.op.name: variable.shape.as_list() for variable in slim.get_variables()}
    assert shapes == {
        "s/s_1/weights": [3, 3, 3, 2],
        "s/s_2/weights": [1, 1, 2, 5],
        "Stack/fully_connected_1/weights": [3, 4],
    }


def test_stack_takes_a_list():
    with graph_session(), pytest.raises(ValueError, match=r"need to be a list or tuple.*not 32"):
        slim.stack(images(1, 3), slim.fully_connected, 32)
