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
        SlimzooError,
        match=r"weights were folded, leaving 1 constants, such as 'w/read/_82__cf__82'. What cannot be found "
        "again: the kernels without the factors of their batch normalisation, and its gamma, beta, mean",
    ):
        converters.read(tmp_path / "g.pb")


def test_kernels_that_were_folded_in_part_of_a_graph_are_said(tmp_path, arrays):
    with tf.Graph().as_default() as graph:
        images = tf.compat.v1.placeholder(tf.float32, [1, 8, 8, 2])
        kernel = tf.constant(arrays["net/conv1/weights"], name="net/conv1/weights_folded")
        tf.nn.conv2d(images, kernel, 1, "SAME")
        tf.identity(tf.constant(arrays["net/fc/weights"], name="net/fc/weights"), name="net/fc/weights/read")
        (tmp_path / "g.pb").write_bytes(graph.as_graph_def().SerializeToString())
    source = converters.read(tmp_path / "g.pb")
    assert list(source) == ["net/fc/weights"]
    assert source.metadata["folded"].startswith("1 kernels, such as net/conv1/weights_folded, are constants")


@pytest.mark.parametrize("mode", ["MIN_FIRST", "MIN_COMBINED"])
def test_variables_kept_in_8_bits_are_read_as_the_numbers_they_mean(tmp_path, mode):
    values = np.random.RandomState(0).uniform(-1.5, 2.5, (20, 30)).astype(np.float32)
    with tf.Graph().as_default() as graph, tf.compat.v1.Session() as session:
        codes = np.round((values - values.min()) / np.ptp(values) * 255).astype(np.uint8)
        parts = (tf.constant(codes.astype(np.int32)), values.min(), values.max())
        packed = tf.constant(session.run(tf.cast(parts[0], tf.quint8)), tf.quint8, name="w_quantized_const")
        named = tf.quantization.dequantize(packed, *parts[1:], mode=mode, name="w")
        expected = session.run(tf.identity(named, name="w/read"))
        (tmp_path / "g.pb").write_bytes(graph.as_graph_def().SerializeToString())
    source = converters.read(tmp_path / "g.pb")
    assert list(source) == ["w"] and source.metadata["dequantised"].startswith("1 tensors: each value is")
    # float32: TensorFlow sums in another order
    np.testing.assert_allclose(source["w"], expected, atol=5e-7)
    steps = 0.5 if mode == "MIN_COMBINED" else 1.0  # the other rounds the lowest value too
    assert np.max(np.abs(source["w"] - values)) <= np.ptp(values) / 255 * steps + 1e-6


def test_a_constant_that_repeats_one_value_beyond_all_measure_is_refused(tmp_path):
    with tf.Graph().as_default() as graph:
        tf.identity(tf.constant(1.0, shape=(2,), name="w"), name="w/read")
        definition = graph.as_graph_def()
    for node in definition.node:
        if node.name == "w":
            node.attr["value"].tensor.tensor_shape.dim[0].size = 10**11
            node.attr["value"].tensor.ClearField("tensor_content")
            node.attr["value"].tensor.float_val[:] = [1.0]
    (tmp_path / "g.pb").write_bytes(definition.SerializeToString())
    with pytest.raises(SlimzooError, match=r"w of shape \(100000000000,\) in 4 bytes"):
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
