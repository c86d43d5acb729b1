"""Networks that give masks, written whole: each file, loaded back, gives the masks of the Model."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import slimzoo
from slimzoo.converters.whole_models import missing
from slimzoo.engines import ENGINES
from slimzoo.errors import SlimzooError
from slimzoo.model.deploying import export_for
from slimzoo.model.exporting import export
from slimzoo.model.int8 import export_int8, openvino
from tests import dense

OUTPUTS = {"logits": ("logits", False), "classes": ("classes", True)}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    with dense.registered():
        yield slimzoo.load(dense.write(tmp_path_factory.mktemp("weights") / "dense.safetensors"))


@pytest.fixture(scope="module")
def images():
    """Prepared images of all shades, float32 [18, 24, 24, 3]; of each pixel one class is the best by far."""
    random = np.random.default_rng(0)
    shades = random.choice(np.array([-0.8, 0.0, 0.8], np.float32), (18, dense.SIZE, dense.SIZE, 1))
    return np.repeat(shades, 3, -1)


def lite(path, images):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        interpreter = tf.lite.Interpreter(str(path))
    (into,), (out,) = interpreter.get_input_details(), interpreter.get_output_details()
    interpreter.allocate_tensors()
    found = []
    for image in images:
        if into["dtype"] == np.uint8:
            scale, zero = into["quantization"]
            image = np.clip(np.round(image / scale + zero), 0, 255).astype(np.uint8)
        interpreter.set_tensor(into["index"], image[None])
        interpreter.invoke()
        found.append(interpreter.get_tensor(out["index"]))
    return np.concatenate(found)


def onnx(path, images):
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {"images": images})[0]


def openvino_xml(path, images):
    import openvino as ov

    exact = {"INFERENCE_PRECISION_HINT": "f32"}  # some processors prefer bfloat16
    (found,) = ov.compile_model(str(path), "CPU", exact)({"images": images}).values()
    return np.array(found)


def saved(path, images):
    found = tf.saved_model.load(str(path)).signatures["serving_default"](tf.constant(images))
    (only,) = found.values()
    return only.numpy()


READERS = {"m.tflite": lite, "m.onnx": onnx, "m.xml": openvino_xml, "m/": saved}


def written(model, folder, name, **how):
    kind = name if name.endswith("/") else Path(name).suffix
    if absent := missing("/" if kind.endswith("/") else kind):
        pytest.skip(absent)
    path = f"{folder}/{name}"
    export(model, path, **how)
    return path


@pytest.mark.parametrize("argmax", [False, True])
@pytest.mark.parametrize("name", READERS)
def test_a_whole_model_gives_the_masks_of_the_model(model, images, tmp_path, name, argmax):
    if name == "m.onnx" and ENGINES["onnxruntime"].missing:
        pytest.skip("onnxruntime is not installed")
    path = written(model, tmp_path, name, argmax=argmax)
    found, expected = READERS[name](path, images), model(images).numpy()
    if argmax:
        assert found.dtype == np.int32
        np.testing.assert_array_equal(found, expected.argmax(-1))
    else:
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)  # float32, another order of sums


def test_a_saved_model_of_files_and_one_to_be_served_give_classes_beside_logits(model, images, tmp_path):
    pixels = np.round((images[0] + 1) * 127.5).astype(np.uint8)
    file = tf.io.encode_png(pixels)[None]
    expected = model.predict_masks(pixels)
    export(model, f"{tmp_path}/files/", inputs="jpeg")
    found = tf.saved_model.load(f"{tmp_path}/files").signatures["serving_default"](file)
    assert sorted(found) == ["classes", "logits"]
    np.testing.assert_array_equal(found["classes"], expected)
    made = export_for(model, "tf-serving", tmp_path / "served")
    signatures = tf.saved_model.load(str(made.path)).signatures
    assert sorted(signatures["images"](tf.constant(images))) == ["classes", "logits"]
    np.testing.assert_array_equal(signatures["jpeg"](file)["classes"], expected)
    only = export_for(model, "tf-serving", tmp_path / "served", argmax=True)
    assert only.version == 2
    assert sorted(tf.saved_model.load(str(only.path)).signatures["images"](tf.constant(images))) == [
        "classes"
    ]


@pytest.mark.parametrize("argmax", [False, True])
def test_triton_is_told_what_comes_out(model, images, tmp_path, argmax):
    if missing(".onnx") or ENGINES["onnxruntime"].missing:
        pytest.skip("tf2onnx or onnxruntime is not installed")
    made = export_for(model, "triton", tmp_path, argmax=argmax)
    text = (made.path.parent / "config.pbtxt").read_text()
    said = (
        'name: "classes"\n    data_type: TYPE_INT32\n    dims: [ 24, 24 ]'
        if argmax
        else "dims: [ 24, 24, 3 ]"
    )
    assert said in text and "label_filename" not in text  # which is of a vector of scores
    assert (made.path.parent / "labels.txt").read_text().split() == list(dense.LABELS)
    found = onnx(made.path / "model.onnx", images)
    expected = model(images).numpy()
    np.testing.assert_array_equal(found if argmax else found.argmax(-1), expected.argmax(-1))


@pytest.mark.parametrize("argmax", [False, True])
@pytest.mark.parametrize("name", ["q.tflite", "q.xml"])
def test_eight_bits_are_judged_by_pixels_and_keep_the_masks(model, images, tmp_path, name, argmax):
    if missing(Path(name).suffix) or (name == "q.xml" and openvino.missing()):
        pytest.skip("what makes them is not installed")
    agreement = export_int8(model, tmp_path / name, list(images), argmax=argmax)
    assert agreement.top1 == 1 and agreement.mask_iou == 1
    assert "100.0% of the pixels of 6 held-out images" in str(agreement) and "IoU" in str(agreement)
    found = READERS[f"m.{name[2:]}"](tmp_path / name, images)
    assert found.dtype == (np.int32 if argmax else np.uint8 if name == "q.tflite" else np.float32)
    np.testing.assert_array_equal(found if argmax else found.argmax(-1), model(images).numpy().argmax(-1))


def test_masks_that_differ_lower_what_is_said_of_them():
    from slimzoo.data.calibration import Samples
    from slimzoo.model.int8.agreement import compare

    random = np.random.default_rng(0)
    logits = random.normal(size=(3, 4, 5, 6)).astype(np.float32)
    other = logits + random.normal(size=logits.shape).astype(np.float32)
    batches = iter([0, 2])
    found = compare(
        batches,
        lambda first: logits[first : first + 2],
        lambda first: other[first : first + 2],
        Samples((None,) * 3, "three"),
        7,
        False,
    )
    ours, theirs = logits.argmax(-1), other.argmax(-1)
    assert found.top1 == pytest.approx((ours == theirs).mean())
    assert found.mean_difference == pytest.approx(np.abs(logits - other).mean(), rel=1e-6)
    both = [((ours == i) & (theirs == i)).sum() / ((ours == i) | (theirs == i)).sum() for i in range(6)]
    assert found.mask_iou == pytest.approx(np.mean(both))
    assert json.loads(found.to_json())["held_out"] == 3


def test_best_classes_that_cannot_come_out_are_said(model, tmp_path):
    with pytest.raises(SlimzooError, match=r"argmax=True: [^.]*\.keras file holds the Model as it is"):
        export(model, f"{tmp_path}/m.keras", argmax=True)
    backbone = slimzoo.Model(dense.NAME, 0)
    with pytest.raises(SlimzooError, match="has no classes of which one is the best"):
        export(backbone, f"{tmp_path}/m.tflite", argmax=True)
    with pytest.raises(SlimzooError, match="argmax is yes; it is True or False"):
        export(model, f"{tmp_path}/m.tflite", argmax="yes")
    with pytest.raises(SlimzooError, match=r"a folder, and a \.tflite file is called so"):
        model.export(tmp_path / "m.tflite", argmax=True)  # Keras writes a folder whatever it is called
    assert not [*tmp_path.iterdir()]
