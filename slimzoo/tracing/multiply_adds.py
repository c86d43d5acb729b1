"""What a network multiplies with its variables, and how often: read off the graph."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

Shape = tuple[int | None, ...]


@dataclass
class Operation:
    """One multiplication with a variable."""

    variable: str
    output_shape: Shape
    multiply_adds: int | None  # of one image; None where a size is not known


def shape_of(tensor: tf.Tensor) -> Shape:
    """Returns the shape of `tensor`, None where a size is unknown; () for an unknown rank."""
    return () if tensor.shape.rank is None else tuple(tensor.shape.as_list())


def operations_on_variables(graph: tf.Graph, stand_ins: dict[str, tf.Tensor]) -> list[Operation]:
    """Returns the multiplications with a variable, in order.

    Args:
      stand_ins: {variable: its placeholder}.
    """
    names = {id(t.op): name for name, t in stand_ins.items()}
    by_op_name = {t.op.name: name for name, t in stand_ins.items()}
    found = []
    for op in graph.get_operations():
        if op.type not in MULTIPLY_ADDS or len(op.inputs) < 2:
            continue
        source = op.inputs[1].op
        while source.type in _PASS and source.inputs:
            source = source.inputs[0].op
        variable = names.get(id(source)) or by_op_name.get(source.name)
        if variable is not None:
            amount = MULTIPLY_ADDS[op.type](op)
            found.append(Operation(variable, shape_of(_result(op)), amount))
    return found


def _result(op: tf.Operation) -> tf.Tensor:
    """Returns what `op` puts out; a matmul in place of a convolution: the map that is made of it at once."""
    after = op.outputs[0].consumers() if op.type == "MatMul" else []
    return after[0].outputs[0] if [user.type for user in after] == ["Reshape"] else op.outputs[0]


def _convolution_multiply_adds(op: tf.Operation) -> int | None:
    """Output positions x kernel values; a kernel is [h, w, in, out], or depthwise [h, w, in, multiplier]."""
    out, kernel = shape_of(op.outputs[0]), shape_of(op.inputs[1])
    channels_first = op.get_attr("data_format").startswith(b"NC")
    positions = out[2:] if channels_first else out[1:-1]
    return _product((*positions, *kernel))


def _matmul_multiply_adds(op: tf.Operation) -> int | None:
    return _product(shape_of(op.inputs[1]))


def _product(sizes: Shape) -> int | None:
    known = [size for size in sizes if size is not None]
    return math.prod(known) if len(known) == len(sizes) else None


_PASS = ("Identity", "Cast", "Reshape", "Transpose", "ReadVariableOp")
MULTIPLY_ADDS: dict[str, Callable] = {
    "Conv2D": _convolution_multiply_adds,
    "Conv3D": _convolution_multiply_adds,
    "DepthwiseConv2dNative": _convolution_multiply_adds,
    "MatMul": _matmul_multiply_adds,
}
