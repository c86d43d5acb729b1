"""An image and its mask are one thing: the same seed moves both to the same place."""

import numpy as np
import pytest
import tensorflow as tf

from slimzoo.preprocessing import of_kind
from slimzoo.preprocessing.augmentation import Augmentation
from slimzoo.preprocessing.paired import Pairing, random_pair

VOID = 255
SPEC = of_kind("deeplab", 33)


def halves(height=40, width=60):
    """An image that is bright where its mask is 1, on the right, and the mask."""
    mask = np.zeros((height, width), np.uint8)
    mask[:, width // 2 :] = 1
    return np.repeat(mask[..., None] * 200, 3, -1).astype(np.uint8), mask


def view(how, seed=0, shrink=True, size=(40, 60)):
    image, mask = random_pair(SPEC, Pairing(how=how, shrink=shrink), *halves(*size), tf.constant([7, seed]))
    return (image.numpy() + 1) * 127.5, mask.numpy()


def test_the_same_seed_gives_the_same_view_and_another_another():
    how = Augmentation(scales=(0.5, 2.0), flip=True)
    one, again, other = view(how, 3), view(how, 3), view(how, 4)
    assert all(np.array_equal(a, b) for a, b in zip(one, again, strict=True))
    assert not np.array_equal(one[0], other[0])


def test_mirrored_views_have_their_bright_half_on_the_left_in_both():
    flipped = 0
    for seed in range(12):
        image, mask = view(Augmentation(flip=True), seed)
        bright = (image[..., 0] > 150) & (mask != VOID)
        assert (mask[bright] == 1).all() and bright.sum() > 300
        flipped += bool(mask[0, 0] == 1)
    assert 2 <= flipped <= 10  # of 12 halves


def test_scales_are_those_of_the_steps_and_what_is_missing_is_void_and_the_mean():
    sides = set()
    for seed in range(24):
        image, mask = view(Augmentation(scales=(0.5, 1.0)), seed, shrink=False, size=(32, 32))
        seen = (mask != VOID).any(axis=1).sum()
        sides.add(int(seen))
        np.testing.assert_allclose(image[mask == VOID], 127.5, atol=1e-3)  # float32
    assert sides == {16, 24, 32}


@pytest.mark.parametrize("shrink", [True, False])
def test_a_large_image_is_shrunk_or_cut(shrink):
    _, mask = view(None, shrink=shrink, size=(66, 132))
    assert ((mask == VOID).sum() > 0) == shrink  # shrunk it is 17 high, and the rest is void
