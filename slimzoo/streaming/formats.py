"""Rows of results as files: Parquet, CSV, or JSON, a row an image; and several such files as one."""

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slimzoo.errors import SlimzooError
from slimzoo.files.parquet import pyarrow_or_error
from slimzoo.streaming.rows import Outcome

JOB = "slimzoo.job"  # the key in a Parquet file's metadata of what it was made by


@dataclass(frozen=True)
class Format:
    """A kind of file: how one is written of rows, and how several become one.

    write: (file, rows, width of their features, job).
    join: (file, parts, job).
    check: raises SlimzooError where something is not installed.
    says_job: a whole file says what made it, so that the same command finds that it is done.
    """

    write: Callable[[Path, Sequence[Outcome], int, str], None]
    join: Callable[[Path, Sequence[Path], str], None]
    check: Callable[[], object] = lambda: None
    says_job: bool = False


def format_of(suffix: str) -> Format:
    """Returns the format of files that end so. Raises: SlimzooError: there is none."""
    if suffix not in FORMATS:
        raise SlimzooError(f"{suffix or 'no ending'}: there are {', '.join(FORMATS)}")
    FORMATS[suffix].check()
    return FORMATS[suffix]


def columns(width: int) -> tuple[str, ...]:
    """Returns the columns; lists stand in CSV as JSON does them."""
    features = ("features",) if width else ()
    return ("image", "classes", "names", "probabilities", *features, "error")


def _text(value: str) -> str:
    """Returns what is left of a name that is not UTF-8, as \\udce9."""
    return value.encode("utf-8", "backslashreplace").decode()


def _cells(row: Outcome, width: int) -> tuple[Any, ...]:
    numbers, names, scores = ([*part] for part in zip(*row.best, strict=True)) if row.best else ([], [], [])
    features = (None if row.features is None else row.features.tolist(),) if width else ()
    return (
        _text(row.name),
        numbers,
        [_text(str(name)) for name in names],
        scores,
        *features,
        _text(row.error) or None,
    )


def _write_csv(path: Path, rows: Sequence[Outcome], width: int, job: str) -> None:
    del job
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns(width))
        for row in rows:
            cells = _cells(row, width)
            writer.writerow([json.dumps(cell) if isinstance(cell, list) else cell for cell in cells])


def _write_json(path: Path, rows: Sequence[Outcome], width: int, job: str) -> None:
    """One JSON document a line."""
    del job
    keys = ("class", "name", "probability")
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            found: dict[str, Any] = {"image": row.name}
            if row.error:
                found["error"] = row.error
            else:
                found["predictions"] = [dict(zip(keys, best, strict=True)) for best in row.best]
            if width and row.features is not None:
                found["features"] = row.features.tolist()
            file.write(json.dumps(found) + "\n")


def _join_csv(path: Path, parts: Sequence[Path], job: str) -> None:
    del job
    _append(path, parts, 1)


def _join_json(path: Path, parts: Sequence[Path], job: str) -> None:
    del job
    _append(path, parts, 0)


def _append(path: Path, parts: Sequence[Path], head: int) -> None:
    """Writes `parts` one after another; of all but the first without their `head` lines."""
    with path.open("wb") as out:
        for number, part in enumerate(parts):
            with part.open("rb") as file:
                for _ in range(head if number else 0):
                    file.readline()
                while block := file.read(1 << 20):
                    out.write(block)


def _schema(width: int, job: str) -> Any:
    pyarrow, _ = pyarrow_or_error()
    kinds = {
        "image": pyarrow.string(),
        "classes": pyarrow.list_(pyarrow.int32()),
        "names": pyarrow.list_(pyarrow.string()),
        "probabilities": pyarrow.list_(pyarrow.float32()),
        "features": pyarrow.list_(pyarrow.float32(), width),
        "error": pyarrow.string(),
    }
    return pyarrow.schema([(name, kinds[name]) for name in columns(width)], metadata={JOB: job})


def _write_parquet(path: Path, rows: Sequence[Outcome], width: int, job: str) -> None:
    pyarrow, parquet = pyarrow_or_error()
    schema = _schema(width, job)
    cells = [_cells(row, 0) for row in rows]
    by_name = {name: [cell[i] for cell in cells] for i, name in enumerate(columns(0))}
    arrays = []
    for field in schema:
        if field.name == "features":
            arrays.append(_features(rows, width))
        else:
            arrays.append(pyarrow.array(by_name[field.name], field.type))
    parquet.write_table(pyarrow.Table.from_arrays(arrays, schema=schema), path)


def _features(rows: Sequence[Outcome], width: int) -> Any:
    """Returns the features as a column of lists of one length; null where an image cannot be read."""
    import numpy as np

    pyarrow, _ = pyarrow_or_error()
    values = np.zeros((len(rows), width), np.float32)
    missing = np.zeros(len(rows), bool)
    for number, row in enumerate(rows):
        if row.features is None:
            missing[number] = True
        else:
            values[number] = row.features
    flat = pyarrow.array(values.reshape(-1))
    return pyarrow.FixedSizeListArray.from_arrays(flat, width, mask=pyarrow.array(missing))


def _join_parquet(path: Path, parts: Sequence[Path], job: str) -> None:
    """Writes the row groups of all parts into one file, one in memory at a time."""
    _, parquet = pyarrow_or_error()
    schema = parquet.read_schema(parts[0]).with_metadata({JOB: job})
    with parquet.ParquetWriter(path, schema) as writer:
        for part in parts:
            file = parquet.ParquetFile(part)
            for group in range(file.metadata.num_row_groups):
                writer.write_table(file.read_row_group(group).replace_schema_metadata({JOB: job}))


def job_in(path: Path) -> str:
    """Returns the job that the Parquet file at `path` says it was made by, "" for other files."""
    kind = FORMATS.get(path.suffix.lower())
    if kind is None or not kind.says_job:
        return ""
    pyarrow, parquet = pyarrow_or_error()
    try:
        return (parquet.read_schema(path).metadata or {}).get(JOB.encode(), b"").decode()
    except (OSError, pyarrow.ArrowException):
        return ""


FORMATS: dict[str, Format] = {
    ".parquet": Format(_write_parquet, _join_parquet, pyarrow_or_error, says_job=True),
    ".csv": Format(_write_csv, _join_csv),
    ".jsonl": Format(_write_json, _join_json),
}
