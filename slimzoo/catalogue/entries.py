"""What there is: every network with its sizes and its released weights, at a glance or in full."""

import difflib
import functools
import importlib.resources
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from slimzoo import weights
from slimzoo.errors import SlimzooError
from slimzoo.names import in_scopes
from slimzoo.registry import Network, get_network, list_models
from slimzoo.weights.manifest import WeightsRow

if TYPE_CHECKING:
    from slimzoo.tracing.discovery import Discovery

FACTS = "facts.json"  # beside this file: what tools/measure_zoo.py counted


@dataclass(frozen=True)
class Entry:
    """One network at a glance; what is counted holds for inference, where it is used as it was published."""

    name: str
    image_size: int  # pixels, square
    channels: int
    num_classes: int
    parameters: int
    multiply_adds: int  # of one image, in convolutions and dense layers
    top1: float | None  # percent, as published for the default weights
    weights: tuple[str, ...]  # tags of released weights that can be loaded, the default first

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Layer:
    """One scope of a network that holds variables."""

    scope: str
    output_shape: tuple[int | None, ...] | None  # of one image
    parameters: int
    multiply_adds: int | None  # of one image


@dataclass(frozen=True)
class Description:
    """One network in full; `layers` and `variables` are in the order of creation, of training's too."""

    entry: Entry
    variables: dict[str, tuple[int, ...]]
    layers: tuple[Layer, ...]
    heads: tuple[str, ...]
    transfer_heads: tuple[str, ...]
    end_points: dict[str, tuple[int | None, ...]]  # in inference
    weights: tuple[WeightsRow, ...]

    @property
    def training_parameters(self) -> int:
        """Of the auxiliary heads that exist in training only."""
        return sum(layer.parameters for layer in self.layers) - self.entry.parameters

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        fields = {name: value for name, value in asdict(self).items() if name != "entry"}
        return {**asdict(self.entry), "training_parameters": self.training_parameters, **fields}


def entries(*patterns: str) -> list[Entry]:
    """Returns the networks whose name matches one of `patterns`, or contains it where it has no wildcard.

    Without a pattern, all. Raises: SlimzooError: one matches none; all of these are named.
    """
    names: set[str] = set()
    problems = []
    for pattern in patterns or ("*",):
        matching = list_models(pattern) or list_models(f"*{pattern}*")
        names.update(matching)
        if not matching:
            near = difflib.get_close_matches(pattern.strip("*").lower(), list_models(), n=3)
            nearest = f"Nearest: {', '.join(near)}." if near else "slimzoo.list_models() lists all."
            problems.append(f"no network matches {pattern!r}. {nearest}")
    if problems:
        raise SlimzooError("\n".join(problems))
    return [_entry(get_network(name)) for name in sorted(names)]


def describe(name: str) -> Description:
    """Returns everything known of the network `name`; "name.tag" keeps only these weights.

    Raises: SlimzooError: there is no such network or tag; the nearest are named.
    """
    name, tag = weights.split_name(name)
    network = get_network(name)
    rows = (weights.get_row(name, tag),) if tag else _rows(name)
    discovery, layers = _traced(name)
    return Description(
        entry=_entry(network),
        variables={spec.name: spec.shape for spec in discovery.variables.values()},
        layers=layers,
        heads=network.heads,
        transfer_heads=network.transfer_heads,
        end_points={key: tuple(shape) for key, shape in discovery.mode(False).end_points.items()},
        weights=rows,
    )


def _entry(network: Network) -> Entry:
    rows, published = _rows(network.name), _published(network)
    counted = facts().get(network.name, {})
    if any(counted.get(name) != value for name, value in published.items()):  # no row, or one of before
        counted = count(network)
    return Entry(
        name=network.name,
        **counted,
        top1=next((row.top1 for row in rows[:1]), None),
        weights=tuple(row.tag for row in rows if row.maths != "other"),
    )


@functools.cache
def facts() -> dict[str, dict[str, int]]:
    """Returns {network: its row of the FACTS}."""
    return json.loads((importlib.resources.files("slimzoo.catalogue") / FACTS).read_text(encoding="utf-8"))


def _published(network: Network) -> dict[str, int]:
    return {name: getattr(network, name) for name in ("image_size", "channels", "num_classes")}


def count(network: Network) -> dict[str, int]:
    """Returns the row of `network` in the FACTS, by tracing it: half a second, or several for the largest."""
    _, layers = _traced(network.name)
    return {
        **_published(network),
        "parameters": sum(
            layer.parameters for layer in layers if not in_scopes(layer.scope, network.auxiliary or ())
        ),
        "multiply_adds": sum(layer.multiply_adds or 0 for layer in layers),
    }


def _rows(name: str) -> tuple[WeightsRow, ...]:
    return tuple(row for row in weights.rows() if row.network == name)


@functools.cache
def _traced(name: str) -> tuple["Discovery", tuple[Layer, ...]]:
    """Returns what discovery finds of a registered network, and its layers; no variable is made."""
    from slimzoo.tracing.layers import layer_rows  # these bring TensorFlow; listing needs none of it
    from slimzoo.tracing.parts import discover_parts, resolve

    discovery = discover_parts(resolve(name), keep_graph=False)
    sources = dict.fromkeys((spec.name for spec in discovery.variables.values()), "")
    return discovery, tuple(
        Layer(row.scope, row.output_shape and tuple(row.output_shape[1:]), row.parameters, row.multiply_adds)
        for row in layer_rows(discovery, sources, ())
    )
