"""The layers of a frozen graph: its operations, and the constants that they take for kernels and the like."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
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

_MAX_CHAIN = 32  # operations on constants, one after another
_NO_OUTPUTS = ("Const", "Placeholder", "NoOp")
_ARITHMETIC: dict[str, Callable] = {  # that may be left of a batch norm
    "Add": np.add,
    "AddV2": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "RealDiv": np.divide,
    "Sqrt": np.sqrt,
    "Rsqrt": lambda values: 1 / np.sqrt(values),
}


def layers_in(nodes: list[Node], numbers: Mapping[str, Tensor]) -> list[Layer]:
    """Returns the layers of the graph of `nodes`; `numbers` are its constants by name."""
    constants = {name: Constant(tensor.shape, tensor, (name,)) for name, tensor in numbers.items()}
    waiting = [node for node in nodes if node.name not in constants and _inputs(node)]
    for _ in range(_MAX_CHAIN):
        found = {node.name: made for node in waiting if (made := _computed(node, constants))}
        if not found:
            break
        constants |= found
        waiting = [node for node in waiting if node.name not in constants]
    ops = [_op(node, constants) for node in nodes if node.op != "Const"]
    used = {value for op in ops for value in op.inputs}
    outputs = [node.name for node in nodes if node.op not in _NO_OUTPUTS and node.name not in used]
    return layers_of(Graph(ops, outputs, constants))


def _computed(node: Node, constants: Mapping[str, Constant]) -> Constant | None:
    """Returns what `node` makes of constants alone, None where it does not."""
    inputs = _inputs(node)
    if TENSORFLOW_KINDS.get(node.op) == "same":
        return constants.get(inputs[0])
    taken = [constants[name] for name in inputs if name in constants]
    if node.op not in _ARITHMETIC or len(taken) < len(inputs):
        return None
    try:
        shape = np.broadcast_shapes(*(constant.shape for constant in taken))
    except ValueError:
        return None
    tensors = [constant.tensor for constant in taken if constant.tensor]
    names = dict.fromkeys(name for constant in taken for name in constant.names)
    load = partial(_calculated, _ARITHMETIC[node.op], tensors)
    return Constant(shape, Tensor(shape, np.dtype("<f8"), load), tuple(names))


def _calculated(function: Callable, tensors: list[Tensor]) -> np.ndarray:
    return function(*(tensor.load().astype(np.float64) for tensor in tensors))


def _inputs(node: Node) -> tuple[str, ...]:
    return tuple(name.partition(":")[0] for name in node.inputs if not name.startswith("^"))


def _op(node: Node, constants: dict[str, Constant]) -> Op:
    inputs = _inputs(node)
    if node.transposed and len(inputs) > 1 and (kernel := constants.get(inputs[1])) and kernel.tensor:
        name = f"{inputs[1]} of {node.name}"
        constants[name] = replace(_transposed(kernel.tensor), names=kernel.names)
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
    turned = Tensor(tensor.shape[::-1], tensor.dtype, partial(_load, tensor))
    return Constant(turned.shape, turned)


def _load(tensor: Tensor) -> np.ndarray:
    return np.ascontiguousarray(tensor.load().T)
