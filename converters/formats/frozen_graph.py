"""Frozen graphs (`.pb`): the constants that were variables, read from the file; nothing is ever run."""

from __future__ import annotations

import math
import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from slimzoo.converters.formats.binary import FileBytes, damaged
from slimzoo.converters.formats.frozen_layers import layers_in
from slimzoo.converters.formats.graph_nodes import Node, nodes_of
from slimzoo.converters.formats.tensor_proto import TensorField, decode, dtype_of
from slimzoo.converters.graph import Layer
from slimzoo.converters.source import Source, Tensor, empty
from slimzoo.errors import SlimzooError
from slimzoo.files.wire import varint

_NODE, _NAME, _OPERATION = b"\x0a", b"\x0a", b"\x12"  # first bytes of those fields
_QUANTIZED = ("Dequantize", "Quantize", "QuantizeV2", "QuantizedConv2D", "QuantizedMatMul")
_KERNELS = ("Conv2D", "DepthwiseConv2dNative", "Conv2DBackpropInput", "MatMul")  # take one as second input
_LITERAL = re.compile(
    r"(?:^|/)(?:Const|ones|zeros)(?:_\d+)?$"
)  # such as the scale of a batch norm without one
_COMPUTED = tuple(op for op in _QUANTIZED if op != "Dequantize")  # with numbers of few bits
_FRACTIONS = (1, 2, 14, 19)  # float32, float64, bfloat16, float16
_QUINT8 = 12  # TensorFlow's number of the type; NumPy has none
_MODES = (b"MIN_FIRST", b"MIN_COMBINED")
_MAX_FILLED = 1 << 26  # elements of a constant that repeats its last value
_LOSSY = "each value is within a step of 255 of the one it was made from"


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
    were folded so that they are nobody's variable. Where no constant is read as a variable's, those that the
    layers compute with are what there is.
    Raises: SlimzooError: the file is damaged, or holds neither.
    """
    nodes = _open(path)
    constants = {node.name: node for node in nodes if node.op == "Const"}
    variables = _read_by_variables(nodes)
    packed = _packed(nodes, constants, variables)
    names = sorted(name for name in variables if name in constants)
    computed = [node for node in nodes if node.op in _QUANTIZED and node.name not in packed]
    if computed or not (names or packed):
        return _without_variables(path, nodes, constants)
    tensors, skipped = _named_tensors(path, names, constants)
    metadata = _image_size(nodes) | _lost(nodes, constants, variables, len(packed))
    unpacked = _unpacked(path, packed)
    found = tensors | unpacked
    read_layers = partial(layers, path)
    return Source("frozen_graph", path, found, metadata=metadata, skipped=skipped, layers=read_layers)


def _open(path: Path) -> list[Node]:
    with FileBytes(path) as file:
        try:
            return list(nodes_of(file))
        except (ValueError, IndexError) as error:
            raise damaged(path, str(error)) from error


def _named_tensors(
    path: Path, names: Iterable[str], constants: Mapping[str, Node]
) -> tuple[dict[str, Tensor], list[str]]:
    """Returns the constants called `names`, and the names of those that are no numbers."""
    found = {name: _tensor(path, constants[name]) for name in names}
    skipped = [name for name, tensor in found.items() if tensor is None]
    return {name: tensor for name, tensor in found.items() if tensor is not None}, skipped


def _unpacked(path: Path, packed: Mapping[str, _Packed]) -> dict[str, Tensor]:
    return {
        name: Tensor(_value_of(path, entry.codes).shape, np.dtype("<f4"), partial(entry.load, path))
        for name, entry in packed.items()
    }


def layers(path: Path) -> list[Layer]:
    """Returns the layers of the frozen graph `path`. Raises: SlimzooError: the file is damaged."""
    nodes = _open(path)
    constants = {node.name: node for node in nodes if node.op == "Const"}
    return layers_in(nodes, _numbers(path, nodes, constants))


def _numbers(path: Path, nodes: list[Node], constants: Mapping[str, Node]) -> dict[str, Tensor]:
    """Returns every constant of fractions by its name, those in 8 bits as what they mean."""
    fractions = [n for n, node in constants.items() if node.value and node.value.type in _FRACTIONS]
    packed = _packed(nodes, constants, {node.name for node in nodes})
    return _named_tensors(path, fractions, constants)[0] | _unpacked(path, packed)


def _without_variables(path: Path, nodes: list[Node], constants: dict[str, Node]) -> Source:
    """Returns the constants that the layers of a graph compute with, where none was read as a variable's.

    Raises: SlimzooError: there are none.
    """
    numbers = _numbers(path, nodes, constants)
    found = layers_in(nodes, numbers)
    names = {name for layer in found for constant in layer.constants for name in constant.names}
    tensors = {name: tensor for name, tensor in numbers.items() if name in names and tensor.shape}
    if not tensors or any(node.op in _COMPUTED for node in nodes):
        raise SlimzooError(_no_weights(path, nodes, constants))
    packed = tensors.keys() - constants.keys()
    metadata = _image_size(nodes) | _lost(nodes, {*constants, *packed}, set(), len(packed))
    if any(name.endswith("/moving_variance") for name in tensors):
        metadata.pop("folded", None)
        tensors = {name: t for name, t in tensors.items() if not _LITERAL.search(name)}
    return Source("frozen_graph", path, tensors, metadata=metadata, layers=partial(layers, path))


def _tensor(path: Path, node: Node) -> Tensor | None:
    dtype = dtype_of(node.value.type) if node.value else None
    if node.value is None or dtype is None:
        return None
    shape = _value_of(path, node).shape
    return Tensor(shape, dtype, partial(_load, path, node.name, node.value, dtype))


def _value_of(path: Path, node: Node) -> TensorField:
    """Returns the value of a constant. Raises SlimzooError: it claims far more than there is."""
    assert node.value is not None
    size = node.value.stop - node.value.start
    if math.prod(node.value.shape) > max(_MAX_FILLED, size):
        raise damaged(path, f"{node.name} of shape {node.value.shape} in {size} bytes")
    return node.value


@dataclass(frozen=True)
class _Packed:
    """A variable in 8 bits: its codes, the numbers of the lowest and the highest, and what a step is."""

    codes: Node
    low: Node
    high: Node
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


def _packed(nodes: list[Node], constants: Mapping[str, Node], variables: set[str]) -> dict[str, _Packed]:
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


def _lost(nodes: list[Node], constants: Container[str], variables: set[str], packed: int) -> dict[str, str]:
    """Returns what the metadata say of weights that are not what the network was trained with."""
    said = {"dequantised": f"{packed} tensors: {_LOSSY}"} if packed else {}
    if folded := _folded(nodes, constants, variables):
        said["folded"] = (
            f"{len(folded)} kernels, such as {folded[0]}, are constants that no variable was: batch "
            "normalisation is multiplied into them and its variables are gone"
        )
    return said


def _folded(nodes: list[Node], constants: Container[str], variables: set[str]) -> list[str]:
    """Returns the constants that layers take for their kernels though they were no variable's values."""
    kernels = [
        node.inputs[1].removesuffix(":0") for node in nodes if node.op in _KERNELS and len(node.inputs) > 1
    ]
    return [name for name in dict.fromkeys(kernels) if name in constants and name not in variables]


def _image_size(nodes: list[Node]) -> dict[str, str]:
    """Returns {"image_size": pixels} if the one placeholder of the graph takes square images."""
    shapes = [node.shape for node in nodes if node.op == "Placeholder"]
    square = len(shapes) == 1 and len(shapes[0]) == 4 and shapes[0][1] == shapes[0][2]
    return {"image_size": str(shapes[0][1])} if square and 0 < shapes[0][1] < 1 << 16 else {}


def _read_by_variables(nodes: list[Node]) -> set[str]:
    """Returns the inputs of the nodes that once read a variable: `X/read` of X, or a ReadVariableOp."""
    return {
        node.inputs[0].removesuffix(":0")
        for node in nodes
        if node.op == "Identity"
        and node.inputs
        and (node.name == f"{node.inputs[0]}/read" or "ReadVariableOp" in node.name.rpartition("/")[2])
    }


def _no_weights(path: Path, nodes: list[Node], constants: dict[str, Node]) -> str:
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
