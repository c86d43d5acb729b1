"""From a file of weights to the values of a model's variables."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from slimzoo import converters
from slimzoo.converters import RestoreReport, matching
from slimzoo.converters.verify import nonfinite_values
from slimzoo.errors import SlimzooError, listing
from slimzoo.registry import Network
from slimzoo.tensors import take_over

Shapes = Mapping[str, tuple[int, ...]]


class LazyTensors(Mapping):
    """{variable name: tensor}, each read when asked for and kept by nobody here.

    Attributes:
      nonfinite: {variable name: how many values are NaN or infinite}, of those read so far.
    """

    def __init__(self, source: Mapping[str, Any], names: Mapping[str, str]):
        self._source = source
        self._names = names  # ours: theirs
        self.nonfinite: dict[str, int] = {}

    def __getitem__(self, name):
        array = self._source[self._names[name]]
        if count := nonfinite_values(array):
            self.nonfinite[name] = count
        return take_over(array)

    def __contains__(self, name: object) -> bool:
        return name in self._names  # Mapping's own would read the tensor

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def check_finite(self, where: Any) -> None:
        """Raises SlimzooError if a value read so far is NaN or infinite; every such variable is named."""
        problems = [f"{name}: {count:,} values" for name, count in self.nonfinite.items()]
        if problems:
            raise SlimzooError(
                listing(f"{where} holds NaN or infinity:", problems)
                + "\nThe training that wrote it diverged, or the file was damaged. Take an earlier one, or "
                "leave these scopes out with exclude."
            )


def read_for(
    path,
    shapes: Shapes,
    exclude: Iterable[str] = (),
    rename: Mapping | Callable | None = None,
    ema: bool = False,
) -> tuple[LazyTensors, RestoreReport]:
    """Returns ({variable name: tensor}, report) for the variables of `shapes` from the file `path`.

    Raises: SlimzooError: names or shapes differ where `exclude` does not cover it; all differences at once.
    """
    source, _ = converters.inference_variables(converters.read(path), ema=ema)
    return fit(source, shapes, exclude, rename)


def fit(
    source: Any, shapes: Shapes, exclude: Iterable[str] = (), rename: Mapping | Callable | None = None
) -> tuple[LazyTensors, RestoreReport]:
    """Returns ({variable name: tensor}, report) for the variables of `shapes` from an open source."""
    try:
        match = matching.match(source.shapes, shapes, exclude=exclude, rename=rename)
    except SlimzooError as error:
        raise SlimzooError(f"{error}{_other_network(source.shapes, shapes)}") from error
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


def _other_network(source_shapes: Shapes, shapes: Shapes) -> str:
    """Returns a line that names the registered network these weights are of, "" where it is none or
    this one.
    """
    from slimzoo.identify import identify

    found = [candidate for candidate in identify(source_shapes) if candidate.exact]
    ours = {name: tuple(shape) for name, shape in shapes.items()}
    if not found or ours == {name: tuple(shape) for name, shape in source_shapes.items()}:
        return ""
    return f"\nLikely: the file is of {found[0].network}, with {found[0].num_classes} classes"


def classes_in(source_shapes: Shapes, network: Network) -> int | None:
    """Returns how many classes these weights tell apart, by the last axis of their head; None without one."""
    for scope in network.heads:
        for name, shape in source_shapes.items():
            if name.startswith(f"{scope}/") and shape:
                return shape[-1]
    return None
