"""TODO"""

import io

from slimzoo.tracing.layers import Row
from slimzoo.tracing.multiply_adds import Shape


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
