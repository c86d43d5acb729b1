"""A folder with one sub-folder a class, judged by content."""

import os
import unicodedata

import numpy as np
import pytest
from PIL import Image

from slimzoo.data import folder
from slimzoo.errors import SlimzooError


def picture(path, kind="PNG"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 6), (10, 200, 30)).save(path, kind)


@pytest.fixture
def root(tmp_path):
    """Two classes; endings tell nothing."""
    for name, kind in (("cats/1.jpg", "JPEG"), ("cats/2.jpg", "PNG"), ("dogs/3", "GIF"), ("dogs/4.x", "BMP")):
        picture(tmp_path / "pets" / name, kind)
    return tmp_path / "pets"


def test_sub_folders_are_classes_and_content_decides(root):
    dataset = folder.read(root)
    assert dataset.classes == ("cats", "dogs") and dataset.name == "pets" and not dataset.multi_label
    np.testing.assert_array_equal(dataset.labels, [[1, 0], [1, 0], [0, 1], [0, 1]])
    assert (dataset.weights == 1).all()
    assert [folder.image_format(path) for path in dataset.paths] == ["JPEG", "PNG", "GIF", "BMP"]


def test_hidden_files_and_clutter_are_passed_over(root):
    for name in (".DS_Store", "cats/.hidden", "cats/Thumbs.db", "README.txt"):
        (root / name).write_text("no image")
    (root / ".git").mkdir()
    assert len(folder.read(root)) == 4


@pytest.mark.parametrize(
    "clutter",
    [
        *("__MACOSX/cats/._1.jpg", "@eaDir/1.jpg", "System Volume Information/x", ".ipynb_checkpoints/1.png"),
        *("cats/~$1.docx", "cats/1.jpg.lock", "cats/.~lock.1.jpg#", "cats/1.jpg~", "cats/2.jpg.part"),
        "dogs/desktop.ini",
    ],
)
def test_what_archives_editors_and_downloads_leave_is_passed_over(root, clutter):
    (root / clutter).parent.mkdir(parents=True, exist_ok=True)
    (root / clutter).write_bytes((root / "cats/1.jpg").read_bytes())
    dataset = folder.read(root)
    assert dataset.classes == ("cats", "dogs") and len(dataset) == 4


CAFE = {form: unicodedata.normalize(form, "caf\u00e9") for form in ("NFC", "NFD")}


def test_a_name_of_a_mac_and_the_same_of_others_are_one_class(root):
    for form, name in CAFE.items():
        picture(root / name / f"{form}.png")
    dataset = folder.read(root)
    assert dataset.classes == (CAFE["NFC"], "cats", "dogs") and dataset.counts[CAFE["NFC"]] == 2
    for name in CAFE.values():  # a model may have learnt either
        again = folder.read(root, classes=("dogs", name, "cats"))
        assert again.counts == {"dogs": 2, name: 2, "cats": 2}


def test_links_to_nothing_are_listed_with_the_others(root):
    os.symlink(root / "gone.jpg", root / "cats" / "gone.jpg")
    os.symlink(root / "gone", root / "birds")
    os.mkfifo(root / "dogs" / "pipe")
    (root / "dogs/notes.txt").write_text("no image")
    with pytest.raises(SlimzooError) as caught:
        folder.read(root)
    for part in (
        *("4 problems", "cats/gone.jpg: a link to what is not there", "birds: a link to what is not there"),
        *("dogs/pipe: neither a file nor a folder", "notes.txt: not an image"),
    ):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    "names",
    [("train", "val"), ("Train", "Valid", "test"), ("training",), ("train", "test"), ("training_set", "dev")],
)
def test_a_folder_of_parts_is_no_folder_of_classes(tmp_path, names):
    for name in names:
        picture(tmp_path / name / "cats/1.png")
    found = folder.parts(tmp_path)
    assert sorted(path.name for path in found.values()) == sorted(names)
    with pytest.raises(SlimzooError, match=r"in place of classes; give one of them: .*rain"):
        folder.read(tmp_path)


@pytest.mark.parametrize("names", [("train", "bus"), ("train", "test"), ("val", "test")])
def test_classes_may_be_called_like_parts(tmp_path, names):
    for name in names:
        picture(tmp_path / name / "1.png")
    assert folder.parts(tmp_path) == {}
    assert folder.read(tmp_path).classes == tuple(sorted(names))


def test_a_second_folder_follows_the_classes_of_the_first(root):
    dataset = folder.read(root, classes=("dogs", "birds", "cats"))
    assert dataset.counts == {"dogs": 2, "birds": 0, "cats": 2}
    with pytest.raises(SlimzooError, match="dogs: not a class; known are birds, cats"):
        folder.read(root, classes=("birds", "cats"))


def test_everything_wrong_is_listed_in_one_error(root):
    (root / "cats/notes.txt").write_text("no image")
    (root / "dogs/empty.png").touch()
    (root / "birds").mkdir()
    (root / "dogs/more").mkdir()
    picture(root / "lost.png")
    with pytest.raises(SlimzooError) as caught:
        folder.read(root)
    for part in (
        "5 problems",
        "birds: a class without images",
        "notes.txt: not an image (JPEG, PNG, GIF, BMP can be read)",
        "empty.png: not an image",
        "more: a folder inside of a class",
        "lost.png: an image outside of the class folders",
    ):
        assert part in str(caught.value)


def test_a_folder_without_classes_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*none; it should hold one sub-folder"):
        folder.read(tmp_path / "none")
    with pytest.raises(SlimzooError, match="no sub-folder in it; make one for each class"):
        folder.read(tmp_path)
    picture(tmp_path / "cats/1.png")
    with pytest.raises(SlimzooError, match=r"only one class \(cats\); at least two are needed"):
        folder.read(tmp_path)
    picture(tmp_path / "cats/tabby/1.png")
    with pytest.raises(SlimzooError, match=r"two are needed\. It holds folders: give .*/cats if"):
        folder.read(tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is empty"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
            r"it is a Git LFS pointer.*git lfs pull",
        ),
        (b"\n<!DOCTYPE html><html>gone</html>", "it is a web page"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "it is WebP: save it as PNG"),
    ],
)
def test_what_stands_in_place_of_an_image_is_called_so(root, content, words):
    (root / "cats" / "9.jpg").write_bytes(content)
    with pytest.raises(SlimzooError, match=rf"9\.jpg: not an image .*{words}"):
        folder.read(root)


def test_names_that_are_no_utf_8_are_classes_that_can_be_written_down(root):
    os.rename(root / "cats", os.fsencode(root) + b"/ch\xe2ts")
    assert folder.read(root).classes == ("ch\\udce2ts", "dogs")
    assert len(folder.read(root, ("dogs", "ch\\udce2ts"))) == 4
