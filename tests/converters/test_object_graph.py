"""Object-based checkpoints: variables by name, in the order of layers, without what trained them."""

import numpy as np
import pytest
import tensorflow as tf

from slimzoo import converters
from slimzoo.converters.formats import object_graph
from slimzoo.errors import SlimzooError


def layer(name, value):
    module = tf.Module()
    module.kernel = tf.Variable([float(value)], name=f"{name}/kernel" if name else "kernel")
    return module


def saved(tmp_path, **parts):
    return converters.read(tf.train.Checkpoint(**parts).save(str(tmp_path / "c")))


def test_layers_stand_in_the_order_of_their_numbers_and_before_what_else_there_is(tmp_path):
    layers = {f"layer-{i}": layer(f"conv_{i}", i) for i in (10, 9, 1)}
    found = saved(tmp_path, after=layer("dense", 0), variables=[layer("list", 5)], **layers)
    assert list(found) == [
        *("conv_1/kernel", "conv_9/kernel", "conv_10/kernel", "dense/kernel", "list/kernel")
    ]
    assert [float(array[0]) for array in found.values()] == [1, 9, 10, 0, 5]


def test_what_trains_a_model_is_left_aside_and_counted(tmp_path):
    net = layer("conv", 1)
    optimizer = tf.Module()
    optimizer.of, optimizer.slots = net.kernel, [layer("conv/momentum", 2), layer("rate", 3)]
    found = saved(tmp_path, optimizer=optimizer, net=net)
    assert list(found) == ["conv/kernel"]
    assert found.metadata == {"not_read": "3 tensors that only training needs"}  # with the save_counter
    assert len(found.skipped) == 3


def test_variables_of_one_name_and_those_whose_name_says_no_layer_keep_their_paths(tmp_path):
    found = saved(tmp_path, a=layer("x", 1), b=layer("x", 2), c=layer("", 3), d=layer("y", 4))
    assert set(found) == {"a/kernel", "b/kernel", "c/kernel", "y/kernel"}
    np.testing.assert_array_equal(found["b/kernel"], [2])


def test_a_graph_that_makes_no_sense_is_refused(tmp_path, monkeypatch):
    path = tf.train.Checkpoint(a=layer("x", 1)).save(str(tmp_path / "c"))
    child = b"\x0a\x04\x0a\x02\x08\x63"  # one object, whose child is number 99
    for text in (b"\x0a\xff\xff", child, b"\x08"):
        monkeypatch.setattr(object_graph.tf_v2, "read_text", lambda prefix, name, text=text: text)
        with pytest.raises(SlimzooError, match="its graph of objects is wrong"):
            converters.read(path)
