"""Names, heads and lists that cost more than they are long; and the small files that once broke a reader."""

import bz2
import io
import json
import struct
import tarfile
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from slimzoo import converters
from slimzoo.errors import SlimzooError
from tests.converters.limits import check_refused
from tests.converters.torch_files import Contents, Raw, encode, pickled, write_zip

CORPUS = Path(__file__).with_name("corpus")


def safetensors(path, names, metadata=None):
    rows = {name: {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for name in names}
    text = json.dumps(rows | ({"__metadata__": metadata} if metadata else {})).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text)


def cut_anywhere(path):
    safetensors(path, ["a/" * 200_000 + "w"])


def half_a_character(path):
    safetensors(path, ["a\ud800"])


def half_a_character_in_metadata(path):
    safetensors(path, ["a"], {"license": "\udfff"})


def zipped(path, members, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def bz2_bomb(path):
    """An array of 4 bytes, and behind it 4 MB: zipfile unpacks what is asked for, and all after it."""
    memory, bomb = io.BytesIO(), bz2.BZ2Compressor()
    np.save(memory, np.zeros(1, np.float32))
    packed = bomb.compress(memory.getvalue() + bytes(4 << 20)) + bomb.flush()
    zipped(path, {"a.npy": b""}, zipfile.ZIP_BZIP2)
    whole = bytearray(path.read_bytes())
    start, size = 30 + len("a.npy"), len(bz2.compress(b""))
    whole[start : start + size] = packed
    shift, listed = len(packed) - size, len(whole) - 22 - 46 - len("a.npy")
    for at in (18, listed + 20):
        struct.pack_into("<II", whole, at, len(packed), len(memory.getvalue()))
    struct.pack_into("<I", whole, len(whole) - 6, listed)
    assert shift > 0
    path.write_bytes(whole)


def long_heads(path):
    memory, fields = io.BytesIO(), [(f"field_{i}", "<f4") for i in range(400)]
    np.save(memory, np.zeros((), fields))
    zipped(path, {f"{i}.npy": memory.getvalue() for i in range(1_000)})


def many_axes(path):
    head = b"{'descr': '|u1', 'fortran_order': False, 'shape': (" + b"1, " * 3_000 + b")}\n"
    zipped(path, {"a.npy": b"\x93NUMPY\1\0" + struct.pack("<H", len(head)) + head + b"x"})


def configuration(path, class_name, depth):
    layers = ", ".join(['{"class_name": "A", "config": {"name": "d"}}'] * 20_000)
    for _ in range(depth):
        layers = f'{{"class_name": "{class_name}", "config": {{"name": "m", "layers": [{layers}]}}}}'
    weights = io.BytesIO()
    with h5py.File(weights, "w") as file:
        file["layers/conv2d/vars/0"] = np.ones((2, 2), "f4")
    config = f'{{"config": {{"layers": [{layers}]}}}}'
    zipped(path, {"config.json": config, "model.weights.h5": weights.getvalue()})


def long_paths_of_layers(path):
    configuration(path, "D" * 1_000, 100)


def models_in_models(path):
    configuration(path, "D", 200)


def listed(path, size):
    with h5py.File(path, "w", libver="latest") as file:
        file.attrs["layer_names"] = np.array([b"n" * size])
        file.create_group("n" * size).attrs["weight_names"] = np.array([b"%06d" % i for i in range(100_000)])


def weights_of_a_long_name(path):
    listed(path, 60_000)


def weights_of_a_name(path):
    listed(path, 900)


def groups_of_long_names(path):
    with h5py.File(path, "w", libver="latest") as file:
        group = file
        for _ in range(60):
            group = group.create_group("\u4e00" * 20_000)
        for i in range(50):
            group[f"{i}"] = np.ones(1, "f4")


def dicts_of_long_keys(path):
    """A tensor under 130 times 130 names, each with three keys of 250 characters in it."""
    contents = Contents()
    inner = contents.add(np.ones(1, np.float32))
    keys = [["\U0001f600" * 250]] * 3 + [[f"{i}" for i in range(130)]] * 2
    parts = []
    for number, names in enumerate(keys):
        parts.append(inner + b"q" + bytes([number]) + b"0")
        again = b"h" + bytes([number])
        inner = Raw(b"}(" + b"".join(encode(name) + again for name in names) + b"u")
    write_zip(path, b"\x80\x02" + b"".join(parts) + inner + b".", contents.storages)


def much_beside_the_tensors(path):
    contents = Contents()
    held = contents.add(np.ones((2, 2), np.float32))
    write_zip(
        path,
        pickled({"state_dict": {"w": held}, **dict.fromkeys(map(str, range(20_000)))}),
        contents.storages,
    )


def member(name, kind=b"0", content=b"", size=None):
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(content) if size is None else size
    return info.tobuf(tarfile.GNU_FORMAT) + content + bytes(-len(content) % 512)


def comments_on_all_files(path):
    """A comment on every file that comes, of 100,000 lines; tarfile keeps a copy for each."""
    comments = b"".join(b"11 %06x=\n" % i for i in range(100_000))
    files = (member("x", b"x", b"14 comment=xx\n") + member(f"f{i}") for i in range(500))
    path.write_bytes(member("g", b"g", comments) + b"".join(files) + bytes(1024))


def comments_on_each_file(path):
    comments = b"".join(b"11 %06x=\n" % i for i in range(50_000))
    path.write_bytes(member("x", b"x", comments) * 8 + member("f") + bytes(1024))


def a_file_with_holes(path):
    block = bytearray(member("s", b"S", size=512))
    block[386:410] = b"%011o\0%011o\0" % (1, 1 << 20)
    block[483:495] = b"%011o\0" % (64 << 20)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    path.write_bytes(bytes(block) + bytes(512 + 1024))


MAKERS = {  # what makes it: the suffix of its file
    **dict.fromkeys((cut_anywhere, half_a_character, half_a_character_in_metadata), ".safetensors"),
    **dict.fromkeys((bz2_bomb, long_heads, many_axes), ".npz"),
    **dict.fromkeys((long_paths_of_layers, models_in_models), ".keras"),
    **dict.fromkeys((weights_of_a_long_name, weights_of_a_name, groups_of_long_names), ".h5"),
    **dict.fromkeys((dicts_of_long_keys, much_beside_the_tensors), ".pth"),
    **dict.fromkeys((comments_on_all_files, comments_on_each_file, a_file_with_holes), ".tar"),
}


def test_names_heads_and_lists_cost_no_more_than_they_are_long(tmp_path):
    paths = [tmp_path / f"{make.__name__}{suffix}" for make, suffix in MAKERS.items()]
    for make, path in zip(MAKERS, paths, strict=True):
        make(path)
    check_refused(*paths)


def test_the_small_files_that_broke_a_reader_are_refused():
    paths = sorted(CORPUS.iterdir())
    assert paths and all(path.stat().st_size < 8_000 for path in paths)
    check_refused(*paths)


@pytest.mark.parametrize("name", ["/", "", ".", "a\0b"])
def test_a_state_that_names_no_file_is_refused(name, tmp_path):
    (tmp_path / "checkpoint").write_text(f'model_checkpoint_path: "{name}"')
    with pytest.raises(SlimzooError, match="names no checkpoint"):
        converters.read(tmp_path)


def test_a_missing_file_is_named_in_clean_and_few_words(tmp_path):
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "a\x1b[2J\u202eb"')
    with pytest.raises(FileNotFoundError) as caught:
        converters.read(tmp_path)
    assert "a\\x1b[2J\\u202eb" in str(caught.value)
