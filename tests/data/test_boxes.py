"""COCO's and YOLO's boxes as labels of images; what is wrong is told at once."""

import json

import numpy as np
import pytest

from slimzoo.data import boxes
from slimzoo.errors import SlimzooError
from tests.data.test_folder import picture

TABLES = {
    "images": [
        {"id": 7, "file_name": "a.jpg"},
        {"id": 3, "file_name": "b.jpg"},
        {"id": 4, "file_name": "c.jpg"},
    ],
    "categories": [{"id": 9, "name": "vest"}, {"id": 2, "name": "helmet"}],
    "annotations": [
        {"image_id": 7, "category_id": 9},
        {"image_id": 7, "category_id": 9, "iscrowd": 1},
        {"image_id": 3, "category_id": 9, "iscrowd": 1},
        {"image_id": 3, "category_id": 2, "iscrowd": 0},
    ],
}


@pytest.fixture
def coco(tmp_path):
    """COCO as it is unpacked: annotations/instances_val.json and val/."""
    for row in TABLES["images"]:
        picture(tmp_path / "val" / row["file_name"])
    return write(tmp_path, TABLES)


def write(root, tables):
    path = root / "annotations" / "instances_val.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(tables), encoding="utf-8-sig")
    return path


def test_a_class_of_coco_shows_where_it_has_a_box_and_crowds_do_not_count(coco):
    dataset = boxes.read(coco)
    assert dataset.classes == ("helmet", "vest") and dataset.multi_label  # by the numbers of the categories
    np.testing.assert_array_equal(dataset.labels, [[0, 1], [1, 0], [0, 0]])
    np.testing.assert_array_equal(dataset.weights, [[1, 1], [1, 0], [1, 1]])
    assert boxes.read(coco, classes=("vest", "helmet", "hat")).counts == {"vest": 1, "helmet": 1, "hat": 0}


def test_the_folder_of_the_images_may_be_named(coco, tmp_path):
    (tmp_path / "val").rename(tmp_path / "elsewhere")
    assert len(boxes.read(coco, tmp_path / "elsewhere")) == 3
    with pytest.raises(SlimzooError, match=r"3 problems:\n.*a\.jpg: no such image"):
        boxes.read(coco)


def test_what_is_wrong_in_a_coco_file_is_listed(coco, tmp_path):
    stray = [{"image_id": 1, "category_id": 2}, {"image_id": 7, "category_id": 5}]
    write(tmp_path, {**TABLES, "annotations": stray + TABLES["annotations"]})
    with pytest.raises(
        SlimzooError, match=r"2 problems:\n.*image 1, which is not listed\n.*category 5, which is not"
    ):
        boxes.read(coco)
    for text in ("{", "[]", '{"images": []}', '{"images": 1, "categories": [], "annotations": []}'):
        coco.write_text(text)
        with pytest.raises(SlimzooError, match="is no COCO file"):
            boxes.read(coco)


NAMES = {  # how YOLO's classes are written down
    "classes.txt": "helmet\nvest\n",
    "data.yaml": "nc: 2\nnames: ['helmet', \"vest\"]\n",
    "dataset.yaml": "train: x\nnames:\n  0: helmet\n  1: vest\nnc: 2\n",
    "obj.names": "helmet\r\nvest\r\n",
}


def yolo(root, labels, beside=False):
    """YOLO's folder of an image for each of `labels`."""
    for name, text in labels.items():
        picture(root / ("." if beside else "images") / f"{name}.png")
        path = root / ("." if beside else "labels") / f"{name}.txt"
        path.parent.mkdir(exist_ok=True, parents=True)
        if text is not None:
            path.write_text(text)
    return root


@pytest.mark.parametrize("beside", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_a_class_of_yolo_shows_where_it_has_a_line(tmp_path, name, beside):
    labels = {"a": "1 .5 .5 .1 .1\n0 .5 .5 .1 .1\n", "b": "", "c": None, "d": "1 .1 .1 .2 .2"}
    yolo(tmp_path, labels, beside)
    (tmp_path / name).write_text(NAMES[name])
    dataset = boxes.read(tmp_path)
    assert dataset.classes == ("helmet", "vest")
    np.testing.assert_array_equal(dataset.labels, [[1, 1], [0, 0], [0, 0], [0, 1]])


def test_numbers_mean_what_the_folder_says_in_whatever_order_classes_are_wanted(tmp_path):
    yolo(tmp_path, {"a": "0 1 1 1 1", "b": "0 1 1 1 1\n1 1 1 1 1"})
    assert boxes.read(tmp_path, classes=("vest", "helmet")).counts == {
        "vest": 2,
        "helmet": 1,
    }  # no names there
    (tmp_path / "classes.txt").write_text(NAMES["classes.txt"])
    assert boxes.read(tmp_path, classes=("vest", "helmet")).counts == {"vest": 1, "helmet": 2}
    with pytest.raises(SlimzooError, match="unknown class 'vest'"):
        boxes.read(tmp_path, classes=("helmet", "hat"))


def test_yolo_without_names_wants_them_and_other_numbers_are_listed(tmp_path):
    yolo(tmp_path, {"a": "0 1 1 1 1", "b": "2 1 1 1 1\n7 1 1 1 1"})
    with pytest.raises(SlimzooError, match=r"does not say its classes: no classes.txt, .* name them"):
        boxes.read(tmp_path)
    with pytest.raises(SlimzooError, match=r"2 problems:\n.*b\.txt: class 2; there are 0 to 1\n.*class 7"):
        boxes.read(tmp_path, classes=("helmet", "vest"))


def test_parts_of_yolo_s_images_have_their_labels_beside_images(tmp_path):
    for part, text in (("train", "0 1 1 1 1"), ("val", "1 1 1 1 1")):
        picture(tmp_path / "images" / part / "a.jpg")
        (tmp_path / "labels" / part).mkdir(parents=True)
        (tmp_path / "labels" / part / "a.txt").write_text(text)
    (tmp_path / "data.yaml").write_text(NAMES["data.yaml"])
    assert boxes.read(tmp_path / "images" / "val").counts == {"helmet": 0, "vest": 1}
    assert boxes.read(tmp_path).counts == {"helmet": 1, "vest": 1}


def test_images_of_which_none_has_labels_are_refused(tmp_path):
    yolo(tmp_path, {"a": None, "b": None})
    with pytest.raises(SlimzooError, match="no image has a text file of labels"):
        boxes.read(tmp_path, classes=("helmet",))


def test_what_is_not_there_or_empty_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"give COCO's .json, or a folder with images/ and labels/"):
        boxes.read(tmp_path / "none")
    with pytest.raises(SlimzooError, match="no image in it"):
        boxes.read(tmp_path, classes=("a",))


@pytest.mark.parametrize(
    "text",
    [
        "names:\n  1: vest\n  0: helmet\n",
        "names: {1: vest, 0: helmet}\n",
        "names: {'0': 'helmet', \"1\": \"vest\"}  # both\n",
        "# names: [x]\nnames:  # of what is worn\n  - helmet  # yellow\n\n  # and\n  - 'vest'\nnc: 2\n",
        "names: [\n  'helmet',  # yellow\n  vest,\n]\n",
    ],
)
@pytest.mark.parametrize("name", ["data.yaml", "data.yml"])
def test_names_in_yaml_go_by_their_numbers_however_they_are_written(tmp_path, name, text):
    yolo(tmp_path, {"a": "0 .5 .5 .1 .1", "b": "1 .5 .5 .1 .1"})
    (tmp_path / name).write_text(text)
    dataset = boxes.read(tmp_path)
    assert dataset.classes == ("helmet", "vest")
    np.testing.assert_array_equal(dataset.labels, np.eye(2))


def test_commas_and_signs_in_quotes_are_part_of_a_name(tmp_path):
    yolo(tmp_path, {"a": "1 .5 .5 .1 .1"})
    (tmp_path / "data.yaml").write_text("names: ['red, [big]', \"dog's # 1\", it''s]\n")
    assert boxes.read(tmp_path).classes == ("red, [big]", "dog's # 1", "it''s")


@pytest.mark.parametrize(
    ("name", "text"), [("classes.txt", "a\n\nc\n"), ("data.yaml", "names:\n 0: a\n 2: c\n")]
)
def test_a_number_without_a_name_moves_no_other(tmp_path, name, text):
    yolo(tmp_path, {"a": "2 .5 .5 .1 .1"})
    (tmp_path / name).write_text(text)
    dataset = boxes.read(tmp_path)
    assert dataset.classes == ("a", "c") and dataset.counts == {"a": 0, "c": 1}
    (tmp_path / "labels" / "a.txt").write_text("1 .5 .5 .1 .1")
    with pytest.raises(SlimzooError, match="class 1; there are 0, 2"):
        boxes.read(tmp_path)


def test_images_without_labels_and_labels_without_images_are_said(tmp_path, caplog):
    yolo(tmp_path, {"a": "0 .5 .5 .1 .1", "b": None})
    (tmp_path / "labels" / "scan.txt").write_text("0 .5 .5 .1 .1")  # of scan.webp
    with caplog.at_level("WARNING", "slimzoo"):
        boxes.read(tmp_path, classes=("helmet",))
    assert "1 of 2 images" in caplog.text and "nothing shows on them: b.png" in caplog.text
    assert "have no image (.jpg, .jpeg, .png, .bmp, .gif, .jpe, .jfif) and are left out" in caplog.text


def test_rows_of_one_file_are_one_image_and_categories_of_one_name_one_class(coco, tmp_path):
    images = [*TABLES["images"], {"id": 8, "file_name": "a.jpg"}]
    kinds = [*TABLES["categories"], {"id": 10, "name": "vest"}]
    boxed = [*TABLES["annotations"], {"image_id": 8, "category_id": 2}, {"image_id": 3, "category_id": 10}]
    dataset = boxes.read(write(tmp_path, {"images": images, "categories": kinds, "annotations": boxed}))
    assert dataset.classes == ("helmet", "vest") and len(dataset) == 3
    np.testing.assert_array_equal(dataset.labels, [[1, 1], [1, 1], [0, 0]])


def test_a_number_that_means_two_things_is_refused(coco, tmp_path):
    for table, row, words in (
        ("images", {"id": 7, "file_name": "z.jpg"}, "image 7 is 'a.jpg' and 'z.jpg'"),
        ("categories", {"id": 9, "name": "hat"}, "category 9 is 'vest' and 'hat'"),
    ):
        with pytest.raises(SlimzooError, match=words):
            boxes.read(write(tmp_path, {**TABLES, table: [*TABLES[table], row]}))
    with pytest.raises(SlimzooError, match="class 'vest' is given more than once"):
        boxes.read(write(tmp_path, TABLES), classes=("vest", "helmet", "vest"))


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"images": [{"id": 1, "file_name": null}], "categories": [], "annotations": []}']
)
def test_what_is_no_coco_file_is_a_message(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(SlimzooError, match="is no COCO file"):
        boxes.read(tmp_path / "x.json")


def test_names_of_images_may_be_of_windows(tmp_path):
    for name in ("imgs/a.jpg", "imgs/b.jpg", "imgs/c.jpg"):
        picture(tmp_path / name)
    rows = [{**row, "file_name": f"imgs\\{row['file_name']}"} for row in TABLES["images"]]
    (tmp_path / "x.json").write_text(json.dumps({**TABLES, "images": rows}))
    assert [path[-10:] for path in boxes.read(tmp_path / "x.json").paths] == [
        "imgs/a.jpg",
        "imgs/b.jpg",
        "imgs/c.jpg",
    ]


@pytest.mark.parametrize("written", ["/elsewhere/{}", "C:\\data\\{}", "../upload/{}"])
def test_images_that_lay_elsewhere_are_found_by_their_names_if_these_tell_them_apart(tmp_path, written):
    for row in TABLES["images"]:
        picture(tmp_path / row["file_name"])
    rows = [{**row, "file_name": written.format(row["file_name"])} for row in TABLES["images"]]
    (tmp_path / "x.json").write_text(json.dumps({**TABLES, "images": rows}))
    assert [path[-5:] for path in boxes.read(tmp_path / "x.json").paths] == ["a.jpg", "b.jpg", "c.jpg"]
    rows[1]["file_name"] = "/other/a.jpg"
    (tmp_path / "x.json").write_text(json.dumps({**TABLES, "images": rows}))
    with pytest.raises(SlimzooError, match="3 problems:"):
        boxes.read(tmp_path / "x.json")


def test_names_of_images_are_the_same_however_accents_are_written(tmp_path):
    picture(tmp_path / "cafe\u0301.jpg")
    rows = {**TABLES, "images": [{"id": 7, "file_name": "caf\u00e9.jpg"}], "annotations": []}
    (tmp_path / "x.json").write_text(json.dumps(rows))
    assert len(boxes.read(tmp_path / "x.json")) == 1


def test_the_images_are_where_one_of_them_is(coco, tmp_path):
    (tmp_path / "val" / "a.jpg").unlink()
    with pytest.raises(SlimzooError, match=r"1 problem:\n.*val/a\.jpg: no such image"):
        boxes.read(coco)


def test_what_hides_or_is_clutter_is_no_image_of_yolo_s(tmp_path):
    yolo(tmp_path, {"a": "0 1 1 1 1"})
    for name in ("images/.ipynb_checkpoints/a-checkpoint.png", "images/__MACOSX/b.png", "images/._a.png"):
        picture(tmp_path / name)
    assert [path[-12:] for path in boxes.read(tmp_path, classes=("helmet",)).paths] == ["images/a.png"]


def test_the_other_file_of_a_data_set_is_told_which_to_give(tmp_path):
    yolo(tmp_path, {"a": "0 1 1 1 1"})
    (tmp_path / "data.yaml").write_text(NAMES["data.yaml"])
    with pytest.raises(SlimzooError, match=rf"Of YOLO give the folder of images and labels, {tmp_path}$"):
        boxes.read(tmp_path / "data.yaml")
    picture(tmp_path / "train" / "a.jpg")
    (tmp_path / "train" / "_annotations.coco.json").write_text("{}")
    (tmp_path / "data.yaml").unlink()
    with pytest.raises(SlimzooError, match=r"give a file of COCO, as .*train/_annotations\.coco\.json$"):
        boxes.read(tmp_path / "train")
