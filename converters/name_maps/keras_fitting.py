"""Where in a file of Keras's a network is: its layers, among those that stand before and after it.

A layer of the table finds its own by name, or by the number in its name, or by its place among the layers of
its kind. None is believed before the channels of convolutions and of their batch norms agree.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from slimzoo.converters.name_maps import Row
from slimzoo.converters.name_maps.transforms import (
    FLAT_AS_7X7,
    IO,
    IO_AS_1X1,
    ONE_AS_IO,
    SAME,
    Transform,
    with_zero_biases,
)
from slimzoo.converters.source import Source

_KINDS = (  # the first variable that a layer has, its rank, the kind of the layer
    ("moving_mean", 1, "norm"),
    ("pointwise_kernel", 4, "separable"),
    ("depthwise_kernel", 4, "depthwise"),
    ("kernel", 4, "conv"),
    ("kernel", 2, "dense"),
)
_NUMBERED = re.compile(r"(conv2d|batch_normalization)(?:_(\d+))?")  # names that Keras gives by itself
_HEADS: dict[
    tuple[Transform, int], Transform
] = {  # (as the table has it, rank in the file): what makes it ours
    (SAME, 4): SAME,
    (SAME, 2): IO_AS_1X1,
    (IO_AS_1X1, 2): IO_AS_1X1,
    (IO_AS_1X1, 4): SAME,
    (FLAT_AS_7X7, 2): FLAT_AS_7X7,
    (IO, 2): IO,
    (IO, 4): ONE_AS_IO,
}
_MOST = 1000  # ways to lay the table onto a file that are tried
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Layer:
    """A layer with variables; `shapes` are empty where it is one of the table."""

    name: str
    kind: str
    variables: Mapping[str, str]  # {variable: its whole name}
    shapes: Mapping[str, Shape]

    @property
    def label(self) -> str:
        """Its own name, without those of the models that it is in."""
        return self.name.rpartition("/")[2]

    @property
    def channels(self) -> int:
        """How many channels it makes of those it gets."""
        return self.shapes["kernel" if "kernel" in self.shapes else "pointwise_kernel"][-1]


Pairs = list[tuple[Layer, Layer]]  # (of the table, of the file)


def layers_of_rows(rows: Iterable[Row]) -> list[Layer]:
    """Returns the layers of a table, in its order."""
    owned = _owned(name for row in rows for name in row.theirs)
    return [Layer(name, _kind(found, {}), found, {}) for name, found in owned.items()]


def layers_in(source: Source) -> list[Layer]:
    """Returns the layers in a file, in its order; state of random numbers is none."""
    floats = [
        name for name in source if source.tensors[name].dtype.kind not in "iu" or name.endswith("/count")
    ]
    layers = []
    for layer, found in _owned(floats).items():
        shapes = {key: source.tensors[name].shape for key, name in found.items()}
        if any(shapes.values()):  # counters are of none
            layers.append(Layer(layer, _kind(found, shapes), found, shapes))
    told = any(layer.kind == "depthwise" for layer in layers)
    return layers if told else [_depthwise(layer) for layer in layers]


def _owned(names: Iterable[str]) -> dict[str, dict[str, str]]:
    owned: dict[str, dict[str, str]] = {}
    for name in names:
        layer, _, key = name.rpartition("/")
        owned.setdefault(layer, {})[key] = name
    return owned


def _kind(variables: Mapping[str, str], shapes: Mapping[str, Shape]) -> str:
    if variables.keys() == {"mean", "variance"} | (variables.keys() & {"count"}):
        return "normalization"
    for mark, rank, kind in _KINDS:
        if mark in variables and (mark not in shapes or len(shapes[mark]) == rank):
            return kind
    return ""


def _depthwise(layer: Layer) -> Layer:
    """The same as a depthwise convolution, if it has the shape of one: Keras 3 says "kernel" of all."""
    *size, _, multiplier = layer.shapes["kernel"] if layer.kind == "conv" else (1, 1, 1, 0)
    if multiplier != 1 or math.prod(size) == 1:
        return layer
    key = {"kernel": "depthwise_kernel"}
    variables = {key.get(name, name): value for name, value in layer.variables.items()}
    shapes = {key.get(name, name): shape for name, shape in layer.shapes.items()}
    return Layer(layer.name, "depthwise", variables, shapes)


def find_base(rows: Iterable[Row], file: list[Layer]) -> Pairs | None:
    """Returns the layers of the table `rows` with those of `file` that are the same, or None.

    Names that are all there decide: layers between them are those of a deeper network.
    """
    table, scopes = layers_of_rows(rows), _scopes(rows)
    for way in (_by_name, _by_number, _by_order):
        for pairs in itertools.islice(way(table, file), _MOST):
            if _alike(pairs) and _agree(pairs, scopes):
                return pairs if _in_one_piece(pairs, file) else None
    return None


def _by_name(table: list[Layer], file: list[Layer]) -> Iterator[Pairs]:
    yield from _by_label(table, file, lambda label: label)


def _by_label(table: list[Layer], file: list[Layer], label_of: Callable[[str], str]) -> Iterator[Pairs]:
    """Yields the pairs, if there are such, where the table's layer `x` is called label_of(x) in the file."""
    named = [
        layer for layer in file if "/layers/" not in f"/{layer.name}"
    ]  # else a number counts layers only
    counts = Counter(layer.label for layer in named)
    labels = {layer.label: layer for layer in named if counts[layer.label] == 1}
    wanted = [label_of(layer.label) for layer in table]
    if all(label in labels for label in wanted):
        yield [(layer, labels[label]) for layer, label in zip(table, wanted, strict=True)]


def _by_number(table: list[Layer], file: list[Layer]) -> Iterator[Pairs]:
    """Keras numbers layers through a whole program: the first of a network has any number."""
    wanted, there = _numbers(table), _numbers(file)
    if not wanted or wanted.keys() - there.keys():
        return
    starts = [
        [start for start in sorted(there[stem]) if wanted[stem] <= {n - start for n in there[stem]}]
        for stem in wanted
    ]
    for choice in itertools.product(*starts):
        first = dict(zip(wanted, choice, strict=True))
        yield from _by_label(table, file, partial(_moved, first))


def _numbers(layers: Iterable[Layer]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for layer in layers:
        if match := _NUMBERED.fullmatch(layer.label):
            found.setdefault(match[1], set()).add(int(match[2] or 0))
    return found


def _moved(first: Mapping[str, int], label: str) -> str:
    match = _NUMBERED.fullmatch(label)
    if not match:
        return label
    number = int(match[2] or 0) + first[match[1]]
    return f"{match[1]}_{number}" if number else match[1]


def _by_order(table: list[Layer], file: list[Layer]) -> Iterator[Pairs]:
    """Yields the pairs of every run of the file's layers, kind by kind; what is beyond comes after rather."""
    wanted, there = _by_kind(table), _by_kind(file)
    runs = [
        [there.get(kind, [])[start : start + len(layers)] for start in range(len(there.get(kind, [])) + 1)]
        for kind, layers in wanted.items()
    ]
    whole = [
        [run for run in rows if len(run) == len(wanted[kind])]
        for kind, rows in zip(wanted, runs, strict=True)
    ]
    for choice in itertools.product(*whole):
        yield [
            pair
            for layers, run in zip(wanted.values(), choice, strict=True)
            for pair in zip(layers, run, strict=True)
        ]


def _by_kind(layers: Iterable[Layer]) -> dict[str, list[Layer]]:
    kinds: dict[str, list[Layer]] = {}
    for layer in layers:
        kinds.setdefault(layer.kind, []).append(layer)
    return kinds


def _alike(pairs: Pairs) -> bool:
    return all(
        mine.kind == theirs.kind and mine.variables.keys() == theirs.variables.keys()
        for mine, theirs in pairs
    )


def _agree(pairs: Pairs, scopes: Mapping[str, str]) -> bool:
    """Whether what becomes one layer of ours has as many channels in all of its parts."""
    channels: dict[str, int] = {}
    for mine, theirs in pairs:
        for key, name in mine.variables.items():
            if key == "depthwise_kernel" and mine.kind == "separable":
                continue
            shape = theirs.shapes[key]
            count = math.prod(shape[2:]) if key == "depthwise_kernel" else shape[-1]
            if channels.setdefault(scopes[name], count) != count:
                return False
    return True


def _scopes(rows: Iterable[Row]) -> dict[str, str]:
    """Returns {name of theirs: the scope of ours that it is a part of}."""
    return {
        name: row.ours[0].rpartition("/")[0].removesuffix("/BatchNorm") for row in rows for name in row.theirs
    }


def _in_one_piece(pairs: Pairs, file: list[Layer]) -> bool:
    """Whether nothing of their kind stands between the network's layers, as in a deeper one of its family."""
    used = {theirs.name for _, theirs in pairs}
    for layers in _by_kind(file).values():
        places = [i for i, layer in enumerate(layers) if layer.name in used]
        if places and places[-1] - places[0] + 1 != len(places):
            return False
    return True


def find_top(top: Iterable[Row], inputs: Iterable[int], head: list[Layer]) -> tuple[Row, ...] | None:
    """Returns the rows of the network's last layers, made of the layers `head`; None where they are others.

    Args:
      inputs: how many channels each of the last layers takes.
    """
    wanted, table = list(inputs), {row.theirs[0]: row for row in top}
    layers = layers_of_rows(table.values())
    if len(layers) != len(head):
        return None
    made = [
        _last_layer(table[mine.variables["kernel"]], table[mine.variables["bias"]], theirs, width)
        for mine, theirs, width in zip(layers, head, wanted, strict=True)
    ]
    return tuple(row for rows in made for row in rows) if all(made) else None


def _last_layer(kernel: Row, bias: Row, layer: Layer, width: int) -> tuple[Row, ...]:
    """Returns the rows that make our last layer of `layer`, () where it cannot be that."""
    shape = layer.shapes.get("kernel", ())
    how = _HEADS.get((kernel.how, len(shape)))
    if how is None or shape[-2] != width or math.prod(shape[:-2]) != 1:
        return ()
    if layer.variables.keys() == {"kernel", "bias"}:
        names = layer.variables
        return (Row((names["kernel"],), kernel.ours, how), Row((names["bias"],), bias.ours))
    if layer.variables.keys() == {"kernel"}:
        return (Row((layer.variables["kernel"],), (*kernel.ours, *bias.ours), with_zero_biases(how)),)
    return ()
