"""A note in a TensorFlow Lite model: read again, and the model as it was."""

import shutil

import numpy as np
import pytest
import tensorflow as tf

from slimzoo import converters
from slimzoo.converters.formats import tflite_notes
from slimzoo.errors import SlimzooError


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A model of one dense layer."""
    kernel = tf.constant(np.arange(12, dtype=np.float32).reshape(4, 3))
    function = tf.function(lambda x: x @ kernel, [tf.TensorSpec([1, 4], tf.float32)])
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()])
    path = tmp_path_factory.mktemp("plain") / "plain.tflite"
    path.write_bytes(converter.convert())
    return path


def run(path):
    interpreter = tf.lite.Interpreter(str(path))
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], np.ones((1, 4), np.float32))
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def test_a_note_is_read_again_and_the_model_computes_as_before(plain, tmp_path):
    path = shutil.copy(plain, tmp_path / "noted.tflite")
    note = {"int8": '{"top1": 0.9}', "preprocessing": "\u00fc" * 300}
    tflite_notes.write(path, note, "cat\ndog\n")
    assert {name: converters.read(path).metadata[name] for name in note} == note
    assert not set(note) & set(converters.read(plain).metadata)
    np.testing.assert_array_equal(run(path), run(plain))
    assert path.read_bytes().startswith(b"TFL3", 4)
    for before, after in zip(converters.read(plain).items(), converters.read(path).items(), strict=True):
        assert before[0] == after[0] and np.array_equal(before[1], after[1])
    twice = shutil.copy(plain, tmp_path / "twice.tflite")
    tflite_notes.write(twice, note, "cat\ndog\n")
    assert twice.read_bytes() == path.read_bytes()  # no date, no chance


def test_a_note_that_is_none_is_said(plain, tmp_path, monkeypatch):
    path = shutil.copy(plain, tmp_path / "noted.tflite")
    tflite_notes.write(path, {"int8": "{}"})
    path.write_bytes(path.read_bytes().replace(b'{"int8": "{}"}', b'["int8", "{}"]'))
    with pytest.raises(SlimzooError, match="its note is none of slimzoo's"):
        converters.read(path)
