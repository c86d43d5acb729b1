"""PyTorch's files, both forms: tensors are read as they are, and nothing else is."""

import os
import pickle
import struct
import zipfile

import numpy as np
import pytest

from slimzoo import converters
from slimzoo.converters.formats import pickles, torch_file
from slimzoo.errors import SlimzooError
from tests.converters.torch_files import (
    FORMS,
    KINDS,
    Contents,
    Raw,
    call,
    encode,
    name,
    pickled,
    storage,
    tensor,
    write_legacy,
    write_zip,
)


@pytest.fixture(params=sorted(FORMS))
def write(request, tmp_path):
    """write(what was saved, its storages) -> the path of a file of either form."""

    def write(root, contents):
        return FORMS[request.param](tmp_path / "w.pth", pickled(root), contents.storages)

    return write


def some_weights():
    random = np.random.RandomState(0)
    return {
        "features.0.weight": random.randn(4, 3, 3, 3).astype(np.float32),
        "features.0.bias": random.randn(4).astype(np.float32),
        "bn.num_batches_tracked": np.int64(7),
    }


def test_a_state_dict_is_read_bit_by_bit(write):
    contents, weights = Contents(), some_weights()
    weights |= {kind: np.arange(5).astype(kind) for kind in KINDS}
    weights["empty"] = np.zeros((0, 3), np.float32)
    saved = {key: contents.add(value) for key, value in weights.items()}
    source = converters.read(write(saved, contents))
    assert source.format == "torch" and list(source) == list(weights)
    for key, value in weights.items():
        assert source[key].tobytes() == np.asarray(value).tobytes()
        assert (source.shapes[key], source.dtypes[key]) == (np.shape(value), np.asarray(value).dtype)
        assert source[key].flags.c_contiguous and source[key].flags.writeable


def test_views_of_one_storage_keep_their_strides_and_offsets(write):
    contents = Contents()
    values = np.arange(24, dtype=np.float32)
    held = contents.hold(values)
    saved = {
        "whole": tensor(held, (4, 6)),
        "transposed": tensor(held, (6, 4), (1, 6)),
        "part": tensor(held, (3,), offset=5),
        "column": tensor(held, (4,), (6,), offset=2),
        "repeated": tensor(held, (5, 2), (0, 1)),
    }
    source = converters.read(write(saved, contents))
    table = values.reshape(4, 6)
    expected = [table, table.T, values[5:8], table[:, 2], np.tile(values[:2], (5, 1))]
    for found, wanted in zip(source.values(), expected, strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_a_part_of_a_storage_of_the_old_form_is_read(tmp_path):
    contents = Contents()
    contents.hold(np.arange(10, dtype=np.float32))
    view = storage("0", "Float", 10, ("0-part", 4, 3))
    path = write_legacy(tmp_path / "w", pickled({"a": tensor(view, (3,))}), contents.storages)
    np.testing.assert_array_equal(converters.read(path)["a"], np.arange(4, 7, dtype=np.float32))


def test_bfloat16_is_widened_without_a_change_and_said(write):
    contents = Contents()
    exact = np.array([1.0, -2.5, 3.140625, np.inf], np.float32)
    bits = (exact.view(np.uint32) >> 16).astype(np.uint16)
    source = converters.read(write({"a": tensor(contents.hold(bits, "BFloat16"), (2, 2))}, contents))
    np.testing.assert_array_equal(source["a"], exact.reshape(2, 2))
    assert source.dtypes["a"] == np.float32
    assert source.metadata == {"widened": "1 tensors from bfloat16 to float32"}


def test_parameters_old_tensors_and_ordered_dicts_are_known(write):
    contents = Contents()
    held = contents.hold(np.arange(4, dtype=np.float32))
    plain = tensor(held, (4,), function="_rebuild_tensor")
    no_hooks = call("collections.OrderedDict")
    saved = Raw(
        call("collections.OrderedDict", [["old", plain]])
        + encode("parameter")
        + call("torch._utils._rebuild_parameter", plain, True, no_hooks)
        + b"s"
        + encode({"_metadata": call("collections.OrderedDict")})
        + b"b"  # an attribute of the dict
    )
    source = converters.read(write(saved, contents))
    assert source["old"].tolist() == source["parameter"].tolist() == [0.0, 1.0, 2.0, 3.0]
    assert len(source) == 2


@pytest.mark.parametrize("wrapper", ["state_dict", "model", "model_state_dict", "anything"])
def test_a_wrapper_is_taken_off_and_said(write, wrapper):
    contents, weights = Contents(), some_weights()
    inner = {key: contents.add(value) for key, value in weights.items()}
    source = converters.read(write({"epoch": 3, wrapper: inner, "notes": "x"}, contents))
    assert set(source) == set(weights)
    assert source.metadata == {"unwrapped": wrapper, "not_read": "epoch, notes"}


def test_the_state_dict_is_chosen_before_what_training_left(write):
    contents = Contents()
    a, b = (contents.add(np.full(2, value, np.float32)) for value in (1, 2))
    saved = {"optimizer": {"state": {0: {"exp_avg": b}}}, "state_dict": {"w": a}, "teacher": {"w": b}}
    source = converters.read(write(saved, contents))
    assert source["w"].tolist() == [1, 1] and list(source) == ["w"]
    assert source.metadata["not_read"] == "optimizer, teacher"


@pytest.mark.parametrize(
    "key, name",
    [
        ("state_dict_ema", "w"),
        ("model_ema", "module.w"),
        ("ema", "model.w"),
        ("ema_state_dict", "w"),
        ("swa_model", "module.w"),
    ],
)
def test_moving_averages_beside_the_state_dict_are_taken_only_when_asked_for(write, key, name):
    contents = Contents()
    a, b = (contents.add(np.full(2, value, np.float32)) for value in (1, 2))
    source = converters.read(write({"state_dict": {"w": a}, key: {name: b, "decay": 0.9}}, contents))
    assert source.metadata["averages"] == key and "not_read" not in source.metadata
    plain, left_out = converters.inference_variables(source)
    assert plain["w"].tolist() == [1, 1] and left_out == {"moving averages": 1}
    averages, _ = converters.inference_variables(source, ema=True)
    assert {n: value.tolist() for n, value in averages.items()} == {"w": [2, 2]}


def test_averages_of_other_tensors_are_not_taken_for_these(write):
    contents = Contents()
    a, b = contents.add(np.ones(2, np.float32)), contents.add(np.ones(3, np.float32))
    source = converters.read(write({"state_dict": {"w": a}, "ema": {"w": b}}, contents))
    assert list(source) == ["w"] and source.metadata["not_read"] == "ema"


@pytest.mark.parametrize(
    "wrap",
    [
        lambda inner, loose: {"best_acc1": loose, "state_dict": inner},
        lambda inner, loose: {"rng": loose, "epoch": 3, "model": {"state_dict": inner, "step": loose}},
        lambda inner, loose: {"my_net": inner, "my_optimizer": {"exp_avg": loose}, "args": {"x": loose}},
        lambda inner, loose: {"checkpoint": {"best": loose, "module": inner}},
    ],
)
def test_the_state_dict_is_found_beside_other_tensors_at_any_depth(write, wrap):
    contents, weights = Contents(), some_weights()
    inner = {key: contents.add(value) for key, value in weights.items()}
    loose = contents.add(np.zeros(7, np.uint8))
    assert set(converters.read(write(wrap(inner, loose), contents))) == set(weights)


def test_dicts_in_dicts_are_named_by_both(write):
    contents = Contents()
    a, b = (contents.add(np.full(2, value, np.float32)) for value in (1, 2))
    source = converters.read(write({"generator": {"w": a}, "critic": {"w": b}, "step": 4}, contents))
    assert set(source) == {"generator.w", "critic.w"} and source.skipped == ("step",)


class Harm:
    """Pickles as a call of os.system."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch {self.marker}",)


def harmful(tmp_path):
    """Returns the operations of a pickle that touches a file, and that file."""
    marker = tmp_path / "executed"
    return Raw(pickle.dumps(Harm(marker), protocol=2)[2:-1]), marker


def test_a_pickle_that_calls_is_refused_by_name_and_runs_nothing(tmp_path, write):
    contents = Contents()
    harm, marker = harmful(tmp_path)
    path = write({"a": contents.add(np.ones(2, np.float32)), "b": harm}, contents)
    with pytest.raises(SlimzooError, match=r"asks Python for more than tensors(.|\n)*\n  posix\.system"):
        converters.read(path)
    assert not marker.exists()


@pytest.mark.parametrize("operation", [b"R", b"\x81", b"b"])
def test_every_name_that_is_not_known_is_listed_at_once(write, operation):
    contents = Contents()
    names = ["builtins.eval", "torch.nn.modules.conv.Conv2d", "argparse.Namespace", "torch._utils.other"]
    saved = [Raw(name(text) + encode(("1",)) + operation) for text in names]
    with pytest.raises(SlimzooError) as caught:
        converters.read(write({"x": saved, "a": contents.add(np.ones(2, np.float32))}, contents))
    assert all(f"\n  {text}" in str(caught.value) for text in names)
    assert "torch.save(model.state_dict()" in str(caught.value)


@pytest.mark.parametrize("protocol", range(2, 6))
def test_python_s_own_unpickler_is_never_called(tmp_path, monkeypatch, write, protocol):
    def fail(*_, **__):
        raise AssertionError("the unpickler was called")

    contents = Contents()
    path = write({"a": contents.add(np.ones(2, np.float32))}, contents)
    harm = pickle.dumps(Harm(tmp_path / "executed"), protocol)
    for function in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, function, fail)
    assert converters.read(path)["a"].tolist() == [1, 1]
    path.write_bytes(harm)
    with pytest.raises(SlimzooError, match=r"is a Python pickle"):
        converters.read(path)


HELD = storage("0", "Float", 4)
BAD = {
    "beyond its storage": tensor(HELD, (5,)),
    "an offset beyond": tensor(HELD, (2,), offset=3),
    "strides beyond": tensor(HELD, (2, 2), (3, 1)),
    "negative strides": tensor(HELD, (2,), (-1,)),
    "a negative size": tensor(HELD, (-2,)),
    "strides for other axes": tensor(HELD, (2, 2), (1,)),
    "a size that is no number": tensor(HELD, (True, 2), (2, 1)),
    "values repeated a million million times": tensor(HELD, (10**6, 10**6), (0, 0)),
    "an endless rank": tensor(HELD, (1,) * 40, (1,) * 40),
    "a storage that is missing": tensor(storage("7", "Float", 4), (4,)),
    "a storage that is larger": tensor(storage("0", "Float", 8), (8,)),
    "a storage of another type": tensor(storage("0", "Double", 4), (4,)),
    "a storage that is none": call("torch._utils._rebuild_tensor_v2", 3, 0, (1,), (1,), False, None),
    "a part outside": tensor(storage("0", "Float", 4, ("v", 3, 2)), (2,)),
    "a module": Raw(encode(("module", "a", "b", "c", 1)) + b"Q"),
    "a call of a number": Raw(encode(3) + encode(()) + b"R"),
    "a lost memo": Raw(b"j\xff\xff\xff\xff"),
    "an empty stack": Raw(b"000000000"),
    "a lost mark": Raw(b"ttt"),
    "an unknown operation": Raw(b"\xfe"),
    "the operations of protocol 0": Raw(b"I1\n"),
    "a string longer than the file": Raw(b"\x8e" + struct.pack("<Q", 2**62)),
    "a text of no encoding": Raw(b"X\x01\x00\x00\x00\xff"),
}


@pytest.mark.parametrize("what", sorted(BAD))
def test_what_no_weights_say_is_refused(write, what):
    contents = Contents()
    contents.hold(np.ones(4, np.float32))
    with pytest.raises(SlimzooError, match=r"w\.pth is cut short or damaged"):
        converters.read(write({"a": BAD[what]}, contents))


def test_a_memo_of_any_index_takes_no_memory(write):
    contents = Contents()
    far = Raw(contents.add(np.ones(2, np.float32)) + b"r\xff\xff\xff\xff")
    assert converters.read(write({"a": far}, contents))["a"].tolist() == [1, 1]


def nested(levels, width=100):
    """Dicts in dicts, each the value of every key of the next: a few bytes for width ** levels names."""
    out = encode({}) + b"q\x00"
    for level in range(levels):
        inner = b"h" + bytes([level])
        pairs = b"".join(encode(str(i)) + inner for i in range(width))
        out += b"}(" + pairs + b"u" + b"q" + bytes([level + 1])
    return Raw(out)


@pytest.mark.parametrize(
    "root",
    [nested(4), nested(200, 1), Raw(b"(" * 100_000), Raw(encode({}) + b"2" * 1_100_000), {"a" * 300: {}}],
    ids=["wide", "deep", "marks", "operations", "a long key"],
)
def test_a_pickle_made_to_take_forever_is_refused(write, root):
    with pytest.raises(SlimzooError):
        converters.read(write({"a": root}, Contents()))


def test_a_dict_that_holds_itself_is_refused(write):
    itself = Raw(b"}q\x00" + encode("x") + b"h\x00s")
    with pytest.raises(SlimzooError, match="no tensors by name"):
        converters.read(write(itself, Contents()))


@pytest.mark.parametrize("root", [3, [1, 2], {"a": 1}, {}])
def test_a_file_without_a_state_dict_is_refused(write, root):
    with pytest.raises(SlimzooError, match="no tensors by name, that is, no state dict"):
        converters.read(write(root, Contents()))


def one_weight():
    contents = Contents()
    saved = {"a": contents.add(np.arange(100, dtype=np.float32))}
    return pickled(saved), contents.storages


def test_a_changed_value_is_noticed_by_its_checksum(tmp_path):
    path = write_zip(tmp_path / "w.pth", *one_weight())
    whole = path.read_bytes()
    path.write_bytes(whole.replace(np.float32(50).tobytes(), np.float32(51).tobytes()))
    source = converters.read(path)
    with pytest.raises(SlimzooError, match="checksum of a tensor does not agree"):
        source["a"]


def test_a_changed_value_is_noticed_in_a_part_too(tmp_path):
    contents = Contents()
    held = contents.hold(np.arange(100, dtype=np.float32))
    path = write_zip(tmp_path / "w.pth", pickled({"a": tensor(held, (3,))}), contents.storages)
    path.write_bytes(path.read_bytes().replace(np.float32(50).tobytes(), np.float32(51).tobytes()))
    with pytest.raises(SlimzooError, match="checksum of a tensor does not agree"):
        converters.read(path)["a"]


def test_an_archive_that_was_saved_without_checksums_is_read(tmp_path):
    path = write_zip(tmp_path / "w.pth", *one_weight())
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            whole = whole.replace(struct.pack("<I", info.CRC), bytes(4))
    path.write_bytes(whole)
    assert converters.read(path)["a"].tolist() == list(range(100))


@pytest.mark.parametrize("form", sorted(FORMS))
def test_a_file_cut_anywhere_is_refused(tmp_path, form):
    path = FORMS[form](tmp_path / "w.pth", *one_weight())
    whole = path.read_bytes()
    for size in np.linspace(1, len(whole) - 1, 60, dtype=int):
        path.write_bytes(whole[:size])
        with pytest.raises(SlimzooError, match=r"w\.pth"):
            [array.sum() for array in converters.read(path).values()]


def test_a_compressed_archive_is_refused_with_what_to_do(tmp_path):
    path = write_zip(tmp_path / "w.pth", *one_weight(), compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(SlimzooError, match=r"compressed or encrypted.*zip -0"):
        converters.read(path)


def test_two_members_of_one_name_are_refused(tmp_path):
    pickle_bytes, storages = one_weight()
    path = write_zip(tmp_path / "w.pth", pickle_bytes, storages)
    with zipfile.ZipFile(path, "a") as out, pytest.warns(UserWarning, match="Duplicate name"):
        out.writestr("archive/data.pkl", pickle_bytes)
    with pytest.raises(SlimzooError, match="stands in it twice"):
        converters.read(path)


def test_big_endian_values_are_refused(tmp_path):
    path = write_zip(tmp_path / "w.pth", *one_weight())
    path.write_bytes(path.read_bytes().replace(b"little", b"big   "))
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("w/data.pkl", one_weight()[0])
        out.writestr("w/byteorder", b"big")
    with pytest.raises(SlimzooError, match="big-endian"):
        converters.read(path)


def test_the_limit_of_operations_leaves_room_for_large_networks(tmp_path):
    contents = Contents()
    held = contents.hold(np.ones(2, np.float32))
    saved = {f"layer{i}.weight": tensor(held, (2,)) for i in range(5_000)}
    path = write_zip(tmp_path / "w.pth", pickled(saved), contents.storages)
    assert len(converters.read(path)) == 5_000
    assert pickles.MAX_OPERATIONS >= 1_000_000


def test_reading_imports_no_pytorch():
    assert "torch" not in torch_file.__dict__ and "torch" not in pickles.__dict__
