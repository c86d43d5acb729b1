"""Initializers and regularizers; random numbers recorded from TensorFlow 1.15.5 with both seeds 1."""

import pickle

import numpy as np
import pytest
import tensorflow as tf

from slimzoo import slim
from tests.slim.support import graph_session, names, v1

RECORDED = {
    "xavier uniform": (
        slim.xavier_initializer(seed=1),
        [[-0.973754, -1.054479, -0.940309], [-0.500811, 0.335594, 0.176546]],
    ),
    "xavier normal": (
        slim.xavier_initializer(uniform=False, seed=1),
        [[0.203233, -0.222579, -0.322756], [-0.582041, -0.209307, 0.372782]],
    ),
    "variance scaling": (
        slim.variance_scaling_initializer(seed=1),
        [[0.32134, -0.351929, -0.510321], [-0.920288, -0.330944, 0.589421]],
    ),
}


@pytest.mark.parametrize("name", RECORDED)
def test_an_initializer_draws_the_numbers_of_tensorflow_1(name):
    initializer, expected = RECORDED[name]
    with graph_session() as session:
        v1.set_random_seed(1)
        np.testing.assert_allclose(session.run(initializer([2, 3])), expected, atol=1e-6)  # 6 digits


@pytest.mark.parametrize(
    ("mode", "units"), [("FAN_IN", 3 * 3 * 20), ("FAN_OUT", 3 * 3 * 40), ("FAN_AVG", 270)]
)
@pytest.mark.parametrize("uniform", [True, False])
def test_the_variance_is_the_factor_over_the_units(mode, units, uniform):
    tf.random.set_seed(0)
    initializer = slim.variance_scaling_initializer(factor=3.0, mode=mode, uniform=uniform)
    variance = np.var(initializer([3, 3, 20, 40]))
    assert variance == pytest.approx(3.0 / units, rel=0.05)  # 7200 draws: 1 standard deviation is 1.7 %


def test_an_initializer_can_be_pickled():
    initializer = slim.xavier_initializer(seed=4)
    assert pickle.loads(pickle.dumps(initializer)) == initializer


def test_mistaken_initializers_are_refused():
    with pytest.raises(TypeError, match="Unknown mode 'fan_in'; there are FAN_IN"):
        slim.variance_scaling_initializer(mode="fan_in")
    with pytest.raises(TypeError, match="non-floating point type int32"):
        slim.xavier_initializer(dtype=tf.int32)


def test_regularizers_scale_their_norms():
    weights = tf.constant([[1.0, -2.0], [0.0, 3.0]])
    assert float(slim.l1_regularizer(0.5)(weights)) == 3.0
    assert float(slim.l2_regularizer(0.5)(weights)) == 3.5
    assert float(slim.l1_l2_regularizer(0.5, 0.5)(weights)) == 6.5
    assert float(slim.l1_l2_regularizer(0.0, 0.5)(weights)) == 3.5
    assert float(slim.sum_regularizer([None, slim.l1_regularizer(1.0)])(weights)) == 6.0
    assert slim.l2_regularizer(0.0)(weights) is None and slim.sum_regularizer([None]) is None


def test_a_regularizer_can_be_pickled_and_its_scale_may_be_a_tensor():
    weights = tf.constant([2.0])
    assert float(pickle.loads(pickle.dumps(slim.l2_regularizer(0.5)))(weights)) == 1.0
    assert float(slim.l2_regularizer(tf.constant(0.5))(weights)) == 1.0


@pytest.mark.parametrize("make", [slim.l1_regularizer, slim.l2_regularizer, slim.l1_l2_regularizer])
def test_a_scale_is_a_float_of_at_least_zero(make):
    with pytest.raises(ValueError, match=r"cannot be an integer: 1; write 1\.0"):
        make(1)
    with pytest.raises(ValueError, match=r"less than 0 on a regularizer"):
        make(-1.0)


def test_apply_regularization_adds_up_the_weights_collection():
    with graph_session() as session:
        for value in (1.0, 2.0):
            v1.add_to_collection(v1.GraphKeys.WEIGHTS, tf.constant([value]))
        penalty = slim.apply_regularization(slim.l2_regularizer(2.0))
        assert session.run(penalty) == 5.0
        assert names("regularization_losses") == ["get_regularization_penalty"]
        with pytest.raises(ValueError, match="scalar Tensor instead of a Tensor with rank 1"):
            slim.apply_regularization(lambda weights: weights)
    with graph_session(), pytest.raises(ValueError, match="No weights to regularize"):
        slim.apply_regularization(slim.l2_regularizer(2.0))
