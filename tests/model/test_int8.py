"""Eight bits that can be trusted: whole numbers throughout, and a figure of how far they are from float32."""

import json
import logging
import zipfile

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import slimzoo
from slimzoo import converters
from slimzoo.errors import SlimzooError
from slimzoo.model.int8 import Agreement, export_int8, openvino, rounding
from slimzoo.model.int8.agreement import compare
from slimzoo.model.int8.layers import Graph
from slimzoo.model.int8.network import replay_of, values_of
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


def test_a_predictor_of_eight_bits_gives_what_the_file_does_and_knows_how_far_it_is(tflite, model, pixels):
    path, found = tflite
    predictor = model.compiled("tflite", "int8", calibrate=pixels, floor=0)
    assert predictor.agreement == found and "tflite int8" in repr(predictor)
    prepared = model.preprocess([image for image, _ in pixels[:5]])
    logits = predictor(prepared)
    # As far from float32 as any of the held-out images, and two steps of uint8.
    assert np.abs(logits - model(prepared)).max() <= 2 * found.largest_difference
    with pytest.raises(SlimzooError, match=r"(?s)engine is 'tensorflow'.*end_points do not come.*threads"):
        model.compiled("tensorflow", "int8", threads=2, end_points="first", calibrate=pixels)
    with pytest.raises(SlimzooError, match="calibrate=DIR says where images are"):
        model.compiled("tflite", "int8")
    with pytest.raises(SlimzooError, match='add precision="int8"'):
        model.compiled("tflite", calibrate=pixels)
    assert path.is_file()


def test_eight_bits_that_take_one_image_at_a_time_say_so_once(model, pixels, caplog):
    caplog.set_level("INFO", "slimzoo")
    predictor = model.compiled("tflite", "int8", calibrate=pixels, floor=0)
    prepared = model.preprocess([image for image, _ in pixels[:3]])
    for batch in (prepared[:1], prepared, prepared):
        predictor(batch)
    assert caplog.text.count("take one image at a time: a batch is no faster") == 1


def test_a_kernel_is_rounded_for_what_it_meets():
    random = np.random.RandomState(0)
    kernel = random.normal(size=(24, 5)).astype(np.float32)
    alike = random.normal(size=(200, 4)) @ random.normal(size=(4, 24))  # as pixels beside each other
    met = alike + random.normal(size=(200, 24)) / 10 + 3
    covariance = np.cov(met.T)
    found, plain = rounding.descend(kernel, covariance), rounding.nearest(kernel, depthwise=False)
    for rounded in (found, plain):  # on the grid that the largest weight of each column says
        scale = np.abs(kernel).max(0) / 127
        np.testing.assert_allclose(rounded / scale, np.round(rounded / scale), rtol=0, atol=1e-4)
        np.testing.assert_allclose(np.abs(rounded).max(0), np.abs(kernel).max(0), rtol=1e-6)
    error, of_plain = (np.std(met @ (kernel - rounded), 0) for rounded in (found, plain))
    assert error.mean() < of_plain.mean() / 2
    each = rounding.descend(kernel, np.stack([covariance] * 5))
    np.testing.assert_array_equal(each, found)


@pytest.fixture(scope="module")
def mobile():
    """A small network of MobileNet's kind, its channels of odd sizes, and what it was rounded with."""
    model = slimzoo.Model("mobilenet_v1_025", 5, (32, 32, 3))
    for i, (name, variable) in enumerate(model.variables_by_name.items()):
        random = np.random.RandomState(i)
        if name.endswith("weights"):  # maps stay as wide as they are
            axes = variable.shape[:2] if "depthwise" in name else variable.shape[:3]
            variable.assign(random.normal(0, np.sqrt(2 / np.prod(axes)), variable.shape))
        elif name.endswith(("gamma", "beta")):
            variable.assign(random.uniform(0.1, 1.5, variable.shape))
    images = [np.random.RandomState(i).uniform(-1, 1, (8, 32, 32, 3)).astype(np.float32) for i in range(2)]
    return model, images


def test_every_convolution_of_a_network_is_found_with_what_shifts_it(mobile):
    model, _ = mobile
    layers = Graph(replay_of(model)).layers
    assert [layer.kernel for layer in layers] == [
        name for name in model.variables_by_name if name.endswith("weights")
    ]
    assert layers[1].shift.endswith("depthwise/BatchNorm/moving_mean") and layers[1].sign == -1
    assert layers[1].offset.endswith("depthwise/BatchNorm/beta")
    assert layers[-1].shift == layers[-1].offset and layers[-1].sign == 1  # the biases of the last
    lenet = Graph(replay_of(slimzoo.Model("lenet"))).layers
    assert [layer.operation for layer in lenet] == ["Conv2D", "Conv2D", "MatMul", "MatMul"]


def test_what_rounding_changes_in_the_mean_is_taken_out_again(mobile):
    model, images = mobile
    graph, values = Graph(replay_of(model)), values_of(model)
    depthwise = {layer.kernel for layer in graph.layers if layer.operation == "DepthwiseConv2dNative"}
    plain = {
        **values,
        **{x.kernel: rounding.nearest(values[x.kernel], x.kernel in depthwise) for x in graph.layers},
    }
    last = [graph.layers[-1].gives]  # before it is rounded itself
    of_8_bits = graph.runner(last, graph.with_maps_of_8_bits(rounding._ranges(graph, values, images)))
    want = rounding._means(graph.runner(last), values, images)[0]
    better, worse = (
        np.abs(rounding._means(of_8_bits, some, images)[0] - want).max()
        for some in (rounding.rounded(model, images), plain)
    )
    assert better < worse / 100


def test_a_network_whose_graph_is_not_known_is_taken_as_it_is(model, pixels):
    assert replay_of(model) is None and rounding.rounded(model, []) is None


def test_what_agrees_less_than_the_floor_is_not_written(model, pixels, tmp_path, monkeypatch):
    monkeypatch.setattr("slimzoo.model.int8.tflite.converted", lambda *_: pytest.fail("nothing is converted"))
    (tmp_path / "there.tflite").write_text("mine")
    with pytest.raises(FileExistsError, match=r"there.tflite exists already"):
        export_int8(model, tmp_path / "there.tflite", pixels)
    found = Agreement(
        held_out=20, calibrated=40, top1=0.75, mean_difference=1, largest_difference=2, spread=9
    )
    with pytest.raises(SlimzooError, match=r"(?s)75.0% of 20 held-out .*below the floor of 80%, so"):
        found.check(0.8)
    found.check(0.75)


def test_a_file_that_ends_amid_its_pixels_is_named_before_anything_is_converted(model, tmp_path, monkeypatch):
    monkeypatch.setattr("slimzoo.model.int8.tflite.converted", lambda *_: pytest.fail("nothing is converted"))
    random = np.random.RandomState(0)
    for i in range(18):
        Image.fromarray(random.randint(0, 256, (40, 40, 3), np.uint8)).save(tmp_path / f"{i}.jpg")
    for name in ("3.jpg", "11.jpg"):
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:1000])
    with pytest.raises(SlimzooError, match="cannot be calibrated with") as error:
        model.compiled("tflite", "int8", calibrate=tmp_path)
    assert "3.jpg" in str(error.value) and "11.jpg" in str(error.value)


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
    for floor in ("0.5", True):
        with pytest.raises(SlimzooError, match=f"floor is {floor}; it is a part of the images"):
            model.export(tmp_path / "m.tflite", int8=True, calibrate=pixels, floor=floor)
    with pytest.raises(SlimzooError, match="end_points is 3; give a name"):
        model.compiled(end_points=3)
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
    # Nine of ten stay (0.912 and 0.902 of 102); another processor sums otherwise, which moves a few images.
    assert found.held_out > 90 and found.top1 >= 0.87
    assert found.mean_difference < 0.2  # of a spread of 19; weights to their nearest: 0.46


def test_nncf_is_silent_inside_and_what_listens_to_it_hears_it_again():
    pytest.importorskip("nncf", reason="the extra slimzoo[openvino]; not installed")
    log, handler = logging.getLogger("nncf"), logging.NullHandler()
    with openvino._quiet_nncf():
        pass
    before = log.level
    log.addHandler(handler)
    try:
        with openvino._quiet_nncf():
            assert log.level == logging.ERROR
        assert (log.level, handler.level) == (before, logging.NOTSET)
    finally:
        log.removeHandler(handler)
