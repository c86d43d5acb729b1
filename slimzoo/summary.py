"""The table that Model.summary() prints."""

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from slimzoo.discovery import Discovery, Shape
from slimzoo.names import in_scopes

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


def render(name: str, table: list[Row], width: int | None = None) -> str:
    """Returns the table as text, with its totals."""
    from rich.console import Console
    from rich.table import Table

    out = Table(title=name, title_justify="left")
    for column, side in (
        ("scope", "left"),
        ("output", "left"),
        ("parameters", "right"),
        ("multiply-adds", "right"),
        ("weights", "left"),
    ):
        out.add_column(column, justify=side, overflow="fold")  # type: ignore[arg-type]
    for row in table:
        out.add_row(
            row.scope, _shape(row.output_shape), f"{row.parameters:,}", _count(row.multiply_adds), row.state
        )
    known = [row.multiply_adds for row in table if row.multiply_adds is not None]
    out.add_section()
    out.add_row("total", "", f"{sum(row.parameters for row in table):,}", _count(sum(known) or None), "")
    console = Console(file=io.StringIO(), width=width or 110)
    console.print(out)
    return console.file.getvalue().rstrip()  # type: ignore[attr-defined]


def _shape(shape: Shape | None) -> str:
    return "" if shape is None else " x ".join("?" if s is None else str(s) for s in shape[1:])


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"
