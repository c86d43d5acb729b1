"""load(): by name, tag, folder and file, from every kind of checkpoint; and predict() on photographs."""

import dataclasses
import json
import logging
import tarfile

import ml_dtypes
import numpy as np
import pytest
import tensorflow as tf

import slimzoo
from slimzoo import converters, registry, weights
from slimzoo.converters.source import empty
from slimzoo.errors import SlimzooError
from slimzoo.files import MODEL
from slimzoo.labels import imagenet
from slimzoo.model.saving import save
from slimzoo.preprocessing import of_kind
from slimzoo.restoring.tensors import take_over
from tests.networks import assert_same, disturb, values

SMALL = "mobilenet_v1_025"
TAG = "slim_in1k_128"
HEAD = "MobilenetV1/Logits/Conv2d_1c_1x1"
MOMENTUM = "checkpoints/tf1_written/mobilenet_v1_025_momentum"
SHARDED = "checkpoints/tf1_written/mobilenet_v1_025_sharded"
REAL = "checkpoints/real"


def images():
    return np.random.RandomState(0).uniform(-1, 1, (2, 128, 128, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def lenet(tmp_path_factory):
    """(model, its .safetensors file with all metadata)."""
    about = of_kind("lenet", 28, "GRAY")
    model = slimzoo.Model("lenet", 4, labels=list("abcd"), preprocessing=about, multi_label=True)
    disturb(model)
    return model, save(model, tmp_path_factory.mktemp("run") / MODEL)


# By name, tag, folder, file.


def test_a_name_alone_gives_a_new_network_with_its_own_preprocessing():
    model = slimzoo.load("lenet")
    assert model.num_classes == 10 and model.input_shape == (None, 28, 28, 1)
    assert model.restore_report is None and model.preprocessing.kind == "lenet"
    assert (
        slimzoo.load(SMALL, num_classes=3, input_shape=(64, 64, 3)).preprocess(np.zeros((9, 9, 3))).shape[1]
        == 64
    )


def test_a_row_that_names_an_unknown_preprocessing_is_refused_with_those_there_are(monkeypatch):
    row = dataclasses.replace(slimzoo.get_network("lenet"), name="mine", preprocessing="letters")
    monkeypatch.setitem(registry.networks(), "mine", row)
    with pytest.raises(
        SlimzooError, match=r"'mine' is registered with preprocessing 'letters'.* there are inc"
    ):
        slimzoo.load("mine")


@pytest.mark.parametrize("as_folder", [False, True])
def test_a_result_folder_and_its_file_bring_everything_back(lenet, as_folder):
    model, path = lenet
    again = slimzoo.load(path.parent if as_folder else path)
    assert_same(values(again), values(model))
    assert (again.network, again.labels, again.multi_label) == (model.network, model.labels, True)
    assert again.preprocessing == model.preprocessing
    assert again.restore_report.fraction == 1.0
    assert {row.state for row in again.summary_rows()} == {"restored"}


def test_a_name_with_a_tag_takes_the_row_of_the_manifest(tmp_path, monkeypatch):
    model = slimzoo.Model(SMALL, 1001)
    converters.write_safetensors(tmp_path / "w.safetensors", values(model))
    asked = []
    monkeypatch.setattr(weights, "fetch", lambda row: asked.append(row.tag) or tmp_path / "w.safetensors")
    for again in (
        slimzoo.load(f"{SMALL}.{TAG}"),
        slimzoo.load(f"{SMALL}/{TAG}"),
        slimzoo.load(SMALL, weights=TAG),
    ):
        assert_same(values(again), values(model))
        assert again.labels == imagenet(1) and again.label_offset == 1
        assert again.preprocessing.size == 128 and again.input_shape == (None, 128, 128, 3)
    slimzoo.load(SMALL, pretrained=True)
    assert asked == [TAG, TAG, TAG, weights.get_row(SMALL).tag]


@pytest.mark.parametrize(
    "name, settings, error, words",
    [
        ("lenett", {}, SlimzooError, "Nearest: lenet"),
        ("/no/such/folder", {}, FileNotFoundError, "neither a file or folder"),
        ("runs/best", {}, FileNotFoundError, "neither a file or folder"),
        (f"{SMALL}/no_tag", {}, SlimzooError, "no_tag"),
        (
            SMALL,
            {"weights": "no_such"},
            FileNotFoundError,
            "no weights 'no_such'.*the tags are slim_in1k.*the first are the default",
        ),
        ("no_such.keras", {}, FileNotFoundError, "there is no file no_such.keras"),
        ("no_such.keras", {"num_classes": 3}, SlimzooError, "is a whole model, saved by Keras"),
        ("lenet", {"pretrained": True}, SlimzooError, "lenet"),
    ],
)
def test_what_cannot_be_found_says_what_there_is(name, settings, error, words):
    with pytest.raises(error, match=words):
        slimzoo.load(name, **settings)


def test_a_folder_without_weights_says_which_file_is_missing(tmp_path):
    with pytest.raises(SlimzooError, match=r"holds no model\.safetensors"):
        slimzoo.load(tmp_path)


def test_a_file_that_names_no_network_says_how_to_name_it(tmp_path, lenet):
    converters.write_safetensors(tmp_path / "w.safetensors", values(lenet[0]))
    with pytest.raises(SlimzooError, match=r"which network it belongs to.*weights="):
        slimzoo.load(tmp_path / "w.safetensors")
    assert slimzoo.load("lenet", weights=tmp_path / "w.safetensors").num_classes == 4


def test_a_file_and_weights_together_are_refused(lenet):
    with pytest.raises(SlimzooError, match="holds weights already"):
        slimzoo.load(lenet[1], weights=lenet[1])


# Classes.


def test_another_number_of_classes_makes_only_the_head_new_and_says_so(lenet, caplog):
    model, path = lenet
    again = slimzoo.load(path, num_classes=7)
    assert "4 classes and 7 are asked for: LeNet/fc4 is new" in caplog.text
    assert again.restore_report.reinitialised == ("LeNet/fc4/weights", "LeNet/fc4/biases")
    assert again.labels is None and not again.multi_label and again.num_classes == 7
    kept = {n: v for n, v in values(model).items() if "fc4" not in n}
    assert_same({n: v for n, v in values(again).items() if "fc4" not in n}, kept)
    caplog.clear()
    slimzoo.load(path, num_classes=7, quiet=True)
    slimzoo.load(path, num_classes=4)
    assert not caplog.text


def test_no_classes_leaves_the_head_of_the_file_unused(lenet):
    again = slimzoo.load(lenet[1], num_classes=0)
    assert again(np.zeros((1, 28, 28, 1), np.float32)).shape == (1, 1024)
    assert set(again.restore_report.unused) == {"LeNet/fc4/biases", "LeNet/fc4/weights"}


def test_excluded_scopes_are_new(lenet):
    again = slimzoo.load(lenet[1], exclude=["LeNet/fc3"])
    assert set(again.restore_report.reinitialised) == {"LeNet/fc3/weights", "LeNet/fc3/biases"}
    assert slimzoo.load(lenet[1], exclude="LeNet/fc3").restore_report == again.restore_report
    with pytest.raises(SlimzooError, match=r"fc33.*did you mean"):
        slimzoo.load(lenet[1], exclude=["LeNet/fc33"])


# Weights that do not fit.


def test_the_weights_of_another_network_name_all_differences_and_the_reason(lenet):
    with pytest.raises(SlimzooError) as caught:
        slimzoo.load("cifarnet", weights=lenet[1])
    text = str(caught.value)
    for name in (
        "LeNet/conv1/weights",
        "LeNet/fc4/biases",
        "CifarNet/conv1/weights",
        "CifarNet/logits/biases",
    ):
        assert name in text
    assert "10 missing, 8 unexpected" in text and "another network" in text


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_in_weights_names_every_variable(tmp_path, lenet, value):
    arrays = values(lenet[0])
    arrays["LeNet/conv1/biases"] = np.full(32, value, np.float32)
    arrays["LeNet/fc4/biases"] = np.array([0, value, 0, 0], np.float32)
    np.savez(tmp_path / "w.npz", **arrays)
    with pytest.raises(SlimzooError, match=r"(?s)conv1/biases: 32 values.*fc4/biases: 1 value.*earlier"):
        slimzoo.load("lenet", weights=tmp_path / "w.npz")
    again = slimzoo.load("lenet", weights=tmp_path / "w.npz", exclude=["LeNet/fc4", "LeNet/conv1"])
    assert np.isfinite(values(again)["LeNet/fc3/weights"]).all()


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float64])
def test_weights_of_another_precision_are_cast_to_float32(tmp_path, lenet, dtype):
    arrays = {name: value.astype(dtype) for name, value in values(lenet[0]).items()}
    converters.write_safetensors(tmp_path / "w.safetensors", arrays)
    again = slimzoo.load("lenet", weights=tmp_path / "w.safetensors")
    assert_same(values(again), {name: value.astype(np.float32) for name, value in arrays.items()})


def test_saving_says_what_the_file_is_and_refuses_a_function_of_ones_own(tmp_path, lenet):
    source = converters.read(lenet[1])
    assert source.metadata["network"] == "lenet" and json.loads(source.metadata["labels"]) == list("abcd")
    with pytest.raises(FileExistsError):
        save(lenet[0], lenet[1])
    with pytest.raises(SlimzooError, match="a function of your own"):
        save(slimzoo.Model(lambda x: x, input_shape=(2, 2, 3)), tmp_path / "w.safetensors")


# Memory.


def test_an_aligned_array_is_taken_over_without_a_copy():
    array = empty((5, 3), np.dtype(np.float32))
    array[:] = 1.0
    tensor = take_over(array)
    array[:] = 2.0
    np.testing.assert_array_equal(tensor, 2.0)


@pytest.mark.parametrize(
    "kind", ["unaligned", "read-only", "strided", "empty", "bfloat16", "float16", "bool", "scalar"]
)
def test_any_other_array_becomes_a_tensor_of_its_value(kind):
    whole = empty((64,), np.dtype(np.float32))
    whole[:] = np.arange(64)
    read_only = whole.copy()
    read_only.flags.writeable = False
    array = {
        "unaligned": whole[1:],
        "read-only": read_only,
        "strided": whole.reshape(8, 8).T,
        "empty": whole[:0],
        "bfloat16": empty((3,), np.dtype(ml_dtypes.bfloat16)),
        "float16": whole.astype(np.float16),
        "bool": whole > 3,
        "scalar": np.float32(3.0) + np.zeros(()),
    }[kind]
    if kind == "bfloat16":
        array[:] = 1.5
    tensor = take_over(np.asarray(array))
    np.testing.assert_array_equal(tensor.numpy(), array)


def test_two_models_of_one_file_share_no_memory(lenet):
    one, two = slimzoo.load(lenet[1]), slimzoo.load(lenet[1])
    one.variables_by_name["LeNet/fc3/weights"].assign_add(tf.ones((3136, 1024)))
    assert_same(values(two), values(lenet[0]))


# Real checkpoints.


@pytest.mark.parametrize("path", [MOMENTUM, f"{MOMENTUM}/v1", f"{MOMENTUM}/model.ckpt-2"])
@pytest.mark.parametrize("ema", [False, True])
def test_a_checkpoint_of_tensorflow_1_gives_its_logits(shared, path, ema):
    model = slimzoo.load(SMALL, weights=shared / path, ema=ema, size=128)
    expected = np.load(shared / MOMENTUM / "inference.npz")["logits_ema" if ema else "logits_plain"]
    # float32 sums in another order than TensorFlow 1.15's: 1e-4 of the largest logit (which is 1e-3 here).
    np.testing.assert_allclose(model(images()), expected, rtol=0, atol=1e-4 * np.abs(expected).max())
    assert model.num_classes == 1001 and model.restore_report.fraction == 1.0


@pytest.mark.parametrize("path", [SHARDED, f"{SHARDED}/v1"])
def test_a_sharded_checkpoint_loads_without_what_the_network_does_not_have(shared, path):
    with pytest.raises(SlimzooError, match=r"not in the network: part/embedding \[10, 5\]"):
        slimzoo.load(SMALL, weights=shared / path, size=128)
    model = slimzoo.load(SMALL, weights=shared / path, size=128, exclude=["part"])
    expected = np.load(shared / SHARDED / "inference.npz")["logits_plain"]
    assert 0 < np.abs(expected).max() < 1e-12  # its weights are tiny, so the bound must be relative
    np.testing.assert_allclose(model(images()), expected, rtol=0, atol=1e-4 * np.abs(expected).max())
    assert model.num_classes == 11 and model.labels is None
    assert model.restore_report.unused == ("part/embedding",)


def test_a_checkpoint_of_other_classes_keeps_its_convolutions(shared, caplog):
    model = slimzoo.load(SMALL, weights=shared / MOMENTUM, num_classes=20, size=128)
    assert "1001 classes and 20 are asked for" in caplog.text
    assert set(model.restore_report.reinitialised) == {f"{HEAD}/weights", f"{HEAD}/biases"}
    assert model.labels is None and model.label_offset == 0


@pytest.mark.parametrize(
    "name, words",
    [
        ("siamese_mnist_v1.ckpt", "do not fit"),
        ("labels.txt", "labels.txt"),
        ("keras_mobilenet_0.25_224_notop.h5", r"is without the last layer of \w+: num_classes=N makes a new"),
    ],
)
def test_a_file_that_does_not_fit_says_why(shared, name, words):
    with pytest.raises(SlimzooError, match=words):
        slimzoo.load(SMALL, weights=shared / REAL / name)


def test_weights_without_the_last_layer_make_a_new_one_or_none(shared, caplog):
    path = shared / REAL / "keras_mobilenet_0.25_224_notop.h5"
    model = slimzoo.load(SMALL, weights=path, num_classes=3)
    head = {name for name in model.variables_by_name if name.startswith("MobilenetV1/Logits/")}
    assert set(model.restore_report.reinitialised) == head and len(head) == 2
    assert "the weights are without MobilenetV1/Logits/Conv2d_1c_1x1: new here" in caplog.text
    features = slimzoo.load(SMALL, weights=path, num_classes=0)
    whole = slimzoo.load(SMALL, weights=shared / REAL / "mobilenet_v1_0.25_224_frozen.pb")
    for name, value in values(features).items():
        np.testing.assert_array_equal(value, values(whole)[name])


def test_a_frozen_graph_and_the_archive_it_comes_in_are_the_same_network(shared, caplog):
    caplog.set_level(logging.INFO, "slimzoo")
    one = slimzoo.load(SMALL, weights=shared / REAL / "mobilenet_v1_0.25_128_frozen.pb", size=128)
    two = slimzoo.load(SMALL, weights=shared / REAL / "mobilenet_v1_0.25_128_frozen.tgz", size=128)
    assert_same(values(one), values(two))
    assert one.labels == imagenet(1) and "the labels are ImageNet's" in caplog.text


def test_weights_that_were_converted_know_the_classes_that_the_file_before_was_taken_to_know(
    shared, tmp_path
):
    before = slimzoo.load(SMALL, weights=shared / REAL / "mobilenet_v1_0.25_128_frozen.pb")
    converters.convert(shared / REAL / "mobilenet_v1_0.25_128_frozen.pb", tmp_path / "m.safetensors", SMALL)
    after = slimzoo.load(SMALL, weights=tmp_path / "m.safetensors")
    assert (after.labels, after.label_offset) == (before.labels, before.label_offset) == (imagenet(1), 1)


def test_a_model_saved_without_names_of_its_classes_gets_none(tmp_path):
    slimzoo.save(slimzoo.load(SMALL, num_classes=1000, pretrained=False), tmp_path / "mine.safetensors")
    assert slimzoo.load(tmp_path / "mine.safetensors").labels is None


def test_a_member_of_an_archive_is_named_behind_two_colons(tmp_path):
    model = slimzoo.load("lenet")
    for name in ("a", "b"):
        slimzoo.save(model, tmp_path / f"{name}.safetensors")
    with tarfile.open(tmp_path / "two.tgz", "w:gz") as archive:
        for name in ("a", "b"):
            archive.add(tmp_path / f"{name}.safetensors", f"x/{name}.safetensors")
    found = slimzoo.load("lenet", weights=f"{tmp_path / 'two.tgz'}::b.safetensors")
    assert_same(values(found), values(model))
    with pytest.raises(SlimzooError, match=r"c\.safetensors"):
        slimzoo.load("lenet", weights=f"{tmp_path / 'two.tgz'}::c.safetensors")
    with pytest.raises(FileNotFoundError, match=r"no weights '.*no\.tgz::b"):
        slimzoo.load("lenet", weights=f"{tmp_path / 'no.tgz'}::b")


def test_weights_are_found_below_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    slimzoo.save(slimzoo.load("lenet"), tmp_path / "w.safetensors")
    assert slimzoo.load("lenet", weights="~/w.safetensors").restore_report.fraction == 1


PHOTOGRAPHS = {  # seen by eye; the network gives each more than 0.6
    "2007_000364": "moped",
    "2007_000713": "canoe",
    "2007_000738": "airliner",
    "2007_000768": "trolleybus, trolley coach, trackless trolley",
    "2007_000925": "ram, tup",
    "2007_001568": "airliner",
}


def test_real_weights_name_what_is_on_real_photographs(shared):
    folder = shared / "voc/VOCdevkit/VOC2012/JPEGImages"
    paths = [folder / f"{name}.jpg" for name in PHOTOGRAPHS]
    frozen = shared / REAL / "mobilenet_v1_0.25_128_frozen.pb"
    rows = slimzoo.predict(SMALL, paths, weights=frozen, size=128, batch_size=4)
    for row, name in zip(rows, PHOTOGRAPHS.values(), strict=True):
        assert len(row) == 5
        (index, best, probability), *_ = row
        assert best == name and imagenet(1)[index] == name and probability > 0.5


def test_arguments_of_the_network_come_back_with_its_weights(tmp_path):
    model = slimzoo.Model("mobilenet_v1", num_classes=3, input_shape=(32, 32, 3), depth_multiplier=0.25)
    save(model, tmp_path / "m.safetensors")
    again = slimzoo.load(tmp_path / "m.safetensors", input_shape=(32, 32, 3))
    assert again.network_arguments == {"depth_multiplier": 0.25}
    assert again.variable_shapes() == model.variable_shapes()


@pytest.mark.parametrize(
    "name, settings, words",
    [
        (f"{SMALL}.keras_in1k_128", {"weights": "m.h5"}, "names its weights, and weights='m.h5' others"),
        (
            SMALL,
            {"pretrained": "keras_in1k_128"},
            r"pretrained is True or False, not 'keras_in1k_128'; certain",
        ),
    ],
)
def test_settings_that_contradict_each_other_are_refused(name, settings, words):
    with pytest.raises(SlimzooError, match=words):
        slimzoo.load(name, **settings)
