"""VOC folders are read as VOC's own evaluation counts them, and everything wrong is told at once."""

import logging
import os
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from slimzoo.data import voc
from slimzoo.errors import SlimzooError
from slimzoo.labels import VOC

OBJECT = "<object><name>{}</name><difficult>{}</difficult></object>"


def annotation(*objects):
    return f"<annotation>{''.join(OBJECT.format(name, hard) for name, hard in objects)}</annotation>"


@pytest.fixture
def devkit(tmp_path):
    """A development kit of three images; their pixels are never read."""
    root = tmp_path / "VOCdevkit" / "VOC2012"
    for folder in ("Annotations", "JPEGImages", "ImageSets/Main"):
        (root / folder).mkdir(parents=True)
    images = {
        "a": annotation(("dog", 0), ("person", 1), ("person", 0)),
        "b": annotation(("cat", 1), ("dog", 1), ("chair", 0)),
        "c": annotation(),
    }
    for name, text in images.items():
        (root / "Annotations" / f"{name}.xml").write_text(text)
        (root / "JPEGImages" / f"{name}.jpg").touch()
    (root / "ImageSets/Main/train.txt").write_text("b\na\n")
    (root / "ImageSets/Main/dog_train.txt").write_text("b -1\na 1\n")
    return root.parent


def shown(dataset, index):
    example = dataset.examples[index]
    return {name for name, label in zip(dataset.classes, example.labels, strict=True) if label}


def ignored(dataset, index):
    example = dataset.examples[index]
    return {name for name, weight in zip(dataset.classes, example.weights, strict=True) if not weight}


def test_a_split_is_read_in_its_order_with_several_labels_an_image(devkit):
    dataset = voc.read(devkit, split="train")
    assert dataset.classes == VOC and dataset.multi_label and dataset.name == "VOC2012 train"
    assert [path[-5:] for path in dataset.paths] == ["b.jpg", "a.jpg"]
    assert shown(dataset, 0) == {"chair"} and shown(dataset, 1) == {"dog", "person"}
    assert dataset.labels.dtype == dataset.weights.dtype == np.float32
    assert dataset.labels.shape == dataset.weights.shape == (2, 20)


def test_a_class_of_difficult_objects_only_has_weight_0(devkit):
    dataset = voc.read(devkit, split="train")
    assert ignored(dataset, 0) == {"cat", "dog"}
    assert ignored(dataset, 1) == set()  # one of its two persons is not difficult


def test_without_a_split_every_annotated_image_is_read(devkit):
    assert len(voc.read(devkit, split=None)) == 3
    assert shown(voc.read(devkit, split=None), 2) == set()


def test_the_kit_the_folder_around_it_and_the_year_itself_are_the_same(devkit):
    for folder in (devkit, devkit.parent, devkit / "VOC2012"):
        for year in ("2012", 2012, "VOC2012"):
            assert voc.read(folder, year, "train").paths == voc.read(devkit, split="train").paths


def test_a_missing_difficult_mark_means_not_difficult(devkit):
    text = "<annotation><object><name> dog </name><part><name>head</name></part></object></annotation>"
    (devkit / "VOC2012/Annotations/a.xml").write_text(text)
    assert shown(voc.read(devkit, split="train"), 1) == {"dog"}


def test_what_is_not_there_is_told_with_what_is(devkit):
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*nowhere; give VOCdevkit"):
        voc.read(devkit / "nowhere")
    with pytest.raises(FileNotFoundError, match=r"there is no VOC2007 in .*; years there: VOC2012"):
        voc.read(devkit, "2007")
    with pytest.raises(
        FileNotFoundError, match='VOC2012 was given, but year 2007 was asked for; say year="2012"'
    ):
        voc.read(devkit / "VOC2012", "2007")
    with pytest.raises(FileNotFoundError, match="nothing in it looks like VOC"):
        voc.read(devkit / "VOC2012" / "ImageSets")
    with pytest.raises(FileNotFoundError, match=r"there is no split 'test' .*; splits there: train$"):
        voc.read(devkit, split="test")


def test_everything_wrong_is_listed_in_one_error(devkit):
    root = devkit / "VOC2012"
    (root / "Annotations/a.xml").write_text("<annotation><object>")
    (root / "Annotations/b.xml").write_text(annotation(("unicorn", 0), ("dog", 2)))
    (root / "Annotations/c.xml").write_text(annotation(("unicorn", 0)))
    (root / "JPEGImages/c.jpg").unlink()
    (root / "ImageSets/Main/train.txt").write_text("a\nb\nc\nd\n")
    with pytest.raises(SlimzooError) as caught:
        voc.read(devkit, split="train", classes=VOC)
    message = str(caught.value)
    for part in (
        "6 problems",
        "a.xml: broken XML (no element found",
        "b.xml: <difficult> of a dog is '2', not 0 or 1",
        "c.xml: unknown class 'unicorn'; known are aeroplane, bicycle",
        "c.jpg: no such image",
        "d.jpg: no such image",
        "d.xml: no such annotation",
    ):
        assert part in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<html/>", "the outermost element is <html>, not <annotation>"),
        ("<annotation><object/></annotation>", "an <object> has no <name>"),
        ("", "broken XML"),
    ],
)
def test_what_is_no_annotation_is_refused(tmp_path, text, words):
    path = tmp_path / "x.xml"
    path.write_text(text)
    with pytest.raises(ValueError, match=words):
        voc.read_objects(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_an_entity_bomb_is_refused_before_it_grows(tmp_path, encoding):
    entities = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10 if i else "dog"}">' for i in range(12))
    path = tmp_path / "bomb.xml"
    path.write_text(
        f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE bomb [{entities}]>'
        "<annotation><object><name>&e11;</name></object></annotation>",
        encoding=encoding,
    )
    with pytest.raises(ValueError, match="it declares a document type 'bomb'"):
        voc.read_objects(path)


def test_an_image_listed_twice_and_an_empty_list_are_refused(devkit):
    main = devkit / "VOC2012/ImageSets/Main"
    (main / "train.txt").write_text("a\nb\na\n")
    with pytest.raises(SlimzooError, match="lists images more than once:\n  a"):
        voc.read(devkit, split="train")
    (main / "train.txt").write_text("\n")
    with pytest.raises(SlimzooError, match="no image is listed"):
        voc.read(devkit, split="train")


LISTS = {  # how people's programs write "a" and "b c", one a line
    "plain": b"a\nb c\n",
    "byte order mark": b"\xef\xbb\xbfa\nb c",
    "Windows": b"a\r\nb c\r\n",
    "old Mac": b"a\rb c\r",
    "blanks around": b"  a \n\n\tb c  \n \n",
    "UTF-16": "a\nb c\n".encode("utf-16"),
    "UTF-16, no mark": "a\nb c\n".encode("utf-16-le"),
    "UTF-16, big end first": "a\nb c\n".encode("utf-16-be"),
    "UTF-32": "a\nb c\n".encode("utf-32"),
    "endings": b"a.jpg\nb c.jpg\n",
    "paths": b"JPEGImages/a.jpg\nJPEGImages/b c.jpg\n",
    "flags": b"a  1\nb c -1\n",
    "annotations beside": b"JPEGImages/a.jpg Annotations/a.xml\nb c\n",
}


def kit(root, names, lists, ending=".jpg", text=None):
    """A kit like VOC's of images called `names`; `lists`: {file: its bytes}."""
    year = root / "kit" / "VOC2012"
    for folder in ("Annotations", "JPEGImages", "ImageSets/Main"):
        (year / folder).mkdir(parents=True, exist_ok=True)
    for name in names:
        (year / "Annotations" / f"{name}.xml").write_text(text or annotation(("dog", 0)))
        (year / "JPEGImages" / f"{name}{ending}").touch()
    for name, content in lists.items():
        (year / "ImageSets/Main" / name).write_bytes(content)
    return year.parent


def names_of(dataset):
    return [Path(path).stem for path in dataset.paths]


@pytest.mark.parametrize("how", LISTS)
def test_a_list_is_read_however_it_was_written(tmp_path, how):
    assert names_of(voc.read(kit(tmp_path, ("a", "b c"), {"trainval.txt": LISTS[how]}))) == ["a", "b c"]


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16"])
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_accents_are_the_same_however_they_are_written(tmp_path, encoding, form):
    name = "caf\u00e9"
    devkit = kit(
        tmp_path, (unicodedata.normalize(form, name),), {"trainval.txt": f"{name}\n".encode(encoding)}
    )
    assert len(voc.read(devkit)) == 1


def test_dashes_and_quotes_of_windows_are_read(tmp_path):
    name = "caf\u00e9 \u2013 \u201chelmet\u201d"
    devkit = kit(tmp_path, (name,), {"trainval.txt": f"{name}\n".encode("cp1252")})
    assert names_of(voc.read(devkit)) == [name]


def test_names_may_end_like_flags(tmp_path):
    devkit = kit(tmp_path, ("a 1", "a 0", "b"), {"trainval.txt": b"a 1\na 0\nb\n"})
    assert names_of(voc.read(devkit)) == ["a 1", "a 0", "b"]


def test_several_names_in_a_line_are_several_images(tmp_path):
    assert names_of(voc.read(kit(tmp_path, "abc", {"trainval.txt": b"a b\nc"}))) == ["a", "b", "c"]


@pytest.mark.parametrize("split", ["cat_train", "train"])
def test_a_class_s_own_list_is_read_as_voc_s_evaluation_does(tmp_path, split):
    lists = {"cat_train.txt": b"a  1\nb -1\nc  0\n"}
    dataset = voc.read(kit(tmp_path, "abcd", lists), split=split)
    assert names_of(dataset) == ["a", "b", "c"]
    assert [shown(dataset, i) for i in range(3)] == [{"cat", "dog"}, {"dog"}, {"dog"}]
    assert [ignored(dataset, i) for i in range(3)] == [set(), set(), {"cat"}]


def test_flags_of_what_is_no_class_are_left_out_and_said(tmp_path, caplog):
    with caplog.at_level(logging.WARNING, "slimzoo"):
        dataset = voc.read(kit(tmp_path, "ab", {"my_train.txt": b"a 1\nb -1\n"}), split="my_train")
    assert dataset.classes == VOC and shown(dataset, 1) == {"dog"}
    assert "are of no class of it: my; they are left out" in caplog.text


def test_what_a_mac_leaves_is_no_annotation_and_endings_may_be_large(tmp_path):
    devkit = kit(tmp_path, ("a", "b", "._a"), {})
    notes = devkit / "VOC2012" / "Annotations"
    (notes / "b.xml").rename(notes / "b.XML")
    assert names_of(voc.read(devkit, split="all")) == ["a", "b"]


@pytest.mark.parametrize("ending", [".jpeg", ".JPG", ".jfif", ".PNG", ".bmp", ".gif", ".webp"])
def test_images_may_end_as_images_do(tmp_path, ending):
    (path,) = voc.read(kit(tmp_path, "a", {"trainval.txt": b"a\n"}, ending)).paths
    assert path.endswith(f"a{ending}")


def test_an_image_is_the_one_that_its_annotation_names(tmp_path):
    text = "<annotation><filename>{}</filename></annotation>"
    devkit = kit(
        tmp_path, ("a", "b"), {"trainval.txt": b"a\nb\n"}, ".png", text.format("C:\\mine\\other.tiff")
    )
    images = devkit / "VOC2012" / "JPEGImages"
    (images / "a.png").rename(images / "other.tiff")
    (images / "b.jpg").touch()
    (devkit / "VOC2012/Annotations/b.xml").write_text(text.format("b.png"))
    assert [Path(path).name for path in voc.read(devkit).paths] == ["other.tiff", "b.png"]
    (images / "other.tiff").rename(images / "other.png")  # it was saved anew
    assert [Path(path).name for path in voc.read(devkit).paths] == ["other.png", "b.png"]


def test_a_kit_without_lists_is_taken_whole_and_said(tmp_path, caplog):
    devkit = kit(tmp_path, "ab", {})
    with caplog.at_level(logging.WARNING, "slimzoo"):
        assert names_of(voc.read(devkit)) == ["a", "b"]
    assert "holds no list of images (ImageSets/Main): all 2 are taken" in caplog.text
    assert names_of(voc.read(devkit, split="all")) == ["a", "b"]
    with pytest.raises(
        FileNotFoundError, match=r'no split \'val\' .*; none is there; split="all" takes every image'
    ):
        voc.read(devkit, split="val")


def test_a_kit_of_classes_own_lists_alone_has_the_splits_that_they_make_up(tmp_path):
    devkit = kit(tmp_path, "ab", {"cat_train.txt": b"a 1\n", "dog_val.txt": b"b 1\n"})
    with pytest.raises(FileNotFoundError, match=r"no split 'trainval' .*; splits there: train, val$"):
        voc.read(devkit)


def test_other_classes_than_voc_s_are_taken_from_the_whole_kit_and_said(tmp_path, caplog):
    devkit = kit(tmp_path, "ab", {"trainval.txt": b"a\n"}, text=annotation(("helmet", 0), ("person", 0)))
    (devkit / "VOC2012/Annotations/b.xml").write_text(annotation(("vest", 1)))
    with caplog.at_level(logging.WARNING, "slimzoo"):
        dataset = voc.read(devkit)
    assert dataset.classes == ("helmet", "person", "vest") and shown(dataset, 0) == {"helmet", "person"}
    assert "as annotated: helmet (1), person (1), vest (1); classes=NAMES names others" in caplog.text


def test_given_classes_hold_and_others_are_refused(tmp_path):
    devkit = kit(tmp_path, "a", {"trainval.txt": b"a\n"}, text=annotation(("helmet", 0)))
    assert voc.read(devkit, classes=["vest", "helmet"]).classes == ("vest", "helmet")
    with pytest.raises(SlimzooError, match="unknown class 'helmet'; known are vest"):
        voc.read(devkit, classes=["vest"])
    with pytest.raises(SlimzooError, match="class 'vest' is given more than once"):
        voc.read(devkit, classes=["vest", "helmet", "vest"])


@pytest.mark.parametrize("encoding", ["klingon", "gb2312", "utf-16", "utf-7", "idna", ""])
def test_an_annotation_in_a_strange_encoding_is_that_file_s_fault(tmp_path, encoding):
    text = f'<?xml version="1.0" encoding="{encoding}"?>{annotation(("dog", 0))}'
    devkit = kit(tmp_path, "ab", {"trainval.txt": b"a\nb\n"}, text=text)
    with pytest.raises(SlimzooError, match=r"2 problems:\n.*a\.xml: broken XML .*\n.*b\.xml: broken XML"):
        voc.read(devkit)


@pytest.mark.parametrize(("mark", "hard"), [("False", False), ("true", True)])
def test_what_is_difficult_may_be_said_in_words(tmp_path, mark, hard):
    dataset = voc.read(kit(tmp_path, "a", {"trainval.txt": b"a\n"}, text=annotation(("dog", mark))))
    assert ("dog" in ignored(dataset, 0)) is hard


def test_an_annotation_that_is_a_pointer_of_git_lfs_is_called_one(tmp_path):
    text = "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"
    with pytest.raises(SlimzooError, match=r"a\.xml: broken XML .*it is a Git LFS pointer"):
        voc.read(kit(tmp_path, "a", {"trainval.txt": b"a\n"}, text=text))


def test_a_link_to_no_image_and_a_folder_for_an_annotation_are_listed(tmp_path):
    devkit = kit(tmp_path, "ab", {"trainval.txt": b"a\nb\n"})
    (devkit / "VOC2012/JPEGImages/a.jpg").unlink()
    os.symlink("gone.jpg", devkit / "VOC2012/JPEGImages/a.jpg")
    (devkit / "VOC2012/Annotations/b.xml").unlink()
    (devkit / "VOC2012/Annotations/b.xml").mkdir()
    with pytest.raises(SlimzooError, match=r"2 problems:\n.*b\.xml: Is a directory\n.*a\.jpg: no such image"):
        voc.read(devkit)


def test_a_folder_with_annotations_is_a_kit_whatever_its_name(tmp_path):
    kit(tmp_path, "a", {}).joinpath("VOC2012").rename(tmp_path / "VOC_helmets")
    assert names_of(voc.read(tmp_path / "VOC_helmets")) == ["a"]


def test_folders_may_be_called_in_small_letters(tmp_path):
    year = kit(tmp_path, "ab", {}) / "VOC2012"
    for old, new in (("Annotations", "annotations"), ("JPEGImages", "images")):
        (year / old).rename(year / new)
    assert names_of(voc.read(year, split="all")) == ["a", "b"]


def test_annotations_may_lie_beside_their_images(tmp_path):
    year = kit(tmp_path, "ab", {}) / "VOC2012"
    for folder in ("Annotations", "JPEGImages"):
        for path in (year / folder).iterdir():
            path.rename(tmp_path / path.name)
    (tmp_path / "b.jpg").rename(tmp_path / "b.PNG")
    assert names_of(voc.read(tmp_path, split="all")) == ["a", "b"]


def test_a_kit_of_another_name_is_pointed_at(tmp_path):
    kit(tmp_path, "a", {}).joinpath("VOC2012").rename(tmp_path / "kit" / "mine")
    with pytest.raises(FileNotFoundError, match=r"there is no VOC2012 in .*; give .*/kit/mine itself"):
        voc.read(tmp_path / "kit")


def test_the_real_images_show_all_classes(shared):
    dataset = voc.read(shared / "voc" / "VOCdevkit", "2012", "trainval")
    assert len(dataset) == 100
    assert dataset.counts["person"] == 38 and min(dataset.counts.values()) == 3
    assert int((dataset.weights == 0).sum()) == 15  # class and image pairs with difficult objects only
    assert not (dataset.labels * (1 - dataset.weights)).any()


def test_numbers_for_names_are_images_in_a_list_and_flags_in_that_of_a_class(tmp_path):
    root = kit(tmp_path, ["1", "0", "7 1"], {"train.txt": b"1 0\n7 1\n", "dog_train.txt": b"1 0\n0 1\n"})
    assert names_of(voc.read(root, split="train")) == ["1", "0", "7 1"]
    dataset = voc.read(root, split="dog_train")
    assert names_of(dataset) == ["1", "0"] and "dog" in ignored(dataset, 0) and "dog" in shown(dataset, 1)


@pytest.mark.parametrize(
    "line", ["C:\\kit\\JPEGImages\\a.JPG", "/kit/JPEGImages/a.jpg", "./a.jpg", "..\\a.xml"]
)
def test_a_list_may_name_paths_of_any_system(tmp_path, line):
    root = kit(tmp_path, ["a", "b"], {"train.txt": f"{line}\nb\n".encode()})
    assert names_of(voc.read(root, split="train")) == ["a", "b"]


def test_a_mark_of_the_byte_order_inside_is_no_part_of_a_name(tmp_path):
    root = kit(tmp_path, ["a", "b"], {"train.txt": "a\n\ufeffb\n".encode()})
    assert names_of(voc.read(root, split="train")) == ["a", "b"]


def test_an_image_of_two_annotations_is_refused(tmp_path):
    text = "<annotation><filename>same.jpg</filename></annotation>"
    root = kit(tmp_path, ["a", "b"], {"train.txt": b"a\nb\n"}, text=text)
    images = root / "VOC2012" / "JPEGImages"
    (images / "a.jpg").rename(images / "same.jpg")
    (images / "b.jpg").unlink()
    with pytest.raises(SlimzooError, match=r"same\.jpg: the image of several annotations: a, b"):
        voc.read(root, split="train")


def test_flags_that_contradict_the_annotations_are_believed_and_said(devkit, caplog):
    with caplog.at_level(logging.WARNING, "slimzoo"):
        voc.read(devkit, split="dog_train")
    assert not caplog.records  # -1 where the objects are difficult only
    (devkit / "VOC2012/ImageSets/Main/dog_train.txt").write_text("a -1\nc 1\nb 0\n")
    with caplog.at_level(logging.WARNING, "slimzoo"):
        dataset = voc.read(devkit, split="dog_train")
    assert "contradict the annotations of 2 images, and are believed: a, c" in caplog.text
    assert shown(dataset, 0) == {"person"} and shown(dataset, 1) == {"dog"}
