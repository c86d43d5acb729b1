"""Image files become RGB pixels; what cannot be read is named."""

import struct

import numpy as np
import pytest
from PIL import Image, ImageOps

from slimzoo.data import Dataset, Example
from slimzoo.data.images import decode, read_image, verify_images
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


RED, GRAY, BLUE = (255, 0, 0), (99, 99, 99), (0, 0, 255)


def bitmap(bits, rows, compression=0, palette=(), size=(4, 2)):
    """Returns a BMP file of `rows`, its lowest row first, with a palette of 2 ** bits colours."""
    colours = [*palette, *[(0, 0, 0)] * (2**bits - len(palette))] if bits <= 8 else []
    table = b"".join(bytes((b, g, r, 0)) for r, g, b in colours)
    start, pixels = 54 + len(table), b"".join(rows)
    head = struct.pack("<IHHI", start + len(pixels), 0, 0, start)
    facts = (40, *size, 1, bits, compression, len(pixels), 2835, 2835, len(colours), 0)
    return b"BM" + head + struct.pack("<IiiHHIIiiII", *facts) + table + pixels


BITMAPS = {  # each shows red, red, gray, gray above red, red, red, red
    "1 bit": (1, [b"\x00\x00\x00\x00", b"\x30\x00\x00\x00"], 0, (RED, GRAY)),
    "4 bits": (4, [b"\x11\x11\x00\x00", b"\x11\x22\x00\x00"], 0, (BLUE, RED, GRAY)),
    "8 bits": (8, [b"\x01\x01\x01\x01", b"\x01\x01\x02\x02"], 0, (BLUE, RED, GRAY)),
    "8 bits, run lengths": (8, [b"\x04\x01\x00\x00", b"\x02\x01\x02\x02\x00\x01"], 1, (BLUE, RED, GRAY)),
    "4 bits, run lengths": (4, [b"\x04\x11\x00\x00", b"\x02\x11\x02\x22\x00\x01"], 2, (BLUE, RED, GRAY)),
    "16 bits": (16, [struct.pack("<4H", *[31 << 10] * 4), struct.pack("<4H", *[31 << 10] * 2, *[12684] * 2)]),
}


@pytest.mark.parametrize("name", BITMAPS)
def test_every_kind_of_bitmap_shows_its_colours_and_not_its_indices(tmp_path, name):
    (tmp_path / "image.bmp").write_bytes(bitmap(*BITMAPS[name]))
    pixels = read_image(tmp_path / "image.bmp").astype(int)
    expected = np.array([[RED, RED, GRAY, GRAY], [RED] * 4])
    assert np.abs(pixels - expected).max() <= (4 if name == "16 bits" else 0)  # 5 bits a colour: steps of 8
    inside = decode((tmp_path / "image.bmp").read_bytes())  # as the pipeline does
    np.testing.assert_array_equal(inside, pixels)


def test_a_bitmap_that_is_cut_off_is_a_broken_image(tmp_path):
    whole = bitmap(*BITMAPS["8 bits"])
    for length in (20, 60, len(whole) - 3):
        (tmp_path / "cut.bmp").write_bytes(whole[:length])
        with pytest.raises(SlimzooError, match=r"cut\.bmp is a broken image") as caught:
            read_image(tmp_path / "cut.bmp")
        assert "<_io" not in str(caught.value)


MODES = ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"]


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_of_png_gives_what_pillow_shows(tmp_path, mode):
    shades = Image.fromarray(PIXELS[..., 0])
    image = Image.fromarray(PIXELS.astype(np.uint16)[..., 0] * 257) if mode == "I;16" else None
    image = image or (shades if mode in ("1", "L", "LA") else Image.fromarray(PIXELS)).convert(mode)
    image.save(tmp_path / "image.png")
    expected = PIXELS[..., :1].repeat(3, -1) if mode == "I;16" else np.asarray(image.convert("RGB"))
    np.testing.assert_array_equal(read_image(tmp_path / "image.png"), expected)


@pytest.mark.parametrize("colours", [2, 4, 16, 256])
@pytest.mark.parametrize("more", [{}, {"transparency": 1}], ids=["opaque", "one colour transparent"])
@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_palettes_of_any_size_give_their_colours(tmp_path, kind, more, colours):
    image = Image.fromarray(PIXELS).quantize(colours)
    image.save(tmp_path / "image", kind, **(more if kind == "PNG" else {}))
    np.testing.assert_array_equal(read_image(tmp_path / "image"), np.asarray(image.convert("RGB")))


def test_cmyk_photographs_show_their_colours(tmp_path):
    image = Image.new("CMYK", (16, 16), (0, 200, 200, 30))
    image.save(tmp_path / "image.jpg", quality=95)
    expected = np.asarray(image.convert("RGB")).astype(int)
    assert np.abs(read_image(tmp_path / "image.jpg") - expected).max() <= 4  # JPEG is lossy


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_photographs_are_turned_as_their_exif_says(tmp_path, kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "a maker, so that the orientation is not the first tag"
    smooth = np.add.outer(np.arange(16), 6 * np.arange(24)).astype(np.uint8)
    Image.fromarray(smooth).save(
        tmp_path / "image", kind, exif=exif, **({"quality": 100} if kind == "JPEG" else {})
    )
    with Image.open(tmp_path / "image") as image:
        upright, stored = (np.asarray(i.convert("RGB")) for i in (ImageOps.exif_transpose(image), image))
    atol = 2 if kind == "JPEG" else 0  # decoders round in their own way
    np.testing.assert_allclose(read_image(tmp_path / "image").astype(int), upright, atol=atol)
    np.testing.assert_allclose(read_image(tmp_path / "image", turn=False).astype(int), stored, atol=atol)


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b"RIFF\x10\0\0\0WEBPVP8 ", "WebP"),
        (b"II*\0\x08\0\0\0", "TIFF"),
        (b"\0\0\0\x18ftypheic", "HEIF or AVIF"),
    ],
)
def test_an_image_of_another_format_is_refused_by_its_name(tmp_path, start, name):
    (tmp_path / "image.jpg").write_bytes(start)
    with pytest.raises(SlimzooError, match=f"BMP can be read; it is {name}: save it as PNG"):
        read_image(tmp_path / "image.jpg")


def test_what_tensorflow_says_of_a_broken_image_holds_no_node(tmp_path):
    cut = broken(tmp_path)[1]
    with pytest.raises(SlimzooError) as caught:
        read_image(cut)
    assert "{{" not in str(caught.value) and "Op:" not in str(caught.value)
