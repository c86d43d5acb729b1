"""What torchvision and timm call the layers of the Inception networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slimzoo.converters.name_maps.torch_layers import Rows, dense, dense_as_1x1, normalised, with_biases

POOLING_NOTE = (
    "{library} counts the padding in its 3x3 average poolings as zeros, slim leaves it out of the mean"
)
ARGUMENTS: dict[str, Any] = {"zero_padded_pools": ["avg_pool"]}
ONE = "Conv2d_0a_1x1"


def _layers(theirs: str, ours: str, table: Mapping[str, str]) -> Rows:
    return tuple(
        row
        for their, our in table.items()
        for row in normalised(f"{theirs}.{their}" if theirs else their, f"{ours}/{our}")
    )


# Inception v3: theirs of torchvision, which timm took over.

_V3_STEM = {
    name: name
    for name in ("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "Conv2d_3b_1x1", "Conv2d_4a_3x3")
}
_V3_MIXED_5 = {
    "branch1x1": f"Branch_0/{ONE}",
    "branch5x5_1": f"Branch_1/{ONE}",
    "branch5x5_2": "Branch_1/Conv2d_0b_5x5",
    "branch3x3dbl_1": f"Branch_2/{ONE}",
    "branch3x3dbl_2": "Branch_2/Conv2d_0b_3x3",
    "branch3x3dbl_3": "Branch_2/Conv2d_0c_3x3",
    "branch_pool": "Branch_3/Conv2d_0b_1x1",
}
_V3_MIXED_5C = _V3_MIXED_5 | {  # slim's own odd names
    "branch5x5_1": "Branch_1/Conv2d_0b_1x1",
    "branch5x5_2": "Branch_1/Conv_1_0c_5x5",
}
_V3_MIXED_6A = {
    "branch3x3": "Branch_0/Conv2d_1a_1x1",  # a 3x3, as slim names it
    "branch3x3dbl_1": f"Branch_1/{ONE}",
    "branch3x3dbl_2": "Branch_1/Conv2d_0b_3x3",
    "branch3x3dbl_3": "Branch_1/Conv2d_1a_1x1",  # a 3x3 too
}
_V3_MIXED_6 = {
    "branch1x1": f"Branch_0/{ONE}",
    "branch7x7_1": f"Branch_1/{ONE}",
    "branch7x7_2": "Branch_1/Conv2d_0b_1x7",
    "branch7x7_3": "Branch_1/Conv2d_0c_7x1",
    "branch7x7dbl_1": f"Branch_2/{ONE}",
    "branch7x7dbl_2": "Branch_2/Conv2d_0b_7x1",
    "branch7x7dbl_3": "Branch_2/Conv2d_0c_1x7",
    "branch7x7dbl_4": "Branch_2/Conv2d_0d_7x1",
    "branch7x7dbl_5": "Branch_2/Conv2d_0e_1x7",
    "branch_pool": "Branch_3/Conv2d_0b_1x1",
}
_V3_MIXED_7A = {
    "branch3x3_1": f"Branch_0/{ONE}",
    "branch3x3_2": "Branch_0/Conv2d_1a_3x3",
    "branch7x7x3_1": f"Branch_1/{ONE}",
    "branch7x7x3_2": "Branch_1/Conv2d_0b_1x7",
    "branch7x7x3_3": "Branch_1/Conv2d_0c_7x1",
    "branch7x7x3_4": "Branch_1/Conv2d_1a_3x3",
}
_V3_MIXED_7C = {
    "branch1x1": f"Branch_0/{ONE}",
    "branch3x3_1": f"Branch_1/{ONE}",
    "branch3x3_2a": "Branch_1/Conv2d_0b_1x3",
    "branch3x3_2b": "Branch_1/Conv2d_0c_3x1",
    "branch3x3dbl_1": f"Branch_2/{ONE}",
    "branch3x3dbl_2": "Branch_2/Conv2d_0b_3x3",
    "branch3x3dbl_3a": "Branch_2/Conv2d_0c_1x3",
    "branch3x3dbl_3b": "Branch_2/Conv2d_0d_3x1",
    "branch_pool": "Branch_3/Conv2d_0b_1x1",
}
_V3_MIXED_7B = _V3_MIXED_7C | {"branch3x3_2b": "Branch_1/Conv2d_0b_3x1"}
_V3 = {  # of both sides: the layers below
    "Mixed_5b": _V3_MIXED_5,
    "Mixed_5c": _V3_MIXED_5C,
    "Mixed_5d": _V3_MIXED_5,
    "Mixed_6a": _V3_MIXED_6A,
    **{f"Mixed_6{letter}": _V3_MIXED_6 for letter in "bcde"},
    "Mixed_7a": _V3_MIXED_7A,
    "Mixed_7b": _V3_MIXED_7B,
    "Mixed_7c": _V3_MIXED_7C,
}


def inception_v3() -> Rows:
    """Inception v3 but for its auxiliary head."""
    net = "InceptionV3"
    blocks = (row for name, table in _V3.items() for row in _layers(name, f"{net}/{name}", table))
    return (*_layers("", net, _V3_STEM), *blocks, *dense_as_1x1("fc", f"{net}/Logits/Conv2d_1c_1x1"))


def inception_v3_auxiliary() -> Rows:
    """The auxiliary head of Inception v3."""
    scope = "InceptionV3/AuxLogits"
    table = {"conv0": "Conv2d_1b_1x1", "conv1": "Conv2d_2a_5x5"}
    return (*_layers("AuxLogits", scope, table), *dense_as_1x1("AuxLogits.fc", f"{scope}/Conv2d_2b_1x1"))


# GoogLeNet of torchvision, Inception v1 of slim, both with batch norm.

_V1_MIXED = {
    "branch1": f"Branch_0/{ONE}",
    "branch2.0": f"Branch_1/{ONE}",
    "branch2.1": "Branch_1/Conv2d_0b_3x3",
    "branch3.0": f"Branch_2/{ONE}",
    "branch3.1": "Branch_2/Conv2d_0b_3x3",  # the paper's 5x5, a 3x3 in both
    "branch4.1": "Branch_3/Conv2d_0b_1x1",
}
_V1_MIXED_5B = _V1_MIXED | {"branch3.1": "Branch_2/Conv2d_0a_3x3"}  # slim's own odd name


def inception_v1() -> Rows:
    """GoogLeNet without the auxiliary heads, which slim's has not."""
    net = "InceptionV1"
    stem = {"conv1": "Conv2d_1a_7x7", "conv2": "Conv2d_2b_1x1", "conv3": "Conv2d_2c_3x3"}
    blocks = (
        row
        for stage, letters in ((3, "ab"), (4, "abcde"), (5, "ab"))
        for letter in letters
        for row in _layers(
            f"inception{stage}{letter}",
            f"{net}/Mixed_{stage}{chr(ord(letter) + 1)}",  # theirs starts at a, slim's at b
            _V1_MIXED_5B if (stage, letter) == (5, "a") else _V1_MIXED,
        )
    )
    return (*_layers("", net, stem), *blocks, *dense_as_1x1("fc", f"{net}/Logits/Conv2d_0c_1x1"))


# Inception v4 of timm: a row of numbered blocks.

_V4_STEM = {
    "0": "Conv2d_1a_3x3",
    "1": "Conv2d_2a_3x3",
    "2": "Conv2d_2b_3x3",
    "3.conv": "Mixed_3a/Branch_1/Conv2d_0a_3x3",
    "4.branch0.0": f"Mixed_4a/Branch_0/{ONE}",
    "4.branch0.1": "Mixed_4a/Branch_0/Conv2d_1a_3x3",
    "4.branch1.0": f"Mixed_4a/Branch_1/{ONE}",
    "4.branch1.1": "Mixed_4a/Branch_1/Conv2d_0b_1x7",
    "4.branch1.2": "Mixed_4a/Branch_1/Conv2d_0c_7x1",
    "4.branch1.3": "Mixed_4a/Branch_1/Conv2d_1a_3x3",
    "5.conv": "Mixed_5a/Branch_0/Conv2d_1a_3x3",
}
_V4_A = {
    "branch0": f"Branch_0/{ONE}",
    "branch1.0": f"Branch_1/{ONE}",
    "branch1.1": "Branch_1/Conv2d_0b_3x3",
    "branch2.0": f"Branch_2/{ONE}",
    "branch2.1": "Branch_2/Conv2d_0b_3x3",
    "branch2.2": "Branch_2/Conv2d_0c_3x3",
    "branch3.1": "Branch_3/Conv2d_0b_1x1",
}
_V4_REDUCTION_A = {
    "branch0": "Branch_0/Conv2d_1a_3x3",
    "branch1.0": f"Branch_1/{ONE}",
    "branch1.1": "Branch_1/Conv2d_0b_3x3",
    "branch1.2": "Branch_1/Conv2d_1a_3x3",
}
_V4_B = {
    "branch0": f"Branch_0/{ONE}",
    "branch1.0": f"Branch_1/{ONE}",
    "branch1.1": "Branch_1/Conv2d_0b_1x7",
    "branch1.2": "Branch_1/Conv2d_0c_7x1",
    "branch2.0": f"Branch_2/{ONE}",
    "branch2.1": "Branch_2/Conv2d_0b_7x1",
    "branch2.2": "Branch_2/Conv2d_0c_1x7",
    "branch2.3": "Branch_2/Conv2d_0d_7x1",
    "branch2.4": "Branch_2/Conv2d_0e_1x7",
    "branch3.1": "Branch_3/Conv2d_0b_1x1",
}
_V4_REDUCTION_B = {
    "branch0.0": f"Branch_0/{ONE}",
    "branch0.1": "Branch_0/Conv2d_1a_3x3",
    "branch1.0": f"Branch_1/{ONE}",
    "branch1.1": "Branch_1/Conv2d_0b_1x7",
    "branch1.2": "Branch_1/Conv2d_0c_7x1",
    "branch1.3": "Branch_1/Conv2d_1a_3x3",
}
_V4_C = {
    "branch0": f"Branch_0/{ONE}",
    "branch1_0": f"Branch_1/{ONE}",
    "branch1_1a": "Branch_1/Conv2d_0b_1x3",
    "branch1_1b": "Branch_1/Conv2d_0c_3x1",
    "branch2_0": f"Branch_2/{ONE}",
    "branch2_1": "Branch_2/Conv2d_0b_3x1",
    "branch2_2": "Branch_2/Conv2d_0c_1x3",
    "branch2_3a": "Branch_2/Conv2d_0d_1x3",
    "branch2_3b": "Branch_2/Conv2d_0e_3x1",
    "branch3.1": "Branch_3/Conv2d_0b_1x1",
}
_V4 = {  # our block: the layers below; theirs are numbered in this order, after the 6 of the stem
    **{f"Mixed_5{letter}": _V4_A for letter in "bcde"},
    "Mixed_6a": _V4_REDUCTION_A,
    **{f"Mixed_6{letter}": _V4_B for letter in "bcdefgh"},
    "Mixed_7a": _V4_REDUCTION_B,
    **{f"Mixed_7{letter}": _V4_C for letter in "bcd"},
}


def inception_v4() -> Rows:
    """Inception v4 but for its auxiliary head."""
    net = "InceptionV4"
    blocks = (
        row
        for i, (name, table) in enumerate(_V4.items(), start=6)
        for row in _layers(f"features.{i}", f"{net}/{name}", table)
    )
    return (*_layers("features", net, _V4_STEM), *blocks, *dense("last_linear", f"{net}/Logits/Logits"))


# Inception-ResNet v2 of timm.

_RESNET_STEM = {
    "conv2d_1a": "Conv2d_1a_3x3",
    "conv2d_2a": "Conv2d_2a_3x3",
    "conv2d_2b": "Conv2d_2b_3x3",
    "conv2d_3b": "Conv2d_3b_1x1",
    "conv2d_4a": "Conv2d_4a_3x3",
    "mixed_5b.branch0": "Mixed_5b/Branch_0/Conv2d_1x1",
    "mixed_5b.branch1.0": f"Mixed_5b/Branch_1/{ONE}",
    "mixed_5b.branch1.1": "Mixed_5b/Branch_1/Conv2d_0b_5x5",
    "mixed_5b.branch2.0": f"Mixed_5b/Branch_2/{ONE}",
    "mixed_5b.branch2.1": "Mixed_5b/Branch_2/Conv2d_0b_3x3",
    "mixed_5b.branch2.2": "Mixed_5b/Branch_2/Conv2d_0c_3x3",
    "mixed_5b.branch3.1": "Mixed_5b/Branch_3/Conv2d_0b_1x1",
    "mixed_6a.branch0": "Mixed_6a/Branch_0/Conv2d_1a_3x3",
    "mixed_6a.branch1.0": f"Mixed_6a/Branch_1/{ONE}",
    "mixed_6a.branch1.1": "Mixed_6a/Branch_1/Conv2d_0b_3x3",
    "mixed_6a.branch1.2": "Mixed_6a/Branch_1/Conv2d_1a_3x3",
    "mixed_7a.branch0.0": f"Mixed_7a/Branch_0/{ONE}",
    "mixed_7a.branch0.1": "Mixed_7a/Branch_0/Conv2d_1a_3x3",
    "mixed_7a.branch1.0": f"Mixed_7a/Branch_1/{ONE}",
    "mixed_7a.branch1.1": "Mixed_7a/Branch_1/Conv2d_1a_3x3",
    "mixed_7a.branch2.0": f"Mixed_7a/Branch_2/{ONE}",
    "mixed_7a.branch2.1": "Mixed_7a/Branch_2/Conv2d_0b_3x3",
    "mixed_7a.branch2.2": "Mixed_7a/Branch_2/Conv2d_1a_3x3",
    "conv2d_7b": "Conv2d_7b_1x1",
}
_BLOCK35 = {
    "branch0": "Branch_0/Conv2d_1x1",
    "branch1.0": f"Branch_1/{ONE}",
    "branch1.1": "Branch_1/Conv2d_0b_3x3",
    "branch2.0": f"Branch_2/{ONE}",
    "branch2.1": "Branch_2/Conv2d_0b_3x3",
    "branch2.2": "Branch_2/Conv2d_0c_3x3",
}
_BLOCK17 = {
    "branch0": "Branch_0/Conv2d_1x1",
    "branch1.0": f"Branch_1/{ONE}",
    "branch1.1": "Branch_1/Conv2d_0b_1x7",
    "branch1.2": "Branch_1/Conv2d_0c_7x1",
}
_BLOCK8 = _BLOCK17 | {"branch1.1": "Branch_1/Conv2d_0b_1x3", "branch1.2": "Branch_1/Conv2d_0c_3x1"}
_RESIDUAL = {  # their block: ours, the layers below; they count from 0, slim from 1
    **{f"repeat.{i}": (f"Repeat/block35_{i + 1}", _BLOCK35) for i in range(10)},
    **{f"repeat_1.{i}": (f"Repeat_1/block17_{i + 1}", _BLOCK17) for i in range(20)},
    **{f"repeat_2.{i}": (f"Repeat_2/block8_{i + 1}", _BLOCK8) for i in range(9)},
    "block8": ("Block8", _BLOCK8),
}


def inception_resnet_v2() -> Rows:
    """Inception-ResNet v2 but for its auxiliary head."""
    net = "InceptionResnetV2"
    blocks = (
        row
        for theirs, (ours, table) in _RESIDUAL.items()
        for row in (
            *_layers(theirs, f"{net}/{ours}", table),
            *with_biases(f"{theirs}.conv2d", f"{net}/{ours}/Conv2d_1x1"),
        )
    )
    return (*_layers("", net, _RESNET_STEM), *blocks, *dense("classif", f"{net}/Logits/Logits"))
