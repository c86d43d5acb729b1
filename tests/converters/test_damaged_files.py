"""Files cut short, altered, missing or made to do harm: a message, never a crash or wrong numbers."""

import json
import shutil
import struct

import numpy as np
import pytest

from slimzoo import converters
from slimzoo.converters.formats import safetensors
from slimzoo.errors import SlimzooError


def read_all(path):
    return {name: array.copy() for name, array in converters.read(path).items()}


def offsets(size, count=60):
    return sorted(
        {0, 1, 7, 8, 9, size - 1, size - 8, size - 48, *np.linspace(1, size - 1, count, dtype=int).tolist()}
    )


@pytest.fixture
def v1_file(tmp_path, save_checkpoint, arrays):
    save_checkpoint(tmp_path / "v1.ckpt", arrays, "V1")
    return tmp_path / "v1.ckpt"


@pytest.fixture
def v2_prefix(tmp_path, save_checkpoint, arrays):
    save_checkpoint(tmp_path / "v2.ckpt", arrays)
    return tmp_path / "v2.ckpt"


@pytest.fixture
def safe_file(tmp_path, arrays):
    safetensors.write_safetensors(tmp_path / "a.safetensors", arrays)
    return tmp_path / "a.safetensors"


@pytest.fixture
def npz_file(tmp_path, arrays):
    np.savez(tmp_path / "a.npz", **arrays)
    return tmp_path / "a.npz"


def every_truncation_is_refused(file, path):
    whole = file.read_bytes()
    for size in offsets(len(whole)):
        file.write_bytes(whole[:size])
        with pytest.raises((SlimzooError, FileNotFoundError)) as caught:
            read_all(path)
        assert file.name in str(caught.value)


def test_a_v1_checkpoint_cut_anywhere_is_refused(v1_file):
    every_truncation_is_refused(v1_file, v1_file)


@pytest.mark.parametrize("suffix", [".index", ".data-00000-of-00001"])
def test_a_v2_checkpoint_cut_anywhere_is_refused(v2_prefix, suffix):
    every_truncation_is_refused(v2_prefix.with_name(v2_prefix.name + suffix), v2_prefix)


def test_safetensors_cut_anywhere_are_refused(safe_file):
    every_truncation_is_refused(safe_file, safe_file)


def test_an_npz_cut_anywhere_is_refused(npz_file):
    every_truncation_is_refused(npz_file, npz_file)


def every_flipped_byte_is_noticed(file, path, arrays):
    whole = bytearray(file.read_bytes())
    for at in offsets(len(whole)):
        whole[at] ^= 0x20
        file.write_bytes(whole)
        whole[at] ^= 0x20
        try:
            found = read_all(path)
        except (SlimzooError, FileNotFoundError):
            continue
        for name, value in arrays.items():  # a byte that means nothing may change
            np.testing.assert_array_equal(found[name], value)


def test_a_flipped_byte_in_a_v1_checkpoint_is_noticed(v1_file, arrays):
    every_flipped_byte_is_noticed(v1_file, v1_file, arrays)


@pytest.mark.parametrize("suffix", [".index", ".data-00000-of-00001"])
def test_a_flipped_byte_in_a_v2_checkpoint_is_noticed(v2_prefix, arrays, suffix):
    every_flipped_byte_is_noticed(v2_prefix.with_name(v2_prefix.name + suffix), v2_prefix, arrays)


def test_a_flipped_byte_in_an_npz_is_noticed(npz_file, arrays):
    every_flipped_byte_is_noticed(npz_file, npz_file, arrays)


def test_a_missing_data_file_is_named(tmp_path, save_checkpoint, arrays):
    save_checkpoint(tmp_path / "model.ckpt", arrays, sharded=True)
    (tmp_path / "model.ckpt.data-00001-of-00002").unlink()
    for name in ("model.ckpt", "model.ckpt.index", "model.ckpt.data-00000-of-00002", "checkpoint"):
        with pytest.raises(FileNotFoundError, match=r"needs model.ckpt.data-00001-of-00002 beside it"):
            converters.read(tmp_path / name)


def test_a_missing_shard_of_v1_is_named(tmp_path, save_checkpoint, arrays):
    save_checkpoint(tmp_path / "model.ckpt", arrays, "V1", sharded=True)
    (tmp_path / "model.ckpt-00000-of-00002").unlink()
    with pytest.raises(FileNotFoundError, match=r"model.ckpt-00000-of-00002 is missing"):
        converters.read(tmp_path / "model.ckpt")


def test_a_missing_index_is_named(v2_prefix):
    v2_prefix.with_name("v2.ckpt.index").unlink()
    for name in ("v2.ckpt", "v2.ckpt.data-00000-of-00001"):
        with pytest.raises(FileNotFoundError, match=r"v2.ckpt.index is missing"):
            converters.read(v2_prefix.with_name(name))


def test_data_of_another_checkpoint_do_not_pass(tmp_path, save_checkpoint, arrays):
    save_checkpoint(tmp_path / "a", arrays)
    save_checkpoint(tmp_path / "b", {name: np.asarray(value) * 2 for name, value in arrays.items()})
    shutil.copy(tmp_path / "b.data-00000-of-00001", tmp_path / "a.data-00000-of-00001")
    with pytest.raises(SlimzooError, match=r"checksum of .* does not agree"):
        read_all(tmp_path / "a")


def write_header(path, header, data=b"", size=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text) if size is None else size) + text + data)
    return path


ROW = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


@pytest.mark.parametrize(
    ("header", "data", "message"),
    [
        ({"a": ROW, "b": {**ROW, "data_offsets": [4, 12]}}, 12, "begins at 4, the tensor before ends at 8"),
        ({"a": ROW, "b": {**ROW, "data_offsets": [12, 20]}}, 20, "begins at 12"),
        ({"a": {**ROW, "data_offsets": [0, 12]}}, 12, "in 12 bytes"),
        ({"a": {**ROW, "data_offsets": [-8, 0]}}, 8, "at -8:0"),
        ({"a": {**ROW, "shape": [2**40, 2**40], "data_offsets": [0, 8]}}, 8, "in 8 bytes"),
        ({"a": {**ROW, "shape": [True, 2]}}, 8, "shape"),
        ({"a": {**ROW, "dtype": "OBJ"}}, 8, "has type OBJ"),
        ({"a": ROW}, 4, "take 8 bytes, the file has 4"),
        ({"a": ROW}, 16, "take 8 bytes, the file has 16"),
        ({"__metadata__": {"a": 1}, "a": ROW}, 8, "no text"),
        ({"a": [1, 2]}, 8, "header is wrong"),
        (b'{"a": 1, "a": 2}', 0, "twice"),
        (b"{" + b'"a":{' * 50_000, 0, "header is wrong"),
        (b'{"\xff": 1}', 0, "header is wrong"),
        (b'{"a": {"dtype": "F32", "shape": [2]}}', 8, "has not dtype, shape and data_offsets"),
        ({"a": {**ROW, "more": 1}}, 8, "has not dtype, shape and data_offsets, and only these"),
        ({"a": {**ROW, "dtype": 5}}, 8, "has type 5"),
        ({"a": {**ROW, "dtype": ["F32"]}}, 8, "has type"),
        ({"a": {**ROW, "shape": 2}}, 8, "lists of numbers"),
        ({"a": {**ROW, "shape": "2"}}, 8, "lists of numbers"),
        ({"a": {**ROW, "shape": [2.0]}}, 8, "has shape"),
        ({"a": {**ROW, "shape": ["2"]}}, 8, "has shape"),
        ({"a": {**ROW, "shape": [-2]}}, 8, "has shape"),
        ({"a": {**ROW, "shape": [1] * 64 + [2]}}, 8, "has 65 axes"),
        ({"a": {**ROW, "shape": [2**63] * 500_000}}, 8, "has 500000 axes"),
        ({"a": {**ROW, "data_offsets": [8, 0]}}, 8, "in -8 bytes"),
        ({"a": {**ROW, "data_offsets": [0, 8, 16]}}, 8, "3 offsets"),
        ({"a": {**ROW, "data_offsets": []}}, 8, "0 offsets"),
        ({"a": {**ROW, "data_offsets": {"0": 0, "8": 8}}}, 8, "lists of numbers"),
        ({"a": {**ROW, "data_offsets": [0, 2**64 + 8]}}, 8, "at 0:18446744073709551624"),
        ({"a": {**ROW, "data_offsets": [4, 12]}}, 12, "begins at 4, the tensor before ends at 0"),
        ({"__metadata__": None, "a": ROW}, 8, "no text"),
        ({"__metadata__": [], "a": ROW}, 8, "no text"),
        ({"__metadata__": {"a": None}, "a": ROW}, 8, "no text"),
        ({}, 4, "take 0 bytes, the file has 4"),
        (b"{" + b'"a":[[[]]],' * 700_000 + b'"b":0}', 0, "more than 2,000,000 parts"),
        (b'{"a": NaN}', 0, "header is wrong"),
        (b'{"a": ' + b"9" * 5_000 + b"}", 0, "header is wrong"),
        (b'{"a": {}} {"b": {}}', 0, "header is wrong"),
        (b'{"a": {}', 0, "header is wrong"),
        (b"{", 0, "header is wrong"),
    ],
)
def test_a_harmful_safetensors_header_is_refused(tmp_path, header, data, message):
    path = write_header(tmp_path / "a.safetensors", header, bytes(data))
    with pytest.raises(SlimzooError, match=message):
        converters.read(path)


@pytest.mark.parametrize("text", [b"[]", b' {"a": 1}', b"", b"\x00\x00"])
def test_a_file_without_a_header_is_no_safetensors(tmp_path, text):
    path = write_header(tmp_path / "a.safetensors", text, bytes(16))
    with pytest.raises(SlimzooError, match=r"a\.safetensors is"):
        converters.read(path)


def test_a_header_longer_than_the_file_is_refused(tmp_path):
    path = write_header(tmp_path / "a.safetensors", {"a": ROW}, bytes(8), size=10_000)
    with pytest.raises(SlimzooError, match=r"a header of 10000 bytes in a file of"):
        converters.read(path)


@pytest.mark.parametrize("size", [2**63, 2**64 - 1, 100_000_001])
def test_an_absurd_header_size_is_refused(tmp_path, size):
    path = write_header(tmp_path / "a.safetensors", b"{}", size=size)
    with pytest.raises(SlimzooError, match=f"header of {size} bytes; at most"):
        converters.read(path)


def test_python_objects_in_an_npz_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", a=np.array([{"x": 1}], dtype=object))
    with pytest.raises(SlimzooError, match="Python objects"):
        converters.read(tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b'<?xml version="1.0"?>\n<net name="a" version="11">', "OpenVINO's, which is written and not read"),
        (b"version https://git-lfs.github.com/spec/v1", "git lfs pull"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "cut short or damaged"),
        (b"\x80\x04\x95", "pickle"),
        (b"some text", r"no weight file, or is damaged \(its first bytes: 73 6f 6d"),
        (b"\n\n\nsome text that begins with lines", "no weight file"),
    ],
)
@pytest.mark.parametrize("name", ["a.ckpt", "a.pb", "a.safetensors"])
def test_other_files_are_told_by_content_whatever_their_name(tmp_path, content, message, name):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SlimzooError, match=message):
        converters.read(tmp_path / name)
