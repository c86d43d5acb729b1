"""Frozen graphs (`.pb`): the constants that were variables, read from the file; nothing is ever run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from slimzoo.converters.formats.binary import BYTES, Field, FileBytes, damaged, fields, varint
from slimzoo.converters.formats.tensor_proto import TensorField, decode, describe, dtype_of
from slimzoo.converters.source import Source, Tensor, empty
from slimzoo.errors import SlimzooError

_NODE, _NAME, _OPERATION = b"\x0a", b"\x0a", b"\x12"  # first bytes of those fields
_GRAPH_FIELDS = {1: BYTES, 2: BYTES, 3: 0, 4: BYTES, 5: BYTES}  # node, library, version, versions, debug_info
_QUANTIZED = ("Dequantize", "Quantize", "QuantizeV2", "QuantizedConv2D", "QuantizedMatMul")
_KERNELS = ("Conv2D", "DepthwiseConv2dNative", "Conv2DBackpropInput", "MatMul")  # take one as second input
_QUINT8 = 12  # TensorFlow's number of the type; NumPy has none
_MODES = (b"MIN_FIRST", b"MIN_COMBINED")
_MAX_NODES = 200_000
_MAX_FILLED = 1 << 26  # elements of a constant that repeats its last value
_LOSSY = "each value is within a step of 255 of the one it was made from"


@dataclass
class _Node:
    """What of a NodeDef matters here."""

    name: str = ""
    op: str = ""
    inputs: list[str] = field(default_factory=list)
    value: TensorField | None = None
    shape: tuple[int, ...] = ()  # of a placeholder; 0 or -1 where it is left open
    mode: bytes = b"MIN_COMBINED"  # of a Dequantize


def sniff(file: FileBytes) -> bool:
    """Says whether `file` begins with a graph's node: its size, a name, then an operation."""
    try:
        if file[0:1] != _NODE:
            return False
        _, position = varint(file, 1)
        if file[position : position + 1] != _NAME:
            return False
        size, position = varint(file, position + 1)
        return file[position + size : position + size + 1] == _OPERATION
    except ValueError:
        return False


def read(path: Path) -> Source:
    """Opens the weights of the frozen graph `path`, under their variables' names.

    Variables kept in 8 bits are read as the numbers they mean; the metadata say how many, and which kernels
    were folded so that they are nobody's variable.
    Raises: SlimzooError: the file is damaged, or none of its constants is a variable's values.
    """
    with FileBytes(path) as file:
        try:
            nodes = list(_nodes(file))
        except (ValueError, IndexError) as error:
            raise damaged(path, str(error)) from error
    constants = {node.name: node for node in nodes if node.op == "Const"}
    variables = _read_by_variables(nodes)
    packed = _packed(nodes, constants, variables)
    names = sorted(name for name in variables if name in constants)
    computed = [node for node in nodes if node.op in _QUANTIZED and node.name not in packed]
    if computed or not (names or packed):
        raise SlimzooError(_no_weights(path, nodes, constants))
    tensors, skipped = {}, []
    for name in names:
        tensor = _tensor(path, constants[name])
        if tensor is None:
            skipped.append(name)
        else:
            tensors[name] = tensor
    for name, entry in packed.items():
        shape = _value_of(path, entry.codes).shape
        tensors[name] = Tensor(shape, np.dtype("<f4"), partial(entry.load, path))
    metadata = _image_size(nodes) | _lost(nodes, constants, variables, len(packed))
    return Source("frozen_graph", path, tensors, metadata=metadata, skipped=skipped)


def _tensor(path: Path, node: _Node) -> Tensor | None:
    dtype = dtype_of(node.value.type) if node.value else None
    if node.value is None or dtype is None:
        return None
    shape = _value_of(path, node).shape
    return Tensor(shape, dtype, partial(_load, path, node.name, node.value, dtype))


def _value_of(path: Path, node: _Node) -> TensorField:
    """Returns the value of a constant. Raises SlimzooError: it claims far more than there is."""
    assert node.value is not None
    size = node.value.stop - node.value.start
    if math.prod(node.value.shape) > max(_MAX_FILLED, size):
        raise damaged(path, f"{node.name} of shape {node.value.shape} in {size} bytes")
    return node.value


@dataclass(frozen=True)
class _Packed:
    """A variable in 8 bits: its codes, the numbers of the lowest and the highest, and what a step is."""

    codes: _Node
    low: _Node
    high: _Node
    mode: bytes

    def load(self, path: Path) -> np.ndarray:
        """Returns the numbers that the codes mean."""
        lowest, highest = (
            float(_load(path, node.name, _value_of(path, node), np.dtype("<f4")).reshape(-1)[0])
            for node in (self.low, self.high)
        )
        codes = _load(path, self.codes.name, _value_of(path, self.codes), np.dtype("uint8"))
        step = (highest - lowest) / 255
        if self.mode == b"MIN_FIRST" and step and np.isfinite(step):
            lowest = step * float(np.round(lowest / step))  # so that zero has a code of its own
        array = empty(codes.shape, np.dtype("<f4"))
        np.multiply(codes, np.float32(step), out=array)
        array += np.float32(lowest)
        return array


def _packed(nodes: list[_Node], constants: Mapping[str, _Node], variables: set[str]) -> dict[str, _Packed]:
    """Returns the variables that a Dequantize of constants gives."""
    found = {}
    for node in nodes:
        inputs = [constants.get(name.removesuffix(":0")) for name in node.inputs]
        if node.op != "Dequantize" or node.name not in variables or len(inputs) != 3 or None in inputs:
            continue
        codes, low, high = (constant for constant in inputs if constant is not None)
        values = [constant.value for constant in (codes, low, high)]
        kinds = [(value.type, math.prod(value.shape)) if value else (0, 0) for value in values]
        if kinds[0][0] == _QUINT8 and kinds[1] == kinds[2] == (1, 1) and node.mode in _MODES:
            found[node.name] = _Packed(codes, low, high, node.mode)
    return found


def _lost(
    nodes: list[_Node], constants: Mapping[str, _Node], variables: set[str], packed: int
) -> dict[str, str]:
    """Returns what the metadata say of weights that are not what the network was trained with."""
    said = {"dequantised": f"{packed} tensors: {_LOSSY}"} if packed else {}
    if folded := _folded(nodes, constants, variables):
        said["folded"] = (
            f"{len(folded)} kernels, such as {folded[0]}, are constants that no variable was: batch "
            "normalisation is multiplied into them and its variables are gone"
        )
    return said


def _folded(nodes: list[_Node], constants: Mapping[str, _Node], variables: set[str]) -> list[str]:
    """Returns the constants that layers take for their kernels though they were no variable's values."""
    kernels = [
        node.inputs[1].removesuffix(":0") for node in nodes if node.op in _KERNELS and len(node.inputs) > 1
    ]
    return [name for name in dict.fromkeys(kernels) if name in constants and name not in variables]


def _nodes(file: FileBytes) -> Iterator[_Node]:
    count = 0
    for row in fields(file):
        if _GRAPH_FIELDS.get(row.number) != row.wire:
            raise ValueError("it stops being a graph in the middle")
        if row.number == 1:
            count += 1
            if count > _MAX_NODES:
                raise ValueError(f"more than {_MAX_NODES:,} nodes")
            yield _node(file, row)


def _node(file: FileBytes, row: Field) -> _Node:
    node = _Node()
    for f in fields(file, row.start, row.stop):
        if f.number in (1, 2, 3):
            text = file[f.start : f.stop].decode()
            if f.number == 3:
                node.inputs.append(text)
            else:
                setattr(node, "name" if f.number == 1 else "op", text)
        elif f.number == 5 and node.op == "Const":
            node.value = _value(file, f) or node.value
        elif f.number == 5 and node.op == "Placeholder":
            node.shape = _shape(file, f) or node.shape
        elif f.number == 5 and node.op == "Dequantize":
            node.mode = _text(file, f, b"mode") or node.mode
    return node


def _shape(file: FileBytes, attribute: Field) -> tuple[int, ...]:
    """Returns the sizes in a NodeDef's attribute "shape", or () for another attribute."""
    key, sizes = b"", []
    for f in fields(file, attribute.start, attribute.stop):
        if f.number == 1:
            key = file[f.start : f.stop]
        elif f.number == 2 and key == b"shape":
            shapes = (inner for inner in fields(file, f.start, f.stop) if inner.number == 7)
            dimensions = (
                d for shape in shapes for d in fields(file, shape.start, shape.stop) if d.number == 2
            )
            for dimension in dimensions:
                size = [d for d in fields(file, dimension.start, dimension.stop) if d.number == 1]
                sizes.append(varint(file, size[0].start)[0] if size else 0)
    return tuple(sizes)


def _text(file: FileBytes, attribute: Field, name: bytes) -> bytes:
    """Returns the text of a NodeDef's attribute `name`, or b"" for another attribute."""
    key = text = b""
    for f in fields(file, attribute.start, attribute.stop):
        if f.number == 1:
            key = file[f.start : f.stop]
        elif f.number == 2:
            texts = [file[t.start : t.stop] for t in fields(file, f.start, f.stop) if t.number == 2]
            text = b"".join(texts)
    return text if key == name else b""


def _image_size(nodes: list[_Node]) -> dict[str, str]:
    """Returns {"image_size": pixels} if the one placeholder of the graph takes square images."""
    shapes = [node.shape for node in nodes if node.op == "Placeholder"]
    square = len(shapes) == 1 and len(shapes[0]) == 4 and shapes[0][1] == shapes[0][2]
    return {"image_size": str(shapes[0][1])} if square and 0 < shapes[0][1] < 1 << 16 else {}


def _value(file: FileBytes, attribute: Field) -> TensorField | None:
    """Returns the tensor of a NodeDef's attribute "value", or None for another attribute."""
    key, found = b"", None
    for f in fields(file, attribute.start, attribute.stop):
        if f.number == 1:
            key = file[f.start : f.stop]
        elif f.number == 2 and key == b"value":
            for inner in fields(file, f.start, f.stop):
                if inner.number == 8:
                    found = describe(file, inner.start, inner.stop)
    return found


def _read_by_variables(nodes: list[_Node]) -> set[str]:
    """Returns the inputs of the nodes that once read a variable: `X/read` of X, or a ReadVariableOp."""
    return {
        node.inputs[0].removesuffix(":0")
        for node in nodes
        if node.op == "Identity"
        and node.inputs
        and (node.name == f"{node.inputs[0]}/read" or "ReadVariableOp" in node.name.rpartition("/")[2])
    }


def _no_weights(path: Path, nodes: list[_Node], constants: dict[str, _Node]) -> str:
    quantized = sorted({node.op for node in nodes if node.op in _QUANTIZED})
    reasons = [f"it is quantized (it has {', '.join(quantized)} nodes)"] if quantized else []
    kernels = _folded(nodes, constants, set())
    if not quantized or kernels:
        reasons.append("its weights were folded")
    weights = kernels or [n for n, node in constants.items() if node.value and len(node.value.shape) > 1]
    example = f", such as {weights[0]!r}" if weights else ""
    return (
        f"{path} holds no variables under their own names: {' and '.join(reasons)}, "
        f"leaving {len(constants)} constants{example}. What cannot be found again: the kernels without the "
        "factors of their batch normalisation, and its gamma, beta, mean and variance, each apart. "
        "Give the float graph or the checkpoint it was made from"
    )


def _load(path: Path, name: str, value: TensorField, dtype: np.dtype) -> np.ndarray:
    with FileBytes(path) as file:
        try:
            return decode(value, file, dtype, repeat=True)
        except SlimzooError:
            raise
        except ValueError as error:
            raise damaged(path, f"{name}: {error}") from error
