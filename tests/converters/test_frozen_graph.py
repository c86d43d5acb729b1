"""Frozen graphs made by TensorFlow, read without it."""

import numpy as np
import pytest
import tensorflow as tf

from slimzoo import converters
from slimzoo.errors import SlimzooError


def freeze(path, values, reader="{}/read"):
    """Writes a graph as freeze_graph leaves it: every variable a constant that an Identity reads."""
    with tf.Graph().as_default() as graph:
        for name, value in values.items():
            constant = tf.constant(value, name=name)
            tf.identity(constant, name=reader.format(name))
        tf.nn.relu(tf.constant([1.0, 2.0], name="net/not_a_weight"))
        definition = graph.as_graph_def()
    path.write_bytes(definition.SerializeToString())
    return definition


@pytest.mark.parametrize("reader", ["{}/read", "{}/Read/ReadVariableOp"])
def test_the_constants_that_were_variables_are_read(tmp_path, arrays, reader):
    definition = freeze(tmp_path / "g.pb", arrays, reader)
    source = converters.read(tmp_path / "g.pb")
    assert set(source) == set(arrays) and source.format == "frozen_graph"
    for node in definition.node:
        if node.name in source:
            expected = tf.make_ndarray(node.attr["value"].tensor)
            np.testing.assert_array_equal(source[node.name], expected)
            assert source.shapes[node.name] == expected.shape and source.dtypes[node.name] == expected.dtype


@pytest.mark.parametrize(
    "name", ["float16", "float64", "int8", "int32", "int64", "uint8", "bool", "bfloat16"]
)
def test_every_type_is_read(tmp_path, name):
    value = np.array([[0, 1], [1, 0]]).astype(tf.as_dtype(name).as_numpy_dtype)
    freeze(tmp_path / "g.pb", {"a": value})
    assert converters.read(tmp_path / "g.pb")["a"].tobytes() == value.tobytes()


@pytest.mark.parametrize("value", [0.0, 2.5])
def test_a_constant_of_one_repeated_value_is_filled(tmp_path, value):
    with tf.Graph().as_default() as graph:
        tf.identity(tf.constant(value, tf.float32, shape=(3, 4), name="a"), name="a/read")
        (tmp_path / "g.pb").write_bytes(graph.as_graph_def().SerializeToString())
    np.testing.assert_array_equal(converters.read(tmp_path / "g.pb")["a"], np.full((3, 4), value, np.float32))


def test_a_folded_graph_is_refused_and_says_why(tmp_path):
    with tf.Graph().as_default() as graph:
        tf.nn.relu(tf.constant(np.ones((2, 2), np.float32), name="w/read/_82__cf__82"))
        (tmp_path / "g.pb").write_bytes(graph.as_graph_def().SerializeToString())
    with pytest.raises(
        SlimzooError, match=r"weights were folded, leaving 1 constants, such as 'w/read/_82__cf__82'"
    ):
        converters.read(tmp_path / "g.pb")


def test_a_quantized_graph_is_refused_and_says_why(tmp_path, arrays):
    with tf.Graph().as_default() as graph:
        codes = tf.quantization.quantize(tf.constant([1.0, 2.0]), 0.0, 2.0, tf.quint8)
        tf.identity(tf.constant(np.ones((2, 2), np.float32), name="w"), name="w/read")
        tf.quantization.dequantize(codes.output, 0.0, 2.0)
        (tmp_path / "g.pb").write_bytes(graph.as_graph_def().SerializeToString())
    with pytest.raises(SlimzooError, match=r"it is quantized .*Dequantize"):
        converters.read(tmp_path / "g.pb")


def test_a_graph_cut_anywhere_is_refused_or_misses_only_its_end(tmp_path, arrays):
    freeze(tmp_path / "g.pb", arrays)
    whole = (tmp_path / "g.pb").read_bytes()
    for size in np.linspace(1, len(whole) - 1, 80, dtype=int):
        (tmp_path / "g.pb").write_bytes(whole[:size])
        try:
            source = converters.read(tmp_path / "g.pb")
        except SlimzooError as error:
            assert "g.pb" in str(error)
        else:  # cut between two nodes; a network would miss a variable
            for name in source:
                np.testing.assert_array_equal(source[name], arrays[name])


def test_nothing_in_a_graph_is_run(tmp_path, arrays):
    marker = tmp_path / "written"
    with tf.Graph().as_default() as graph:
        tf.identity(tf.constant([1.0], name="w"), name="w/read")
        tf.io.write_file(str(marker), "x")
        (tmp_path / "g.pb").write_bytes(graph.as_graph_def().SerializeToString())
    assert list(converters.read(tmp_path / "g.pb")) == ["w"] and not marker.exists()


@pytest.mark.parametrize("size", [128, 224])
def test_a_real_graph_says_the_size_of_its_images(shared, size):
    path = shared / "checkpoints" / "real" / f"mobilenet_v1_0.25_{size}_frozen.pb"
    assert converters.read(path).metadata == {"image_size": str(size)}
