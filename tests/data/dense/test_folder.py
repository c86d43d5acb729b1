"""A folder of images and masks: what belongs together, and everything wrong with it at once."""

import logging

import numpy as np
import pytest
from PIL import Image

from slimzoo.data.dense import folder
from slimzoo.data.opening import open_all, open_data
from slimzoo.errors import SlimzooError
from slimzoo.registry import SEGMENTATION
from tests.data.dense.drawn import draw_folder


def test_images_and_masks_of_one_name_belong_together(tmp_path):
    root = draw_folder(tmp_path / "roads")
    (root / "classes.txt").write_text("ground\nsign\nlamp\n")
    (root / "masks/0.png").rename(root / "masks/0_mask.png")
    data = folder.read(root)
    assert (data.name, data.classes, len(data)) == ("roads", ("ground", "sign", "lamp"), 4)
    names = [[path.rpartition("/")[2] for path in paths] for paths in (data.paths, data.masks)]
    assert names == [["0.png", "1.png", "2.png", "3.png"], ["0_mask.png", "1.png", "2.png", "3.png"]]


def test_classes_without_names_are_as_many_as_the_ids_and_said(tmp_path, caplog):
    with caplog.at_level(logging.WARNING, "slimzoo"):
        data = folder.read(draw_folder(tmp_path / "roads"))
    assert data.classes == ("class 0", "class 1", "class 2")
    assert "have no names" in caplog.text and "classes.txt" in caplog.text


def test_what_has_no_partner_is_named_in_both_directions(tmp_path):
    root = draw_folder(tmp_path / "roads")
    (root / "images/0.png").unlink()
    (root / "masks/1.png").unlink()
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(root / "images/2.jpg")
    with pytest.raises(SlimzooError) as caught:
        folder.read(root)
    for words in ("0.png: a mask without an image", "1.png: an image without a mask", "is called the same"):
        assert words in str(caught.value)


def test_a_folder_laid_out_otherwise_is_told_how_it_should_be(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(SlimzooError, match=r"there is no images/ and no masks/ in it; it should hold"):
        folder.read(tmp_path / "empty")
    with pytest.raises(FileNotFoundError, match="it should hold images/ and masks/"):
        folder.read(tmp_path / "nowhere")


def test_things_drawn_in_255_are_not_silently_left_out(tmp_path, caplog):
    root = draw_folder(tmp_path / "roads", count=2)
    for path in (root / "masks").iterdir():
        Image.fromarray(((np.array(Image.open(path)) == 1) * 255).astype(np.uint8)).save(path)
    with pytest.raises(SlimzooError, match=r'classes.json beside the masks says so: \{"background": 0'):
        folder.read(root)
    (root / "classes.txt").write_text("background\nthing\n")
    with caplog.at_level(logging.WARNING, "slimzoo"):
        folder.read(root)
    assert "shows another class than background; 255 counts for nothing" in caplog.text
    (root / "classes.json").write_text('{"background": 0, "thing": 255}')
    assert folder.read(root).counts == {"background": 2, "thing": 2}


def test_a_part_is_held_out_or_val_beside_train_with_its_classes_and_colours(tmp_path):
    draw_folder(tmp_path / "roads/train")
    draw_folder(tmp_path / "roads/val", count=2, seed=3)
    (tmp_path / "roads/classes.txt").write_text("ground\nsign\nlamp\n")
    train, held_out = open_data("folder", tmp_path / "roads", task=SEGMENTATION)
    assert (train.name, held_out.name, len(held_out)) == ("train", "val", 2)
    assert train.classes == held_out.classes == ("ground", "sign", "lamp")
    train, held_out = open_data("folder", tmp_path / "roads/train", validation=0.25, task=SEGMENTATION)
    assert (len(train), len(held_out)) == (3, 1)
    assert len(open_all("folder", tmp_path / "roads/train", task=SEGMENTATION)) == 4


def test_what_has_no_masks_is_refused(tmp_path):
    ways_out = r"kinds voc and folder have some, with task='segmentation'.*slimzoo list --task classification"
    with pytest.raises(SlimzooError, match=rf"data of the kind 'boxes'.*{ways_out}"):
        open_data("boxes", tmp_path, task=SEGMENTATION)
    with pytest.raises(SlimzooError, match="kind of data is 'coco'; there are voc, folder"):
        open_data("coco", tmp_path, task=SEGMENTATION)
    with pytest.raises(SlimzooError, match="says how masks name classes"):
        open_data("voc", tmp_path, classes="classes.json")
