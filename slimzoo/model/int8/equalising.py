"""Channels of a map that use as much of eight bits as its largest: scales moved between convolutions.

Between two convolutions with no more than batch norm, a bias and a ReLU between them, a channel can be
multiplied by the first and divided by the second: Nagel et al. 2019, arXiv:1906.04721, section 4.1. A map has
one scale for all of its channels, a kernel one for each of those that it makes; so a channel that never comes
near the largest value of its map loses bits, and gets them back here at no cost where a depthwise convolution
follows. ReLU6 stays what it is: channels only grow, up to the 6 that the largest of them has.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from slimzoo.tracing.replay import Replay

_LIMITS = {"Relu": np.inf, "Relu6": 6.0}  # operation: the most that it lets through
_DEPTHWISE, _DENSE = "DepthwiseConv2dNative", "Conv2D"
_SHARE = {
    _DEPTHWISE: 1.0,
    _DENSE: 0.5,
}  # of the growth, by what follows: kernels of the second lose what it wins
_MOST = 64.0  # times that a channel grows
_BATCH_NORM = "FusedBatchNormV3"


@dataclass(frozen=True)
class Pair:
    """Two neighbouring convolutions.

    Attributes:
      grown: variables of the first whose last axis is multiplied.
      shrunk: the kernel of the second [h, w, channels, ...], whose channels are divided.
      between: the tensor of the map between them.
      limit: the most that its ReLU lets through.
      share: the power of the growth that is taken.
    """

    grown: tuple[str, ...]
    shrunk: str
    between: str
    limit: float
    share: float


def equalised(
    replay: Replay, values: Mapping[str, np.ndarray], images: Iterable[np.ndarray]
) -> dict[str, np.ndarray]:
    """Returns `values` of the same network, within rounding, whose maps use eight bits better."""
    found = dict(values)
    pairs = pairs_of(replay)
    if not pairs:
        return found
    for pair, largest in zip(
        pairs, largest_of(replay, values, [p.between for p in pairs], images), strict=True
    ):
        top = min(pair.limit, float(largest.max()))
        growth = np.clip(top / np.maximum(largest, 1e-9), 1.0, _MOST) ** pair.share
        growth = np.where(largest > 0, growth, 1.0).astype(np.float32)
        for name in pair.grown:
            found[name] = found[name] * growth
        found[pair.shrunk] = found[pair.shrunk] / growth[:, None]
    return found


def largest_of(
    replay: Replay, values: Mapping[str, np.ndarray], tensors: list[str], images: Iterable[np.ndarray]
) -> list[np.ndarray]:
    """Returns the largest value in each channel, [C], of each of the maps `tensors` [N, H, W, C]."""
    constants = {place: values[name] for place, name in replay.variables.items()}

    @tf.function(autograph=False, reduce_retracing=True)
    def run(batch: tf.Tensor) -> list[tf.Tensor]:
        given = {replay.images: batch, **{place: tf.constant(value) for place, value in constants.items()}}
        maps = tf.graph_util.import_graph_def(replay.definition, given, tensors, name="")
        return [tf.reduce_max(found, (0, 1, 2)) for found in maps]

    batches = [[part.numpy() for part in run(tf.constant(batch))] for batch in images]
    return [np.max(parts, axis=0) for parts in zip(*batches, strict=True)]


def pairs_of(replay: Replay) -> list[Pair]:
    """Returns every pair of the network, in the order of the second."""
    nodes = {node.name: node for node in replay.definition.node}
    readers: dict[str, int] = {}
    for node in nodes.values():
        for name in {_source(name) for name in node.input}:
            readers[name] = readers.get(name, 0) + 1
    graph = _Graph(nodes, readers, dict(replay.variables))
    found = [graph.pair_before(node) for node in nodes.values() if node.op in _SHARE]
    return [pair for pair in found if pair]


def _source(name: str) -> str:
    return name.removeprefix("^").partition(":")[0]


@dataclass(frozen=True)
class _Graph:
    """Nodes by name, by how many others each is read, and which are variables."""

    nodes: Mapping[str, Any]
    readers: Mapping[str, int]
    variables: Mapping[str, str]

    def pair_before(self, second: Any) -> Pair | None:
        """Returns the pair whose second convolution is `second`, None where none stands before it."""
        shrunk = self.variable(second.input[1])
        terms: list[str | None] = []
        between, limit = "", np.inf
        node = self.alone(second.input[0])
        while node is not None and node.op not in _SHARE:
            if node.op in _LIMITS and not between:
                between, limit = f"{node.name}:0", _LIMITS[node.op]
            elif node.op == _BATCH_NORM and not terms:
                terms = [self.variable(node.input[1]), self.variable(node.input[2])]
            elif node.op != "Identity":
                return None
            node = self.alone(node.input[0])
        if node is None or shrunk is None or not between or not terms or None in terms:
            return None
        return Pair(tuple(filter(None, terms)), shrunk, between, limit, _SHARE[second.op])

    def alone(self, name: str) -> Any:
        """Returns the node that makes `name`, None where others read it too."""
        source = _source(name)
        return self.nodes.get(source) if self.readers.get(source) == 1 else None

    def variable(self, name: str) -> str | None:
        """Returns which variable `name` is."""
        source = _source(name)
        while source not in self.variables:
            node = self.nodes.get(source)
            if node is None or node.op != "Identity":
                return None
            source = _source(node.input[0])
        return self.variables[source]
