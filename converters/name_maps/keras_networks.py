"""What keras.applications calls the layers of slim's networks, in the order of its model.layers.

The order counts within each class of layer: a `.weights.h5` numbers layers by it, and older `.h5` files,
whose names come from other versions of Keras, are matched by it. In model.layers the layers furthest from
the output come first, of equally far ones those of the first branch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from slimzoo.converters.name_maps.keras_layers import (
    WITHOUT_GAMMA,
    Rows,
    batch_norm,
    batch_norm_after_biases,
    conv,
    dense,
    dense_as_1x1,
    depthwise,
    separable,
    with_biases,
)
from slimzoo.converters.name_maps.keras_maths import MOBILENET_V1, NASNET, RESNET, SQUEEZE
from slimzoo.converters.name_maps.transforms import BGR, FLAT_AS_7X7, SAME, Transform


@dataclass(frozen=True)
class Twin:
    """A network of both.

    Attributes:
      rows: of all layers but the top.
      top: of those that a model made with include_top=False lacks.
      inputs: how many channels each layer of the top takes, or the layer whose channels it takes.
      absent, note, arguments, preprocessing: see NameMap.
    """

    rows: Rows
    top: Rows
    inputs: tuple[int | str, ...]
    absent: tuple[str, ...] = ()
    note: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    preprocessing: str = ""


def _joined(parts: Iterable[Rows]) -> Rows:
    return tuple(entry for part in parts for entry in part)


def vgg(network: str, stages: Sequence[int]) -> Twin:
    """VGG, whose images are BGR in Keras."""
    convolutions = (
        with_biases(
            f"block{stage}_conv{i}",
            f"{network}/conv{stage}/conv{stage}_{i}",
            BGR if stage == i == 1 else SAME,
        )
        for stage, count in enumerate(stages, start=1)
        for i in range(1, count + 1)
    )
    top = (
        with_biases("fc1", f"{network}/fc6", FLAT_AS_7X7),
        dense_as_1x1("fc2", f"{network}/fc7"),
        dense_as_1x1("predictions", f"{network}/fc8"),
    )
    return Twin(_joined(convolutions), _joined(top), (7 * 7 * 512, 4096, 4096))


# ResNet: Keras counts stages from conv2 and blocks from 1, and calls the shortcut's convolution 0.


def _units(stages: Sequence[int]) -> Iterable[tuple[str, str, bool]]:
    """Yields Keras's name of a unit, slim's scope, and whether its shortcut is a convolution."""
    for stage, count in enumerate(stages, start=1):
        for unit in range(1, count + 1):
            yield f"conv{stage + 1}_block{unit}", f"block{stage}/unit_{unit}", unit == 1


def _branches(shortcut: bool) -> dict[str, str]:
    """Keras's number of a convolution: slim's scope; the last two of a shortcut unit are equally far."""
    return {"1": "conv1", "2": "conv2"} | ({"0": "shortcut"} if shortcut else {}) | {"3": "conv3"}


def resnet_v1(network: str, stages: Sequence[int]) -> Twin:
    """ResNet v1, whose images are BGR and whose convolutions have biases in Keras."""

    def normalised(theirs: str, ours: str, how: Transform = SAME) -> Rows:
        norm = batch_norm_after_biases(f"{theirs}_bn", f"{ours}/BatchNorm", f"{theirs}_conv")
        return (*conv(f"{theirs}_conv", ours, how), *norm)

    units = (
        normalised(f"{unit}_{number}", f"{network}/{scope}/bottleneck_v1/{ours}")
        for unit, scope, shortcut in _units(stages)
        for number, ours in _branches(shortcut).items()
    )
    first = normalised("conv1", f"{network}/conv1", BGR)
    top = dense_as_1x1("predictions", f"{network}/logits")
    return Twin((*first, *_joined(units)), top, (2048,), **RESNET)


def resnet_v2(network: str, stages: Sequence[int]) -> Twin:
    """ResNet v2; convolutions that no batch norm follows have biases in both."""

    def unit(theirs: str, ours: str, shortcut: bool) -> Rows:
        rows = list(batch_norm(f"{theirs}_preact_bn", f"{ours}/preact"))
        for number, scope in _branches(shortcut).items():
            if number in "12":
                rows += conv(f"{theirs}_{number}_conv", f"{ours}/{scope}")
                rows += batch_norm(f"{theirs}_{number}_bn", f"{ours}/{scope}/BatchNorm")
            else:
                rows += with_biases(f"{theirs}_{number}_conv", f"{ours}/{scope}")
        return tuple(rows)

    units = (
        unit(theirs, f"{network}/{scope}/bottleneck_v2", shortcut)
        for theirs, scope, shortcut in _units(stages)
    )
    first = with_biases("conv1_conv", f"{network}/conv1")
    last = batch_norm("post_bn", f"{network}/postnorm")
    top = dense_as_1x1("predictions", f"{network}/logits")
    rows = (*first, *_joined(units), *last)
    return Twin(rows, top, (2048,), **RESNET, preprocessing="inception")


# Inception: Keras numbers the convolutions as they were made, which is branch by branch; in slim's scopes
# below, a block is its branches, a branch its convolutions, and what is in an inner tuple lies side by side.

Branch = tuple[str | tuple[str, ...], ...]
ONE = "Conv2d_0a_1x1"
_MIXED_5 = ((ONE,), (ONE, "Conv2d_0b_5x5"), (ONE, "Conv2d_0b_3x3", "Conv2d_0c_3x3"), ("Conv2d_0b_1x1",))
_MIXED_5C = (_MIXED_5[0], ("Conv2d_0b_1x1", "Conv_1_0c_5x5"), *_MIXED_5[2:])  # slim's own odd names
_MIXED_6A = (("Conv2d_1a_1x1",), (ONE, "Conv2d_0b_3x3", "Conv2d_1a_1x1"))  # both 1a are 3x3
_MIXED_6 = (
    (ONE,),
    (ONE, "Conv2d_0b_1x7", "Conv2d_0c_7x1"),
    (ONE, "Conv2d_0b_7x1", "Conv2d_0c_1x7", "Conv2d_0d_7x1", "Conv2d_0e_1x7"),
    ("Conv2d_0b_1x1",),
)
_MIXED_7A = ((ONE, "Conv2d_1a_3x3"), (ONE, "Conv2d_0b_1x7", "Conv2d_0c_7x1", "Conv2d_1a_3x3"))
_MIXED_7B = (
    (ONE,),
    (ONE, ("Conv2d_0b_1x3", "Conv2d_0b_3x1")),  # the second is 0c in 7c
    (ONE, "Conv2d_0b_3x3", ("Conv2d_0c_1x3", "Conv2d_0d_3x1")),
    ("Conv2d_0b_1x1",),
)
_MIXED_7C = (_MIXED_7B[0], (ONE, ("Conv2d_0b_1x3", "Conv2d_0c_3x1")), *_MIXED_7B[2:])
_STEM = (("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "Conv2d_3b_1x1", "Conv2d_4a_3x3"),)
_INCEPTION_V3: dict[str, tuple[Branch, ...]] = {
    "Mixed_5b": _MIXED_5,
    "Mixed_5c": _MIXED_5C,
    "Mixed_5d": _MIXED_5,
    "Mixed_6a": _MIXED_6A,
    **{f"Mixed_6{letter}": _MIXED_6 for letter in "bcde"},
    "Mixed_7a": _MIXED_7A,
    "Mixed_7b": _MIXED_7B,
    "Mixed_7c": _MIXED_7C,
}
_BLOCK35 = (("Conv2d_1x1",), (ONE, "Conv2d_0b_3x3"), (ONE, "Conv2d_0b_3x3", "Conv2d_0c_3x3"))
_BLOCK17 = (("Conv2d_1x1",), (ONE, "Conv2d_0b_1x7", "Conv2d_0c_7x1"))
_BLOCK8 = (("Conv2d_1x1",), (ONE, "Conv2d_0b_1x3", "Conv2d_0c_3x1"))
_INCEPTION_RESNET_V2: dict[str, tuple[Branch, ...]] = {
    "Mixed_5b": (("Conv2d_1x1",), *_MIXED_5[1:]),
    **{f"Repeat/block35_{i}": _BLOCK35 for i in range(1, 11)},
    "Mixed_6a": (("Conv2d_1a_3x3",), (ONE, "Conv2d_0b_3x3", "Conv2d_1a_3x3")),
    **{f"Repeat_1/block17_{i}": _BLOCK17 for i in range(1, 21)},
    "Mixed_7a": ((ONE, "Conv2d_1a_3x3"),) * 2 + ((ONE, "Conv2d_0b_3x3", "Conv2d_1a_3x3"),),
    **{f"Repeat_2/block8_{i}": _BLOCK8 for i in range(1, 10)},
    "Block8": _BLOCK8,
}


def _by_distance(branches: Sequence[Branch]) -> list[tuple[int, str]]:
    """Returns (place in the order of making, scope) of a block's convolutions, the furthest first."""
    scopes: list[tuple[float, int, str]] = []
    for i, branch in enumerate(branches):
        inner = 0.5 if isinstance(branch[-1], tuple) else 0  # a concatenation more than the other branches
        for distance, step in zip(range(len(branch), 0, -1), branch, strict=True):
            for scope in step if isinstance(step, tuple) else (step,):
                scopes.append((distance + inner, len(scopes), f"Branch_{i}/{scope}"))
    return [(place, scope) for _, place, scope in sorted(scopes, key=lambda row: -row[0])]


def _numbered(first: int, scopes: Iterable[tuple[int, str]]) -> Rows:
    """Convolutions that Keras numbers, each with its batch norm, which has no gamma."""

    def name(kind: str, number: int) -> str:
        return f"{kind}_{number}" if number else kind

    return _joined(
        (
            *conv(name("conv2d", first + place), scope),
            *batch_norm(name("batch_normalization", first + place), f"{scope}/BatchNorm", WITHOUT_GAMMA),
        )
        for place, scope in scopes
    )


def _inception(network: str, blocks: dict[str, tuple[Branch, ...]], after: Callable[[str], Rows]) -> Rows:
    """The stem and the blocks; `after` gives the rows that follow a block's branches."""
    rows = list(_numbered(0, ((i, f"{network}/{scope}") for i, scope in enumerate(_STEM[0]))))
    made = len(_STEM[0])
    for block, branches in blocks.items():
        order = _by_distance(branches)
        rows += _numbered(made, ((place, f"{network}/{block}/{scope}") for place, scope in order))
        rows += after(block)
        made += len(order)
    return tuple(rows)


def inception_v3() -> Twin:
    """Inception v3."""
    rows = _inception("InceptionV3", _INCEPTION_V3, lambda block: ())
    top = dense_as_1x1("predictions", "InceptionV3/Logits/Conv2d_1c_1x1")
    return Twin(rows, top, (2048,), absent=("InceptionV3/AuxLogits",))


def inception_resnet_v2() -> Twin:
    """Inception-ResNet v2; Keras names the convolution that ends a residual block, the rest it numbers."""
    net = "InceptionResnetV2"

    def ends(block: str) -> Rows:
        name = "block8_10" if block == "Block8" else block.partition("/")[2]
        return with_biases(f"{name}_conv", f"{net}/{block}/Conv2d_1x1") if name else ()

    rows = _inception(net, _INCEPTION_RESNET_V2, ends)
    last = conv("conv_7b", f"{net}/Conv2d_7b_1x1")
    norm = batch_norm("conv_7b_bn", f"{net}/Conv2d_7b_1x1/BatchNorm", WITHOUT_GAMMA)
    top = dense("predictions", f"{net}/Logits/Logits")
    return Twin((*rows, *last, *norm), top, ("conv_7b",), absent=(f"{net}/AuxLogits",))


# MobileNet.


def mobilenet_v1() -> Twin:
    """MobileNet v1 of any width."""
    net = "MobilenetV1"
    rows = [*conv("conv1", f"{net}/Conv2d_0"), *batch_norm("conv1_bn", f"{net}/Conv2d_0/BatchNorm")]
    for i in range(1, 14):
        for kind, name, layer in (("dw", "depthwise", depthwise), ("pw", "pointwise", conv)):
            scope = f"{net}/Conv2d_{i}_{name}"
            rows += layer(f"conv_{kind}_{i}", scope)
            rows += batch_norm(f"conv_{kind}_{i}_bn", f"{scope}/BatchNorm")
    top = with_biases("conv_preds", f"{net}/Logits/Conv2d_1c_1x1")
    return Twin(tuple(rows), top, ("conv_pw_13",), **MOBILENET_V1)


def _inverted_residual(theirs: str, ours: str, bn: str, expand: bool, squeeze: bool) -> Rows:
    rows: list = []
    for name, layer in (("expand", conv), ("depthwise", depthwise), ("project", conv)):
        if name == "project" and squeeze:
            rows += with_biases(f"{theirs}squeeze_excite_conv", f"{ours}/squeeze_excite/Conv")
            rows += with_biases(f"{theirs}squeeze_excite_conv_1", f"{ours}/squeeze_excite/Conv_1")
        if name != "expand" or expand:
            rows += layer(f"{theirs}{name}", f"{ours}/{name}")
            rows += batch_norm(f"{theirs}{name}_{bn}", f"{ours}/{name}/BatchNorm")
    return tuple(rows)


def _scope(i: int) -> str:
    return f"expanded_conv_{i}" if i else "expanded_conv"


def mobilenet_v2() -> Twin:
    """MobileNet v2 of any width."""
    net = "MobilenetV2"
    units = (
        _inverted_residual(
            f"block_{i}_" if i else "expanded_conv_", f"{net}/{_scope(i)}", "BN", expand=i > 0, squeeze=False
        )
        for i in range(17)
    )
    first = (*conv("Conv1", f"{net}/Conv"), *batch_norm("bn_Conv1", f"{net}/Conv/BatchNorm"))
    last = (*conv("Conv_1", f"{net}/Conv_1"), *batch_norm("Conv_1_bn", f"{net}/Conv_1/BatchNorm"))
    top = dense_as_1x1("predictions", f"{net}/Logits/Conv2d_1c_1x1")
    return Twin((*first, *_joined(units), *last), top, ("Conv_1",))


def mobilenet_v3(units: int, squeezed: Iterable[int], width: int) -> Twin:
    """MobileNet v3 of any width; `squeezed` are the units with squeeze and excite, counted from 0."""
    net, squeezed = "MobilenetV3", set(squeezed)
    blocks = (
        _inverted_residual(f"{_scope(i)}_", f"{net}/{_scope(i)}", "bn", expand=i > 0, squeeze=i in squeezed)
        for i in range(units)
    )
    first = (*conv("conv", f"{net}/Conv"), *batch_norm("conv_bn", f"{net}/Conv/BatchNorm"))
    last = (*conv("conv_1", f"{net}/Conv_1"), *batch_norm("conv_1_bn", f"{net}/Conv_1/BatchNorm"))
    top = (
        *with_biases("conv_2", f"{net}/Conv_2"),
        *with_biases("logits", f"{net}/Logits/Conv2d_1c_1x1"),
    )
    settings = SQUEEZE if squeezed else {}
    return Twin((*first, *_joined(blocks), *last), top, ("conv_1", width), **settings)


# NASNet: Keras's name of a separable convolution in a cell, slim's scope, its size; both have two in a row.

_REDUCTION = {
    "left1": ("comb_iter_0/left", 5),
    "right1": ("comb_iter_0/right", 7),
    "right2": ("comb_iter_1/right", 7),
    "right3": ("comb_iter_2/right", 5),
    "left4": ("comb_iter_4/left", 3),
}
_NORMAL = {
    "left1": ("comb_iter_0/left", 5),
    "right1": ("comb_iter_0/right", 3),
    "left2": ("comb_iter_1/left", 5),
    "right2": ("comb_iter_1/right", 3),
    "left5": ("comb_iter_4/left", 3),
}
# Which of the two in a row, and of which name, in the order of distance.
_REDUCTION_ORDER = (
    *((1, "left1"), (1, "right1"), (2, "left1"), (2, "right1"), (1, "right2"), (1, "right3"), (1, "left4")),
    *((2, "right2"), (2, "right3"), (2, "left4")),
)
_NORMAL_ORDER = tuple((i, name) for i in (1, 2) for name in _NORMAL)
_ADJUSTED = {  # how the input from before the last cell is fitted to this: Keras's names, slim's scopes
    "": ({}, ""),
    "halved": ({"conv_1": "path1_conv", "conv_2": "path2_conv"}, "final_path_bn"),
    "projected": ({"conv_projection": "prev_1x1"}, "prev_bn"),
}


def _cell(kind: str, theirs: str, ours: str, adjusted: str) -> Rows:
    """A cell, `kind` "normal" or "reduction"."""
    fitted, norm = _ADJUSTED[adjusted]
    second = int(kind == "reduction")  # whether the cell's own input is used before the adjusted one
    convolutions = [conv(f"{kind}_conv_1_{theirs}", f"{ours}/1x1")]
    adjusting = _joined(conv(f"adjust_{their}_{theirs}", f"{ours}/{our}") for their, our in fitted.items())
    convolutions.insert(second if adjusted == "projected" else 0, adjusting)  # those of "halved" are further
    norms = [batch_norm(f"{kind}_bn_1_{theirs}", f"{ours}/beginning_bn")]
    if norm:
        norms.insert(second, batch_norm(f"adjust_bn_{theirs}", f"{ours}/{norm}"))
    rows = [*_joined(convolutions), *_joined(norms)]
    table, order = (_NORMAL, _NORMAL_ORDER) if kind == "normal" else (_REDUCTION, _REDUCTION_ORDER)
    for i, name in order:
        scope, size = table[name]
        block = f"{kind}_{name}_{theirs}"
        rows += separable(f"separable_conv_{i}_{block}", f"{ours}/{scope}/separable_{size}x{size}_{i}")
        rows += batch_norm(f"separable_conv_{i}_bn_{block}", f"{ours}/{scope}/bn_sep_{size}x{size}_{i}")
    return tuple(rows)


def nasnet(cells: int, channels: int) -> Twin:
    """NASNet-A; `cells` are the normal ones between two reductions, of which there are three runs."""
    parts = [
        (*conv("stem_conv1", "conv0"), *batch_norm("stem_bn1", "conv0_bn")),
        _cell("reduction", "stem_1", "cell_stem_0", ""),
        _cell("reduction", "stem_2", "cell_stem_1", "halved"),
    ]
    for run in range(3):
        if run:
            parts.append(
                _cell("reduction", f"reduce_{run * cells}", f"reduction_cell_{run - 1}", "projected")
            )
        for i in range(run * cells, (run + 1) * cells):
            theirs = i + 1 if run else i  # Keras leaves a number out after the first run
            adjusted = "halved" if i == run * cells else "projected"
            parts.append(_cell("normal", f"{theirs}", f"cell_{i}", adjusted))
    top = dense("predictions", "final_layer/FC")
    aux = f"aux_{2 * cells - 1}"
    return Twin(_joined(parts), top, (channels,), absent=(aux,), **NASNET)


_LARGE, _SMALL = (3, 4, 5, *range(10, 15)), (0, *range(3, 11))
_RESNETS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
TWINS: dict[str, Callable[[], Twin]] = {
    "vgg_16": partial(vgg, "vgg_16", (2, 2, 3, 3, 3)),
    "vgg_19": partial(vgg, "vgg_19", (2, 2, 4, 4, 4)),
    **{f"resnet_v1_{n}": partial(resnet_v1, f"resnet_v1_{n}", stages) for n, stages in _RESNETS.items()},
    **{f"resnet_v2_{n}": partial(resnet_v2, f"resnet_v2_{n}", stages) for n, stages in _RESNETS.items()},
    "inception_v3": inception_v3,
    "inception_resnet_v2": inception_resnet_v2,
    **{f"mobilenet_v1{width}": mobilenet_v1 for width in ("", "_075", "_050", "_025")},
    **{f"mobilenet_v2{width}": mobilenet_v2 for width in ("", "_140", "_130", "_075", "_050", "_035")},
    **{f"mobilenet_v3_large{width}": partial(mobilenet_v3, 15, _LARGE, 1280) for width in ("", "_075")},
    **{f"mobilenet_v3_small{width}": partial(mobilenet_v3, 11, _SMALL, 1024) for width in ("", "_075")},
    "mobilenet_v3_large_minimalistic": partial(mobilenet_v3, 15, (), 1280),
    "mobilenet_v3_small_minimalistic": partial(mobilenet_v3, 11, (), 1024),
    "nasnet_mobile": partial(nasnet, 4, 1056),
    "nasnet_large": partial(nasnet, 6, 4032),
}
