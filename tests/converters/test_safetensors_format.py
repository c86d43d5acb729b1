"""Against the reference implementation of the format."""

import json
import struct

import ml_dtypes
import numpy as np
import pytest
import safetensors
import safetensors.numpy

from slimzoo import converters
from slimzoo.converters.formats.safetensors import write_safetensors

TYPES = [
    "float64",
    "float32",
    "float16",
    "int64",
    "int32",
    "int16",
    "int8",
    "uint64",
    "uint32",
    "uint16",
    "uint8",
]


def various():
    arrays = {f"net/{name}": np.arange(7).astype(name) for name in TYPES}
    return arrays | {
        "flag": np.array([True, False]),
        "scalar": np.float32(3),
        "empty": np.zeros((2, 0, 3), np.int8),
    }


def test_the_reference_reads_what_we_write(tmp_path, arrays):
    arrays |= various()
    write_safetensors(tmp_path / "a.safetensors", arrays, {"network": "vgg_16", "labels": json.dumps(["é"])})
    found = safetensors.numpy.load_file(tmp_path / "a.safetensors")
    assert set(found) == set(arrays)
    for name, value in arrays.items():
        np.testing.assert_array_equal(found[name], value)
        assert found[name].dtype == np.asarray(value).dtype
    with safetensors.safe_open(tmp_path / "a.safetensors", "np") as file:
        assert file.metadata() == {"network": "vgg_16", "labels": '["\\u00e9"]'}


def test_we_read_what_the_reference_writes(tmp_path, arrays):
    arrays = {name: np.asarray(value) for name, value in (arrays | various()).items()}
    safetensors.numpy.save_file(arrays, tmp_path / "a.safetensors", {"network": "vgg_16"})
    source = converters.read(tmp_path / "a.safetensors")
    assert source.format == "safetensors" and source.metadata == {"network": "vgg_16"}
    for name, value in arrays.items():
        np.testing.assert_array_equal(source[name], value)
        assert source.shapes[name] == value.shape and source.dtypes[name] == value.dtype


def test_bfloat16_survives(tmp_path):
    values = np.arange(5).astype(ml_dtypes.bfloat16)
    write_safetensors(tmp_path / "a.safetensors", {"a": values})
    assert converters.read(tmp_path / "a.safetensors")["a"].tobytes() == values.tobytes()


def test_every_array_is_fresh_writable_and_aligned(tmp_path, arrays):
    write_safetensors(tmp_path / "a.safetensors", arrays)
    source = converters.read(tmp_path / "a.safetensors")
    for name, value in arrays.items():
        array = source[name]
        assert array.flags.writeable and array.ctypes.data % 64 == 0
        array[...] = 0
        np.testing.assert_array_equal(source[name], value)


def test_tensorflow_takes_an_array_over_without_a_copy(tmp_path, arrays):
    import tensorflow as tf

    write_safetensors(tmp_path / "a.safetensors", arrays)
    array = converters.read(tmp_path / "a.safetensors")["net/fc/weights"]
    tensor = tf.experimental.dlpack.from_dlpack(array.__dlpack__())
    array[0, 0] = 42
    assert tensor.numpy()[0, 0] == 42


def test_pairs_are_written_as_well_as_a_mapping(tmp_path, arrays):
    first = write_safetensors(tmp_path / "a", arrays)
    assert (
        first
        == write_safetensors(tmp_path / "b", list(arrays.items()))
        == converters.sha256_of(tmp_path / "b")
    )


def test_the_first_tensor_begins_on_64_bytes(tmp_path, arrays):
    write_safetensors(tmp_path / "a", arrays)
    (size,) = struct.unpack("<Q", (tmp_path / "a").read_bytes()[:8])
    assert (8 + size) % 64 == 0


def test_a_failing_array_leaves_what_was_there(tmp_path, arrays):
    from slimzoo.converters.source import Source, Tensor

    def fail():
        raise OSError("gone")

    write_safetensors(tmp_path / "a", arrays)
    before = (tmp_path / "a").read_bytes()
    broken = Source("memory", tmp_path, {"a": Tensor((2,), np.dtype("float32"), fail)})
    with pytest.raises(OSError, match="gone"):
        write_safetensors(tmp_path / "a", broken, overwrite=True)
    assert (tmp_path / "a").read_bytes() == before and len(list(tmp_path.iterdir())) == 1


def test_metadata_that_are_no_text_are_refused(tmp_path, arrays):
    with pytest.raises(TypeError, match="these are not: classes"):
        write_safetensors(tmp_path / "a", arrays, {"classes": 20})
    assert not list(tmp_path.iterdir())
