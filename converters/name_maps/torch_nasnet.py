"""What timm calls the layers of NASNet-A large and PNASNet-5 large: slim's names with other words in them."""

from __future__ import annotations

from collections.abc import Mapping

from slimzoo.converters.name_maps.torch_layers import Rows, batch_norm, dense, depthwise, kernel
from slimzoo.converters.name_maps.transforms import OIHW

# The separable convolutions of a cell, by where they stand: the size of both their kernels.
_NASNET_NORMAL = {(0, "left"): 5, (0, "right"): 3, (1, "left"): 5, (1, "right"): 3, (4, "left"): 3}
_NASNET_REDUCTION = {(0, "left"): 5, (0, "right"): 7, (1, "right"): 7, (2, "right"): 5, (4, "left"): 3}
_PNASNET = {(0, "left"): 5, (1, "left"): 7, (2, "left"): 5, (2, "right"): 3, (3, "left"): 3, (4, "left"): 3}
_NASNET_CELLS = {
    **{f"cell_stem_{i}": _NASNET_REDUCTION for i in range(2)},
    **{f"cell_{i}": _NASNET_NORMAL for i in range(18)},
    **{f"reduction_cell_{i}": _NASNET_REDUCTION for i in range(2)},
}
_PNASNET_CELLS = {f"cell_{i}": _PNASNET for i in ("stem_0", "stem_1", *range(12))}
_FIRST = "cell_stem_0"  # takes the image alone: there is nothing before it to fit
_NASNET_HALVED = (
    "cell_stem_1",
    "cell_0",
    "cell_6",
    "cell_12",
)  # what came two cells before is twice as large
_PNASNET_HALVED = ("cell_stem_1", "cell_0", "cell_5", "cell_9")
_PNASNET_ONES = {  # 1x1 convolutions after a pooling
    (_FIRST, 0, "right"),
    *((cell, 4, "right") for cell in (_FIRST, "cell_stem_1", "cell_4", "cell_8")),
}


def _normalised(theirs: str, ours: str, norm: str) -> Rows:
    return (*kernel(f"{theirs}.conv", ours), *batch_norm(f"{theirs}.bn", norm))


def _separable(theirs: str, ours: str, size: int) -> Rows:
    rows: Rows = ()
    for i in (1, 2):
        their, our = f"{theirs}.separable_{i}", f"{ours}/separable_{size}x{size}_{i}"
        rows += depthwise(f"{their}.depthwise_conv2d", our)
        rows += kernel(f"{their}.pointwise_conv2d", our, OIHW, "pointwise_weights")
        rows += batch_norm(f"{theirs}.bn_sep_{i}", f"{ours}/bn_sep_{size}x{size}_{i}")
    return rows


def _halved(theirs: str, ours: str) -> Rows:
    paths = (row for i in (1, 2) for row in kernel(f"{theirs}.path_{i}.conv", f"{ours}/path{i}_conv"))
    return (*paths, *batch_norm(f"{theirs}.final_path_bn", f"{ours}/final_path_bn"))


def _cell(name: str, separables: Mapping[tuple[int, str], int]) -> Rows:
    rows = _normalised(f"{name}.conv_1x1", f"{name}/1x1", f"{name}/beginning_bn")
    for (i, side), size in separables.items():
        rows += _separable(f"{name}.comb_iter_{i}_{side}", f"{name}/comb_iter_{i}/{side}", size)
    return rows


def _previous(name: str) -> Rows:
    return _normalised(f"{name}.conv_prev_1x1", f"{name}/prev_1x1", f"{name}/prev_bn")


def nasnet_large() -> Rows:
    """NASNet-A large but for its auxiliary head."""
    rows = _normalised("conv0", "conv0", "conv0_bn")
    for name, separables in _NASNET_CELLS.items():
        rows += _cell(name, separables)
        if name in _NASNET_HALVED:
            rows += _halved(name, name)
        elif name != _FIRST:
            rows += _previous(name)
    return (*rows, *dense("last_linear", "final_layer/FC"))


def pnasnet_large() -> Rows:
    """PNASNet-5 large but for its auxiliary head."""
    rows = _normalised("conv_0", "conv0", "conv0_bn")
    for name, separables in _PNASNET_CELLS.items():
        rows += _cell(name, separables)
        if name in _PNASNET_HALVED:
            rows += _halved(f"{name}.conv_prev_1x1", name)
        elif name != _FIRST:
            rows += _previous(name)
    for name, i, side in sorted(_PNASNET_ONES):
        scope = f"{name}/comb_iter_{i}/{side}"
        rows += _normalised(f"{name}.comb_iter_{i}_{side}", f"{scope}/1x1", f"{scope}/bn_1")
    return (*rows, *dense("last_linear", "final_layer/FC"))
