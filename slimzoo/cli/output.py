"""How results look: tables, JSON, and the examples below each help."""

import json
import math
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

from slimzoo.errors import clean, shown
from slimzoo.files import plain

_MAX_CELL = 500  # characters of a name in a table
_MANY = 2_000  # rows, beyond which a table is made without looks

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead.")
progress_option = click.option(
    "--progress/--no-progress", default=True, help="Progress bars on stderr.  [default: progress]"
)


def examples(*lines: str) -> str:
    """Returns the epilog of a command's help that shows `lines` as they are."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])


def echo(text: str) -> None:
    """Prints `text` to stdout; what would steer a terminal, or is not UTF-8, is replaced."""
    click.echo(clean(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")))


def echo_json(value: Any) -> None:
    """Prints `value` to stdout as one JSON document; NaN and infinity become null."""
    click.echo(json.dumps(plain(value), indent=2, allow_nan=False))


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str | None = None) -> str:
    """Returns a table as text; a column whose name ends in ">" is aligned right."""
    texts = [[cell(value) for value in row] for row in rows]
    if len(texts) > _MANY:
        return _plain_table(columns, texts, title)
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    encoding = (getattr(sys.stdout, "encoding", None) or "utf-8").lower()
    out = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD if "utf" in encoding else box.ASCII)
    for column in columns:
        right = column.endswith(">")
        out.add_column(column.rstrip(">"), justify="right" if right else "left", overflow="fold")
    for row in texts:
        out.add_row(*map(Text, row))
    console = Console(width=width(), color_system=None, legacy_windows=False)
    with console.capture() as capture:
        console.print(out)
    return "\n".join(line.rstrip() for line in capture.get().strip("\n").splitlines())


def _plain_table(columns: Sequence[str], rows: Sequence[Sequence[str]], title: str | None) -> str:
    """Returns what table() does, in lines as long as they are: rich takes a minute for 60,000 rows."""
    lines = [[column.rstrip(">") for column in columns], *rows]
    widths = [max(map(len, texts)) for texts in zip(*lines, strict=True)]
    text = ["  ".join(map(_padded, columns, line, widths)) for line in lines]
    return "\n".join([*([title] if title else []), *(f" {line}".rstrip() for line in text)])


def _padded(column: str, text: str, size: int) -> str:
    return text.rjust(size) if column.endswith(">") else text.ljust(size)


def scores_table(evaluation: Mapping[str, Any]) -> str:
    """Returns the average precisions of Evaluation.to_dict() as a table, and the means below it."""
    rows = [
        (name, evaluation["positives"][name], ap, evaluation["ap_11point"][name])
        for name, ap in evaluation["ap"].items()
    ]
    title = f"{evaluation['data']}, {evaluation['images']} images"
    lines = [
        table(("class", "images>", "AP>", "AP, 11 points>"), rows, title),
        f"mAP {evaluation['map']:.4f} (all points), {evaluation['map_11point']:.4f} (11 points)",
        f"loss {evaluation['loss']:.4f}",
    ]
    if not math.isnan(evaluation["accuracy"]):
        lines.append(f"accuracy {evaluation['accuracy']:.4f}")
    if evaluation["unmeasured"]:
        lines.append(f"no image shows {', '.join(evaluation['unmeasured'])}: mAP leaves them out")
    return "\n".join(lines)


def cell(value: Any) -> str:
    """Returns `value` as it stands in a table."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4f}"
    if isinstance(value, tuple):
        return " x ".join("?" if part is None else str(part) for part in value) or "scalar"
    return shown(str(value), _MAX_CELL)


def short_count(number: int) -> str:
    """Returns `number` in three digits: "476 K", "41.0 M", "23.8 G"."""
    unit, name = next((u for u in ((10**9, "G"), (10**6, "M")) if number >= 0.9995 * u[0]), (10**3, "K"))
    value = number / unit
    return f"{value:.{max(0, 3 - len(str(round(value))))}f} {name}"


def percent(value: float | None) -> str | None:
    """Returns `value` as "70.9 %"; None stays None."""
    return None if value is None else f"{value:.1f} %"


def width() -> int:
    """Columns: the terminal's, or plenty where the output goes to a file or a program."""
    return shutil.get_terminal_size((110, 24)).columns if sys.stdout.isatty() else 200
