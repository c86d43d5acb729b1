"""Finds out what a network function is made of: its variables, its end points, its multiply-adds.

The function is traced once as in training (auxiliary heads exist only there) and once as in inference, under
a variable getter that hands out stand-ins. No variable is made, nothing runs.
"""

import contextlib
import os
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from slimzoo.errors import SlimzooError, listing
from slimzoo.replay import Replay, record
from slimzoo.slim import hosting
from slimzoo.slim.regularizers import Scaled

Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class VariableSpec:
    """One variable as the network function asked for it."""

    name: str  # "vgg_16/conv1/conv1_1/weights"
    shape: tuple[int, ...]
    dtype: tf.DType
    initializer: Any  # a TF 1 initializer, an array, or None for TensorFlow's default
    regularizer: Callable | None
    trainable: bool
    constraint: Callable | None

    @property
    def size(self) -> int:
        """Number of values."""
        return int(np.prod(self.shape, dtype=np.int64))


@dataclass
class Operation:
    """One multiplication with a variable."""

    variable: str
    output_shape: Shape
    multiply_adds: int | None  # of one image; None where a size is not known


@dataclass
class Mode:
    """What the network is in training, or in inference."""

    end_points: dict[str, Shape]
    output_shape: Shape
    operations: list[Operation]  # in order; of inference only


class Discovery:
    """Everything found out about one network function.

    Attributes:
      variables: {name: spec}, in the order of creation.
      models: slimzoo.Models that the function calls.
      replay: the graph of inference, if it was to be kept and can be used again.
    """

    def __init__(self, trace: Callable[["Discovery", bool], Mode]):
        self.variables: dict[str, VariableSpec] = {}
        self.models: list[Any] = []
        self.replay: Replay | None = None
        self._trace = trace
        self._complete = False  # whether all variables are known
        self._modes: dict[bool, Mode] = {}

    def mode(self, is_training: bool) -> Mode:
        """Returns what was found out in this mode; it is traced when it is first asked for."""
        if is_training not in self._modes:
            known = tuple(self.variables)
            outside = contextlib.nullcontext() if tf.executing_eagerly() else tf.init_scope()
            with outside:  # of the graph that its caller is making
                self._modes[is_training] = self._trace(self, is_training)
            if self._complete and (new := [name for name in self.variables if name not in known]):
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


class _Recorder:
    """A variable getter that writes down what it is asked for and returns stand-ins."""

    def __init__(self, specs: dict[str, VariableSpec]):
        self.specs = specs
        self.stand_ins: dict[str, tf.Tensor] = {}
        self.assigned: list[str] = []

    def __call__(self, getter, name, **kwargs):
        del getter  # nothing is created
        reuse, exists = kwargs.get("reuse"), name in self.stand_ins
        if exists and not reuse:
            raise ValueError(
                f"Variable {name} already exists, disallowed. Did you mean to set reuse=True or "
                "reuse=tf.compat.v1.AUTO_REUSE in its variable_scope?"
            )
        if not exists and reuse is True:
            raise ValueError(
                f"Variable {name} does not exist, or was not created with tf.compat.v1.get_variable(). Did "
                "you mean to set reuse=tf.compat.v1.AUTO_REUSE in its variable_scope?"
            )
        if not exists:
            self.stand_ins[name] = self._new(name, kwargs)
        elif not tf.TensorShape(kwargs.get("shape")).is_compatible_with(self.specs[name].shape):
            raise ValueError(
                f"Trying to share variable {name}, but specified shape {kwargs['shape']} and found shape "
                f"{self.specs[name].shape}."
            )
        return self.stand_ins[name]

    def _new(self, name: str, asked: dict) -> tf.Tensor:
        if name in self.specs:
            return self._stand_in(self.specs[name])
        spec = _spec(name, asked)
        stand_in = self._stand_in(spec)
        if not isinstance(spec.regularizer, Scaled | None) and spec.regularizer(stand_in) is None:
            spec = replace(spec, regularizer=None)  # l2_regularizer(0.0) is none
        self.specs[name] = spec
        return stand_in

    def _stand_in(self, spec: VariableSpec) -> tf.Tensor:
        with tf.name_scope(""):
            tensor = tf.compat.v1.placeholder(spec.dtype, spec.shape, name=spec.name)

        def assign(value, *args, **kwargs):
            self.assigned.append(spec.name)
            return tf.identity(value)

        tensor.assign = tensor.assign_add = tensor.assign_sub = assign
        tensor.read_value = tensor.value = lambda: tensor
        return tensor


def _spec(name: str, asked: dict) -> VariableSpec:
    initializer, shape = asked.get("initializer"), asked.get("shape")
    dtype = tf.as_dtype(asked.get("dtype") or tf.float32).base_dtype
    if initializer is not None and not callable(initializer):  # a value: an array, a number, a tensor
        value = tf.get_static_value(tf.convert_to_tensor(initializer))
        if value is None:
            raise SlimzooError(
                f"the initial value of variable {name} is computed in the graph; give a constant"
            )
        initializer, shape, dtype = value, value.shape, tf.as_dtype(value.dtype)
    shape = tf.TensorShape(shape)
    if not shape.is_fully_defined():
        raise SlimzooError(
            f"variable {name} has shape {shape}, which is not fully known. Name height, width and channels "
            "of the images, as input_shape=(224, 224, 3)."
        )
    return VariableSpec(
        name=name,
        shape=tuple(shape.as_list()),
        dtype=dtype,
        initializer=initializer,
        regularizer=asked.get("regularizer"),
        trainable=asked.get("trainable") is not False,
        constraint=asked.get("constraint"),
    )


_LIBRARIES = tuple(f"{os.path.dirname(path)}{os.sep}" for path in (tf.__file__, keras.__file__, __file__))


def _refuse_tf_variable(next_creator, **kwargs):
    frames = traceback.extract_stack()
    where = next((f for f in reversed(frames) if not f.filename.startswith(_LIBRARIES)), frames[-1])
    raise SlimzooError(
        f"the network makes a tf.Variable at {where.filename}, line {where.lineno}: {where.line}\n"
        "slimzoo.Model cannot find such a variable again when the network runs a second time. Use "
        "tf.compat.v1.get_variable, slim.variable or slim.model_variable there, which go by name, or slim's "
        "layers in place of a Keras layer."
    )


class DiscoveryHost:
    """Stands for the Model while nothing exists yet; a Model called inside the network says so here."""

    def __init__(self, models: list[Any], wants_shapes_alone: bool = True):
        self._models = models
        self.wants_shapes_alone = wants_shapes_alone
        self.convolves_by_product = not wants_shapes_alone  # as when it is run
        self.was_asked = False  # for what is another value at every run

    def meet(self, model: Any) -> None:
        """Notes that the network function calls `model`."""
        if not any(known is model for known in self._models):
            self._models.append(model)

    def frozen(self, scope: str) -> bool:
        del scope
        return False

    def random_seed(self) -> tf.Tensor:
        self.was_asked = True
        return tf.constant([0, 0], tf.int32)

    def training_step(self) -> tf.Tensor:
        self.was_asked = True
        return tf.constant(0, tf.int64)


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
    keep: bool = False,
) -> Discovery:
    """Traces `run` (images, is_training) -> logits or (logits, end_points) in training and in inference.

    Args:
      image_shape: (height, width, channels) of `images`, None where unknown.
      modes: of is_training, those that together ask for every variable; another one is traced when something
        about it is asked.
      keep: whether a graph of inference that is traced now shall be there to be run (Discovery.replay).
    Raises: SlimzooError: the function makes a tf.Variable, asks for a shape not fully known, or returns
      something else than a network does. What the function itself raises comes through.
    """
    spec = tf.TensorSpec((None, *image_shape), dtype, name="images")

    def trace(found: Discovery, is_training: bool) -> Mode:
        modes: list[Mode] = []

        def in_graph(images):
            kept = keep and not is_training and not found._complete
            modes.append(_trace_mode(found, run, images, is_training, kept))
            raise _Traced

        try:
            tf.compat.v1.wrap_function(in_graph, [spec])  # tf.function would order the ops, for a tenth more
        except _Traced:
            pass
        except ValueError as error:
            if None in image_shape:
                error.add_note(
                    f"input_shape is {image_shape}; this network may want it known, as (224, 224, 3)"
                )
            raise
        return modes[0]

    found = Discovery(trace)
    for is_training in modes:
        found.mode(is_training)
    found._complete = True
    return found


def _trace_mode(found: Discovery, run: Callable, images: tf.Tensor, is_training: bool, keep: bool) -> Mode:
    tf.compat.v1.set_random_seed(0)  # or random ops refuse to be made under op determinism
    recorder = _Recorder(found.variables)
    host = DiscoveryHost(found.models, wants_shapes_alone=not keep)
    token = hosting.HOST.set(host)
    try:
        scope = tf.compat.v1.get_variable_scope()
        with (
            tf.compat.v1.variable_scope(scope, custom_getter=recorder, reuse=False),
            tf.variable_creator_scope(_refuse_tf_variable),
            tf.GradientTape() as tape,  # it sees which variables are read
        ):
            logits, end_points = split_outputs(run(images, is_training))
    finally:
        hosting.HOST.reset(token)
    _check_variables(tape.watched_variables(), found.models)
    if keep and not (host.was_asked or recorder.assigned or found.models):
        found.replay = record(images, recorder.stand_ins, [logits, *end_points.values()])
    return Mode(
        end_points={key: _shape(tensor) for key, tensor in end_points.items()},
        output_shape=_shape(logits),
        operations=[] if is_training else _operations(logits.graph, recorder.stand_ins),
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


def _shape(tensor: tf.Tensor) -> Shape:
    return () if tensor.shape.rank is None else tuple(tensor.shape.as_list())


_PASS = ("Identity", "Cast", "Reshape", "Transpose", "ReadVariableOp")


def _operations(graph, stand_ins: dict[str, tf.Tensor]) -> list[Operation]:
    names = {id(t.op): name for name, t in stand_ins.items()}
    by_op_name = {t.op.name: name for name, t in stand_ins.items()}
    found = []
    for op in graph.get_operations():
        if op.type not in MULTIPLY_ADDS or len(op.inputs) < 2:
            continue
        source = op.inputs[1].op
        while source.type in _PASS and source.inputs:
            source = source.inputs[0].op
        variable = names.get(id(source)) or by_op_name.get(source.name)
        if variable is not None:
            amount = MULTIPLY_ADDS[op.type](op)
            found.append(Operation(variable, _shape(_result(op)), amount))
    return found


def _result(op) -> tf.Tensor:
    """Returns what `op` puts out; a matmul in place of a convolution: the map that is made of it at once."""
    after = op.outputs[0].consumers() if op.type == "MatMul" else []
    return after[0].outputs[0] if [user.type for user in after] == ["Reshape"] else op.outputs[0]


def _convolution_multiply_adds(op) -> int | None:
    """Output positions x kernel values; a kernel is [h, w, in, out], or depthwise [h, w, in, multiplier]."""
    out, kernel = _shape(op.outputs[0]), _shape(op.inputs[1])
    channels_first = op.get_attr("data_format").startswith(b"NC")
    positions = out[2:] if channels_first else out[1:-1]
    return _product((*positions, *kernel))


def _matmul_multiply_adds(op) -> int | None:
    return _product(_shape(op.inputs[1]))


def _product(sizes) -> int | None:
    return None if None in sizes else int(np.prod(sizes, dtype=np.int64))


MULTIPLY_ADDS: dict[str, Callable] = {
    "Conv2D": _convolution_multiply_adds,
    "Conv3D": _convolution_multiply_adds,
    "DepthwiseConv2dNative": _convolution_multiply_adds,
    "MatMul": _matmul_multiply_adds,
}
