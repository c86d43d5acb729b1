"""Images to calibrate with: found wherever they are, split the same way always, none in both parts."""

import numpy as np
import pytest

from slimzoo.data import calibration
from slimzoo.errors import SlimzooError
from tests.cli.support import picture


def colours(folder, count, start=0):
    return [str(picture(folder / f"{i}.jpg", (3 * i + start, 255 - 3 * i, 99))) for i in range(count)]


def pixels(count, size=4):
    return np.random.RandomState(0).randint(0, 256, (count, size, size, 3), np.uint8)


def test_two_parts_share_no_image_and_are_the_same_every_time(tmp_path):
    colours(tmp_path / "a", 30)
    samples = calibration.find(tmp_path)
    fit, held_out = calibration.apart(samples)
    assert (len(fit), len(held_out)) == (20, 10)
    assert not set(fit.images) & set(held_out.images)
    again = calibration.apart(calibration.find(tmp_path))
    assert (fit.images, held_out.images) == (again[0].images, again[1].images)


def test_an_image_that_is_there_twice_counts_once(tmp_path):
    files = colours(tmp_path / "a", 16)
    assert len(calibration.apart(calibration.find([*files, *files]))[0].images) == 11
    colours(tmp_path / "b", 8)  # the same eight again, under other names
    with pytest.raises(SlimzooError, match=r"holds 8 different images; .*: give 16 or more"):
        calibration.apart(calibration.find([*files[:8], str(tmp_path / "b")]))


def test_labels_are_known_where_the_folders_are_the_model_s_classes(tmp_path):
    for number, name in enumerate(("cat", "dog")):
        colours(tmp_path / name, 10, start=90 * number)
    known = calibration.find(tmp_path, ("cat", "dog", "fox"))
    assert known.labels.shape == (20, 3) and known.labels.sum(0).tolist() == [10, 10, 0]
    part, _ = calibration.apart(known)
    for image, row in zip(part.images, part.labels, strict=True):
        assert row[("cat", "dog").index(image.split("/")[-2])] == 1
    assert calibration.find(tmp_path, ("x", "y")).labels is None
    assert len(calibration.find(tmp_path)) == 20


def test_a_kit_of_voc_tells_labels_of_several_classes_and_gives_all_its_images_without(tmp_path):
    kit = tmp_path / "VOCdevkit" / "VOC2012"
    files = colours(kit / "JPEGImages", 8)
    (kit / "Annotations").mkdir()
    for i in range(6):  # two of the images are not annotated
        thing = f"<object><name>{('cat', 'dog')[i % 2]}</name></object>"
        (kit / "Annotations" / f"{i}.xml").write_text(f"<annotation>{thing}</annotation>")
    known = calibration.find(tmp_path / "VOCdevkit", ("cat", "dog"), multi_label=True)
    assert known.labels.sum(0).tolist() == [3, 3] and known.weights.shape == (6, 2)
    for place in (kit, kit.parent, tmp_path):
        assert calibration.find(place, ("x", "y")).images == tuple(files)


@pytest.mark.parametrize("one", [lambda batch: batch, lambda batch: (batch, np.arange(len(batch)) % 3)])
def test_an_iterable_gives_images_batches_or_pairs_with_their_classes(one):
    batches = [one(batch) for batch in np.split(pixels(24), 3)]
    found = calibration.find(iter(batches), ("a", "b", "c"))
    assert len(found) == 24 and found.images[5].shape == (4, 4, 3)
    assert (found.labels is not None) == isinstance(batches[0], tuple)


def test_of_images_without_end_as_many_are_taken_as_are_used():
    random = np.random.RandomState(0)

    def forever():
        while True:
            yield random.randint(0, 256, (32, 2, 2, 3), np.uint8)

    fit, held_out = calibration.apart(calibration.find(forever()))
    assert len(fit) == calibration.MOST and len(held_out) > 100


def test_what_is_wrong_is_said_before_any_pixel_is_read(tmp_path):
    files = colours(tmp_path / "a", 20)
    (tmp_path / "a" / "3.jpg").write_bytes(b"<html>no</html>")
    (tmp_path / "a" / "7.jpg").write_bytes(b"")
    with pytest.raises(SlimzooError, match=r"3.jpg is not an image; .*it is a web page") as error:
        calibration.apart(calibration.find(files))
    assert "7.jpg is not an image" in str(error.value) and "it is empty" in str(error.value)
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*nowhere of images to calibrate with"):
        calibration.find(tmp_path / "nowhere")
    with pytest.raises(SlimzooError, match="calibrate is 3; give a folder of images, or an iterable"):
        calibration.find(3)
    with pytest.raises(SlimzooError, match=r"has shape \(2,\) and type int64; give paths"):
        calibration.find([[1, 2]])
    with pytest.raises(SlimzooError, match=r"\[7\] is no class: there are 2, counted from 0"):
        calibration.find([(image, 7) for image in pixels(2)], ("a", "b"))
