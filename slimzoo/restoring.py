"""From a file of weights to the values of a model's variables."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from slimzoo import converters
from slimzoo.converters import RestoreReport, matching
from slimzoo.registry import Network
from slimzoo.tensors import take_over

Shapes = Mapping[str, tuple[int, ...]]


class LazyTensors(Mapping):
    """{variable name: tensor}, each read when asked for and kept by nobody here."""

    def __init__(self, source: Mapping[str, Any], names: Mapping[str, str]):
        self._source = source
        self._names = names  # ours: theirs

    def __getitem__(self, name):
        return take_over(self._source[self._names[name]])

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def read_for(
    path, shapes: Shapes, exclude: Iterable[str] = (), rename: Mapping | Callable | None = None, ema: bool = False
) -> tuple[Mapping[str, Any], RestoreReport]:
    """Returns ({variable name: tensor}, report) for the variables of `shapes` from the file `path`.

    Raises: ValueError: names or shapes differ where `exclude` does not cover it; all differences at once.
    """
    source, _ = converters.inference_variables(converters.read(path), ema=ema)
    return fit(source, shapes, exclude, rename)


def fit(
    source: Any, shapes: Shapes, exclude: Iterable[str] = (), rename: Mapping | Callable | None = None
) -> tuple[Mapping[str, Any], RestoreReport]:
    """Returns ({variable name: tensor}, report) for the variables of `shapes` from an open source."""
    match = matching.match(source.shapes, shapes, exclude=tuple(exclude), rename=rename)
    sizes = {name: math.prod(shape) for name, shape in shapes.items()}
    report = RestoreReport(
        restored=tuple(match.sources),
        reinitialised=match.excluded,
        missing=(),
        unused=match.unused,
        parameters_restored=sum(sizes[name] for name in match.sources),
        parameters_total=sum(sizes.values()),
    )
    return LazyTensors(source, match.sources), report


def classes_in(source_shapes: Shapes, network: Network) -> int | None:
    """Returns how many classes these weights tell apart, by the last axis of their head; None without a head."""
    for scope in network.heads:
        for name, shape in source_shapes.items():
            if name.startswith(f"{scope}/") and shape:
                return shape[-1]
    return None
