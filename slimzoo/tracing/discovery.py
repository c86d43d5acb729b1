"""Finds out what a network function is made of: its variables, its end points, its multiply-adds.

The function is traced once as in training (auxiliary heads exist only there) and once as in inference, under
a variable getter that hands out stand-ins. No variable is made, nothing runs.
"""

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NoReturn

import tensorflow as tf

from slimzoo.errors import SlimzooError, listing
from slimzoo.slim.hosting import hosted_by
from slimzoo.tracing.multiply_adds import Operation, Shape, operations_on_variables, shape_of
from slimzoo.tracing.replay import Replay, record
from slimzoo.tracing.stand_ins import DiscoveryHost, Recorder, VariableSpec, refuse_tf_variable


@dataclass
class Mode:
    """What the network is in training, or in inference."""

    end_points: dict[str, Shape]
    dtypes: dict[str, str]  # of the end points
    output_shape: Shape
    operations: list[Operation]  # in order; of inference only


class Discovery:
    """Everything found out about one network function.

    Attributes:
      variables: {name: spec}, in the order of creation.
      models: slimzoo.Models that the function calls.
      complete: whether all variables are known.
      replay: the graph of inference, if it was to be kept and can be used again.
    """

    def __init__(self, trace: Callable[["Discovery", bool], Mode]):
        self.variables: dict[str, VariableSpec] = {}
        self.models: list[Any] = []
        self.complete = False
        self.replay: Replay | None = None
        self._trace = trace
        self._modes: dict[bool, Mode] = {}

    def find_variables(self, modes: Iterable[bool]) -> None:
        """Traces the modes, of is_training, that together ask for every variable."""
        for is_training in modes:
            self.mode(is_training)
        self.complete = True

    def mode(self, is_training: bool) -> Mode:
        """Returns what was found out in this mode; it is traced when it is first asked for."""
        if is_training not in self._modes:
            known = tuple(self.variables)
            outside = contextlib.nullcontext() if tf.executing_eagerly() else tf.init_scope()
            with outside:  # of the graph that its caller is making
                self._modes[is_training] = self._trace(self, is_training)
            if self.complete and (new := [name for name in self.variables if name not in known]):
                raise SlimzooError(
                    listing(f"the network asks for variables only where is_training is {is_training}:", new)
                )
        return self._modes[is_training]

    @property
    def end_points(self) -> dict[bool, dict[str, Shape]]:
        """{is_training: {key: shape}}."""
        return {is_training: self.mode(is_training).end_points for is_training in (True, False)}

    @property
    def output_shape(self) -> Shape:
        """Of the logits, in inference."""
        return self.mode(False).output_shape

    @property
    def operations(self) -> list[Operation]:
        """Of inference, in order."""
        return self.mode(False).operations


class _Traced(Exception):
    """Ends a trace whose graph nobody needs."""


def split_outputs(outputs: Any) -> tuple[tf.Tensor, dict[str, Any]]:
    """Returns (logits, end points) of what a network function returned: a tensor, or a pair of these.

    Raises: SlimzooError: it is something else.
    """
    if isinstance(outputs, tuple) and len(outputs) == 2 and isinstance(outputs[1], dict):
        logits, end_points = outputs
    else:
        logits, end_points = outputs, {}
    if not tf.is_tensor(logits):
        raise SlimzooError(
            "a network function returns its logits, or (logits, end_points) with a dict of tensors; this one "
            f"returned {type(outputs).__name__}: {outputs!r:.200}"
        )
    return logits, {key: value for key, value in end_points.items() if tf.is_tensor(value)}


def discover(
    run: Callable[[tf.Tensor, bool], Any],
    image_shape: Shape,
    dtype: tf.DType,
    modes: tuple[bool, ...] = (True, False),
    *,
    for_shapes: bool = True,
    keep_graph: bool = False,
) -> Discovery:
    """Traces `run` (images, is_training) -> logits or (logits, end_points) in training and in inference.

    Args:
      image_shape: (height, width, channels) of `images`, None where unknown.
      modes: of is_training, those that together ask for every variable; another one is traced when something
        about it is asked.
      for_shapes: whether layers may leave out what changes no shape.
      keep_graph: whether a graph of inference that is traced now shall be there to be run, whole
        (Discovery.replay).
    Raises: SlimzooError: the function makes a tf.Variable, asks for a shape not fully known, or returns
      something else than a network does. What the function itself raises comes through.
    """
    spec = tf.TensorSpec((None, *image_shape), dtype, name="images")

    def trace(found: Discovery, is_training: bool) -> Mode:
        kept = keep_graph and not is_training and not found.complete
        host = DiscoveryHost(found.models, for_shapes=for_shapes and not kept, as_run=kept)
        try:
            return _in_scratch_graph(
                spec, lambda images: _trace_mode(found, host, run, images, is_training, kept)
            )
        except ValueError as error:
            if None in image_shape:
                error.add_note(
                    f"input_shape is {image_shape}; this network may want it known, as (224, 224, 3)"
                )
            raise

    found = Discovery(trace)
    found.find_variables(modes)
    return found


def _in_scratch_graph(spec: tf.TensorSpec, build: Callable[[tf.Tensor], Mode]) -> Mode:
    """Returns what `build` makes of a placeholder, in a graph that ends with it."""
    made: list[Mode] = []

    def in_graph(images: tf.Tensor) -> NoReturn:
        made.append(build(images))
        raise _Traced

    with contextlib.suppress(_Traced):
        tf.compat.v1.wrap_function(in_graph, [spec])  # tf.function would order the ops, for a tenth more
    return made[0]


def _trace_mode(
    found: Discovery, host: DiscoveryHost, run: Callable, images: tf.Tensor, is_training: bool, keep: bool
) -> Mode:
    tf.compat.v1.set_random_seed(0)  # or random ops refuse to be made under op determinism
    recorder = Recorder(found.variables)
    scope = tf.compat.v1.get_variable_scope()
    with (
        hosted_by(host),
        tf.compat.v1.variable_scope(scope, custom_getter=recorder, reuse=False),
        tf.variable_creator_scope(refuse_tf_variable),
        tf.GradientTape() as tape,  # it sees which variables are read
    ):
        logits, end_points = split_outputs(run(images, is_training))
    _check_variables(tape.watched_variables(), found.models)
    if keep and not (host.was_asked or recorder.assigned or found.models):
        found.replay = record(images, recorder.stand_ins, [logits, *end_points.values()])
    return Mode(
        end_points={key: shape_of(tensor) for key, tensor in end_points.items()},
        dtypes={key: tensor.dtype.name for key, tensor in end_points.items()},
        output_shape=shape_of(logits),
        operations=[] if is_training else operations_on_variables(logits.graph, recorder.stand_ins),
    )


def _check_variables(read: Iterable[tf.Variable], models: list[Any]) -> None:
    """Raises SlimzooError if the function trains variables of others than itself and the Models it calls."""
    owned = {id(variable.value) for model in models for variable in model.variables}
    foreign = [v.name for v in read if id(v) not in owned]
    if foreign:
        raise SlimzooError(
            listing("the network uses variables that were made outside of it:", foreign)
            + "\nThey would be neither trained nor saved with this Model. Make them in the function, by slim "
            "layers or tf.compat.v1.get_variable; or make a slimzoo.Model of the part that has "
            "them, and call it here."
        )
