"""Which registered network do these weights belong to? By the names and shapes of their variables."""

import contextlib
import functools
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from slimzoo.converters.name_maps import fitting
from slimzoo.converters.source import Source
from slimzoo.errors import SlimzooError
from slimzoo.names import top_scopes
from slimzoo.registry import Row, rows

Shapes = Mapping[str, tuple[int, ...]]
_MAX_TOPS = 3  # outermost scopes whose networks are looked at, each of which is built for it
_ENOUGH = 0.1  # below this part of equal variables the likeness is chance


@dataclass(frozen=True)
class Candidate:
    """A network that the weights may belong to."""

    network: str
    num_classes: int | None  # that the weights tell apart; None where the head is missing
    equal: int  # variables of the same name and shape
    in_file: int
    in_network: int
    rename: tuple[str, str] | None  # (beginning of the names in the file, in the network) where these differ
    library: str = ""  # whose names the tensors have; "": slim's

    @property
    def exact(self) -> bool:
        """Whether every variable has its tensor, and every tensor its variable."""
        return self.equal == self.in_file == self.in_network

    @property
    def likeness(self) -> float:
        """The part of all variables and tensors that are equal, 0 to 1."""
        return self.equal / max(self.in_file + self.in_network - self.equal, 1)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**asdict(self), "exact": self.exact, "likeness": self.likeness}


def identify(shapes: Shapes, limit: int = 3) -> list[Candidate]:
    """Returns the registered networks most like the weights of these `shapes`, the best first.

    Networks of another outermost scope are looked at only where none has that of the weights, and the weights
    have a head of theirs: to look at all would take a minute.

    Args:
      shapes: {variable: shape} without what only training needs (converters.inference_variables).
    """
    tops = top_scopes(shapes)
    known = Counter(name.partition("/")[0] for name in shapes)
    known = Counter({top: known[top] for top in {row.top for row in rows().values()} & tops})
    likely = {top for top, _ in known.most_common(_MAX_TOPS)}
    same = [row for row in rows().values() if row.top in likely]
    candidates = [_candidate(shapes, network) for network in same]
    if not candidates and len(tops) == 1:
        (top,) = tops
        alike = (network for network in rows().values() if _has_heads(network, shapes, top))
        candidates = [_candidate(shapes, network, top) for network in alike]
    return _best(candidates, limit)


def identify_by_maps(source: Source, limit: int = 3) -> list[Candidate]:
    """Returns the networks whose tensors `source` holds under another library's names, the best first."""
    candidates = []
    for network in rows().values():
        if name_map := fitting(source, network.name):
            with contextlib.suppress(SlimzooError):  # the names alone are equal
                candidate = _candidate(name_map.apply(source).shapes, network)
                candidates.append(replace(candidate, library=name_map.library))
    return _best(candidates, limit)


def _best(candidates: Iterable[Candidate], limit: int) -> list[Candidate]:
    likely = [candidate for candidate in candidates if candidate.likeness >= _ENOUGH]
    return sorted(likely, key=lambda c: (-c.likeness, c.network))[:limit]


def _has_heads(network: Row, names: Iterable[str], top: str) -> bool:
    """Whether `names`, whose outermost scope is `top`, hold the heads of `network` under that scope."""
    heads = (f"{top}/{scope.partition('/')[2]}/" for scope in network.heads)
    names = list(names)
    return all(any(name.startswith(head) for name in names) for head in heads)


def _candidate(shapes: Shapes, network: Row, top: str | None = None) -> Candidate:
    """Returns how like `network` the `shapes` are; `top`: their outermost scope, where it has another."""
    rename = None
    if top is not None:
        rename = (top, network.top)
        shapes = {f"{network.top}/{name.partition('/')[2]}": shape for name, shape in shapes.items()}
    classes = network.classes_in(shapes)
    ours = _shapes_of(network.name, classes)
    equal = sum(ours.get(name) == tuple(shape) for name, shape in shapes.items())
    return Candidate(network.name, classes, equal, len(shapes), len(ours), rename)


@functools.cache
def _shapes_of(network: str, num_classes: int | None) -> Shapes:
    from slimzoo.tracing.shapes import shapes_of  # may bring TensorFlow

    return shapes_of(network, num_classes)
