"""Every metric, batch by batch, against numbers and variables of TensorFlow 1.15.5 (tf.contrib.metrics)."""

import inspect

import numpy as np
import pytest
import tensorflow as tf

from slimzoo import slim
from tests.slim.support import graph_session, names, v1


def spread(*shape):
    """Returns float32 values 0, 0.1 ... 1 in an order without rule."""
    count = int(np.prod(shape))
    return ((7 * np.arange(count) + 3) % 11 / 10).astype(np.float32).reshape(shape)


FEEDS = {  # three batches of four
    "scores": spread(3, 4),
    "truth": np.array([[0, 1, 1, 0], [1, 0, 0, 1], [1, 1, 0, 0]]) == 1,
    "binary": np.array([[0, 1, 1, 0], [1, 0, 0, 1], [1, 1, 0, 0]]),
    "answers": np.array([[0, 1, 0, 1], [1, 0, 1, 1], [1, 0, 0, 1]]),
    "weights": np.array([[1, 2, 0.5, 1], [0, 1, 1, 3], [1, 1, 0.5, 2]], np.float32),
    "counts": np.array([[1, 2, 0, 1], [0, 1, 1, 3], [1, 1, 2, 2]]),
    "logits": spread(3, 4, 3),
    "classes": np.array([[0, 1, 2, 0], [1, 2, 2, 1], [2, 0, 0, 1]]),
    "guesses": np.array([[0, 2, 2, 1], [1, 2, 0, 1], [2, 0, 0, 0]]),
    "top": np.array(
        [[[0, 2], [2, 1], [2, 1], [1, 0]], [[1, 0], [0, 2], [0, 1], [2, 0]], [[2, 1], [1, 0], [0, 2], [0, 1]]]
    ),
    "values": spread(3, 4) * 4 - 2,
    "targets": spread(3, 4)[:, ::-1] * 3 - 1,
}
FOUR = "true_positives false_negatives true_negatives false_positives"
MOMENTS = "count mean_prediction mean_label comoment"
KEPT = " ".join(f"concat_{x}/{y}" for x in ("preds", "labels", "weights") for y in ("array", "size"))
CORRELATED = " ".join(
    f"{x}/{y}" for x in ("covariance", "variance_predictions", "variance_labels") for y in MOMENTS.split()
)
PAIR = {"predictions": "answers", "labels": "binary", "weights": "weights"}
SCORED = {"predictions": "scores", "labels": "binary", "weights": "weights"}
ERROR = {"predictions": "values", "labels": "targets", "weights": "weights"}
RANKED = {"predictions": "logits", "labels": "classes", "weights": "weights", "k": 2}
TOP = {"top_k_predictions": "top", "labels": "classes", "weights": "weights"}
AT = {"thresholds": [0.15, 0.5, 0.85]}
SEVEN = {"num_thresholds": 7}
RECORDED = {  # metric and what is special: (arguments, its scope and variables there, fingerprints by batch)
    "count": ({"values": "values", "weights": "weights"}, "count count", [4.5, 9.5, 14]),
    "streaming_true_positives": (PAIR, "true_positives count", [2, 5, 6]),
    "streaming_true_negatives": (PAIR, "true_negatives count", [1, 2, 2.5]),
    "streaming_false_positives": (PAIR, "false_positives count", [1, 2, 4]),
    "streaming_false_negatives": (PAIR, "false_negatives count", [0.5, 0.5, 1.5]),
    "streaming_false_positive_rate": (
        PAIR,
        "false_positive_rate false_positives/count true_negatives/count",
        [0.5, 0.5, 0.6153846],
    ),
    "streaming_false_negative_rate": (
        PAIR,
        "false_negative_rate false_negatives/count true_positives/count",
        [0.2, 0.09090909, 0.2],
    ),
    "streaming_accuracy": (
        {"predictions": "guesses", "labels": "classes", "weights": "weights"},
        "accuracy total count",
        [0.3333333, 0.5789474, 0.5714286],
    ),
    "streaming_precision": (
        PAIR,
        "precision true_positives/count false_positives/count",
        [0.6666667, 0.7142857, 0.6],
    ),
    "streaming_recall": (PAIR, "recall true_positives/count false_negatives/count", [0.8, 0.9090909, 0.8]),
    "streaming_mean": (
        {"values": "values", "weights": "weights"},
        "mean total count",
        [0.4888889, 0.4421052, 0.04285714],
    ),
    "streaming_mean_tensor": (
        {"values": "values", "weights": "weights"},
        "mean total_tensor count_tensor",
        [-0.3999999, 1.466667, -0.5666665],
    ),
    "streaming_percentage_less": (
        {"values": "values", "weights": "weights", "threshold": 0.5},
        "percentage_below_threshold total count",
        [0.5555556, 0.4736842, 0.6071429],
    ),
    "streaming_true_positives_at_thresholds": ({**SCORED, **AT}, "true_positives", [13.5, 22.5, 23.5]),
    "streaming_true_negatives_at_thresholds": ({**SCORED, **AT}, "true_negatives", [10, 21, 32.5]),
    "streaming_false_positives_at_thresholds": ({**SCORED, **AT}, "false_positives", [2, 3, 6.5]),
    "streaming_false_negatives_at_thresholds": ({**SCORED, **AT}, "false_negatives", [1.5, 10.5, 21.5]),
    "streaming_false_positive_rate_at_thresholds": (
        {**SCORED, **AT},
        "false_positive_rate_at_thresholds true_negatives false_positives",
        [1, 0.75, 1],
    ),
    "streaming_false_negative_rate_at_thresholds": (
        {**SCORED, **AT},
        "false_negative_rate_at_thresholds true_positives false_negatives",
        [0.6, 1.909091, 2.866667],
    ),
    "streaming_precision_at_thresholds": (
        {**SCORED, **AT},
        "precision_at_thresholds true_positives false_positives",
        [5.555556, 5.647059, 5.375],
    ),
    "streaming_recall_at_thresholds": (
        {**SCORED, **AT},
        "recall_at_thresholds true_positives false_negatives",
        [5.4, 4.090909, 3.133333],
    ),
    "streaming_curve_points": ({**SCORED, **SEVEN}, f"curve_points {FOUR}", [41.60001, 37.95455, 32.32308]),
    "streaming_curve_points PR": (
        {**SCORED, **SEVEN, "curve": "PR"},
        f"curve_points {FOUR}",
        [85.33334, 81.00488, 72.53734],
    ),
    "streaming_auc": ({**SCORED, **SEVEN}, f"auc {FOUR}", [0.9999995, 0.9999998, 0.8358973]),
    "streaming_auc PR": (
        {**SCORED, **SEVEN, "curve": "PR"},
        f"auc {FOUR}",
        [0.9999996, 0.9999999, 0.8964465],
    ),
    "streaming_dynamic_auc": (SCORED, f"dynamic_auc {KEPT}", [1, 1, 0.8307692]),
    "streaming_dynamic_auc PR": ({**SCORED, "curve": "PR"}, f"dynamic_auc {KEPT}", [1, 1, 0.9031205]),
    "auc_with_confidence_intervals": (SCORED, f"auc_with_confidence_intervals {KEPT}", [6, 6, 4.59903]),
    "auc_with_confidence_intervals plain": (
        {**SCORED, "alpha": 0.8, "logit_transformation": False},
        f"auc_with_confidence_intervals {KEPT}",
        [6, 6, 5.156946],
    ),
    "auc_using_histogram": (
        {"boolean_labels": "truth", "scores": "scores", "score_range": [0.0, 1.0], "nbins": 5},
        "auc_using_histogram hist_accumulate/hist_true_acc hist_accumulate/hist_false_acc",
        [1, 1, 0.7916667],
    ),
    "precision_recall_at_equal_thresholds": (
        {**SCORED, **SEVEN, "labels": "truth"},
        "precision_recall_at_equal_thresholds variables/tp_buckets variables/fp_buckets",
        [937.3445, 1326.221, 1813.183],
    ),
    "recall_at_precision": (
        {**SCORED, **SEVEN, "precision": 0.6},
        f"recall_at_precision {FOUR}",
        [1, 1, 0.8666667],
    ),
    "recall_at_precision strict": (
        {**SCORED, **SEVEN, "precision": 0.6, "strict_mode": True},
        f"recall_at_precision {FOUR}",
        [1, 1, 0.8666667],
    ),
    "precision_at_recall": (
        {**SCORED, **SEVEN, "target_recall": 0.6},
        f"precision_at_recall {FOUR}",
        [1, 1, 0.9090909],
    ),
    "streaming_specificity_at_sensitivity": (
        {**SCORED, **SEVEN, "sensitivity": 0.6},
        f"specificity_at_sensitivity {FOUR}",
        [1, 1, 0.9230769],
    ),
    "streaming_sensitivity_at_specificity": (
        {**SCORED, **SEVEN, "specificity": 0.6},
        f"sensitivity_at_specificity {FOUR}",
        [1, 1, 0.8666667],
    ),
    "f1_score": ({**SCORED, **SEVEN}, "f1 true_positives false_negatives false_positives", [1, 1, 0.8387096]),
    "cohen_kappa": (
        {"labels": "classes", "predictions_idx": "guesses", "num_classes": 3},
        "cohen_kappa po pe_row pe_col",
        [0.2727273, 0.4285714, 0.5],
    ),
    "cohen_kappa weighted": (
        {"labels": "classes", "predictions_idx": "guesses", "num_classes": 3, "weights": "weights"},
        "cohen_kappa po pe_row pe_col",
        [0.1, 0.3391304, 0.3684211],
    ),
    "cohen_kappa counted": (
        {"labels": "classes", "predictions_idx": "guesses", "num_classes": 3, "weights": "counts"},
        "cohen_kappa po pe_row pe_col",
        [0, 0.2941176, 0.4],
    ),
    "streaming_mean_iou": (
        {"predictions": "guesses", "labels": "classes", "weights": "weights", "num_classes": 3},
        "mean_iou total_confusion_matrix",
        [0.2333333, 0.3888889, 0.4047203],
    ),
    "streaming_recall_at_k": (RANKED, "recall_at_2 total count", [0.5555556, 0.2631579, 0.5]),
    "streaming_sparse_recall_at_k": (
        RANKED,
        "recall_at_2 true_positive_at_2 false_negative_at_2",
        [0.5555556, 0.2631579, 0.5],
    ),
    "streaming_sparse_recall_at_k of a class": (
        {**RANKED, "class_id": 1},
        "recall_at_2_class1 true_positive_at_2_class1 false_negative_at_2_class1",
        [1, 0.4, 0.5714286],
    ),
    "streaming_sparse_precision_at_k": (
        RANKED,
        "precision_at_2 true_positive_at_2 false_positive_at_2",
        [0.2777778, 0.1315789, 0.25],
    ),
    "streaming_sparse_average_precision_at_k": (
        RANKED,
        "average_precision_at_2 max_1 total",
        [0.5, 0.2368421, 0.4285714],
    ),
    "streaming_sparse_precision_at_top_k": (
        TOP,
        "precision_at_k true_positive_at_k false_positive_at_k",
        [0.5, 0.2894737, 0.3571429],
    ),
    "streaming_sparse_average_precision_at_top_k": (
        TOP,
        "average_precision_at_top_k max total",
        [0.6666667, 0.3684211, 0.4642857],
    ),
    "sparse_recall_at_top_k": (
        {**TOP, "class_id": 2},
        "recall_at_k_class2 true_positive_at_k_class2 false_negative_at_k_class2",
        [1, 0.6, 0.7142857],
    ),
    "streaming_mean_absolute_error": (
        ERROR,
        "mean_absolute_error total count",
        [1.044444, 0.9473683, 1.092857],
    ),
    "streaming_mean_relative_error": (
        {**ERROR, "normalizer": "targets"},
        "mean_relative_error total count",
        [-1.911112, -0.4755425, 0.3143232],
    ),
    "streaming_mean_squared_error": (ERROR, "mean_squared_error total count", [1.228889, 1.176842, 1.75]),
    "streaming_root_mean_squared_error": (
        ERROR,
        "root_mean_squared_error total count",
        [1.108553, 1.084823, 1.322876],
    ),
    "streaming_mean_cosine_distance": (
        {"predictions": "logits", "labels": "logits", "dim": 1},
        "mean_cosine_distance total count",
        [0.01499999, -0.09875, -0.08333337],
    ),
    "streaming_covariance": (ERROR, f"covariance {MOMENTS}", [0.8609524, 0.7370898, 0.4724176]),
    "streaming_covariance unweighted": (
        {"predictions": "values", "labels": "targets"},
        f"covariance {MOMENTS}",
        [0.8700001, 0.7542857, 0.3236364],
    ),
    "streaming_pearson_correlation": (ERROR, f"pearson_r {CORRELATED}", [0.6361354, 0.5793668, 0.4029039]),
    "streaming_concat": (
        {"values": "logits", "axis": 1},
        "streaming_concat array size",
        [34.4, 145.8, 330.8],
    ),
    "streaming_concat of ten": (
        {"values": "values", "max_size": 10},
        "streaming_concat array size",
        [-0.3999999, 6, -17.6],
    ),
}


def fingerprint(value):
    """Returns the sum of all elements, each times its place from 1 on."""
    parts = [np.ravel(part).astype(np.float64) for part in (value if isinstance(value, tuple) else (value,))]
    flat = np.concatenate(parts)
    return (flat * np.arange(1, flat.size + 1)).sum()


def build(case, known_shape=True, **settings):
    """Returns (value, update_op, placeholders) of a case in RECORDED."""
    holders = {k: v1.placeholder(x.dtype, x.shape[1:] if known_shape else None) for k, x in FEEDS.items()}
    given = {k: holders.get(x, x) if isinstance(x, str) else x for k, x in RECORDED[case][0].items()}
    return (*getattr(slim.metrics, case.split()[0])(**given, **settings), holders)


def values_of_batches(session, value, update_op, holders):
    """Returns the fingerprints of `value` after each batch."""
    session.run(v1.local_variables_initializer())
    found = []
    for batch in range(3):
        feed = {holder: FEEDS[name][batch] for name, holder in holders.items()}
        session.run(update_op, feed)
        found.append(fingerprint(session.run(value, feed)))
    return found


def variable_names(written):
    """Returns the names in a row of RECORDED: the first word is the scope of the others, if there are any."""
    scope, *others = written.split()
    return [f"{scope}/{name}" for name in others] or [scope]


@pytest.mark.parametrize("case", RECORDED)
def test_a_metric_gives_the_numbers_and_variables_of_tensorflow_1(case):
    _, variables, expected = RECORDED[case]
    with graph_session() as session:
        found = values_of_batches(session, *build(case))
        assert names("local_variables") == variable_names(variables)
        if case != "auc_using_histogram":
            assert names("metric_variables") == variable_names(variables)
        assert v1.global_variables() == []
    assert found == pytest.approx(expected, rel=2e-6, abs=1e-6)  # recorded with 7 digits, float32


RANK_NEEDED = ("at_top_k", "at_k", "concat", "auc_using_histogram", "cohen_kappa")


def takes_any_shape(case):
    """Whether a metric is written here, not a row of tf.compat.v1.metrics, and needs no rank."""
    ours = getattr(slim.metrics, case.split()[0]).__module__ != "slimzoo.slim.metrics.streaming"
    return ours and not any(word in case for word in RANK_NEEDED)


@pytest.mark.parametrize("case", filter(takes_any_shape, RECORDED))
def test_shapes_may_be_unknown_until_the_graph_runs(case):
    with graph_session() as session:
        found = values_of_batches(session, *build(case, known_shape=False))
    assert found == pytest.approx(RECORDED[case][2], rel=2e-6, abs=1e-6)  # recorded with 7 digits, float32


def test_value_and_update_are_listed_in_their_collections():
    for case in RECORDED:
        takes = inspect.signature(getattr(slim.metrics, case.split()[0])).parameters
        if "metrics_collections" in takes:
            with tf.Graph().as_default():
                value, update_op, _ = build(case, metrics_collections=["m"], updates_collections=["u", "v"])
                assert [v1.get_collection(name) for name in "muv"] == [[value], [update_op], [update_op]], (
                    case
                )


def test_there_is_a_case_for_every_metric_of_several_batches():
    single = {"accuracy", "aggregate_metrics", "aggregate_metric_map", "confusion_matrix"}
    metrics = {n for n, f in vars(slim.metrics).items() if inspect.isfunction(f) and not n.startswith("set_")}
    assert metrics - single == {case.split()[0] for case in RECORDED}


def test_every_metric_has_its_name_and_a_docstring():
    for case in RECORDED:
        metric = getattr(slim.metrics, case.split()[0])
        assert (metric.__name__, bool(metric.__doc__)) == (case.split()[0], True)


@pytest.mark.parametrize("case", [case for case in RECORDED if " " not in case])
def test_a_metric_refuses_to_run_eagerly(case):
    given = {k: FEEDS[x][0] if x in FEEDS else x for k, x in RECORDED[case][0].items() if isinstance(x, str)}
    others = {k: x for k, x in RECORDED[case][0].items() if not isinstance(x, str)}
    with pytest.raises(
        RuntimeError, match=f"metrics.{case} is not supported when eager execution is enabled"
    ):
        getattr(slim.metrics, case)(**given, **others)
