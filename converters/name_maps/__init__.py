"""Name maps: how another library names and lays out a network's tensors; one row a tensor, both ways.

A library is a module of this package with NETWORKS, the registered networks that it has a map for, and
name_map(network), which returns the map. A map is here only with a proof that the converted network computes
what the original does, if need be with arguments of our network function: equal names are not equal numbers.
"""

from __future__ import annotations

import importlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from slimzoo.converters.name_maps.transforms import SAME, Change, Transform
from slimzoo.converters.source import Source, Tensor
from slimzoo.errors import SlimzooError, listing

LIBRARIES: dict[str, str] = {  # name: what it is, in words; its module is converters/name_maps/<name>.py
    "keras": "keras.applications",
    "torchvision": "torchvision's PyTorch models",  # before timm, whose ResNets have the same names
    "timm": "timm's PyTorch models",
    "transformers": "transformers' PyTorch models",
}
_OneWay = tuple[tuple[str, ...], tuple[str, ...], Change]  # of a row: the names taken, those made, and how


@dataclass(frozen=True)
class Row:
    """One tensor of theirs and one of ours; several where a transform takes or makes several at once."""

    theirs: tuple[str, ...]
    ours: tuple[str, ...]
    how: Transform = SAME


def row(theirs: str, ours: str, how: Transform = SAME) -> Row:
    """Returns the Row of one tensor on each side."""
    return Row((theirs,), (ours,), how)


@dataclass(frozen=True, kw_only=True)
class NameMap:
    """A table from another library's tensors to slim's.

    Attributes:
      library: a name of LIBRARIES.
      network: a registered network.
      rows: total: every tensor of the file has its row, every row its tensors.
      ignored: patterns (whole names) of their tensors that hold nothing a network needs.
      absent: scopes of ours that they do not have, as "InceptionV3/AuxLogits": they keep new values.
      note: in what their network computes otherwise than slim's does unless told; "" where in nothing.
      arguments: of our network function, with which it computes what theirs does.
      preprocessing: a kind of preprocessing.KINDS, of the pixels that their weights are for; "": that of the
        network's row.
      said: what a user of the file should know of it, a line each; converters.naming logs them.
    """

    library: str
    network: str
    rows: tuple[Row, ...]
    ignored: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    note: str = ""
    said: tuple[str, ...] = ()
    arguments: Mapping[str, Any] = field(default_factory=dict)
    preprocessing: str = ""

    def __post_init__(self) -> None:
        for side in ("theirs", "ours"):
            counts = Counter(name for entry in self.rows for name in getattr(entry, side))
            if twice := sorted(name for name, count in counts.items() if count > 1):
                raise ValueError(f"name map {self}: {', '.join(twice)} of {side} in two rows")

    def __str__(self) -> str:
        return f"{self.library}/{self.network}"

    def fitted(self, names: Iterable[str]) -> NameMap | None:
        """Returns the map for tensors called `names`, or None where this is not theirs."""
        left = set(names)
        for entry in self.rows:
            if not left.issuperset(entry.theirs):
                return None
            left.difference_update(entry.theirs)
        return self if all(any(re.fullmatch(p, name) for p in self.ignored) for name in left) else None

    def apply(self, source: Source) -> Source:
        """Returns `source` under slim's names and in slim's layout, still lazy.

        Raises: SlimzooError: a row has no tensor, or a tensor no row; all are listed.
        """
        return self._mapped(source, [(r.theirs, r.ours, r.how.forward) for r in self.rows], self.ignored)

    def to_theirs(self, source: Source) -> Source:
        """Returns `source`, of slim's names, under theirs and in their layout, still lazy.

        Variables in the scopes `absent` are left out. Raises: SlimzooError, as apply().
        """
        rows = [(r.ours, r.theirs, r.how.backward) for r in self.rows]
        return self._mapped(source, rows, tuple(f"{re.escape(scope)}/.*" for scope in self.absent))

    def _mapped(self, source: Source, rows: list[_OneWay], ignored: Iterable[str]) -> Source:
        wanted = {name for taken, _, _ in rows for name in taken}
        left = [name for name in source if name not in wanted]
        patterns = [re.compile(pattern) for pattern in ignored]
        problems = [
            f"no row for the tensor {name}" for name in left if not any(p.fullmatch(name) for p in patterns)
        ]
        problems += [f"no tensor for the row {name}" for name in sorted(wanted) if name not in source]
        if problems:
            raise SlimzooError(listing(f"{source.path} is not what name map {self} is for:", problems))
        mapped: dict[str, Tensor] = {}
        for taken, made, transform in rows:
            mapped |= _made([source.tensors[name] for name in taken], made, transform)
        return source.with_tensors(mapped)


def _made(taken: list[Tensor], names: tuple[str, ...], transform: Change) -> dict[str, Tensor]:
    """Returns the tensors that `transform` makes of `taken`, none of them read yet."""
    if transform in (SAME.forward, SAME.backward):
        return {names[0]: taken[0]}
    try:
        shadows = transform(*(np.broadcast_to(np.zeros((), t.dtype), t.shape) for t in taken))
    except (ValueError, IndexError) as error:
        shapes = ", ".join(str(tensor.shape) for tensor in taken)
        raise SlimzooError(
            f"{', '.join(names)} cannot be made of a tensor of shape {shapes}: {error}"
        ) from error
    return {
        name: Tensor(shadow.shape, shadow.dtype, partial(_loaded, taken, transform, i))
        for i, (name, shadow) in enumerate(zip(names, shadows, strict=True))
    }


def _loaded(taken: list[Tensor], transform: Change, i: int) -> np.ndarray:
    return np.ascontiguousarray(transform(*(tensor.load() for tensor in taken))[i])


def get_name_map(library: str, network: str) -> NameMap | None:
    """Returns the map of `network` in `library`; None for "", slim's own names.

    Raises: SlimzooError: there is none; the message lists what there is.
    """
    if not library:
        return None
    if library not in LIBRARIES:
        there = ", ".join(LIBRARIES) or "none yet"
        raise SlimzooError(f"there are no name maps of {library!r}; there are those of: {there}")
    module = importlib.import_module(f"slimzoo.converters.name_maps.{library}")
    if network not in module.NETWORKS:
        raise SlimzooError(
            f"there is no name map of {library} for {network!r}; for: {', '.join(module.NETWORKS)}"
        )
    return module.name_map(network)


def worded(arguments: Mapping[str, Any]) -> str:
    """Returns the `arguments` of a network as a call has them: "symmetric_pooling=True, ..."."""
    return ", ".join(f"{name}={value!r}" for name, value in arguments.items())


def options_of_maths(network: str) -> set[str]:
    """Returns the arguments of `network` with which it computes what that of some library does."""
    modules = (importlib.import_module(f"slimzoo.converters.name_maps.{library}") for library in LIBRARIES)
    maps = (module.name_map(network) for module in modules if network in module.NETWORKS)
    return {name for name_map in maps for name in name_map.arguments}


def fitting(names: Mapping[str, object], network: str) -> NameMap | None:
    """Returns the map under which tensors called `names` are those of `network`, or None."""
    for library in LIBRARIES:
        module = importlib.import_module(f"slimzoo.converters.name_maps.{library}")
        if network in module.NETWORKS and (fitted := module.name_map(network).fitted(names)):
            return fitted
    return None
