"""The convolutions and products of a network's graph: their kernels, what they read, what shifts them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from slimzoo.tracing.replay import Replay

DEPTHWISE = "DepthwiseConv2dNative"
_KERNELS = ("Conv2D", DEPTHWISE, "MatMul")
_BATCH_NORM, _BIAS = "FusedBatchNormV3", "BiasAdd"
_RELUS = ("Relu", "Relu6")
_SUMS = (_BATCH_NORM, _BIAS, "Add", "AddV2")  # what a ReLU behind it becomes one with
_THROUGH = ("Identity", "Reshape", "Squeeze")
Run = Callable[[Mapping[str, np.ndarray], np.ndarray], Any]


@dataclass(frozen=True)
class Layer:
    """One convolution or product with a kernel that is a variable.

    Attributes:
      kernel: the variable, [h, w, channels, n] or [channels, n].
      reads: the tensor that goes in.
      strides, padding: of a convolution.
      shift, sign: the variable that is subtracted from (-1) or added to (1) what the kernel makes.
      offset: the variable that is added at the end, the same where there is no batch norm; None: none is.
      gives: the tensor after that.
    """

    operation: str
    kernel: str
    reads: str
    strides: tuple[int, ...]
    padding: str
    shift: str
    sign: int
    offset: str | None
    gives: str


class Graph:
    """What of a Replay its logits need.

    Attributes:
      layers: in their order; those whose kernel or shift is no variable are left out.
      stored: nodes whose output is a map of 8 bits, once the network is quantised.
    """

    def __init__(self, replay: Replay) -> None:
        self.replay = replay
        self.logits = replay.outputs[0]
        everything = {node.name: node for node in replay.definition.node}
        self._nodes = {name: everything[name] for name in _needed(everything, self.logits)}
        self._readers: dict[str, list[Any]] = {}
        for node in self._nodes.values():
            for name in {_source(name) for name in node.input}:
                self._readers.setdefault(name, []).append(node)
        found = (self._layer(node) for node in self._nodes.values() if node.op in _KERNELS)
        self.layers = [layer for layer in found if layer]
        self.stored = [node.name for node in self._nodes.values() if self._is_stored(node)]

    def runner(self, tensors: Sequence[str], definition: Any = None, then: Callable | None = None) -> Run:
        """Returns the function from the values of all variables and images to `tensors`.

        Args:
          definition: another graph of the same variables.
          then: what is made of the list of the tensors, in the same graph.
        """
        names = sorted(set(self.replay.variables.values()))
        graph = self.replay.definition if definition is None else definition
        images = self.replay.images
        made = [name for name in tensors if _source(name) != images]
        traced: list[Callable] = []

        def run(batch: tf.Tensor, values: list[tf.Tensor]) -> Any:
            by_name = dict(zip(names, values, strict=True))
            given = {images: batch, **{place: by_name[n] for place, n in self.replay.variables.items()}}
            results = iter(tf.graph_util.import_graph_def(graph, given, made, name=""))
            found = [batch if _source(name) == images else next(results) for name in tensors]
            return then(found) if then else found

        def called(values: Mapping[str, np.ndarray], batch: np.ndarray) -> Any:
            given = [values[name] for name in names]
            if not traced:
                specs = [tf.TensorSpec(value.shape, value.dtype) for value in given]
                traced.append(tf.function(run, [self.replay.spec, specs], autograph=False))
            return traced[0](batch, given)

        return called

    def _layer(self, node: Any) -> Layer | None:
        kernel, shift = self._variable(node.input[1]), self._shift_behind(node)
        strides = tuple(_said(node, "strides").list.i)
        dilated = any(rate != 1 for rate in _said(node, "dilations").list.i)
        padding = _said(node, "padding").s.decode()
        others = dilated or padding == "EXPLICIT" or _said(node, "data_format").s == b"NCHW"
        turned = _said(node, "transpose_a").b or _said(node, "transpose_b").b
        if kernel is None or shift is None or others or turned:
            return None
        return Layer(node.op, kernel, _output(node.input[0]), strides, padding, *shift)

    def _shift_behind(self, node: Any) -> tuple[str, int, str | None, str] | None:
        while len(readers := self._readers.get(node.name, [])) == 1:
            (node,) = readers
            if node.op == _BIAS and (bias := self._variable(node.input[1])):
                return bias, 1, bias, _output(node.name)
            if node.op == _BATCH_NORM and (mean := self._variable(node.input[3])):
                return mean, -1, self._variable(node.input[2]), _output(node.name)
            if node.op not in _THROUGH:
                return None
        return None

    def _variable(self, name: str) -> str | None:
        source = _source(name)
        while source not in self.replay.variables:
            node = self._nodes.get(source)
            if node is None or node.op not in _THROUGH:
                return None
            source = _source(node.input[0])
        return self.replay.variables[source]

    def _is_stored(self, node: Any) -> bool:
        if node.op in (*_RELUS, "ConcatV2"):
            return True
        readers = self._readers.get(node.name, [])
        return node.op in _SUMS and not (len(readers) == 1 and readers[0].op in _RELUS)

    def with_maps_of_8_bits(self, ranges: Mapping[str, tuple[float, float]]) -> Any:
        """Returns the graph with each of `stored` rounded to 256 values of its range."""
        graph = tf.compat.v1.GraphDef()
        graph.CopyFrom(self.replay.definition)
        for node in graph.node:
            for i, name in enumerate(node.input):
                if not name.startswith("^") and (source := _source(name)) in ranges:
                    node.input[i] = f"{source}/rounded"
        for name, (low, high) in ranges.items():
            node = graph.node.add(name=f"{name}/rounded", op="FakeQuantWithMinMaxArgs", input=[name])
            node.attr["min"].f, node.attr["max"].f, node.attr["num_bits"].i = low, high, 8
        return graph


def _said(node: Any, name: str) -> Any:
    """Returns an attribute of `node`, an empty one where it has none: asked itself, the node would get it."""
    return node.attr[name] if name in node.attr else tf.compat.v1.AttrValue()


def _source(name: str) -> str:
    return name.removeprefix("^").partition(":")[0]


def _output(name: str) -> str:
    return name if ":" in name else f"{name}:0"


def _needed(nodes: Mapping[str, Any], output: str) -> Iterator[str]:
    """Yields the nodes that `output` is made of, in the order of the graph."""
    wanted, waiting = set(), [output]
    while waiting:
        name = _source(waiting.pop())
        if name in nodes and name not in wanted:
            wanted.add(name)
            waiting += nodes[name].input
    yield from (name for name in nodes if name in wanted)
