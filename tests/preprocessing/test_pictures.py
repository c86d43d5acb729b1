"""Pillow's images are taken for what they show, whatever the numbers in them mean."""

import numpy as np
import pytest
from PIL import Image

from slimzoo.errors import SlimzooError
from slimzoo.preprocessing import Preprocessing, apply, augment
from slimzoo.preprocessing.pictures import as_pixels

ROW = Preprocessing(kind="inception", size=16, crop=0.875)
PIXELS = np.random.RandomState(0).randint(0, 256, (20, 30, 3)).astype(np.uint8)
PICTURE = Image.fromarray(PIXELS)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV"])
def test_an_image_of_any_mode_shows_its_colours(mode):
    image = PICTURE.convert("P").convert(mode) if mode == "PA" else PICTURE.convert(mode)
    expected = np.asarray(image.convert("RGB"))
    np.testing.assert_array_equal(apply(ROW, image), apply(ROW, expected))
    np.testing.assert_array_equal(apply(ROW, [image, PICTURE])[0], apply(ROW, expected))
    np.testing.assert_array_equal(augment(ROW, image, [1, 2]), augment(ROW, expected, [1, 2]))


def test_sixteen_bits_become_eight():
    image = Image.fromarray(PIXELS[..., 0].astype(np.uint16) * 257)
    assert image.mode.startswith("I;16")
    np.testing.assert_array_equal(as_pixels(image), PIXELS[..., 0])


@pytest.mark.parametrize("mode", ["I", "F", "LAB"])
def test_numbers_of_no_known_range_are_refused(mode):
    with pytest.raises(SlimzooError, match=f"mode '{mode}' .*give one of mode L, RGB or I;16"):
        apply(ROW, Image.new(mode, (8, 8)))


@pytest.mark.parametrize("turn", [True, False])
def test_an_image_is_turned_as_its_exif_says(turn):
    image = PICTURE.copy()
    image.getexif()[0x0112] = 6
    np.testing.assert_array_equal(as_pixels(image, turn), np.rot90(PIXELS, -1) if turn else PIXELS)


def test_an_array_of_cmyk_is_refused_with_what_to_give():
    with pytest.raises(SlimzooError, match="Of CMYK, give Pillow's image in place of an array"):
        apply(ROW, np.asarray(PICTURE.convert("CMYK")))


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_shades_multiplied_by_alpha_are_what_they_were(mode):
    image = Image.new(mode, (4, 3), (200, 128) if mode == "LA" else (200, 100, 50, 128))
    small = {"LA": "La", "RGBA": "RGBa"}[mode]
    apart = np.abs(as_pixels(image.convert(small)).astype(int) - as_pixels(image))
    assert apart.max() <= 2  # 8 bits of the product round
