"""keras.applications and slim, by the layer names of Keras 3; other files of Keras are matched by order.

Kernels are laid out alike. Where Keras's weights take BGR images (VGG, ResNet v1: its mode "caffe"), the
first convolution's input axis is turned round, so that ours take RGB.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from slimzoo.converters.name_maps import NameMap, Row
from slimzoo.converters.name_maps.keras_networks import TWINS
from slimzoo.converters.source import Source

NETWORKS = tuple(TWINS)
_KINDS = ("moving_mean", "pointwise_kernel", "depthwise_kernel", "kernel")  # by the first that a layer has

Layers = dict[str, list[dict[str, str]]]  # kind: {variable: name} of each layer, in order


@dataclass(frozen=True, kw_only=True)
class KerasMap(NameMap):
    """A name map that also fits files with other names of layers, and models without their top.

    Attributes:
      top: the rows of the layers that a model made with include_top=False lacks.
      by_order: it was fitted to other names by the order of layers, as Keras itself loads `.h5` files.
    """

    top: tuple[Row, ...] = ()
    by_order: bool = False

    def __str__(self) -> str:
        return f"{self.library}/{self.network}{', by the order of layers' if self.by_order else ''}"

    def fitted(self, names: Iterable[str]) -> KerasMap | None:
        """Returns the map for a file of these `names`, in the file's order of layers, or None.

        By name where all are Keras 3's; else by order, within each class of layer.
        """
        names = tuple(names)
        candidates = (self, self.without_top())
        for candidate in candidates:
            if candidate.names.keys() == set(names):
                return candidate
        for candidate in candidates:
            if spelling := _by_order(candidate.names, names):
                return candidate.respelled(spelling)
        return None

    def without_top(self) -> KerasMap:
        """Returns the map of the network without its top; those variables of ours are absent."""
        scopes = (ours.rpartition("/")[0] for entry in self.top for ours in entry.ours)
        rows = tuple(entry for entry in self.rows if entry not in self.top)
        return self._with(rows=rows, absent=(*self.absent, *dict.fromkeys(scopes)))

    def respelled(self, spelling: Mapping[str, str]) -> KerasMap:
        """Returns the map for a file that has other names of layers: {name here: name there}."""
        rows = (replace(entry, theirs=tuple(spelling[name] for name in entry.theirs)) for entry in self.rows)
        return self._with(rows=tuple(rows), by_order=True)

    @property
    def names(self) -> dict[str, None]:
        """Theirs, in order."""
        return {name: None for entry in self.rows for name in entry.theirs}

    def _with(self, **changes: Any) -> KerasMap:
        return replace(self, top=(), **changes)

    def apply(self, source: Source) -> Source:
        """See NameMap.apply; the map is fitted to the names in `source` first."""
        return NameMap.apply(self.fitted(source) or self, source)

    def to_theirs(self, source: Source) -> Source:
        """See NameMap.to_theirs; a network without its top becomes a model without it."""
        headless = self.top and not any(ours in source for entry in self.top for ours in entry.ours)
        return NameMap.to_theirs(self.without_top() if headless else self, source)


def _by_order(wanted: Iterable[str], names: Iterable[str]) -> dict[str, str] | None:
    """Returns {name in the table: name in the file}, or None where the layers are not of the same kinds."""
    table, file = _layers(wanted), _layers(names)
    if table.keys() != file.keys() or any(len(table[kind]) != len(file[kind]) for kind in table):
        return None
    pairs = [pair for kind in table for pair in zip(table[kind], file[kind], strict=True)]
    if any(mine.keys() != theirs.keys() for mine, theirs in pairs):
        return None
    return {mine[key]: theirs[key] for mine, theirs in pairs for key in mine}


def _layers(names: Iterable[str]) -> Layers:
    owned: dict[str, dict[str, str]] = {}
    for name in names:
        layer, _, key = name.rpartition("/")
        owned.setdefault(layer, {})[key] = name
    layers: Layers = {}
    for variables in owned.values():
        kind = next((mark for mark in _KINDS if mark in variables), "")
        layers.setdefault(kind, []).append(variables)
    return layers


@cache
def name_map(network: str) -> KerasMap:
    """Returns the map of `network`, one of NETWORKS."""
    twin = TWINS[network]()
    return KerasMap(
        library="keras",
        network=network,
        rows=(*twin.rows, *twin.top),
        top=twin.top,
        absent=twin.absent,
        note=twin.note,
        arguments=twin.arguments,
        preprocessing=twin.preprocessing,
    )
