"""The dicts of arrays that caffe-tensorflow and its kin pickled into .npy files."""

import io
import os
import pickle

import numpy as np
import pytest

from slimzoo import converters
from slimzoo.errors import SlimzooError


def some_layers():
    random = np.random.RandomState(0)
    return {
        "conv1": {
            "weights": random.randn(3, 3, 2, 4).astype(np.float32),
            "biases": random.randn(4).astype(np.float32),
        },
        "fc1": {
            "weights": random.randn(40, 70).astype(np.float32),
            "biases": random.randn(70).astype(np.float32),
        },
    }


def write(path, value, protocol=3, shape=()):
    """Writes `value` as numpy.save does, with the pickle of any protocol."""
    array = np.empty(shape, object)
    array[...] = value
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "|O", "fortran_order": False, "shape": shape})
    path.write_bytes(head.getvalue() + pickle.dumps(array, protocol))
    return path


def flat(layers):
    return {f"{layer}/{name}": value for layer, arrays in layers.items() for name, value in arrays.items()}


@pytest.mark.parametrize("protocol", range(2, 6))
def test_a_dict_of_arrays_is_read_bit_by_bit(tmp_path, protocol):
    layers = some_layers()
    layers["odd"] = {
        "fortran": np.asfortranarray(np.arange(6000.0).reshape(2, 3000)),
        "big": np.arange(3000, dtype=">f4"),
        "small": np.arange(3, dtype=">f4"),
        "empty": np.zeros((0, 3)),
        "scalar": np.array(3, np.int64),
        "codes": np.arange(256, dtype=np.uint8),
    }
    source = converters.read(write(tmp_path / "net.npy", layers, protocol))
    assert source.format == "npy" and list(source) == list(flat(layers))
    for name, value in flat(layers).items():
        np.testing.assert_array_equal(source[name], value)
        assert source.shapes[name] == value.shape and source[name].flags.c_contiguous
        assert source.dtypes[name] == value.dtype.newbyteorder("<")


def test_what_numpy_saves_is_read(tmp_path):
    np.save(tmp_path / "net.npy", some_layers(), allow_pickle=True)
    assert len(converters.read(tmp_path / "net.npy")) == 4


def python_2(value):
    """The pickle of Python 2, whose strings are bytes: what it wrote for a dict of arrays."""

    def text(raw):
        if len(raw) < 256:
            return b"U" + bytes([len(raw)]) + raw
        return b"T" + len(raw).to_bytes(4, "little") + raw

    def number(n):
        return b"J" + n.to_bytes(4, "little")

    def array(a):
        shape = b"(" + b"".join(map(number, a.shape)) + b"t"
        kind = b"cnumpy\ndtype\n(" + text(a.dtype.str[1:].encode()) + b"K\x00K\x01tR"
        kind += b"(K\x03" + text(b"<") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        begin = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00t" + text(b"b") + b"tR"
        return begin + b"(K\x01" + shape + kind + b"\x89" + text(a.tobytes()) + b"tb"

    items = b"".join(
        text(layer.encode()) + b"}" + b"".join(text(k.encode()) + array(a) + b"s" for k, a in arrays.items())
        + b"s"
        for layer, arrays in value.items()
    )  # fmt: skip
    outer = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00t" + text(b"b") + b"tR"
    kind = b"cnumpy\ndtype\n(" + text(b"O8") + b"K\x00K\x01tR(K\x03" + text(b"|")
    kind += b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb"
    return b"\x80\x02" + outer + b"(K\x01)" + kind + b"\x89]}" + items + b"atb."


def test_what_python_2_pickled_is_read_bit_by_bit(tmp_path):
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "|O", "fortran_order": False, "shape": ()})
    content = python_2(some_layers())
    assert pickle.loads(content, encoding="latin1").item().keys() == some_layers().keys()
    (tmp_path / "net.npy").write_bytes(head.getvalue() + content)
    source = converters.read(tmp_path / "net.npy")
    for name, value in flat(some_layers()).items():
        np.testing.assert_array_equal(source[name], value)


def test_lists_of_weights_and_biases_get_these_names_and_others_numbers(tmp_path):
    layers = some_layers()
    lists = {name: list(arrays.values()) for name, arrays in layers.items()}
    lists["bn"] = [np.ones(3), np.zeros(3), np.ones(1)]
    source = converters.read(write(tmp_path / "net.npy", lists))
    assert list(source) == [*flat(layers), "bn/0", "bn/1", "bn/2"]


def test_what_is_no_array_of_numbers_is_passed_over(tmp_path):
    layers = {**some_layers(), "about": {"names": np.array(["a", "b"]), "year": 2016, "x": np.float32(3)}}
    source = converters.read(write(tmp_path / "net.npy", layers))
    assert set(source) == set(flat(some_layers()))
    assert set(source.skipped) == {"about/names", "about/year", "about/x"}


def test_one_array_without_a_name_is_refused_with_what_to_do(tmp_path):
    np.save(tmp_path / "a.npy", np.ones((2, 3), np.float32))
    with pytest.raises(
        SlimzooError, match=r"one array, float32 of shape \[2, 3\], without a name.*numpy\.savez"
    ):
        converters.read(tmp_path / "a.npy")


class Harm:
    """Pickles as a call of os.system."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch {self.marker}",)


@pytest.mark.parametrize("protocol", range(2, 6))
def test_a_pickle_that_calls_is_refused_by_name_and_runs_nothing(tmp_path, protocol):
    marker = tmp_path / "executed"
    path = write(tmp_path / "net.npy", {**some_layers(), "harm": Harm(marker)}, protocol)
    with pytest.raises(SlimzooError, match=r"asks Python for more than tensors(.|\n)*\n  posix\.system"):
        converters.read(path)
    assert not marker.exists()


def test_only_one_dict_is_read(tmp_path):
    with pytest.raises(SlimzooError, match="an array of 2 Python objects; one dict is read"):
        converters.read(write(tmp_path / "a.npy", {}, shape=(2,)))
    with pytest.raises(SlimzooError, match="is no dict of arrays"):
        converters.read(write(tmp_path / "b.npy", 3))
    with pytest.raises(SlimzooError, match="holds no arrays of numbers by name"):
        converters.read(write(tmp_path / "c.npy", {"a": 1}))


def test_a_file_cut_anywhere_is_refused(tmp_path):
    path = write(tmp_path / "net.npy", some_layers())
    whole = path.read_bytes()
    for size in np.linspace(1, len(whole) - 1, 80, dtype=int):
        path.write_bytes(whole[:size])
        with pytest.raises(SlimzooError, match=r"net\.npy"):
            converters.read(path)
