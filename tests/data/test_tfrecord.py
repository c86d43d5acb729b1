"""Shards of records as a data set: what is in them, and everything that is wrong in them."""

import logging
import os

import numpy as np
import pytest

from slimzoo.data import tfrecord
from slimzoo.data.images import read_image, verify_images
from slimzoo.data.opening import open_data
from slimzoo.data.places import image_bytes
from slimzoo.data.records import read_record
from slimzoo.errors import SlimzooError
from tests.data.records import FLOWERS, encoded, example, flowers, slim_example, write


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache of the test's own: indices are kept in it."""
    monkeypatch.setenv("SLIMZOO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "shards"


def test_shards_of_tf_slim_are_read_with_the_names_of_labels_txt(tmp_path):
    data = tfrecord.read(flowers(tmp_path / "flowers"))
    assert data.classes == FLOWERS and not data.multi_label and len(data) == 6
    np.testing.assert_array_equal(data.labels.argmax(1), [0, 1, 2, 0, 1, 2])
    assert (data.weights == 1).all() and (data.labels.sum(1) == 1).all()
    shard = tmp_path / "flowers" / "flowers_train_00000-of-00002.tfrecord"
    assert data.paths[0] == f"{shard}@0" and data.paths[1].startswith(f"{shard}@")
    for i, row in enumerate(data.examples):
        assert read_record(row.record) == image_bytes(row.path) == encoded(5_000 + i)
    verify_images(data)
    assert read_image(data.paths[4]).shape == (8, 9, 3)


def test_parts_are_told_by_the_names_of_shards(tmp_path, caplog):
    folder = flowers(tmp_path)
    flowers(folder, 1, 2, "validation")
    with caplog.at_level(logging.WARNING, "slimzoo"):
        train, held_out = open_data("tfrecord", folder)
    assert (len(train), len(held_out)) == (6, 2) and held_out.classes == FLOWERS
    assert f"{folder} holds parts: trained on is train, held out val" in caplog.text
    for split, count in (("train", 6), ("validation", 2), ("val", 2), ("flowers_v*", 2)):
        assert len(tfrecord.read(folder, split)) == count
    assert len(tfrecord.read(folder / "*_train_*")) == 6
    parts = open_data("tfrecord", folder, validation="validation", split="train")
    assert [len(part) for part in parts] == [6, 2]
    with caplog.at_level(logging.WARNING, "slimzoo"):
        parts = open_data("tfrecord", folder, validation=0.5)
    assert f"{folder} holds parts train, val: read is train" in caplog.text
    assert [len(part) for part in parts] == [3, 3]
    with pytest.raises(SlimzooError, match=r"no shard of split 'test'; there are flowers_train.tfrecord, f"):
        tfrecord.read(folder, "test")
    with pytest.raises(SlimzooError, match=r"2 of the 2 images .* are trained on too"):
        open_data("tfrecord", folder, split="*", validation="validation")


@pytest.mark.parametrize("validation", [None, 0.5])
def test_shards_of_parts_without_train_are_read_as_one_and_that_is_said(tmp_path, caplog, validation):
    folder = flowers(tmp_path, 1, 4, "validation")
    with caplog.at_level(logging.WARNING, "slimzoo"):
        train, held_out = open_data("tfrecord", folder, validation=validation)
    assert len(train) + len(held_out) == 4
    assert f"{folder} holds val and no part train: all of it is read as one" in caplog.text


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_names_come_of_the_records_where_there_is_no_labels_txt(tmp_path, kind):
    rows = [(3, "heron"), (1, "crane"), (3, "heron")]
    shard = write(
        tmp_path / "train-00000-of-00001",
        [
            example(image__encoded=encoded(i, kind), image__class__label=n, image__class__text=name)
            for i, (n, name) in enumerate(rows)
        ],
    )
    data = tfrecord.read(shard)
    assert data.classes == ("crane", "heron")
    np.testing.assert_array_equal(data.labels.argmax(1), [1, 0, 1])
    assert tfrecord.read(shard, classes=("heron", "cat", "crane")).labels.argmax(1).tolist() == [0, 2, 0]
    assert tfrecord.read(flowers(tmp_path / "f", labels=False)).classes == ("0", "1", "2")


def test_a_background_that_no_image_has_is_left_out_and_said(tmp_path, caplog):
    write(tmp_path / "a.tfrecord", [slim_example(i, 1 + i % 2) for i in range(4)])
    (tmp_path / "labels.txt").write_text("0:background\n1:crane\n2:crane\n")
    with caplog.at_level(logging.WARNING, "slimzoo"):
        data = tfrecord.read(tmp_path)
    assert data.classes == ("crane (1)", "crane (2)")
    assert "is of class 0, background: it is left out" in caplog.text
    assert "have the same name, and are told by their numbers: crane" in caplog.text


def test_objects_are_the_labels_of_an_image_without_one_of_its_own(tmp_path):
    def objects(seed, labels, difficult):
        return example(
            image__encoded=encoded(seed),
            image__object__class__label=labels,
            image__object__class__text=[f"class {n}" for n in labels],
            image__object__difficult=difficult,
        )

    write(
        tmp_path / "a.record.tfrecord",
        [objects(0, [2, 5, 2], [1, 0, 0]), objects(1, [5], [1]), objects(2, [], [])],
    )
    data = tfrecord.read(tmp_path)
    assert data.classes == ("class 2", "class 5") and data.multi_label
    np.testing.assert_array_equal(data.labels, [[1, 1], [0, 0], [0, 0]])
    np.testing.assert_array_equal(data.weights, [[1, 1], [1, 0], [1, 1]])


def test_the_index_is_kept_until_a_shard_changes(tmp_path, cache, monkeypatch):
    folder = flowers(tmp_path / "flowers")
    before = tfrecord.read(folder)
    assert len([*cache.iterdir()]) == 2

    def no_reading(*_):
        raise AssertionError("a shard is read again")

    with monkeypatch.context() as patched:
        patched.setattr("slimzoo.data.shard_index._read", no_reading)
        again = tfrecord.read(folder)
    assert [e.record for e in again.examples] == [e.record for e in before.examples]
    np.testing.assert_array_equal(again.labels, before.labels)
    write(folder / "flowers_train_00001-of-00002.tfrecord", [slim_example(9, 2)])
    assert tfrecord.read(folder).labels.argmax(1).tolist() == [0, 1, 2, 2]
    for path in cache.iterdir():
        path.write_text('{"state": [1')
    assert len(tfrecord.read(folder)) == 4


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("SLIMZOO_CACHE", str(tmp_path / "file"))
    assert len(tfrecord.read(flowers(tmp_path / "flowers"))) == 6


def broken_shards(folder):
    """Five shards: one whole, one with a byte changed, one cut short, one without an image, wrong labels."""
    flowers(folder, 2)
    names = [f"train-{i:05d}-of-00004" for i in range(4)]
    paths = [
        write(folder / name, [slim_example(10 * i + n, n) for n in range(3)]) for i, name in enumerate(names)
    ]
    content = bytearray(paths[0].read_bytes())
    second = tfrecord.read(paths[0]).examples[1].record
    content[second.start + 40] ^= 1
    paths[0].write_bytes(content)
    os.truncate(paths[1], paths[1].stat().st_size - 7)
    write(paths[2], [slim_example(1, 1), example(image__class__label=1), example(image__encoded=encoded(2))])
    write(paths[3], [slim_example(1, 5), slim_example(2, 1), slim_example(3, -1)])
    return names, second.offset


def test_everything_wrong_in_shards_is_said_at_once_by_shard_and_offset(tmp_path, cache):
    (first, second, third, fourth), offset = broken_shards(tmp_path)
    with pytest.raises(SlimzooError) as caught:
        tfrecord.read(tmp_path)
    text = str(caught.value)
    for part in (
        f"{first}@{offset} is broken: its checksum is wrong\n",
        f"{second}@",
        "is broken: the file is cut short in the middle of it; what comes after it is not read",
        "no image: neither image/encoded nor another feature that begins like one",
        "no label: neither image/class/label nor image/object/class/label",
        f"{fourth}@0: label 5; there are 0 to 2",
        "label -1; there are 0 to 2",
        "cannot be used, 6 problems:",
    ):
        assert part in text
    assert third in text and len([*cache.glob("*")]) == 4  # an index of what is broken is not kept


@pytest.mark.parametrize(
    "records, names, said",
    [
        ([slim_example(1, -1)], None, "@0: label -1; numbers of classes are at least 0"),
        ([example(image__encoded=encoded(1), image__class__label="cat")], None, "label holds text in place"),
        ([example(image__encoded=encoded(1), image__class__label=1.0)], None, "label holds floats in place"),
        ([slim_example(1, 1)], "\n", "labels.txt is empty"),
        ([slim_example(1, 1)], "0:a\n0:b\n1:c\n", "labels.txt: class 0 is 'b' and 'a'"),
    ],
)
def test_labels_that_cannot_be_are_told(tmp_path, records, names, said):
    write(tmp_path / "a.tfrecord", [*records, slim_example(2, 0)])
    if names is not None:
        (tmp_path / "labels.txt").write_text(names)
    with pytest.raises(SlimzooError) as caught:
        tfrecord.read(tmp_path)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "content, said",
    [
        (b"", "no record in it"),
        (b"\x1f\x8b" + bytes(90), "it is compressed (gzip)"),
        (b"version https://git-lfs", "it is a Git LFS pointer"),
        (bytes(7), "@0 is broken: the file is cut short"),
        (b"no records at all, but text", "@0 is broken: the checksum of its length is wrong"),
    ],
)
def test_what_is_no_shard_is_told(tmp_path, content, said):
    (tmp_path / "a.tfrecord").write_bytes(content)
    with pytest.raises(SlimzooError) as caught:
        tfrecord.read(tmp_path)
    assert said in str(caught.value)


def test_shards_that_are_missing_by_their_own_numbers_are_named(tmp_path, caplog):
    folder = flowers(tmp_path, 4)
    (folder / "flowers_train_00002-of-00004.tfrecord").unlink()
    with pytest.raises(SlimzooError, match=r"flowers_train\*.tfrecord has 3 shards of 4: there is no 2"):
        tfrecord.read(folder)
    assert len(tfrecord.read(folder / "flowers_train_00001-of-00004.tfrecord")) == 3
    assert len(tfrecord.read(folder / "flowers_train_*")) == 9
    assert "flowers_train*.tfrecord has 3 shards of 4: there is no 2" in caplog.text
    with pytest.raises(FileNotFoundError, match=r"there is no .*nowhere; give a folder of shards"):
        tfrecord.read(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SlimzooError, match="holds no shard of TFRecords"):
        tfrecord.read(tmp_path / "empty")


def test_a_record_that_changes_after_it_was_indexed_is_no_image_any_more(tmp_path):
    data = tfrecord.read(flowers(tmp_path))
    record = data.examples[1].record
    content = bytearray((tmp_path / os.path.basename(record.shard)).read_bytes())
    content[record.start + 30] ^= 1
    (tmp_path / os.path.basename(record.shard)).write_bytes(content)
    with pytest.raises(SlimzooError, match="is not what it was when it was indexed"):
        read_record(record)
    with pytest.raises(SlimzooError, match=f"@{record.offset} is a broken record: its checksum is wrong"):
        verify_images(data)
