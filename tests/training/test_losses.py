"""The training loss: a mean over what counts."""

import numpy as np
import pytest
import tensorflow as tf

from slimzoo.training.losses import classification_loss, share_of_replica

LOGITS = np.array([[2.0, -1.0, 0.5], [0.0, 3.0, -2.0]], np.float32)
LABELS = np.array([[1, 0, 0], [0, 1, 0]], np.float32)


def loss_of(weights, multi_label, labels=LABELS):
    loss, terms = tf.function(classification_loss, autograph=False)(
        tf.constant(LOGITS), tf.constant(labels), tf.constant(np.array(weights, np.float32)), multi_label
    )
    return float(loss), float(terms)


def test_several_labels_take_a_sigmoid_each_and_difficult_ones_do_not_count():
    weights = [[1, 0, 1], [1, 1, 0]]
    chance = 1 / (1 + np.exp(-LOGITS))
    each = -(LABELS * np.log(chance) + (1 - LABELS) * np.log(1 - chance))
    loss, terms = loss_of(weights, True)
    assert terms == 4
    assert loss == pytest.approx((each * weights).sum() / 4, rel=1e-6)  # float32


def test_one_label_takes_a_softmax():
    shares = np.exp(LOGITS) / np.exp(LOGITS).sum(1, keepdims=True)
    loss, terms = loss_of(np.ones((2, 3)), False)
    assert terms == 2
    assert loss == pytest.approx(-(LABELS * np.log(shares)).sum() / 2, rel=1e-6)  # float32


def test_an_image_of_weight_0_does_not_count():
    alone, terms = loss_of([[1, 1, 1], [0, 0, 0]], False)
    assert terms == 1
    assert alone == pytest.approx(-np.log(np.exp(2) / np.exp([2, -1, 0.5]).sum()), rel=1e-6)  # float32


@pytest.mark.parametrize("multi_label", [True, False])
def test_nothing_that_counts_is_a_loss_of_0(multi_label):
    assert loss_of(np.zeros((2, 3)), multi_label) == (0.0, 0.0)


def test_one_replica_has_the_whole_share():
    assert float(share_of_replica(tf.constant(0.7), tf.constant(5.0))) == pytest.approx(0.7)
    assert float(share_of_replica(tf.constant(0.0), tf.constant(0.0))) == 0.0
