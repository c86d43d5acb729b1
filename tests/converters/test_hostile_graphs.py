"""Graphs, and what lists or refers, made to cost: circles, chains, a part used again and again.

Each ends within bounds of work and memory, see limits.py: in a short clean message, or read where it is only
long. Files of a kind are read in one process.
"""

import json
import struct

import h5py
import numpy as np
import pytest

from slimzoo.converters.formats.sstable import table_bytes
from slimzoo.converters.formats.tf_v2 import slice_key
from slimzoo.converters.graph import Constant, Graph, Op, layers_of
from slimzoo.converters.source import tensors_of
from slimzoo.files.crc32c import Crc32c
from slimzoo.files.wire import encode_field, encode_varint
from tests.converters.flat_files import flat
from tests.converters.limits import check_refused, messages_of
from tests.converters.torch_files import Contents, Raw, encode, pickled, tensor, write_zip

REFUSED = "its operations go in a circle, or lead to one another"  # how a walk over a graph ends early

# --- TensorFlow Lite ---

CONV, MUL, RESHAPE = 3, 18, 22  # numbers of operations


def tflite(path, tensors, ops=(), outputs=()):
    """Writes a model whose operations are (number, inputs, outputs) of the indices of `tensors`."""
    graph = {
        0: tensors,
        2: ("i", list(outputs)),
        3: [_op(*op) if isinstance(op, tuple) else op for op in ops],
    }
    codes = [{0: ("b", number)} for number in (CONV, MUL, RESHAPE)]
    path.write_bytes(flat({1: codes, 2: [graph], 4: [{}, {0: bytes(16)}]}))
    return path


def _op(number, inputs, outputs):
    code = (CONV, MUL, RESHAPE).index(number)
    return {0: ("I", code), 1: ("i", list(inputs)), 2: ("i", list(outputs))}


def _constant(name=b"w"):
    return {0: ("i", [2, 1, 1, 2]), 1: ("b", 0), 2: ("I", 1), 3: name}


def _computed():
    return {0: ("i", [1, 1, 1, 2]), 1: ("b", 0), 2: ("I", 0)}


def shared_scales(path):
    scales = {2: ("f", [1.0] * 20_000)}
    one = {0: ("i", [16]), 1: ("b", 9), 2: ("I", 1), 3: b"w", 4: scales}
    return tflite(path, [one] * 40_000)


def shared_zero_points(path):
    scales = {2: ("f", [1.0]), 3: ("q", [0] * 20_000)}
    return tflite(path, [{0: ("i", [16]), 1: ("b", 9), 2: ("I", 1), 3: b"w", 4: scales}] * 40_000)


def shared_name(path):
    return tflite(path, [_constant(b"n" * 4_000)] * 40_000)


def shared_inputs(path):
    one = _op(RESHAPE, [1] * 9_000, [1])
    return tflite(path, [_constant(), _computed()], [one] * 40_000, [1])


@pytest.mark.parametrize("make", [shared_scales, shared_zero_points, shared_name])
def test_a_vector_that_thousands_of_tensors_share_is_refused(make, tmp_path):
    check_refused(make(tmp_path / "a.tflite"))


def test_a_vector_that_thousands_of_operations_share_is_refused(tmp_path):
    check_refused(shared_inputs(tmp_path / "a.tflite"))


def test_operations_of_tflite_in_a_circle_come_to_an_end(tmp_path):
    circle = [(CONV, [1, 0], [2]), (RESHAPE, [2, 4], [3]), (RESHAPE, [3], [4]), (CONV, [5, 0], [6])]
    tensors = [_constant(), *(_computed() for _ in range(8))]
    path = tflite(tmp_path / "a.tflite", tensors, [*circle, (MUL, [6, 2], [7])], [7])
    (text,) = messages_of(path)
    assert text == "read" or REFUSED in text


# --- walks over any graph ---


def _kernel():
    return tensors_of({"": np.ones((1, 1, 2, 2), np.float32)})[""]


def _graph(ops, outputs):
    vector = tensors_of({"": np.ones(2, np.float32)})[""]
    constants = {"k": Constant((1, 1, 2, 2), _kernel()), "c": Constant((2,), vector)}
    return Graph([Op(kind, inputs, (name,)) for kind, inputs, name in ops], outputs, constants)


CIRCLES = {
    "of what follows a kernel": [
        ("conv", ("x", "k"), "a"),
        ("same", ("a", "c1"), "b"),
        ("same", ("b",), "c1"),
        ("", ("a2",), "y"),
    ],
    "of factors": [("mul", ("b", "c"), "a"), ("mul", ("a", "c"), "b"), ("conv", ("a", "k"), "y")],
    "before a kernel": [("same", ("b",), "a"), ("same", ("a",), "b"), ("conv", ("a", "k"), "y")],
    "of kernels": [("conv", ("b", "k"), "a"), ("conv", ("a", "k"), "b"), ("", ("b",), "y")],
    "of sums": [("add", ("a", "b"), "b"), ("add", ("a", "b"), "a"), ("conv", ("a", "k"), "y")],
}


@pytest.mark.parametrize("which", CIRCLES)
def test_a_walk_over_a_circle_comes_to_an_end(which):
    names = [name for _, _, name in CIRCLES[which]]
    for outputs in (names[-1:], names[:1], names):
        try:
            layers_of(_graph(CIRCLES[which], outputs))
        except ValueError as error:
            assert REFUSED in str(error)


def test_a_long_chain_before_a_thousand_kernels_is_refused():
    chain = [("same", (f"s{i}",), f"s{i + 1}") for i in range(20_000)]
    kernels = [("conv", ("s20000", "k"), f"y{i}") for i in range(1_000)]
    with pytest.raises(ValueError, match=REFUSED):
        layers_of(_graph(chain + kernels, [f"y{i}" for i in range(1_000)]))


def test_a_deep_graph_and_one_of_exponentially_many_paths_have_their_layers():
    chain = [("conv", (f"a{i}", "k"), f"a{i + 1}") for i in range(20_000)]
    assert len(layers_of(_graph(chain, ["a20000"]))) == 20_000
    doubled = [("add", (f"a{i}", f"a{i}"), f"a{i + 1}") for i in range(200)]
    assert len(layers_of(_graph([*doubled, ("conv", ("a200", "k"), "y")], ["y"]))) == 1


def test_outputs_are_looked_up_not_searched():
    users = [("conv", ("x", "k"), f"y{i}") for i in range(20_000)]
    assert len(layers_of(_graph(users, [f"y{i}" for i in range(20_000)]))) == 20_000


def test_a_value_of_thousands_of_inputs_that_thousands_take_is_refused():
    wide = ("", tuple(f"x{i}" for i in range(10_000)), "wide")
    users = [("conv", ("wide", "k"), f"y{i}") for i in range(10_000)]
    with pytest.raises(ValueError, match=REFUSED):
        layers_of(_graph([wide, *users], [f"y{i}" for i in range(10_000)]))


# --- frozen graphs ---


def node(name, op, *inputs, **attributes):
    """A node of a GraphDef; attributes are AttrValues."""
    parts = [encode_field(1, name.encode()), encode_field(2, op.encode())]
    parts += [encode_field(3, text.encode()) for text in inputs]
    parts += [
        encode_field(5, encode_field(1, key.encode()) + encode_field(2, value))
        for key, value in attributes.items()
    ]
    return encode_field(1, b"".join(parts))


def const(name, shape, values=b""):
    sizes = b"".join(encode_field(2, encode_field(1, size)) for size in shape)
    return node(name, "Const", value=encode_field(8, encode_field(1, 1) + encode_field(2, sizes) + values))


def variable(name, shape, values=b""):
    return const(name, shape, values) + node(f"{name}/read", "Identity", name)


KERNEL = const("k", (1, 1, 2, 2), encode_field(4, bytes(16)))


def filled(path):
    path.write_bytes(b"".join(variable(f"w{i}", (1 << 13, 1 << 13)) for i in range(500)))
    return path


def a_million_inputs(path):
    path.write_bytes(
        encode_field(1, encode_field(1, b"n") + encode_field(2, b"NoOp") + b"\x1a\0" * 2_000_000)
    )
    return path


def a_million_nodes(path):
    path.write_bytes(node("n", "NoOp") + b"\x0a\0" * 1_000_000)
    return path


def long_strides(path):
    strides = encode_field(1, encode_field(3, b"\1" * 1_000_000))
    path.write_bytes(variable("w", (2,), encode_field(4, bytes(8))) + node("c", "Conv2D", strides=strides))
    return path


@pytest.mark.parametrize("make", [filled, a_million_inputs, a_million_nodes, long_strides])
def test_a_frozen_graph_that_claims_or_lists_absurdly_much_is_refused(make, tmp_path):
    check_refused(make(tmp_path / "a.pb"))


def test_constants_computed_from_constants_without_end_cost_no_more_than_a_few(tmp_path):
    """Doubled sixty times, or ten thousand times passed on, in an order that is the wrong one."""
    graphs = {
        "doubled": [node(f"d{i + 1}", "Add", f"d{i}", f"d{i}") for i in range(60)],
        "passed on": [node(f"d{i + 1}", "Identity", f"d{i}") for i in range(10_000)][::-1],
        "rooted": [node(f"d{i + 1}", "Sqrt", f"d{i}") for i in range(10_000)],
        "in a circle": [node("d1", "Mul", "d2", "d0"), node("d2", "Mul", "d1", "d0")],
    }
    paths = []
    for name, nodes in graphs.items():
        last = f"d{len(nodes)}"
        start = const("d0", (1, 1, 2, 2), encode_field(4, bytes(16)))
        conv = node("x", "Placeholder") + node("y", "Conv2D", "x", last) + node("z", "Conv2D", "y", "d0")
        paths.append(tmp_path / f"{name}.pb")
        paths[-1].write_bytes(start + b"".join(nodes) + conv)
    assert messages_of(*paths) == ["read"] * len(paths)


def test_constants_that_broadcast_to_more_than_they_are_make_no_kernel(tmp_path):
    row, column = const("r", (1, 1, 1, 1 << 16)), const("c", (1, 1, 1 << 16, 1))
    outer = node("k", "Mul", "r", "c")
    path = tmp_path / "a.pb"
    path.write_bytes(row + column + outer + node("x", "Placeholder") + node("y", "Conv2D", "x", "k"))
    check_refused(path)


# --- lists of objects, of slices, of names ---

HEADER = encode_field(1, 1) + encode_field(3, encode_field(1, 1))


def object_graph(path, text):
    """Writes a checkpoint of one tensor and the graph of objects `text`."""
    size = encode_varint(len(text))
    crc = Crc32c()
    crc.update(len(text).to_bytes(4, "little"))
    head = struct.pack("<I", crc.masked)
    crc.update(head + text)
    data = size + head + text
    row = encode_field(1, 7) + encode_field(5, len(data)) + b"\x35" + struct.pack("<I", crc.masked)
    tensor = encode_field(1, 1) + encode_field(2, b"") + encode_field(4, 0) + encode_field(5, 4)
    rows = [(b"", HEADER), (b"_CHECKPOINTABLE_OBJECT_GRAPH", row), (b"a", tensor)]
    path.write_bytes(table_bytes(rows))
    path.with_name(path.name.replace(".index", ".data-00000-of-00001")).write_bytes(data)
    return path


def test_a_graph_of_a_million_objects_is_refused(tmp_path):
    children = encode_field(1, encode_field(1, b"\x08\0") * 200_000)
    check_refused(
        object_graph(tmp_path / "a.index", b"\x0a\0" * 1_000_000),
        object_graph(tmp_path / "b.index", children * 2),
    )


def test_objects_in_a_circle_are_read(tmp_path):
    attribute = encode_field(2, encode_field(2, b"net/w") + encode_field(3, b"a"))
    child = encode_field(1, encode_field(1, 0) + encode_field(2, b"self"))
    path = object_graph(tmp_path / "a.index", encode_field(1, child + attribute) * 2)
    assert "checksum" in messages_of(path)[0]  # of the tensor, which is none


def test_a_row_of_a_million_slices_is_refused(tmp_path):
    shape = encode_field(2, encode_field(2, encode_field(1, 4)))
    row = encode_field(1, 1) + shape + b"\x3a\0" * 1_000_000
    (tmp_path / "a.index").write_bytes(table_bytes([(b"", HEADER), (b"w", row)]))
    (tmp_path / "a.data-00000-of-00001").write_bytes(bytes(16))
    check_refused(tmp_path / "a.index")


def test_many_tensors_of_many_slices_are_refused(tmp_path):
    """Each of the tensors alone would be read: 1,920 slices, cut along eight axes."""
    shape = (2,) * 7 + (15,)
    sizes = encode_field(2, b"".join(encode_field(2, encode_field(1, size)) for size in shape))
    part = encode_field(1, 4) + encode_field(2, encode_field(2, encode_field(1, 1)) * 8) + encode_field(5, 1)
    cuts = [tuple((start, 1) for start in cell) for cell in np.ndindex(shape)]
    listed = (
        encode_field(7, b"".join(encode_field(1, encode_field(1, s) + b"\x10\1") for s, _ in c)) for c in cuts
    )
    row = encode_field(1, 4) + sizes + b"".join(listed)
    names = [f"w{i}" for i in range(5)]
    rows = [(slice_key(name, cut), part) for name in names for cut in cuts]
    rows += [(b"", HEADER), *((name.encode(), row) for name in names)]
    (tmp_path / "a.index").write_bytes(table_bytes(sorted(rows)))
    (tmp_path / "a.data-00000-of-00001").write_bytes(bytes(16))
    assert "take far more" in messages_of(tmp_path / "a.index")[0]


def test_rows_that_all_claim_one_place_in_the_data_are_refused(tmp_path):
    size = 100_000
    row = encode_field(1, 4) + encode_field(2, encode_field(2, encode_field(1, size))) + encode_field(5, size)
    rows = [(b"", HEADER), *((b"%05d" % i, row) for i in range(5_000))]
    (tmp_path / "a.index").write_bytes(table_bytes(rows))
    (tmp_path / "a.data-00000-of-00001").write_bytes(bytes(size))
    assert "claim 500,000,000 bytes" in messages_of(tmp_path / "a.index")[0]


def keras(path, layers, weights, **attributes):
    with h5py.File(path, "w", libver="latest") as file:
        file.attrs["layer_names"] = np.array(layers)
        group = file.create_group("l")
        group.attrs["weight_names"] = np.array(weights)
        group["k"] = np.ones((2, 2), "f4")
        for key, text in attributes.items():
            file.attrs[key] = text
    return path


def test_names_that_keras_lists_again_and_again_are_refused(tmp_path):
    check_refused(
        keras(tmp_path / "a.h5", [b"l"] * 3_000, [b"k"] * 3_000),
        keras(tmp_path / "b.h5", [b"l"], [b"k"] * 3_000),
        keras(tmp_path / "c.h5", [b""] * 1_000_000, [b"k"]),
    )


def test_a_configuration_of_a_million_parts_or_of_long_names_is_refused(tmp_path):
    deep = "D" * 20_000
    nested = f'{{"class_name": "{deep}", "config": {{"name": "d", "layers": ['
    layers = '{"config": {"layers": [' + nested * 200 + "]}}" * 200 + "]}}"
    check_refused(
        keras(tmp_path / "a.h5", [b"l"], [b"k"], model_config="[" + "[]," * 3_000_000 + "[]]"),
        keras(tmp_path / "b.h5", [b"l"], [b"k"], model_config=layers),
        keras(tmp_path / "c.h5", [b"l"], [b"k"], model_config="[" * 100_000),
    )


def test_a_safetensors_header_of_more_tensors_than_any_network_has_is_refused(tmp_path):
    rows = {f"t{i}": {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]} for i in range(70_000)}
    text = json.dumps(rows).encode()
    (tmp_path / "a.safetensors").write_bytes(struct.pack("<Q", len(text)) + text)
    check_refused(tmp_path / "a.safetensors")


# --- dicts of PyTorch that hold one another ---


def memoised(*values):
    """Operations that leave the last of `values`; "@N" in one is value number N, once more."""
    out = b""
    for number, value in enumerate(values):
        out += value + b"q" + bytes([number]) + b"0"
    return Raw(out + b"h" + bytes([len(values) - 1]))


def many(number, count, key="k"):
    """A dict of `count` keys, each of which is value `number`."""
    parts = [encode(f"{key}{i}") + b"h" + bytes([number]) for i in range(count)]
    return b"}(" + b"".join(parts) + b"u"


def torch(path, *values):
    contents = Contents()
    held = contents.add(np.ones(4, np.float32))
    return write_zip(path, pickled({"a": memoised(*values), "b": held}), contents.storages)


def test_dicts_that_share_dicts_are_looked_at_once(tmp_path):
    ends = encode({f"n{i}": 1 for i in range(50_000)})
    path = torch(tmp_path / "wide.pth", ends, many(0, 50_000))
    deep = torch(tmp_path / "deep.pth", encode([1]), *(many(i, 1_000) for i in range(5)))
    contents = Contents()
    lists = [encode([contents.add(np.ones(4, np.float32))]), *(many(i, 1_000) for i in range(5))]
    listed = write_zip(tmp_path / "listed.pth", pickled({"a": memoised(*lists)}), contents.storages)
    assert len(messages_of(path, deep, listed)) == 3


def test_a_thousand_keys_that_may_be_averages_cost_no_more_than_a_few(tmp_path):
    contents = Contents()
    held = contents.add(np.ones((4, 4), np.float32))
    ends = encode({f"n{i}": held for i in range(10_000)})
    averages = {f"ema.{i}": Raw(b"h\0") for i in range(1_000)}
    state = {"state_dict": {"w": held}, "x": memoised(ends), **averages}
    path = write_zip(tmp_path / "a.pth", pickled(state), contents.storages)
    assert messages_of(path) == ["read"]


def test_a_tensor_of_a_thousand_names_claims_its_bytes_a_thousand_times(tmp_path):
    contents = Contents()
    held = contents.add(np.ones(1 << 20, np.float32))
    state = {"a": memoised(held), **{f"w{i}": Raw(b"h\0") for i in range(1_000)}}
    check_refused(write_zip(tmp_path / "a.pth", pickled(state), contents.storages))


def test_a_few_numbers_far_apart_claim_what_lies_between_them(tmp_path):
    contents = Contents()
    row = contents.hold(np.ones(1 << 20, np.float32))
    state = {f"w{i}": tensor(row, (2,), ((1 << 20) - 1,)) for i in range(1_000)}
    check_refused(write_zip(tmp_path / "a.pth", pickled(state), contents.storages))
