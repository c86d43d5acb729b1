"""A packed data set is the same data set: its batches, labels and weights; nothing of it is lost unseen."""

import json
import os
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from slimzoo.data import Dataset, Example, folder, packed, tfrecord
from slimzoo.data.opening import open_parts
from slimzoo.data.packing import pack, plan
from slimzoo.data.pipeline import batches
from slimzoo.data.splits import split
from slimzoo.errors import SlimzooError
from slimzoo.preprocessing import Preprocessing
from slimzoo.training import held_out
from slimzoo.training.run_folder import fingerprint
from tests.data.records import encoded

SMALL = Preprocessing(kind="inception", size=16, crop=0.875)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SLIMZOO_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def flat(tmp_path):
    """A folder of three classes, 4 images each, JPEG and PNG."""
    for k, name in enumerate(("ant", "bee", "cow")):
        (tmp_path / "flat" / name).mkdir(parents=True)
        for i in range(4):
            kind = ("JPEG", "PNG")[i % 2]
            content = encoded(10 * k + i, kind, 20 + i, 30 - k)
            (tmp_path / "flat" / name / f"{i}.img").write_bytes(content)
    return folder.read(tmp_path / "flat")


@pytest.fixture
def several(flat):
    """The same images with several labels, of which some do not count."""
    labels = np.random.RandomState(0).randint(0, 2, (len(flat), 3)).astype(np.float32)
    labels[3] = 0
    weights = np.where(np.random.RandomState(1).rand(len(flat), 3) < 0.3, 0, 1).astype(np.float32)
    weights[5, 2] = 0.25
    rows = zip(flat.paths, labels, weights, strict=True)
    return Dataset(tuple(Example(*row) for row in rows), ("a: b", "é", "c,d"), "several", multi_label=True)


def taken(data, count=4, **how):
    return [
        {key: value.numpy() for key, value in batch.items()}
        for batch in islice(batches(data, SMALL, 5, seed=7, **how), count)
    ]


@pytest.mark.parametrize("kind, seed", [("flat", 0), ("several", None)])
def test_training_sees_the_same_batches_of_shards_as_of_files(kind, seed, request, tmp_path):
    data = request.getfixturevalue(kind)
    pack(plan(data, shards=3, seed=seed), tmp_path / "out", progress=False)
    again = tfrecord.read(tmp_path / "out")
    assert again.classes == data.classes and again.multi_label == data.multi_label
    np.testing.assert_array_equal(again.labels, data.labels)
    np.testing.assert_array_equal(again.weights, data.weights)
    assert fingerprint(again) == fingerprint(data)
    for how in ({}, {"start_step": 2}, {"training": False}):
        for one, other in zip(taken(data, **how), taken(again, **how), strict=True):
            for key in one:
                np.testing.assert_array_equal(one[key], other[key], err_msg=key)
    halves = [[e.known_as for e in split(one, 0.5, 3)[1].examples] for one in (data, again)]
    assert halves[0] == halves[1]


def test_order_on_disk_is_shuffled_by_the_seed_or_kept(flat, tmp_path):
    def on_disk(name, seed):
        pack(plan(flat, shards=2, seed=seed), tmp_path / name, progress=False)
        examples = tfrecord.read(tmp_path / name).examples
        places = sorted((e.record.shard[-30:], e.record.offset, i) for i, e in enumerate(examples))
        return [i for _, _, i in places]

    assert on_disk("kept", None) == [*range(12)]
    first, again, other = on_disk("0", 0), on_disk("00", 0), on_disk("1", 1)
    assert first == again != other and sorted(first) == [*range(12)] != first
    shards = [(tmp_path / name / "train-00001-of-00002.tfrecord").read_bytes() for name in ("0", "00")]
    assert shards[0] == shards[1]


def test_tensorflow_reads_what_was_packed(several, tmp_path):
    pack(plan(several, shards=1, seed=None), tmp_path, progress=False)
    features = {
        "image/encoded": tf.io.FixedLenFeature([], tf.string),
        "image/format": tf.io.FixedLenFeature([], tf.string),
        "image/class/label": tf.io.VarLenFeature(tf.int64),
        "image/class/text": tf.io.VarLenFeature(tf.string),
        "image/height": tf.io.FixedLenFeature([], tf.int64),
    }
    records = [*tf.data.TFRecordDataset(str(tmp_path / "train-00000-of-00001.tfrecord"))]
    assert len(records) == 12
    for record, row in zip(records, several.examples, strict=True):
        found = tf.io.parse_single_example(record, features)
        assert found["image/encoded"].numpy() == Path(row.path).read_bytes()
        shows = np.flatnonzero(row.labels)
        np.testing.assert_array_equal(found["image/class/label"].values, shows)
        names = [name.decode() for name in found["image/class/text"].values.numpy()]
        assert names == [several.classes[k] for k in shows]
        assert found["image/format"].numpy() in (b"jpeg", b"png") and found["image/height"] >= 20
    assert (tmp_path / "labels.txt").read_text("utf-8") == "0:a: b\n1:é\n2:c,d\n"


def test_a_shard_alone_knows_all_classes(flat, tmp_path):
    pack(plan(flat, shards=6, seed=None), tmp_path / "out", progress=False)
    for name in ("labels.txt", "train.json"):
        (tmp_path / "out" / name).unlink()
    one = tfrecord.read(tmp_path / "out" / "train-00005-of-00006.tfrecord")
    assert one.classes == ("ant", "bee", "cow") and one.labels.argmax(1).tolist() == [2, 2]


def test_a_killed_command_goes_on_with_the_shards_that_are_missing(flat, tmp_path, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("slimzoo.data.packing._read_back", killed)
        with pytest.raises(KeyboardInterrupt):
            pack(plan(flat, shards=3), tmp_path / "out", progress=False)
    first, second, _ = sorted((tmp_path / "out").glob("*.tfrecord"))
    second.unlink()
    (tmp_path / "out" / ".train-00001-of-00003.tfrecord.1.tmp").write_bytes(b"half")
    before = first.stat().st_mtime_ns
    with pytest.raises(SlimzooError, match=r"train is unfinished; the same command goes on with it"):
        packed.verify(tmp_path / "out", progress=False)
    with pytest.raises(SlimzooError, match=r"differs in seed; give the same data and options"):
        pack(plan(flat, shards=3, seed=9), tmp_path / "out", progress=False)
    pack(plan(flat, shards=3), tmp_path / "out", progress=False)
    assert first.stat().st_mtime_ns == before
    assert not [*(tmp_path / "out").glob(".*.tmp")]
    pack(plan(flat, shards=3), tmp_path / "straight", progress=False)
    for path in (tmp_path / "straight").glob("[!.]*"):
        assert path.read_bytes() == (tmp_path / "out" / path.name).read_bytes()
    with pytest.raises(FileExistsError, match=r"train.json is of a finished pack"):
        pack(plan(flat, shards=3), tmp_path / "out", progress=False)
    pack(plan(flat, shards=2), tmp_path / "out", overwrite=True, progress=False)
    assert len([*(tmp_path / "out").glob("*.tfrecord")]) == 2


def test_what_is_not_as_it_was_packed_is_found(flat, tmp_path):
    pack(plan(flat, shards=4), tmp_path, progress=False)
    assert [m["images"] for m in packed.verify(tmp_path, progress=False)] == [12]
    first, second, third, fourth = sorted(tmp_path.glob("*.tfrecord"))
    content = bytearray(first.read_bytes())
    content[len(content) // 2] ^= 1
    first.write_bytes(content)
    os.truncate(second, second.stat().st_size - 1)
    third.unlink()
    with pytest.raises(SlimzooError) as caught:
        packed.verify(tmp_path, progress=False)
    text = str(caught.value)
    assert "3 problems; delete broken shards" in text
    for part in (f"{first}@", "checksum is wrong", f"{second}@", "cut short", f"{third} is gone"):
        assert part in text
    for path in (first, second):
        path.unlink()
    pack(plan(flat, shards=4), tmp_path, progress=False)
    assert packed.verify(tmp_path, progress=False)[0]["counts"] == {"ant": 4, "bee": 4, "cow": 4}
    fourth.write_bytes(third.read_bytes())
    with pytest.raises(SlimzooError, match="holds other images or labels than were packed"):
        packed.verify(tmp_path, progress=False)
    (tmp_path / "train.json").write_text(json.dumps({"format": "slimzoo pack 1", "part": "train"}))
    with pytest.raises(SlimzooError, match="images is missing"):
        packed.verify(tmp_path, progress=False)


@pytest.mark.parametrize("content", ["", '{"format": "slimzoo pack 1"', '{"format": "slimzoo pack 1"}'])
def test_a_manifest_that_cannot_be_read_is_said_as_shards_are_opened(flat, tmp_path, caplog, content):
    pack(plan(flat, shards=2), tmp_path / "out", progress=False)
    (tmp_path / "out" / "train.json").write_text(content)
    with caplog.at_level("WARNING", "slimzoo"):
        assert len(tfrecord.read(tmp_path / "out")) == len(flat)
    assert f"no image of {tmp_path / 'out' / 'train'}* is missing cannot be checked" in caplog.text


def test_shards_that_look_whole_and_are_not_are_not_trained_on(flat, tmp_path):
    pack(plan(flat, shards=3), tmp_path, progress=False)
    first, second, _ = sorted(tmp_path.glob("*.tfrecord"))
    content = second.read_bytes()
    last = max(example.record.offset for example in tfrecord.read(second).examples)
    for cut, left in ((last, 3), (0, 0)):
        os.truncate(second, cut)
        with pytest.raises(SlimzooError, match=f"{second} holds {left} of the 4 images that were packed"):
            tfrecord.read(tmp_path)
    second.write_bytes(first.read_bytes())
    (tmp_path / "train.json").write_text("[]")
    with pytest.raises(SlimzooError, match=f"{second} holds images of {first}: one is a copy of the other"):
        tfrecord.read(tmp_path)
    second.write_bytes(content)
    assert len(tfrecord.read(tmp_path)) == 12
    pack(plan(flat, "val"), tmp_path, progress=False)
    with pytest.raises(SlimzooError, match=r"train.json does not say what was packed in train-\*"):
        packed.verify(tmp_path, progress=False)


def test_what_cannot_be_packed_is_said_before_anything_is_written(flat, tmp_path):
    (tmp_path / "text").write_text("no image")
    broken = replace(flat.examples[0], path=str(tmp_path / "text"))
    soft = replace(flat.examples[1], labels=np.full(3, 0.5, np.float32))
    data = replace(flat, examples=(broken, soft, *flat.examples[2:]))
    with pytest.raises(SlimzooError) as caught:
        plan(data, shards=99)
    for part in ("text is not an image", "labels are neither 0 nor 1", "shards is 99; there are 12 images"):
        assert part in str(caught.value)


def test_parts_are_packed_under_their_names_and_other_classes_are_refused(flat, tmp_path):
    parts = open_parts("folder", tmp_path / "flat", validation=0.25)
    for name, part in parts.items():
        pack(plan(part, name, shards=2), tmp_path / "out", progress=False)
    again = open_parts("tfrecord", tmp_path / "out")
    assert {name: len(part) for name, part in again.items()} == {"train": 9, "validation": 3}
    assert len(packed.verify(tmp_path / "out", progress=False)) == 2
    with pytest.raises(FileExistsError, match=r"labels.txt names other classes than flat has"):
        pack(plan(replace(flat, classes=("x", "y", "z")), "test"), tmp_path / "out", progress=False)


def test_a_run_knows_its_images_again_after_they_were_packed(flat, tmp_path):
    train, apart = split(flat, 0.5, 1)
    held_out.remember(tmp_path, train, apart)
    pack(plan(flat, shards=2), tmp_path / "out", progress=False)
    again = tfrecord.read(tmp_path / "out")
    assert held_out.count_trained_on(tmp_path, again) == 6
    assert [e.known_as for e in held_out.only_held_out(tmp_path, again).examples] == [
        e.known_as for e in apart.examples
    ]


@pytest.mark.parametrize("part", ["a/b", "", ".hidden", "two words", "..", "x" * 200])
def test_a_part_that_no_file_can_be_called_after_is_refused(flat, part):
    with pytest.raises(SlimzooError, match=r"part is .*; files are called after it"):
        plan(flat, part)
