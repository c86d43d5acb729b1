"""From a network and values of its variables to what engines run: a graph without variables."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, NoReturn

import tensorflow as tf

from slimzoo.engines.frozen import Frozen, GraphDef, node_of, pruned
from slimzoo.errors import SlimzooError, listing
from slimzoo.model.binding import BoundRun
from slimzoo.names import check_names
from slimzoo.tracing.discovery import Discovery, split_outputs
from slimzoo.tracing.parts import Parts

LOGITS = "logits"  # what the result of a predictor calls them, beside the end points it was asked for
_RESOURCES = ("resource", "variant")  # dtypes that no engine takes


@dataclass(frozen=True)
class Skeleton:
    """A network's graph of inference; the values are yet to come.

    Attributes:
      definition: the nodes that the outputs need.
      variables: {node that is not in it: variable}.
      captured: {node that is not in it: value}, of Models inside and tensors of the caller's.
    """

    definition: Any
    images: str
    spec: tf.TensorSpec
    variables: Mapping[str, str]
    captured: Mapping[str, Any]
    outputs: tuple[str, ...]

    def filled(self, values: Mapping[str, Any]) -> Frozen:
        """Returns it with the values of those `values` that it needs; others are not looked up."""
        used = {node_of(name) for node in self.definition.node for name in node.input}
        used |= {node_of(name) for name in self.outputs}
        own = {node: values[name] for node, name in self.variables.items() if node in used}
        return Frozen(
            definition=self.definition,
            images=self.images,
            spec=self.spec,
            values={**own, **{node: value for node, value in self.captured.items() if node in used}},
            outputs=self.outputs,
        )


def skeleton(parts: Parts, discovery: Discovery, end_points: Iterable[str] = ()) -> Skeleton:
    """Returns the graph of the logits and `end_points`: discovery's, or one that is traced now.

    Raises: SlimzooError: no such end point; a network that draws random
      numbers in inference, or keeps its variables inside functions.
    """
    keys = tuple(end_points)
    known = discovery.mode(False).end_points
    check_names("end point", keys, known)
    replay = discovery.replay
    if replay is None or (parts.data_format == "NCHW" and keys):
        return _traced(parts, discovery, keys)
    by_key = dict(zip(known, replay.outputs[1:], strict=True))
    outputs = (replay.outputs[0], *(by_key[key] for key in keys))
    return Skeleton(
        definition=pruned(replay.definition, outputs),
        images=replay.images,
        spec=replay.spec,
        variables=replay.variables,
        captured={},
        outputs=outputs,
    )


class _FreezingRun(BoundRun):
    """A run on placeholders, which have nothing that could be drawn from."""

    def random_seed(self) -> NoReturn:
        """Raises SlimzooError: what is frozen gives the same numbers at every run."""
        raise SlimzooError(
            "this network draws random numbers in inference, and an engine would give the same ones at every "
            "run; call the Model itself"
        )

    def training_step(self) -> tf.Tensor:
        """Returns 0: in inference nothing depends on it."""
        return tf.constant(0, tf.int64)


def _traced(parts: Parts, discovery: Discovery, keys: tuple[str, ...]) -> Skeleton:
    """Runs the network function on placeholders in place of its variables, in a graph of its own."""
    stand_ins: dict[str, str] = {}

    def network(images: tf.Tensor) -> dict[str, tf.Tensor]:
        tf.compat.v1.set_random_seed(0)  # or random ops refuse to be made under op determinism
        variables = {}
        for i, spec in enumerate(discovery.variables.values()):
            tensor = tf.compat.v1.placeholder(spec.dtype, spec.shape, name=f"slimzoo_variable_{i}")
            stand_ins[tensor.op.name] = spec.name
            variables[spec.name] = SimpleNamespace(value=_WithValue(tensor), shape=tensor.shape)
        run = _FreezingRun(variables, (), True, tf.constant([0, 0], tf.int64))
        logits, named = split_outputs(run(parts.run, images, False))
        by_key = dict(zip(discovery.mode(False).end_points, named.values(), strict=True))
        found = [logits, *(_channels_last(parts, by_key[key]) for key in keys)]
        return {f"output_{i}": tf.identity(tf.cast(t, tf.float32)) for i, t in enumerate(found)}

    spec = tf.TensorSpec((None, *parts.input_shape), tf.float32, name="slimzoo_images")
    function = tf.compat.v1.wrap_function(network, [spec])
    outputs = tuple(function.structured_outputs[f"output_{i}"].name for i in range(1 + len(keys)))
    definition = pruned(function.graph.as_graph_def(), outputs)
    images, *captures = function.inputs
    captured = dict(zip((t.op.name for t in captures), function.captured_inputs, strict=True))
    definition, values = _without_variables(definition, captured, discovery.models)
    known = {images.op.name, *stand_ins, *captured}
    nodes = [node for node in definition.node if node.name not in known]
    _check_pure(function.graph, nodes, values)
    definition = GraphDef(node=nodes, versions=definition.versions, library=definition.library)
    return Skeleton(definition, images.op.name, spec, stand_ins, values, outputs)


class _WithValue:
    """A tensor where slim's layers expect a variable: what they read of one is there."""

    def __new__(cls, tensor: tf.Tensor) -> Any:
        """Returns the tensor itself, with what a variable has besides."""
        tensor.read_value = tensor.value = lambda: tensor
        return tensor


def _channels_last(parts: Parts, tensor: tf.Tensor) -> tf.Tensor:
    channels_first = parts.data_format == "NCHW" and tensor.shape.rank == 4
    return tf.transpose(tensor, (0, 2, 3, 1)) if channels_first else tensor


def _without_variables(
    definition: Any, captured: Mapping[str, Any], models: Iterable[Any]
) -> tuple[Any, dict[str, Any]]:
    """Returns the graph with values in place of what it reads of variables, and {node: value}."""
    variables = [variable.value for model in models for variable in model.variables]
    owners = {name: v for name, given in captured.items() for v in variables if v.handle is given}
    values = {name: given for name, given in captured.items() if given.dtype.name not in _RESOURCES}
    kept = []
    for node in definition.node:
        if node.op == "ReadVariableOp" and (owner := owners.get(node_of(node.input[0]))) is not None:
            values[node.name] = tf.convert_to_tensor(owner)
        else:
            kept.append(node)
    return GraphDef(node=kept, versions=definition.versions, library=definition.library), values


def _check_pure(graph: tf.Graph, nodes: Iterable[Any], values: Mapping[str, Any]) -> None:
    """Raises SlimzooError where `nodes` are more than a function of the images and the values."""
    bound = [
        node.name
        for node in nodes
        if node.name not in values
        and (graph.get_operation_by_name(node.name).op_def.is_stateful or _takes_resources(graph, node.name))
    ]
    if bound:
        raise SlimzooError(
            listing("this network cannot be run by an engine: these ops have a state of their own:", bound, 8)
            + "\nRandom numbers, tables, files and variables inside a tf.function or tf.cond are such; call "
            "the Model itself"
        )


def _takes_resources(graph: tf.Graph, name: str) -> bool:
    inputs = graph.get_operation_by_name(name).inputs
    return any(tensor.dtype.name in _RESOURCES for tensor in inputs)


class ValuesOf(Mapping[str, Any]):
    """{slim name: tensor} of variables, each read when it is asked for; the memory is shared."""

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self._variables = variables

    def __getitem__(self, name: str) -> tf.Tensor:
        return tf.convert_to_tensor(self._variables[name].value)

    def __iter__(self) -> Any:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)
