"""How results look: tables, JSON, and the examples below each help."""

import json
import math
import shutil
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from slimzoo.errors import clean, counted, shown, some
from slimzoo.files import plain
from slimzoo.registry import CLASSIFICATION, SEGMENTATION

if TYPE_CHECKING:
    from slimzoo.catalogue.entries import Entry

_MAX_CELL = 500  # characters of a name in a table
_MANY = 2_000  # rows, beyond which a table is made without looks
_PLENTY = 1000  # characters of a line, where no terminal breaks it
_FRAME, _BETWEEN = 1, 3  # characters that rich draws around a table, and beside each of its columns

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead.")
progress_option = click.option(
    "--progress/--no-progress", default=True, help="Progress bars on stderr.  [default: progress]"
)


def examples(*lines: str) -> str:
    """Returns the epilog of a command's help that shows `lines` as they are."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])


def echo(text: str) -> None:
    """Prints `text` to stdout; what would steer a terminal, or is not UTF-8, is replaced."""
    click.echo(wrapped(clean(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")), width()))


def wrapped(text: str, room: int) -> str:
    """Returns `text` with lines of at most `room` characters, broken between words and indented below."""
    return "\n".join(line if len(line) <= room else _broken(line, room) for line in text.split("\n"))


def _broken(line: str, room: int) -> str:
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    return textwrap.fill(
        line,
        room,
        subsequent_indent=indent,
        replace_whitespace=False,
        break_long_words=False,
        break_on_hyphens=False,
    )


def echo_json(value: Any) -> None:
    """Prints `value` to stdout as one JSON document; NaN and infinity become null."""
    click.echo(json.dumps(plain(value), indent=2, allow_nan=False))


def table(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str | None = None, spare: Sequence[str] = ()
) -> str:
    """Returns a table as text, no wider than the terminal if that can be; no word in it is broken.

    Args:
      columns: names; what is in one that ends in ">" is aligned right, and stays on one line.
      spare: columns that stay on one line and give way where the terminal is too narrow for all, the first of
        them first; a line says which.
    """
    from rich.text import Text

    texts = [[cell(value) for value in row] for row in rows]
    if len(texts) > _MANY:
        return _plain_table(columns, texts, title)
    whole = {i for i, name in enumerate(columns) if name.endswith(">") or name in spare}
    cells = [[name.rstrip(">") for name in columns], *texts]
    cells = [[text.replace(" ", "\xa0") if i in whole else text for i, text in enumerate(c)] for c in cells]
    kept, gone = list(range(len(columns))), [columns.index(name) for name in spare]
    room = width()
    while _least(cells, kept) > room and gone:
        kept.remove(gone.pop(0))
    drawn = [[Text(line[i]) for i in kept] for line in cells]
    right = [columns[i].endswith(">") for i in kept]
    text = _drawn(drawn, right, max(room, _least(cells, kept)), title)
    left_out = [name.rstrip(">") for i, name in enumerate(columns) if i not in kept]
    return f"{text}\n(no room for {', '.join(left_out)})" if left_out else text


def _least(cells: Sequence[Sequence[str]], kept: Sequence[int]) -> int:
    """Returns how many characters wide the columns `kept` of `cells` are where no word is broken."""
    return _FRAME + sum(_BETWEEN + _longest_word(line[i] for line in cells) for i in kept)


def _longest_word(texts: Iterable[str]) -> int:
    from rich.cells import cell_len

    return max((cell_len(word) for text in texts for word in text.split(" ")), default=0)


def _drawn(lines: list[list[Any]], right: list[bool], room: int, title: str | None) -> str:
    """Returns what rich draws of `lines` of Texts, the head first, within `room` characters."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    encoding = (getattr(sys.stdout, "encoding", None) or "utf-8").lower()
    out = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD if "utf" in encoding else box.ASCII)
    for i, size in enumerate(_sizes(lines, room)):
        out.add_column(lines[0][i], justify="right" if right[i] else "left", overflow="fold", width=size)
    for line in lines[1:]:
        out.add_row(*line)
    console = Console(width=room, color_system=None, legacy_windows=False)
    with console.capture() as capture:
        console.print(out)
    return "\n".join(line.rstrip() for line in capture.get().replace("\xa0", " ").strip("\n").splitlines())


def _sizes(lines: list[list[Any]], room: int) -> list[int]:
    """Returns the width of each column: its longest word's, and its part of the room that is left."""
    least = [_longest_word(text.plain for text in column) for column in zip(*lines, strict=True)]
    wanted = [max(text.cell_len for text in column) for column in zip(*lines, strict=True)]
    free = room - _FRAME - _BETWEEN * len(least) - sum(least)
    more = sum(wanted) - sum(least)
    if more <= free:
        return wanted
    return [low + (high - low) * free // more for low, high in zip(least, wanted, strict=True)]


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
    title = f"{evaluation['data']}, {counted(evaluation['images'], 'image')}"
    lines = [
        table(("class", "images>", "AP>", "AP, 11 points>"), rows, title, ("AP, 11 points>", "images>")),
        f"mAP {evaluation['map']:.4f} (all points), {evaluation['map_11point']:.4f} (11 points)",
        f"loss {evaluation['loss']:.4f}",
    ]
    if not math.isnan(evaluation["accuracy"]):
        lines.append(f"accuracy {evaluation['accuracy']:.4f}")
    if evaluation["unmeasured"]:
        lines.append(f"no image shows {some(evaluation['unmeasured'], 10)}: mAP leaves them out")
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
        return "\xa0x\xa0".join("?" if part is None else str(part) for part in value) or "scalar"
    return shown(str(value), _MAX_CELL)


def short_count(number: int) -> str:
    """Returns `number` in three digits: "476 K", "41.0 M", "23.8 G"."""
    unit, name = next((u for u in ((10**9, "G"), (10**6, "M")) if number >= 0.9995 * u[0]), (10**3, "K"))
    value = number / unit
    return f"{value:.{max(0, 3 - len(str(round(value))))}f} {name}"


def short_rate(number: float) -> str:
    """Returns `number` as it is read: "0.123", "12.3", "1,140"."""
    return f"{number:,.0f}" if number >= 99.95 else f"{number:.3g}"


ACCURACIES = {CLASSIFICATION: "top-1>", SEGMENTATION: "mIoU>"}  # columns of what is published, by task


def accuracy(entry: "Entry") -> str | None:
    """Returns what is published of a network: "70.9 %", of masks "75.3 % VOC"; None of some."""
    if entry.score is None or entry.task == CLASSIFICATION:
        return percent(entry.score)
    return f"{percent(entry.score)} {entry.measured_on}".rstrip()


def percent(value: float | None) -> str | None:
    """Returns `value` as "70.9 %"; None stays None."""
    return None if value is None else f"{value:.1f} %"


def width(err: bool = False) -> int:
    """Columns: the terminal's, or plenty where the output (err: stderr) goes to a file or a program."""
    stream = sys.stderr if err else sys.stdout
    return shutil.get_terminal_size((110, 24)).columns if stream.isatty() else _PLENTY
