"""slimzoo segment: masks, overlays, legends and areas in a folder, which goes on where it was stopped."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from slimzoo import errors
from slimzoo.streaming import mask_files, segmenting
from tests import dense
from tests.cli.support import left_in


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    with dense.registered():
        yield dense.write(tmp_path_factory.mktemp("weights") / "dense.safetensors")


@pytest.fixture
def photos(tmp_path) -> Path:
    """Two striped pictures of the same name and one that stands on its side, in two folders."""
    for place, size in (("a/x.png", (12, 24)), ("b/x.png", (60, 96)), ("b/side.jpg", (12, 24))):
        path = tmp_path / "photos" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        exif = Image.Exif()
        if path.suffix == ".jpg":
            exif[0x0112] = 6
        Image.fromarray(dense.striped(*size)[0]).save(path, exif=exif, quality=100)
    return tmp_path / "photos"


def row(place):
    return json.loads(Path(place).read_text())


def ids(place):
    with Image.open(place) as picture:
        assert picture.mode == "P"
        return np.asarray(picture)


def test_each_image_gets_a_mask_with_a_palette_an_overlay_and_its_areas(slimzoo, model, photos):
    found = slimzoo("segment", "photos", "--model", model, "--out", "masks", "--overlay", "0.5", "--json")
    assert found.code == 0 and found.json["images"] == 3 and found.json["errors"] == 0
    assert [entry["mask"] for entry in found.json["results"]] == ["a/x.png", "b/side.png", "b/x.png"]
    np.testing.assert_array_equal(ids("masks/a/x.png"), dense.striped(12, 24)[1])
    assert (ids("masks/b/x.png") != dense.striped(60, 96)[1]).mean() < 0.1  # shrunk 4 times, and enlarged
    said = row("masks/a/x.json")
    assert said["areas"] == [
        {"class": i, "name": name, "pixels": 96, "percent": 33.3333} for i, name in enumerate(dense.LABELS)
    ]
    with Image.open("masks/a/x.overlay.jpg") as picture:
        assert picture.size == (24, 12)
    job = row("masks/segment.json")
    assert job["complete"] and job["classes"][1] == {"class": 1, "name": "gray", "colour": [128, 0, 0]}
    with Image.open("masks/legend.png") as picture:
        assert {(0, 0, 0), (128, 0, 0), (0, 128, 0)} < {colour for _, colour in picture.getcolors(1 << 16)}


def test_the_mask_of_a_turned_photograph_is_turned_and_says_so(slimzoo, model, photos):
    slimzoo("segment", "photos/b/side.jpg", "--model", model, "--out", "masks")
    said = row("masks/side.json")
    assert said["turned"] and (said["width"], said["height"]) == (12, 24)
    np.testing.assert_array_equal(ids("masks/side.png"), dense.striped(12, 24)[1].T)
    slimzoo("segment", "photos/b/side.jpg", "--model", model, "--out", "as_it_is", "--no-exif")
    said = row("as_it_is/side.json")
    assert not said["turned"] and ids("as_it_is/side.png").shape == (12, 24)


def test_what_is_done_is_not_done_again_and_another_job_is_refused(slimzoo, refused, model, photos):
    command = ("segment", "photos", "--model", model, "--out", "masks")
    assert slimzoo(*command).code == 0
    before = {name: Path("masks", name).stat().st_mtime_ns for name in left_in(Path("masks"))}
    Path("masks/b/x.json").unlink()  # as if killed before that
    Image.fromarray(dense.striped(24, 12)[0]).save("photos/a/x.png")  # it is another picture now
    again = slimzoo(*command)
    assert again.code == 0 and "3 of 3 images are in masks, 1 from before" in again.out
    changed = [name for name, when in before.items() if Path("masks", name).stat().st_mtime_ns != when]
    assert changed == ["a/x.json", "a/x.png", "b/x.json", "b/x.png", "legend.png", "segment.json"]
    assert ids("masks/a/x.png").shape == (24, 12)
    refused(*command, "--flip", words=["masks holds the results of another job", "--flip: there False, now"])
    assert slimzoo(*command, "--flip", "--overwrite").code == 0
    assert row("masks/segment.json")["job"]["flip"] is True


def test_masks_of_other_images_of_the_same_name_are_left_alone(slimzoo, refused, model, photos):
    slimzoo("segment", "photos/a/x.png", "--model", model, "--out", "masks")
    words = ["x.json is of the image photos/a/x.png, not of photos/b/x.png", "--overwrite removes them"]
    refused("segment", "photos/b/x.png", "--model", model, "--out", "masks", words=words)
    assert ids("masks/x.png").shape == (12, 24)


def test_images_that_cannot_be_read_are_rows_with_a_problem(slimzoo, model, photos):
    (photos / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    found = slimzoo("segment", "photos", "photos/gone.jpg", "--model", model, "--out", "masks")
    assert found.code == 1 and "2 of 5 images cannot be used" in found.err
    assert "broken.png" in row("masks/broken.json")["problem"] and "gone" in row("masks/gone.json")["problem"]
    Image.fromarray(dense.striped(9, 9)[0]).save(photos / "broken.png")
    again = slimzoo("segment", "photos", "--model", model, "--out", "masks")
    assert again.code == 0 and (ids("masks/broken.png") == dense.striped(9, 9)[1]).all()
    nothing = slimzoo("segment", "photos/gone.jpg", "--model", model, "--out", "none")
    assert nothing.code == 2 and "there is no image" in nothing.err
    assert not Path("none").exists()


@pytest.mark.parametrize(
    "kind, size",
    [("L", (20, 20)), ("LA", (20, 20)), ("RGBA", (20, 20)), ("1", (20, 20)), ("RGB", (1, 1)), ("P", (90, 2))],
)
def test_gray_transparent_tiny_and_thin_images_have_masks_of_their_size(slimzoo, model, tmp_path, kind, size):
    Image.new("RGB", size, (255, 255, 255)).convert(kind).save(tmp_path / "it.png")
    assert slimzoo("segment", "it.png", "--model", model, "--out", "masks").code == 0
    assert (ids("masks/it.png") == 2).all() and ids("masks/it.png").shape == size[::-1]


def test_tiles_scales_and_engines_are_taken(slimzoo, model, photos):
    command = ("segment", "photos/b/x.png", "--model", model)
    slimzoo(*command, "--tile", "4", "--batch-size", "3", "--out", "tiles")
    np.testing.assert_array_equal(ids("tiles/x.png"), dense.striped(60, 96)[1])
    slimzoo(*command, "--out", "plain")
    slimzoo(*command, "--engine", "tensorflow", "--size", "24", "--out", "engine")
    np.testing.assert_array_equal(ids("engine/x.png"), ids("plain/x.png"))
    assert slimzoo(*command, "--scales", "0.5,1,1.5", "--flip", "--out", "views").code == 0
    assert row("views/segment.json")["job"]["scales"] == [0.5, 1.0, 1.5]


def test_eight_bits_are_calibrated_and_give_the_masks_of_float32(slimzoo, model, photos, tmp_path):
    (tmp_path / "some").mkdir()
    for i in range(16):
        Image.fromarray(dense.striped(12 + i, 24)[0]).save(tmp_path / "some" / f"{i}.png")
    given = ("--engine", "tflite", "--precision", "int8", "--calibrate", "some", "--floor", "0.9")
    found = slimzoo("segment", "photos/a/x.png", "--model", model, *given, "--out", "masks", "--json")
    assert found.code == 0, found.err
    assert "% of the pixels of 5 held-out images is that of float32 (11 others calibrated it)" in found.err
    assert (ids("masks/x.png") != dense.striped(12, 24)[1]).mean() < 0.1  # of 8 bits, at the edges
    job = row("masks/segment.json")["job"]
    assert (job["precision"], job["calibrate"]) == ("int8", "some")  # others are of another job


@pytest.mark.parametrize(
    "given, words",
    [
        ((), ["name an IMAGE"]),
        (("photos/a/x.png", "--scales", "9"), ["--scales NUMBERS are 1 to 16", "given are [9.0]"]),
        (("photos/a/x.png", "--tile", "24"), ["--tile PIXELS is less than", "24 pixels"]),
        (
            ("photos/a/x.png", "--scales", "1,2", "--engine", "tensorflow"),
            ["several sizes", "leave --scales NUMBERS or --engine 'tensorflow' out"],
        ),
        (("photos/a/x.png", "--overlay", "2"), ["--overlay"]),
        (("photos/a/x.png", "--labels", "few.txt"), ["2 labels", "3 classes"]),
        (("nothing*",), ["nothing*", "no file"]),
    ],
)
def test_what_cannot_be_used_is_a_message_and_leaves_no_folder(
    refused, model, photos, tmp_path, given, words
):
    (tmp_path / "few.txt").write_text("a\nb\n")
    before = left_in(tmp_path)
    refused("segment", *given, "--model", model, "--out", "masks", words=words)
    assert left_in(tmp_path) == before and not Path("masks").exists()


def test_places_that_are_something_elses_are_refused(refused, model, photos):
    given = ("segment", "photos/a/x.png", "--model", model, "--out")
    refused(*given, "photos/a", words=["photos/a holds other files (x.png)", "name a new folder"])
    refused(*given, "photos/a/x.png", words=["is a file; name a folder"])
    assert ids_or_rgb("photos/a/x.png") == "RGB"


def ids_or_rgb(place):
    with Image.open(place) as picture:
        return picture.mode


def test_a_model_that_tells_images_apart_is_refused_with_what_it_is_for(
    refused, slimzoo, cifarnet, model, photos
):
    words = ["cifarnet tells images apart, not pixels", "deeplab"]
    refused("segment", "photos/a/x.png", "--model", cifarnet, "--out", "masks", words=words)
    refused("segment", "photos/a/x.png", "--model", "vgg_16", "--out", "masks", words=["tells images apart"])
    words = ["tells pixels apart, not images"]
    refused("predict", "photos/a/x.png", "--model", model, words=words)
    refused("predict", "--images", "photos", "--out", "found.csv", "--model", model, words=words)


def test_masks_that_lie_among_the_images_are_no_images(slimzoo, refused, model, photos):
    command = ("segment", "photos", "--model", model, "--out", "photos/masks")
    assert slimzoo(*command).code == 0
    assert "3 of 3 images are in photos/masks, 3 from before" in slimzoo(*command).out
    refused("segment", "photos/masks", *command[2:], words=["all images lie in photos/masks"])


def test_a_legend_of_many_classes_has_columns():
    classes = mask_files.Classes.of([f"class number {i}" for i in range(151)], 151)
    picture = mask_files.legend(classes)
    assert picture.width > picture.height > 400


def test_as_many_classes_as_a_palette_has_no_room_for_are_refused(model):
    import slimzoo

    wide = slimzoo.Model(dense.NAME, 256, preprocessing=slimzoo.load(model).preprocessing)
    with pytest.raises(
        errors.SlimzooError, match="tells 256 classes apart, and a picture with a palette 255"
    ):
        segmenting.looking_at(wide, segmenting.Views())
