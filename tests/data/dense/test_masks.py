"""read_mask(): class ids whatever way a mask says them, and words for what says none."""

import numpy as np
import pytest
from PIL import Image

from slimzoo.data.dense.coding import read_classes
from slimzoo.data.dense.masks import Pair, look_through, read_mask
from slimzoo.errors import SlimzooError
from slimzoo.labels.dense import palette
from tests.data.dense.drawn import draw, save_mask


@pytest.fixture
def coding(tmp_path):
    """Returns the coding of a classes.json of this content."""

    def make(text):
        path = tmp_path / "classes.json"
        path.write_text(text)
        return read_classes(path).coding

    return make


def test_a_palette_is_read_by_its_index_and_not_by_its_colour(tmp_path):
    _, mask = draw(1)
    save_mask(tmp_path / "voc.png", mask)
    np.testing.assert_array_equal(read_mask(tmp_path / "voc.png"), mask)
    image = Image.open(tmp_path / "voc.png")
    image.putpalette(np.random.RandomState(0).randint(0, 256, 768).tolist())  # another program's colours
    image.save(tmp_path / "other.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "other.png"), mask)


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_shades_of_gray_are_ids_with_one_channel_or_three_alike(tmp_path, mode):
    _, mask = draw(2)
    Image.fromarray(mask).convert(mode).save(tmp_path / "mask.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.png"), mask)


def test_colours_are_those_of_the_file_and_vocs_void_is_void(tmp_path, coding):
    _, mask = draw(3)
    Image.fromarray(palette()[mask]).save(tmp_path / "mask.png")
    named = coding('{"ground": [0, 0, 0], "car": [[128, 0, 0]], "tree": [0, 128, 0]}')
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.png", named), mask)


def test_shades_may_stand_for_classes_as_255_for_a_thing(tmp_path, coding):
    Image.fromarray(np.array([[0, 255], [7, 8]], np.uint8)).save(tmp_path / "mask.png")
    named = coding('{"background": 0, "thing": [255, 7], "void": 8}')
    assert read_mask(tmp_path / "mask.png", named).tolist() == [[0, 1], [1, 255]]


def test_a_colour_or_shade_of_no_class_is_named_with_its_pixels(tmp_path, coding):
    Image.fromarray(np.array([[[1, 2, 3], [0, 0, 0]]], np.uint8)).save(tmp_path / "rgb.png")
    with pytest.raises(SlimzooError, match=r"rgb.png: colours of no class: \(1, 2, 3\) \(1 pixel\)"):
        read_mask(tmp_path / "rgb.png", coding('{"a": [0, 0, 0], "b": [9, 9, 9]}'))
    with pytest.raises(
        SlimzooError, match=r"in 2 colours .*which class each is of is not known; a classes.json"
    ):
        read_mask(tmp_path / "rgb.png")
    Image.fromarray(np.array([[5, 0]], np.uint8)).save(tmp_path / "gray.png")
    with pytest.raises(SlimzooError, match=r"gray.png: shades of no class: 5 \(1 pixel\)"):
        read_mask(tmp_path / "gray.png", coding('{"a": 0, "b": 1}'))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda path: Image.fromarray(np.zeros((4, 4), np.uint8)).save(path, "JPEG"),
            "is a JPEG, which changes",
        ),
        (lambda path: Image.fromarray(np.zeros((4, 4), np.uint16)).save(path, "PNG"), "mode I;16"),
        (lambda path: Image.new("LA", (4, 4)).save(path, "PNG"), "mode LA"),
        (lambda path: path.write_bytes(b""), "it is empty"),
        (lambda path: path.write_text("no picture"), "is not an image"),
        (lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 40), "broken mask"),
        (lambda path: None, "there is no mask"),
    ],
)
def test_what_is_no_mask_is_told_by_what_it_is(tmp_path, make, words):
    make(tmp_path / "mask.png")
    with pytest.raises((SlimzooError, FileNotFoundError), match=words):
        read_mask(tmp_path / "mask.png")


def test_everything_wrong_with_masks_is_found_at_once_and_by_file(tmp_path):
    image = np.zeros((6, 8, 3), np.uint8)
    masks = {
        "good": np.ones((6, 8), np.uint8),
        "ids": np.full((6, 8), 7, np.uint8),
        "void": np.full((6, 8), 255, np.uint8),
        "size": np.zeros((6, 9), np.uint8),
    }
    for name, mask in masks.items():
        Image.fromarray(image).save(tmp_path / f"{name}.jpg")
        Image.fromarray(mask).save(tmp_path / f"{name}.png")
    pairs = [Pair(str(tmp_path / f"{name}.jpg"), str(tmp_path / f"{name}.png")) for name in masks]
    from slimzoo.data.dense.coding import AS_THEY_ARE

    examples, problems = look_through(pairs, 3, AS_THEY_ARE)
    assert [example.pixels.tolist() for example in examples] == [[0, 48, 0]]
    assert examples[0].labels.tolist() == [0, 1, 0]
    size, ids, void = problems
    assert "size.png has 9 x 6 pixels, its image" in size and "8 x 6" in size
    assert "ids.png: class ids that do not exist: 7 (48 pixels); there are 0 to 2, and 255" in ids
    assert "void.png: every pixel is 255" in void


def test_a_mask_has_the_size_of_its_image_upright(tmp_path):
    photograph = Image.fromarray(np.zeros((6, 8, 3), np.uint8))
    exif = photograph.getexif()
    exif[0x0112] = 6  # held on its side
    photograph.save(tmp_path / "a.jpg", exif=exif)
    Image.fromarray(np.zeros((8, 6), np.uint8)).save(tmp_path / "a.png")
    from slimzoo.data.dense.coding import AS_THEY_ARE

    pairs = [Pair(str(tmp_path / "a.jpg"), str(tmp_path / "a.png"))]
    assert look_through(pairs, 2, AS_THEY_ARE)[1] == []
    assert "has 6 x 8 pixels" in look_through(pairs, 2, AS_THEY_ARE, turn=False)[1][0]
