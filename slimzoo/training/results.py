"""results.csv: a line for each model that was measured on images with one label each."""

import csv
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slimzoo.errors import SlimzooError, listing, shown, some
from slimzoo.files import check_writable, write_text
from slimzoo.model.model import Model
from slimzoo.training.ranking import Labelled, Ranked
from slimzoo.training.top_k import Estimate

COLUMNS = (  # accuracies in percent
    *("network", "tag", "size", "crop"),
    *(
        "top-1",
        "top-1 low",
        "top-1 high",
        "top-5",
        "top-5 low",
        "top-5 high",
        "loss",
        "loss low",
        "loss high",
    ),
    *("parameters", "multiply-adds", "images/s", "batch", "data", "images", "classes", "settings"),
)
_NUMBERS = tuple(name for name in COLUMNS if name not in ("network", "tag", "data", "settings"))
Row = Mapping[str, str]


@dataclass
class Results:
    """The lines of a file, or of none; each that is added is in it at once."""

    path: Path | None = None
    rows: list[Row] = field(default_factory=list)

    @classmethod
    def of(cls, path: str | os.PathLike | None) -> "Results":
        """Returns the lines that `path` has, none where there is no such file yet.

        Raises: SlimzooError: it cannot be written to, or holds something else. FileExistsError: a folder.
        """
        if path is None:
            return cls()
        path = check_writable(path, overwrite=True)
        return cls(path, _read(path) if path.exists() else [])

    def find(self, settings: str) -> Row | None:
        """Returns the line that was measured with these settings."""
        return next((row for row in self.rows if row["settings"] == settings), None)

    def add(self, row: Row) -> None:
        """Adds a line to what the file holds by now, and writes it whole or not at all."""
        if self.path is not None and self.path.exists():  # another process may have added one
            self.rows = _read(self.path)
        self.rows = [*self.rows, row]
        if self.path is not None:
            write_text(self.path, _written(self.rows))


def row_of(model: Model, tag: str, settings: str, labelled: Labelled, ranked: Ranked) -> Row:
    """Returns the line of a model; a part of 1 becomes percent, what is not known is empty."""
    assert model.preprocessing is not None, "it was measured"
    values: dict[str, Any] = {
        "network": model.name,
        "tag": tag,
        "size": model.preprocessing.size,
        "crop": model.preprocessing.fraction,
        **_columns("top-1", ranked.top.top1, 100),
        **_columns("top-5", ranked.top.top5, 100),
        **_columns("loss", ranked.top.loss, 1),
        "parameters": ranked.parameters,
        "multiply-adds": ranked.multiply_adds,
        "images/s": ranked.images_per_second,
        "batch": ranked.batch,
        "data": labelled.images.name,
        "images": len(labelled.images),
        "classes": labelled.classes,
        "settings": settings,
    }
    return {name: _text(value) for name, value in values.items()}


def number(text: str) -> float | int | None:
    """Returns the number that a cell of results.csv holds, None where it is empty."""
    if not text:
        return None
    return int(text) if text.lstrip("-").isdecimal() else float(text)


def plain_row(row: Row) -> dict[str, Any]:
    """Returns a line with numbers where they are, for JSON."""
    return {name: number(text) if name in _NUMBERS else text for name, text in row.items()}


def _columns(name: str, estimate: Estimate | None, factor: float) -> dict[str, float | None]:
    names = (name, f"{name} low", f"{name} high")
    if estimate is None:
        return dict.fromkeys(names)
    values = (estimate.value, estimate.low, estimate.high)
    return {name: value * factor for name, value in zip(names, values, strict=True)}


def _text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _written(rows: list[Row]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _read(path: Path) -> list[Row]:
    """Raises SlimzooError with everything that a results.csv would not hold."""
    other = f"{path} is no results.csv of slimzoo's; name another file with --out"
    try:
        lines = list(csv.reader(io.StringIO(path.read_text("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise SlimzooError(f"{other}: {error}") from error
    header = lines[0] if lines else []
    if tuple(header) != COLUMNS:
        missing = [name for name in COLUMNS if name not in header]
        unknown = [shown(name) for name in header if name not in COLUMNS]
        problems = [f"no column {some(missing)}"] if missing else []
        problems += [f"unknown columns {some(unknown)}"] if unknown else []
        raise SlimzooError(listing(f"{other}:", problems or ["its columns stand in another order"]))
    problems = [text for i, line in enumerate(lines[1:], 2) for text in _wrong(i, line)]
    if problems:
        raise SlimzooError(listing(f"{path} is damaged; mend it, or name another file with --out:", problems))
    return [dict(zip(COLUMNS, line, strict=True)) for line in lines[1:]]


def _wrong(where: int, line: list[str]) -> list[str]:
    if len(line) != len(COLUMNS):
        return [f"line {where} has {len(line)} fields, not {len(COLUMNS)}"]
    row = dict(zip(COLUMNS, line, strict=True))
    return [
        f"line {where}: {name} is {shown(row[name])!r}, which is no number"
        for name in _NUMBERS
        if not _is_number(row[name])
    ]


def _is_number(text: str) -> bool:
    try:
        number(text)
    except ValueError:
        return False
    return True
