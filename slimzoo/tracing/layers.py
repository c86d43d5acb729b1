"""The table that Model.summary() prints."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from slimzoo.names import in_scopes
from slimzoo.tracing.discovery import Discovery
from slimzoo.tracing.multiply_adds import Shape

_INNER = ("BatchNorm",)  # scopes that belong to the layer above them


@dataclass
class Row:
    """One scope that holds variables."""

    scope: str
    output_shape: Shape | None
    parameters: int
    multiply_adds: int | None  # of one image
    state: str  # "restored", "new", or "restored, frozen", ...


def layer_scope(variable: str) -> str:
    """Returns the scope of the layer that the variable belongs to: "a/conv/BatchNorm/beta" gives "a/conv"."""
    scope = variable.rpartition("/")[0]
    above, _, last = scope.rpartition("/")
    return above if last in _INNER and above else scope or variable


def layer_rows(found: Discovery, sources: Mapping[str, str], frozen: Iterable[str] | None) -> list[Row]:
    """Returns a Row for each layer, in the order of creation.

    Args:
      sources: "restored", "new" or else, by variable.
      frozen: scopes; None where everything is.
    """
    layers: dict[str, Row] = {}
    states: dict[str, set[str]] = {}
    for spec in found.variables.values():
        scope = layer_scope(spec.name)
        row = layers.setdefault(scope, Row(scope, None, 0, None, ""))
        row.parameters += spec.size
        states.setdefault(scope, set()).add(sources[spec.name])
    for op in found.operations:
        row = layers[layer_scope(op.variable)]
        row.output_shape = op.output_shape
        row.multiply_adds = None if op.multiply_adds is None else (row.multiply_adds or 0) + op.multiply_adds
    for scope, row in layers.items():
        still = frozen is None or in_scopes(scope, frozen)
        row.state = " and ".join(sorted(states[scope])) + (", frozen" if still else "")
    return list(layers.values())
