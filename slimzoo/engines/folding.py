"""Batch norm in inference is a scale and a shift: they go into the convolution before it."""

from collections import Counter
from typing import Any

import numpy as np
import tensorflow as tf

from slimzoo.engines.frozen import Frozen, NodeDef, node_of

_CONVOLUTIONS = ("Conv2D", "DepthwiseConv2dNative")


def folded(frozen: Frozen) -> Frozen:
    """Returns `frozen` with every batch norm that follows a convolution of its own folded into that."""
    uses = frozen.uses()
    values = dict(frozen.values)
    changed: dict[str, Any] = {}
    for node in frozen.definition.node:
        if node.op == "FusedBatchNormV3" and (convolution := _convolution_before(frozen, node, uses)):
            _fold(frozen, node, convolution, values, changed)
    if not changed:
        return frozen
    return frozen.with_nodes([changed.get(n.name, n) for n in frozen.definition.node], values)


def _convolution_before(frozen: Frozen, norm: Any, uses: Counter[str]) -> Any:
    """Returns the convolution that `norm` alone uses, None where it is not so or values are computed."""
    before = frozen.nodes.get(node_of(norm.input[0]))
    if norm.attr["is_training"].b or before is None or before.op not in _CONVOLUTIONS:
        return None
    if uses[before.name] != 1 or _statistics_are_used(frozen, norm.name):
        return None
    constants = (before.input[1], *norm.input[1:5])
    return before if all(frozen.constant(name) is not None for name in constants) else None


def _statistics_are_used(frozen: Frozen, norm: str) -> bool:
    inputs = (name for node in frozen.definition.node for name in node.input)
    used = (name.partition(":") for name in (*inputs, *frozen.outputs))
    return any(node == norm and port not in ("", "0") for node, _, port in used)


def _fold(
    frozen: Frozen, norm: Any, convolution: Any, values: dict[str, Any], changed: dict[str, Any]
) -> None:
    """Puts the convolution with a scaled kernel and, in place of the norm, a bias into `changed`."""
    kernel, *others = (frozen.constant(name) for name in (convolution.input[1], *norm.input[1:5]))
    gamma, beta, mean, variance = (np.asarray(value, np.float64) for value in others)
    assert kernel is not None
    scale = gamma / np.sqrt(variance + norm.attr["epsilon"].f)
    per_channel = scale.reshape(kernel.shape[2:]) if convolution.op == "DepthwiseConv2dNative" else scale
    names = f"{norm.name}/folded_kernel", f"{norm.name}/folded_bias"
    values[names[0]] = kernel * per_channel.astype(kernel.dtype)
    values[names[1]] = (beta - mean * scale).astype(kernel.dtype)
    changed[convolution.name] = _copy(convolution, [convolution.input[0], names[0]])
    bias = NodeDef(name=norm.name, op="BiasAdd", input=[convolution.name, names[1]])
    bias.attr["T"].type = tf.as_dtype(kernel.dtype).as_datatype_enum
    bias.attr["data_format"].s = norm.attr["data_format"].s or b"NHWC"
    changed[norm.name] = bias


def _copy(node: Any, inputs: list[str]) -> Any:
    made = NodeDef()
    made.CopyFrom(node)
    del made.input[:]
    made.input.extend(inputs)
    return made
