"""Top-1 and top-5, and their intervals."""

import numpy as np
import pytest
from sklearn.metrics import top_k_accuracy_score

from slimzoo.training.top_k import bootstrap_mean, places, top_k, wilson


def test_top_1_and_top_5_are_scikit_learn_s():
    random = np.random.default_rng(0)
    scores, true = random.normal(size=(200, 12)), random.integers(0, 12, 200)
    found = top_k(places(scores, true), np.ones(200), 12)
    for k, estimate in ((1, found.top1), (5, found.top5)):
        assert estimate.value == pytest.approx(top_k_accuracy_score(true, scores, k=k, labels=range(12)))


def test_equal_scores_are_no_merit():
    true = np.arange(10)
    assert places(np.zeros((10, 10)), true).tolist() == true.tolist()  # argmax takes the first


@pytest.mark.parametrize(
    ("right", "count", "low", "high"),
    [  # R: prop.test(right, count, correct = FALSE)$conf.int
        (8, 10, 0.4901625, 0.9433178),
        (0, 10, 0.0, 0.2775328),
        (10, 10, 0.7224672, 1.0),
    ],
)
def test_the_interval_of_a_part_is_wilson_s(right, count, low, high):
    found = wilson(right, count)
    assert (found.value, found.low, found.high) == (
        right / count,
        pytest.approx(low, abs=1e-7),
        pytest.approx(high, abs=1e-7),
    )


def test_the_bootstrap_is_always_the_same_and_as_wide_as_the_standard_error_says():
    values = np.random.default_rng(1).exponential(size=2000)
    found = bootstrap_mean(values)
    assert found == bootstrap_mean(values)
    width = 2 * 1.96 * values.std() / np.sqrt(len(values))
    assert found.high - found.low == pytest.approx(width, rel=0.1)  # 1,000 resamples: 5 % is usual
    assert found.low < values.mean() < found.high


def test_of_five_classes_there_is_no_top_5():
    assert top_k(np.zeros(3), np.ones(3), 5).top5 is None
