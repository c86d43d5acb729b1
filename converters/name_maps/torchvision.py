"""torchvision's models: VGG, ResNet, GoogLeNet and Inception v3, with what arguments slim's compute the same.

No map for the others: its MobileNets pad at both ends, and have other layers; VGG with batch norm and with 13
layers are not in slim. transform_input=True of its pretrained GoogLeNet and Inception v3 is preprocessing:
from images normalised by ImageNet's mean and deviation to slim's [-1, 1].
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from slimzoo.converters.name_maps import NameMap, torch_inception, torch_resnet
from slimzoo.converters.name_maps.torch_layers import IGNORED, Rows, dense_as_1x1, with_biases
from slimzoo.converters.name_maps.torch_vgg import REPEATS, convolutions
from slimzoo.converters.name_maps.transforms import dense_as_conv


def _vgg(network: str) -> Rows:
    return (
        *convolutions(network),
        *with_biases("classifier.0", f"{network}/fc6", dense_as_conv(7, 7)),
        *dense_as_1x1("classifier.3", f"{network}/fc7"),
        *dense_as_1x1("classifier.6", f"{network}/fc8"),
    )


def _inception_v3() -> Rows:
    return (*torch_inception.inception_v3(), *torch_inception.inception_v3_auxiliary())


_ROWS: dict[str, Callable[[], Rows]] = {
    **{network: partial(_vgg, network) for network in REPEATS},
    "inception_v1": torch_inception.inception_v1,
    "inception_v3": _inception_v3,
    **{f"resnet_v1_{depth}": partial(torch_resnet.resnet_v1, depth) for depth in (50, 101, 152)},
}
NETWORKS = tuple(_ROWS)
_AUXILIARY = {"inception_v1": r"aux[12]\..*"}  # heads that slim has not
_NOTES = {
    "inception_v1": "torchvision pads its first convolution, 7x7, by 3 pixels at each end, slim by 2 and 3",
    "inception_v3": torch_inception.POOLING_NOTE.format(library="torchvision"),
    "resnet": torch_resnet.NOTE.format(library="torchvision"),
}
_ARGUMENTS: Mapping[str, Mapping[str, Any]] = {
    "inception_v1": {"symmetric_padding": True},
    "inception_v3": torch_inception.ARGUMENTS,
    "resnet": torch_resnet.ARGUMENTS,
}
_PREPROCESSING = {"resnet": torch_resnet.PREPROCESSING, **dict.fromkeys(REPEATS, "mean_std")}


def name_map(network: str) -> NameMap:
    """Returns the map of `network`, one of NETWORKS, that torchvision calls vgg11, googlenet, ..."""
    about = "resnet" if network.startswith("resnet") else network
    return NameMap(
        library="torchvision",
        network=network,
        rows=_ROWS[network](),
        ignored=(*IGNORED, *([_AUXILIARY[network]] if network in _AUXILIARY else [])),
        note=_NOTES.get(about, ""),
        arguments=_ARGUMENTS.get(about, {}),
        preprocessing=_PREPROCESSING.get(about, ""),
    )
