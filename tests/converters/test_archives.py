"""Archives: the one checkpoint in them is read, and nothing in them decides where we write."""

import gc
import gzip
import io
import tarfile
import zipfile

import numpy as np
import pytest

from slimzoo import converters
from slimzoo.converters.formats import archive, zip_archive
from slimzoo.converters.formats.safetensors import write_safetensors
from slimzoo.errors import SlimzooError


@pytest.fixture(autouse=True)
def private_tmp(tmp_path, monkeypatch):
    """Where archives are unpacked; it must be empty in the end."""
    folder = tmp_path / "unpacked"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    yield folder
    gc.collect()
    assert not list(folder.iterdir())


def pack(path, files, mode="w:gz"):
    with tarfile.open(path, mode) as out:
        for name, content in files.items():
            if isinstance(content, tarfile.TarInfo):
                out.addfile(content)
            else:
                info = tarfile.TarInfo(name)
                info.size = len(content)
                out.addfile(info, io.BytesIO(content))
    return path


def checkpoint_files(folder, prefix=""):
    return {f"{prefix}{path.name}": path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize(("name", "mode"), [("a.tar.gz", "w:gz"), ("a.tgz", "w:gz"), ("a.tar", "w")])
def test_the_checkpoint_in_an_archive_is_read(tmp_path, save_checkpoint, arrays, version, name, mode):
    save_checkpoint(tmp_path / "in" / "model.ckpt", arrays, version)
    path = pack(tmp_path / name, {"net/readme.txt": b"hi"} | checkpoint_files(tmp_path / "in", "net/"), mode)
    source = converters.read(path)
    assert {k: v.tolist() for k, v in source.items()} == {k: v.tolist() for k, v in arrays.items()}
    assert source.files == (path,) and str(source.path) == f"{path}::net/model.ckpt"


def test_a_view_of_an_archive_keeps_its_files(tmp_path, arrays):
    write_safetensors(tmp_path / "w", arrays)
    path = pack(tmp_path / "a.tgz", {"w": (tmp_path / "w").read_bytes()})
    variables, _ = converters.inference_variables(converters.read(path))
    gc.collect()
    assert variables["net/fc/biases"].tolist() == arrays["net/fc/biases"].tolist()
    del variables


def test_of_several_one_is_named_after_two_colons(tmp_path, save_checkpoint, arrays):
    for name in ("a.ckpt", "b.ckpt"):
        save_checkpoint(tmp_path / "in" / name, arrays)
    path = pack(tmp_path / "a.tgz", checkpoint_files(tmp_path / "in", "net/"))
    with pytest.raises(
        SlimzooError, match=r"several checkpoints; name one(.|\n)*a.tgz::net/a.ckpt\n.*::net/b.ckpt"
    ):
        converters.read(path)
    for member in ("net/b.ckpt", "b.ckpt", "b.ckpt.index"):
        assert converters.read(f"{path}::{member}").path.name == "b.ckpt"
    with pytest.raises(SlimzooError, match=r"no checkpoint 'c.ckpt'"):
        converters.read(f"{path}::c.ckpt")


def test_why_nothing_in_an_archive_can_be_read_is_said(tmp_path):
    path = pack(tmp_path / "a.tgz", {"a.h5": b"\x89HDF\r\n\x1a\n", "b.bin": b""})
    with pytest.raises(
        SlimzooError, match=r"no checkpoint that can be read:\n  a.h5 is cut short(.|\n)*b.bin is empty"
    ):
        converters.read(path)


def link(name, target, kind=tarfile.SYMTYPE):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize(
    "member",
    [
        {"../evil": b"x"},
        {"/tmp/evil": b"x"},
        {"a/../../evil": b"x"},
        {"a\\..\\evil": b"x"},
        {"C:evil": b"x"},
        {"l": link("l", "/etc/passwd")},
        {"l": link("l", "../x", tarfile.LNKTYPE)},
        {"l": link("l", "", tarfile.CHRTYPE)},
    ],
)
def test_an_unsafe_archive_is_refused_and_nothing_is_written(tmp_path, arrays, member):
    write_safetensors(tmp_path / "w", arrays)
    before = sorted(path.name for path in tmp_path.iterdir())
    path = pack(tmp_path / "evil.tgz", member | {"w": (tmp_path / "w").read_bytes()})
    with pytest.raises(SlimzooError, match="is not opened, it is not safe:"):
        converters.read(path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*before, "evil.tgz"])


@pytest.mark.parametrize("names", [(".",), ("a", "a/b"), ("a/b", "a"), ("n" * 300,)])
def test_names_that_cannot_be_files_are_refused(tmp_path, names):
    path = pack(tmp_path / "a.tgz", dict.fromkeys(names, b"x"))
    with pytest.raises(SlimzooError, match=r"a\.tgz is cut short or damaged: .* is no name of a file"):
        converters.read(path)


def test_absurd_sizes_and_numbers_are_refused(tmp_path, monkeypatch):
    path = pack(tmp_path / "a.tgz", {f"f{i}": bytes(100) for i in range(20)})
    for limit, value in (("MAX_MEMBERS", 10), ("MAX_BYTES", 1000)):
        with monkeypatch.context() as patch:
            patch.setattr(archive, limit, value)
            with pytest.raises(SlimzooError, match="no checkpoint"):
                converters.read(path)


def test_a_file_that_is_compressed_alone_is_no_archive(tmp_path, arrays):
    np.savez(tmp_path / "w.npz", **arrays)
    (tmp_path / "w.npz.gz").write_bytes(gzip.compress((tmp_path / "w.npz").read_bytes()))
    with pytest.raises(SlimzooError, match=r"w\.npz\.gz is compressed, .*no tar archive: unpack it first"):
        converters.read(tmp_path / "w.npz.gz")


def test_an_archive_cut_anywhere_is_refused(tmp_path, arrays):
    write_safetensors(tmp_path / "w", arrays)
    path = pack(tmp_path / "a.tgz", {"w": (tmp_path / "w").read_bytes()})
    whole = path.read_bytes()
    for size in (2, 5, 10, 20, 200, len(whole) // 2, len(whole) - 9):
        path.write_bytes(whole[:size])
        with pytest.raises(SlimzooError, match=r"a\.tgz"):
            converters.read(path)


def test_a_bomb_is_not_unpacked(tmp_path, private_tmp):
    """Zeros shrink to a thousandth: a checkpoint of them claims more than any archive of its size holds."""
    size = 300 << 20
    info = tarfile.TarInfo("w.safetensors")
    info.size = size
    head = info.tobuf()
    with gzip.open(tmp_path / "bomb.tgz", "wb", compresslevel=1) as out:
        out.write(head)
        for _ in range(size >> 20):
            out.write(bytes(1 << 20))
    with pytest.raises(SlimzooError, match="no checkpoint"):
        converters.read(tmp_path / "bomb.tgz")


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.XGLTYPE])
def test_a_name_or_comment_of_gigabytes_is_not_read(tmp_path, kind):
    info = tarfile.TarInfo("w")
    info.type, info.size = kind, 4 << 30
    with gzip.open(tmp_path / "bomb.tgz", "wb") as out:
        out.write(info.tobuf() + bytes(1 << 20))
    with pytest.raises(SlimzooError, match=r"bomb\.tgz is cut short or damaged"):
        converters.read(tmp_path / "bomb.tgz")


def test_zeros_behind_an_archive_are_not_unpacked_for_ever(tmp_path, monkeypatch, arrays):
    monkeypatch.setattr(archive, "MAX_UNPACKED", 8 << 20)
    with gzip.open(tmp_path / "bomb.tgz", "wb", compresslevel=1) as out:
        for _ in range(64):
            out.write(bytes(1 << 20))
    with pytest.raises(SlimzooError, match=r"unpacks to over [\d,]+ bytes, which no checkpoint does"):
        converters.read(tmp_path / "bomb.tgz")


def test_an_npz_that_unpacks_to_far_more_than_it_is_is_not_opened(tmp_path):
    head = io.BytesIO()
    about = {"descr": "<f4", "fortran_order": False, "shape": (75 << 20,)}
    np.lib.format.write_array_header_1_0(head, about)
    packed = zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1)
    with packed, packed.open("a.npy", "w") as file:
        file.write(head.getvalue())
        for _ in range(300):
            file.write(bytes(1 << 20))
    with pytest.raises(SlimzooError, match=r"unpack to 314,572,928, which no weights do"):
        converters.read(tmp_path / "bomb.npz")


def test_a_list_of_members_beyond_all_measure_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(zip_archive, "MAX_DIRECTORY", 1000)
    np.savez(tmp_path / "a.npz", **{f"array{i}": np.ones(2) for i in range(30)})
    with pytest.raises(SlimzooError, match=r"its list of members is said to take"):
        converters.read(tmp_path / "a.npz")
