"""The layers of a TensorFlow Lite model: its operations, with kernels turned to TensorFlow's layout."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from slimzoo.converters.formats import tflite
from slimzoo.converters.formats.binary import FileBytes, damaged
from slimzoo.converters.formats.flatbuffer import Table, root
from slimzoo.converters.graph import KERNELS, Constant, Graph, Layer, Op, layers_of
from slimzoo.converters.source import Source, Tensor, tensors_of

_KINDS = {  # number of the operation: kind
    0: "add",
    3: "conv",
    4: "depthwise",
    6: "same",  # Dequantize, of float16
    9: "dense",
    14: "sigmoid",
    18: "mul",
    19: "relu",
    21: "relu6",
    28: "tanh",
    42: "div",
    22: "same",  # Reshape
    37: "same",  # BatchToSpaceND
    38: "same",  # SpaceToBatchND
    41: "sub",
    43: "same",  # Squeeze
    53: "same",  # Cast
    98: "leaky relu",
    111: "elu",
    114: "same",  # Quantize
    117: "swish",  # x * relu6(x + 3) / 6; its last step may be in the next kernel instead
}
_DILATES = (37, 38)
_SIXTH = Constant((), tensors_of({"": np.array(1 / 6)})[""])
_STRIDES = {"conv": 2, "depthwise": 2}  # field of the options: stride_h
_DILATIONS = {"conv": 5, "depthwise": 6}
_ACTIVATIONS = {"conv": 3, "depthwise": 4, "dense": 0, "add": 0, "mul": 0, "sub": 0, "div": 0}
_FUNCTIONS = {1: "relu", 2: "relu from -1 to 1", 3: "relu6", 4: "tanh", 5: "sign"}  # in the same operation
_MULTIPLIER = 3  # field of a depthwise convolution's options
_MAX_INPUTS = 10_000
_Turn = Callable[[np.ndarray], np.ndarray]


def read(path: Path) -> Source:
    """Opens the constants of the model `path`, as tflite.read does, with its layers."""
    source = tflite.read(path)
    source.layers = partial(layers, path)
    return source


def layers(path: Path) -> list[Layer]:
    """Returns the layers of the model `path`. Raises: SlimzooError: the file is damaged."""
    with FileBytes(path) as file:
        try:
            return layers_of(_graph(path, root(file)))
        except (ValueError, IndexError) as error:
            raise damaged(path, str(error)) from error


def _graph(path: Path, model: Table) -> Graph:
    codes = [max(row.number(0, "b"), row.number(3, "i")) for row in model.tables(1, tflite.MAX_TABLES)]
    main = model.tables(2, tflite.MAX_TABLES)[0]
    rows = main.tables(3, tflite.MAX_TABLES)
    ops = [_op(row, codes[row.number(0, "I")]) for row in rows]
    constants = _constants(path, model, main) | {"sixth": _SIXTH}
    for op in ops:
        if op.kind == "same" and op.inputs and (held := constants.get(op.inputs[0])):
            constants |= dict.fromkeys(op.outputs, held)
    ops = [_with_kernel(op, row, constants) for op, row in zip(ops, rows, strict=True)]
    ops = [part for op in ops for part in (_in_two(op) if op.kind == "swish" else (op,))]
    return Graph(ops, [str(index) for index in main.numbers(2, "i", _MAX_INPUTS)], constants)


def _in_two(op: Op) -> tuple[Op, Op]:
    """Returns a hard swish as what is not linear of it, and a multiplication."""
    whole = tuple(f"6 * {value}" for value in op.outputs)
    return Op("", op.inputs, whole), Op("mul", (*whole, "sixth"), op.outputs)


def _constants(path: Path, model: Table, main: Table) -> dict[str, Constant]:
    """Returns {index of a tensor: its numbers}."""
    buffers = model.tables(4, tflite.MAX_TABLES)
    found = {}
    for index, table in enumerate(main.tables(0, tflite.MAX_TABLES)):
        if tensor := tflite.constant(path, table.text(3) or f"tensor_{index}", table, buffers):
            found[str(index)] = Constant(tensor.shape, tensor)
    return found


def _op(row: Table, code: int) -> Op:
    kind, options = _KINDS.get(code, ""), row.table(4)
    spread = code in _DILATES
    inputs, outputs = (
        tuple(str(index) for index in row.numbers(n, "i", _MAX_INPUTS) if index >= 0) for n in (1, 2)
    )
    if options is None:
        return Op(kind, inputs, outputs, dilated=spread)
    return Op(
        kind,
        inputs,
        outputs,
        stride=options.number(_STRIDES[kind], "i") if kind in _STRIDES else 1,
        dilated=options.number(_DILATIONS[kind], "i", 1) > 1 if kind in _DILATIONS else spread,
        activation=_FUNCTIONS.get(options.number(_ACTIVATIONS[kind], "b"), "")
        if kind in _ACTIVATIONS
        else "",
    )


def _with_kernel(op: Op, row: Table, constants: dict[str, Constant]) -> Op:
    """Returns `op`; its kernel in TensorFlow's layout is added to `constants`, under a name of its own."""
    held = constants.get(op.inputs[1]) if op.kind in KERNELS and len(op.inputs) > 1 else None
    if held is None or held.tensor is None:
        return op
    options = row.table(4)
    multiplier = options.number(_MULTIPLIER, "i", 1) if options and op.kind == "depthwise" else 1
    name = f"{op.inputs[1]} of {op.outputs[0]}"
    constants[name] = _turned(held.tensor, op.kind, max(multiplier, 1))
    return replace(op, inputs=(op.inputs[0], name, *op.inputs[2:]))


def _turned(tensor: Tensor, kind: str, multiplier: int) -> Constant:
    """Returns a kernel [out, h, w, in], [1, h, w, in * multiplier] or [out, in] as TensorFlow has it."""
    turns: dict[str, _Turn] = {
        "conv": lambda kernel: np.transpose(kernel, (1, 2, 3, 0)),
        "depthwise": lambda kernel: kernel.reshape(*kernel.shape[1:3], -1, multiplier),
        "dense": lambda kernel: kernel.T,
    }
    turn = turns[kind]
    shape = turn(np.broadcast_to(np.zeros((), np.int8), tensor.shape)).shape
    return Constant(shape, Tensor(shape, tensor.dtype, partial(_load, tensor, turn)))


def _load(tensor: Tensor, turn: _Turn) -> np.ndarray:
    return np.ascontiguousarray(turn(tensor.load()))
