"""What restored weights are worth: the figures of counts that are known."""

import numpy as np
import pytest

from slimzoo.training.masks.scores import mean_iou
from tools.segmentation_gain import figures


def counts(seeds, images, right, seed):
    """Counts of images with 100 pixels of each of 3 classes, about `right` of them found."""
    random = np.random.default_rng(seed)
    hit = random.binomial(100, right, (seeds, images, 3))
    true = np.full_like(hit, 100)
    return np.stack([hit, true, true], axis=2)


def test_the_interval_of_a_difference_that_is_there_lies_above_0_and_around_it():
    restored, scratch = counts(3, 30, 0.7, 0), counts(3, 30, 0.5, 1)
    found = figures(restored, scratch)
    assert found["miou"]["restored"] == pytest.approx([float(mean_iou(one.sum(0))) for one in restored])
    assert found["difference"] == pytest.approx(found["mean"]["restored"] - found["mean"]["scratch"])
    low, high = found["interval"]
    assert 0 < low < found["difference"] < high < 0.4


def test_of_the_same_masks_the_difference_is_0_in_every_resample():
    same = counts(2, 20, 0.6, 2)
    assert figures(same, same)["interval"] == [0.0, 0.0]
