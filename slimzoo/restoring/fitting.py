"""From a file of weights to the values of a model's variables."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from slimzoo.converters import RestoreReport, matching
from slimzoo.converters.matching import Rename
from slimzoo.converters.naming import named
from slimzoo.converters.source import Source
from slimzoo.converters.verify import nonfinite_values
from slimzoo.errors import SlimzooError, counted, listing
from slimzoo.registry import Row
from slimzoo.restoring.tensors import take_over

Shapes = Mapping[str, tuple[int, ...]]


class LazyTensors(Mapping[str, Any]):
    """{variable name: tensor}, each read when asked for and kept by nobody here.

    Attributes:
      nonfinite: {variable name: how many values are NaN or infinite}, of those read so far.
    """

    def __init__(self, source: Mapping[str, Any], names: Mapping[str, str]):
        self._source = source
        self._names = names  # ours: theirs
        self.nonfinite: dict[str, int] = {}

    def __getitem__(self, name: str) -> Any:
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

    def read_all(self) -> None:
        """Reads every tensor once: what cannot be read raises now, and check_finite() knows them all."""
        for name in self:
            self[name]

    def check_finite(self, where: Any) -> None:
        """Raises SlimzooError if a value read so far is NaN or infinite; every such variable is named."""
        problems = [f"{name}: {counted(count, 'value')}" for name, count in self.nonfinite.items()]
        if problems:
            raise SlimzooError(
                listing(f"{where} holds NaN or infinity:", problems)
                + "\nThe training that wrote it diverged, or the file was damaged. Take an earlier one, or "
                "leave these scopes out with exclude."
            )


def read_for(
    source: Source,
    shapes: Shapes,
    exclude: Iterable[str] = (),
    rename: Rename = None,
    ema: bool = False,
    network: Row | None = None,
) -> tuple[LazyTensors, RestoreReport]:
    """Returns ({variable name: tensor}, report) for the variables of `shapes` from an open file.

    Raises: SlimzooError: names or shapes differ where `exclude` does not cover it; all differences at once.
    """
    found = named(source, network, lambda: shapes, ema=ema, rename=rename, exclude=exclude, whole=True)
    name = network.name if network else ""
    values, report = fit(found.variables, shapes, found.exclude, network=name, hint=found.hint)
    return values, replace(report, unused=(*report.unused, *found.unused))


def fit(
    source: Any,
    shapes: Shapes,
    exclude: Iterable[str] = (),
    sum_rgb: bool = False,
    network: str = "",
    hint: Callable[[], str] = str,
) -> tuple[LazyTensors, RestoreReport]:
    """Returns ({variable name: tensor}, report) for the variables of `shapes` from an open source.

    Args:
      sum_rgb: kernels of three channels fill variables of one by their sum.
      network: whose variables these are, so that a message does not name it as another one.
      hint: returns what may help where the names differ.
    Raises: SlimzooError: as read_for; `sum_rgb` and there is no such kernel.
    """
    colour: list[str] = []
    try:
        colour = _kernels_of_colour(source.shapes, shapes)
        if sum_rgb:
            source = SummedOverRGB(source, [name for name in colour if not _is_separable(name)])
        match = matching.match(source.shapes, shapes, exclude=exclude)
        if sum_rgb and not colour:
            raise SlimzooError(
                "sum_rgb is for weights of colour images and input_shape=(height, width, 1); these weights "
                "fit as they are"
            )
    except matching.Misfit as error:
        reason = _of_colour_images(colour, sum_rgb) or _other_network(source.shapes, network)
        raise (error.followed_by(reason) if reason else error.hinting(hint)) from None
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


class SummedOverRGB(Mapping[str, Any]):
    """The tensors of a source; some kernels [h, w, 3, channels] become their sum [h, w, 1, channels]."""

    def __init__(self, source: Any, kernels: Iterable[str]):
        self._source, self._kernels = source, frozenset(kernels)
        self.shapes = {
            name: (*shape[:2], 1, shape[3]) if name in self._kernels else shape
            for name, shape in source.shapes.items()
        }

    def __getitem__(self, name: str) -> Any:
        array = self._source[name]
        return array.sum(axis=2, keepdims=True) if name in self._kernels else array

    def __iter__(self) -> Iterator[str]:
        return iter(self.shapes)

    def __len__(self) -> int:
        return len(self.shapes)


def _kernels_of_colour(source_shapes: Shapes, shapes: Shapes) -> list[str]:
    """Returns the tensors that would be kernels of one channel here, were they not of three."""
    return [
        name
        for name, given in source_shapes.items()
        if len(shape := tuple(given)) == 4
        and shape[2] == 3
        and tuple(shapes.get(name, ())) == (*shape[:2], 1, shape[3])
    ]


def _is_separable(kernel: str) -> bool:
    """Whether the pointwise half of the convolution tells the channels apart, so that no sum can stand."""
    return kernel.endswith("depthwise_weights")


def _of_colour_images(kernels: list[str], sum_rgb: bool) -> str:
    """Returns what can be done about `kernels` of three channels for images of one, "" without any."""
    if not kernels:
        return ""
    repeat = "leave input_shape at three channels and give tf.image.grayscale_to_rgb(images)."
    why = "\nThe weights are of colour images, and one channel is asked for. "
    if any(_is_separable(kernel) for kernel in kernels):
        return f"{why}{kernels[0]} is half of a separable convolution, which cannot be summed: {repeat}"
    if sum_rgb:
        return ""
    return f"{why}slimzoo.load(..., sum_rgb=True) sums {', '.join(kernels)} over the three; or {repeat}"


def _other_network(source_shapes: Shapes, network: str) -> str:
    """Returns a line that names the network these weights are of, "" where it is none or `network`."""
    from slimzoo.restoring.identify import identify

    exact = [candidate for candidate in identify(source_shapes, limit=1000) if candidate.exact]
    if not exact or network in [candidate.network for candidate in exact]:
        return ""
    return f"\nLikely: the file is of {exact[0].network}, with {exact[0].num_classes} classes"
