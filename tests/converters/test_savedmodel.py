"""SavedModels: their variables by name, without TensorFlow and without running the graph."""

import json
import shutil
import tarfile

import keras
import numpy as np
import pytest
import tensorflow as tf

import slimzoo
from slimzoo import converters
from slimzoo.errors import SlimzooError
from slimzoo.model.exporting import export


def save_module(folder, values, names=None):
    module = tf.Module()
    module.parts = [
        tf.Variable(value, name=(names or list(values))[i]) for i, value in enumerate(values.values())
    ]
    tf.saved_model.save(module, str(folder))
    return folder


@pytest.mark.parametrize("name", ["", "saved_model.pb"])
def test_variables_go_by_the_names_they_had(tmp_path, arrays, name):
    folder = save_module(tmp_path / "m", arrays)
    source = converters.read(folder / name)
    assert source.format == "savedmodel" and list(source) == list(arrays)
    for key, value in arrays.items():
        np.testing.assert_array_equal(source[key], value)


def test_a_savedmodel_of_tf_1_is_read(tmp_path):
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        x = tf.compat.v1.placeholder(tf.float32, [None, 2])
        weights = tf.compat.v1.get_variable("net/fc/weights", [2, 3])
        session.run(tf.compat.v1.global_variables_initializer())
        builder = tf.compat.v1.saved_model.Builder(str(tmp_path / "m"))
        builder.add_meta_graph_and_variables(session, ["serve"])
        builder.save()
        expected = session.run(weights)
        del x
    np.testing.assert_array_equal(converters.read(tmp_path / "m")["net/fc/weights"], expected)


def test_variables_of_one_name_keep_their_paths(tmp_path):
    values = {"a": np.float32([1, 2]), "b": np.float32([3, 4]), "c": np.float32([5, 6])}
    source = converters.read(save_module(tmp_path / "m", values, ["w", "w", "net/w"]))
    assert {key: value.tolist() for key, value in source.items()} == {
        "parts/0": [1, 2],
        "parts/1": [3, 4],
        "net/w": [5, 6],
    }


def test_what_keras_exports_twice_is_read_once(tmp_path):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="fc")], name="net")
    model.export(tmp_path / "m", verbose=False)
    source = converters.read(tmp_path / "m")
    assert list(source) == ["net/fc/kernel", "net/fc/bias"]
    np.testing.assert_array_equal(source["net/fc/kernel"], model.get_weights()[0])
    assert source.metadata == {"not_read": "2 copies of tensors under another path"}


def test_a_savedmodel_in_an_archive_is_one_checkpoint(tmp_path, arrays):
    folder = save_module(tmp_path / "m", arrays)
    with tarfile.open(tmp_path / "m.tgz", "w:gz") as out:
        out.add(folder, "m")
    source = converters.read(tmp_path / "m.tgz")
    assert source.format == "savedmodel" and list(source) == list(arrays)


def test_a_savedmodel_without_variables_is_refused(tmp_path, arrays):
    folder = save_module(tmp_path / "m", arrays)
    shutil.rmtree(folder / "variables")
    with pytest.raises(SlimzooError, match=r"is a SavedModel without variables"):
        converters.read(folder)


def test_a_missing_or_damaged_part_is_named(tmp_path, arrays):
    folder = save_module(tmp_path / "m", arrays)
    data = folder / "variables" / "variables.data-00000-of-00001"
    whole = bytearray(data.read_bytes())
    for at in np.linspace(0, len(whole) - 1, 40, dtype=int):
        whole[at] ^= 0x20
        data.write_bytes(whole)
        whole[at] ^= 0x20
        with pytest.raises(SlimzooError, match=r"checksum of .* does not agree"):
            [array.sum() for array in converters.read(folder).values()]
    data.unlink()
    with pytest.raises(FileNotFoundError, match=r"variables\.data-00000-of-00001"):
        converters.read(folder)


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A model with batch norm and dropout, and slimzoo's export of it."""
    model = slimzoo.Model("mobilenet_v1_025", 3, (32, 32, 3), labels=["a", "b", "c"])
    return model, export(model, f"{tmp_path_factory.mktemp('own')}/m/")


def test_what_slimzoo_exported_comes_back_bit_by_bit(own, tmp_path):
    model, folder = own
    converters.convert(folder, tmp_path / "m.safetensors", network="mobilenet_v1_025")
    source = converters.read(tmp_path / "m.safetensors")
    assert set(source) == set(model.variables_by_name)
    for name, variable in model.variables_by_name.items():
        assert source[name].tobytes() == variable.numpy().tobytes(), name
    assert slimzoo.load(folder, quiet=True).labels == ("a", "b", "c")


@pytest.mark.parametrize(
    "variables, message",
    [
        ({"variables/0": 1}, "no text"),
        ({"variables/0": "a", "variables/1": "a"}, "one name for two"),
        ({"variables/9999": "lost"}, "the checkpoint has no lost"),
        ([], "no note of slimzoo"),
        ("[" * 100_000, "no note of slimzoo"),
        (" " * 10_000_001, "more than 10,000,000 bytes"),
    ],
    ids=["number", "twice", "lost", "list", "deep", "long"],
)
def test_a_note_that_is_not_slimzoos_is_refused(own, tmp_path, variables, message):
    shutil.copytree(own[1], tmp_path / "m")
    note = tmp_path / "m" / "assets.extra" / "slimzoo.json"
    said = json.loads(note.read_text()) | {"variables": variables}
    note.write_text(variables if isinstance(variables, str) else json.dumps(said))
    with pytest.raises(SlimzooError, match=message):
        converters.read(tmp_path / "m")


def test_a_note_of_an_earlier_export_is_not_believed(own, tmp_path):
    shutil.copytree(own[1], tmp_path / "m")
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="fc")], name="net").export(
        tmp_path / "m", verbose=False
    )
    source = converters.read(tmp_path / "m")
    assert list(source) == ["net/fc/kernel", "net/fc/bias"] and "network" not in source.metadata


def test_an_export_holds_what_it_was_given_nan_and_settings_of_any_kind(tmp_path):
    model = slimzoo.Model("mobilenet_v1_025", 3, (32, 32, 3), min_depth=np.int64(4))
    bias = model.variables_by_name["MobilenetV1/Logits/Conv2d_1c_1x1/biases"]
    bias.assign([np.nan, 1, -np.inf])
    source = converters.read(export(model, f"{tmp_path}/m/"))
    np.testing.assert_array_equal(source["MobilenetV1/Logits/Conv2d_1c_1x1/biases"], bias.numpy())
    assert json.loads(source.metadata["network_arguments"]) == {"min_depth": 4}
