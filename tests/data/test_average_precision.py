"""Average precision against a check written another way, and scikit-learn where both mean the same."""

from fractions import Fraction

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_recall_curve

from slimzoo.data.average_precision import (
    average_precision,
    average_precisions,
    mean_average_precision,
    precision_recall,
)
from slimzoo.errors import SlimzooError

METHODS = ("all_point", "11_point")
EXACT = 1e-12  # float64, sums of a few dozen terms


def by_thresholds(scores, labels, weights, method):
    """The definition, word by word, in exact fractions: for each recall, the best precision from it on."""
    kept = [(s, y) for s, y, w in zip(scores, labels, weights, strict=True) if w]
    positives = sum(y for _, y in kept)
    if not positives:
        return float("nan")
    points = []
    for threshold in {s for s, _ in kept}:
        chosen = [y for s, y in kept if s >= threshold]
        points.append((Fraction(int(sum(chosen)), int(positives)), Fraction(int(sum(chosen)), len(chosen))))

    def best(recall):
        return max((p for r, p in points if r >= recall), default=Fraction(0))

    if method == "11_point":
        return float(sum(best(Fraction(i, 10)) for i in range(11)) / 11)
    area, previous = Fraction(0), Fraction(0)
    for recall in sorted({r for r, _ in points}):
        area += (recall - previous) * best(recall)
        previous = recall
    return float(area)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", range(30))
def test_random_rankings_equal_the_definition(seed, method):
    random = np.random.RandomState(seed)
    n = random.randint(1, 40)
    scores = random.randint(0, random.choice([3, 10, 1000]), n) / 7  # few values: many ties
    labels, weights = random.randint(0, 2, n), random.rand(n) < 0.8
    expected = by_thresholds(scores, labels, weights, method)
    np.testing.assert_allclose(average_precision(scores, labels, weights, method), expected, rtol=EXACT)


@pytest.mark.parametrize(
    ("method", "value"), [("all_point", 1 / 3 + 2 / 3 * 0.6), ("11_point", (4 * 1 + 7 * 0.6) / 11)]
)
def test_a_ranking_worked_out_by_hand(method, value):
    # precision is 1 at recall 1/3, 1/2 at 2/3 and 3/5 at 1: up to 1/3 the best is 1, beyond it 0.6
    labels = [1, 0, 0, 1, 1, 0]
    assert average_precision([6, 5, 4, 3, 2, 1], labels, method=method) == pytest.approx(value, rel=EXACT)


@pytest.mark.parametrize("n", [3, 7, 10, 30])
def test_recall_on_a_tenth_counts_as_reached(n):
    # n positives, then one negative before the last positive: recall is i / n exactly, whatever floats say
    labels = [1] * (n - 1) + [0, 1]
    scores = np.arange(len(labels), 0, -1)
    expected = by_thresholds(scores, labels, np.ones(n + 1), "11_point")
    assert average_precision(scores, labels, method="11_point") == pytest.approx(expected, rel=EXACT)


@pytest.mark.parametrize("method", METHODS)
def test_a_perfect_ranking_has_1_and_the_order_of_ties_earns_nothing(method):
    assert average_precision([3, 2, 1, 0], [1, 1, 0, 0], method=method) == 1
    for labels in ([1, 0, 0, 0], [0, 0, 0, 1]):
        assert average_precision([5, 5, 5, 5], labels, method=method) == 0.25


@pytest.mark.parametrize("seed", range(20))
def test_the_area_is_at_least_that_of_scikit_learn_and_equal_where_precision_falls(seed):
    random = np.random.RandomState(seed)
    scores, labels = random.randint(0, 12, 40), random.randint(0, 2, 40)
    ours, theirs = average_precision(scores, labels), average_precision_score(labels, scores)
    assert ours >= theirs - EXACT  # the envelope only raises precision
    falling = np.sort(labels)[::-1]
    expected = average_precision_score(falling, -np.arange(40))
    assert average_precision(-np.arange(40), falling) == pytest.approx(expected, rel=EXACT)


def test_precision_falling_below_1_equals_scikit_learn():
    labels = [1, 1, 1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1]
    scores = np.arange(len(labels), 0, -1)
    precision = np.cumsum(labels)[np.array(labels) == 1] / (np.flatnonzero(labels) + 1)
    assert (np.diff(precision) <= 0).all()
    expected = average_precision_score(labels, scores)
    assert average_precision(scores, labels) == pytest.approx(expected, rel=EXACT)


def test_the_curve_equals_scikit_learn():
    random = np.random.RandomState(1)
    scores, labels = random.randint(0, 9, 50), random.randint(0, 2, 50)
    precision, recall, thresholds = precision_recall(scores, labels)
    theirs = precision_recall_curve(labels, scores)
    np.testing.assert_allclose(precision[::-1], theirs[0][:-1], rtol=EXACT)
    np.testing.assert_allclose(recall[::-1], theirs[1][:-1], rtol=EXACT)
    np.testing.assert_array_equal(thresholds[::-1], theirs[2])


@pytest.mark.parametrize("method", METHODS)
def test_what_does_not_count_changes_nothing(method):
    random = np.random.RandomState(2)
    scores, labels, weights = random.rand(30), random.randint(0, 2, 30), random.randint(0, 2, 30)
    kept = weights == 1
    expected = average_precision(scores[kept], labels[kept], method=method)
    assert average_precision(scores, labels, weights, method) == expected


def test_a_class_without_positives_is_nan_and_left_out_of_the_mean():
    scores = np.array([[3, 1, 0], [2, 2, 0], [1, 3, 0]])
    labels = np.array([[1, 0, 0], [0, 0, 1], [0, 1, 0]])
    weights = np.array([[1, 1, 1], [1, 1, 0], [1, 1, 1]])
    values = average_precisions(scores, labels, weights)
    np.testing.assert_array_equal(values, [1, 1, np.nan])
    assert mean_average_precision(scores, labels, weights) == 1
    assert np.isnan(mean_average_precision(scores, np.zeros_like(labels)))
    assert np.isnan(average_precision([], []))


def test_everything_wrong_is_listed():
    with pytest.raises(SlimzooError) as caught:
        average_precision([1, np.nan, 3], [0, 2], [1, 1, 0.5])
    for part in (
        "labels have shape (2,), scores (3,)",
        "labels hold other values",
        "weights hold other values",
        "scores hold NaN or infinity",
    ):
        assert part in str(caught.value)
    with pytest.raises(SlimzooError, match=r"scores have shape \(2,\); they must have 2 dimensions"):
        mean_average_precision([1, 2], [0, 1])
    with pytest.raises(SlimzooError, match="method '10_point' does not exist; choose all_point or 11_point"):
        average_precision([1], [1], method="10_point")
