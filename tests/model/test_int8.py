"""Eight bits that can be trusted: whole numbers throughout, and a figure of how far they are from float32."""

import json
import zipfile

import numpy as np
import pytest
import tensorflow as tf

import slimzoo
from slimzoo import converters
from slimzoo.errors import SlimzooError
from slimzoo.model.int8 import Agreement, equalising, export_int8
from slimzoo.model.int8.agreement import compare
from slimzoo.model.int8.network import function_of, replay_of, values_of
from tests.cli.support import left_in
from tests.networks import little_model

NAMES = ("cat", "dog", "fox")
PREPARED = {"kind": "inception", "size": 8, "crop": 1.0, "channel_order": "RGB"}


@pytest.fixture(scope="module")
def model():
    return little_model(preprocessing=PREPARED, labels=NAMES)


@pytest.fixture(scope="module")
def pixels():
    """Images with their classes, which the model knows nothing of."""
    images = np.random.RandomState(0).randint(0, 256, (48, 8, 8, 3), np.uint8)
    return [(image, i % 3) for i, image in enumerate(images)]


@pytest.fixture(scope="module")
def tflite(model, pixels, tmp_path_factory):
    path = tmp_path_factory.mktemp("int8") / "m.tflite"
    return path, model.export(path, int8=True, calibrate=pixels, floor=0)


def test_tflite_takes_and_gives_uint8_and_holds_no_float_inside(tflite):
    interpreter = tf.lite.Interpreter(str(tflite[0]))
    (into,), (out,) = interpreter.get_input_details(), interpreter.get_output_details()
    assert into["dtype"] is out["dtype"] is np.uint8 and into["shape"].tolist() == [1, 8, 8, 3]
    kinds = {tensor["dtype"] for tensor in interpreter.get_tensor_details()}
    assert np.float32 not in kinds and np.int8 in kinds
    scales = [t["quantization_parameters"]["scales"] for t in interpreter.get_tensor_details()]
    assert max(map(len, scales)) == 6  # a scale for each channel of the second convolution


def test_the_file_knows_how_far_it_is_from_float32_and_its_labels(tflite, model, pixels):
    path, found = tflite
    source = converters.read(path)
    assert json.loads(source.metadata["int8"])["top1"] == found.top1
    assert source.metadata["preprocessing"] == model.preprocessing.to_json()
    assert zipfile.ZipFile(path).read("labels.txt").decode().splitlines() == list(NAMES)
    assert (found.held_out, found.calibrated, found.measure) == (16, 32, "accuracy")
    assert 0 < found.mean_difference < found.largest_difference
    # The measure is of the file itself: what another interpreter makes of it.
    interpreter = tf.lite.Interpreter(str(path))
    interpreter.allocate_tensors()
    (into,), (out,) = interpreter.get_input_details(), interpreter.get_output_details()
    (scale, zero), step = into["quantization"], out["quantization"][0]
    for image, _ in pixels[:4]:
        prepared = model.preprocess(image).numpy()
        interpreter.set_tensor(
            into["index"], np.clip(np.round(prepared / scale + zero), 0, 255).astype("uint8")
        )
        interpreter.invoke()
        logits = (interpreter.get_tensor(out["index"]).astype(np.float32) - out["quantization"][1]) * step
        assert np.abs(logits - model(prepared)).max() <= found.largest_difference + 2 * step


def test_openvino_gives_the_same_with_eight_bits_and_says_so_in_its_file(model, pixels, tmp_path):
    openvino = pytest.importorskip("openvino", reason="the extra slimzoo[openvino]; not installed")
    pytest.importorskip("nncf", reason="the extra slimzoo[openvino]; not installed")
    found = export_int8(model, tmp_path / "m.xml", pixels, floor=0)
    assert left_in(tmp_path) == ["m.bin", "m.xml"]
    made = openvino.Core().read_model(tmp_path / "m.xml")
    assert "FakeQuantize" in {op.get_type_name() for op in made.get_ops()}
    assert json.loads(made.get_rt_info(["slimzoo", "int8"]).value)["top1"] == found.top1
    assert 0 < found.mean_difference < found.largest_difference


def test_a_network_of_mobile_s_kind_is_the_same_with_its_channels_equalised():
    model = slimzoo.Model("mobilenet_v1_025", 5, (64, 64, 3))
    images = np.random.RandomState(0).uniform(-1, 1, (4, 64, 64, 3)).astype(np.float32)
    replay, values = replay_of(model), values_of(model)
    pairs = equalising.pairs_of(replay)
    assert len(pairs) == 26  # 27 convolutions in a row
    for name in {name for pair in pairs for name in pair.grown if name.endswith("gamma")}:
        values[name] = values[name] * np.random.RandomState(1).uniform(0.1, 1, values[name].shape).astype("f")
    changed = equalising.equalised(replay, values, [images])
    before, after = (tf.function(function_of(model, v))(images)["logits"].numpy() for v in (values, changed))
    # Each is multiplied and divided in float32, 26 times: 1e-4 of the largest logit.
    np.testing.assert_allclose(after, before, rtol=0, atol=1e-4 * np.abs(before).max())
    between = [pair.between for pair in pairs]
    wide, flat = (equalising.largest_of(replay, v, between, [images])[0] for v in (changed, values))
    assert wide.min() / wide.max() > flat.min() / flat.max()


def test_a_network_without_such_pairs_or_of_one_s_own_is_taken_as_it_is(model):
    assert replay_of(model) is None
    lenet = slimzoo.Model("lenet")
    assert equalising.pairs_of(replay_of(lenet)) == []


def test_what_agrees_less_than_the_floor_is_not_written(model, pixels, tmp_path, monkeypatch):
    monkeypatch.setattr("slimzoo.model.int8.tflite.converted", lambda *_: pytest.fail("nothing is converted"))
    (tmp_path / "there.tflite").write_text("mine")
    with pytest.raises(FileExistsError, match=r"there.tflite exists already"):
        export_int8(model, tmp_path / "there.tflite", pixels)
    found = Agreement(
        held_out=20, calibrated=40, top1=0.75, mean_difference=1, largest_difference=2, spread=9
    )
    with pytest.raises(SlimzooError, match=r"(?s)75.0% of 20 held-out .*below the floor of 80%: nothing was"):
        found.check(0.8)
    found.check(0.75)


def test_agreement_measures_what_is_labelled():
    from slimzoo.data.calibration import Samples

    logits = np.eye(4, dtype=np.float32)[[0, 1, 2, 3]] * 5
    other = logits[:, [1, 0, 2, 3]]
    batches = [logits[:2], logits[2:]]

    def swapped(batch):
        return batch[:, [1, 0, 2, 3]]

    labels = np.eye(4, dtype=np.float32)
    held_out = Samples(tuple("abcd"), "four", labels, np.ones_like(labels))
    found = compare(batches, lambda batch: batch, swapped, held_out, 9, multi_label=False)
    assert (found.top1, found.measure, found.float_measure, found.int8_measure) == (0.5, "accuracy", 1, 0.5)
    assert (found.largest_difference, found.mean_difference) == (5, np.abs(logits - other).mean())
    several = compare(batches, lambda batch: batch, swapped, held_out, 9, multi_label=True)
    assert several.measure == "mAP" and several.float_measure == 1 and several.int8_measure < 1
    assert str(found).endswith("; accuracy 50.0%, float32 100.0%")


def test_everything_that_cannot_be_is_said_at_once_and_before_anything_is_converted(model, pixels, tmp_path):
    with pytest.raises(SlimzooError, match=r"(?s)m.onnx: int8 is for TFLite.*calibrate=DIR.*floor is 2"):
        model.export(tmp_path / "m.onnx", int8=True, floor=2)
    with pytest.raises(SlimzooError, match="add int8=True"):
        model.export(tmp_path / "m.tflite", calibrate=pixels)
    with pytest.raises(SlimzooError, match="holds 9 different images"):
        model.export(tmp_path / "m.tflite", int8=True, calibrate=pixels[:9])
    floats = np.zeros((16, 9, 9, 3), np.float32) + np.arange(16)[:, None, None, None]
    with pytest.raises(
        SlimzooError, match=r"prepared images have shape \(9, 9, 3\); little takes \(8, 8, 3\)"
    ):
        model.export(tmp_path / "m.tflite", int8=True, calibrate=floats)
    with pytest.raises(SlimzooError, match=r"little has no preprocessing, and 32 images are files or uint8"):
        little_model().export(tmp_path / "m.tflite", int8=True, calibrate=pixels)
    with pytest.raises(SlimzooError, match="has no last layer, by which int8 is judged"):
        slimzoo.Model("lenet", 0).export(tmp_path / "m.tflite", int8=True, calibrate=pixels)
    assert not left_in(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["m.tflite", "m.xml"])
def test_released_weights_keep_the_best_class_of_photographs(shared, tmp_path, name):
    if name == "m.xml":
        pytest.importorskip("nncf", reason="the extra slimzoo[openvino]; not installed")
    weights = shared / "checkpoints" / "real" / "mobilenet_v1_0.25_128_frozen.pb"
    model = slimzoo.load("mobilenet_v1_025", weights=weights, size=128)
    found = export_int8(model, tmp_path / name, shared / "voc" / "VOCdevkit", floor=0.8)
    # What is asked of 8 bits; 102 photographs that calibrated nothing.
    assert found.held_out > 90 and found.top1 >= 0.9
