"""Training and validation data, laid out as people lay it out."""

import logging

import pytest

from slimzoo.data.opening import open_data
from slimzoo.errors import SlimzooError
from tests.data.test_folder import picture


def fill(root, names, count=2):
    for name in names:
        for i in range(count):
            picture(root / name / f"{i}.png")


def test_val_beside_train_is_held_out_and_said(tmp_path, caplog):
    fill(tmp_path, ("train/cats", "train/dogs", "val/dogs", "test/cats"))
    with caplog.at_level(logging.WARNING, "slimzoo"):
        train, held_out = open_data("folder", tmp_path)
    assert train.classes == held_out.classes == ("cats", "dogs")
    assert (len(train), len(held_out)) == (4, 2)
    assert (
        f"trained on is {tmp_path}/train, held out {tmp_path}/val; {tmp_path}/test is left alone"
        in caplog.text
    )


def test_a_part_of_train_is_held_out_where_there_is_no_val(tmp_path, caplog):
    fill(tmp_path, ("train/cats", "train/dogs", "test/cats"), 5)
    with caplog.at_level(logging.WARNING, "slimzoo"):
        train, held_out = open_data("folder", tmp_path)
    assert (len(train), len(held_out)) == (8, 2)
    assert not any("test" in path.split("/")[-3] for path in (*train.paths, *held_out.paths))
    assert "held out 0.2 of it" in caplog.text


def test_an_asked_for_part_of_a_folder_of_parts_is_refused(tmp_path):
    fill(tmp_path, ("train/cats", "train/dogs", "val/cats"))
    with pytest.raises(SlimzooError, match=r"holds train/, val/ in place of classes; give one of them"):
        open_data("folder", tmp_path, validation=0.5)


def test_a_plain_folder_is_split_as_ever_and_nothing_is_said(tmp_path, caplog):
    fill(tmp_path, ("cats", "dogs"), 5)
    train, held_out = open_data("folder", tmp_path)
    assert (len(train), len(held_out)) == (8, 2) and train.turn and not caplog.text
    assert not any(part.turn for part in open_data("folder", tmp_path, turn=False))


@pytest.mark.parametrize("places", ["images/{}", "{}/images"])
def test_the_parts_of_yolo_are_held_apart_and_said(tmp_path, caplog, places):
    for part, count in (("train", 3), ("val", 1), ("test", 1)):
        fill(tmp_path, (places.format(part),), count)
        for i in range(count):
            path = tmp_path / places.format(part).replace("images", "labels") / f"{i}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{i % 2} .5 .5 .1 .1")
    (tmp_path / "data.yaml").write_text("train: images/train\nnames: [helmet, vest]\n")
    with caplog.at_level(logging.WARNING, "slimzoo"):
        train, held_out = open_data("boxes", tmp_path)
    assert (len(train), len(held_out)) == (3, 1) and "test is left alone" in caplog.text
    caplog.clear()
    with caplog.at_level(logging.WARNING, "slimzoo"):
        train, held_out = open_data("boxes", tmp_path, validation=0.4)
    assert len(train) + len(held_out) == 5 and "holds parts, all of which are read" in caplog.text


def test_classes_that_seem_to_be_one_are_said(tmp_path, caplog):
    fill(tmp_path, ("Fire Truck", "fire_truck", "dog"))
    with caplog.at_level(logging.WARNING, "slimzoo"):
        train, _ = open_data("folder", tmp_path, validation=0.5)
    assert len(train.classes) == 3
    assert "with nearly the same name are classes apart: 'Fire Truck' and 'fire_truck'" in caplog.text


def test_folders_of_images_and_masks_that_are_taken_for_classes_are_said(tmp_path, caplog):
    fill(tmp_path, ("images", "masks"))
    with caplog.at_level(logging.WARNING, "slimzoo"):
        open_data("folder", tmp_path, validation=0.5)
    assert "are taken for two classes" in caplog.text and "--task segmentation" in caplog.text
