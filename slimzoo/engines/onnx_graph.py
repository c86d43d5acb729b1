"""A frozen network as a model of ONNX, by way of tf2onnx; large values go past it: it holds many copies."""

import warnings
from typing import Any

import numpy as np
import tensorflow as tf

from slimzoo.engines.frozen import Frozen, placeholder
from slimzoo.files.chatter import errors_alone

OPSET = 17  # onnxruntime 1.12 and later
_INT32, _ATTRIBUTE_INT = 6, 2  # of TensorProto.DataType, of AttributeProto.AttributeType
LARGE = 1 << 20  # bytes of a value that tf2onnx does not see


def converted(frozen: Frozen, batch_size: int | None = None) -> Any:
    """Returns `frozen`, whose values are used up, as an onnx.ModelProto; its outputs keep their order.

    Raises: what tf2onnx does: it does not know an op of this network.
    """
    large = {
        name: array for name, value in frozen.values.items() if (array := np.asarray(value)).nbytes > LARGE
    }
    for name in large:
        del frozen.values[name]
    whole = frozen.whole(batch_size)
    for name, array in large.items():
        spec = tf.TensorSpec(array.shape, array.dtype)
        whole.definition.node.append(placeholder(name, spec, array.shape[0]))
    frozen.values.clear()
    inputs = [f"{name}:0" for name in (whole.images, *large)]
    outputs = [f"{name}:0" for name in whole.outputs]
    with errors_alone("tf2onnx", "tensorflow"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import tf2onnx

        proto, _ = tf2onnx.convert.from_graph_def(whole.definition, "slimzoo", inputs, outputs, opset=OPSET)
    _fill(proto, {f"{name}:0": array for name, array in large.items()})
    return proto


def _fill(proto: Any, values: dict[str, np.ndarray]) -> None:
    """Puts `values`, which are used up, in place of the inputs of the ONNX model that stand for them.

    A kernel that is turned before it is used is kept as it is used.
    """
    graph, inputs = proto.graph, list(proto.graph.input)
    types = {value.name: value.type.tensor_type.elem_type for value in inputs}
    turned = [node for node in graph.node if node.op_type == "Transpose" and node.input[0] in values]
    for node in turned:
        (order,) = (attribute.ints for attribute in node.attribute)
        _add(graph, node.output[0], values[node.input[0]].transpose(order), types[node.input[0]])
        graph.node.remove(node)
    used = {name for node in graph.node for name in node.input}
    del graph.input[:]
    graph.input.extend(value for value in inputs if value.name not in values)
    for name in [*values]:
        array = values.pop(name)
        if name in used:
            _add(graph, name, array, types[name])


def _add(graph: Any, name: str, array: np.ndarray, elem_type: int) -> None:
    made = graph.initializer.add(name=name, dims=array.shape, data_type=elem_type)
    made.raw_data = array.tobytes()


def rename(proto: Any, inputs: list[str], outputs: list[str]) -> None:
    """Gives the inputs and outputs of the ONNX model these names."""
    given = [*proto.graph.input, *proto.graph.output]
    names = dict(zip((value.name for value in given), (*inputs, *outputs), strict=True))
    for value in given:
        value.name = names[value.name]
    for node in proto.graph.node:
        for which in (node.input, node.output):
            which[:] = [names.get(name, name) for name in which]


def best_of(proto: Any) -> None:
    """Gives the ONNX model the best classes, int32, in place of its one output, logits."""
    graph, (logits,) = proto.graph, proto.graph.output
    node = graph.node.add(op_type="ArgMax", input=[logits.name], output=["best"], name="best")
    for name, value in (("axis", -1), ("keepdims", 0)):
        node.attribute.add(name=name, i=value, type=_ATTRIBUTE_INT)
    cast = graph.node.add(op_type="Cast", input=["best"], output=["classes"], name="classes")
    cast.attribute.add(name="to", i=_INT32, type=_ATTRIBUTE_INT)
    logits.name, logits.type.tensor_type.elem_type = "classes", _INT32
    del logits.type.tensor_type.shape.dim[-1]
