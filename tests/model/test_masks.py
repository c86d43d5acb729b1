"""A class for every pixel, at the size of the images."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

import slimzoo
from slimzoo import slim
from slimzoo.engines import ENGINES
from slimzoo.errors import SlimzooError
from slimzoo.model.enlarging import borders, classes_at, starts
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
    squeezed = slimzoo.Model(brightness, 3, (24, 24, 3), preprocessing=squeezing)
    image, ids = striped(40, 12)
    assert (squeezed.predict_masks(image)[0] != ids).mean() < 0.1
    with pytest.raises(SlimzooError, match="has no preprocessing"):
        slimzoo.Model(brightness, 3, (24, 24, 3)).predict_masks(np.zeros((8, 8, 3), np.uint8))


@pytest.mark.parametrize("at_once", [1, 2_000, 1 << 22])
@pytest.mark.parametrize("sizes", [(33, 20, 100, 77), (1, 9, 1, 40), (1, 1, 7, 5), (40, 30, 13, 90)])
def test_the_best_classes_are_those_of_the_enlarged_scores_however_many_fit_at_once(sizes, at_once):
    high, wide, height, width = sizes
    scores = tf.random.stateless_normal((high, wide, 5), (1, 2))
    whole = tf.raw_ops.ResizeBilinear(images=scores[None], size=[height, width], align_corners=True)[0]
    np.testing.assert_array_equal(classes_at(scores, height, width, at_once), tf.argmax(whole, -1))


def test_squares_go_over_all_of_a_side_and_share_as_much_as_is_asked_for():
    for length, size, shared in [(10, 24, 3), (24, 24, 0), (25, 24, 0), (100, 24, 8), (1000, 257, 64)]:
        begins = starts(length, size, shared)
        edges = borders(begins, length, size)
        assert edges[0] == 0 and edges[-1] == length and edges == sorted(edges)
        for begin, left, right in zip(begins, edges, edges[1:], strict=False):
            assert begin <= left < right <= begin + size
        assert all(one + size - other >= shared for one, other in itertools.pairwise(begins))


def test_an_image_in_squares_is_not_shrunk(model):
    image, ids = striped(60, 100)
    image[::2, :10], ids[::2, :10] = 255, 2  # lines that shrinking would blur
    (mask,) = model.predict_masks(image, tile=4)
    np.testing.assert_array_equal(mask, ids)
    assert (model.predict_masks(image)[0] != ids).any()


def test_of_several_views_the_probabilities_are_averaged():
    def left(images, num_classes=3, is_training=False):
        """Sees the left half as darker than it is: not the same in the mirror."""
        side = tf.linspace(-0.6, 0.6, images.shape[2])[None, None, :, None]
        return brightness(images + tf.cast(side, images.dtype), num_classes, is_training)

    model = slimzoo.Model(left, 3, (24, 24, 3), preprocessing=WHOLE)
    image = np.full((24, 24, 3), 127, np.uint8)
    assert len(np.unique(model.predict_masks(image))) > 1
    logits = model(model.preprocess(image)).numpy()[0]
    mirrored = tf.nn.softmax(logits) + tf.nn.softmax(logits)[:, ::-1]
    np.testing.assert_array_equal(model.predict_masks(image, flip=True)[0], tf.argmax(mirrored, -1))
    plain, ids = striped(24, 24)
    several = slimzoo.Model(brightness, 3, (24, 24, 3), preprocessing=WHOLE)
    masks = several.predict_masks(plain, scales=(0.5, 1, 1.5), flip=True)
    assert (masks[0] != ids).mean() < 0.15  # borders, which the scales see elsewhere


@pytest.mark.parametrize(
    ("views", "words"),
    [
        ({"scales": (0, 1)}, r"scales=NUMBERS are 1 to 16, each of 0\.1 to 4.*given are \[0\]"),
        ({"scales": ()}, r"given are \[\]"),
        ({"tile": -1, "flip": 2}, r"flip is 2.*\n.*tile=PIXELS is what two squares share.*-1"),
        ({"tile": 24}, "squares of 24 pixels cannot share 24"),
    ],
)
def test_views_that_cannot_be_are_said(model, views, words):
    with pytest.raises(SlimzooError, match=words):
        model.predict_masks(np.zeros((4, 4, 3), np.uint8), **views)


@pytest.mark.parametrize("engine", ["tensorflow", "openvino", "onnxruntime", "tflite"])
def test_a_predictor_gives_the_masks_of_its_model(model, engine):
    if ENGINES[engine].missing:
        pytest.skip(f"{engine} is not installed")
    images = [striped(12, 24)[0], striped(50, 30)[0]]
    predictor = model.compiled(engine)
    for one, other in zip(
        predictor.predict_masks(images, flip=True), model.predict_masks(images, flip=True), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(SlimzooError, match="leave scales=NUMBERS or engine="):
        predictor.predict_masks(images, scales=(0.5, 1))
    with pytest.raises(SlimzooError, match="tells pixels apart, not images"):
        predictor.decode_predictions(np.zeros((1, 3)))
