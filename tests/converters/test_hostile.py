"""Files made to cost: each ends in a short clean message, within bounds of work and memory."""

import bz2
import io
import json
import lzma
import pickle
import struct
import tarfile
import zipfile
import zlib

import numpy as np
import pytest

from slimzoo import converters
from slimzoo.converters.formats import sstable
from slimzoo.converters.formats.boundary import boundary, guarded
from slimzoo.converters.source import Source, Tensor
from slimzoo.errors import SlimzooError
from slimzoo.files.crc32c import Crc32c
from slimzoo.files.wire import encode_field, encode_varint
from tests.converters.limits import check_refused

# --- pickles: a few hundred bytes that stand for 2^40 values ---


def nested(depth=40):
    """Returns the operations that push a tuple of tuples with 2^depth leaves."""
    return b"K\x01" + b"2\x86" * depth


def torch_zip(path, pickled):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("m/data.pkl", pickled)
        archive.writestr("m/data/0", bytes(64))
        archive.writestr("m/version", "3")
    return path


STORAGE = b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x10tQ"
NESTED = nested()
TENSOR = b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(" + STORAGE
PICKLES = {
    "shape": TENSOR + b"K\x00" + NESTED + b"\x85K\x01\x85\x89NtR.",
    "strides": TENSOR + b"K\x00K\x01\x85" + NESTED + b"\x89NtR.",
    "offset": TENSOR + NESTED + b"K\x01\x85K\x01\x85\x89NtR.",
    "device": b"\x80\x02ctorch\ndevice\n" + NESTED + b"\x85R.",
    "size": b"\x80\x02ctorch\nSize\n" + NESTED + b"\x85R.",
    "persistent id": b"\x80\x02" + NESTED + b"Q.",
    "key": b"\x80\x02}" + NESTED + b"K\x01s.",
    "state": b"\x80\x02ccollections\nOrderedDict\n)R" + NESTED + b"b.",
    "name": b"\x80\x02" + NESTED + b"X\x01\x00\x00\x00a\x93.",
    "list of itself": b"\x80\x02]2a2a2a.",
}


@pytest.mark.parametrize("what", PICKLES)
def test_a_pickle_of_nested_tuples_costs_nothing(what, tmp_path):
    check_refused(torch_zip(tmp_path / "a.pth", PICKLES[what]))


def test_a_call_is_charged_for_what_it_copies(tmp_path):
    long = b"](" + b"K\x01K\x01\x86" * 50_000 + b"eq\x00"
    again = b"ccollections\nOrderedDict\nh\x00\x85R" * 5_000
    path = torch_zip(tmp_path / "a.pth", b"\x80\x02" + long + b"0(" + again + b"l.")
    check_refused(path)


# --- tables ---


def table(path, entries, index=None, compression=b"\x00"):
    """Writes a table with one block of raw `entries`, and an index block of its own where given."""
    out = bytearray()

    def append(block, compressed=b"\x00"):
        start = len(out)
        crc = Crc32c()
        crc.update(bytes(block) + compressed)
        out.extend(bytes(block) + compressed + struct.pack("<I", crc.masked))
        return encode_varint(start) + encode_varint(len(block))

    restarts = struct.pack("<II", 0, 1)
    handle = append(entries + restarts, compression)
    rows = index(handle) if index else b"\x00" + bytes([1, len(handle)]) + b"\xff" + handle
    place = append(rows + restarts)
    footer = encode_varint(0) + encode_varint(4) + place
    path.write_bytes(bytes(out) + footer.ljust(40, b"\x00") + sstable.MAGIC)
    return path


def entry(shared, fresh, value=b""):
    return encode_varint(shared) + encode_varint(len(fresh)) + encode_varint(len(value)) + fresh + value


def header(shards=1):
    return entry(0, b"", encode_field(1, shards) + encode_field(3, encode_field(1, 1)))


def shared_prefix(tmp_path):
    rows = b"".join(entry(1_000_000, b"%06d" % i) for i in range(50_000))
    return table(tmp_path / "a.index", header() + entry(0, b"x" * 1_000_000) + rows)


def long_keys_within_the_limit(tmp_path):
    rows = b"".join(entry(60_000, b"%06d" % i) for i in range(50_000))
    return table(tmp_path / "a.index", header() + entry(0, b"x" * 60_000) + rows)


def many_blocks(tmp_path):
    def index(handle):
        return b"".join(entry(0, b"", handle) for _ in range(1_000_000))

    return table(tmp_path / "a.index", header(), index)


def many_shards(tmp_path):
    return table(tmp_path / "a.index", header(99_999))


def nothing_in_it(tmp_path):
    return table(tmp_path / "a.index", b"", lambda handle: b"")


def snappy_of_any_size(tmp_path):
    """A block that says it unpacks to 8 GB, each three bytes of it to 64."""
    packed = encode_varint(8 << 30) + b"\x00a" + b"\xfe\x01\x00" * 500_000
    return table(tmp_path / "a.index", packed, compression=b"\x01")


def many_slices(tmp_path):
    """100,000 slices of a tensor of 8 axes: 2^8 corners each."""
    axes = 8
    shape = b"".join(encode_field(2, encode_field(1, 1 << 6)) for _ in range(axes))
    one = b"".join(
        encode_field(1, encode_field(1, axis % 60) + encode_field(2, 1)) for axis in range(1, axes + 1)
    )
    row = encode_field(1, 1) + encode_field(2, shape) + encode_field(7, one) * 100_000
    return table(tmp_path / "a.index", header() + entry(0, b"w", row))


def many_axes(tmp_path):
    shape = encode_field(2, encode_field(1, (1 << 62) - 1)) * 100_000
    return table(tmp_path / "a.index", header() + entry(0, b"w", encode_field(1, 1) + encode_field(2, shape)))


TABLES = (
    *(shared_prefix, long_keys_within_the_limit, many_blocks, many_shards),
    *(nothing_in_it, snappy_of_any_size, many_slices, many_axes),
)


@pytest.mark.parametrize("make", TABLES, ids=lambda make: make.__name__)
def test_a_table_costs_no_more_than_its_size_allows(make, tmp_path):
    path = make(tmp_path)
    (tmp_path / "a.data-00000-of-00001").write_bytes(bytes(64))
    if make is many_shards:  # a missing file is the file system's own error
        with pytest.raises(FileNotFoundError) as caught:
            converters.read(path)
        assert len(str(caught.value)) < 1000
    else:
        check_refused(path)


@pytest.mark.parametrize("name", ["n" * 300, "d/" * 3_000, "n" * 60_000])
def test_a_state_that_names_no_possible_file_is_refused(name, tmp_path):
    (tmp_path / "checkpoint").write_text(f'model_checkpoint_path: "{name}"')
    with pytest.raises(SlimzooError, match="names a checkpoint by"):
        converters.read(tmp_path)


# --- archives ---


@pytest.mark.parametrize("compression", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2, zipfile.ZIP_DEFLATED])
def test_a_damaged_byte_in_a_compressed_member_is_said(compression, tmp_path):
    path, memory = tmp_path / "a.npz", io.BytesIO()
    np.save(memory, np.random.RandomState(0).randn(50, 50))
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("a.npy", memory.getvalue())
    whole = path.read_bytes()
    for at in range(60, len(whole) - 200, len(whole) // 40):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        with pytest.raises(SlimzooError, match=r"a\.npz"):
            source = converters.read(path)
            for name in source:
                source[name]


@pytest.mark.parametrize("kind", [b"L", b"K", b"x", b"g"])
def test_a_tar_of_headers_alone_is_refused(kind, tmp_path):
    path = tmp_path / "a.tar"
    info = tarfile.TarInfo("name")
    info.type, info.size = kind, 12
    block = info.tobuf(tarfile.GNU_FORMAT) + b"12 path=aaa\n".ljust(512, b"\x00")
    path.write_bytes(block * 3000 + bytes(1024))
    check_refused(path)


def test_an_archive_of_thousands_of_files_is_no_checkpoint(tmp_path):
    path = tmp_path / "a.tgz"
    with tarfile.open(path, "w:gz") as archive:
        for i in range(9_990):
            archive.addfile(tarfile.TarInfo(f"{i}.npz"))
    check_refused(path)


def test_an_archive_of_files_that_each_take_a_second_is_given_up(tmp_path):
    costly = encode_field(1, encode_field(1, b"n") + encode_field(2, b"NoOp") + b"\x1a\0" * 500_000)
    path = tmp_path / "a.tgz"
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for i in range(40):
            info = tarfile.TarInfo(f"{i}.pb")
            info.size = len(costly)
            archive.addfile(info, io.BytesIO(costly))
    check_refused(path)


# --- sizes ---


@pytest.mark.parametrize("shape", [[0, 1 << 62], [1 << 62, 0], [0] * 65, [0, -1], [1 << 400, 0]])
def test_a_safetensors_shape_that_no_machine_holds_is_refused(shape, tmp_path):
    head = json.dumps({"a": {"dtype": "F32", "shape": shape, "data_offsets": [0, 0]}}).encode()
    path = tmp_path / "a.safetensors"
    path.write_bytes(struct.pack("<Q", len(head)) + head)
    check_refused(path)


# --- the boundary ---


RAISED = (
    *(
        ValueError("x"),
        KeyError("x"),
        IndexError("x"),
        TypeError("x"),
        AttributeError("x"),
        struct.error("x"),
    ),
    *(RecursionError("x"), MemoryError(), OverflowError("x"), EOFError(), StopIteration(), zlib.error("x")),
    *(lzma.LZMAError("x"), OSError("Invalid data stream"), zipfile.BadZipFile("x"), tarfile.ReadError("x")),
    *(NotImplementedError("x"), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x"), RuntimeError("x")),
    *(pickle.UnpicklingError("x"), SyntaxError("x"), ZeroDivisionError("x"), AssertionError()),
)


@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
def test_whatever_a_library_under_a_reader_raises_is_a_slimzoo_error_with_the_file(error, tmp_path):
    path = tmp_path / "some.file"

    def fail(*_):
        raise error

    with pytest.raises(SlimzooError, match=r"some\.file"), boundary(path):
        fail()
    for tensor in (Tensor((1,), np.dtype("f4"), fail), Tensor((1,), np.dtype("f4"), fail, fail)):
        source = guarded(Source("any", path, {"a": tensor}), path)
        with pytest.raises(SlimzooError, match=r"some\.file"):
            source["a"]
        with pytest.raises(SlimzooError, match=r"some\.file"):
            list(source.tensors["a"].parts())


def test_what_the_operating_system_says_stays_its_own(tmp_path):
    with pytest.raises(PermissionError), boundary(tmp_path):
        raise PermissionError(13, "denied", "a")


def test_damaged_streams_of_bz2_and_lzma_raise_what_the_boundary_is_for():
    """If Python changes what these raise, the list above wants another row."""
    with pytest.raises(OSError, match="Invalid") as caught:
        bz2.decompress(b"BZh91AY&SY" + bytes(40))
    assert caught.value.errno is None
    with pytest.raises(lzma.LZMAError):
        lzma.decompress(b"\xfd7zXZ" + bytes(40))


HOSTILE = (
    *("empty.ckpt", "empty.index", "f_scale2.tflite", "l_ver.pth", "n_enc.npy", "n_order.npy", "n_shape.npy"),
    *("p_device.pth", "p_odmem.pth", "p_shape.pth", "t_many.tgz", "z_bz2_200.npz", "z_lzma_200.npz"),
)


@pytest.mark.parametrize("name", HOSTILE)
def test_the_hostile_cases_end_in_a_message(name, shared):
    check_refused(shared / "cases" / "hostile" / name)
