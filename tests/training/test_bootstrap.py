"""Intervals by a bootstrap over images: where they lie, how wide they are, and when there is none."""

import numpy as np
import pytest

from slimzoo.data.average_precision import average_precisions, mean_average_precision
from slimzoo.training import bootstrap


def predictions(images, classes=3, seed=0):
    """Scores [N, K] in steps, so that many are equal, labels and weights."""
    random = np.random.default_rng(seed)
    labels = (random.random((images, classes)) < 0.4).astype(np.float32)
    scores = np.round(np.clip(labels * 0.3 + random.random((images, classes)) * 0.7, 0, 1), 1)
    return scores.astype(np.float32), labels, (random.random(labels.shape) > 0.2).astype(np.float32)


def test_the_average_precision_of_a_resample_is_that_of_its_images_with_repetition():
    scores, labels, weights = predictions(40)
    times = np.random.default_rng(1).multinomial(40, np.full(40, 1 / 40), 5)
    for k in range(3):
        found = bootstrap._ap(scores[:, k], labels[:, k], weights[:, k], times.astype(float))
        expected = [
            average_precisions(
                *(np.repeat(each[:, k : k + 1], row, axis=0) for each in (scores, labels, weights))
            )
            for row in times
        ]
        np.testing.assert_allclose(found, np.ravel(expected), rtol=1e-12)  # float64, the same sums


def test_an_interval_holds_the_figure_and_is_narrower_with_more_images():
    widths = []
    for images in (20, 200, 2000):
        arrays = predictions(images)
        (low, high), (worst, best) = bootstrap.intervals(*arrays)
        right = np.mean(arrays[0].argmax(1) == arrays[1].argmax(1))
        assert 0 <= low <= mean_average_precision(*arrays) <= high <= 1
        assert worst <= right <= best
        widths.append(high - low)
    assert widths[0] > 2 * widths[1] > 4 * widths[2]  # ten times the images: about a third of the width


def test_intervals_are_the_same_each_time():
    assert bootstrap.intervals(*predictions(50)) == bootstrap.intervals(*predictions(50))


@pytest.mark.parametrize("case", ["no positive", "no image", "too large"])
def test_what_cannot_be_told_is_nan(case, monkeypatch):
    scores, labels, weights = predictions(0 if case == "no image" else 30)
    if case == "no positive":
        labels[:] = 0
    if case == "too large":
        monkeypatch.setattr(bootstrap, "WORK", 1000)
    assert np.isnan(bootstrap.intervals(scores, labels, weights)[0]).all()


def test_many_images_are_drawn_in_parts_that_together_are_all(monkeypatch):
    monkeypatch.setattr(bootstrap, "CHUNK", 90)
    parts = [*bootstrap.draws(np.random.default_rng(0), 30, 10)]
    assert [len(part) for part in parts] == [3, 3, 3, 1]
    assert all((part.sum(1) == 30).all() for part in parts)


@pytest.mark.parametrize("images", [1, 3, 30, 300])
def test_images_that_are_all_right_leave_room_for_what_was_not_seen(images):
    scores = np.tile([0.9, 0.1], (images, 1))
    labels = np.tile([1, 0], (images, 1))
    room = (pytest.approx(max(1 - 3 / images, 0)), 1)  # the rule of three
    assert bootstrap.intervals(scores, labels, np.ones_like(labels)) == (room, room)
