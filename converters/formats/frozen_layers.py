"""The layers of a frozen graph: its operations, and the constants that they take for kernels and the like."""

from __future__ import annotations

import math
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

_MAX_LOADS = 64  # of constants for what one is computed from
_MAX_OPERANDS = 2
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
    constants = _constants(nodes, numbers)
    ops = [_op(node, constants) for node in nodes if node.op != "Const"]
    used = {value for op in ops for value in op.inputs}
    outputs = [node.name for node in nodes if node.op not in _NO_OUTPUTS and node.name not in used]
    return layers_of(Graph(ops, outputs, constants))


def _constants(nodes: list[Node], numbers: Mapping[str, Tensor]) -> dict[str, Constant]:
    """Returns `numbers`, and what nodes make of them alone, by name."""
    found = {name: Constant(tensor.shape, tensor, (name,)) for name, tensor in numbers.items()}
    users: dict[str, list[Node]] = {}
    for node in nodes:
        for name in _operands(node):
            users.setdefault(name, []).append(node)
    cost = dict.fromkeys(found, 1)
    ready = list(found)
    while ready:
        for node in users.get(ready.pop(), ()):
            price = (node.op in _ARITHMETIC) + sum(cost.get(name, _MAX_LOADS) for name in _operands(node))
            if node.name not in found and price < _MAX_LOADS and (made := _computed(node, found)):
                found[node.name], cost[node.name] = made, price
                ready.append(node.name)
    return found


def _operands(node: Node) -> tuple[str, ...]:
    """Returns the inputs of `node` if they may be all that its values come from."""
    inputs = _inputs(node)
    if TENSORFLOW_KINDS.get(node.op) == "same":
        return inputs[:1]
    return inputs if node.op in _ARITHMETIC and len(inputs) <= _MAX_OPERANDS else ()


def _computed(node: Node, constants: Mapping[str, Constant]) -> Constant | None:
    """Returns what `node` makes of constants; None where it has no shape, or one larger than theirs."""
    taken = [constants[name] for name in _operands(node)]
    if node.op not in _ARITHMETIC:
        return taken[0]
    try:
        shape = np.broadcast_shapes(*(constant.shape for constant in taken))
    except ValueError:
        return None
    if math.prod(shape) > max(math.prod(constant.shape) for constant in taken):
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
