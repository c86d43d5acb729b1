"""A frozen network of float32 made one of a half precision: attributes, values, and casts at its borders."""

from dataclasses import replace
from typing import Any

import tensorflow as tf

from slimzoo.engines.frozen import Frozen, GraphDef, NodeDef, node_of

_FLOAT = tf.float32.as_datatype_enum
_STAYS = (
    "Mean",
    "Sum",
    "Softmax",
    "Rsqrt",
    "LRN",
)  # ops that add up many values, or that have no kernel for it
_STATISTICS = {"FusedBatchNormV3": (1, 2, 3, 4)}  # inputs that are float32 in every precision
_KEPT = ("FusedBatchNormV3", "U")  # the type of these


def cast(frozen: Frozen, precision: str) -> Frozen:
    """Returns `frozen` computing in `precision`; float32 goes in and comes out."""
    return frozen if precision == "float32" else _Casting(frozen, tf.as_dtype(precision)).result()


class _Casting:
    """The work on one network."""

    def __init__(self, frozen: Frozen, dtype: tf.DType) -> None:
        self.frozen, self.dtype = frozen, dtype
        self.types = _types(frozen)
        self.half = {n.name for n in frozen.definition.node if self._becomes_half(n)}
        self.nodes: dict[str, Any] = {}  # the new ones, in order
        self.values: dict[str, Any] = {}

    def result(self) -> Frozen:
        """Returns the new network."""
        for node in self.frozen.definition.node:
            inputs = [self._input(node, i, name) for i, name in enumerate(node.input)]
            self.nodes[node.name] = self._node(node, inputs)
        outputs = tuple(_tensor(self._as(name, tf.float32)) for name in self.frozen.outputs)
        self.frozen.values.clear()
        return replace(self.frozen, outputs=outputs).with_nodes(self.nodes.values(), self.values)

    def _becomes_half(self, node: Any) -> bool:
        return node.op not in _STAYS and any(
            value.type == _FLOAT for name, value in node.attr.items() if (node.op, name) != _KEPT
        )

    def _node(self, node: Any, inputs: list[str]) -> Any:
        made = NodeDef()
        made.CopyFrom(node)
        del made.input[:]
        made.input.extend(inputs)
        if node.name in self.half:
            for name, value in made.attr.items():
                if value.type == _FLOAT and (node.op, name) != _KEPT:
                    value.type = self.dtype.as_datatype_enum
            if node.op == "Const":
                array = tf.make_ndarray(node.attr["value"].tensor).astype(self.dtype.as_numpy_dtype)
                made.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(array))
        return made

    def _input(self, node: Any, index: int, name: str) -> str:
        if self.types.get(_tensor(name)) != tf.float32:
            return name
        stays = node.name not in self.half or index in _STATISTICS.get(node.op, ())
        return self._as(name, tf.float32 if stays else self.dtype)

    def _as(self, name: str, wanted: tf.DType) -> str:
        """Returns the float tensor `name` as `wanted`: its name, or that of a cast or another value."""
        source = node_of(name)
        if source in self.frozen.values:
            return self._value(source, wanted)
        is_half = source in self.half
        if is_half == (wanted == self.dtype):
            return name
        cast_name = f"{source}/{_tensor(name).partition(':')[2]}_as_{wanted.name}"
        if cast_name not in self.nodes:
            node = NodeDef(name=cast_name, op="Cast", input=[name])
            node.attr["SrcT"].type = (self.dtype if is_half else tf.float32).as_datatype_enum
            node.attr["DstT"].type = wanted.as_datatype_enum
            self.nodes[cast_name] = node
        return cast_name

    def _value(self, source: str, wanted: tf.DType) -> str:
        value = self.frozen.values[source]
        if wanted == tf.float32:
            self.values[source] = value
            return source
        name = f"{source}/as_{wanted.name}"
        if name not in self.values:
            self.values[name] = tf.cast(value, wanted)
        return name


def _tensor(name: str) -> str:
    return name if ":" in name else f"{name}:0"


def _types(frozen: Frozen) -> dict[str, tf.DType]:
    """Returns {tensor: its dtype}."""
    definition = GraphDef(versions=frozen.definition.versions, library=frozen.definition.library)
    for name, value in (*frozen.values.items(), (frozen.images, None)):
        node = definition.node.add(name=name, op="Placeholder")
        dtype = frozen.spec.dtype if value is None else tf.as_dtype(value.dtype)
        node.attr["dtype"].type = dtype.as_datatype_enum
        shape = frozen.spec.shape if value is None else tf.TensorShape(value.shape)
        node.attr["shape"].shape.CopyFrom(shape.as_proto())
    definition.node.extend(frozen.definition.node)
    with tf.Graph().as_default() as graph:
        tf.graph_util.import_graph_def(definition, name="")
    return {tensor.name: tensor.dtype for op in graph.get_operations() for tensor in op.outputs}
