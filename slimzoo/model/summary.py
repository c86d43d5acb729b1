"""What a Model says of itself: a line, the table of summary(), a notebook's page."""

import io
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, Protocol

from slimzoo.names import top_scopes
from slimzoo.tracing.layers import Row
from slimzoo.tracing.multiply_adds import Shape
from slimzoo.weights.provenance import Provenance

COLUMNS = (  # name, side
    ("scope", "left"),
    ("output", "left"),
    ("parameters", "right"),
    ("multiply-adds", "right"),
    ("weights", "left"),
)
_SPARE = ("multiply-adds", "output")  # what gives way first where a line is too short
_FRAME, _BETWEEN = 1, 3  # characters that rich draws around a table, and beside each of its columns


class Described(Protocol):
    """What of a Model is said."""

    num_classes: int | None
    input_shape: tuple[int | None, ...]
    frozen: tuple[str, ...]
    trainable: bool
    provenance: Provenance
    variables_by_name: dict[str, Any]

    def new_scopes(self) -> list[str]: ...


def facts(model: Described) -> list[str]:
    """Returns in a few words each: classes, size of the images, weights, what is new, what is frozen."""
    size = " x ".join("?" if side is None else str(side) for side in model.input_shape[1:])
    classes = [f"{model.num_classes} classes"] if model.num_classes is not None else []
    new = model.new_scopes()
    all_new = set(new) == top_scopes(model.variables_by_name)
    where = str(model.provenance) or ("of a file" if not all_new else "new")
    if all_new and model.provenance.trained:
        where = "trained here"
    new = new or list(model.provenance.new)
    said = [*(classes if model.num_classes else ["without its last layer"] if classes else [])]
    said += [f"images {size}", f"weights {where}"]
    if new and not all_new:
        said.append(f"new: {_some(new)}")
    if not model.trainable or model.frozen:
        said.append(f"frozen: {_some(model.frozen) if model.trainable else 'all'}")
    return said


def _some(scopes: Sequence[str], limit: int = 4) -> str:
    more = [f"{len(scopes) - limit} more"] if len(scopes) > limit else []
    return ", ".join([*scopes[:limit], *more])


def html(name: str, said: Iterable[str], table: list[Row]) -> str:
    """Returns the facts and the table of summary() as HTML."""
    cells = [_cells(row) for row in table]
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in cells)
    head = "".join(f"<th>{column}</th>" for column, _ in COLUMNS)
    return (
        f"<p><b>{escape(name)}</b>: {escape('; '.join(said))}</p><details><summary>{len(table)} layers, "
        f"{sum(row.parameters for row in table):,} parameters</summary>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></details>"
    )


def render(name: str, table: list[Row], width: int | None = None) -> str:
    """Returns the table as text, with its totals; no name in it is broken, columns give way before."""
    from rich.console import Console
    from rich.table import Table

    cells = [_cells(row) for row in table]
    known = [row.multiply_adds for row in table if row.multiply_adds is not None]
    total = ("total", "", f"{sum(row.parameters for row in table):,}", _count(sum(known) or None), "")
    kept, room = _columns_within([*cells, total], width or 110)
    out = Table(title=name, title_justify="left")
    for i in kept:
        out.add_column(COLUMNS[i][0], justify=COLUMNS[i][1], no_wrap=True)  # type: ignore[arg-type]
    for row in cells:
        out.add_row(*(row[i] for i in kept))
    out.add_section()
    out.add_row(*(total[i] for i in kept))
    console = Console(file=io.StringIO(), width=room)
    console.print(out)
    return console.file.getvalue().rstrip()  # type: ignore[attr-defined]


def _cells(row: Row) -> tuple[str, ...]:
    parameters, multiply_adds = f"{row.parameters:,}", _count(row.multiply_adds)
    return row.scope, _shape(row.output_shape), parameters, multiply_adds, row.state


def _columns_within(cells: Sequence[Sequence[str]], room: int) -> tuple[list[int], int]:
    """Returns which columns are shown, and the characters of a line, at need more than `room`."""
    names = [column for column, _ in COLUMNS]
    wide = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
    kept = list(range(len(names)))
    for spare in _SPARE:
        if _least(wide, kept) > room:
            kept.remove(names.index(spare))
    return kept, max(room, _least(wide, kept))


def _least(wide: Sequence[int], kept: Iterable[int]) -> int:
    return _FRAME + sum(_BETWEEN + wide[i] for i in kept)


def _shape(shape: Shape | None) -> str:
    return "" if shape is None else " x ".join("?" if s is None else str(s) for s in shape[1:])


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"
