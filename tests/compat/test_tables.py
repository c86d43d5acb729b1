"""The tables of old names: every row leads somewhere, every public name of tf.contrib has a row."""

import importlib
import importlib.util
import json
from pathlib import Path
from types import ModuleType, new_class

import pytest

from slimzoo.compat import faces, modules, recorded
from slimzoo.compat.contrib import GONE, SERVED
from slimzoo.compat.libraries import INSIDE_TENSORFLOW
from slimzoo.compat.not_served import NotServedError, StandIn
from slimzoo.compat.py2.python_names import PYTHON_2

NOTHING = StandIn("", "")
OF_TF_1_15 = json.loads(Path(__file__).with_name("tf_1_15_contrib.json").read_text())  # dir() of TF 1.15.5


OPTIONAL = ("cv2", "joblib", "pandas", "scipy", "six", "skimage", "sklearn", "tkinter")
ALL_ROWS = [*faces.MODULES.values(), *PYTHON_2.values()]


def installed(place):
    """Says whether slimzoo comes with the library of a full name, or it is there all the same."""
    top = place.partition(".")[0]
    return top not in OPTIONAL or importlib.util.find_spec(top) is not None


@pytest.mark.parametrize("source", sorted({s for row in ALL_ROWS for s in row.sources if installed(s)}))
def test_every_module_that_a_row_names_is_there(source):
    importlib.import_module(source)


def test_every_single_name_of_a_row_is_there():
    places = [place for row in ALL_ROWS for place in row.names.values() if installed(place)]
    missing = [place for place in places if not is_there(place)]
    assert missing == []


def is_there(place):
    try:
        faces.locate(place)
    except (ImportError, AttributeError):
        return False
    return True


@pytest.mark.parametrize("part", OF_TF_1_15)
def test_every_name_of_tf_contrib_is_served_or_has_a_successor(part):
    face = faces.resolve(f"tensorflow.contrib.{part}")
    row = faces.MODULES[f"tensorflow.contrib.{part}"]
    assert [n for n in OF_TF_1_15[part] if not hasattr(face, n) and n not in row.gone] == []


def test_what_moved_inside_tensorflow_is_answered_by_public_names_it_no_longer_has_there():
    for module, moved in INSIDE_TENSORFLOW.items():
        new = [name for name in moved.values() if not name.startswith("slimzoo.compat.tf_")]
        assert [name for name in new if ".python" in name or not name.startswith("tensorflow.")] == []
        gone = [old for old, name in moved.items() if name in new]
        assert [old for old in gone if hasattr(importlib.import_module(module), old)] == []


def test_no_name_is_both_served_and_gone():
    for name, row in faces.MODULES.items():
        if not all(map(installed, row.sources)):
            continue
        face = faces.resolve(name) if row.gone else None
        names = [old for old in row.gone if name != "tensorflow.layers"]
        served = [old for old in names if not isinstance(getattr(face, old, NOTHING), StandIn | ModuleType)]
        assert served == []


def test_every_module_of_tf_contrib_is_there():
    assert len(recorded.modules()) > 800
    for name in recorded.modules():
        assert faces.resolve(name) is not None


@pytest.mark.parametrize("part", sorted({recorded.part_of(name) for name in recorded.modules()}))
def test_every_part_of_tf_contrib_is_served_or_has_a_successor(part):
    assert f"tensorflow.contrib.{part}" in faces.MODULES or GONE[part]


def test_what_is_not_served_says_so_where_it_is_used_with_its_successor():
    name = faces.resolve("tensorflow.contrib").tpu.TPUDistributionStrategy
    uses = {
        "call": lambda: name(4),
        "base class": lambda: new_class("Mine", (name,)),
        "number": lambda: 1 + name,
        "iteration": lambda: list(name.something),
    }
    for use, do in uses.items():
        with pytest.raises(NotServedError) as caught:
            do()
        said = str(caught.value)
        assert said.startswith("tf.contrib.tpu.TPUDistributionStrategy") and said.endswith(
            f"In its place: {GONE['tpu']}"
        )
        assert use == "base class" or f"it is used in {__file__}:" in said


def test_what_is_not_served_may_be_handed_on():
    name = faces.resolve("tensorflow.contrib").tpu.TPUDistributionStrategy
    assert name and not isinstance(3, name)
    assert "tf.distribute.TPUStrategy" in repr(name)


def test_a_name_that_was_never_there_is_no_stand_in():
    contrib = faces.resolve("tensorflow.contrib")
    with pytest.raises(
        AttributeError, match=r"tf.contrib.rnn has no 'BasicLSTMSell'. Near to it: BasicLSTMCell"
    ):
        _ = contrib.rnn.BasicLSTMSell
    with pytest.raises(
        AttributeError, match=f"tf.contrib.foo is not served by slimzoo, which has {SERVED[0]}"
    ):
        _ = contrib.foo


def test_slim_is_one_thing_under_all_its_names():
    from slimzoo import slim

    for old in ("tf_slim", "tensorflow.contrib.slim", "tensorflow.contrib.slim.python.slim"):
        face = faces.resolve(old)
        assert face.conv2d is slim.conv2d
        assert face.learning.train is slim.learning.train
        assert face.nets.vgg.vgg_16 is importlib.import_module("slimzoo.nets.vgg").vgg_16
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


def test_what_lay_in_the_modules_of_slim_and_layers_is_there():
    import tensorflow as tf

    layers = faces.resolve("tensorflow.contrib.layers.python.layers.layers")
    assert layers.utils.smart_cond is slim_module("utils").smart_cond
    assert layers.initializers.xavier_initializer is slim_module("initializers").xavier_initializer
    assert layers.nn.relu is faces.resolve("tensorflow.contrib.slim").nn.relu
    assert layers.DATA_FORMAT_NCHW == "NCHW" and layers.functools.partial
    assert isinstance(
        faces.resolve("tensorflow.contrib.slim").init_ops.zeros_initializer()([2], tf.float32), tf.Tensor
    )
    assert faces.resolve("tensorflow.contrib.slim").zero_initializer is tf.compat.v1.zeros_initializer


def slim_module(name):
    return importlib.import_module(f"slimzoo.slim.{name}")


@pytest.mark.parametrize("module", ["set_ops", "confusion_matrix_ops", "metric_ops"])
def test_a_module_inside_a_part_has_what_the_part_serves(module):
    part = faces.resolve("tensorflow.contrib.metrics")
    inside = faces.resolve(f"tensorflow.contrib.metrics.python.ops.{module}")
    name = {"set_ops": "set_union", "confusion_matrix_ops": "confusion_matrix"}.get(module, "streaming_mean")
    assert getattr(inside, name) is getattr(part, name)


def test_the_layers_inside_tensorflow_are_those_of_tf_layers():
    layers = faces.resolve("tensorflow").layers
    for module, name in (
        ("base", "Layer"),
        ("core", "Dense"),
        ("convolutional", "conv2d"),
        ("layers", "dropout"),
    ):
        assert getattr(faces.resolve(f"tensorflow.python.layers.{module}"), name) is getattr(layers, name)
    inside = faces.resolve("tensorflow.contrib.layers.python.layers.layers")
    assert inside.convolutional_layers.Conv2D is layers.Conv2D
