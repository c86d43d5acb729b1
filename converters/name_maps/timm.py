"""timm's models that compute what slim's do: VGG, ResNet, the Inceptions, NASNet, PNASNet, tf_mobilenetv3.

No map for the others: its resnet*d and the like have other layers, its mobilenetv1_* and mobilenetv2_* pad at
both ends, which slim's do not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from slimzoo.converters.name_maps import NameMap, torch_inception, torch_nasnet, torch_resnet
from slimzoo.converters.name_maps.torch_layers import (
    IGNORED,
    Rows,
    batch_norm,
    dense_as_1x1,
    depthwise,
    kernel,
    with_biases,
)
from slimzoo.converters.name_maps.torch_vgg import REPEATS, convolutions


def _vgg(network: str) -> Rows:
    return (
        *convolutions(network),
        *with_biases("pre_logits.fc1", f"{network}/fc6"),
        *with_biases("pre_logits.fc2", f"{network}/fc7"),
        *dense_as_1x1("head.fc", f"{network}/fc8"),
    )


# MobileNet v3: (blocks, whether they squeeze and excite) of each of their stages; slim counts through.

_SMALL = ((1, True), (2, False), (3, True), (2, True), (3, True))
_LARGE = ((1, False), (2, False), (3, True), (4, False), (2, True), (3, True))


def _mobilenet_v3(stages: tuple[tuple[int, bool], ...], minimalistic: bool = False) -> Rows:
    net = "MobilenetV3"
    rows = (*kernel("conv_stem", f"{net}/Conv"), *batch_norm("bn1", f"{net}/Conv/BatchNorm"))
    index = 0  # of our block
    for stage, (blocks, excites) in enumerate(stages):
        for i in range(blocks):
            scope = f"{net}/expanded_conv" + (f"_{index}" if index else "")
            rows += _expanded(f"blocks.{stage}.{i}", scope, first=not index)
            if excites and not minimalistic:
                rows += _excited(f"blocks.{stage}.{i}.se", f"{scope}/squeeze_excite")
            index += 1
    last = f"blocks.{len(stages)}.0"
    rows += (*kernel(f"{last}.conv", f"{net}/Conv_1"), *batch_norm(f"{last}.bn1", f"{net}/Conv_1/BatchNorm"))
    head = dense_as_1x1("classifier", f"{net}/Logits/Conv2d_1c_1x1")
    return (*rows, *with_biases("conv_head", f"{net}/Conv_2"), *head)


def _expanded(theirs: str, ours: str, first: bool) -> Rows:
    """A block: expand, depthwise, project; the first one has nothing to expand, and other names."""
    layers = (
        (("conv_dw", "depthwise"), ("conv_pw", "project"))
        if first
        else (("conv_pw", "expand"), ("conv_dw", "depthwise"), ("conv_pwl", "project"))
    )
    rows: Rows = ()
    for i, (their, our) in enumerate(layers, start=1):
        rows += (depthwise if our == "depthwise" else kernel)(f"{theirs}.{their}", f"{ours}/{our}")
        rows += batch_norm(f"{theirs}.bn{i}", f"{ours}/{our}/BatchNorm")
    return rows


def _excited(theirs: str, ours: str) -> Rows:
    return (
        *with_biases(f"{theirs}.conv_reduce", f"{ours}/Conv"),
        *with_biases(f"{theirs}.conv_expand", f"{ours}/Conv_1"),
    )


_ROWS: dict[str, Callable[[], Rows]] = {
    **{network: partial(_vgg, network) for network in REPEATS},
    **{f"resnet_v1_{depth}": partial(torch_resnet.resnet_v1, depth) for depth in torch_resnet.UNITS},
    "inception_v3": torch_inception.inception_v3,
    "inception_v4": torch_inception.inception_v4,
    "inception_resnet_v2": torch_inception.inception_resnet_v2,
    "nasnet_large": torch_nasnet.nasnet_large,
    "pnasnet_large": torch_nasnet.pnasnet_large,
    "mobilenet_v3_large": partial(_mobilenet_v3, _LARGE),
    "mobilenet_v3_large_075": partial(_mobilenet_v3, _LARGE),
    "mobilenet_v3_large_minimalistic": partial(_mobilenet_v3, _LARGE, minimalistic=True),
    "mobilenet_v3_small": partial(_mobilenet_v3, _SMALL),
    "mobilenet_v3_small_075": partial(_mobilenet_v3, _SMALL),
    "mobilenet_v3_small_minimalistic": partial(_mobilenet_v3, _SMALL, minimalistic=True),
}
NETWORKS = tuple(_ROWS)
_ABSENT = {  # auxiliary heads, which timm leaves out
    "inception_v3": "InceptionV3/AuxLogits",
    "inception_v4": "InceptionV4/AuxLogits",
    "inception_resnet_v2": "InceptionResnetV2/AuxLogits",
    "nasnet_large": "aux_11",
    "pnasnet_large": "aux_7",
}
_NOTES = {
    "inception_v3": torch_inception.POOLING_NOTE.format(library="timm"),
    "mobilenet_v3": "timm divides by 6 in the gates of squeeze and excite, slim multiplies by 0.16667",
    "nasnet_large": (
        "timm counts the padding in the 3x3 average poolings that halve the map as zeros, slim leaves it out"
    ),
    "resnet": torch_resnet.NOTE.format(library="timm"),
}
_ARGUMENTS: Mapping[str, Mapping[str, Any]] = {
    "inception_v3": torch_inception.ARGUMENTS,
    "mobilenet_v3": {"gate_slope": 1 / 6},
    "nasnet_large": {"zero_padded_pools": ["avg_pool"]},
    "resnet": torch_resnet.ARGUMENTS,
}
_PREPROCESSING = {"resnet": torch_resnet.PREPROCESSING, **dict.fromkeys(REPEATS, "mean_std")}


def name_map(network: str) -> NameMap:
    """Returns the map of `network`, one of NETWORKS, that timm calls vgg11, tf_mobilenetv3_large_100, ..."""
    about = _about(network)
    return NameMap(
        library="timm",
        network=network,
        rows=_ROWS[network](),
        ignored=IGNORED,
        absent=(_ABSENT[network],) if network in _ABSENT else (),
        note=_NOTES.get(about, ""),
        arguments=_ARGUMENTS.get(about, {}),
        preprocessing=_PREPROCESSING.get(about, ""),
    )


def _about(network: str) -> str:
    """Returns under what its note, arguments and preprocessing stand."""
    if network.endswith("minimalistic"):  # without gates
        return network
    return next((family for family in ("resnet", "mobilenet_v3") if network.startswith(family)), network)
