"""Losses of embeddings against numbers of TensorFlow 1.15.5 (tf.contrib.losses.metric_learning)."""

import sys

import numpy as np
import pytest
import tensorflow as tf

from slimzoo import slim
from tests.slim.support import graph_session, names, ramp

losses = slim.losses
learning = losses.metric_learning
ANCHORS = np.sin(7 * ramp(8, 3) ** 2 * np.arange(1, 4, dtype=np.float32))
POSITIVES = np.cos(5 * ramp(8, 3))
LABELS = np.array([0, 0, 1, 1, 2, 2, 0, 1])
WITH_MEDOIDS_MOVED = np.sin(24 * ramp(12, 2) ** 2 * np.array([1, 2], np.float32))


def two_classes_each():
    """Returns for each label a sparse row that holds it and class 3."""
    return [tf.SparseTensor([[label], [3]], [1.0, 1.0], [4]) for label in LABELS]


RECORDED = {  # loss: (how it is built on the anchors, it, its gradient times 0 ... 23)
    "contrastive": (
        lambda x: losses.contrastive_loss([1, 0, 1, 0, 0, 1, 1, 0], x, POSITIVES),
        (1.683438, 23.8617),
    ),
    "triplet": (lambda x: losses.triplet_semihard_loss(LABELS, x), (0.7004524, -10.20393)),
    "lifted": (lambda x: losses.lifted_struct_loss(LABELS, x), (6.956307, -16.94431)),
    "npairs": (lambda x: losses.npairs_loss(LABELS, x, POSITIVES), (2.120161, -0.5129504)),
    "npairs of several": (
        lambda x: losses.npairs_loss_multilabel(two_classes_each(), x, POSITIVES),
        (2.320906, 2.099047),
    ),
    "cluster": (lambda x: losses.cluster_loss(LABELS[:, None], x, 2.0), (4.880858, 6.98176)),
}


@pytest.mark.parametrize("name", RECORDED)
def test_a_loss_and_its_gradient_are_those_of_tensorflow_1(name):
    make, expected = RECORDED[name]
    if name == "cluster":
        pytest.importorskip("sklearn")
    anchors = tf.constant(ANCHORS)
    with tf.GradientTape() as tape:
        tape.watch(anchors)
        loss = make(anchors)
    gradient = tape.gradient(loss, anchors).numpy()
    found = (float(loss), (gradient.ravel() * np.arange(24)).sum())
    assert found == pytest.approx(expected, rel=2e-6)  # recorded with 7 digits


def test_a_loss_of_embeddings_has_its_old_name_and_is_listed_nowhere():
    with graph_session() as session:
        loss = losses.triplet_semihard_loss(tf.constant(LABELS), tf.constant(ANCHORS))
        assert loss.op.name == "triplet_semihard_loss"
        assert session.run(loss) == pytest.approx(0.7004524, rel=2e-6)  # recorded with 7 digits
        assert losses.get_losses() == []


def test_pairs_print_their_two_parts_if_wanted(capfd):
    losses.npairs_loss(LABELS, ANCHORS, POSITIVES, print_losses=True)
    assert "cross entropy:" in capfd.readouterr().err


def test_distances_are_zero_between_equal_rows_and_have_a_finite_gradient():
    rows = tf.constant([[0.0, 0.0], [0.0, 0.0], [3.0, 4.0]])
    with tf.GradientTape() as tape:
        tape.watch(rows)
        distances = learning.pairwise_distance(rows)
    assert distances.numpy().tolist() == [[0, 0, 5], [0, 0, 5], [5, 5, 0]]
    assert np.isfinite(tape.gradient(distances, rows)).all()
    assert learning.pairwise_distance(rows, squared=True).numpy()[0].tolist() == [0, 0, 25]


def test_an_empty_mask_gives_the_other_extreme():
    data = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    assert learning.masked_maximum(data, tf.constant([[1.0, 0.0], [0.0, 0.0]])).numpy().tolist() == [[1], [3]]
    assert learning.masked_minimum(data, tf.constant([[0.0, 1.0], [0.0, 0.0]])).numpy().tolist() == [[2], [4]]


@pytest.mark.parametrize(("multiplier", "finetuned", "expected"), [
    (0.5, True, 5.517283), (0.5, False, 4.709243), (2.0, True, 6.805866), (2.0, False, 5.997826),
])  # fmt: skip
def test_moving_the_medoids_on_finds_a_better_wrong_clustering(multiplier, finetuned, expected):
    pytest.importorskip("sklearn")
    labels = np.arange(12) % 3
    loss = losses.cluster_loss(labels, WITH_MEDOIDS_MOVED, multiplier, enable_pam_finetuning=finetuned)
    assert float(loss) == pytest.approx(expected, rel=2e-6)  # recorded with 7 digits


def test_the_clustering_loss_writes_its_three_summaries():
    with graph_session():
        loss = losses.cluster_loss(tf.constant(LABELS), tf.constant(ANCHORS), 1.0, margin_type="const")
        assert loss.op.name == "clustering_loss"
        assert names("summaries") == ["losses/score_pred", "losses/const", "losses/score_gt"]


SCORES = {"nmi": 0.8, "ami": 4 / 7, "ari": 4 / 7, "vmeasure": 0.8, "const": 0.0}


@pytest.mark.parametrize("margin_type", SCORES)
def test_a_score_compares_two_clusterings(margin_type):
    if margin_type != "const":
        pytest.importorskip("sklearn")
    score = learning.compute_clustering_score([0, 0, 1, 1], [1, 1, 0, 2], margin_type)
    assert float(score) == pytest.approx(SCORES[margin_type], rel=1e-6)  # float32
    assert float(learning.compute_clustering_score([0, 1], [0, 1], margin_type)) == 1.0


def test_the_helpers_of_clusterings_do_what_they_say():
    distances = tf.constant([[0.0, 0.0, 2.0], [0.0, 0.0, 2.0], [2.0, 2.0, 0.0]])
    assert learning.get_cluster_assignment(distances, tf.constant([1, 2])).numpy().tolist() == [0, 0, 1]
    assert learning.update_1d_tensor(tf.constant([1, 2, 3]), 1, 9).numpy().tolist() == [1, 9, 3]
    apart = tf.constant([[0.0, 1.0, 2.0], [1.0, 0.0, 2.0], [2.0, 2.0, 0.0]])
    assert float(learning.compute_facility_energy(apart, tf.constant([1]))) == -3.0
    assert float(learning.compute_gt_cluster_score(apart, tf.constant([5, 5, 7]))) == -1.0
    one = learning.update_medoid_per_cluster(
        apart, None, tf.constant([0, 0, 1]), tf.constant([0, 2]), tf.constant([[0], [1]]), 0, 1.0, "const"
    )
    assert one.numpy().tolist() == [0, 2]


def test_without_scikit_learn_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.metrics", None)
    with pytest.raises(
        ImportError, match=r'depends on sklearn .*pip install scikit-learn, or take .*"const"'
    ):
        losses.cluster_loss(LABELS, ANCHORS, 1.0)


WRONG = {
    "rank": (ValueError, r"triplet_semihard_loss needs .*rank 1, not of shape \(8, 1\)", lambda: (
        losses.triplet_semihard_loss(LABELS[:, None], ANCHORS))),
    "dense": (TypeError, "sparse_labels must be a list of SparseTensors, but got ndarray", lambda: (
        losses.npairs_loss_multilabel([LABELS], ANCHORS, POSITIVES))),
    "margin": (ValueError, "Unrecognized margin_type: 'mi'; there are nmi, ami, ari", lambda: (
        losses.cluster_loss(LABELS, ANCHORS, 1.0, margin_type="mi"))),
}  # fmt: skip


@pytest.mark.parametrize("mistake", WRONG)
def test_a_mistake_is_named(mistake):
    error, words, make = WRONG[mistake]
    with pytest.raises(error, match=words):
        make()
