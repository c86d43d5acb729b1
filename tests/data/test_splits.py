"""Parts for validation: of the right size, disjoint, repeatable, with every class shared out."""

import numpy as np
import pytest

from slimzoo.data import Dataset, Example, folds, split
from slimzoo.errors import SlimzooError


def dataset(labels):
    labels = np.asarray(labels, np.float32)
    examples = tuple(Example(f"{i}.jpg", row, np.ones_like(row)) for i, row in enumerate(labels))
    return Dataset(examples, tuple(f"class {k}" for k in range(labels.shape[1])), "made", multi_label=True)


def many(n=203, seed=0):
    """Several labels an image, from rare (5 %) to frequent (50 %); some images have none."""
    return dataset(np.random.RandomState(seed).rand(n, 6) < np.linspace(0.05, 0.5, 6))


@pytest.mark.parametrize("k", [2, 5, 7])
def test_each_example_is_held_out_once(k):
    data = many()
    pairs = folds(data, k, seed=1)
    assert sorted(path for _, held_out in pairs for path in held_out.paths) == sorted(data.paths)
    assert all(set(training.paths) == set(data.paths) - set(held.paths) for training, held in pairs)
    sizes = [len(held_out) for _, held_out in pairs]
    assert max(sizes) - min(sizes) <= 1


def test_folds_share_out_every_class():
    data = many()
    counts = np.array([held_out.labels.sum(axis=0) for _, held_out in folds(data, 5, seed=2)])
    # whole examples cannot be cut: with several labels each, 2 off the exact share is what remains
    assert np.abs(counts - data.labels.sum(axis=0) / 5).max() <= 2


def test_single_labels_are_shared_out_exactly():
    data = dataset(np.eye(4)[np.repeat(np.arange(4), [10, 20, 30, 40])])
    for _, held_out in folds(data, 5, seed=0):
        np.testing.assert_array_equal(held_out.labels.sum(axis=0), [2, 4, 6, 8])


def test_split_keeps_the_fraction_apart():
    data = many(200)
    training, apart = split(data, 0.25, seed=3)
    assert len(training) == 150 and len(apart) == 50
    assert not set(training.paths) & set(apart.paths)
    assert np.abs(apart.labels.sum(axis=0) - data.labels.sum(axis=0) / 4).max() <= 2  # as for folds


def test_the_seed_decides_alone():
    assert split(many(), 0.2, 5)[1].paths == split(many(), 0.2, 5)[1].paths
    assert split(many(), 0.2, 5)[1].paths != split(many(), 0.2, 6)[1].paths


def test_a_part_is_never_empty():
    assert [len(part) for part in split(many(3), 0.01, 0)] == [2, 1]
    assert [len(part) for part in split(many(3), 0.99, 0)] == [1, 2]


def test_impossible_parts_are_refused():
    with pytest.raises(SlimzooError, match=r"fraction is 1\.5; it must lie between 0 and 1"):
        split(many(), 1.5, 0)
    with pytest.raises(SlimzooError, match="made holds 1 image; at least 2"):
        split(many(1), 0.5, 0)
    with pytest.raises(SlimzooError, match="k is 1; it must lie between 2 and the 203 examples of made"):
        folds(many(), 1, 0)
    with pytest.raises(SlimzooError, match="k is 4; it must lie between 2 and the 3 examples"):
        folds(many(3), 4, 0)
    for seed in (-1, 2**31):
        with pytest.raises(SlimzooError, match=f"seed is {seed}; it must lie between 0 and 2147483647"):
            split(many(), 0.2, seed)
