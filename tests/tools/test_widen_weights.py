"""tools/widen_weights.py: the wider network computes what the narrow one does, and its copies differ."""

from pathlib import Path

import numpy as np
import pytest

import slimzoo
from slimzoo import converters
from slimzoo.errors import SlimzooError
from slimzoo.tracing.shapes import shapes_of
from tools import widen_weights

NARROW = Path(slimzoo.__file__).parent / "demo" / "mobilenet_v1_025_drawn.safetensors"
GIVEN = ["--network", "mobilenet_v1_025", "--to", "mobilenet_v1_050"]
KERNEL = "MobilenetV1/Conv2d_5_pointwise/weights"


def test_logits_of_the_wider_network_are_those_of_the_narrow_one(tmp_path, capsys):
    path = tmp_path / "wide.safetensors"
    widen_weights.main([str(NARROW), str(path), *GIVEN])
    assert "the logits differ by" in capsys.readouterr().out
    narrow, wide = (slimzoo.load(name, weights=file) for name, file in ((GIVEN[1], NARROW), (GIVEN[3], path)))
    images = np.random.default_rng(1).uniform(-1, 1, (2, 96, 96, 3)).astype(np.float32)
    one, other = (model(images, training=False).numpy() for model in (narrow, wide))
    # float32: each sum has twice the terms, in another order, through 28 layers
    np.testing.assert_allclose(other, one, atol=1e-5 * np.abs(one).max())
    assert wide.labels == narrow.labels and wide.preprocessing == narrow.preprocessing


def test_copies_share_a_channel_unequally_so_that_training_tells_them_apart():
    values = converters.read(NARROW)
    shapes = shapes_of("mobilenet_v1_050", num_classes=30)
    wide = widen_weights.widened({name: np.asarray(values[name]) for name in values}, shapes)
    half = wide[KERNEL].shape[2] // 2
    one, other = wide[KERNEL][:, :, :half], wide[KERNEL][:, :, half:]
    whole = np.tile(values[KERNEL], (1, 1, 1, 2))
    np.testing.assert_allclose(one + other, whole, rtol=1e-5, atol=1e-9)  # two roundings to float32
    assert np.abs(one / whole - 0.5).max() > 0.2


def test_what_does_not_fit_is_all_said_and_another_function_is_found_out(tmp_path, monkeypatch):
    with pytest.raises(SlimzooError, match=r"a is of the narrow(.|\n)*b is of the wider(.|\n)*c has shape"):
        widen_weights.widened({"a": np.ones(2), "c": np.ones((2, 2))}, {"b": (4,), "c": (3, 4)})
    monkeypatch.setattr(widen_weights, "DEPTHWISE", "/weights")  # pointwise kernels are not divided
    with pytest.raises(SlimzooError, match="mobilenet_v1_050 is not mobilenet_v1_025 made wider"):
        widen_weights.main([str(NARROW), str(tmp_path / "wide.safetensors"), *GIVEN])
