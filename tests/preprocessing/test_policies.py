"""RandAugment and random erasing change images within their range, by the seed alone."""

import numpy as np
import pytest
import tensorflow as tf

from slimzoo.preprocessing import policies
from slimzoo.preprocessing.augmentation import Further, get_augmentation, random_view
from slimzoo.preprocessing.policies import erase, rand_augment
from slimzoo.preprocessing.spec import Preprocessing

PREPROCESSINGS = {
    "inception": Preprocessing(kind="inception", size=12, crop=0.875, channel_order="RGB"),
    "cifarnet": Preprocessing(kind="cifarnet", size=12, channel_order="RGB"),
}


@pytest.fixture(scope="module")
def image():
    """A coloured slope with a bright square."""
    y, x = np.mgrid[:24, :24] * 255.0 / 23
    made = np.stack([y, x, np.full_like(x, 90)], axis=-1)
    made[4:9, 4:9] = 250
    return tf.constant(made, tf.float32)


@pytest.mark.parametrize("number", range(len(policies._CHANGES)))
def test_each_change_keeps_shape_and_range_follows_the_seed_and_does_something(image, number):
    layer = policies._CHANGES[number](0.8)
    views = [policies._changed(layer, image[None], tf.constant([7, n]))[0].numpy() for n in (0, 0, 1, 2, 3)]
    assert views[0].shape == image.shape and np.isfinite(views).all()
    assert np.min(views) >= -1 and np.max(views) <= 256
    np.testing.assert_array_equal(views[0], views[1])
    assert max(np.abs(view - image).mean() for view in views) > 0.5


def test_rand_augment_in_a_pipeline_gives_what_it_gives_outside_of_one(image):
    seeds = [tf.constant([5, n]) for n in range(3)]
    outside = [rand_augment(image, seed, 2, 0.5).numpy() for seed in seeds]
    change = tf.autograph.experimental.do_not_convert(lambda seed: rand_augment(image, seed, 2, 0.5))
    inside = [view.numpy() for view in tf.data.Dataset.from_tensor_slices(seeds).map(change)]
    np.testing.assert_allclose(inside, outside, atol=1e-2)  # of 255: a graph may fuse what is added up
    assert np.abs(outside[0] - outside[1]).max() > 1
    assert np.min(outside) >= 0 and np.max(outside) <= 255


def test_erasing_turns_a_rectangle_to_noise_in_its_part_of_the_draws(image):
    changed = [(erase(image, tf.constant([1, n]), 0.5) != image).numpy() for n in range(40)]
    parts = np.array([np.any(mask, axis=-1).mean() for mask in changed])
    assert 0.25 < (parts > 0).mean() < 0.75  # 40 draws of a half: three standard deviations
    assert parts.max() < 0.4


@pytest.mark.parametrize("kind", ["inception", "cifarnet"])
def test_a_crop_that_is_asked_for_takes_the_place_of_any_kind_s_own(image, kind):
    preprocessing = PREPROCESSINGS[kind]
    how = get_augmentation(preprocessing, "mild")
    assert Further().of(how) is how
    asked = Further(area=(0.3, 0.4)).of(how)
    assert (asked.area, asked.aspect) == ((0.3, 0.4), how.aspect or (3 / 4, 4 / 3))
    view = random_view(
        preprocessing, how, image, tf.constant([0, 1]), Further(aspect=(0.5, 2.0), erasing=1.0)
    )
    assert view.shape == (12, 12, 3)
