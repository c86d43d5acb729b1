"""What there is: every network with its sizes and its released weights, at a glance or in full."""

import difflib
import functools
from dataclasses import asdict, dataclass
from typing import Any

from slimzoo import weights
from slimzoo.errors import SlimzooError
from slimzoo.manifest import WeightsRow
from slimzoo.registry import Network, get_network, list_models


@dataclass(frozen=True)
class Entry:
    """One network at a glance."""

    name: str
    image_size: int  # pixels, square
    channels: int
    num_classes: int
    weights: tuple[str, ...]  # tags of released weights, the default first
    parameters: int | None  # None: not counted

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
    """One network in full; `layers` and `variables` are in the order of creation."""

    entry: Entry
    variables: dict[str, tuple[int, ...]]
    layers: tuple[Layer, ...]
    heads: tuple[str, ...]
    transfer_heads: tuple[str, ...]
    end_points: dict[str, tuple[int | None, ...]]  # in inference
    weights: tuple[WeightsRow, ...]

    @property
    def multiply_adds(self) -> int:
        """Of one image, where they are known."""
        return sum(layer.multiply_adds or 0 for layer in self.layers)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        fields = {name: value for name, value in asdict(self).items() if name != "entry"}
        return {**asdict(self.entry), "multiply_adds": self.multiply_adds, **fields}


def entries(pattern: str = "*", parameters: bool = False) -> list[Entry]:
    """Returns the networks whose name matches `pattern`, or contains it where it has no wildcard.

    Args:
      parameters: count them too; that takes up to half a second a network.
    Raises: SlimzooError: none matches.
    """
    names = list_models(pattern) or list_models(f"*{pattern}*")
    if not names:
        near = difflib.get_close_matches(pattern.strip("*").lower(), list_models(), n=3) or list_models()
        raise SlimzooError(f"no network matches {pattern!r}. Nearest: {', '.join(near)}.")
    return [_entry(get_network(name), parameters) for name in names]


def describe(name: str) -> Description:
    """Returns everything known of the network `name`; "name/tag" keeps only these weights.

    Raises: SlimzooError: there is no such network or tag; the nearest are named.
    """
    name, _, tag = name.partition("/")
    network = get_network(name)
    rows = (weights.get_row(name, tag),) if tag else _rows(name)
    found, layers = _discover(name)
    return Description(
        entry=_entry(network, parameters=True),
        variables={spec.name: spec.shape for spec in found.variables.values()},
        layers=tuple(layers),
        heads=network.heads,
        transfer_heads=network.transfer_heads,
        end_points={key: tuple(shape) for key, shape in found.mode(False).end_points.items()},
        weights=rows,
    )


def _entry(network: Network, parameters: bool) -> Entry:
    return Entry(
        name=network.name,
        image_size=network.image_size,
        channels=network.channels,
        num_classes=network.num_classes,
        weights=tuple(row.tag for row in _rows(network.name)),
        parameters=sum(layer.parameters for layer in _discover(network.name)[1]) if parameters else None,
    )


def _rows(name: str) -> tuple[WeightsRow, ...]:
    return tuple(row for row in weights.rows() if row.network == name)


@functools.cache
def _discover(name: str):
    """Returns the Discovery of a registered network and its layers; no variable is made."""
    import tensorflow as tf

    from slimzoo import model_config
    from slimzoo.discovery import discover
    from slimzoo.summary import layer_rows

    parts = model_config.resolve(name, None, None, None, "NHWC", {})
    found = discover(parts.run, parts.input_shape, tf.float32, parts.modes)
    rows = layer_rows(found, dict.fromkeys((spec.name for spec in found.variables.values()), ""), ())
    return found, [
        Layer(row.scope, row.output_shape and tuple(row.output_shape[1:]), row.parameters, row.multiply_adds)
        for row in rows
    ]
