"""The drawn sets are true to their annotations, the same for the same seed, and quick to make."""

import random
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from slimzoo import labels
from slimzoo.errors import SlimzooError
from tools.drawing import draw


@pytest.fixture(scope="module")
def devkit(tmp_path_factory):
    return draw.draw_voc(tmp_path_factory.mktemp("drawn"), tuple(draw.VOC), images=60, seed=1)


def annotations(devkit):
    return [ET.parse(path).getroot() for path in sorted((devkit / "VOC2012" / "Annotations").iterdir())]


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_voc_table_has_the_classes_of_voc_and_the_other_table_none_of_them():
    assert tuple(draw.VOC) == tuple(labels.VOC)
    assert len(draw.OTHER) == 30
    assert not draw.OTHER.keys() & draw.VOC.keys()


@pytest.mark.parametrize("name", draw.SHAPES)
def test_a_shape_fills_its_size_and_no_two_are_alike(name):
    first, second = (draw.render(name, random.Random(seed), 64) for seed in (1, 2))
    assert max(first.size) == max(second.size) == 64
    assert np.asarray(first)[..., 3].any()
    assert first.tobytes() != second.tobytes()
    assert first.tobytes() == draw.render(name, random.Random(1), 64).tobytes()


def test_the_devkit_is_laid_out_as_voc_is(devkit):
    root = devkit / "VOC2012"
    splits = {split: (root / "ImageSets" / "Main" / f"{split}.txt").read_text().split()
              for split in ("train", "val", "trainval")}  # fmt: skip
    assert sorted(splits["train"] + splits["val"]) == splits["trainval"]
    assert (len(splits["train"]), len(splits["val"])) == (40, 20)  # by twenties: one image a class
    assert {path.stem for path in (root / "JPEGImages").glob("*.jpg")} == set(splits["trainval"])
    assert {path.stem for path in (root / "Annotations").glob("*.xml")} == set(splits["trainval"])


def test_every_class_is_in_both_halves(devkit):
    for split in ("train", "val"):
        names = (devkit / "VOC2012" / "ImageSets" / "Main" / f"{split}.txt").read_text().split()
        trees = [ET.parse(devkit / "VOC2012" / "Annotations" / f"{name}.xml") for name in names]
        assert {one.findtext("name") for tree in trees for one in tree.iter("object")} == set(draw.VOC)


def test_an_image_holds_one_to_three_objects_inside_it_of_which_a_few_are_difficult(devkit):
    difficult = Counter()
    for tree in annotations(devkit):
        objects = tree.findall("object")
        assert 1 <= len(objects) <= 3
        assert any(one.findtext("difficult") == "0" for one in objects)  # the main one
        for one in objects:
            difficult[one.findtext("difficult")] += 1
            left, upper, right, lower = (
                int(one.findtext(f"bndbox/{side}")) for side in ("xmin", "ymin", "xmax", "ymax")
            )
            assert 1 <= left <= right <= 160
            assert 1 <= upper <= lower <= 160
    assert 0.03 < difficult["1"] / difficult.total() < 0.3


def test_a_box_is_that_of_the_pixels_that_are_seen(monkeypatch):
    monkeypatch.setattr(draw, "background", lambda rng, size: Image.new("RGB", (size, size), (1, 2, 3)))
    for seed in range(20):
        image, (placed,) = draw.scene(["car"], random.Random(seed), 160)
        drawn = Image.fromarray((np.asarray(image) != (1, 2, 3)).any(-1)).getbbox()
        # one pixel: of the smoothed rim the box takes what is more than half covered
        assert np.abs(np.subtract(drawn, placed.box)).max() <= 1


def test_a_covered_object_is_difficult_and_one_nobody_sees_is_left_out():
    owner = Image.new("L", (100, 100))
    owner.paste(1, (0, 0, 10, 30))
    owner.paste(2, (10, 0, 60, 60))
    whole = [("cat", 1000, 50), ("dog", 3000, 60), ("cow", 900, 40)]
    cat, dog = draw._seen(owner, whole, 100)
    assert (cat.name, cat.box, cat.difficult, cat.truncated) == ("cat", (0, 0, 10, 30), True, True)
    assert (dog.name, dog.box, dog.difficult, dog.truncated) == ("dog", (10, 0, 60, 60), False, False)


def test_the_same_seed_gives_the_same_files_and_more_images_keep_the_first(tmp_path):
    for name, images, seed in (("a", 4, 7), ("b", 4, 7), ("c", 6, 7), ("d", 4, 8)):
        draw.draw_voc(tmp_path / name, ("cat", "dog"), images, seed, size=64)
    a, b, c, d = (files(tmp_path / name) for name in "abcd")
    assert a == b
    assert a != d
    assert all(c[name] == a[name] for name in a if name.endswith((".jpg", ".xml")))


def test_a_folder_holds_equally_many_images_a_class(tmp_path):
    root = draw.draw_folder(tmp_path / "set", ("star", "key", "moon"), images=9, seed=0, size=48)
    assert Counter(path.parent.name for path in root.rglob("*.jpg")) == {"star": 3, "key": 3, "moon": 3}
    with Image.open(next(root.rglob("*.jpg"))) as image:
        assert (image.size, image.mode) == ((48, 48), "RGB")


def test_an_unknown_class_names_the_nearest(tmp_path):
    with pytest.raises(SlimzooError, match=r"cannot draw \['aeroplan'\]. Nearest: aeroplane"):
        draw.draw_voc(tmp_path, ("cat", "aeroplan"), 2, 0)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_drawn_over_what_is_there(tmp_path):
    draw.draw_voc(tmp_path, ("cat",), 1, 0)
    with pytest.raises(FileExistsError, match="VOC2012 exists already and is not empty"):
        draw.draw_voc(tmp_path, ("cat",), 1, 0)
    with pytest.raises(FileExistsError):
        draw.draw_folder(tmp_path, ("cat",), 1, 0)


def test_drawing_needs_no_tensorflow():
    code = "import sys, tools.drawing.draw; sys.exit('tensorflow' in sys.modules)"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], cwd=Path(draw.__file__).parents[2], check=False
        ).returncode
        == 0
    )
