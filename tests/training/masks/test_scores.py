"""mIoU as slim's metric has it, and boundary F as its paper has it, by other ways to the same numbers."""

import numpy as np
import pytest
import tensorflow as tf

from slimzoo import slim
from slimzoo.labels.dense import VOID
from slimzoo.training.masks.scores import Counts, boundary_f, edge, filled, ious, mean_iou


def pairs(count=5, classes=4, seed=0):
    """Masks with void, and guesses that are right two times of three; class 3 is nowhere."""
    random = np.random.RandomState(seed)
    for _ in range(count):
        size = tuple(random.randint(20, 40, 2))
        truth = random.randint(0, classes - 1, size).astype(np.uint8)
        found = np.where(random.rand(*size) < 0.67, truth, random.randint(0, classes - 1, size))
        truth[random.rand(*size) < 0.1] = VOID
        yield truth, np.where(found == VOID, 0, found).astype(np.uint8)


def test_miou_is_that_of_slims_metric_with_void_left_out():
    counts = Counts(4)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        truth, found, weights = (tf.compat.v1.placeholder(tf.int64, [None]) for _ in range(3))
        value, update = slim.metrics.streaming_mean_iou(found, truth, 4, weights)
        session.run(tf.compat.v1.local_variables_initializer())
        for true, seen in pairs():
            counts.add(true, seen)
            counted = (true != VOID).reshape(-1)
            ids = np.where(counted, true.reshape(-1), 0)
            session.run(update, {truth: ids, found: seen.reshape(-1), weights: counted})
        theirs = session.run(value)
    total = counts.by_image.sum(0)
    assert float(mean_iou(total)) == pytest.approx(float(theirs), rel=1e-6)  # float32
    assert np.isnan(ious(total)[3])


def test_each_iou_is_the_pixels_of_both_by_those_of_either():
    counts, both, either = Counts(4), np.zeros(4), np.zeros(4)
    for true, seen in pairs(seed=1):
        counts.add(true, seen)
        seen = np.where(true == VOID, VOID, seen)
        for k in range(4):
            both[k] += np.sum((true == k) & (seen == k))
            either[k] += np.sum((true == k) | (seen == k))
    np.testing.assert_allclose(ious(counts.by_image.sum(0))[:3], both[:3] / either[:3])
    np.testing.assert_array_equal(counts.confusion.sum(), sum(np.sum(t != VOID) for t, _ in pairs(seed=1)))
    np.testing.assert_allclose(mean_iou(counts.by_image)[0], np.nanmean(ious(counts.by_image[0])))


def square(top, size=100, side=40):
    mask = np.zeros((size, size), np.uint8)
    mask[top : top + side, 30 : 30 + side] = 1
    return mask


def test_a_boundary_is_met_within_its_tolerance_and_lost_beyond():
    """The diagonal of 100 x 100 pixels is 141, and 0.75 % of it one pixel."""
    assert boundary_f(square(30), square(30)) == {0: 1.0, 1: 1.0}
    assert boundary_f(square(30), square(31))[1] > 0.99  # but for a pixel at its corners
    assert 0.4 < boundary_f(square(30), square(36))[1] < 0.6  # its sides are met, top and bottom not
    assert boundary_f(square(30), np.zeros_like(square(30))) == {0: 0.0, 1: 0.0}


def test_half_of_a_boundary_is_a_precision_of_1_and_a_recall_of_a_half():
    truth, found = square(30), square(30)
    found[50:] = 0
    outline, half = edge(truth == 1), edge(found == 1)
    near = half & np.pad(outline, 1)[1:-1, 1:-1]
    precision = (near.sum() + 0) / half.sum()  # but for the cut, whose ends are on the outline
    recall = outline[:51].sum() / outline.sum()
    wanted = 2 * precision * recall / (precision + recall)
    assert boundary_f(truth, found)[1] == pytest.approx(wanted, abs=0.03)  # a pixel around the two ends


def test_void_takes_the_nearest_class_so_that_outlines_of_void_have_a_middle():
    truth = square(30)
    truth[28:32] = VOID
    assert filled(truth)[:, 50].tolist()[26:34] == [0, 0, 0, 0, 1, 1, 1, 1]
    assert boundary_f(truth, square(30))[1] > 0.99  # but for a pixel at two corners
    assert (filled(np.full((3, 3), VOID, np.uint8)) == VOID).all()


def test_a_class_that_fills_the_image_has_no_boundary():
    assert boundary_f(np.ones((20, 20), np.uint8), np.ones((20, 20), np.uint8)) == {}
