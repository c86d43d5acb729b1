"""What metrics do besides their numbers: growing, joining, sparse labels, and words for bad input."""

import numpy as np
import pytest
import tensorflow as tf

from slimzoo import slim
from tests.slim.support import graph_session, v1

metrics = slim.metrics
ONES = np.ones([4], np.float32)


def after_one_update(session, metric):
    """Returns the value of a (value, update_op) after one batch."""
    session.run(v1.local_variables_initializer())
    session.run(metric[1])
    return session.run(metric[0])


def test_sets_and_the_confusion_matrix_are_tensorflows_own():
    assert metrics.confusion_matrix is v1.confusion_matrix
    assert metrics.set_difference is tf.sets.difference
    assert metrics.set_intersection is tf.sets.intersection
    assert (metrics.set_size, metrics.set_union) == (tf.sets.size, tf.sets.union)


def test_the_old_modules_hold_the_same_functions():
    assert metrics.metric_ops.streaming_auc is metrics.streaming_auc
    assert metrics.classification.f1_score is metrics.f1_score
    assert metrics.histogram_ops.auc_using_histogram is metrics.auc_using_histogram


def test_accuracy_of_one_batch_weighs_each_answer():
    answers, labels = tf.constant(["a", "b", "c"]), tf.constant(["a", "x", "c"])
    assert float(metrics.accuracy(answers, labels)) == pytest.approx(2 / 3)
    assert float(metrics.accuracy(answers, labels, weights=tf.constant([1.0, 2.0, 1.0]))) == 0.5


def test_metrics_are_aggregated_in_their_order():
    first, second = ("value", "update"), ("value 2", "update 2")
    assert metrics.aggregate_metrics(first, second) == (["value", "value 2"], ["update", "update 2"])
    by_name = {"one": first, "two": second}
    assert metrics.aggregate_metric_map(by_name) == (
        {"one": "value", "two": "value 2"},
        {"one": "update", "two": "update 2"},
    )


def test_joined_values_grow_in_steps_of_half():
    with graph_session() as session:
        values = v1.placeholder(tf.string, [None, 2])
        joined, update_op = metrics.streaming_concat(values)
        session.run(v1.local_variables_initializer())
        room = v1.local_variables()[0]
        rows, sizes = 0, []
        for more in (1, 3, 0, 9):
            rows += more
            assert session.run(update_op, {values: np.full([more, 2], "x")}) == rows
            assert session.run(tf.shape(joined)).tolist() == [rows, 2]
            sizes.append(int(session.run(tf.shape(room)[0])))
    assert sizes == [1, 6, 6, 18]  # as TensorFlow 1.15.5


def test_an_interval_lies_around_the_area():
    with graph_session() as session:
        given = tf.constant([0, 1, 0, 1, 1]), tf.constant([0.1, 0.4, 0.5, 0.6, 0.9])
        found = after_one_update(session, metrics.auc_with_confidence_intervals(*given, alpha=0.8))
        assert found._fields == ("auc", "lower", "upper")
        assert 0 < found.lower < found.auc < found.upper < 1


def test_an_interval_needs_labels_of_both_kinds_and_weights_of_one():
    with graph_session() as session:
        labels, weights = (v1.placeholder(kind, [2]) for kind in (tf.int64, tf.float32))
        value, update_op = metrics.auc_with_confidence_intervals(labels, tf.constant([0.2, 0.7]), weights)
        session.run(v1.local_variables_initializer())
        for pair, weight in (([0, 1], 0.4), ([1, 1], 1.0)):
            feed = {labels: pair, weights: [weight, weight]}
            session.run(update_op, feed)
            assert session.run(value, feed) == (0, 0, 0)


TOP = [[1, 2], [2, 2]]
LABELS = {  # kind: (labels, average precision recorded from TensorFlow 1.15.5)
    "dense, negative ones": (lambda: tf.constant([[2, 2, -1], [-1, 0, 1]], tf.int64), 0.125),
    "none": (lambda: tf.constant([[-1], [-1]], tf.int64), np.nan),
    "sparse": (lambda: tf.SparseTensor([[0, 0], [0, 1], [1, 0]], np.int64([2, 2, 0]), [2, 3]), 0.25),
    "sparse, one a row": (lambda: tf.SparseTensor([[0], [1]], np.int64([2, 0]), [2]), 0.25),
}


@pytest.mark.parametrize("kind", LABELS)
def test_average_precision_takes_labels_in_every_form(kind):
    make, expected = LABELS[kind]
    with graph_session() as session:
        metric = metrics.streaming_sparse_average_precision_at_top_k(tf.constant(TOP), make())
        assert after_one_update(session, metric) == pytest.approx(expected, nan_ok=True)


def scored(metric, labels=(0, 1, 1, 0), scores=(0.1, 0.2, 0.3, 0.4), **settings):
    """Builds one of the metrics of scores."""
    kind = bool if metric == "precision_recall_at_equal_thresholds" else np.int64
    given = {"labels": tf.constant(np.array(labels, kind)), "predictions": tf.constant(scores)}
    return getattr(metrics, metric)(**given, **settings)


SHAPES = r"Shapes \(4,\) of the predictions and \(3,\) of the labels are incompatible"
BROADCAST = r"weights can not be broadcast to values.*of shape \(3,\), values of shape \(4,\)"
MISTAKES = {  # what is wrong: (error, its words, a call that makes it)
    "precision": (
        ValueError,
        r"`precision` must be in the range \[0, 1\], not 1.5",
        lambda: scored("recall_at_precision", precision=1.5),
    ),
    "recall": (
        ValueError,
        r"`target_recall` must be in the range \[0, 1\], not -1",
        lambda: scored("precision_at_recall", target_recall=-1),
    ),
    "curve": (
        ValueError,
        "curve must be either ROC or PR, LOC unknown",
        lambda: scored("streaming_dynamic_auc", curve="LOC"),
    ),
    "curve of points": (
        ValueError,
        "curve must be either ROC or PR",
        lambda: scored("streaming_curve_points", curve="LOC"),
    ),
    "alpha": (
        ValueError,
        "alpha must be between 0 and 1; currently 1",
        lambda: scored("auc_with_confidence_intervals", alpha=1),
    ),
    "labels": (ValueError, SHAPES, lambda: scored("f1_score", labels=(0, 1, 1))),
    "weights": (ValueError, BROADCAST, lambda: metrics.count(ONES, tf.ones([3]))),
    "weights of a row": (
        ValueError,
        "weights can not be broadcast to values",
        lambda: metrics.streaming_mean(ONES, tf.ones([3])),
    ),
    "classes": (
        ValueError,
        "`num_classes` must be >= 2. Found: 1",
        lambda: metrics.cohen_kappa(tf.constant([0]), tf.constant([0]), 1),
    ),
    "no classes": (
        TypeError,
        r"metrics.streaming_mean_iou\(predictions, labels, num_classes, .*missing.*'num_classes'",
        lambda: metrics.streaming_mean_iou(ONES, ONES),
    ),
    "unknown keyword": (
        TypeError,
        r"metrics.streaming_auc\(predictions, labels, .*unexpected keyword argument 'treshold'",
        lambda: metrics.streaming_auc(ONES, ONES, treshold=1),
    ),
    "bool labels": (
        TypeError,
        "the labels must be bool, not float32",
        lambda: metrics.precision_recall_at_equal_thresholds(ONES, ONES),
    ),
    "histogram labels": (
        ValueError,
        "boolean_labels should have dtype bool.  Found: float32",
        lambda: metrics.auc_using_histogram(ONES, ONES, [0, 1]),
    ),
    "dtypes": (
        ValueError,
        r"predictions \(int32\) and labels \(int64\); tf.cast",
        lambda: metrics.accuracy(tf.constant([1]), tf.constant([1], tf.int64)),
    ),
    "float labels": (
        ValueError,
        "bool, integer, or string dtype, not float32",
        lambda: metrics.accuracy(ONES, ONES),
    ),
    "no metric": (ValueError, "at least one value_tensor/update_op pair", metrics.aggregate_metrics),
    "empty map": (ValueError, "at least one", lambda: metrics.aggregate_metric_map({})),
    "unknown k": (
        ValueError,
        "the last dimension of top_k_predictions, k, must be set",
        lambda: metrics.streaming_sparse_average_precision_at_top_k(v1.placeholder(tf.int64, [2, None]), TOP),
    ),
    "ranks": (
        ValueError,
        r"Unexpected labels shape \(2, 2\) for predictions shape \(2,\)",
        lambda: metrics.streaming_sparse_average_precision_at_top_k((2, 1), TOP),
    ),
    "axis": (ValueError, r"axis = 1 not in \[0, 1\)", lambda: metrics.streaming_concat(ONES, axis=1)),
    "unknown rank": (
        ValueError,
        "statically known rank; call set_shape",
        lambda: metrics.streaming_concat(v1.placeholder(tf.float32)),
    ),
    "unknown size": (
        ValueError,
        "statically known size; the shape is",
        lambda: metrics.streaming_concat(v1.placeholder(tf.float32, [None, None])),
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named(mistake):
    error, words, make = MISTAKES[mistake]
    with graph_session(), pytest.raises(error, match=words):
        make()


RANGED = ("f1_score", "precision_recall_at_equal_thresholds", "streaming_auc")


@pytest.mark.parametrize("metric", RANGED)
def test_scores_above_one_are_refused_when_the_graph_runs(metric):
    error = tf.errors.InvalidArgumentError
    with graph_session() as session, pytest.raises(error, match=r"predictions must be in \[0, 1\]"):
        after_one_update(session, scored(metric, scores=(0.1, 0.2, 0.3, 1.5)))


def test_labels_besides_zero_and_one_are_refused_when_the_graph_runs():
    error = tf.errors.InvalidArgumentError
    with graph_session() as session, pytest.raises(error, match="labels must be 0 or 1, at least one is >1"):
        after_one_update(session, scored("streaming_dynamic_auc", labels=(0, 1, 2, 0)))


def test_weights_of_unknown_shape_are_checked_when_the_graph_runs():
    with graph_session() as session:
        weights = v1.placeholder(tf.float32)
        _, update_op = metrics.count(ONES, weights)
        session.run(v1.local_variables_initializer())
        sums = [session.run(update_op, {weights: given}) for given in (2.0, ONES, ONES[:, None], ONES[:1])]
        assert np.diff([0, *sums]).tolist() == [8, 4, 4, 4]
        with pytest.raises(tf.errors.InvalidArgumentError, match="weights can not be broadcast to values"):
            session.run(update_op, {weights: ONES[:3]})
