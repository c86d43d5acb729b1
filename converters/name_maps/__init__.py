"""Name maps: how another library names a network's tensors, and how it lays them out; one row a tensor.

None is here yet: TensorFlow checkpoints and frozen graphs carry slim's own names, and need none. A map is
here only with a proof that the converted network computes what the original does: equal names are not equal
numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from slimzoo.converters.source import Source, Tensor
from slimzoo.errors import SlimzooError, listing


@dataclass(frozen=True, kw_only=True)
class NameMap:
    """A table from another library's tensors to slim's.

    Attributes:
      names: {their name: slim's name}; total: every tensor of the file has its row.
      axes: by rank, the order of their axes that makes ours: {4: (2, 3, 1, 0)} for OIHW to HWIO.
    """

    name: str
    names: Mapping[str, str]
    axes: Mapping[int, tuple[int, ...]] = field(default_factory=dict)

    def __post_init__(self):
        if len(set(self.names.values())) < len(self.names):
            raise ValueError(f"name map {self.name!r} gives two tensors one name")

    def apply(self, source: Source) -> Source:
        """Returns `source` under slim's names and in slim's layout, still lazy.

        Raises: SlimzooError: a row has no tensor, or a tensor no row; all are listed.
        """
        problems = [f"no row for the tensor {name}" for name in source if name not in self.names]
        problems += [f"no tensor for the row {name}" for name in self.names if name not in source]
        if problems:
            raise SlimzooError(listing(f"{source.path} is not what name map {self.name!r} is for:", problems))
        return source.with_tensors(
            {ours: self._in_our_layout(source.tensors[theirs]) for theirs, ours in self.names.items()}
        )

    def inverse(self) -> NameMap:
        """Returns the way back, from slim's names to theirs."""
        axes = {rank: tuple(int(i) for i in np.argsort(order)) for rank, order in self.axes.items()}
        return NameMap(name=f"{self.name}, inverse", names={v: k for k, v in self.names.items()}, axes=axes)

    def _in_our_layout(self, tensor: Tensor) -> Tensor:
        order = self.axes.get(len(tensor.shape))
        if order is None:
            return tensor
        return Tensor(
            tuple(tensor.shape[i] for i in order), tensor.dtype, partial(_transposed, tensor, order)
        )


def _transposed(tensor: Tensor, order: tuple[int, ...]) -> np.ndarray:
    return np.ascontiguousarray(tensor.load().transpose(order))


NAME_MAPS: dict[str, NameMap] = {}


def get_name_map(name: str) -> NameMap | None:
    """Returns the map called `name`; None for "", slim's own names. Raises SlimzooError: there is none."""
    if not name:
        return None
    if name not in NAME_MAPS:
        raise SlimzooError(f"there is no name map {name!r}; there are {', '.join(NAME_MAPS) or 'none yet'}")
    return NAME_MAPS[name]
