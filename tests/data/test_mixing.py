"""Mixed batches: labels are mixed as their images are, by the step alone."""

import numpy as np
import pytest
import tensorflow as tf

from slimzoo.data.mixing import Mixing


def batch(ignored=False):
    """Four images of one colour each, which is the number of its class."""
    labels = np.eye(4, dtype=np.float32)
    images = np.broadcast_to(np.arange(4, dtype=np.float32)[:, None, None, None], (4, 8, 8, 1))
    weights = np.ones((4, 4), np.float32)
    if ignored:
        weights[0] = 0
    made = {"image": images, "labels": labels, "weights": weights, "index": np.arange(4)}
    return {name: tf.constant(value) for name, value in made.items()}


@pytest.mark.parametrize("mixing", [Mixing(mixup=1.0), Mixing(cutmix=1.0), Mixing(mixup=0.4, cutmix=1.0)])
def test_labels_are_mixed_as_the_images_are(mixing):
    for number in range(4):
        mixed = mixing.change(batch(), tf.constant([3, number]))
        labels = mixed["labels"].numpy()
        np.testing.assert_allclose(labels.sum(axis=1), 1, atol=1e-6)  # float32
        colours = mixed["image"].numpy().mean(axis=(1, 2, 3))
        exact = mixing.cutmix is None  # a rectangle ends between pixels: half of one of 8, each way
        np.testing.assert_allclose(colours, labels @ np.arange(4), atol=1e-5 if exact else 3 * 0.3)


def test_the_same_seed_mixes_the_same_and_another_does_not():
    one, same, other = (Mixing(mixup=1.0).change(batch(), tf.constant([0, n]))["image"] for n in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 0.01


def test_what_does_not_count_in_one_image_does_not_in_the_mixed_one():
    seen = set()
    for number in range(6):
        weights = Mixing(mixup=1.0).change(batch(ignored=True), tf.constant([0, number]))["weights"].numpy()
        assert set(np.unique(weights.round(6))) <= {0, 1}
        assert not weights[0].any()
        seen.add(int((weights[1:] == 0).all(axis=1).sum()))
    assert 1 in seen  # whichever it was mixed with


def test_images_are_resized_in_the_end_and_nothing_is_done_unasked():
    assert Mixing(size=4).change(batch(), tf.constant([0, 0]))["image"].shape == (4, 4, 4, 1)
    assert not Mixing() and Mixing(size=4)
