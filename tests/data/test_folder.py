"""A folder with one sub-folder a class, judged by content."""

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
