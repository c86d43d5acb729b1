"""Pascal VOC's masks: which image has which, and everything wrong with a kit at once."""

import shutil

import numpy as np
import pytest
from PIL import Image

from slimzoo.data.dense import MaskDataset, voc
from slimzoo.data.dense.dataset import example
from slimzoo.data.splits import split
from slimzoo.errors import SlimzooError
from slimzoo.labels import dense
from slimzoo.training.run_folder import fingerprint
from tests.data.dense.drawn import draw_voc


@pytest.fixture
def kit(tmp_path):
    return draw_voc(tmp_path)


def test_a_list_is_read_in_its_order_with_vocs_21_classes(kit):
    data = voc.read(kit, split="train")
    assert (data.name, len(data), data.classes) == ("VOC2012 train", 6, dense.names("voc"))
    assert data.largest == (40, 48)
    assert [path.rpartition("/")[2] for path in data.paths] == [f"2012_{i:06d}.jpg" for i in range(6)]
    assert data.counts["aeroplane"] == 6 and data.counts["sheep"] == 0
    assert len(voc.read(kit / "VOC2012", split="all")) == 8
    assert repr(data).startswith("<Dataset VOC2012 train: 6 images, 21 classes: background")


def test_parts_of_it_keep_their_masks_and_share_out_the_classes(kit):
    train, apart = split(voc.read(kit, split="trainval"), 0.25, seed=0)
    assert isinstance(train, MaskDataset) and isinstance(apart, MaskDataset)
    assert (len(train), len(apart), len(apart.masks)) == (6, 2, 2)
    assert not set(train.masks) & set(apart.masks)


def test_trainaug_takes_the_gray_masks_and_other_lists_vocs_own(kit):
    root = kit / "VOC2012"
    (root / "SegmentationClassAug").mkdir()
    for name in ("2012_000000", "2012_000001"):
        mask = np.array(Image.open(root / f"SegmentationClass/{name}.png"))
        Image.fromarray(mask).save(root / f"SegmentationClassAug/{name}.png")
    lists = root / "ImageSets/Segmentation"
    (lists / "trainaug.txt").write_text("2012_000000\n2012_000001\n")
    (lists / "pairs.txt").write_text("/JPEGImages/2012_000001.jpg /SegmentationClassAug/2012_000001.png\n")
    gray, own = voc.read(kit, split="trainaug"), voc.read(kit, split="train")
    assert all("SegmentationClassAug" in mask for mask in gray.masks)
    assert not any("SegmentationClassAug" in mask for mask in own.masks)
    np.testing.assert_array_equal(gray.pixels, own.pixels[:2])
    assert "SegmentationClassAug" in voc.read(kit, split="pairs").masks[0]


def test_images_and_masks_that_are_missing_are_all_named(kit):
    root = kit / "VOC2012"
    (root / "SegmentationClass/2012_000000.png").unlink()
    (root / "JPEGImages/2012_000001.jpg").unlink()
    with open(root / "ImageSets/Segmentation/train.txt", "a") as file:
        file.write("2012_000002\n")
    with pytest.raises(SlimzooError) as caught:
        voc.read(kit, split="train")
    for words in (
        "2012_000000.png: no such mask, of the image 2012_000000.jpg",
        "2012_000001.jpg: no such image",
        "2012_000002.jpg: listed more than once",
    ):
        assert words in str(caught.value)


def test_a_list_that_is_not_there_is_answered_with_those_that_are(kit):
    with pytest.raises(FileNotFoundError, match="lists there: train, trainval, val"):
        voc.read(kit, split="test")
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        voc.read(kit / "nowhere")


def test_other_masks_are_other_data(kit, tmp_path):
    before = fingerprint(voc.read(kit, split="train"))
    shutil.copytree(kit, tmp_path / "moved" / "VOCdevkit")
    assert fingerprint(voc.read(tmp_path / "moved/VOCdevkit", split="train")) == before
    path = kit / "VOC2012/SegmentationClass/2012_000000.png"
    mask = np.array(Image.open(path))
    mask[0, 0] = 2
    Image.fromarray(mask).save(path)
    assert fingerprint(voc.read(kit, split="train")) != before


def test_classes_of_ones_own_are_named_in_the_order_of_the_ids(kit):
    assert voc.read(kit, split="train", classes=("a", "b", "c")).classes == ("a", "b", "c")
    with pytest.raises(SlimzooError, match=r"class ids that do not exist: 2"):
        voc.read(kit, split="train", classes=("a", "b"))


def test_an_image_is_told_in_words_by_its_name_its_mask_and_the_pixels_of_each_class():
    one = example("a/1.jpg", "b/1.png", np.array([1200, 0, 7]), (40, 40))
    (said,) = MaskDataset((one,), ("background", "bus", "dog"), "made", multi_label=True).in_words
    assert said == "1.jpg (1.png, 1,200 background, 7 dog)"
