"""torchvision's models: VGG, GoogLeNet and Inception v3, whose maths is slim's but for what `note` says.

No map for the others: its ResNets halve the map in the 3x3 convolution of a block's first unit, slim's in the
last unit of the block before, and pad at both ends; its MobileNets pad at both ends, and have other layers;
VGG with batch norm and with 13 layers are not in slim.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from slimzoo.converters.name_maps import NameMap, torch_inception
from slimzoo.converters.name_maps.torch_layers import IGNORED, Rows, dense_as_1x1, with_biases
from slimzoo.converters.name_maps.torch_vgg import REPEATS, convolutions
from slimzoo.converters.name_maps.transforms import dense_as_conv

_TRANSFORM_INPUT = (
    "transform_input=True of its pretrained models is preprocessing: from images normalised by ImageNet's "
    "mean and deviation to slim's [-1, 1]"
)


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
}
NETWORKS = tuple(_ROWS)
_AUXILIARY = {"inception_v1": r"aux[12]\..*"}  # heads that slim has not
_NOTES = {
    "inception_v1": (
        "torchvision pads its first convolution, 7x7, by 3 pixels at each end, slim by 2 and 3: with slim's "
        f"padding put into torchvision's model the logits are equal, with its own they are not; "
        f"{_TRANSFORM_INPUT}"
    ),
    "inception_v3": f"{torch_inception.POOLING_NOTE.format(library='torchvision')}; {_TRANSFORM_INPUT}",
}


def name_map(network: str) -> NameMap:
    """Returns the map of `network`, one of NETWORKS, that torchvision calls vgg11, googlenet, ..."""
    return NameMap(
        library="torchvision",
        network=network,
        rows=_ROWS[network](),
        ignored=(*IGNORED, *([_AUXILIARY[network]] if network in _AUXILIARY else [])),
        note=_NOTES.get(network, ""),
    )
