"""Are two weight files the same? Names, shapes, types and values; and which values are no numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from slimzoo.converters.source import tensors_of
from slimzoo.errors import listing

_SLAB = 1 << 18  # values looked at at a time


@dataclass(frozen=True)
class Comparison:
    """How two sources differ; it is false where they do.

    Attributes:
      only_first, only_second: names on one side only.
      shapes: {name: (shape, shape)}; types: {name: (dtype, dtype)}.
      values: {name: largest absolute difference}, where above the tolerance; NaN equals NaN.
      compared: tensors whose values were compared.
    """

    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    shapes: dict[str, tuple[tuple[int, ...], tuple[int, ...]]]
    types: dict[str, tuple[str, str]]
    values: dict[str, float]
    compared: int

    def __bool__(self) -> bool:
        return not (self.only_first or self.only_second or self.shapes or self.types or self.values)

    def __str__(self) -> str:
        lines = [
            *(f"only in the first: {name}" for name in self.only_first),
            *(f"only in the second: {name}" for name in self.only_second),
            *(f"{name}: shape {list(a)} against {list(b)}" for name, (a, b) in self.shapes.items()),
            *(f"{name}: {a} against {b}" for name, (a, b) in self.types.items()),
            *(f"{name}: values differ by up to {value:.3g}" for name, value in self.values.items()),
        ]
        return listing(
            f"{self.compared} tensors compared, {len(lines)} differences" + ":" * bool(lines), lines
        )


def compare(
    first: Mapping[str, np.ndarray], second: Mapping[str, np.ndarray], tolerance: float = 0.0
) -> Comparison:
    """Compares tensor by tensor; `tolerance` is the absolute difference allowed."""
    ours, theirs = tensors_of(first), tensors_of(second)
    both = [name for name in ours if name in theirs]
    shapes = {n: (ours[n].shape, theirs[n].shape) for n in both if ours[n].shape != theirs[n].shape}
    types = {
        n: (ours[n].dtype.name, theirs[n].dtype.name)
        for n in both
        if ours[n].dtype.name != theirs[n].dtype.name
    }
    alike = [name for name in both if name not in shapes]
    gaps = {name: largest_difference(ours[name].load(), theirs[name].load()) for name in alike}
    return Comparison(
        tuple(name for name in ours if name not in theirs),
        tuple(name for name in theirs if name not in ours),
        shapes,
        types,
        {name: gap for name, gap in gaps.items() if gap > tolerance},
        len(alike),
    )


def largest_difference(first: np.ndarray, second: np.ndarray) -> float:
    """Returns max|first - second| of two arrays of one shape; infinity where only one is NaN."""
    largest = 0.0
    first, second = first.reshape(-1), second.reshape(-1)
    for start in range(0, first.size, _SLAB):
        a, b = first[start : start + _SLAB], second[start : start + _SLAB]
        if a.dtype == b.dtype and a.tobytes() == b.tobytes():
            continue
        kind = np.complex128 if "c" in (a.dtype.kind, b.dtype.kind) else np.float64
        a, b = a.astype(kind), b.astype(kind)
        same = (a == b) | (np.isnan(a) & np.isnan(b))
        gap = np.abs(np.subtract(a, b, where=~same, out=np.zeros_like(a)))
        largest = max(largest, float(np.max(np.where(np.isnan(gap), np.inf, gap))))
    return largest


def nonfinite_values(array: np.ndarray) -> int:
    """Returns how many values are NaN or infinite; slab by slab, so that it takes no memory to speak of."""
    if array.dtype.kind in "iub" or not array.size:
        return 0
    flat = array.reshape(-1)
    slabs = (flat[start : start + _SLAB] for start in range(0, flat.size, _SLAB))
    return sum(slab.size - int(np.count_nonzero(np.isfinite(slab))) for slab in slabs)


def nonfinite(source: Mapping[str, np.ndarray]) -> dict[str, int]:
    """Returns {name: how many values are NaN or infinite} for the tensors that have any."""
    counts: Counter[str] = Counter()
    for name, tensor in tensors_of(source).items():
        for part in tensor.parts():
            counts[name] += nonfinite_values(part.view(tensor.dtype))
    return {name: count for name, count in counts.items() if count}
