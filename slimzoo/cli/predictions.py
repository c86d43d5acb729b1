"""Predictions as lines for people, and as files: CSV, JSON, Parquet."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from slimzoo.cli.output import width
from slimzoo.errors import SlimzooError, shown
from slimzoo.files import atomic_write
from slimzoo.files.parquet import pyarrow_or_error

COLUMNS = ("image", "rank", "class", "name", "probability", "problem")
_NEEDED = 40  # columns beside the image's name: its best class
_INDENT = 2


def lines(prediction: Any, name_width: int) -> str:
    """Returns a prediction for people: the image on the first line if there is room, a class a line."""
    image = shown(prediction.path)
    best = [f"{100 * score:6.2f} %  {shown(name)}" for _, name, score in prediction.best] or [
        "       -  no class"
    ]
    if name_width + _NEEDED > width():
        return "\n".join([image, *(" " * _INDENT + line for line in best)])
    first, *others = best
    return "\n".join([f"{image:<{name_width}}  {first}", *(" " * (name_width + 2) + line for line in others)])


def as_dict(prediction: Any) -> dict[str, Any]:
    """Returns a prediction as JSON has it."""
    if prediction.problem:
        return {"image": prediction.path, "problem": prediction.problem}
    keys = ("class", "name", "probability")
    return {
        "image": prediction.path,
        "predictions": [dict(zip(keys, row, strict=True)) for row in prediction.best],
    }


def check_file(path: str) -> None:
    """Raises SlimzooError where predictions cannot be written to a file that is called so."""
    suffix = Path(path).suffix.lower()
    if suffix not in _WRITERS:
        raise SlimzooError(f"--out {path}: its ending says the format; there are {', '.join(_WRITERS)}")
    if suffix == ".parquet":
        pyarrow_or_error()


def write(path: str, predictions: Iterable[Any], overwrite: bool) -> None:
    """Writes `predictions` as they come, in the format that the ending of `path` says."""
    with atomic_write(path, overwrite) as temporary:
        _WRITERS[Path(path).suffix.lower()](temporary, predictions)


def _rows(prediction: Any) -> Iterator[tuple]:
    """Yields a prediction as rows of COLUMNS, one a class; one without a class where there is none."""
    if not prediction.best:
        yield prediction.path, None, None, None, None, prediction.problem
    for rank, (number, name, probability) in enumerate(prediction.best, start=1):
        yield prediction.path, rank, number, name, probability, ""


def _write_csv(path: Path, predictions: Iterable[Any]) -> None:
    with path.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for prediction in predictions:
            writer.writerows(_rows(prediction))


def _write_json(path: Path, predictions: Iterable[Any]) -> None:
    """One JSON document a line."""
    with path.open("w", encoding="utf-8") as file:
        for prediction in predictions:
            file.write(json.dumps(as_dict(prediction)) + "\n")


def _write_parquet(path: Path, predictions: Iterable[Any]) -> None:
    pyarrow, parquet = pyarrow_or_error()
    types = (
        pyarrow.string(),
        pyarrow.int32(),
        pyarrow.int32(),
        pyarrow.string(),
        pyarrow.float32(),
        pyarrow.string(),
    )
    schema = pyarrow.schema(list(zip(COLUMNS, types, strict=True)))
    with parquet.ParquetWriter(path, schema) as writer:
        for chunk in _chunks(row for prediction in predictions for row in _rows(prediction)):
            columns = [
                pyarrow.array(values, kind)
                for values, kind in zip(zip(*chunk, strict=True), types, strict=True)
            ]
            writer.write_table(pyarrow.Table.from_arrays(columns, schema=schema))


def _chunks(rows: Iterable[tuple], size: int = 10_000) -> Iterator[list[tuple]]:
    chunk: list[tuple] = []
    for row in rows:
        chunk.append((row[0].encode("utf-8", "backslashreplace").decode(), *row[1:]))
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


_WRITERS: dict[str, Callable[[Path, Iterable[Any]], None]] = {
    ".csv": _write_csv,
    ".jsonl": _write_json,
    ".parquet": _write_parquet,
}
