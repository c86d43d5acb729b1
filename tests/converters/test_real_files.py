"""Checkpoints that TF 1.15 wrote, and released ones: every value of every file."""

import json
import zlib

import numpy as np
import pytest
import tensorflow as tf

from slimzoo import converters
from slimzoo.errors import SlimzooError

WRITTEN = {
    "mobilenet_v1_025_momentum": ("", "v1", "model.ckpt-2", "v1/model.ckpt-2", "model.ckpt-2.meta"),
    "mobilenet_v1_025_sharded": (
        "",
        "v1",
        "model.ckpt-0.data-00001-of-00002",
        "v1/model.ckpt-0-00001-of-00002",
    ),
}
MOBILENET = 137  # variables of MobileNetV1


@pytest.fixture
def checkpoints(shared):
    return shared / "checkpoints"


@pytest.mark.parametrize(
    ("folder", "name"), [(folder, name) for folder in WRITTEN for name in WRITTEN[folder]]
)
def test_every_variable_that_tf_1_15_wrote_is_read_bit_by_bit(checkpoints, folder, name):
    expected = json.loads((checkpoints / "tf1_written" / folder / "variables.json").read_text())["variables"]
    source = converters.read(checkpoints / "tf1_written" / folder / name)
    assert set(source) == set(expected)
    for variable, row in expected.items():
        array = source[variable]
        assert [list(array.shape), array.dtype.name] == [row["shape"], row["dtype"]]
        assert zlib.crc32(array.tobytes()) == row["crc32"]


def test_slots_and_averages_of_a_training_checkpoint_are_counted(checkpoints):
    folder = checkpoints / "tf1_written" / "mobilenet_v1_025_momentum"
    about = json.loads((folder / "variables.json").read_text())
    plain, left_out = converters.inference_variables(converters.read(folder))
    assert set(plain) == set(about["model_variables"])
    assert left_out == {"moving averages": MOBILENET, "optimizer slots": 83, "global_step": 1}
    averaged, left_out = converters.inference_variables(converters.read(folder), ema=True)
    assert set(averaged) == set(plain) and left_out["plain values"] == MOBILENET
    for name in averaged:
        row = about["variables"][f"{name}/ExponentialMovingAverage"]
        assert zlib.crc32(averaged[name].tobytes()) == row["crc32"]


@pytest.mark.parametrize("name", ["siamese_mnist_v1.ckpt"])
def test_a_released_v1_checkpoint_reads_as_tensorflow_reads_it(checkpoints, name):
    path = checkpoints / "real" / name
    reader = tf.train.load_checkpoint(str(path))
    source = converters.read(path)
    assert set(source) == set(reader.get_variable_to_shape_map())
    for variable in source:
        assert source[variable].tobytes() == reader.get_tensor(variable).tobytes()


@pytest.mark.parametrize("size", [128, 224])
def test_a_released_frozen_graph_reads_as_tensorflow_reads_it(checkpoints, size):
    path = checkpoints / "real" / f"mobilenet_v1_0.25_{size}_frozen.pb"
    graph = tf.compat.v1.GraphDef.FromString(path.read_bytes())
    source = converters.read(path)
    assert len(source) == MOBILENET
    for node in graph.node:
        if node.name in source:
            assert source[node.name].tobytes() == tf.make_ndarray(node.attr["value"].tensor).tobytes()


def test_a_released_archive_gives_its_float_graph(checkpoints):
    archive = checkpoints / "real" / "mobilenet_v1_0.25_128_frozen.tgz"
    graph = converters.read(checkpoints / "real" / "mobilenet_v1_0.25_128_frozen.pb")
    assert converters.compare(converters.read(archive), graph)
    folded = converters.read(f"{archive}::quantized_graph.pb")
    assert "28 kernels" in folded.metadata["folded"] and "2 tensors" in folded.metadata["dequantised"]


def test_the_folded_graph_beside_it_is_of_the_same_numbers(checkpoints, tmp_path):
    archive = checkpoints / "real" / "mobilenet_v1_0.25_128_frozen.tgz"
    graph = converters.read(archive)
    member, out = f"{archive}::quantized_graph.pb", tmp_path / "m.safetensors"
    assert converters.convert(member, out, network="mobilenet_v1_025").tensors == MOBILENET
    found, scope = converters.read(out), "MobilenetV1/Conv2d_0"
    norm = {
        name: graph[f"{scope}/BatchNorm/{name}"]
        for name in ("gamma", "moving_variance", "beta", "moving_mean")
    }
    scale = norm["gamma"] / np.sqrt(norm["moving_variance"] + 0.001)
    # float32, multiplied by TensorFlow and here
    np.testing.assert_allclose(
        found[f"{scope}/weights"], graph[f"{scope}/weights"] * scale, rtol=1e-5, atol=1e-6
    )
    beta = norm["beta"] - norm["moving_mean"] * scale
    np.testing.assert_allclose(found[f"{scope}/BatchNorm/beta"], beta, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(found[f"{scope}/BatchNorm/gamma"], 1)


@pytest.mark.parametrize("name", ["mobilenet_v1_0.25_128_frozen.tgz", "mobilenet_v1_0.25_224_frozen.pb"])
def test_released_weights_are_those_of_the_network(checkpoints, tmp_path, name):
    report = converters.convert(
        checkpoints / "real" / name, tmp_path / "m.safetensors", network="mobilenet_v1_025"
    )
    assert report.tensors == MOBILENET and report.metadata["num_classes"] == "1001"
    with pytest.raises(SlimzooError, match="of another shape"):
        converters.convert(
            checkpoints / "real" / name, tmp_path / "n.safetensors", network="mobilenet_v1_050"
        )
