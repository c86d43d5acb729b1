"""The tables of old names: every row leads somewhere, every public name of tf.contrib has a row."""

import importlib
import json
from pathlib import Path

import pytest

from slimzoo.compat import faces, modules
from slimzoo.compat.contrib import GONE, SERVED
from slimzoo.compat.libraries import INSIDE_TENSORFLOW

OF_TF_1_15 = json.loads(Path(__file__).with_name("tf_1_15_contrib.json").read_text())  # dir() of TF 1.15.5


@pytest.mark.parametrize(
    "source",
    sorted({s for row in faces.MODULES.values() for s in row.sources}),
)
def test_every_module_that_a_row_names_is_there(source):
    importlib.import_module(source)


def test_every_single_name_of_a_row_is_there():
    for row in faces.MODULES.values():
        for place in row.names.values():
            faces.locate(place)


@pytest.mark.parametrize("part", OF_TF_1_15)
def test_every_name_of_tf_contrib_is_served_or_has_a_successor(part):
    face = faces.resolve(f"tensorflow.contrib.{part}")
    row = faces.MODULES[f"tensorflow.contrib.{part}"]
    assert [n for n in OF_TF_1_15[part] if not hasattr(face, n) and n not in row.gone] == []


def test_what_moved_inside_tensorflow_is_answered_by_public_names_it_no_longer_has_there():
    for module, moved in INSIDE_TENSORFLOW.items():
        assert [new for new in moved.values() if ".python" in new or not new.startswith("tensorflow.")] == []
        assert [old for old in moved if hasattr(importlib.import_module(module), old)] == []


def test_no_name_is_both_served_and_gone():
    for name, row in faces.MODULES.items():
        face = faces.resolve(name) if row.gone else None
        assert [old for old in row.gone if name != "tensorflow.layers" and hasattr(face, old)] == []


def test_a_part_of_tf_contrib_that_is_not_served_says_so_with_its_successor():
    contrib = faces.resolve("tensorflow.contrib")
    for name, successor in GONE.items():
        with pytest.raises(AttributeError) as caught:
            getattr(contrib, name)
        assert str(caught.value) == f"tf.contrib.{name} is not served by slimzoo. In its place: {successor}"
    with pytest.raises(
        AttributeError, match=f"tf.contrib.foo is not served by slimzoo, which has {SERVED[0]}"
    ):
        _ = contrib.foo


def test_slim_is_one_thing_under_all_its_names():
    from slimzoo import slim

    for old in ("tf_slim", "tensorflow.contrib.slim", "tensorflow.contrib.slim.python.slim"):
        face = faces.resolve(old)
        assert face.conv2d is slim.conv2d
        assert face.learning is importlib.import_module("slimzoo.slim.learning")
        assert face.nets.vgg is importlib.import_module("slimzoo.nets.vgg")
    assert faces.resolve("tensorflow.contrib.layers").l2_regularizer is slim.l2_regularizer
    assert faces.resolve("tensorflow.contrib.framework").arg_scope is slim.arg_scope


def test_tf_slim_has_its_own_resnets_and_the_old_repository_the_later_ones():
    assert faces.resolve("tf_slim.nets.resnet_v1").__name__ == "slimzoo.compat.nets.contrib.resnet_v1"
    assert faces.resolve("nets.resnet_v1").__name__ == "slimzoo.nets.resnet_v1"


def test_a_module_without_a_successor_yet_is_an_import_error_that_names_its_neighbours(monkeypatch):
    monkeypatch.setitem(faces.MODULES, "tf_slim.ops.never", modules.Row(("slimzoo.slim.never",)))
    with pytest.raises(ImportError, match=r"tf_slim.ops.never would be slimzoo.slim.never.*arg_scope"):
        faces.resolve("tf_slim.ops.never")


def test_removed_names_of_numpy_are_what_they_were():
    import numpy as np

    face = faces.resolve("numpy")
    kinds = [getattr(face, name) for name in ("bool", "int", "float", "complex", "object", "str", "long")]
    assert kinds == [bool, int, float, complex, object, str, int]
    assert face.zeros is np.zeros
    assert np.isneginf(face.NINF)
    assert face.asscalar(np.ones((1, 1))) == 1.0
    assert face.asfarray([1, 2], np.int32).dtype == np.float64
    assert face.msort([[2, 1], [1, 2]]).tolist() == [[1, 1], [2, 2]]
    assert face.in1d([[1], [5]], [5]).tolist() == [False, True]
    assert (face.int0(3), face.uint0(3), face.longfloat(3)) == (3, 3, 3)
    assert (face.alen(3), face.alen([[1], [2]])) == (1, 2)
    assert (face.math.sqrt(4), face.AxisError) == (2, np.exceptions.AxisError)
    assert not hasattr(np, "int")


def test_a_name_that_numpy_lost_for_good_names_its_successor():
    with pytest.raises(
        AttributeError, match=r"numpy.pmt is not served by slimzoo. In its place: the package"
    ):
        _ = faces.resolve("numpy").pmt
