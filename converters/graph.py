"""The layers of a graph, in an order that two graphs of one network have in common, whatever wrote them.

The order is that in which a walk back from the outputs meets them, first inputs first: branches come in the
order in which they are joined, not in that in which a file lists its operations.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from slimzoo.converters.source import Tensor

KERNELS = ("conv", "depthwise", "dense")  # kinds of operations whose second input is a kernel
_RANKS = {"conv": 4, "depthwise": 4, "dense": 2}
_AFTER = (
    "bias",
    "add",
    "sub",
    "mul",
    "div",
    "norm",
)  # kinds that, with constants, may belong to the layer before
_STEPS, _TIMES = 50_000, 2  # of walks: any graph may take so many, and come so often to each input
FUNCTIONS = ("relu", "relu6", "sigmoid", "tanh", "elu", "leaky relu")  # kinds that are not linear
_FUNCTIONS_ALONE = [{kind} for kind in FUNCTIONS]
_SAME = "same"  # moves or marks values, and leaves the channels where they are
TENSORFLOW_KINDS = {  # TensorFlow's name of an operation: its kind
    "Conv2D": "conv",
    "DepthwiseConv2dNative": "depthwise",
    "MatMul": "dense",
    "BiasAdd": "bias",
    "Add": "add",
    "AddV2": "add",
    "Sub": "sub",
    "Mul": "mul",
    "RealDiv": "div",
    **dict.fromkeys(("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"), "norm"),
    "Relu": "relu",
    "Relu6": "relu6",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Elu": "elu",
    "LeakyRelu": "leaky relu",
    **dict.fromkeys(("Identity", "StopGradient", "CheckNumerics", "PlaceholderWithDefault", "Cast"), _SAME),
    **dict.fromkeys(("FakeQuantWithMinMaxVars", "FakeQuantWithMinMaxArgs", "Squeeze", "Reshape"), _SAME),
    **dict.fromkeys(("SpaceToBatchND", "BatchToSpaceND"), _SAME),
}
TENSORFLOW_DILATES = ("SpaceToBatchND", "BatchToSpaceND")


@dataclass(frozen=True)
class Constant:
    """Values that are there before the graph runs, in TensorFlow's layout.

    Attributes:
      tensor: the values; None for those of variables.
      names: the variables that they are computed from.
    """

    shape: tuple[int, ...]
    tensor: Tensor | None = None
    names: tuple[str, ...] = ()

    @property
    def inputs(self) -> int:
        """Of a kernel: how many numbers each of its channels is a sum over."""
        return math.prod(self.shape[:-1])

    @property
    def is_vector(self) -> bool:
        """Whether there may be one for each channel: [C], [1, 1, C]."""
        return self.shape != () and math.prod(self.shape) == max(self.shape)

    @property
    def is_number(self) -> bool:
        """Whether it is one for all channels, and known."""
        return math.prod(self.shape) == 1 and self.tensor is not None


@dataclass(frozen=True)
class Op:
    """One operation; its values are known by name.

    Attributes:
      kind: one of KERNELS, of those that may follow one, of FUNCTIONS, "same", or "" for any other.
      dilated: it spreads a kernel over every other pixel, or more.
      activation: the function that is not linear and comes after it, in the same operation.
    """

    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    stride: int = 1
    dilated: bool = False
    epsilon: float = 0.0
    activation: str = ""


@dataclass(frozen=True)
class Graph:
    """Operations, the values that come out of it, and those that are constant."""

    ops: Sequence[Op]
    outputs: Sequence[str]
    constants: Mapping[str, Constant]


@dataclass(frozen=True)
class Step:
    """What is done to each channel, by constants."""

    kind: str
    constants: tuple[Constant, ...]
    epsilon: float = 0.0


@dataclass(frozen=True)
class Layer:
    """A multiplication with a kernel, and what is done to its channels at once; or the latter alone.

    Attributes:
      kind: one of KERNELS, or "norm".
      dilated: kernels of its graph are, so that its strides may be other ones than the network's.
      before: the numbers that its inputs are multiplied with; writers of graphs put these into kernels.
      images: what is done by constants to the images, where no layer comes before this one.
      then: the function, as one of FUNCTIONS, that is applied to its channels; "" for none that is known.
    """

    kind: str
    kernel: Constant | None
    steps: tuple[Step, ...]
    stride: int = 1
    dilated: bool = False
    before: tuple[Step, ...] = ()
    images: tuple[Step, ...] = ()
    then: str = ""

    @property
    def channels(self) -> int:
        """Of its output."""
        if self.kernel is None:
            return max(max(c.shape) for step in self.steps for c in step.constants)
        return math.prod(self.kernel.shape[2:] if self.kind == "depthwise" else self.kernel.shape[-1:])

    @property
    def constants(self) -> tuple[Constant, ...]:
        """All that it computes with."""
        kernel = () if self.kernel is None else (self.kernel,)
        return (*kernel, *(constant for step in self.steps for constant in step.constants))

    def __str__(self) -> str:
        kernel = "" if self.kernel is None else f" {list(self.kernel.shape)}, stride {self.stride}"
        return f"{self.kind}{kernel or f' of {self.channels} channels'}"


class _Ways:
    """Where the values of a graph come from and go to, and what walking along them may cost.

    Attributes:
      consumers: the operations that take a value, each once.
      producers: the operation that a value comes out of.
      ends: the values that come out of the graph.
    """

    def __init__(self, graph: Graph):
        self.consumers: dict[str, list[Op]] = {}
        for op in graph.ops:
            for value in dict.fromkeys(op.inputs):
                self.consumers.setdefault(value, []).append(op)
        self.producers = {value: op for op in graph.ops for value in op.outputs}
        self.ends = frozenset(graph.outputs)
        self.left = _STEPS + _TIMES * sum(1 + len(op.inputs) for op in graph.ops)

    def step(self, op: Op) -> None:
        """Counts that a walk comes to `op`. Raises ValueError: they come to no end, or cross too often."""
        self.left -= 1 + len(op.inputs)
        if self.left < 0:
            raise ValueError("its operations go in a circle, or lead to one another absurdly often")


def layers_of(graph: Graph) -> list[Layer]:
    """Returns the layers of `graph` in the order of a walk back from its outputs.

    Raises: ValueError: it has a circle of operations that a layer would be part of, or is absurdly woven.
    """
    ways = _Ways(graph)
    found: list[Layer] = []
    taken: set[int] = set()
    for op in _in_order(graph, ways.producers):
        if id(op) not in taken and (start := _start(op, graph)):
            steps, ops, then = _steps(op, start, graph, ways)
            taken.update(map(id, ops))
            start = replace(start, steps=(*start.steps, *steps), then=then)
            found.append(_with_inputs(start, op, graph, ways))
    dilated = any(op.dilated for op in graph.ops)
    return [replace(layer, dilated=dilated) for layer in found]


def _start(op: Op, graph: Graph) -> Layer | None:
    """Returns the layer that begins with `op`, with what `op` itself adds; None where none does."""
    kernel = graph.constants.get(op.inputs[1]) if op.kind in KERNELS and len(op.inputs) > 1 else None
    if kernel and len(kernel.shape) == _RANKS[op.kind]:
        bias = graph.constants.get(op.inputs[2]) if len(op.inputs) > 2 else None
        steps = (Step("bias", (bias,)),) if bias else ()
        return Layer(op.kind, kernel, steps, op.stride)
    step = _step(op, graph) if op.kind in ("mul", "norm") else None
    return Layer("norm", None, (step,)) if step and all(c.is_vector for c in step.constants) else None


def _with_inputs(layer: Layer, op: Op, graph: Graph, ways: _Ways) -> Layer:
    """Returns `layer`, which begins with `op`, with what is done by constants to what goes into it."""
    found: list[Step] = []
    while source := ways.producers.get(op.inputs[0]):
        ways.step(source)
        step = _step(source, graph)
        computed = tuple(value for value in source.inputs if value not in graph.constants)
        if not computed or source.activation or not (step or source.kind == _SAME):
            break
        found += [step] if step else []
        op = replace(source, inputs=computed)
    if source is None:
        return replace(layer, images=tuple(found))
    return replace(layer, before=tuple(itertools.takewhile(_multiplies, found)))


def _multiplies(step: Step) -> bool:
    return step.kind in ("mul", "div") and all(constant.is_number for constant in step.constants)


def _steps(op: Op, layer: Layer, graph: Graph, ways: _Ways) -> tuple[list[Step], list[Op], str]:
    """Returns what is done by constants to what comes out of `op` alone, by which operations; what then."""
    steps: list[Step] = []
    ops: list[Op] = []
    then = op.activation
    while not then and len(op.outputs) and op.outputs[0] not in ways.ends:
        ways.step(op)
        users = ways.consumers.get(op.outputs[0], [])
        if {user.kind for user in users} in _FUNCTIONS_ALONE:  # some writers merge equal operations
            then = users[0].kind
        if then or len(users) != 1:
            break
        op = users[0]
        step = _step(op, graph)
        if step and all(math.prod(c.shape) in (1, layer.channels) for c in step.constants):
            steps.append(step)
            ops.append(op)
            then = op.activation
        elif op.kind != _SAME:
            break
    return steps, ops, then


def _step(op: Op, graph: Graph) -> Step | None:
    """Returns what `op` does to channels, None where it is something else."""
    if op.kind not in _AFTER:
        return None
    computed = [value for value in op.inputs if value not in graph.constants]
    constants = tuple(graph.constants[value] for value in op.inputs if value in graph.constants)
    turned = op.kind in ("sub", "div") and op.inputs[0] in graph.constants  # a constant less the channels
    known = all(c.is_vector or c.is_number for c in constants)
    if len(computed) != 1 or turned or not constants or not known:
        return None
    return Step(op.kind, constants, op.epsilon)


def _in_order(graph: Graph, producers: Mapping[str, Op]) -> Iterator[Op]:
    """Yields the operations that the outputs are computed by, each after its inputs."""
    weights = _signatures(graph, producers)
    seen: set[int] = set()
    waiting = [(value, False) for value in reversed(graph.outputs)]
    while waiting:
        value, inputs_done = waiting.pop()
        op = producers.get(value)
        if op is None or value in graph.constants:
            continue
        if inputs_done:
            yield op
        elif id(op) not in seen:
            seen.add(id(op))
            waiting.append((value, True))
            waiting += [(inner, False) for inner in reversed(_ordered(op, weights))]


def _ordered(op: Op, signatures: Mapping[str, int]) -> list[str]:
    """Returns the inputs of `op`; those of a sum, which may be swapped, by what they are computed by."""
    if op.kind not in ("add", "mul"):
        return list(op.inputs)
    return sorted(op.inputs, key=lambda value: signatures.get(value, 0))


def _signatures(graph: Graph, producers: Mapping[str, Op]) -> dict[str, int]:
    """Returns {value: a number that is equal where it is computed by equal layers}; 0 for none."""
    found: dict[str, int] = {}
    waiting = list(reversed(graph.outputs))
    open_: set[str] = set()
    while waiting:
        value = waiting[-1]
        if value in found:
            waiting.pop()
            continue
        op = producers.get(value)
        inner = [] if op is None or value in graph.constants else list(op.inputs)
        missing = [name for name in inner if name not in found and name not in open_]
        if missing:
            open_.add(value)
            waiting += missing
            continue
        waiting.pop()
        found[value] = 0 if op is None or not inner else _signature(op, graph, found)
    return found


def _signature(op: Op, graph: Graph, found: Mapping[str, int]) -> int:
    inner = [found.get(value, 0) for value in op.inputs]
    inner = [number for number in (sorted(inner) if op.kind in ("add", "mul") else inner) if number]
    layer = _start(op, graph) if op.kind in KERNELS else None
    if layer is None or layer.kernel is None:
        return inner[0] if len(inner) == 1 else hash(tuple(inner)) if inner else 0
    return hash((layer.kind == "depthwise", math.prod(layer.kernel.shape), layer.channels, *inner))
