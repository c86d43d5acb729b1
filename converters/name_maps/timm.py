"""timm's models that compute what slim's do: VGG, the Inceptions, NASNet, PNASNet, tf_mobilenetv3.

No map for the others: its resnet* halve the map in the 3x3 convolution of a block's first unit and pad at
both ends, its mobilenetv1_* and mobilenetv2_* pad at both ends, none of which slim does.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from slimzoo.converters.name_maps import NameMap, torch_inception, torch_nasnet
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
_GATE_NOTE = (
    "slim's squeeze-and-excite multiplies by 0.16667, timm's divides by 6: with slim's constant put into "
    "timm's model the logits are equal, with its own they are not, by 1 or 2 of 10000 of their range"
)
_NASNET_NOTE = (
    "timm counts the padding in the 3x3 average poolings that halve the map, slim does not: with slim's "
    "pooling put into timm's model the logits are equal, with its own they are not"
)
_NOTES = {
    "inception_v3": torch_inception.POOLING_NOTE.format(library="timm"),
    "mobilenet_v3_large": _GATE_NOTE,
    "mobilenet_v3_large_075": _GATE_NOTE,
    "mobilenet_v3_small": _GATE_NOTE,
    "mobilenet_v3_small_075": _GATE_NOTE,
    "nasnet_large": _NASNET_NOTE,
}


def name_map(network: str) -> NameMap:
    """Returns the map of `network`, one of NETWORKS, that timm calls vgg11, tf_mobilenetv3_large_100, ..."""
    return NameMap(
        library="timm",
        network=network,
        rows=_ROWS[network](),
        ignored=IGNORED,
        absent=(_ABSENT[network],) if network in _ABSENT else (),
        note=_NOTES.get(network, ""),
    )
