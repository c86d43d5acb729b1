"""Sides of images that a network can be trained on: where masks are learnt, those that its maps lie on."""

from collections.abc import Mapping
from typing import Any

from slimzoo.registry import Row

Grid = tuple[int, int]  # (stride, rest): sides are multiples of the first and the second


def grid_of(row: Row, arguments: Mapping[str, Any]) -> Grid:
    """Returns the grid of the network of `row`, built with `arguments`."""
    stride, rest = row.grid
    return (int(arguments.get("output_stride", stride)), rest) if rest else (stride, rest)


def on_grid(size: float, grid: Grid) -> int:
    """Returns the smallest side that fits the network and is at least `size`."""
    stride, rest = grid
    return max(-int(-(size - rest) // stride), 1) * stride + rest


def problem_of_size(network: str, size: int, grid: Grid) -> str:
    """Returns what to say of images of `size` pixels that do not fit; "" where they do."""
    above = on_grid(size, grid)
    if above == size:
        return ""
    stride, rest = grid
    below = [str(above - stride)] if above - stride > stride else []
    plus = f" and {rest}" if rest else ""
    return (
        f"size is {size}, which does not fit {network}, whose output stride is {stride}: the side of its "
        f"images is a multiple of {stride}{plus}, as {' or '.join([*below, str(above)])}"
    )
