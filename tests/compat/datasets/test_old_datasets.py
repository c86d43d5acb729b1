"""The old repository's data sets, read back from records written with its own features."""

import contextlib
import re

import numpy as np
import pytest
import tensorflow as tf

from slimzoo import slim
from slimzoo.compat.datasets import (
    cifar10,
    dataset_factory,
    dataset_utils,
    download_and_convert_flowers,
    flowers,
    imagenet,
    mnist,
    visualwakewords,
)
from tests.slim.data.records import drain, example, feature, graph_session, picture, write

PUBLISHED = {  # name: splits, classes, items
    "cifar10": ({"train": 50_000, "test": 10_000}, 10, {"image", "label"}),
    "flowers": ({"train": 3320, "validation": 350}, 5, {"image", "label"}),
    "imagenet": (
        {"train": 1_281_167, "validation": 50_000},
        1001,
        {"image", "label", "label_text", "object/bbox", "object/label"},
    ),
    "mnist": ({"train": 60_000, "test": 10_000}, 10, {"image", "label"}),
    "visualwakewords": ({"train": 82_783, "val": 40_504}, 2, {"image", "label", "object/bbox"}),
}
BOX = {"ymin": [0.1, 0.2], "xmin": [0.3, 0.4], "ymax": [0.5, 0.6], "xmax": [0.7, 0.8]}


def read(dataset):
    """Returns item -> values of all records."""
    with graph_session():
        provider = slim.dataset_data_provider.DatasetDataProvider(dataset, shuffle=False, num_epochs=1)
        items = dataset.decoder.list_items()
        return dict(zip(items, drain(*provider.get(items)), strict=True))


def records(size=(32, 32, 3), labels=(3, 1), image_format="png", **more):
    contents = tf.io.encode_png(picture(*size)).numpy()
    for label in labels:
        made = dataset_utils.image_to_tfexample(contents, image_format, size[0], size[1], label)
        for name, values in more.items():
            made.features.feature[name.replace("__", "/")].CopyFrom(feature(*values))
        yield made.SerializeToString()


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_splits_sizes_and_items_are_the_published_ones(name, tmp_path):
    splits, classes, items = PUBLISHED[name]
    for split, size in splits.items():
        made = dataset_factory.get_dataset(name, split, str(tmp_path))
        assert (made.num_samples, made.num_classes) == (size, classes)
        assert set(made.decoder.list_items()) == set(made.items_to_descriptions) == items
    assert set(PUBLISHED) == set(dataset_factory.datasets_map)


@pytest.mark.parametrize(
    ("module", "file", "split", "size"),
    [
        (cifar10, "cifar10_test.tfrecord", "test", (32, 32, 3)),
        (flowers, "flowers_validation_00000-of-00005.tfrecord", "validation", (20, 33, 3)),
        (mnist, "mnist_train.tfrecord", "train", (28, 28, 1)),
        (visualwakewords, "val.record-00000-of-00001", "val", (20, 33, 3)),
        (imagenet, "validation-00000-of-00128", "validation", (20, 33, 3)),
    ],
)
def test_records_written_with_the_old_features_are_read(tmp_path, module, file, split, size):
    write(tmp_path / file, records(size))
    dataset_utils.write_label_file({0: "none", 1: "some"}, str(tmp_path))
    made = module.get_split(split, str(tmp_path))
    found = read(made)
    assert found["label"] == [3, 1] and made.labels_to_names == {0: "none", 1: "some"}
    for image in found["image"]:
        np.testing.assert_array_equal(image, picture(*size))


def test_imagenet_has_boxes_and_the_text_of_its_labels(tmp_path):
    sides = {f"image__object__bbox__{side}": values for side, values in BOX.items()}
    more = {**sides, "image__object__class__label": [7, 7], "image__class__text": ["tench"]}
    write(tmp_path / "train-00000-of-01024", records(labels=[1], **more))
    found = read(imagenet.get_split("train", str(tmp_path)))
    expected = np.float32([[0.1, 0.3, 0.5, 0.7], [0.2, 0.4, 0.6, 0.8]])
    np.testing.assert_array_equal(found["object/bbox"], [expected])
    assert found["object/label"][0].tolist() == [7, 7] and found["label_text"] == [b"tench"]


def test_imagenet_names_its_classes_without_a_download(tmp_path):
    names = imagenet.create_readable_names_for_imagenet_labels()
    assert len(names) == 1001 and names[0] == "background" and names[1] == "tench, Tinca tinca"
    made = imagenet.get_split("train", str(tmp_path))
    assert made.labels_to_names == names == dataset_utils.read_label_file(str(tmp_path))
    assert imagenet.get_split("train", str(tmp_path / "not" / "there")).labels_to_names == names


def test_imagenet_can_do_without_names(tmp_path, monkeypatch):
    monkeypatch.setattr(imagenet, "LOAD_READABLE_NAMES", False)
    assert imagenet.get_split("train", str(tmp_path)).labels_to_names is None
    assert not dataset_utils.has_labels(str(tmp_path))


def test_a_pattern_of_ones_own_and_a_reader_are_taken(tmp_path):
    write(tmp_path / "mine-train.rec", records())
    made = dataset_factory.get_dataset(
        "cifar10", "train", str(tmp_path), "mine-%s.rec", tf.compat.v1.TFRecordReader
    )
    assert read(made)["label"] == [3, 1] and made.labels_to_names is None


def test_what_is_unknown_is_answered_with_what_is_known(tmp_path):
    with pytest.raises(
        ValueError, match=r"Name of dataset unknown flower. Nearest: flowers. There are cifar10, f"
    ):
        dataset_factory.get_dataset("flower", "train", "x")
    with pytest.raises(ValueError, match=r"split name test was not recognized. There are train, validation"):
        dataset_factory.get_dataset("flowers", "test", "x")
    with pytest.raises(ValueError, match=r"file_pattern 'x.rec' has no %s where the split name goes"):
        dataset_factory.get_dataset("flowers", "train", "x", file_pattern="x.rec")
    with graph_session(), pytest.raises(ValueError, match=r"No data files found in .*there is no file"):
        made = dataset_factory.get_dataset("flowers", "train", str(tmp_path))
        slim.dataset_data_provider.DatasetDataProvider(made)


def test_features_are_those_of_tf_train():
    assert dataset_utils.int64_feature(3) == dataset_utils.int64_feature([3]) == feature(3)
    assert (
        dataset_utils.float_feature((1.0, 2.0))
        == dataset_utils.float_list_feature([1, 2])
        == feature(1.0, 2.0)
    )
    assert dataset_utils.bytes_feature(b"a") == dataset_utils.bytes_feature("a") == feature("a")
    assert dataset_utils.bytes_list_feature([b"a", b"b"]) == feature("a", "b")
    made = dataset_utils.image_to_tfexample(b"...", b"jpg", 4, 5, 6)
    again = example(
        image__encoded="...", image__format="jpg", image__class__label=6, image__height=4, image__width=5
    )
    assert made == tf.train.Example.FromString(again)


def test_a_labels_file_is_one_number_and_name_a_line(tmp_path):
    names = {0: "rose: red", 1: "tulip"}
    assert not dataset_utils.has_labels(str(tmp_path))
    dataset_utils.write_label_file(names, str(tmp_path))
    assert (tmp_path / "labels.txt").read_text() == "0:rose: red\n1:tulip\n"
    assert dataset_utils.has_labels(str(tmp_path)) and dataset_utils.read_label_file(str(tmp_path)) == names
    (tmp_path / "odd.txt").write_text("0:a\nb\nx:c\n")
    with pytest.raises(ValueError, match=r"odd.txt must hold one number:name a line(.|\n)*\n  b\n  x:c"):
        dataset_utils.read_label_file(str(tmp_path), "odd.txt")


def test_shards_are_numbered_and_closed(tmp_path):
    with contextlib.ExitStack() as stack:
        writers = dataset_utils.open_sharded_output_tfrecords(stack, str(tmp_path / "val.record"), 2)
        for writer in writers:
            writer.write(b"x")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "val.record-00000-of-00002",
        "val.record-00001-of-00002",
    ]


def test_without_a_net_the_error_says_where_to_put_the_file(tmp_path):
    missing = (tmp_path / "nowhere" / "photos.tgz").as_uri()
    with pytest.raises(
        OSError, match=f"cannot be downloaded .* put it at {re.escape(str(tmp_path))}/photos.tgz"
    ):
        dataset_utils.download_and_uncompress_tarball(missing, str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_flowers_are_converted_from_a_folder_of_each_class(tmp_path, monkeypatch, shared, capsys):
    photos = sorted((shared / "voc" / "VOCdevkit" / "VOC2012" / "JPEGImages").glob("*.jpg"))[:8]
    for i, photo in enumerate(photos):
        target = tmp_path / "flower_photos" / ("roses", "tulips")[i % 2] / photo.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(photo.read_bytes())
    monkeypatch.setattr(download_and_convert_flowers, "_NUM_VALIDATION", 3)
    download_and_convert_flowers.run(str(tmp_path))
    found = {split: read(flowers.get_split(split, str(tmp_path))) for split in ("train", "validation")}
    assert [len(items["image"]) for items in found.values()] == [5, 3]
    assert sorted(label for items in found.values() for label in items["label"]) == [0] * 4 + [1] * 4
    assert dataset_utils.read_label_file(str(tmp_path)) == {0: "roses", 1: "tulips"}
    assert photos[0].name in [
        path.name for path in tmp_path.rglob("*.jpg")
    ]  # nobody's photographs are removed
    download_and_convert_flowers.run(str(tmp_path))
    assert "already exist" in capsys.readouterr().out


def test_what_is_no_photograph_is_named(tmp_path):
    folder = tmp_path / "flower_photos" / "roses"
    folder.mkdir(parents=True)
    with pytest.raises(ValueError, match="holds no photographs"):
        download_and_convert_flowers.run(str(tmp_path))
    (folder / "readme.txt").write_text("no picture")
    with pytest.raises(ValueError, match=r"these files are no JPEG(.|\n)*readme.txt"):
        download_and_convert_flowers.run(str(tmp_path))
