"""Evaluation gives the original's numbers; training gives random views of the right size and range."""

import inspect

import numpy as np
import pytest
import tensorflow as tf

from slimzoo.compat.preprocessing import (
    cifarnet_preprocessing,
    inception_preprocessing,
    lenet_preprocessing,
    preprocessing_factory,
    vgg_preprocessing,
)
from tests.slim.support import graph_session, v1

FACTORY = ("inception_v3", "vgg_16", "resnet_v1_50", "resnet_v2_50", "mobilenet_v1", "nasnet_mobile")
inception, vgg = inception_preprocessing, vgg_preprocessing

GOLDENS = {  # name in preprocessing.npz: what makes it
    "inception_75": lambda image: inception.preprocess_image(image, 75, 75),
    "inception_299": lambda image: inception.preprocess_for_eval(image, 299, 299),
    "inception_nocrop_75": lambda image: inception.preprocess_image(image, 75, 75, crop_image=False),
    "inception_central05_75": lambda image: inception.preprocess_for_eval(
        image, 75, 75, central_fraction=0.5
    ),
    "vgg_64_side80": lambda image: vgg.preprocess_for_eval(image, 64, 64, 80),
    "vgg_224_side256": lambda image: vgg.preprocess_image(image, 224, 224),
    "cifarnet_32": lambda image: cifarnet_preprocessing.preprocess_image(image, 32, 32),
    "lenet_28": lambda image: lenet_preprocessing.preprocess_image(image, 28, 28, is_training=True),
    **{
        f"factory_{name}_96": lambda image, name=name: preprocessing_factory.get_preprocessing(name)(
            image, 96, 96
        )
        for name in (*FACTORY, "cifarnet", "lenet")
    },
}


def noise(height=120, width=161, channels=3):
    return np.random.RandomState(0).randint(0, 256, (height, width, channels)).astype(np.uint8)


def views(prepare, count=6, image=None):
    """Returns what `prepare` makes of an image whose size the graph does not know, several times over."""
    with graph_session() as session:
        v1.set_random_seed(1)
        pixels = v1.placeholder_with_default(noise() if image is None else image, [None, None, 3])
        made = prepare(pixels)
        return made.shape.as_list(), np.stack([session.run(made) for _ in range(count)])


@pytest.mark.parametrize("name", sorted(GOLDENS))
def test_evaluation_equals_the_original_implementation(shared, name):
    goldens = np.load(shared / "goldens" / "preprocessing.npz")
    expected = goldens[f"noise|{name}"]
    _, (found,) = views(GOLDENS[name], 1, goldens["image_noise"])
    tolerance = 1e-4 * np.ptp(expected)  # the bound of slimzoo.preprocessing; measured: at most 1e-6
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


def test_every_golden_is_compared(shared):
    names = {name.split("|")[1] for name in np.load(shared / "goldens" / "preprocessing.npz") if "|" in name}
    assert names == set(GOLDENS)


@pytest.mark.parametrize("gray", [False, True])
@pytest.mark.parametrize("name", ["inception_v1", "vgg_a", "resnet_v2_200", "cifarnet", "lenet"])
def test_training_views_have_the_size_asked_for_and_differ(name, gray):
    prepare = preprocessing_factory.get_preprocessing(name, is_training=True, use_grayscale=gray)
    shape, found = views(lambda image: prepare(image, 32, 32))
    assert shape == [32, 32, 1 if gray else 3] and found.dtype == np.float32
    distinct = {view.tobytes() for view in found}
    assert len(distinct) == (1 if name == "lenet" else len(found))  # nothing is random for lenet
    if name != "cifarnet" and not name.startswith(("vgg", "resnet")):
        assert -1 <= found.min() < found.max() <= 1
    if name == "cifarnet":
        np.testing.assert_allclose(found.mean(axis=(1, 2, 3)), 0, atol=1e-5)  # float32 sums of 3072 values
    if name.startswith(("vgg", "resnet")):
        assert -123.68 <= found.min() < found.max() <= 255 - 103.94


@pytest.mark.parametrize("kind", [inception, vgg])
def test_evaluation_takes_one_channel_if_asked(kind):
    shape, (found,) = views(lambda image: kind.preprocess_image(image, 32, 32, use_grayscale=True), 1)
    assert shape == [32, 32, 1] and found.shape == (32, 32, 1)


def test_sides_may_differ():
    for kind in (inception, vgg):
        for training in (False, True):
            shape, _ = views(lambda image, k=kind, t=training: k.preprocess_image(image, 32, 48, t), 1)
            assert shape == [32, 48, 3]
    shape, _ = views(lambda image: cifarnet_preprocessing.preprocess_image(image, 24, 32, True), 1)
    assert shape == [24, 32, 3]
    shape, _ = views(lambda image: lenet_preprocessing.preprocess_image(image, 24, 32, False), 1)
    assert shape == [32, 24, 3]  # so in the original


@pytest.mark.parametrize("fast_mode", [True, False])
def test_inception_shows_its_steps(fast_mode):
    with graph_session() as session:
        image = tf.constant(noise())
        box = tf.constant([[[0.2, 0.2, 0.8, 0.8]]])
        view = inception.preprocess_for_train(image, 40, 40, box, fast_mode=fast_mode)
        # Names: the original's, under its own scope
        assert [summary.op.name for summary in v1.get_collection("summaries")] == [
            f"distort_image/{name}"
            for name in (
                *("image_with_bounding_boxes", "images_with_distorted_bounding_box"),
                *("cropped_resized_image", "final_distorted_image"),
            )
        ]
        found = [session.run(view) for _ in range(8)]
        assert view.shape == [40, 40, 3] and len({one.tobytes() for one in found}) == 8
        assert np.min(found) >= -1 and np.max(found) <= 1
    with tf.Graph().as_default():
        inception.preprocess_for_train(tf.constant(noise()), 40, 40, None, add_image_summaries=False)
        assert v1.get_collection("summaries") == []
        inception.preprocess_image(tf.constant(noise()), 40, 40, is_training=True, crop_image=False)
        assert "distort_image_1/resized_image" in [s.op.name for s in v1.get_collection("summaries")]


def test_a_random_selector_computes_one_case_of_all():
    with graph_session() as session:
        v1.set_random_seed(2)
        found = inception.apply_with_random_selector(tf.constant(10), lambda x, case: x + case, 4)
        assert {int(session.run(found)) for _ in range(60)} == {10, 11, 12, 13}


@pytest.mark.parametrize("ordering", range(4))
@pytest.mark.parametrize("fast_mode", [True, False])
def test_colours_stay_within_their_range(ordering, fast_mode):
    image = noise(8, 8).astype(np.float32) / 255
    with graph_session() as session:
        v1.set_random_seed(3)
        changed = inception.distort_color(tf.constant(image), ordering, fast_mode)
        found = [session.run(changed) for _ in range(4)]
    assert np.min(found) >= 0 and np.max(found) <= 1 and not np.array_equal(found[0], found[1])


def test_an_ordering_of_colours_must_exist():
    with (
        tf.Graph().as_default(),
        pytest.raises(ValueError, match=r"color_ordering must be in \[0, 3\], not 4"),
    ):
        inception.distort_color(tf.zeros([4, 4, 3]), 4, fast_mode=False)


def test_a_crop_covers_the_box_and_keeps_to_the_area():
    with graph_session() as session:
        v1.set_random_seed(4)
        image = tf.constant(noise(100, 100))
        part, box = inception.distorted_bounding_box_crop(
            image, tf.constant([[[0.4, 0.4, 0.6, 0.6]]]), min_object_covered=1.0, area_range=(0.2, 0.9)
        )
        for _ in range(10):
            pixels, (((top, left, bottom, right),),) = session.run([part, box])
            assert top <= 0.41 and left <= 0.41 and bottom >= 0.59 and right >= 0.59  # a pixel of rounding
            assert 0.19 <= pixels.shape[0] * pixels.shape[1] / 1e4 <= 0.91


def test_several_images_are_cropped_alike():
    with graph_session() as session:
        image = noise(20, 30)
        first, second = vgg._random_crop([tf.constant(image), tf.constant(255 - image)], 5, 6)
        one, other = session.run([first, second])
        np.testing.assert_array_equal(one, 255 - other)
        (middle,) = vgg._central_crop([tf.constant(image)], 5, 6)
        np.testing.assert_array_equal(session.run(middle), image[7:12, 12:18])
        with pytest.raises(ValueError, match="Empty image_list"):
            vgg._random_crop([], 5, 6)
        with pytest.raises((ValueError, tf.errors.InvalidArgumentError), match="Crop size greater than the"):
            session.run(vgg._random_crop([tf.constant(image)], 5, 31))
        with pytest.raises((ValueError, tf.errors.InvalidArgumentError), match="Wrong height or width"):
            session.run(vgg._random_crop([tf.constant(image), tf.constant(image[1:])], 5, 6))


def test_the_shorter_side_sets_the_scale():
    with graph_session() as session:
        # Expected: by hand; 161 * 80 / 120 = 107.3
        assert session.run(vgg._smallest_size_at_least(120, 161, 80)) == (80, 107)
        assert session.run(vgg._smallest_size_at_least(300, 200, 100)) == (150, 100)
        resized = vgg._aspect_preserving_resize(tf.constant(noise()), 80)
        assert session.run(resized).shape == (80, 107, 3)


def test_means_fit_the_channels():
    with pytest.raises(
        ValueError, match="len\\(means\\) must match the number of channels: 2 means, 3 channels"
    ):
        vgg._mean_image_subtraction(tf.zeros([4, 4, 3]), [1.0, 2.0])
    with pytest.raises(ValueError, match=r"Input must be of size \[height, width, C>0\], not \(2, 4, 4, 3\)"):
        vgg._mean_image_subtraction(tf.zeros([2, 4, 4, 3]), [1.0, 2.0, 3.0])


@pytest.mark.parametrize("name", ["inception", "vgg", "lenet", "cifarnet"])
def test_a_batch_is_refused(name):
    prepare = preprocessing_factory.get_preprocessing(name)
    with tf.Graph().as_default(), pytest.raises(ValueError, match="one by one, before they are batched"):
        prepare(tf.zeros([2, 40, 40, 3]), 32, 32)


def test_a_dataset_of_tf_data_may_preprocess():
    prepare = preprocessing_factory.get_preprocessing("inception_v2", is_training=True)
    images = tf.data.Dataset.from_tensors(noise()).map(lambda image: prepare(image, 32, 32))
    assert next(iter(images)).shape == (32, 32, 3)
    assert preprocessing_factory.get_preprocessing("vgg_19")(noise(), 32, 32).shape == (32, 32, 3)  # eagerly


def test_unknown_names_get_the_nearest_and_all():
    with pytest.raises(
        ValueError, match=r"name \[resnet_50\] was not recognized. Nearest: resnet_v._50, .* There are"
    ):
        preprocessing_factory.get_preprocessing("resnet_50")
    with pytest.raises(ValueError, match=r"There are cifarnet, inception, .*vgg_19"):
        preprocessing_factory.get_preprocessing("?")


def test_the_kind_of_each_network_is_the_published_one():
    kinds = {
        name: module.__name__.split(".")[-1]
        for name, module in preprocessing_factory.preprocessing_map.items()
    }
    assert len(kinds) >= 33
    for name, kind in kinds.items():
        family = name.split("_")[0]
        kept = family in ("cifarnet", "lenet", "vgg")
        expected = family if kept else "vgg" if family == "resnet" else "inception"
        assert kind == f"{expected}_preprocessing"


def test_parameters_are_the_published_ones():
    # Expected: the old repository's signatures
    for function, parameters in {
        inception.preprocess_image: "image height width is_training bbox fast_mode add_image_summaries "
        "crop_image "
        "use_grayscale",
        inception.preprocess_for_train: "image height width bbox fast_mode scope add_image_summaries "
        "random_crop "
        "use_grayscale",
        inception.preprocess_for_eval: "image height width central_fraction scope central_crop use_grayscale",
        vgg.preprocess_image: "image output_height output_width is_training resize_side_min resize_side_max "
        "use_grayscale",
        cifarnet_preprocessing.preprocess_for_train: "image output_height output_width padding "
        "add_image_summaries use_grayscale",
        lenet_preprocessing.preprocess_image: "image output_height output_width is_training use_grayscale",
    }.items():
        assert list(inspect.signature(function).parameters) == parameters.split()
