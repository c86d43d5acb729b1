"""Folders that servers read: each is run by what pip offers, and gives the numbers of the model."""

import re
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import slimzoo
from slimzoo import slim
from slimzoo.errors import SlimzooError
from slimzoo.model import deploying, exporting
from slimzoo.model.deploying import export_for
from tests.cli.support import left_in, picture
from tests.networks import assert_same, little_model, values

NAMES = ("cat", "dog", "a \u00fcnicorn")
PREPARED = {"kind": "inception", "size": 8, "crop": 0.875, "channel_order": "RGB"}
# Other kernels sum float32 in another order: 2e-5 of the largest value.
CLOSE = {"rtol": 0, "atol": 2e-5}


def headed(images, num_classes=3, is_training=False):
    """One convolution, and a last layer where there are classes."""
    net = slim.conv2d(
        images, 4, 3, normalizer_fn=slim.batch_norm, normalizer_params={"is_training": is_training}
    )
    return slim.fully_connected(slim.flatten(net), num_classes, activation_fn=None) if num_classes else net


@pytest.fixture(scope="module")
def model():
    return slimzoo.Model(headed, 3, (8, 8, 3), preprocessing=PREPARED, labels=NAMES)


@pytest.fixture(scope="module")
def images():
    return np.random.RandomState(0).uniform(-1, 1, (3, 8, 8, 3)).astype(np.float32)


def scaled(value, want):
    return np.asarray(value) / np.abs(want).max()


def assert_near(value, want):
    np.testing.assert_allclose(scaled(value, want), scaled(want, want), **CLOSE)


@pytest.fixture(scope="module")
def served(model, tmp_path_factory):
    return export_for(model, "tf-serving", tmp_path_factory.mktemp("models"), name="little")


def test_a_saved_model_is_served_under_its_number_with_three_signatures_and_its_labels(served, model, images):
    assert served.path.parts[-2:] == ("little", "1") and served.version == 1
    loaded = tf.saved_model.load(str(served.path))
    assert set(loaded.signatures) == {"images", "jpeg", "features", "serving_default"}
    want = model(images).numpy()
    for name in ("images", "serving_default"):
        answer = loaded.signatures[name](images=tf.constant(images))
        assert_near(answer["logits"], want)
        np.testing.assert_allclose(answer["probabilities"], tf.nn.softmax(want), **CLOSE)
        assert [NAMES[i] for i in want.argmax(1)] == [label.decode() for label in answer["label"].numpy()]
    assert (served.path / "assets" / "labels.txt").read_text("utf-8").splitlines() == list(NAMES)
    assert served.bytes == sum(f.stat().st_size for f in served.path.rglob("*") if f.is_file())


def test_the_signature_jpeg_decodes_and_prepares_as_the_model_does(served, model, tmp_path):
    files = [picture(tmp_path / "a.jpg", (200, 30, 90), 40), picture(tmp_path / "b.jpg", (0, 90, 30), 25)]
    jpeg = tf.saved_model.load(str(served.path)).signatures["jpeg"]
    answer = jpeg(jpeg=tf.constant([file.read_bytes() for file in files]))
    assert_near(answer["logits"], model(model.preprocess(files)).numpy())


def test_the_signature_features_is_what_goes_into_the_last_layer(tmp_path):
    model = slimzoo.Model("cifarnet", 5)
    folder = export_for(model, "tf-serving", tmp_path).path
    images = np.random.RandomState(1).uniform(-1, 1, (2, 32, 32, 3)).astype(np.float32)
    features = tf.saved_model.load(str(folder)).signatures["features"](images=tf.constant(images))["features"]
    assert features.shape == (2, 192)
    assert_near(features, model.new_head(0)(images).numpy())
    assert_same(values(slimzoo.load("cifarnet", weights=folder)), values(model))  # it is read again


@pytest.mark.parametrize("data_format, size", [("NHWC", (1, 2)), ("NCHW", (2, 3))])
def test_features_are_averaged_over_their_map_in_either_format(data_format, size, images, tmp_path):
    model = slimzoo.Model(headed, 3, (8, 8, 3), data_format=data_format)
    folder = export_for(model, "tf-serving", tmp_path).path
    answer = tf.saved_model.load(str(folder)).signatures["features"](images=tf.constant(images))
    assert_near(answer["features"], model.new_head(0)(images).numpy().mean(size))


def test_what_a_model_has_not_is_no_signature_and_said(tmp_path, caplog):
    def without_a_number(images):
        return slimzoo.slim.fully_connected(slimzoo.slim.flatten(images), 3, activation_fn=None)

    model = slimzoo.Model(without_a_number, None, (4, 4, 1), name="plain")
    folder = export_for(model, "tf-serving", tmp_path).path
    assert set(tf.saved_model.load(str(folder)).signatures) == {"images", "serving_default"}
    assert "signature jpeg is left out" in caplog.text and "signature features is left out" in caplog.text


def blocks(text, kind):
    """[{key: value}] of each input or output in a config.pbtxt."""
    inside = re.findall(rf"^{kind} \[\n  \{{\n(.*?)\n  \}}\n\]", text, re.S | re.M)
    return [dict(line.strip().split(": ", 1) for line in block.splitlines()) for block in inside]


def run_onnx(file, images):
    onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime runs .onnx files; not installed")
    session = onnxruntime.InferenceSession(str(file))
    (given,), (made,) = session.get_inputs(), session.get_outputs()
    return session.run(None, {"images": images})[0], given, made


def run_openvino(file, images):
    openvino = pytest.importorskip("openvino", reason="the extra slimzoo[openvino]; not installed")
    compiled = openvino.Core().compile_model(str(file), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return compiled({"images": images})["logits"]


@pytest.mark.parametrize(
    "target, backend, file",
    [("triton", "onnxruntime", "model.onnx"), ("triton-openvino", "openvino", "model.xml")],
)
def test_triton_finds_a_config_that_names_what_the_file_takes_and_gives(
    model, images, tmp_path, target, backend, file
):
    pytest.importorskip("tf2onnx" if target == "triton" else "openvino", reason="an extra; not installed")
    made = export_for(model, target, tmp_path, name="little")
    config = (tmp_path / "little" / "config.pbtxt").read_text("utf-8")
    assert f'name: "little"\nbackend: "{backend}"\nmax_batch_size: ' in config
    size = {"data_type": "TYPE_FP32"}
    assert blocks(config, "input") == [{"name": '"images"', **size, "dims": "[ 8, 8, 3 ]"}]
    assert blocks(config, "output") == [
        {"name": '"logits"', **size, "dims": "[ 3 ]", "label_filename": '"labels.txt"'}
    ]
    assert (tmp_path / "little" / "labels.txt").read_text("utf-8").splitlines() == list(NAMES)
    if target == "triton":
        answer, given, out = run_onnx(made.path / file, images)
        assert (given.name, given.type, given.shape[1:]) == ("images", "tensor(float)", [8, 8, 3])
        assert (out.name, out.type, out.shape[1:]) == ("logits", "tensor(float)", [3])
    else:
        answer = run_openvino(made.path / file, images)
        assert (made.path / "model.bin").is_file()
    assert_near(answer, model(images).numpy())


def test_openvino_gets_its_two_files_and_the_labels(model, images, tmp_path):
    openvino = pytest.importorskip("openvino", reason="the extra slimzoo[openvino]; not installed")
    made = export_for(model, "openvino", tmp_path, name="little")
    assert left_in(tmp_path) == ["little.bin", "little.labels.txt", "little.xml"]
    assert_near(run_openvino(made.path, images), model(images).numpy())
    said = openvino.Core().read_model(made.path).get_rt_info(["model_info", "labels"]).value
    assert said.split() == ["cat", "dog", "a_\u00fcnicorn"]
    with pytest.raises(FileExistsError, match=r"little.xml exists already"):
        export_for(model, "openvino", tmp_path, name="little")


@pytest.fixture
def writes(monkeypatch):
    """Lets a function stand in for what writes a version, which takes its time."""
    monkeypatch.setattr(deploying, "missing", lambda kind: "")
    return lambda write: monkeypatch.setattr(deploying, "_writer", lambda model, row, form: write)


def test_the_next_version_is_added_and_what_is_there_is_left_alone(model, tmp_path, writes):
    writes(lambda path: (path.mkdir(), (path / "saved_model.pb").write_text("first")))
    for number in (1, 2):
        assert export_for(model, "tf-serving", tmp_path, name="m").version == number
    assert export_for(model, "tf-serving", tmp_path, name="m", version=9).version == 9
    assert export_for(model, "tf-serving", tmp_path, name="m").version == 10
    writes(lambda path: (path.mkdir(), (path / "saved_model.pb").write_text("second")))
    with pytest.raises(FileExistsError, match=r"m/9 exists already"):
        export_for(model, "tf-serving", tmp_path, name="m", version=9)
    assert (tmp_path / "m" / "9" / "saved_model.pb").read_text() == "first"
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("mine")
    with pytest.raises(FileExistsError, match=r"mine holds thesis.txt, which is nothing for TensorFlow Serv"):
        export_for(model, "tf-serving", tmp_path, name="mine")
    assert left_in(tmp_path / "mine") == ["thesis.txt"]


def test_another_model_s_config_is_kept_and_one_s_own_batches_are_too(model, tmp_path, writes):
    writes(lambda path: path.write_text("onnx"))
    export_for(model, "triton", tmp_path, name="m")
    config = tmp_path / "m" / "config.pbtxt"
    mine = config.read_text().replace("max_batch_size: 64", "max_batch_size: 8") + "instance_group [ ]\n"
    config.write_text(mine)
    assert export_for(model, "triton", tmp_path, name="m").version == 2
    assert config.read_text() == mine
    other = little_model(labels=("x", "y", "z"))
    with pytest.raises(FileExistsError, match=r"labels.txt of .*m are of another model"):
        export_for(other, "triton", tmp_path, name="m")


def test_nothing_half_written_is_left_where_writing_fails(model, tmp_path, writes):
    def fails(path):
        path.mkdir()
        (path / "saved_model.pb").write_text("half")
        raise OSError(28, "no space left", str(path))

    writes(fails)
    with pytest.raises(SlimzooError, match="the disk is full"):
        export_for(model, "tf-serving", tmp_path, name="m")
    assert not list(tmp_path.iterdir())


def test_everything_that_is_wrong_is_said_at_once(model, tmp_path, monkeypatch):
    with pytest.raises(
        SlimzooError, match=r"(?s)nothing that serves is called 'tritn'.*triton.*There are tf-s"
    ):
        export_for(model, "tritn", tmp_path)
    monkeypatch.setattr("slimzoo.converters.whole_models.importlib.util.find_spec", lambda name: None)
    with pytest.raises(
        SlimzooError, match=r"(?s)name is '../up'.*version is 2; it is of no use.*slimzoo\[openvino\]"
    ):
        export_for(model, "openvino", tmp_path, name="../up", version=2)
    with pytest.raises(SlimzooError, match=r"IR is written by openvino: pip install 'slimzoo\[openvino\]'"):
        exporting.export(model, f"{tmp_path}/m.xml")
    assert not list(Path(tmp_path).iterdir())
