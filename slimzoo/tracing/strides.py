"""How much smaller than the images a map is: read off the graph, since padding blurs what sizes say."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from slimzoo.names import in_scopes
from slimzoo.tracing.discovery import discover, split_outputs
from slimzoo.tracing.parts import Parts

NO_MAP = math.inf  # what is pooled over the whole image, or belongs to a head


@dataclass
class Trace:
    """The network in inference, as a graph."""

    images: tf.Tensor
    end_points: dict[str, tf.Tensor]


def trace(parts: Parts) -> Trace:
    """Returns the graph of a network function; no variable is made."""
    traced: list[Trace] = []

    def run(images: tf.Tensor, is_training: bool) -> Any:
        outputs = parts.run(images, is_training)
        traced.append(Trace(images, split_outputs(outputs)[1]))
        return outputs

    # for_shapes alone a layer may leave out variables that the maps are computed from
    discover(run, parts.input_shape, tf.float32, modes=(False,), for_shapes=False)
    return traced[0]


def reductions(traced: Trace, heads: Iterable[str]) -> dict[str, int | None]:
    """Returns how many times smaller than the images each end point is; None where it is no map of them.

    Args:
      heads: scopes of the variables that come after the features.
    """
    heads = tuple(heads)
    operations = traced.images.graph.get_operations()
    trained_after = _before_variables(traced, heads)
    strides: dict[str, float] = {traced.images.op.name: 1}
    of_heads: set[str] = set()  # what is computed from the heads' variables alone
    for op in operations:
        sources = [tensor.op.name for tensor in op.inputs]
        known = [strides[source] for source in sources if source in strides]
        in_head = any(source in of_heads for source in sources)
        if op.type == "Placeholder":
            in_head = in_scopes(op.name, heads)
        if op.type in _SHAPES or not (known or in_head):
            continue
        if not known:
            of_heads.add(op.name)
        elif in_head or _leaves_no_map(op, op.name in trained_after):
            strides[op.name] = NO_MAP
        else:  # a gate that was pooled takes the size of the map it multiplies
            strides[op.name] = min(known) * _FACTORS.get(op.type, lambda _: 1)(op)
    found = {key: strides.get(tensor.op.name, NO_MAP) for key, tensor in traced.end_points.items()}
    maps = {key for key, tensor in traced.end_points.items() if tensor.shape.rank == 4}
    return {key: int(s) if key in maps and s in (1, s // 1) else None for key, s in found.items()}


def variables_behind(tensors: Iterable[tf.Tensor]) -> set[str]:
    """Returns the names of the placeholders, variables among them, that `tensors` are computed from."""
    waiting = [tensor.op for tensor in tensors]
    seen = {op.name for op in waiting}
    found = set()
    while waiting:
        op = waiting.pop()
        if op.type == "Placeholder":
            found.add(op.name)
        new = [tensor.op for tensor in op.inputs if tensor.op.name not in seen]
        seen |= {source.name for source in new}
        waiting += new
    return found


def _before_variables(traced: Trace, heads: tuple[str, ...]) -> set[str]:
    """Returns the operations that a variable comes after which belongs to none of `heads`."""
    operations = traced.images.graph.get_operations()
    variables = {
        op.name for op in operations if op.type == "Placeholder" and not in_scopes(op.name, heads)
    } - {traced.images.op.name}
    for op in operations:  # and what is computed from variables alone: a cast, a reshape
        if op.inputs and all(tensor.op.name in variables for tensor in op.inputs):
            variables.add(op.name)
    found: set[str] = set()
    for op in reversed(operations):
        names = [tensor.op.name for tensor in op.inputs]
        if op.name in found or not variables.isdisjoint(names):
            found.update(names)
    return found


def _leaves_no_map(op: tf.Operation, trained_after: bool) -> bool:
    """Whether `op` takes in height and width at once: a mean over both, a kernel as large as the map."""
    if op.type == "MatMul":
        return True
    if op.type in ("Mean", "Max", "Min", "Sum"):
        axes = tf.get_static_value(op.inputs[1])
        return axes is None or axes.size >= 2
    if op.type not in ("AvgPool", "Conv2D") or op.get_attr("padding") != b"VALID":
        return False
    if op.inputs[0].op.type == "Pad":  # the windows of a padded map are smaller than it
        return False
    height, width = _height_and_width(op)
    map_size = op.inputs[0].shape.as_list()[height : width + 1]
    if op.type == "AvgPool":
        kernel = op.get_attr("ksize")[height : width + 1]
        return not trained_after or (kernel == map_size and (_stride(op) == 1 or max(kernel) > 1))
    kernel = op.inputs[1].shape.as_list()[:2]
    dilated = op.inputs[0].op.type == "SpaceToBatchND"
    return kernel == map_size and max(kernel) > 1 and _stride(op) == 1 and not dilated


def _height_and_width(op: tf.Operation) -> tuple[int, int]:
    return (2, 3) if op.get_attr("data_format").startswith(b"NC") else (1, 2)


def _stride(op: tf.Operation) -> float:
    return op.get_attr("strides")[_height_and_width(op)[0]]


def _slice_step(op: tf.Operation) -> float:
    steps = tf.get_static_value(op.inputs[3])
    return 1 if steps is None else max([1, *map(int, steps[1:])])


def _resize_factor(op: tf.Operation) -> float:
    before, after = op.inputs[0].shape[1], op.outputs[0].shape[1]
    return NO_MAP if None in (before, after) else before / after


_SHAPES = ("Shape", "ShapeN", "Size", "Rank")
_FACTORS: dict[str, Callable[[tf.Operation], float]] = {
    "Conv2D": _stride,
    "DepthwiseConv2dNative": _stride,
    "Conv2DBackpropInput": lambda op: 1 / _stride(op),
    "MaxPool": _stride,
    "AvgPool": _stride,
    "StridedSlice": _slice_step,
    "SpaceToDepth": lambda op: op.get_attr("block_size"),
    "DepthToSpace": lambda op: 1 / op.get_attr("block_size"),
    "ResizeBilinear": _resize_factor,
    "ResizeNearestNeighbor": _resize_factor,
    "ResizeBicubic": _resize_factor,
}
