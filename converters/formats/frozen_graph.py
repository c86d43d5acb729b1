"""Frozen graphs (`.pb`): the constants that were variables, read from the file; nothing is ever run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from slimzoo.converters.formats.binary import BYTES, Field, FileBytes, damaged, fields, varint
from slimzoo.converters.formats.tensor_proto import TensorField, decode, describe, dtype_of
from slimzoo.converters.source import Source, Tensor
from slimzoo.errors import SlimzooError

_NODE, _NAME, _OPERATION = b"\x0a", b"\x0a", b"\x12"  # first bytes of those fields
_GRAPH_FIELDS = {1: BYTES, 2: BYTES, 3: 0, 4: BYTES, 5: BYTES}  # node, library, version, versions, debug_info
_QUANTIZED = ("Dequantize", "Quantize", "QuantizeV2", "QuantizedConv2D", "QuantizedMatMul")


@dataclass
class _Node:
    """What of a NodeDef matters here."""

    name: str = ""
    op: str = ""
    inputs: list[str] = field(default_factory=list)
    value: TensorField | None = None
    shape: tuple[int, ...] = ()  # of a placeholder; 0 or -1 where it is left open


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

    Raises: SlimzooError: the file is damaged, or the graph was quantized or folded.
    """
    with FileBytes(path) as file:
        try:
            nodes = list(_nodes(file))
        except (ValueError, IndexError) as error:
            raise damaged(path, str(error)) from error
    constants = {node.name: node for node in nodes if node.op == "Const"}
    names = sorted(name for name in _read_by_variables(nodes) if name in constants)
    if any(node.op in _QUANTIZED for node in nodes) or not names:
        raise SlimzooError(_no_weights(path, nodes, constants))
    tensors, skipped = {}, []
    for name in names:
        value = constants[name].value
        dtype = dtype_of(value.type) if value else None
        if value is None or dtype is None:
            skipped.append(name)
        else:
            tensors[name] = Tensor(value.shape, dtype, partial(_load, path, name, value, dtype))
    return Source("frozen_graph", path, tensors, metadata=_image_size(nodes), skipped=skipped)


def _nodes(file: FileBytes) -> Iterator[_Node]:
    for row in fields(file):
        if _GRAPH_FIELDS.get(row.number) != row.wire:
            raise ValueError("it stops being a graph in the middle")
        if row.number == 1:
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
    why = f"it is quantized (it has {', '.join(quantized)} nodes)" if quantized else "its weights were folded"
    weights = [name for name, node in constants.items() if node.value and len(node.value.shape) > 1]
    example = f", such as {weights[0]!r}" if weights else ""
    return (
        f"{path} holds no variables under their own names: {why}, leaving {len(constants)} constants"
        f"{example}. "
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
