"""MNIST by `input_data.read_data_sets`, as the tutorials of TensorFlow 1 read it."""

import gzip

import numpy as np
import pytest

from slimzoo.compat import faces
from slimzoo.errors import SlimzooError

NAMES = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")


@pytest.fixture
def folder(tmp_path):
    for name, count in zip(NAMES, (10, 10, 4, 4), strict=True):
        images = "images" in name
        sizes = (count, 3, 2) if images else (count,)
        values = np.arange(np.prod(sizes)) % 10
        head = np.array([2051 if images else 2049, *sizes], ">u4").tobytes()
        (tmp_path / f"{name}-ubyte.gz").write_bytes(gzip.compress(head + values.astype(np.uint8).tobytes()))
    return tmp_path


def read(folder, **options):
    data = faces.resolve("tensorflow.examples.tutorials.mnist.input_data")
    return data.read_data_sets(str(folder), validation_size=3, **options)


def test_batches_come_in_the_order_of_tensorflow_1_15(folder):
    mnist = read(folder, seed=7)
    drawn = [mnist.train.next_batch(3)[1].tolist() for _ in range(6)]
    # of TensorFlow 1.15.5, with the same files
    assert drawn == [[5, 8, 3], [9, 6, 4], [7, 6, 4], [9, 3, 8], [5, 7, 4], [9, 5, 3]]
    assert mnist.train.epochs_completed == 2


def test_images_and_labels_have_the_shapes_that_are_asked_for(folder):
    mnist = read(folder, one_hot=True)
    assert [part.images.shape for part in mnist] == [(7, 6), (3, 6), (4, 6)]
    assert mnist.train.images.dtype == np.float32 and mnist.train.images.max() == np.float32(9 / 255)
    assert mnist.test.labels.tolist() == np.eye(10)[:4].tolist()
    pixels = read(folder, dtype=faces.resolve("tensorflow").uint8, reshape=False).validation.images
    assert pixels.shape == (3, 3, 2, 1) and pixels.dtype == np.uint8


def test_the_same_reader_is_in_contrib_learn():
    data = faces.resolve("tensorflow.examples.tutorials.mnist.input_data")
    assert faces.resolve("tensorflow.contrib.learn").datasets.mnist.read_data_sets is data.read_data_sets


def test_files_that_are_missing_are_all_named(tmp_path):
    with pytest.raises(SlimzooError, match="fetches no data") as caught:
        read(tmp_path)
    assert all(name in str(caught.value) for name in NAMES)


def test_a_damaged_file_is_named(folder):
    path = folder / "train-labels-idx1-ubyte.gz"
    path.write_bytes(gzip.compress(b"\0\0\x08\x01\0\0"))
    with pytest.raises(SlimzooError, match=r"train-labels.*damaged"):
        read(folder)
    path.write_bytes(b"<html>")
    with pytest.raises(SlimzooError, match="cannot be read as gzip"):
        read(folder)
