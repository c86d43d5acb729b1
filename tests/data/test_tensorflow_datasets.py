"""Data sets of TensorFlow Datasets by name; a stand-in for that library, over shards as it writes them."""

import sys
from types import SimpleNamespace

import pytest

from slimzoo.data.opening import open_data, read_shards
from slimzoo.errors import SlimzooError
from tests.data.records import encoded, example, write

CLASSES = ["daisy", "rose"]


class Image:
    """A feature: which ones there are is told by the names of their classes."""


class ClassLabel(SimpleNamespace):
    pass


@pytest.fixture
def library(tmp_path, monkeypatch):
    """What `import tensorflow_datasets` gives: one data set, which a test may change."""
    monkeypatch.setenv("SLIMZOO_CACHE", str(tmp_path / "cache"))
    splits = {}
    for split, count in (("train", 6), ("test", 2), ("validation", 3)):
        rows = [
            example(image=encoded(len(split) * 10 + i), label=i % 2, file_name=f"{i}") for i in range(count)
        ]
        path = write(tmp_path / f"tiny-{split}.tfrecord-00000-of-00001", rows)
        splits[split] = SimpleNamespace(filepaths=[path])
    tiny = SimpleNamespace(
        info=SimpleNamespace(
            splits=splits,
            features={"image": Image(), "label": ClassLabel(names=CLASSES), "file_name": object()},
            file_format=SimpleNamespace(value="tfrecord"),
        ),
        is_prepared=lambda: True,
    )

    def builder(name):
        if name != "tiny":
            raise ValueError(f"Dataset {name} not found.\nAvailable datasets: tiny")
        return tiny

    monkeypatch.setitem(sys.modules, "tensorflow_datasets", SimpleNamespace(builder=builder))
    return tiny


def test_a_data_set_goes_by_name_with_its_classes_and_splits(library):
    train, held_out = open_data("tfrecord", "tfds:tiny")
    assert train.classes == ("daisy", "rose") and not train.multi_label
    assert (len(train), len(held_out)) == (6, 3)
    assert train.labels.argmax(1).tolist() == [0, 1, 0, 1, 0, 1]
    assert len(open_data("tfrecord", "tfds:tiny", validation="test")[1]) == 2
    assert len(read_shards("tfds:tiny", None, None)) == 11


def test_what_there_is_not_is_told(library):
    with pytest.raises(SlimzooError, match=r"has no split 'dev2'; there are train, test, validation"):
        read_shards("tfds:tiny", "dev2", None)
    with pytest.raises(SlimzooError, match=r"TensorFlow Datasets has no 'tinny': Dataset tinny not found.$"):
        read_shards("tfds:tinny", None, None)
    library.info.file_format.value = "array_record"
    with pytest.raises(SlimzooError, match=r"is kept as array_record; prepare it again"):
        read_shards("tfds:tiny", None, None)
    library.is_prepared = lambda: False
    with pytest.raises(
        SlimzooError, match=r"not on this machine. This fetches .*builder\('tiny', file_format="
    ):
        read_shards("tfds:tiny", None, None)


def test_a_data_set_without_one_label_an_image_is_refused(library):
    library.info.features = {"image": Image(), "text": object()}
    with pytest.raises(
        SlimzooError, match=r"not of images with one label each: it has image \(Image\), text"
    ):
        read_shards("tfds:tiny", None, None)


def test_without_the_library_it_is_said_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    with pytest.raises(SlimzooError, match=r"not installed: pip install 'slimzoo\[tfds\]'"):
        read_shards("tfds:tiny", None, None)
