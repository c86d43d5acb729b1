"""Weights of other libraries: load() builds the network that they were trained in, and says what it does."""

import json
import logging

import numpy as np
import pytest

import slimzoo
from slimzoo import converters, weights
from slimzoo.converters.name_maps import get_name_map
from slimzoo.converters.source import Tensor
from slimzoo.loading import source as sources
from slimzoo.tracing.parts import network_shapes
from tests.converters.keras_twins import CLASSES, build, images, keras_images, randomise

NETWORK, SHAPE = "resnet_v1_50", (64, 64, 3)
ARGUMENTS = {"symmetric_pooling": True, "batch_norm_epsilon": 1.001e-5}
TOLERANCE = 1e-4  # of the logits' range: float32 sums in another order, through 50 layers


@pytest.fixture(scope="module")
def keras_file(tmp_path_factory):
    """(a file that Keras wrote, the logits that Keras computes)."""
    model = randomise(build(NETWORK))
    path = tmp_path_factory.mktemp("keras") / "r50.weights.h5"
    model.save_weights(path)
    return path, model(keras_images(NETWORK, images(NETWORK)), training=False).numpy()


@pytest.fixture
def said(caplog):
    caplog.set_level(logging.INFO, logger="slimzoo")
    return lambda level: [r.getMessage() for r in caplog.records if r.levelno == level]


def assert_logits(model, expected):
    found = np.asarray(model(images(NETWORK)))
    assert np.abs(found - expected).max() <= TOLERANCE * np.ptp(expected)


def test_a_file_of_keras_gets_the_network_of_keras(keras_file, said):
    path, logits = keras_file
    model = slimzoo.load(NETWORK, weights=path, input_shape=SHAPE)
    assert not said(logging.WARNING)
    assert_logits(model, logits)
    assert model.network_arguments == ARGUMENTS
    assert any("built with symmetric_pooling=True, batch" in text for text in said(logging.INFO))


def test_what_is_made_of_it_keeps_the_arguments(keras_file, tmp_path):
    path, logits = keras_file
    report = converters.convert(path, tmp_path / "a.safetensors", NETWORK)
    assert "network: with symmetric_pooling=True" in str(report) and "differs" not in report.metadata
    model = slimzoo.load(tmp_path / "a.safetensors", input_shape=SHAPE)
    assert_logits(model, logits)
    slimzoo.save(model, tmp_path / "b.safetensors")
    assert_logits(slimzoo.load(tmp_path / "b.safetensors"), logits)


def test_a_checkpoint_cannot_keep_them_and_that_is_said(keras_file, tmp_path, said):
    path, logits = keras_file
    converters.convert(path, tmp_path / "a.ckpt", NETWORK)
    (text,) = said(logging.WARNING)
    assert "load() computes what keras does if it is given symmetric_pooling=True" in text
    assert_logits(slimzoo.load(NETWORK, weights=tmp_path / "a.ckpt", input_shape=SHAPE, **ARGUMENTS), logits)


def test_the_callers_arguments_win_and_it_is_said_once_what_that_costs(keras_file, said):
    path, logits = keras_file
    model = slimzoo.load(NETWORK, weights=path, input_shape=SHAPE, symmetric_pooling=False)
    assert model.network_arguments == ARGUMENTS | {"symmetric_pooling": False}
    (text,) = said(logging.WARNING)
    assert "built with symmetric_pooling=False, and keras computes with symmetric_pooling=True" in text
    assert get_name_map("keras", NETWORK).note in text
    assert np.abs(np.asarray(model(images(NETWORK))) - logits).max() > 0.01 * np.ptp(logits)


def test_what_is_written_for_a_library_that_computes_otherwise_says_so(tmp_path):
    shapes = network_shapes(NETWORK, CLASSES)
    arrays = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    converters.write_safetensors(tmp_path / "a.safetensors", arrays, {})
    theirs = tmp_path / "a.weights.h5"
    report = converters.convert(tmp_path / "a.safetensors", theirs, NETWORK, to="keras")
    assert report.metadata["differs"].startswith("these weights are for slim's own network; keras computes")
    back = converters.convert(theirs, tmp_path / "b.safetensors", NETWORK)
    assert json.loads(back.metadata["network_arguments"]) == {}  # as they were, whatever Keras's have
    again = converters.convert(theirs, tmp_path / "c.weights.h5", NETWORK, to="keras")
    assert "differs" in again.metadata


def test_keras_weights_go_to_keras_without_a_word(keras_file, tmp_path):
    path, _ = keras_file
    report = converters.convert(path, tmp_path / "a.weights.h5", NETWORK, to="keras")
    assert "differs" not in report.metadata
    report = converters.convert(path, tmp_path / "b.safetensors", NETWORK, to="torchvision")
    assert "network with symmetric_pooling=True, batch_norm_epsilon=1.001e-05" in report.metadata["differs"]


@pytest.mark.parametrize(
    "network, library, kind",
    [
        ("resnet_v2_50", "keras", "inception"),
        ("resnet_v1_50", "torchvision", "mean_std"),
        ("resnet_v1_50", "keras", "vgg"),
    ],
)
def test_pixels_are_prepared_as_those_that_the_library_trained_with(network, library, kind, tmp_path, said):
    shapes = network_shapes(network, CLASSES)
    ours = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    name_map = get_name_map(library, network)
    theirs = name_map.to_theirs(converters.Source("memory", tmp_path, _tensors(ours)))
    converters.write_safetensors(tmp_path / "a.safetensors", theirs, {})
    model = slimzoo.load(network, weights=tmp_path / "a.safetensors", input_shape=SHAPE)
    assert (model.preprocessing.kind, model.preprocessing.size) == (kind, 64)
    assert model.network_arguments == name_map.arguments
    report = converters.convert(tmp_path / "a.safetensors", tmp_path / "b.safetensors", network)
    assert json.loads(report.metadata.get("preprocessing", '{"kind": "vgg"}'))["kind"] == kind
    converters.convert(tmp_path / "a.safetensors", tmp_path / "c.ckpt", network)
    told = f"of_kind({kind!r}, 224)" in said(logging.WARNING)[-1]
    assert told == bool(name_map.preprocessing)


def _tensors(arrays):
    return {name: Tensor(a.shape, a.dtype, lambda a=a: a) for name, a in arrays.items()}


LOADABLE = [row for row in weights.rows() if row.name_map and row.maths != "other"]


@pytest.mark.parametrize("row", LOADABLE, ids=str)
def test_released_weights_get_the_network_they_were_released_for(row, monkeypatch, tmp_path):
    monkeypatch.setattr(weights, "fetch", lambda row: tmp_path)
    found = sources._from_row(row)
    assert not found.arguments
    expected = get_name_map(row.name_map, row.network) if row.maths == "differs" else None
    assert found.name_map == expected


def test_a_backbone_of_weights_of_torchvision_has_a_map_at_each_of_its_strides():
    arguments = get_name_map("torchvision", NETWORK).arguments
    model = slimzoo.Model(NETWORK, 0, SHAPE, **arguments)
    found = [(level.end_point, level.reduction) for level in model.backbone().feature_info]
    assert found == [
        ("resnet_v1_50/conv1", 2),
        *((f"resnet_v1_50/block{i}", 2 ** (i + 1)) for i in (1, 2, 3, 4)),
    ]
