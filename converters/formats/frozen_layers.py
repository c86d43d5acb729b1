"""The layers of a frozen graph: its operations, and the constants that they take for kernels and the like."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from slimzoo.converters.formats.graph_nodes import Node
from slimzoo.converters.graph import (
    TENSORFLOW_DILATES,
    TENSORFLOW_KINDS,
    Constant,
    Graph,
    Layer,
    Op,
    layers_of,
)
from slimzoo.converters.source import Tensor

_MAX_CHAIN = 16  # operations that hand a constant on
_NO_OUTPUTS = ("Const", "Placeholder", "NoOp")


def layers_in(nodes: list[Node], numbers: Mapping[str, Tensor]) -> list[Layer]:
    """Returns the layers of the graph of `nodes`; `numbers` are its constants by name."""
    by_name = {node.name: node for node in nodes}
    constants = {name: Constant(tensor.shape, tensor) for name, tensor in numbers.items()}
    for node in nodes:
        source = _handed_on(node, by_name, constants)
        if source in constants:
            constants.setdefault(node.name, constants[source])
    ops = [_op(node, constants) for node in nodes if node.op != "Const"]
    used = {value for op in ops for value in op.inputs}
    outputs = [node.name for node in nodes if node.op not in _NO_OUTPUTS and node.name not in used]
    return layers_of(Graph(ops, outputs, constants))


def _handed_on(node: Node, by_name: Mapping[str, Node], constants: Mapping[str, Constant]) -> str:
    """Returns the name of the constant that `node` only hands on, or of what comes before it."""
    for _ in range(_MAX_CHAIN):
        inputs = _inputs(node)
        if node.name in constants or TENSORFLOW_KINDS.get(node.op) != "same" or not inputs:
            break
        if inputs[0] not in by_name:
            break
        node = by_name[inputs[0]]
    return node.name


def _inputs(node: Node) -> tuple[str, ...]:
    return tuple(name.partition(":")[0] for name in node.inputs if not name.startswith("^"))


def _op(node: Node, constants: dict[str, Constant]) -> Op:
    inputs = _inputs(node)
    if node.transposed and len(inputs) > 1 and (kernel := constants.get(inputs[1])) and kernel.tensor:
        name = f"{inputs[1]} of {node.name}"
        constants[name] = _transposed(kernel.tensor)
        inputs = (inputs[0], name)
    return Op(
        TENSORFLOW_KINDS.get(node.op, ""),
        inputs,
        (node.name,),
        stride=node.stride,
        dilated=node.dilation > 1 or node.op in TENSORFLOW_DILATES,
        epsilon=node.epsilon,
    )


def _transposed(tensor: Tensor) -> Constant:
    return Constant(tensor.shape[::-1], Tensor(tensor.shape[::-1], tensor.dtype, partial(_load, tensor)))


def _load(tensor: Tensor) -> np.ndarray:
    return np.ascontiguousarray(tensor.load().T)
