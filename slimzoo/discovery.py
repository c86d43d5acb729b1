"""Finds out what a network function is made of: its variables, its end points, its multiply-adds.

The function is traced once as in training (auxiliary heads exist only there) and once as in inference, under a
variable getter that hands out stand-ins. No variable is made, nothing runs.
"""

import os
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import tensorflow as tf

from slimzoo.errors import SlimzooError
from slimzoo.slim import hosting

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
class Discovery:
    """Everything found out about one network function."""

    variables: dict[str, VariableSpec] = field(default_factory=dict)  # in the order of creation
    end_points: dict[bool, dict[str, Shape]] = field(default_factory=dict)  # by is_training
    output_shape: Shape = ()
    operations: list[Operation] = field(default_factory=list)  # of inference, in order


class _Traced(Exception):
    """Ends a trace whose graph nobody needs."""


class _Recorder:
    """A variable getter that writes down what it is asked for and returns stand-ins."""

    def __init__(self, specs: dict[str, VariableSpec]):
        self.specs = specs
        self.stand_ins: dict[str, tf.Tensor] = {}

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
                f"Variable {name} does not exist, or was not created with tf.compat.v1.get_variable(). Did you "
                "mean to set reuse=tf.compat.v1.AUTO_REUSE in its variable_scope?"
            )
        if not exists:
            spec = self.specs.get(name) or _spec(name, kwargs)
            self.stand_ins[name] = _stand_in(spec)
            if spec.regularizer is not None and spec.regularizer(self.stand_ins[name]) is None:
                spec = replace(spec, regularizer=None)  # l2_regularizer(0.0) is none
            self.specs.setdefault(name, spec)
        elif not tf.TensorShape(kwargs.get("shape")).is_compatible_with(self.specs[name].shape):
            raise ValueError(
                f"Trying to share variable {name}, but specified shape {kwargs['shape']} and found shape "
                f"{self.specs[name].shape}."
            )
        return self.stand_ins[name]


def _spec(name: str, asked: dict) -> VariableSpec:
    initializer, shape = asked.get("initializer"), asked.get("shape")
    dtype = tf.as_dtype(asked.get("dtype") or tf.float32).base_dtype
    if initializer is not None and not callable(initializer):  # a value: an array, a number, a tensor
        value = tf.get_static_value(tf.convert_to_tensor(initializer))
        if value is None:
            raise SlimzooError(f"the initial value of variable {name} is computed in the graph; give a constant")
        initializer, shape, dtype = value, value.shape, tf.as_dtype(value.dtype)
    shape = tf.TensorShape(shape)
    if not shape.is_fully_defined():
        raise SlimzooError(
            f"variable {name} has shape {shape}, which is not fully known. Name height, width and channels of "
            "the images, as input_shape=(224, 224, 3)."
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


def _stand_in(spec: VariableSpec) -> tf.Tensor:
    with tf.name_scope(""):
        tensor = tf.compat.v1.placeholder(spec.dtype, spec.shape, name=spec.name)
    for name in ("assign", "assign_add", "assign_sub"):
        setattr(tensor, name, lambda value, *args, **kwargs: tf.identity(value))
    tensor.read_value = tensor.value = lambda: tensor
    return tensor


def _refuse_tf_variable(next_creator, **kwargs):
    frames = [f for f in traceback.extract_stack() if f"{os.sep}tensorflow{os.sep}" not in f.filename]
    where = next((f for f in reversed(frames) if f.filename != __file__), frames[-1])
    raise SlimzooError(
        f"the network makes a tf.Variable at {where.filename}, line {where.lineno}: {where.line}\n"
        "slimzoo.Model cannot find such a variable again when the network runs a second time. Use "
        "tf.compat.v1.get_variable, slim.variable or slim.model_variable there, which go by name."
    )


class _DiscoveryHost:
    """Stands for the Model while nothing exists yet."""

    def frozen(self, scope: str) -> bool:
        del scope
        return False

    def random_seed(self) -> tf.Tensor:
        return tf.constant([0, 0], tf.int32)


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


def discover(run: Callable[[tf.Tensor, bool], Any], image_shape: Shape, dtype: tf.DType) -> Discovery:
    """Traces `run` (images, is_training) -> logits or (logits, end_points) in both modes.

    Args:
      image_shape: (height, width, channels) of `images`, None where unknown.
    Raises: SlimzooError: the function makes a tf.Variable, asks for a shape not fully known, or returns
      something else than a network does. What the function itself raises comes through.
    """
    found = Discovery()
    spec = tf.TensorSpec((None, *image_shape), dtype, name="images")
    for is_training in (True, False):

        def trace(images, is_training=is_training):
            tf.compat.v1.set_random_seed(0)  # or random ops refuse to be made under op determinism
            recorder = _Recorder(found.variables)
            token = hosting.HOST.set(_DiscoveryHost())
            try:
                scope = tf.compat.v1.get_variable_scope()
                with (
                    tf.compat.v1.variable_scope(scope, custom_getter=recorder, reuse=False),
                    tf.variable_creator_scope(_refuse_tf_variable),
                ):
                    logits, end_points = split_outputs(run(images, is_training))
            finally:
                hosting.HOST.reset(token)
            found.end_points[is_training] = {k: _shape(t) for k, t in end_points.items()}
            found.output_shape = _shape(logits)
            if not is_training:
                found.operations = _operations(logits.graph, recorder.stand_ins)
            raise _Traced

        try:
            tf.function(trace, autograph=False).get_concrete_function(spec)
        except _Traced:
            pass
    return found


def _shape(tensor: tf.Tensor) -> Shape:
    return () if tensor.shape.rank is None else tuple(tensor.shape.as_list())


_PASS = ("Identity", "Cast", "Reshape", "Transpose", "ReadVariableOp")


def _operations(graph, stand_ins: dict[str, tf.Tensor]) -> list[Operation]:
    names = {id(t.op): name for name, t in stand_ins.items()}
    by_op_name = {t.op.name: name for name, t in stand_ins.items()}
    found = []
    for op in graph.get_operations():
        if op.type not in _MULTIPLY_ADDS or len(op.inputs) < 2:
            continue
        source = op.inputs[1].op
        while source.type in _PASS and source.inputs:
            source = source.inputs[0].op
        variable = names.get(id(source)) or by_op_name.get(source.name)
        if variable is not None:
            amount = _MULTIPLY_ADDS[op.type](op)
            found.append(Operation(variable, _shape(op.outputs[0]), amount))
    return found


def _convolution_multiply_adds(op) -> int | None:
    """Output positions x kernel values each of them reads: kernel [h, w, in, out], or depthwise [h, w, in, mult]."""
    out, kernel = _shape(op.outputs[0]), _shape(op.inputs[1])
    channels_first = op.get_attr("data_format").startswith(b"NC")
    positions = out[2:] if channels_first else out[1:-1]
    return _product((*positions, *kernel))


def _matmul_multiply_adds(op) -> int | None:
    return _product(_shape(op.inputs[1]))


def _product(sizes) -> int | None:
    return None if None in sizes else int(np.prod(sizes, dtype=np.int64))


_MULTIPLY_ADDS: dict[str, Callable] = {
    "Conv2D": _convolution_multiply_adds,
    "Conv3D": _convolution_multiply_adds,
    "DepthwiseConv2dNative": _convolution_multiply_adds,
    "MatMul": _matmul_multiply_adds,
}
