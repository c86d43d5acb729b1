"""Walks the rows of conv_defs: what a MobileNet v2 or v3 is made of, layer by layer."""

import functools
import inspect
import itertools
import operator
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import tensorflow as tf

from slimzoo.nets import common
from slimzoo.nets.common import Layer, NetworkOutput

ConvDefs = dict[str, Any]  # "spec": rows made by mobilenet.op; "defaults" and "overrides": {ops: arguments}
INSIDE = ("expansion_output", "depthwise_output")  # where a block can end early


class _Reached(Exception):
    """The final end point exists; what would follow in its block is not built."""


class _Until(dict):
    """End points of one block; the one called `final` ends it."""

    def __init__(self, final: str) -> None:
        super().__init__()
        self.final = final

    def __setitem__(self, name: str, net: tf.Tensor) -> None:
        super().__setitem__(name, net)
        if name == self.final:
            raise _Reached


def _takes(function: Callable, name: str) -> bool:
    return name in inspect.signature(function).parameters


def layers(
    conv_defs: ConvDefs, multiplier: float, output_stride: int | None, use_explicit_padding: bool
) -> Iterator[tuple[str, Callable]]:
    """Yields (end point, function of net and of where inside to stop) in order."""
    steps = common.strides_and_rates(_strides(conv_defs), output_stride)
    for i, (row, (stride, rate)) in enumerate(zip(conv_defs["spec"], steps, strict=True), start=1):
        params = dict(row.params)
        row.multiplier_func(params, multiplier)
        params["stride"] = stride
        if rate > 1 and tuple(params.get("kernel_size", ())) != (1, 1):
            params["rate"] = rate
        pads = None
        if use_explicit_padding and "kernel_size" in params and not _takes(row.op, "use_explicit_padding"):
            pads = functools.partial(common.pad_for_kernel, kernel_size=params["kernel_size"], rate=rate)
        elif use_explicit_padding:
            params["use_explicit_padding"] = True
        yield f"layer_{i}", functools.partial(_layer, row.op, params, pads)


def _layer(
    function: Layer, params: dict[str, Any], pads: Layer | None, net: tf.Tensor, stop_at: str
) -> tuple[tf.Tensor, bool]:
    """Returns function(net, **params) and True, or what is called `stop_at` on the way there and False."""
    net = pads(net) if pads else net
    if stop_at not in INSIDE or not _takes(function, "endpoints"):
        return function(net, **params), True
    until = _Until(stop_at)
    try:
        return function(net, **params, endpoints=until), True
    except _Reached:
        return until[stop_at], False


def walk(net: tf.Tensor, layers: Iterable[tuple[str, Callable]], final_endpoint: str | None) -> NetworkOutput:
    """Returns the activation of `final_endpoint` and the end points: the layers', then those inside them."""
    end_points, inside, found = {}, {}, {}
    final_layer, _, final_inside = (final_endpoint or "").partition("/")
    for name, layer in layers:
        graph = tf.compat.v1.get_default_graph()
        before = len(graph.get_operations())
        net, whole = layer(net, final_inside if name == final_layer else "")
        if whole:
            end_points[name] = net
        scope = net.name.rpartition("/")[0]
        for operation in graph.get_operations()[before:]:
            above, _, own = operation.name.rpartition("/")
            if above == scope and own.endswith("output"):
                inside[f"{name}/{own}"] = operation.outputs[0]
        found = end_points | inside
        if final_endpoint in found:
            return found[final_endpoint], found
    if final_endpoint is not None:
        raise ValueError(f"there is no end point {final_endpoint!r}; there are {', '.join(found)}")
    return net, found


def _strides(conv_defs: ConvDefs) -> list[int]:
    return [row.params.get("stride", 1) for row in conv_defs["spec"]]


def check(conv_defs: ConvDefs, multiplier: float, output_stride: int | None) -> None:
    """Raises ValueError, which names everything wrong at once."""
    problems = []
    if multiplier <= 0:
        problems.append(f"multiplier is not greater than zero: it is {multiplier}")
    reached = sorted(set(itertools.accumulate(_strides(conv_defs), operator.mul, initial=1)))
    if output_stride is not None and output_stride not in reached:
        problems.append(
            "Output stride must be None, 1 or a multiple of 2 that the layers reach: it is "
            f"{output_stride!r}, and these reach {', '.join(map(str, reached))}"
        )
    if problems:
        raise ValueError("; ".join(problems))
