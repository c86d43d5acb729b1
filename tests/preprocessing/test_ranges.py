"""The usual mix-ups of value ranges are noticed, and right input is not."""

from dataclasses import replace

import numpy as np
import pytest

from slimzoo.preprocessing import Preprocessing, apply, check_pixels, check_range, of_kind

ROWS = [
    Preprocessing(kind="inception", size=32, crop=0.875),
    Preprocessing(kind="vgg", size=32, resize_side=40),
    Preprocessing(kind="cifarnet", size=32),
    Preprocessing(kind="lenet", size=32),
]
PIXELS = np.random.RandomState(0).randint(0, 256, (4, 50, 60, 3)).astype(np.uint8)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.kind)
def test_right_input_passes(row):
    assert check_range(row, apply(row, PIXELS)) is None
    for flat in (0, 255):
        assert check_range(row, apply(row, np.full((40, 40, 3), flat, np.uint8))) is None


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.kind)
@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.float32])
def test_dark_pixels_given_to_a_network_are_noticed(row, dtype):
    dark = PIXELS // 3  # within the values that vgg's preprocessing makes
    assert "preprocessing.apply" in check_range(row, dark.astype(dtype))


def test_pixels_are_right_where_a_network_takes_them_as_they_are():
    row = replace(of_kind("mean_std", 32), mean=(0, 0, 0), std=(1, 1, 1))
    assert check_range(row, PIXELS) is None and check_range(row, PIXELS.astype(np.float32)) is None
    assert "look scaled to 0..1" in check_range(row, PIXELS / 255)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.kind)
def test_raw_pixels_given_to_a_network_are_noticed(row):
    message = check_range(row, PIXELS.astype(np.float32))
    assert "values go from 0 to 255" in message and "preprocessing.apply" in message


def test_raw_pixels_are_noticed_in_large_images_for_cifarnet():
    row = Preprocessing(kind="cifarnet", size=224)  # the bound of a standardised image grows with its size
    assert "preprocessing.apply" in check_range(row, PIXELS.astype(np.float32))


@pytest.mark.parametrize("pixels", [PIXELS / 255, PIXELS / 127.5 - 1], ids=["0..1", "-1..1"])
def test_scaled_pixels_given_to_vgg_are_noticed(pixels):
    assert "look scaled to 0..1 or -1..1" in check_range(ROWS[1], pixels)


def test_unit_pixels_given_to_a_network_of_minus_1_to_1_are_noticed():
    assert "look scaled to 0..1;" in check_range(ROWS[0], PIXELS / 255)


@pytest.mark.parametrize(
    ("pixels", "words"),
    [
        (PIXELS / 255, "multiply by 255"),
        ((PIXELS / 250).astype(np.float16), "multiply by 255"),  # resizing goes a little beyond 1
        (PIXELS // 255, "multiply by 255"),
        (PIXELS / 127.5 - 1, "look preprocessed already"),
        (PIXELS.astype(np.uint16) * 257, "divide by 257"),
        (np.full((2, 2, 3), np.nan), "NaN"),
        (np.zeros((0, 2, 2, 3)), "no values"),
    ],
)
def test_pixels_of_another_range_are_noticed(pixels, words):
    assert words in check_pixels(pixels)


def test_right_pixels_pass():
    assert check_pixels(PIXELS) is None
    assert check_pixels(PIXELS.astype(np.float32)) is None
    assert check_pixels(np.zeros((4, 4, 3), np.uint8)) is None


@pytest.mark.parametrize("kind", ["inception", "vgg", "mean_std", "lenet"])
def test_what_unit_pixels_become_is_noticed_and_a_black_picture_is_not(kind):
    about = of_kind(kind, 32)
    unit = np.random.RandomState(0).uniform(0, 1, (40, 40, 3)).astype(np.float32)
    assert "They are what 0..1 becomes" in check_range(about, apply(about, unit).numpy())
    assert check_range(about, apply(about, np.zeros_like(unit)).numpy()) is None
