"""A Model knows which released weights it has, or was started from, and says so."""

import keras
import numpy as np
import pytest

import slimzoo
from slimzoo import weights
from slimzoo.weights import manifest
from slimzoo.weights.provenance import Provenance
from tests.networks import values

DRAWN = "mobilenet_v1_025.drawn"  # they come with slimzoo


@pytest.fixture
def model():
    return slimzoo.load(DRAWN)


def images(count=2, pixels=96):
    return np.random.RandomState(0).uniform(-1, 1, (count, pixels, pixels, 3)).astype(np.float32)


def test_a_loaded_model_has_the_manifests_row(model):
    assert model.weights_row is weights.get_row(DRAWN)
    assert repr(model) == (
        "<slimzoo.Model mobilenet_v1_025; 30 classes; images 96 x 96 x 3; weights mobilenet_v1_025.drawn>"
    )


def test_a_new_model_has_none():
    model = slimzoo.Model("lenet")
    assert model.weights_row is None
    assert repr(model) == "<slimzoo.Model lenet; 10 classes; images 28 x 28 x 1; weights new>"


def test_repr_says_what_is_new_and_what_is_frozen():
    model = slimzoo.load(DRAWN, num_classes=5, quiet=True)
    model.freeze("MobilenetV1/Conv2d_0")
    said = repr(model)
    assert "new: MobilenetV1/Logits; frozen: MobilenetV1/Conv2d_0>" in said and "5 classes" in said
    model.trainable = False
    assert "frozen: all" in repr(model)


def test_summary_and_the_notebooks_page_name_the_weights(model):
    lines = []
    model.summary(print_fn=lines.append)
    assert "weights mobilenet_v1_025.drawn" in lines[0].replace("\n", " ")
    page = model._repr_html_()
    assert "weights mobilenet_v1_025.drawn" in page and "<td>MobilenetV1/Conv2d_0</td>" in page


def test_names_are_text_in_the_notebooks_page():
    def network(images):
        return images

    model = slimzoo.Model(network, input_shape=(2, 2, 3), name="a&b")
    assert "a&amp;b" in model._repr_html_()


def test_save_keeps_the_row(model, tmp_path):
    slimzoo.save(model, tmp_path / "m.safetensors")
    assert slimzoo.load(tmp_path / "m.safetensors").weights_row is model.weights_row


def test_a_keras_file_keeps_the_row(model, tmp_path):
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    assert again.provenance == model.provenance == Provenance(DRAWN)


def test_a_clone_has_new_values_and_no_row(model, tmp_path):
    clone = keras.models.clone_model(model)
    assert clone.weights_row is None
    other = slimzoo.Model("mobilenet_v1_025", 30)
    other.save_weights(tmp_path / "other.weights.h5")
    clone.load_weights(tmp_path / "other.weights.h5")
    assert clone.weights_row is None  # other values than the config spoke of


def test_training_says_started_from(model, tmp_path):
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(images(), np.zeros(2, np.int64), verbose=0)
    assert "weights started from mobilenet_v1_025.drawn" in repr(model)
    slimzoo.save(model, tmp_path / "m.safetensors")
    again = slimzoo.load(tmp_path / "m.safetensors")
    assert again.weights_row is model.weights_row and again.provenance.trained


def test_restore_takes_what_the_file_says(model, tmp_path):
    slimzoo.save(model, tmp_path / "m.safetensors")
    other = slimzoo.Model("mobilenet_v1_025", 30, (96, 96, 3))
    slimzoo.save(other, tmp_path / "other.safetensors")
    other.restore(tmp_path / "m.safetensors")
    assert other.weights_row is model.weights_row
    other.restore(tmp_path / "other.safetensors")
    assert other.weights_row is None
    assert set(values(other)) == set(values(model))


def test_a_row_that_the_manifest_has_no_more_is_none():
    assert Provenance.from_metadata({"weights_row": "vgg_16.gone"}, "a.npz") == Provenance()
    assert Provenance("vgg_16.gone").row is None


def test_a_model_around_it_that_trains_says_started_from_too(model, tmp_path):
    outer = keras.Sequential([model, keras.layers.Dense(2)])
    outer.compile("sgd", "mse")
    outer.fit(images(), np.zeros((2, 2)), verbose=0)
    assert model.provenance.trained


def test_values_set_by_hand_are_not_the_released_ones(model):
    model.set_weights([np.zeros(variable.shape) for variable in model.weights])
    assert "started from" in repr(model)


@pytest.mark.parametrize("name", ["m.safetensors", "m.keras"])
def test_what_is_new_is_said_after_saving_too(name, tmp_path):
    model = slimzoo.load(DRAWN, num_classes=5, quiet=True)
    (slimzoo.save if name.endswith("safetensors") else lambda m, path: m.save(path))(model, tmp_path / name)
    again = slimzoo.load(tmp_path / name)
    assert "weights mobilenet_v1_025.drawn; new: MobilenetV1/Logits" in repr(again)


def test_only_untouched_weights_are_told_as_the_released_ones_on_the_hub():
    row = weights.get_row(DRAWN)
    about = {"num_classes": str(row.num_classes), "weights_row": DRAWN}
    assert manifest.is_as_released(about, row)
    for more in ({"trained": "true"}, {"new": "[]"}, {"num_classes": "5"}, {"slimzoo_settings": "{}"}):
        assert not manifest.is_as_released({**about, **more}, row)


def test_a_backbone_knows_its_weights():
    backbone = slimzoo.load(DRAWN, features_only=True)
    assert backbone.weights_row is weights.get_row(DRAWN) and DRAWN in repr(backbone)
