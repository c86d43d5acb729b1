"""NumPy's archives."""

import numpy as np
import pytest

from slimzoo import converters
from slimzoo.converters.formats import zip_archive


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_what_numpy_writes_is_read(tmp_path, arrays, save):
    arrays |= {
        "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "empty": np.zeros((0, 2)),
        "big": np.ones(3, ">f4"),
    }
    save(tmp_path / "a.npz", **arrays)
    source = converters.read(tmp_path / "a.npz")
    assert set(source) == set(arrays) and source.format == "npz"
    for name, value in arrays.items():
        np.testing.assert_array_equal(source[name], value)
        assert source.shapes[name] == np.shape(value)
        assert source[name].flags.c_contiguous and source[name].flags.writeable


def test_numpy_reads_what_we_write_and_the_metadata_stay(tmp_path, save_checkpoint, arrays):
    prefix = save_checkpoint(tmp_path / "model.ckpt", arrays)
    report = converters.convert(prefix, tmp_path / "a.npz", metadata={"note": "é"})
    with np.load(tmp_path / "a.npz", allow_pickle=False) as found:
        assert set(found) == set(arrays) - {"global_step"}
        for name in found:
            np.testing.assert_array_equal(found[name], arrays[name])
    assert converters.read(tmp_path / "a.npz").metadata["note"] == "é"
    assert report.sha256 == converters.sha256_of(tmp_path / "a.npz")


def test_another_zip_archive_is_no_npz(tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "m.zip", "w") as out:
        out.writestr("notes.txt", "{}")
    with pytest.raises(ValueError, match=r"no \.npz: it holds notes.txt"):
        converters.read(tmp_path / "m.zip")


def test_numbers_of_the_wrong_byte_order_are_converted_right(tmp_path):
    np.savez(tmp_path / "a.npz", a=np.arange(5, dtype=">f4"))
    converters.convert(tmp_path / "a.npz", tmp_path / "a.safetensors")
    np.testing.assert_array_equal(
        converters.read(tmp_path / "a.safetensors")["a"], np.arange(5, dtype=np.float32)
    )


def test_the_list_of_members_is_read_once_however_many_are_read(tmp_path, monkeypatch):
    np.savez(tmp_path / "a.npz", **{f"w{i}": np.zeros(1, np.float32) for i in range(20)})
    read = []
    monkeypatch.setattr(zip_archive, "_check_directory", read.append)
    source = converters.read(tmp_path / "a.npz")
    assert [source[name].shape for name in source] == [(1,)] * 20
    assert len(read) == 1
