"""A batch follows from (seed, step) alone, so a run that is resumed sees what it would have seen."""

import collections
import itertools
import os
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from slimzoo.data import Dataset, Example, voc
from slimzoo.data.images import read_image
from slimzoo.data.mixing import Mixing
from slimzoo.data.pipeline import batches
from slimzoo.errors import SlimzooError
from slimzoo.preprocessing import Preprocessing, apply, check_range

SMALL = Preprocessing(kind="inception", size=16, crop=0.875)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Seven images of different sizes; the class in the label is the number of the image."""
    folder, random = tmp_path_factory.mktemp("images"), np.random.RandomState(0)
    examples = []
    for i in range(7):
        pixels = random.randint(0, 256, (20 + i, 30 - i, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{i}.png")
        labels = np.eye(7, dtype=np.float32)[i]
        examples.append(Example(str(folder / f"{i}.png"), labels, np.ones(7, np.float32) - 0.5 * labels))
    return Dataset(tuple(examples), tuple("abcdefg"), "made", multi_label=True)


def take(dataset, count):
    return [
        {key: value.numpy() for key, value in batch.items()} for batch in itertools.islice(dataset, count)
    ]


def assert_equal(some, others):
    assert len(some) == len(others)
    for one, other in zip(some, others, strict=True):
        for key in one:
            np.testing.assert_array_equal(one[key], other[key], err_msg=key)


@pytest.mark.parametrize("batch_size", [3, 7, 10])
@pytest.mark.parametrize("start", [1, 4])
def test_resuming_at_a_step_gives_the_batches_of_an_uninterrupted_run(data, batch_size, start):
    whole = take(batches(data, SMALL, batch_size, seed=5), 7)
    assert_equal(take(batches(data, SMALL, batch_size, seed=5, start_step=start), 7 - start), whole[start:])


MIXINGS = [None, Mixing(mixup=0.8), Mixing(cutmix=1.0, size=8), Mixing(mixup=0.4, cutmix=1.0)]


@pytest.mark.parametrize("mixing", MIXINGS)
@pytest.mark.parametrize("start", [0, 3])
def test_the_shares_of_several_processes_are_the_batch_of_one(data, mixing, start):
    arguments = {"seed": 5, "start_step": start, "mixing": mixing}
    whole = take(batches(data, SMALL, 5, **arguments), 4)
    parts = [take(batches(data, SMALL, 5, share=rows, **arguments), 4) for rows in ((0, 3), (3, 5))]
    assert [len(part[0]["index"]) for part in parts] == [3, 2]
    together = [
        {key: np.concatenate([one[key], other[key]]) for key in one}
        for one, other in zip(*parts, strict=True)
    ]
    assert_equal(together, whole)


def test_a_share_reads_its_own_images_alone(data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    gone = int(take(batches(data, SMALL, 7, seed=5), 1)[0]["index"][6])
    examples = [replace(e, path="nowhere.png") if i == gone else e for i, e in enumerate(data.examples)]
    shutil.copy(data.paths[gone], "nowhere.png")
    made = batches(replace(data, examples=tuple(examples)), SMALL, 7, seed=5, share=(0, 6))
    os.remove("nowhere.png")
    assert len(take(made, 1)[0]["index"]) == 6


def test_the_seed_decides_order_and_views(data):
    first, again, other = (take(batches(data, SMALL, 7, seed=seed), 2) for seed in (1, 1, 2))
    assert_equal(first, again)
    assert not np.array_equal(first[0]["index"], other[0]["index"])
    views = [batch["image"][batch["index"].tolist().index(0)] for batch in (first[0], other[0], first[1])]
    assert not np.array_equal(views[0], views[1])  # another seed
    assert not np.array_equal(views[0], views[2])  # another epoch


def test_parallel_reading_and_the_cache_change_nothing(data):
    plain = take(batches(data, SMALL, 3, num_parallel_calls=1), 5)
    assert_equal(take(batches(data, SMALL, 3, num_parallel_calls=4), 5), plain)
    assert_equal(take(batches(data, SMALL, 3, cache=True), 5), plain)


def test_every_epoch_holds_every_example_once_and_batches_are_full(data):
    taken = take(batches(data, SMALL, 3, seed=9), 14)  # 14 * 3 = 6 epochs of 7
    assert {batch["image"].shape for batch in taken} == {(3, 16, 16, 3)}
    order = np.concatenate([batch["index"] for batch in taken])
    for epoch in order.reshape(6, 7):
        assert sorted(epoch) == list(range(7))
    assert len({tuple(epoch) for epoch in order.reshape(6, 7)}) > 1
    labels = np.concatenate([batch["labels"] for batch in taken])
    np.testing.assert_array_equal(labels.argmax(axis=1), order)
    weights = np.concatenate([batch["weights"] for batch in taken])
    np.testing.assert_array_equal(weights, 1 - 0.5 * labels)


def test_evaluation_goes_once_through_in_order(data):
    taken = take(batches(data, SMALL, 3, training=False), 99)
    assert [batch["index"].tolist() for batch in taken] == [[0, 1, 2], [3, 4, 5], [6]]
    pixels = [np.asarray(Image.open(path)) for path in data.paths]
    # graph and eager may sum in another order; values lie within -1 and 1
    np.testing.assert_allclose(np.concatenate([b["image"] for b in taken]), apply(SMALL, pixels), atol=1e-5)
    assert_equal(take(batches(data, SMALL, 3, training=False, start_step=2), 99), taken[2:])


def test_the_last_evaluation_batch_can_be_filled_up(data):
    last = take(batches(data, SMALL, 3, training=False, pad_last=True), 99)[-1]
    assert last["index"].tolist() == [6, -1, -1]
    assert last["image"].shape == (3, 16, 16, 3) and not last["image"][1:].any()
    assert not last["weights"][1:].any() and not last["labels"][1:].any()


def test_training_without_augmentation_shuffles_what_evaluation_sees(data):
    seen = take(batches(data, SMALL, 7, augmentation=None, repeat=False), 99)
    straight = take(batches(data, SMALL, 7, training=False), 1)[0]
    assert len(seen) == 1
    np.testing.assert_array_equal(seen[0]["image"], straight["image"][seen[0]["index"]])


@pytest.mark.parametrize("cache", [False, True])
def test_photographs_lying_on_their_side_and_bitmaps_come_as_read_image_reads_them(tmp_path, cache):
    exif = Image.Exif()
    exif[0x0112] = 6
    pixels = np.random.RandomState(0).randint(0, 256, (20, 30, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "side.png", exif=exif)
    Image.fromarray(pixels).quantize(9).save(tmp_path / "palette.bmp")
    one = np.ones(1, np.float32)
    paths = [str(tmp_path / name) for name in ("side.png", "palette.bmp")]
    made = Dataset(tuple(Example(path, one, one) for path in paths), ("x",), "made", True)
    for turn in (True, False):
        (seen,) = take(batches(replace(made, turn=turn), SMALL, 2, training=False, cache=cache), 9)
        expected = apply(SMALL, [read_image(path, turn) for path in paths])
        np.testing.assert_allclose(seen["image"], expected, atol=1e-5)  # as above


def test_wrong_numbers_are_listed_together(data):
    with pytest.raises(SlimzooError) as caught:
        batches(data.subset([]), SMALL, 0, seed=-1, start_step=-2)
    for part in ("made holds no example", "batch_size is 0", "seed is -1", "start_step is -2"):
        assert part in str(caught.value)
    with pytest.raises(SlimzooError, match="augmentation 'wild' does not exist"):
        batches(data, SMALL, 2, augmentation="wild")


def test_real_photographs_go_through(shared):
    dataset = voc.read(shared / "voc" / "VOCdevkit")
    row = Preprocessing(kind="inception", size=128, crop=0.875)
    seen = take(batches(dataset, row, 32, training=False), 99)
    assert [len(batch["index"]) for batch in seen] == [32, 32, 32, 4]
    assert all(check_range(row, batch["image"]) is None for batch in seen)
    np.testing.assert_array_equal(np.concatenate([batch["labels"] for batch in seen]), dataset.labels)
    training = take(batches(dataset, row, 50, seed=3), 2)
    counts = collections.Counter(np.concatenate([batch["index"] for batch in training]).tolist())
    assert set(counts.values()) == {1} and len(counts) == 100


def test_a_file_name_that_is_no_utf_8_is_read(data, tmp_path):
    strange = os.path.join(os.fsencode(tmp_path), b"caf\xe9.png")
    shutil.copy(data.paths[0], strange)
    renamed = replace(data, examples=(replace(data.examples[0], path=os.fsdecode(strange)),))
    assert_equal(
        take(batches(renamed, SMALL, 1, training=False), 1), take(batches(data, SMALL, 1, training=False), 1)
    )
