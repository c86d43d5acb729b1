"""Lists of images and labels as people keep them: delimiters, headers, several labels, and every fault."""

import logging

import numpy as np
import pytest

from slimzoo.data import lists
from slimzoo.data.columns import Wanted
from slimzoo.data.opening import open_data
from slimzoo.errors import SlimzooError
from tests.data.records import encoded

NAMES = ("a.jpg", "b c.png", "sub/d.jpg", "e.jpg")


@pytest.fixture(autouse=True)
def images(tmp_path):
    """Four images, one of them in a sub-folder and one with a blank in its name."""
    (tmp_path / "sub").mkdir()
    for i, name in enumerate(NAMES):
        (tmp_path / name).write_bytes(encoded(i, "PNG" if name.endswith("png") else "JPEG"))
    return tmp_path


def read(folder, text, encoding="utf-8", **how):
    (folder / "list.csv").write_bytes(text.encode(encoding))
    return lists.read(folder / "list.csv", **how)


def told(data):
    """{file: classes} of a data set."""
    return {
        path.rpartition("/")[2]: [data.classes[k] for k in np.flatnonzero(row)]
        for path, row in zip(data.paths, data.labels, strict=True)
    }


ONE = {"a.jpg": ["cat"], "b c.png": ["red dog"], "d.jpg": ["cat"]}


@pytest.mark.parametrize(
    "text",
    [
        "a.jpg,cat\nb c.png,red dog\nsub/d.jpg,cat\n",
        "a.jpg\tcat\nb c.png\tred dog\nsub\\d.jpg\tcat\n",
        "a.jpg;cat\r\nb c.png;red dog\r\nsub/d.jpg;cat\r\n",
        "file,label\na.jpg,cat\nb c.png,red dog\nsub/d.jpg,cat\n",
        'class,image\n"cat","a.jpg"\n"red dog","b c.png"\ncat,sub/d.jpg\n',
        "species, photo\ncat, a\nred dog, b c\n\ncat, sub/d\n",
        "id,width,label,height\na,3,cat,1\nb c,3,red dog,2\nsub/d,4,cat,1\n",
        "what\twhere\ncat\ta.jpg\nred dog\tb c.png\ncat\tsub/d.jpg\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_columns_are_found_whatever_is_between_them_and_above(images, text, encoding):
    data = read(images, text, encoding)
    assert told(data) == ONE and data.classes == ("cat", "red dog") and not data.multi_label
    assert (data.weights == 1).all()


SEVERAL = {"a.jpg": ["cat", "dog"], "b c.png": [], "d.jpg": ["dog"]}


@pytest.mark.parametrize(
    "text",
    [
        "image,labels\na.jpg,cat|dog\nb c.png,\nsub/d.jpg,dog\n",
        "a.jpg,dog; cat\nb c.png\nsub/d.jpg,dog\n",
        "image,cat,dog\na.jpg,1,1\nb c.png,0,0\nsub/d.jpg,0,1\n",
        "image,label_1,label_2\na.jpg,dog,cat\nb c.png,,\nsub/d.jpg,dog,\n",
        "a.jpg,cat,dog\nb c.png,,\nsub/d.jpg,dog\n",
        "a.jpg\tcat,dog\nb c.png\t\nsub/d.jpg\tdog\n".replace("cat,dog", "cat|dog"),
    ],
)
def test_an_image_may_have_several_labels(images, text):
    data = read(images, text)
    assert told(data) == SEVERAL and data.classes == ("cat", "dog") and data.multi_label


def test_a_line_for_each_label_is_put_together_and_said(images, caplog):
    with caplog.at_level(logging.WARNING, "slimzoo"):
        data = read(images, "image,label\na.jpg,dog\na.jpg,cat\ne.jpg,cat\n")
    assert told(data) == {"a.jpg": ["cat", "dog"], "e.jpg": ["cat"]} and data.multi_label
    assert "several lines of an image, whose labels are put together: a.jpg" in caplog.text


def test_one_of_several_columns_of_flags_is_one_label(images):
    data = read(images, "image,cat,dog\na.jpg,1,0\ne.jpg,0,1\n")
    assert not data.multi_label and told(data) == {"a.jpg": ["cat"], "e.jpg": ["dog"]}


def test_numbers_are_in_the_order_of_numbers_and_classes_may_be_given(images):
    text = "image,label\na.jpg,10\nb c.png,9\ne.jpg,1\n"
    assert read(images, text).classes == ("1", "9", "10")
    assert read(images, text, classes=("10", "1", "9")).labels.argmax(1).tolist() == [0, 2, 1]


def test_a_column_split_holds_the_parts(images, caplog):
    text = "image,label,split\na.jpg,cat,train\nb c.png,dog,train\nsub/d.jpg,cat,val\ne.jpg,dog,test\n"
    (images / "list.csv").write_text(text)
    with caplog.at_level(logging.WARNING, "slimzoo"):
        train, held_out = open_data("list", images / "list.csv")
    assert (len(train), len(held_out)) == (2, 1)
    assert "trained on is train, held out val; test is left alone" in caplog.text
    apart = lists.read(images / "list.csv", classes=train.classes, split="test")
    assert told(apart) == {"e.jpg": ["dog"]}
    parts = open_data("list", images / "list.csv", validation="test")
    assert [len(part) for part in parts] == [2, 1]
    with pytest.raises(SlimzooError, match="no image of split 'dev2'; there are test, train, val"):
        lists.read(images / "list.csv", split="dev2")


def test_a_list_of_parts_without_train_is_read_as_one_and_that_is_said(images, caplog):
    text = "image,label,split\na.jpg,cat,val\nb c.png,dog,val\nsub/d.jpg,cat,test\ne.jpg,dog,test\n"
    (images / "list.csv").write_text(text)
    with caplog.at_level(logging.WARNING, "slimzoo"):
        train, held_out = open_data("list", images / "list.csv")
    assert len(train) + len(held_out) == 4
    assert "list.csv holds test, val and no part train: all of it is read as one" in caplog.text


def test_another_list_is_held_out_and_images_lie_where_they_are_said_to(images, tmp_path):
    (tmp_path / "lists").mkdir()
    for name, text in (("train", "a.jpg,cat\nb c.png,dog\n"), ("val", "e.jpg,dog\n")):
        (tmp_path / "lists" / f"{name}.csv").write_text(text)
    paths = [tmp_path / "lists" / f"{name}.csv" for name in ("train", "val")]
    train, held_out = open_data("list", paths[0], validation=str(paths[1]), images=tmp_path)
    assert train.classes == held_out.classes and told(held_out) == {"e.jpg": ["dog"]}


def test_columns_go_by_name_or_number_and_those_left_out_are_said(images, caplog):
    text = "image,label,colour,size\na.jpg,cat,red,3\ne.jpg,dog,blue,4\n"
    with caplog.at_level(logging.WARNING, "slimzoo"):
        read(images, text)
    assert "columns of" in caplog.text and "are left out: colour, size" in caplog.text
    for wanted in (Wanted(labels=("colour",)), Wanted("1", ("3",))):
        assert read(images, text, wanted=wanted).classes == ("blue", "red")
    with pytest.raises(SlimzooError, match=r"has no column shape; there are image, label, colour, size"):
        read(images, text, wanted=Wanted(labels=("shape",)))
    with pytest.raises(SlimzooError, match=r"which columns hold labels: colour, size are neither"):
        read(images, "image,colour,size\na.jpg,red,3\ne.jpg,blue,4\n")


def test_columns_of_flags_that_are_named_are_classes_beside_others(images):
    text = "image,cat,dog,note\na.jpg,1,0,old\ne.jpg,0,1,new\n"
    for labels in (("cat", "dog"), ("2", "3")):
        found = read(images, text, wanted=Wanted(labels=labels))
        assert told(found) == {"a.jpg": ["cat"], "e.jpg": ["dog"]} and not found.multi_label


def test_a_quote_that_nothing_closes_is_named_by_the_line_where_it_opens(images):
    with pytest.raises(SlimzooError, match="line 3: a quote holds several lines together; closed too late"):
        read(images, 'image,label\na.jpg,cat\n"b c.png,dog\ne.jpg,cat\n"sub/d.jpg,dog\n')


def test_only_what_ends_a_line_in_an_editor_counts_as_one(images):
    with pytest.raises(SlimzooError, match="line 4: no such image"):
        read(images, "image,label\r\na.jpg,a\x0bb\u2028c\ne.jpg,dog\rx.jpg,dog")


def test_every_fault_is_listed_with_its_line(images):
    (images / "text.jpg").write_text("no image")
    text = "image,label\na.jpg,cat\nnone.jpg,dog\ntext.jpg,cat\ne.jpg,\nb c.png,bird\n"
    with pytest.raises(SlimzooError) as caught:
        read(images, text, classes=("cat", "dog"))
    found = str(caught.value)
    for part in (
        "list.csv cannot be used, 4 problems:",
        "line 3: no such image",
        "line 4: ",
        "text.jpg is not an image",
        "line 5 has no label",
        "line 6: unknown class 'bird'; known are cat, dog",
    ):
        assert part in found


@pytest.mark.parametrize(
    "text, said",
    [
        ("", "no two columns"),
        ("a.jpg\ne.jpg\n", "no two columns"),
        ("image,label\n", "no image is listed"),
        ("image,label\na.jpg,cat\ne.jpg,cat\n", "only one class (cat)"),
        ("a.jpg,0,1\ne.jpg,1,0\n", "whose classes its first line should name"),
        ("image,cat,\na.jpg,0,1\ne.jpg,1,0\n", "whose classes its first line should name"),
        ("image,label\na.jpg,cat\ne.jpg,dog,bird\n", "line 3 has 3 columns"),
        ("x.jpg,cat\ny.jpg,dog\n", "line 1: no such image"),
        ("image,label\nsub,cat\ne.jpg,dog\n", "line 2: a folder, no image"),
        ("PK\x03\x04", "is no text; it is a zip file, as spreadsheets are"),
        ("GIF89a", "is no text; it is an image"),
    ],
)
def test_what_is_no_list_is_told(images, text, said):
    with pytest.raises(SlimzooError) as caught:
        read(images, text)
    assert said in str(caught.value)


def test_a_list_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no list"):
        lists.read(tmp_path / "nowhere.csv")
