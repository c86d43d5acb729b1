"""The convolutions of VGG, which torchvision and timm number alike: activations and poolings count too."""

from __future__ import annotations

from slimzoo.converters.name_maps.torch_layers import Rows, with_biases

REPEATS = {  # convolutions of each stage
    "vgg_a": (1, 1, 2, 2, 2),
    "vgg_16": (2, 2, 3, 3, 3),
    "vgg_19": (2, 2, 4, 4, 4),
}


def convolutions(network: str) -> Rows:
    """The rows of all convolutions of `network` but the last three layers."""
    rows: Rows = ()
    index = 0  # of theirs: a convolution and its activation are 2, the pooling that ends a stage 1
    for stage, repeats in enumerate(REPEATS[network], start=1):
        for i in range(repeats):
            rows += with_biases(f"features.{index + 2 * i}", f"{network}/conv{stage}/conv{stage}_{i + 1}")
        index += 2 * repeats + 1
    return rows
