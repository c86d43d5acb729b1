"""VOC folders are read as VOC's own evaluation counts them, and everything wrong is told at once."""

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
        FileNotFoundError, match="VOC2012 was given, but year 2007 was asked for; say year=2012"
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
        voc.read(devkit, split="train")
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


def test_the_real_images_show_all_classes(shared):
    dataset = voc.read(shared / "voc" / "VOCdevkit", "2012", "trainval")
    assert len(dataset) == 100
    assert dataset.counts["person"] == 38 and min(dataset.counts.values()) == 3
    assert int((dataset.weights == 0).sum()) == 15  # class and image pairs with difficult objects only
    assert not (dataset.labels * (1 - dataset.weights)).any()
