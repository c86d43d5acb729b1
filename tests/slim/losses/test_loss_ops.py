"""Losses against numbers recorded from TensorFlow 1.15.5 (tf.contrib.losses), unweighted and weighted."""

import numpy as np
import pytest
import tensorflow as tf

from slimzoo import slim
from tests.slim.support import graph_session, names, ramp, v1

WEIGHTS = np.array([1, 0, 2, 0.5], np.float32)
ONE_HOT = np.eye(4, 3, dtype=np.float32)
losses = slim.losses


def logits():
    return tf.constant(ramp(4, 3))


RECORDED = {  # loss: (all weights 1, WEIGHTS)
    "absolute_difference": (
        lambda w: losses.absolute_difference(logits(), ONE_HOT, w),
        (0.719697, 0.7222222),
    ),
    "mean_squared_error": (lambda w: losses.mean_squared_error(logits(), ONE_HOT, w), (0.7803031, 0.7635446)),
    "log_loss": (lambda w: losses.log_loss(tf.sigmoid(logits()), ONE_HOT, w), (0.8092044, 0.8913704)),
    "mean_pairwise_squared_error": (
        lambda w: losses.mean_pairwise_squared_error(logits(), ONE_HOT, w),
        (1.509642, 1.245179),
    ),
    "sigmoid_cross_entropy": (
        lambda w: losses.sigmoid_cross_entropy(logits(), ONE_HOT, w, label_smoothing=0.1),
        (0.8023866, 0.8880877),
    ),
    "softmax_cross_entropy": (
        lambda w: losses.softmax_cross_entropy(logits(), ONE_HOT, w, label_smoothing=0.1),
        (0.8599411, 1.073549),
    ),
    "sparse_softmax_cross_entropy": (
        lambda w: losses.sparse_softmax_cross_entropy(logits(), tf.constant([[0], [1], [2], [0]]), w),
        (1.155056, 1.264232),
    ),
    "cosine_distance": (
        lambda w: losses.cosine_distance(logits(), ONE_HOT, axis=1, weights=w),
        (1.204545, 1.19697),
    ),
}


@pytest.mark.parametrize("name", RECORDED)
def test_a_loss_gives_the_numbers_of_tensorflow_1(name):
    build, expected = RECORDED[name]
    with graph_session() as session:
        found = session.run([build(1.0), build(WEIGHTS)])
        assert len(losses.get_losses()) == 2
        assert session.run(losses.get_total_loss()) == pytest.approx(sum(found), rel=1e-6)  # float32
    assert found == pytest.approx(expected, rel=2e-6)  # recorded with 7 digits


def test_hinge_losses_are_single_and_listed_nowhere():
    with graph_session() as session:
        assert session.run(losses.hinge_loss(logits(), ONE_HOT)).sum() == pytest.approx(13.636364, rel=1e-6)
        assert losses.get_losses() == []


def test_a_loss_whose_weights_are_all_zero_is_zero():
    with graph_session() as session:
        zero = losses.mean_squared_error(logits(), ONE_HOT, 0.0)
        assert session.run([zero, losses.mean_pairwise_squared_error(logits(), ONE_HOT, 0.0)]) == [0, 0]


def test_weights_may_cover_every_element():
    with graph_session() as session:
        weights = np.array([[1, 0, 0]] * 4, np.float32)
        value = session.run(losses.absolute_difference(logits(), ONE_HOT, weights))
    assert value == pytest.approx(np.abs(ramp(4, 3) - ONE_HOT)[:, 0].mean(), rel=1e-6)  # float32


def test_no_gradient_goes_to_the_labels_of_a_softmax():
    with graph_session():
        labels = tf.constant(ONE_HOT)
        loss = losses.softmax_cross_entropy(logits(), labels)
        assert tf.gradients(loss, labels) == [None]


def test_the_total_holds_the_regularization_losses():
    with graph_session() as session:
        losses.add_loss(tf.constant(1.0))
        slim.variable("w", initializer=tf.constant([2.0]), regularizer=slim.l2_regularizer(0.5))
        session.run(v1.global_variables_initializer())
        with_them = losses.get_total_loss(name="all")
        assert with_them.op.name == "all"
        assert session.run([with_them, losses.get_total_loss(add_regularization_losses=False)]) == [2.0, 1.0]
        assert names("regularization_losses") == ["w/Regularizer/l2_regularizer"]


def test_a_loss_works_eagerly_and_is_then_listed_nowhere():
    loss = losses.mean_squared_error(tf.constant([1.0]), tf.constant([3.0]))
    assert float(loss) == 4.0


WRONG = {
    "shapes": (lambda: losses.mean_squared_error(logits(), np.zeros([4, 2])), r"\(4, 3\) and \(4, 2\)"),
    "no labels": (lambda: losses.log_loss(logits()), "one of them is None"),
    "no weights": (lambda: losses.softmax_cross_entropy(logits(), ONE_HOT, None), "weights cannot be None"),
    "weights": (lambda: losses.softmax_cross_entropy(logits(), ONE_HOT, ONE_HOT), "of higher rank than"),
    "axis": (lambda: losses.cosine_distance(logits(), ONE_HOT), "You must specify 'axis'"),
    "two axes": (lambda: losses.cosine_distance(logits(), ONE_HOT, axis=1, dim=1), "one of them"),
    "nothing": (losses.get_total_loss, "no losses to add up"),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_mistake_is_named(mistake):
    build, message = WRONG[mistake]
    with graph_session(), pytest.raises(ValueError, match=message):
        build()
