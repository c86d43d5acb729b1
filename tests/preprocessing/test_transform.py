"""`apply` equals the original evaluation, whatever it is given; `augment` is a function of its seed."""

import logging

import numpy as np
import pytest
import tensorflow as tf

from slimzoo.errors import SlimzooError
from slimzoo.preprocessing import Preprocessing, apply, augment, denormalise, of_kind
from slimzoo.preprocessing.ranges import expected_range
from slimzoo.registry import get_network

INCEPTION = Preprocessing(kind="inception", size=64, crop=0.875)
VGG = Preprocessing(kind="vgg", size=64, resize_side=80)
CIFARNET = Preprocessing(kind="cifarnet", size=32)
LENET = Preprocessing(kind="lenet", size=28)
MEAN_STD = Preprocessing(
    kind="mean_std",
    size=64,
    resize_side=80,
    interpolation="bicubic",
    mean=(120.0, 110.0, 100.0),
    std=(50.0,) * 3,
)
ALL = pytest.mark.parametrize("row", [INCEPTION, VGG, CIFARNET, LENET, MEAN_STD], ids=lambda row: row.kind)

GOLDENS = {  # name in preprocessing.npz: how it was made
    "inception_75": Preprocessing(kind="inception", size=75, crop=0.875),
    "inception_299": Preprocessing(kind="inception", size=299, crop=0.875),
    "inception_nocrop_75": Preprocessing(kind="inception", size=75, crop=1.0),
    "inception_central05_75": Preprocessing(kind="inception", size=75, crop=0.5),
    "vgg_64_side80": VGG,
    "vgg_224_side256": Preprocessing(kind="vgg", size=224, resize_side=256),
    "cifarnet_32": CIFARNET,
    "lenet_28": LENET,
    **{
        f"factory_{network}_96": of_kind(get_network(network).preprocessing, 96)
        for network in (
            "inception_v3",
            "vgg_16",
            "resnet_v1_50",
            "resnet_v2_50",
            "mobilenet_v1",
            "nasnet_mobile",
            "cifarnet",
            "lenet",
        )
    },
}


def noise(height=120, width=161, channels=3, seed=0):
    return np.random.RandomState(seed).randint(0, 256, (height, width, channels)).astype(np.uint8)


def smooth(height=120, width=161):
    """A picture without fine detail, so that resizing hardly changes its values."""
    rows, columns = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    return np.stack([40 + 150 * rows, 60 + 150 * columns, 200 - 100 * rows], axis=-1).astype(np.uint8)


@pytest.mark.parametrize("name", sorted(GOLDENS))
def test_evaluation_equals_the_original_implementation(shared, name):
    goldens = np.load(shared / "goldens" / "preprocessing.npz")
    expected = goldens[f"noise|{name}"]
    tolerance = 1e-4 * np.ptp(expected)  # the bound; measured: at most 1e-6
    np.testing.assert_allclose(apply(GOLDENS[name], goldens["image_noise"]), expected, rtol=0, atol=tolerance)


def test_every_golden_is_compared(shared):
    names = {name.split("|")[1] for name in np.load(shared / "goldens" / "preprocessing.npz") if "|" in name}
    assert names == set(GOLDENS)


@ALL
def test_floats_of_the_same_pixels_give_the_same(row):
    for dtype in (np.float32, np.float64, np.int32):
        np.testing.assert_array_equal(apply(row, noise().astype(dtype)), apply(row, noise()))


@ALL
def test_a_graph_that_does_not_know_the_size_gives_the_same(row):
    def images():
        yield noise()

    signature = tf.TensorSpec([None, None, 3], tf.uint8)
    dataset = tf.data.Dataset.from_generator(images, output_signature=signature)
    mapped = dataset.map(lambda image: apply(row, image))
    assert mapped.element_spec.shape == row.shape
    # float32 sums in another order; relative to values of up to 151
    np.testing.assert_allclose(next(iter(mapped)), apply(row, noise()), rtol=1e-5, atol=1e-5)


@ALL
def test_a_batch_and_a_list_equal_single_images(row):
    images = np.stack([noise(seed=1), noise(seed=2)])
    np.testing.assert_array_equal(apply(row, images), [apply(row, image) for image in images])
    uneven = [noise(50, 70), noise(90, 61), noise(20, 20, 1)]
    np.testing.assert_array_equal(apply(row, uneven), [apply(row, image) for image in uneven])


@ALL
def test_gray_images_equal_their_rgb_copies(row):
    gray = noise(channels=1)
    expected = apply(row, np.repeat(gray, 3, axis=-1))
    np.testing.assert_array_equal(apply(row, gray), expected)
    np.testing.assert_array_equal(apply(row, gray[..., 0]), expected)


def test_bgr_is_rgb_backwards():
    bgr = Preprocessing(kind="vgg", size=64, resize_side=80, channel_order="BGR")
    np.testing.assert_array_equal(apply(bgr, noise()), apply(VGG, noise())[..., ::-1])


def test_a_network_of_one_channel_gets_one():
    gray = Preprocessing(kind="lenet", size=28, channel_order="GRAY")
    image = noise(28, 28, 1)
    np.testing.assert_array_equal(apply(gray, image), (image.astype(np.float32) - 128) / 128)
    shade = np.full((28, 28, 3), 100, np.uint8)
    # TensorFlow's weights of red, green and blue sum to 0.9999
    np.testing.assert_allclose(apply(gray, shade), np.full((28, 28, 1), -28 / 128), atol=1e-4)


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.zeros((8, 8, 4), np.uint8), r"shape \(8, 8, 4\) was given: 4 channels, .* image\[..., :3\]"),
        (np.zeros((8, 8, 2), np.uint8), "an image with 2 channels was given"),
        (np.zeros((8,), np.uint8), r"an image of shape \(8,\) was given; one image is \[H, W, 3\]"),
        (np.zeros((0, 8, 3), np.uint8), "it holds no pixel"),
        (np.zeros((8, 8, 3), np.uint16), "an image of uint16 was given; pixels are uint8 or float"),
        (np.zeros((8, 8, 3), bool), "an image of bool was given"),
        ([], "an image of shape"),
    ],
)
def test_what_is_not_an_image_is_refused(image, words):
    with pytest.raises(SlimzooError, match=words):
        apply(INCEPTION, image)


def test_pixels_of_0_to_1_are_warned_of_once_for_each_preprocessing(caplog):
    rows = [Preprocessing(kind="inception", size=size, crop=0.875) for size in (17, 18)]
    with caplog.at_level(logging.WARNING, "slimzoo"):
        for row in rows:
            apply(row, noise())
            for _ in range(2):
                apply(row, [noise() / 255, noise()])
    assert ["multiply by 255" in message for message in caplog.messages] == [True, True]


@ALL
def test_denormalise_gives_the_pixels_back(row):
    pixels = denormalise(row, apply(row, smooth()))
    assert pixels.dtype == np.uint8 and pixels.shape == row.shape
    if row.kind == "cifarnet":  # keeps neither brightness nor contrast
        assert pixels.min() == 0 and pixels.max() == 255
    else:
        whole = denormalise(row, apply(row, np.full((100, 100, 3), (200, 100, 50), np.uint8)))
        assert (whole[row.size // 2, row.size // 2] == (200, 100, 50)).all()


@ALL
@pytest.mark.parametrize("strength", ["mild", "original"])
def test_augmentation_is_a_function_of_its_seed(row, strength):
    first = augment(row, smooth(), [3, 4], strength)
    assert first.shape == row.shape and first.dtype == tf.float32
    np.testing.assert_array_equal(first, augment(row, smooth(), [3, 4], strength))
    other = augment(row, smooth(), [3, 5], strength)
    assert np.array_equal(first, other) == (row.kind == "lenet")  # the original has nothing random for lenet


@ALL
def test_augmented_images_keep_the_range_of_the_network(row):
    views = np.stack([augment(row, noise(), [0, i], "original") for i in range(8)])
    if row.kind == "cifarnet":
        # per-image standardization: mean 0 up to float32 sums over 3072 values
        np.testing.assert_allclose(views.mean(axis=(1, 2, 3)), 0, atol=1e-5)
    lowest, highest = expected_range(row)
    slack = 1e-5 * (highest - lowest)  # float32
    assert lowest - slack <= views.min() < views.max() <= highest + slack


def test_about_half_of_the_views_are_flipped():
    ramp = np.tile(np.arange(256, dtype=np.uint8)[None, :, None], (256, 1, 3))
    views = np.stack([augment(VGG, ramp, [1, i]) for i in range(60)])
    flipped = (views[:, 0, 0, 0] > views[:, 0, -1, 0]).mean()
    assert 0.25 < flipped < 0.75  # 60 fair coins fall outside once in 10 000 tries; and the seeds are fixed


@ALL
def test_augmentation_takes_images_smaller_than_the_network(row):
    assert augment(row, noise(5, 7), [0, 0]).shape == row.shape


def test_an_unknown_strength_is_refused():
    with pytest.raises(SlimzooError, match="augmentation 'strong' does not exist; choose original or mild"):
        augment(INCEPTION, noise(), [0, 0], "strong")


@pytest.mark.parametrize(("interpolation", "filter"), [("bilinear", 2), ("bicubic", 3)])
def test_mean_and_deviation_give_what_pillow_and_torchvision_give(interpolation, filter):
    from PIL import Image

    pixels = np.random.default_rng(0).integers(70, 186, (50, 71, 3), np.uint8)  # so that nothing is clipped
    mean, std = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
    preprocessing = Preprocessing(
        kind="mean_std", size=32, resize_side=40, interpolation=interpolation, mean=mean, std=std
    )
    resized = np.asarray(Image.fromarray(pixels).resize((56, 40), filter), np.float32)  # 71 * 40 // 50 = 56
    expected = (resized[4:36, 12:44] - mean) / std
    found = apply(preprocessing, pixels).numpy()
    # Pillow rounds to whole pixels after each of its two passes, TensorFlow not at all: one pixel at most,
    # of which the deviations here make 1 / 57.
    np.testing.assert_allclose(found, expected, rtol=0, atol=1.05 / 57)
    assert np.abs(found - expected).mean() < 0.5 / 57  # a rounding is 1/4 on average; there are two
