"""Whole models for those who run them without slimzoo: the same logits, and never a file lost."""

import importlib.util

import keras
import numpy as np
import pytest
import tensorflow as tf

import slimzoo
from slimzoo.converters import whole_models
from slimzoo.errors import SlimzooError
from slimzoo.model import exporting


@pytest.fixture(scope="module")
def model():
    return slimzoo.Model("lenet")


@pytest.fixture(scope="module")
def images():
    return np.random.RandomState(0).uniform(-1, 1, (2, 28, 28, 1)).astype(np.float32)


def run_keras(path, images):
    return keras.models.load_model(path)(images).numpy()


def run_tflite(path, images):
    runner = tf.lite.Interpreter(str(path)).get_signature_runner()
    (name,) = runner.get_input_details()
    return np.concatenate([next(iter(runner(**{name: image[None]}).values())) for image in images])


def run_saved_model(path, images):
    loaded = tf.saved_model.load(str(path))
    return loaded.serve(images).numpy()


def run_onnx(path, images):
    onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime runs .onnx files; not installed")
    return onnxruntime.InferenceSession(str(path)).run(None, {"images": images})[0]


@pytest.mark.parametrize(
    "name, run",
    [("m.keras", run_keras), ("m.tflite", run_tflite), ("m/", run_saved_model), ("m.onnx", run_onnx)],
)
def test_an_export_gives_the_logits_of_the_model(model, images, tmp_path, name, run):
    if name.endswith(".onnx") and importlib.util.find_spec("tf2onnx") is None:
        pytest.skip("tf2onnx writes .onnx files; not installed (the extra slimzoo[onnx])")
    path = exporting.export(model, f"{tmp_path}/{name}")
    want = model(images).numpy()
    # Other kernels sum float32 in another order: 1e-5 of the largest logit.
    np.testing.assert_allclose(run(path, images), want, rtol=0, atol=1e-5 * np.abs(want).max())
    assert [left.name for left in tmp_path.iterdir()] == [name.rstrip("/")]


def test_what_is_there_stays_unless_it_may_be_replaced(model, tmp_path):
    (tmp_path / "m.keras").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine.txt").write_text("mine")
    for name, overwrite in (("m.keras", False), ("folder/", False), ("folder/", True)):
        with pytest.raises(FileExistsError):
            exporting.export(model, f"{tmp_path}/{name}", overwrite)
    assert (tmp_path / "m.keras").read_text() == (tmp_path / "folder" / "mine.txt").read_text() == "mine"
    exporting.export(model, f"{tmp_path}/m.keras", overwrite=True)
    for _ in range(2):
        exporting.export(model, f"{tmp_path}/saved/", overwrite=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "m.keras", "saved"]


def test_another_suffix_and_a_missing_writer_are_said(model, tmp_path, monkeypatch):
    with pytest.raises(
        SlimzooError, match=r"m.pb: a whole model is one of .keras, .tflite, .onnx, .xml, NAME/, "
    ):
        exporting.export(model, f"{tmp_path}/m.pb")
    monkeypatch.setattr(whole_models.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SlimzooError, match=r"ONNX is written by tf2onnx: pip install 'slimzoo\[onnx\]'"):
        exporting.export(model, f"{tmp_path}/m.onnx")
