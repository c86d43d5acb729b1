"""The layers of a registered network, read off its graph as those of a file are. It brings TensorFlow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from slimzoo.converters.graph import (
    TENSORFLOW_DILATES,
    TENSORFLOW_KINDS,
    Constant,
    Graph,
    Layer,
    Op,
    layers_of,
)
from slimzoo.converters.source import tensors_of

if TYPE_CHECKING:
    import tensorflow as tf


def network_layers(network: str, arguments: Mapping[str, Any]) -> list[Layer]:
    """Returns the layers of the registered `network` in inference; their constants name its variables.

    Args:
      arguments: of the network function.
    """
    from slimzoo.tracing.discovery import discover, split_outputs
    from slimzoo.tracing.parts import resolve

    parts = resolve(network, arguments=arguments)
    found: list[Layer] = []

    def run(images: tf.Tensor, is_training: bool) -> Any:
        outputs = parts.run(images, is_training)
        logits, _ = split_outputs(outputs)
        found.extend(layers_of(_graph(logits.graph.get_operations(), images, logits)))
        return outputs

    discover(run, parts.input_shape, "float32", (False,), for_shapes=False)
    return found


def _graph(operations: Iterable[tf.Operation], images: tf.Tensor, logits: tf.Tensor) -> Graph:
    import tensorflow as tf

    constants: dict[str, Constant] = {}
    ops = []
    for op in operations:  # each after its inputs
        if op.type == "Placeholder" and op.name != images.op.name:
            constants[op.name] = Constant(_shape(op), names=(op.name,))
        elif (
            op.outputs and all(value.op.name in constants for value in op.inputs) and op.type != "Placeholder"
        ):
            names = (name for value in op.inputs for name in constants[value.op.name].names)
            number = tf.get_static_value(op.outputs[0]) if op.type == "Const" else None
            tensor = None if number is None or number.shape != () else tensors_of({"": number})[""]
            constants[op.name] = Constant(_shape(op), tensor, tuple(dict.fromkeys(names)))
        ops.append(_op(op))
    return Graph(ops, [logits.op.name], constants)


def _shape(op: tf.Operation) -> tuple[int, ...]:
    shape = op.outputs[0].shape
    return tuple(shape.as_list()) if shape.is_fully_defined() else ()


def _op(op: tf.Operation) -> Op:
    kind = TENSORFLOW_KINDS.get(op.type, "")
    sizes = {name: op.get_attr(name) for name in ("strides", "dilations") if kind in ("conv", "depthwise")}
    return Op(
        kind,
        tuple(value.op.name for value in op.inputs),
        (op.name,),
        stride=max(sizes.get("strides", [1])),
        dilated=max(sizes.get("dilations", [1])) > 1 or op.type in TENSORFLOW_DILATES,
        epsilon=op.get_attr("epsilon") if kind == "norm" else 0.0,
    )
