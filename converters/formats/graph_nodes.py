"""The nodes of a TensorFlow graph (GraphDef), read without TensorFlow: what says where weights are."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from slimzoo.converters.formats.binary import FileBytes
from slimzoo.converters.formats.tensor_proto import TensorField, describe
from slimzoo.files.wire import BYTES, Field, fields, varint, varints

_GRAPH_FIELDS = {1: BYTES, 2: BYTES, 3: 0, 4: BYTES, 5: BYTES}  # node, library, version, versions, debug_info
_MAX_NODES = 200_000
_MAX_LIST = 1_000  # bytes of a list of numbers by axis
_CONVOLUTIONS = ("Conv2D", "DepthwiseConv2dNative")
_WITH_NUMBERS = (*_CONVOLUTIONS, "MatMul", "FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")


@dataclass
class Node:
    """What of a NodeDef matters here."""

    name: str = ""
    op: str = ""
    inputs: list[str] = field(default_factory=list)
    value: TensorField | None = None
    shape: tuple[int, ...] = ()  # of a placeholder; 0 or -1 where it is left open
    mode: bytes = b"MIN_COMBINED"  # of a Dequantize
    stride: int = 1  # of a convolution; the larger of the two
    dilation: int = 1
    epsilon: float = 0.0001  # of a batch norm
    transposed: bool = False  # the second input of a MatMul


def nodes_of(file: FileBytes) -> Iterator[Node]:
    """Yields the nodes of the graph in `file`. Raises: ValueError: it stops being one."""
    count = 0
    for row in fields(file):
        if _GRAPH_FIELDS.get(row.number) != row.wire:
            raise ValueError("it stops being a graph in the middle")
        if row.number == 1:
            count += 1
            if count > _MAX_NODES:
                raise ValueError(f"more than {_MAX_NODES:,} nodes")
            yield _node(file, row)


def _node(file: FileBytes, row: Field) -> Node:
    node = Node()
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
        elif f.number == 5 and node.op in _WITH_NUMBERS:
            _set_numbers(file, f, node)
    return node


def _set_numbers(file: FileBytes, attribute: Field, node: Node) -> None:
    """Sets what an attribute says of a convolution, a batch norm or a MatMul."""
    inside = {f.number: f for f in fields(file, attribute.start, attribute.stop)}
    if not inside.keys() >= {1, 2}:
        return
    key = file[inside[1].start : inside[1].stop]
    values = list(fields(file, inside[2].start, inside[2].stop))
    if node.op in _CONVOLUTIONS and key in (b"strides", b"dilations"):
        setattr(node, "stride" if key == b"strides" else "dilation", max(_integers(file, values), default=1))
    elif node.op.startswith("FusedBatchNorm") and key == b"epsilon" and values:
        (node.epsilon,) = struct.unpack("<f", (values[0].value or 0).to_bytes(4, "little"))
    elif node.op == "MatMul" and key == b"transpose_b":
        node.transposed = bool(values and values[0].value)


def _integers(file: FileBytes, values: list[Field]) -> list[int]:
    """Returns the numbers of an AttrValue that is a list of them, packed or one by one."""
    inner = [f for v in values if v.number == 1 for f in fields(file, v.start, v.stop) if f.number == 3]
    if any(f.stop - f.start > _MAX_LIST for f in inner):
        raise ValueError(f"a list of strides or dilations of more than {_MAX_LIST} bytes")
    packed = [number for f in inner if f.wire == BYTES for number in varints(file[f.start : f.stop]).tolist()]
    return packed or [f.value for f in inner if f.value is not None]


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
