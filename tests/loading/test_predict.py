"""Predictions one by one: of files, folders and pixels, and of those that cannot be read."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import slimzoo
from slimzoo.errors import SlimzooError


@pytest.fixture(scope="module")
def model():
    spec = slimzoo.preprocessing.Preprocessing(kind="cifarnet", size=32)
    return slimzoo.load("cifarnet", num_classes=4, preprocessing=spec)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Five files of noise, 0.png to 4.png; 2.png is cut."""
    folder = tmp_path_factory.mktemp("photos")
    random = np.random.default_rng(0)
    for i in range(5):
        Image.fromarray(random.integers(0, 255, (40, 50, 3), np.uint8)).save(folder / f"{i}.png")
    cut = folder / "2.png"
    cut.write_bytes(cut.read_bytes()[:500])
    return folder


@pytest.mark.parametrize("batch_size", [1, 2, 32])
def test_each_image_has_its_own_probabilities_and_a_broken_one_its_problem(model, photos, batch_size):
    found = [*slimzoo.predictions(model, photos, batch_size=batch_size)]
    assert [prediction.index for prediction in found] == [0, 1, 2, 3, 4]
    assert [bool(prediction.problem) for prediction in found] == [False, False, True, False, False]
    assert "2.png" in found[2].problem and found[2].probabilities is None
    for prediction in found[:2] + found[3:]:
        alone = tf.nn.softmax(model(model.preprocess(prediction.path)))[0].numpy()
        np.testing.assert_allclose(prediction.probabilities, alone, atol=1e-6)  # float32, another batch size
        assert prediction.best[0][0] == alone.argmax()


def test_paths_arrays_and_pillow_s_images_may_stand_in_one_list_or_come_from_a_generator(model, photos):
    path = photos / "0.png"
    pixels = np.array(Image.open(path))
    given = [path, pixels, Image.open(path), str(photos / "[0]*")]
    for images in (given, (image for image in given)):
        found = [*slimzoo.predictions(model, images)]
        assert [prediction.path for prediction in found] == [str(path), None, None, str(path)]
        for prediction in found[1:]:
            np.testing.assert_array_equal(prediction.probabilities, found[0].probabilities)


def test_a_flipped_prediction_is_the_mean_of_both_views(model, photos):
    path = photos / "0.png"
    pixels = np.array(Image.open(path))
    (mean,) = slimzoo.predictions(model, [pixels], flip=True)
    views = [*slimzoo.predictions(model, [pixels, pixels[:, ::-1]])]
    expected = (views[0].probabilities + views[1].probabilities) / 2
    np.testing.assert_allclose(mean.probabilities, expected, atol=1e-6)  # float32, another batch size


def test_a_threshold_leaves_out_what_is_less_likely_and_top_none_keeps_every_class(model, photos):
    (every,) = slimzoo.predictions(model, photos / "0.png", top=None)
    assert len(every.best) == 4
    least = every.best[1][2]
    (some,) = slimzoo.predictions(model, photos / "0.png", top=None, threshold=least)
    assert some.best == every.best[:2]
    (none,) = slimzoo.predictions(model, photos / "0.png", threshold=1.0)
    assert none.best == [] and none.problem == ""


def test_images_are_read_as_they_are_needed(model, photos):
    drawn = []

    def images():
        for i in range(100):
            drawn.append(i)
            yield photos / "0.png"

    next(slimzoo.predictions(model, images(), batch_size=2))
    assert len(drawn) <= 4  # one batch, and the next


def test_numbers_out_of_range_are_refused_before_anything_is_read(model):
    with pytest.raises(SlimzooError, match="top is 0") as error:
        slimzoo.predictions(model, [], top=0, threshold=2, batch_size=0)
    assert "threshold is 2" in str(error.value) and "batch_size is 0" in str(error.value)


def test_a_model_without_preprocessing_says_so_at_the_call(photos):
    with pytest.raises(SlimzooError, match="no preprocessing"):
        slimzoo.predictions(slimzoo.Model("cifarnet", num_classes=4), photos)
