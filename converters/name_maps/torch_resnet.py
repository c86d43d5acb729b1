"""What torchvision, timm and transformers call the layers of ResNet v1; theirs stride elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from slimzoo.converters.name_maps.torch_layers import Rows, batch_norm, dense_as_1x1, kernel

UNITS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3), 200: (3, 24, 36, 3)}  # in each block
ARGUMENTS: dict[str, Any] = {"stride_in_first_unit": True, "symmetric_pooling": True}
PREPROCESSING = "mean_std"
NOTE = (
    "{library} strides in the 3x3 convolution of a block's first unit, slim in the last unit of the block "
    "before, and it pads its first pooling by a pixel on every side, slim on the right and below alone"
)


def _normalised(conv: str, norm: str, ours: str) -> Rows:
    return (*kernel(conv, ours), *batch_norm(norm, f"{ours}/BatchNorm"))


def _units(network: str, depth: int) -> Iterator[tuple[int, int, str]]:
    """Yields block and unit, as they count from 0, and our scope."""
    for block, units in enumerate(UNITS[depth]):
        for unit in range(units):
            yield block, unit, f"{network}/block{block + 1}/unit_{unit + 1}/bottleneck_v1"


def resnet_v1(depth: int) -> Rows:
    """ResNet v1 as torchvision and timm call it."""
    network = f"resnet_v1_{depth}"
    rows = _normalised("conv1", "bn1", f"{network}/conv1")
    for block, unit, ours in _units(network, depth):
        theirs = f"layer{block + 1}.{unit}"
        for i in (1, 2, 3):
            rows += _normalised(f"{theirs}.conv{i}", f"{theirs}.bn{i}", f"{ours}/conv{i}")
        if not unit:
            rows += _normalised(f"{theirs}.downsample.0", f"{theirs}.downsample.1", f"{ours}/shortcut")
    return (*rows, *dense_as_1x1("fc", f"{network}/logits"))


def transformers_resnet_v1(depth: int) -> Rows:
    """ResNet v1 as transformers calls it."""

    def layer(theirs: str, ours: str) -> Rows:
        return _normalised(f"{theirs}.convolution", f"{theirs}.normalization", ours)

    network = f"resnet_v1_{depth}"
    rows = layer("resnet.embedder.embedder", f"{network}/conv1")
    for block, unit, ours in _units(network, depth):
        theirs = f"resnet.encoder.stages.{block}.layers.{unit}"
        for i in (1, 2, 3):
            rows += layer(f"{theirs}.layer.{i - 1}", f"{ours}/conv{i}")
        if not unit:
            rows += layer(f"{theirs}.shortcut", f"{ours}/shortcut")
    return (*rows, *dense_as_1x1("classifier.1", f"{network}/logits"))
