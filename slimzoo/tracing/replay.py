"""The graph that discovery traced, put into another graph: the network function need not run again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf


@dataclass(frozen=True)
class Replay:
    """A network in inference, as a graph without its images and its variables."""

    definition: tf.compat.v1.GraphDef
    images: str  # what they are called in it
    spec: tf.TensorSpec  # of them
    variables: Mapping[str, str]  # {what it is called in the graph: variable}
    outputs: Sequence[str]

    def fits(self, images: tf.Tensor) -> bool:
        """Whether it was traced for images of this size and type."""
        return (images.dtype, images.shape[1:].as_list()) == (self.spec.dtype, self.spec.shape[1:].as_list())

    def __call__(self, images: tf.Tensor, variables: Mapping[str, tf.Variable]) -> list[tf.Tensor]:
        """Returns the outputs for `images`, as ops of the graph that is being built.

        No tf.GradientTape in that graph sees them, nor do they heed its control dependencies: it must be a
        function of their own.
        """
        values = {place: tf.convert_to_tensor(variables[name]) for place, name in self.variables.items()}
        given = {self.images: images, **values}
        return tf.graph_util.import_graph_def(self.definition, given, self.outputs, name="slimzoo")

    def first_needed_by(self) -> list[list[str]]:
        """Returns for each end point, and the logits at last, the variables that none before it needs."""
        nodes = {node.name: node for node in self.definition.node}
        seen: set[str] = set()
        logits, *end_points = self.outputs
        return [self._newly_behind(output, nodes, seen) for output in (*end_points, logits)]

    def _newly_behind(self, output: str, nodes: Mapping[str, Any], seen: set[str]) -> list[str]:
        found, waiting = [], [output]
        while waiting:
            name = waiting.pop().removeprefix("^").partition(":")[0]
            if name in seen:
                continue
            seen.add(name)
            if name in self.variables:
                found.append(self.variables[name])
            waiting += nodes[name].input if name in nodes else ()
        return found


def record(
    images: tf.Tensor, variables: Mapping[str, tf.Tensor], outputs: Sequence[tf.Tensor]
) -> Replay | None:
    """Returns the graph of `outputs`; None if there is more to it than ops on the images and the variables.

    Args:
      images: a placeholder.
      variables: {variable: its placeholder}.
    """
    graph = images.graph
    known = {images.op.name, *(tensor.op.name for tensor in variables.values())}
    others = [op for op in graph.get_operations() if op.name not in known]
    if any(map(_is_bound, others)) or any(tensor.op.name in known for tensor in outputs):
        return None
    definition = graph.as_graph_def()
    nodes = [node for node in definition.node if node.name not in known]
    if definition.library.function or any("_class" in n.attr or "_gradient_op_type" in n.attr for n in nodes):
        return None
    for node in nodes:
        node.device = ""  # where it was traced is not where it shall run
    return Replay(
        definition=tf.compat.v1.GraphDef(node=nodes, versions=definition.versions),
        images=images.op.name,
        spec=tf.TensorSpec(images.shape, images.dtype),
        variables={tensor.op.name: name for name, tensor in variables.items()},
        outputs=[tensor.name for tensor in outputs],
    )


def _is_bound(op: tf.Operation) -> bool:
    """Whether `op` belongs to the graph it is in: a captured tensor, a seed or another state, an order."""
    return op.type == "Placeholder" or op.op_def.is_stateful or bool(op.control_inputs)
