"""A class for every pixel, at the size of the images."""

import numpy as np
import pytest
import tensorflow as tf

import slimzoo
from slimzoo import slim
from slimzoo.errors import SlimzooError
from slimzoo.model.masks import logits_at
from slimzoo.preprocessing import Preprocessing
from slimzoo.preprocessing.geometry import seen_part
from tests.networks import little_model

WHOLE = Preprocessing(kind="deeplab", size=24)


def brightness(images, num_classes=3, is_training=False):
    """A network that sees darkness, gray and light in each pixel alone."""
    del is_training
    net = tf.reduce_mean(images, -1, keepdims=True)
    parts = [-net - 0.5, 0.1 - tf.abs(net), net - 0.5]
    scale = slim.model_variable("scale", [1], initializer=tf.compat.v1.ones_initializer())
    return tf.concat(parts, -1)[..., :num_classes] * scale


@pytest.fixture(scope="module")
def model():
    return slimzoo.Model(brightness, 3, (24, 24, 3), preprocessing=WHOLE)


def striped(height, width):
    """Dark, gray and light thirds from left to right, and which they are."""
    ids = np.repeat(np.arange(width)[None] * 3 // width, height, axis=0)
    return np.repeat(np.array([0, 127, 255], np.uint8)[ids][..., None], 3, -1), ids


def test_masks_have_the_size_of_their_images_and_what_was_added_is_cut_off(model):
    image, ids = striped(12, 24)
    masks = model.predict_masks(image)
    assert masks.shape == (1, 12, 24) and masks.dtype == np.uint8
    np.testing.assert_array_equal(masks[0], ids)
    assert model.predict_masks(np.stack([image, image])).shape == (2, 12, 24)


def test_an_image_that_is_too_large_is_shrunk_and_its_logits_are_enlarged(model):
    image, ids = striped(60, 96)
    small, _ = striped(12, 24)
    first, second = model.predict_masks([image, small], batch_size=1)
    assert first.shape == (60, 96) and second.shape == (12, 24)
    assert (first != ids).mean() < 0.1  # but for the borders, which 4 pixels became one of
    assert seen_part(WHOLE, 60, 96) == (15, 24)


def test_a_file_is_read_and_one_that_is_none_is_named(model, tmp_path):
    image, ids = striped(12, 24)
    tf.io.write_file(str(tmp_path / "a.png"), tf.io.encode_png(image))
    np.testing.assert_array_equal(model.predict_masks(tmp_path / "a.png")[0], ids)
    (tmp_path / "b.png").write_text("no image")
    with pytest.raises(SlimzooError, match=r"1 image cannot be used:\n.*b\.png"):
        model.predict_masks([tmp_path / "a.png", tmp_path / "b.png"])
    with pytest.raises(SlimzooError, match="there is no image in an empty list"):
        model.predict_masks([])


@pytest.mark.parametrize("images", [3, "", np.zeros((2, 2), np.uint8), [None], np.array([["a"]])])
def test_what_is_no_image_is_said_so(model, images):
    with pytest.raises(SlimzooError, match=r"1 image cannot be used:\n"):
        model.predict_masks(images)
    with pytest.raises(SlimzooError, match="batch_size is 0"):
        model.predict_masks(np.zeros((4, 4, 3), np.uint8), batch_size=0)


def test_a_network_that_tells_images_apart_gives_no_masks_and_the_other_way_round(model):
    with pytest.raises(SlimzooError, match=r"little tells images apart, not pixels.*deeplab_v3"):
        little_model().predict_masks(np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(SlimzooError, match=r"brightness tells pixels apart, not images; .*predict_masks"):
        model.decode_predictions(np.zeros((1, 3)))
    with pytest.raises(SlimzooError, match="tells pixels apart, not images"):
        slimzoo.predict(model, [np.zeros((8, 8, 3), np.uint8)])


def test_a_preprocessing_that_cuts_off_is_refused_and_one_that_squeezes_is_undone(model):
    cutting = slimzoo.Model(
        brightness, 3, (24, 24, 3), preprocessing=Preprocessing(kind="inception", size=24, crop=0.875)
    )
    with pytest.raises(SlimzooError, match=r"cuts off a part of the image.*deeplab, deeplab_mean, fcn"):
        cutting.predict_masks(np.zeros((8, 8, 3), np.uint8))
    squeezing = Preprocessing(kind="inception", size=24, crop=1.0)
    assert logits_at(tf.zeros((24, 24, 3)), squeezing, 40, 10).shape == (40, 10, 3)
    with pytest.raises(SlimzooError, match="has no preprocessing"):
        slimzoo.Model(brightness, 3, (24, 24, 3)).predict_masks(np.zeros((8, 8, 3), np.uint8))
