"""What a weight file says of itself is believed where it can be; what cannot is a message with its name."""

import numpy as np
import pytest

import slimzoo
from slimzoo import converters
from slimzoo.errors import SlimzooError
from slimzoo.labels import imagenet
from slimzoo.loading.source import from_file
from slimzoo.model.saving import describe
from slimzoo.preprocessing import of_kind
from tests.weights.test_metadata import WRONG

NONSENSE = ["", "-1", "1.5", "one", "null", "[1]", '{"a": 1}', "NaN", "[" * 1000]
CHECKED = (
    "num_classes",
    "label_offset",
    "labels",
    "multi_label",
    "preprocessing",
    "absent",
    "new",
    "trained",
)


@pytest.fixture(scope="module")
def lenet():
    return slimzoo.Model("lenet", 4, labels=list("abcd"), preprocessing=of_kind("lenet", 28, "GRAY"))


@pytest.fixture
def file(tmp_path, lenet):
    """Writes the weights of lenet with its metadata and `changed` ones, or with `only` these."""

    def write(changed=None, only=None):
        path = tmp_path / "changed.safetensors"
        values = {name: variable.numpy() for name, variable in lenet.variables_by_name.items()}
        about = {**describe(lenet), **(changed or {})} if only is None else only
        converters.write_safetensors(path, values, about, overwrite=True)
        return path

    return write


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_what_cannot_be_is_refused_with_the_file(name, value, file):
    with pytest.raises(SlimzooError, match=rf"(?s)changed\.safetensors says what cannot be.*{name}[ :]"):
        slimzoo.load(file({name: value}))


@pytest.mark.parametrize("name", CHECKED)
def test_no_nonsense_ends_in_another_error(name, file):
    for value in NONSENSE:
        with pytest.raises(SlimzooError, match=rf"(?s)changed\.safetensors says what cannot be.*{name}[ :]"):
            from_file(file({name: value}))


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ('{"depth": 1}', "lenet does not take 'depth'"),
        ('{"images": 1}', "lenet does not take 'images'"),
        ('{"dropout_keep_prob": -3}', "keep_prob is -3"),
        ('{"prediction_fn": "softmax"}', "'str' object is not callable"),
        ('{"scope": 5}', "must be a string"),
        ('{"seed": 5, "name": "x"}', r"names seed, name among the arguments of lenet"),
    ],
)
def test_arguments_that_the_network_cannot_take_are_laid_to_the_file(said, message, file):
    with pytest.raises(SlimzooError, match=message) as caught:
        slimzoo.load(file({"network_arguments": said}))
    assert "changed.safetensors" in str(caught.value)


@pytest.mark.parametrize("name", [*CHECKED, "image_size", "slimzoo_settings", "network_arguments", "tag"])
def test_what_another_program_means_by_such_a_name_is_ignored(name, file, lenet):
    path = file(only={name: "of another program"})
    model = slimzoo.load("lenet", weights=path, num_classes=4)
    assert model.labels is None and model.label_offset == 0 and not model.multi_label
    lenet.restore(path)


def test_labels_by_the_name_of_their_set_are_these_labels(file):
    about = {"network": "lenet", "num_classes": "1001", "label_offset": "1", "labels": '"imagenet"'}
    assert from_file(file(only=about)).labels == imagenet(1)
    with pytest.raises(
        SlimzooError, match=r"changed\.safetensors says that it has 1001 classes, and names 1000"
    ):
        from_file(file(only={**about, "label_offset": "0"}))


def test_labels_of_another_number_than_the_last_layer_tells_apart_are_refused(file):
    path = file({"num_classes": "2", "labels": '["a", "b"]'})
    with pytest.raises(
        SlimzooError, match=r"changed\.safetensors names 2 classes, and its last layer tells 4"
    ):
        slimzoo.load(path)
    assert slimzoo.load(path, labels="wxyz").labels == ("w", "x", "y", "z")


def test_a_file_that_says_all_comes_back_as_it_was(file, lenet):
    model = slimzoo.load(file())
    assert (model.labels, model.preprocessing) == (lenet.labels, lenet.preprocessing)
    images = np.zeros((1, 28, 28, 1), np.float32)
    np.testing.assert_array_equal(model(images), lenet(images))
