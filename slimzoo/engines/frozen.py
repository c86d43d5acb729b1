"""A network in inference as a graph and its values: what every engine is made of."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf

GraphDef = tf.compat.v1.GraphDef
NodeDef = tf.compat.v1.NodeDef
_SAMPLE = 4096  # values of each tensor that a digest looks at


@dataclass(frozen=True)
class Frozen:
    """A graph without its images and its values, which it calls by the names of nodes that are not in it.

    Attributes:
      definition: the nodes behind the outputs, and functions that they call.
      images: the name of the input.
      spec: of it: float32 [None, H, W, C].
      values: {name: tensor or array}.
      outputs: names of tensors, as "a/b:0".
    """

    definition: Any
    images: str
    spec: tf.TensorSpec
    values: dict[str, Any]
    outputs: tuple[str, ...]

    @cached_property
    def nodes(self) -> dict[str, Any]:
        """{name: node}."""
        return {node.name: node for node in self.definition.node}

    def uses(self) -> Counter[str]:
        """Returns how often each node is an input, or an output of the whole."""
        inputs = (node_of(name) for node in self.definition.node for name in node.input)
        return Counter([*inputs, *(node_of(name) for name in self.outputs)])

    def constant(self, name: str) -> np.ndarray | None:
        """Returns the value of the input `name` of a node; None if it is computed."""
        name = node_of(name)
        if name in self.values:
            return np.asarray(self.values[name])
        node = self.nodes.get(name)
        return tf.make_ndarray(node.attr["value"].tensor) if node is not None and node.op == "Const" else None

    def with_nodes(self, nodes: Iterable[Any], values: Mapping[str, Any]) -> "Frozen":
        """Returns the same network of other `nodes` and `values`, without those that no output needs.

        The values here are used up: no tensor is held twice.
        """
        definition = GraphDef(versions=self.definition.versions, library=self.definition.library)
        definition.node.extend(nodes)
        definition = pruned(definition, self.outputs)
        used = {node_of(name) for node in definition.node for name in node.input}
        used |= {node_of(name) for name in self.outputs}
        kept = {name: value for name, value in values.items() if name in used}
        self.values.clear()
        return replace(self, definition=definition, values=kept)

    def digest(self) -> str:
        """Returns 16 hexadecimal digits that tell these values from others: of a sample of every tensor.

        A step of training changes it; a tensor of which a few values were changed by hand may not.
        """
        found = hashlib.sha256()
        for name in sorted(self.values):
            flat = np.asarray(self.values[name]).reshape(-1)
            found.update(f"{name} {flat.size} {flat.dtype}".encode())
            found.update(flat[:: max(1, flat.size // _SAMPLE)].tobytes())
        return found.hexdigest()[:16]

    def as_constants(self, names: Iterable[str]) -> Iterator[Any]:
        """Yields a Const node for each of the values `names`."""
        for name in names:
            array = np.asarray(self.values[name])
            node = NodeDef(name=name, op="Const")
            node.attr["dtype"].type = tf.as_dtype(array.dtype).as_datatype_enum
            node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(array))
            yield node

    def whole(self, batch_size: int | None = None) -> "Whole":
        """Returns it as one graph with a placeholder for images and every value as a constant."""
        definition = GraphDef(versions=self.definition.versions, library=self.definition.library)
        definition.node.append(placeholder(self.images, self.spec, batch_size))
        definition.node.extend(self.as_constants(self.values))
        definition.node.extend(self.definition.node)
        names = []
        for i, output in enumerate(self.outputs):
            node = definition.node.add(name=f"slimzoo_output_{i}", op="Identity", input=[output])
            node.attr["T"].type = tf.float32.as_datatype_enum
            names.append(node.name)
        return Whole(definition, self.images, tuple(names))


@dataclass(frozen=True)
class Whole:
    """A GraphDef that needs nothing but images; each output is a node of its own."""

    definition: Any
    images: str
    outputs: tuple[str, ...]  # names of nodes


def placeholder(name: str, spec: tf.TensorSpec, batch_size: int | None = None) -> Any:
    """Returns a Placeholder node as `spec` says, of `batch_size` images."""
    node = NodeDef(name=name, op="Placeholder")
    node.attr["dtype"].type = spec.dtype.as_datatype_enum
    node.attr["shape"].shape.CopyFrom(tf.TensorShape([batch_size, *spec.shape[1:]]).as_proto())
    return node


def node_of(name: str) -> str:
    """Returns the node that the input or tensor `name` is of."""
    return name.removeprefix("^").partition(":")[0]


def pruned(definition: Any, outputs: Iterable[str]) -> Any:
    """Returns the part of `definition` that `outputs` need, in its order, without orders of running."""
    nodes = {node.name: node for node in definition.node}
    needed: set[str] = set()
    waiting = [node_of(output) for output in outputs]
    while waiting:
        name = waiting.pop()
        if name in nodes and name not in needed:
            needed.add(name)
            waiting += [node_of(n) for n in nodes[name].input if not n.startswith("^")]
    kept = GraphDef(versions=definition.versions, library=definition.library)
    for node in definition.node:
        if node.name in needed:
            made = kept.node.add()
            made.CopyFrom(node)
            made.device = ""  # where it was traced is not where it shall run
            del made.input[:]
            made.input.extend(name for name in node.input if not name.startswith("^"))
    return kept
