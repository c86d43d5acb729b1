"""Checkpoints by TensorFlow's Saver, read without it; ours, read by it."""

import numpy as np
import pytest
import tensorflow as tf

from slimzoo import converters
from slimzoo.converters.formats import sstable, tf_v2
from slimzoo.converters.formats.binary import FileBytes
from slimzoo.converters.formats.watch import Watch
from slimzoo.converters.source import Source, tensors_of

TYPES = [
    "float16",
    "bfloat16",
    "float32",
    "float64",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "bool",
]
TYPES += ["complex64", "complex128"]


def assert_same(source, arrays):
    assert set(source) == set(arrays)
    for name, value in arrays.items():
        assert source.shapes[name] == np.shape(value)
        assert source[name].dtype == source.dtypes[name] == np.asarray(value).dtype
        np.testing.assert_array_equal(source[name], value)


def of_type(name, shape=(3, 5)):
    values = np.random.RandomState(0).randint(0, 2 if name == "bool" else 100, shape)
    return values.astype(tf.as_dtype(name).as_numpy_dtype)


def test_every_value_is_read(tmp_path, save_checkpoint, arrays, version):
    assert_same(converters.read(save_checkpoint(tmp_path / "model.ckpt", arrays, version)), arrays)


def test_sharded_sets_are_read_whole(tmp_path, save_checkpoint, arrays, version):
    save_checkpoint(tmp_path / "model.ckpt", arrays, version, sharded=True)
    assert len(list(tmp_path.glob("*-of-00002"))) == 2
    assert_same(converters.read(tmp_path / "model.ckpt"), arrays)


@pytest.mark.parametrize("split", [(3, 0), (2, 1)])
def test_variables_stored_in_slices_come_out_whole(tmp_path, save_checkpoint, version, split):
    # 300 rows: slices start beyond 63, where their keys take more than one byte
    arrays = {
        "part/embedding": np.random.RandomState(0).randn(300, 20).astype(np.float32),
        "w": np.float32(1),
    }
    save_checkpoint(tmp_path / "model.ckpt", arrays, version, partitions={"part/embedding": split})
    assert_same(converters.read(tmp_path / "model.ckpt"), arrays)


@pytest.mark.parametrize("name", TYPES)
def test_every_type_of_a_v2_checkpoint_is_read(tmp_path, name):
    array = of_type(name)
    tf.raw_ops.SaveV2(prefix=str(tmp_path / "m"), tensor_names=["a"], shape_and_slices=[""], tensors=[array])
    assert_same(converters.read(tmp_path / "m"), {"a": array})


@pytest.mark.parametrize(
    "name", ["float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool"]
)
def test_every_type_of_a_v1_checkpoint_is_read(tmp_path, name):
    array = of_type(name) if name in ("bool", "uint8") else -of_type(name)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        session.run(tf.raw_ops.Save(filename=str(tmp_path / "m"), tensor_names=["a"], data=[array]))
    assert_same(converters.read(tmp_path / "m"), {"a": array})


def test_strings_are_named_and_left_aside(tmp_path):
    tensors = [np.array([b"x", b"yz"]), np.ones(2, np.float32)]
    tf.raw_ops.SaveV2(
        prefix=str(tmp_path / "m"), tensor_names=["s", "a"], shape_and_slices=["", ""], tensors=tensors
    )
    source = converters.read(tmp_path / "m")
    assert list(source) == ["a"] and source.skipped == ("s",)


def test_an_object_based_checkpoint_of_tensorflow_2_is_read(tmp_path):
    path = tf.train.Checkpoint(weights=tf.Variable([1.0, 2.0])).save(str(tmp_path / "ckpt"))
    np.testing.assert_array_equal(converters.read(path)["weights/.ATTRIBUTES/VARIABLE_VALUE"], [1, 2])


def test_arrays_are_writable_and_aligned_for_tensorflow(tmp_path, save_checkpoint, arrays, version):
    source = converters.read(save_checkpoint(tmp_path / "model.ckpt", arrays, version))
    for name in source:
        array = source[name]
        assert array.flags.writeable and array.flags.c_contiguous and array.ctypes.data % 64 == 0


def write(path, arrays):
    return tf_v2.write(path, Source("memory", path, tensors_of(arrays)), Watch())


def test_tensorflow_reads_what_we_write(tmp_path, arrays):
    arrays |= {f"types/{name}": of_type(name) for name in TYPES} | {"empty": np.zeros((0, 3), np.float32)}
    arrays |= {
        f"many/{i:04d}/weights": np.full(3, i, np.float32) for i in range(500)
    }  # several blocks of index
    write(tmp_path / "model.ckpt", arrays)
    reader = tf.train.load_checkpoint(str(tmp_path / "model.ckpt"))
    assert set(reader.get_variable_to_shape_map()) == set(arrays)
    for name, value in arrays.items():
        np.testing.assert_array_equal(
            reader.get_tensor(name), value
        )  # TensorFlow compares the checksums, too
    assert_same(converters.read(tmp_path / "model.ckpt"), arrays)


def test_tensorflows_saver_restores_what_we_write(tmp_path):
    write(tmp_path / "model.ckpt", {"a/weights": np.arange(6, dtype=np.float32).reshape(2, 3)})
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        weights = tf.compat.v1.get_variable("a/weights", (2, 3))
        tf.compat.v1.train.Saver().restore(session, str(tmp_path / "model.ckpt"))
        np.testing.assert_array_equal(session.run(weights), [[0, 1, 2], [3, 4, 5]])


def test_a_compressed_index_is_read(tmp_path):
    """Some TensorFlow 1.x builds compress the index with Snappy; here a block of literals and copies."""
    write(tmp_path / "m", {"abcabcabcabc": np.float32(1)})
    index = tmp_path / "m.index"
    with FileBytes(index) as file:
        items = [(entry.key, entry.value) for entry in sstable.entries(file, check=True)]
    plain = bytearray()
    sstable._append_block(plain, items)
    block = bytes(plain[: -sstable._TRAILER])
    at = block.index(b"abcabc") + 3
    literal = lambda data: bytes([60 << 2, len(data) - 1]) + data  # noqa: E731
    copy = bytes([2 | 8 << 2, 3, 0])  # nine bytes from three back
    packed = bytes([len(block)]) + literal(block[:at]) + copy + literal(block[at + 9 :])
    index.write_bytes(table_of(packed, compression=1))
    assert_same(converters.read(tmp_path / "m"), {"abcabcabcabc": np.float32(1)})


def table_of(block, compression):
    out = bytearray(block + bytes([compression]))
    crc = sstable.Crc32c()
    crc.update(bytes(out))
    out += crc.masked.to_bytes(4, "little")
    handle = bytes([0]) + sstable.encode_varint(len(block))
    footer = sstable._append_block(out, []) + sstable._append_block(out, [(b"z", handle)])
    return bytes(out) + footer.ljust(40, b"\x00") + sstable.MAGIC
