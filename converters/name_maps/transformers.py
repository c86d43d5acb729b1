"""transformers' MobileNetV1, MobileNetV2 and ResNet, ForImageClassification.

MobileNets with tf_padding; ResNets of bottlenecks that stride in the 3x3 convolution, as microsoft/resnet-50.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from slimzoo.converters.name_maps import NameMap, torch_resnet
from slimzoo.converters.name_maps.torch_layers import (
    IGNORED,
    Rows,
    batch_norm,
    dense_as_1x1,
    depthwise,
    kernel,
)


def _layer(theirs: str, ours: str) -> Rows:
    of_channels = depthwise if ours.endswith("depthwise") else kernel
    return (
        *of_channels(f"{theirs}.convolution", ours),
        *batch_norm(f"{theirs}.normalization", f"{ours}/BatchNorm"),
    )


def _mobilenet_v1() -> Rows:
    net, theirs = "MobilenetV1", "mobilenet_v1"
    rows = _layer(f"{theirs}.conv_stem", f"{net}/Conv2d_0")
    for i in range(13):  # pairs: theirs are layers 2 i and 2 i + 1, slim counts from 1
        rows += _layer(f"{theirs}.layer.{2 * i}", f"{net}/Conv2d_{i + 1}_depthwise")
        rows += _layer(f"{theirs}.layer.{2 * i + 1}", f"{net}/Conv2d_{i + 1}_pointwise")
    return (*rows, *dense_as_1x1("classifier", f"{net}/Logits/Conv2d_1c_1x1"))


_EXPANDED = {"expand_1x1": "expand", "conv_3x3": "depthwise", "reduce_1x1": "project"}


def _mobilenet_v2() -> Rows:
    net, theirs = "MobilenetV2", "mobilenet_v2"
    stem = f"{theirs}.conv_stem"  # holds slim's first block, which has nothing to expand
    rows = _layer(f"{stem}.first_conv", f"{net}/Conv")
    rows += _layer(f"{stem}.conv_3x3", f"{net}/expanded_conv/depthwise")
    rows += _layer(f"{stem}.reduce_1x1", f"{net}/expanded_conv/project")
    for i in range(16):
        for their, our in _EXPANDED.items():
            rows += _layer(f"{theirs}.layer.{i}.{their}", f"{net}/expanded_conv_{i + 1}/{our}")
    rows += _layer(f"{theirs}.conv_1x1", f"{net}/Conv_1")
    return (*rows, *dense_as_1x1("classifier", f"{net}/Logits/Conv2d_1c_1x1"))


_ROWS: dict[str, Callable[[], Rows]] = {
    **{f"mobilenet_v1{width}": _mobilenet_v1 for width in ("", "_025", "_050", "_075")},
    **{f"mobilenet_v2{width}": _mobilenet_v2 for width in ("", "_035", "_050", "_075", "_130", "_140")},
    **{f"resnet_v1_{n}": partial(torch_resnet.transformers_resnet_v1, n) for n in (50, 101, 152)},
}
NETWORKS = tuple(_ROWS)


def name_map(network: str) -> NameMap:
    """Returns the map of `network`, one of NETWORKS; widths differ in shapes only."""
    of_resnet: dict[str, Any] = {
        "note": torch_resnet.NOTE.format(library="transformers"),
        "arguments": torch_resnet.ARGUMENTS,
        "preprocessing": torch_resnet.PREPROCESSING,
    }
    return NameMap(
        library="transformers",
        network=network,
        rows=_ROWS[network](),
        ignored=IGNORED,
        **(of_resnet if network.startswith("resnet") else {}),
    )
