"""Balanced weights give each class the same share of the loss; balanced sampling draws it as often."""

import numpy as np

from slimzoo.data import Dataset, Example
from slimzoo.data.pipeline import draws
from slimzoo.training.balance import odds, weighted


def dataset(rows, multi_label, weights=None):
    labels = np.array(rows, np.float32)
    weights = np.ones_like(labels) if weights is None else np.array(weights, np.float32)
    examples = tuple(Example(f"{i}.jpg", row, weights[i]) for i, row in enumerate(labels))
    return Dataset(examples, ("a", "b"), "made", multi_label)


def test_of_one_label_an_image_each_class_has_the_same_share():
    found = weighted(dataset([[1, 0], [1, 0], [1, 0], [0, 1]], False))
    shares = (found.weights * found.labels).sum(axis=0)
    np.testing.assert_allclose(shares, [2, 2])  # of 4 images
    assert found.weights.mean() == 1


def test_of_several_labels_showing_and_not_showing_weigh_half_each_and_what_is_ignored_stays_so():
    rows, weights = [[1, 0], [0, 0], [0, 1], [0, 1]], [[1, 1], [1, 1], [1, 0], [1, 1]]
    found = weighted(dataset(rows, True, weights))
    assert found.weights[2, 1] == 0
    np.testing.assert_allclose((found.weights * found.labels).sum(axis=0), [2, 2])
    np.testing.assert_allclose((found.weights * (1 - found.labels)).sum(axis=0), [2, 2])


def test_a_rare_class_is_drawn_as_often_as_a_common_one_and_the_same_in_each_run():
    data = dataset([[1, 0]] * 9 + [[0, 1]], False)
    drawn = np.concatenate([draws(odds(data), 0, epoch).numpy() for epoch in range(100)])
    assert abs((drawn == 9).mean() - 0.5) < 0.05  # 1000 draws: three standard deviations
    np.testing.assert_array_equal(drawn[:10], draws(odds(data), 0, 0).numpy())


def test_a_class_that_no_image_shows_and_an_image_that_shows_none_do_no_harm():
    data = dataset([[1, 0], [0, 0]], True)
    assert np.isfinite(weighted(data).weights).all() and (odds(data) > 0).all()
