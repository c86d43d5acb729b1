"""Image files become RGB pixels; what cannot be read is named."""

import numpy as np
import pytest
from PIL import Image

from slimzoo.data import Dataset, Example
from slimzoo.data.images import read_image, verify_images
from slimzoo.errors import SlimzooError

PIXELS = np.random.RandomState(0).randint(0, 256, (10, 12, 3)).astype(np.uint8)


@pytest.mark.parametrize("kind", ["PNG", "BMP"])
def test_lossless_formats_give_the_exact_pixels(tmp_path, kind):
    Image.fromarray(PIXELS).save(tmp_path / "image", kind)
    np.testing.assert_array_equal(read_image(tmp_path / "image"), PIXELS)


def test_gray_becomes_rgb_and_alpha_is_dropped(tmp_path):
    Image.fromarray(PIXELS[..., 0]).save(tmp_path / "gray.png")
    np.testing.assert_array_equal(read_image(tmp_path / "gray.png"), np.repeat(PIXELS[..., :1], 3, -1))
    alpha = np.concatenate([PIXELS, PIXELS[..., :1]], axis=-1)
    Image.fromarray(alpha).save(tmp_path / "alpha.png")
    np.testing.assert_array_equal(read_image(tmp_path / "alpha.png"), PIXELS)


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_every_colour_model_of_jpeg_becomes_rgb(tmp_path, mode):
    Image.new("RGB", (16, 8), (120, 120, 120)).convert(mode).save(tmp_path / "image.jpg", quality=95)
    pixels = read_image(tmp_path / "image.jpg")
    assert pixels.shape == (8, 16, 3)
    assert np.abs(pixels.astype(int) - 120).max() <= 3  # JPEG is lossy


def test_the_first_picture_of_an_animation_is_taken(tmp_path):
    first, second = (Image.new("RGB", (8, 8), colour) for colour in ("black", "white"))
    first.save(tmp_path / "image.gif", save_all=True, append_images=[second])
    assert read_image(tmp_path / "image.gif").max() == 0


def broken(folder):
    """Returns files of four kinds: right, cut off, text, missing."""
    Image.fromarray(np.tile(PIXELS, (20, 20, 1))).save(folder / "right.jpg")
    whole = (folder / "right.jpg").read_bytes()
    (folder / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "text.jpg").write_text("not an image")
    return [folder / name for name in ("right.jpg", "cut.jpg", "text.jpg", "missing.jpg")]


def test_what_cannot_be_read_is_named(tmp_path):
    _, cut, text, missing = broken(tmp_path)
    with pytest.raises(SlimzooError, match=r"cut\.jpg is a broken image"):
        read_image(cut)
    with pytest.raises(SlimzooError, match=r"text\.jpg is not an image; JPEG, PNG, GIF, BMP can be read"):
        read_image(text)
    with pytest.raises(FileNotFoundError, match=r"there is no image .*missing\.jpg"):
        read_image(missing)


def test_verify_names_every_broken_image(tmp_path):
    one = np.ones(1, np.float32)
    data = Dataset(tuple(Example(str(path), one, one) for path in broken(tmp_path)), ("x",), "made", True)
    with pytest.raises(SlimzooError) as caught:
        verify_images(data)
    assert "made: 3 of 4 images cannot be read" in str(caught.value)
    assert all(name in str(caught.value) for name in ("cut.jpg", "text.jpg", "missing.jpg"))
    with pytest.raises(SlimzooError, match="made: 2 of 4 images"):  # the quick look does not find the cut one
        verify_images(data, full=False)
    verify_images(data.subset([0]))
