"""load(..., engine=): a Predictor, without a Model in between."""

import pickle

import numpy as np
import pytest

import slimzoo
from slimzoo.errors import SlimzooError
from slimzoo.model.model import Model
from tests.engines.networks import tolerance

IMAGES = np.random.RandomState(0).uniform(-1, 1, (2, 28, 28, 1)).astype(np.float32)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A file of weights, and the Model that they are of."""
    model = slimzoo.load("lenet", num_classes=4, labels="abcd")
    return slimzoo.save(model, tmp_path_factory.mktemp("weights") / "lenet.safetensors"), model


@pytest.fixture
def no_model(monkeypatch):
    monkeypatch.setattr(Model, "__init__", lambda *_, **__: pytest.fail("a Model was made"))


def same(found, wanted):
    np.testing.assert_allclose(found, wanted, rtol=0, atol=tolerance(np.asarray(wanted)))


def test_a_predictor_of_a_file_has_its_weights_and_all_that_belongs_to_them(saved, no_model):
    path, model = saved
    predictor = slimzoo.load(path, engine="tensorflow")
    assert isinstance(predictor, slimzoo.Predictor)
    assert predictor.labels == ("a", "b", "c", "d") and predictor.preprocessing == model.preprocessing
    assert predictor.restore_report.parameters_restored == predictor.restore_report.parameters_total
    same(predictor(IMAGES), model(IMAGES))


def test_arguments_of_the_plan_hold_for_a_predictor_too(saved, no_model):
    path, model = saved
    predictor = slimzoo.load(path, engine="tensorflow", num_classes=0, end_points="conv2", quiet=True)
    found = predictor(IMAGES)
    same(found["conv2"], model.features(IMAGES, "conv2"))
    assert predictor.num_classes == 0 and predictor.labels is None


def test_it_pickles_by_recipe_and_looks_whether_the_weights_are_the_same(saved, tmp_path):
    path, _ = saved
    copy = tmp_path / "copy.safetensors"
    copy.write_bytes(path.read_bytes())
    predictor = slimzoo.load(copy, engine="tensorflow", batch_size=2, end_points=["conv1"])
    text = pickle.dumps(predictor)
    assert len(text) < 5_000  # no weights
    again = pickle.loads(text)
    assert repr(again) == repr(predictor)
    same(again(IMAGES)["logits"], predictor(IMAGES)["logits"])
    slimzoo.save(slimzoo.load("lenet", num_classes=4), copy, overwrite=True)
    with pytest.raises(SlimzooError, match="pickled with other weights"):
        pickle.loads(text)


def test_new_weights_cannot_be_pickled(no_model):
    predictor = slimzoo.load("lenet", engine="tensorflow")
    assert predictor(IMAGES).shape == (2, 10)
    with pytest.raises(SlimzooError, match="some of its weights are new ones"):
        pickle.dumps(predictor)


def test_a_network_that_discovery_does_not_keep_is_traced(no_model):
    predictor = slimzoo.load("nasnet_mobile", engine="tensorflow", input_shape=(96, 96, 3), num_classes=3)
    found = predictor(np.zeros((1, 96, 96, 3), np.float32))
    assert found.shape == (1, 3) and np.isfinite(found).all()


def test_a_keras_file_can_be_compiled(saved, tmp_path):
    _, model = saved
    model.save(tmp_path / "whole.keras")
    predictor = slimzoo.load(tmp_path / "whole.keras", engine="tensorflow")
    same(predictor(IMAGES), model(IMAGES))
    same(pickle.loads(pickle.dumps(predictor))(IMAGES), model(IMAGES))


def test_eight_bits_are_made_of_a_file_and_judged_and_load_again_by_recipe(saved):
    path, model = saved
    random = np.random.RandomState(0)
    images = [*random.uniform(-1, 1, (20, 28, 28, 1)).astype(np.float32)]
    predictor = slimzoo.load(path, engine="tflite", precision="int8", calibrate=images, floor=0)
    assert predictor.agreement.calibrated == 13 and predictor.labels == ("a", "b", "c", "d")
    assert predictor.restore_report.parameters_restored == predictor.restore_report.parameters_total
    wanted = model(IMAGES).numpy()
    # As far from float32 as any of the held-out images, twice.
    assert np.abs(predictor(IMAGES) - wanted).max() <= 2 * predictor.agreement.largest_difference
    again = pickle.loads(pickle.dumps(predictor))
    np.testing.assert_array_equal(again(IMAGES), predictor(IMAGES))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"engine": "tflite", "precision": "int8"}, "precision='int8' wants calibrate=DIR"),
        ({"engine": "tflite", "calibrate": "photos"}, "of 8 bits: add precision='int8'"),
        ({"engine": "tensorflow", "precision": "int8"}, "not in int8; openvino, tflite may"),
        ({"calibrate": "photos", "floor": 0.5}, "only a predictor takes calibrate, floor: add engine="),
        ({"engine": "tpu"}, "engine is 'tpu'; there are auto, openvino"),
        ({"precision": "bfloat16", "threads": 2}, "only a predictor takes precision, threads: add engine="),
        ({"engine": "auto", "dtype": "mixed_bfloat16"}, "dtype: precision= says"),
        ({"engine": "auto", "features_only": True}, "end_points= names the maps"),
        ({"engine": "auto", "end_points": "conv3"}, "no end point 'conv3'"),
    ],
)
def test_what_cannot_be_is_said(arguments, words):
    with pytest.raises(SlimzooError, match=words):
        slimzoo.load("lenet", **arguments)
