"""Containers to images: every kind gives the same ones, from any row on; what is damaged is a row."""

import io
import tarfile

import pytest

from slimzoo.errors import SlimzooError
from slimzoo.streaming.listing import listing_of
from slimzoo.streaming.readers import fetch, items
from slimzoo.streaming.rows import End, Piece

CONTENTS = [b"\xff\xd8\xff" + bytes([i]) * (20 + i) for i in range(9)]  # they begin as JPEGs do


def tar(path, mode="w"):
    with tarfile.open(path, mode) as archive:
        for i, content in enumerate(CONTENTS):
            for name, data in ((f"{i}.jpg", content), (f"{i}.json", b"{}")):
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    return path


def tfrecord(path):
    import tensorflow as tf

    with tf.io.TFRecordWriter(str(path)) as writer:
        for i, content in enumerate(CONTENTS):
            feature = {"image/encoded": content, "image/filename": f"{i}.jpg".encode(), "other": b"x"}
            of_bytes = {
                name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
                for name, value in feature.items()
            }
            writer.write(tf.train.Example(features=tf.train.Features(feature=of_bytes)).SerializeToString())
    return path


def parquet(path):
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow, of the extras test and parquet, is missing")
    from pyarrow.parquet import write_table

    names = [f"{i}.jpg" for i in range(9)]
    images = [{"bytes": content, "path": name} for content, name in zip(CONTENTS, names, strict=True)]
    write_table(pyarrow.table({"image": images, "label": list(range(9))}), path, row_group_size=4)
    return path


MAKERS = {
    "a.tar": tar,
    "a.tgz": lambda path: tar(path, "w:gz"),
    "a.tfrecord": tfrecord,
    "train-00000-of-00001": tfrecord,
    "a.parquet": parquet,
}


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("first", [0, 5, 9])
def test_every_kind_of_container_gives_its_images_from_any_row_on(tmp_path, name, first):
    path = MAKERS[name](tmp_path / name)
    (piece,) = listing_of(str(path)).rest({0: (first, False)})
    *found, end = map(fetch, items(piece))
    assert end == End(0, 9)
    assert [item.content for item in found] == CONTENTS[first:]
    assert [item.name for item in found] == [f"{path}::{i}.jpg" for i in range(first, 9)]
    assert [item.position for item in found] == [*range(first, 9)]


@pytest.mark.parametrize("name", MAKERS)
def test_a_container_that_is_cut_off_gives_what_is_there_and_a_row_that_says_so(tmp_path, name):
    path = MAKERS[name](tmp_path / name)
    content = path.read_bytes()
    for size in (0, 3, len(content) // 2, len(content) - 3):
        path.write_bytes(content[:size])
        *found, end = items(Piece(0, listing_of(str(path)).kind, str(path)))
        assert isinstance(end, End) and end.rows == len(found)
        good = [item for item in found if not item.problem]
        assert [item.content for item in good] == CONTENTS[: len(good)]
        assert all(str(path) in item.problem for item in found[len(good) :])


def test_a_record_whose_checksum_is_wrong_is_a_row_and_the_others_are_read(tmp_path):
    path = tfrecord(tmp_path / "a.tfrecord")
    content = bytearray(path.read_bytes())
    content[content.index(CONTENTS[2]) + 5] ^= 1
    path.write_bytes(content)
    *found, _ = items(Piece(0, "TFRecord", str(path)))
    assert [bool(item.problem) for item in found] == [i == 2 for i in range(9)]
    assert "damaged" in found[2].problem


def test_parquet_of_unclear_columns_is_a_row_that_names_them(tmp_path):
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow, of the extras test and parquet, is missing")
    from pyarrow.parquet import write_table

    write_table(pyarrow.table({"left": [b"1"], "right": [b"2"]}), tmp_path / "a.parquet")
    item, _ = items(Piece(0, "Parquet", str(tmp_path / "a.parquet")))
    assert "left, right" in item.problem and "Call that one image" in item.problem
    write_table(pyarrow.table({"path": [str(tmp_path / "1.jpg")]}), tmp_path / "a.parquet")
    item, _ = map(fetch, items(Piece(0, "Parquet", str(tmp_path / "a.parquet"))))
    assert "there is no image" in item.problem


def test_lists_folders_patterns_and_stores_give_the_same_images(tmp_path):
    fsspec = pytest.importorskip("fsspec", reason="fsspec, of the extra remote, is missing")
    names = [tmp_path / "photos" / f"{i}.jpg" for i in range(9)]
    names[0].parent.mkdir()
    for name, content in zip(names, CONTENTS, strict=True):
        name.write_bytes(content)
    store = fsspec.filesystem("memory")
    store.put(str(tmp_path / "photos"), "/bucket/photos", recursive=True)
    (tmp_path / "list.txt").write_text("\n".join(map(str, names)) + "\n")
    (tmp_path / "far.txt").write_text("\n".join(f"memory://bucket/photos/{i}.jpg" for i in range(9)))
    store.put(str(tmp_path / "list.txt"), "/bucket/list.txt")
    here = ("photos", "photos/*.jpg", "list.txt", "memory://bucket/list.txt")
    there = ("memory://bucket/photos", "memory://bucket/photos/*.jpg", "far.txt")
    for given in (*here, *there):
        listing = listing_of(given if "://" in given else str(tmp_path / given))
        (piece,) = listing.pieces
        *found, _ = map(fetch, items(piece))
        assert listing.rows == 9 and [item.content for item in found] == CONTENTS, given
    store.put(str(tar(tmp_path / "a.tar")), "/bucket/shards/a.tar")
    (piece,) = listing_of("memory://bucket/shards").pieces
    *found, _ = items(piece)
    assert [item.content for item in found] == CONTENTS


@pytest.mark.parametrize(
    "given, words",
    [
        ("nowhere", ["there is no", "a folder, a pattern, a list"]),
        ("*.tar", ["matches no file"]),
        ("empty.txt", ["is empty"]),
        ("zeros.bin", ["no list of names, and no shard"]),
        ("folders.txt", ["names folders"]),
        ("mixed", ["several kinds", "*.tar"]),
        ("hollow", ["holds no image"]),
        ("memory://nothing/here", ["holds no file"]),
        ("nosuch://bucket/a", ["nosuch"]),
        (" ", ["--images is empty"]),
    ],
)
def test_what_gives_no_images_is_said(tmp_path, monkeypatch, given, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.txt").write_text("\n")
    (tmp_path / "zeros.bin").write_bytes(bytes(99))
    (tmp_path / "folders.txt").write_text("hollow\n")
    (tmp_path / "hollow").mkdir()
    (tmp_path / "mixed").mkdir()
    (tmp_path / "mixed" / "a.jpg").write_bytes(CONTENTS[0])
    tar(tmp_path / "mixed" / "a.tar")
    with pytest.raises((SlimzooError, FileNotFoundError)) as caught:
        listing_of(given)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_the_order_stays_and_the_digest_tells_other_images(tmp_path):
    for i in range(9):
        (tmp_path / f"{i}.jpg").write_bytes(CONTENTS[i])
    one, two = listing_of(str(tmp_path)), listing_of(str(tmp_path))
    assert one == two
    (tmp_path / "3.jpg").write_bytes(CONTENTS[0])
    assert listing_of(str(tmp_path)).digest != one.digest
