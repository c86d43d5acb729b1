"""Lists of images and their labels: CSV, TSV, and what else spreadsheets and scripts leave."""

import logging
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PureWindowsPath
from typing import NamedTuple

import numpy as np

from slimzoo.data.columns import Line, Table, Wanted, read_table
from slimzoo.data.dataset import Dataset, Example
from slimzoo.data.folder import PARTS
from slimzoo.data.headers import ENDINGS, READABLE, foreign, image_format
from slimzoo.data.text import same
from slimzoo.errors import SlimzooError, counted, listing, shown, some

log = logging.getLogger("slimzoo")
_BETWEEN = r"\s*[|;]\s*"  # labels of an image
_YES = ("1", "1.0", "true")
_READERS = 16
_LONGEST = 240  # characters of a path in a message


class _Row(NamedTuple):
    """An image with its labels, and the line where that stands."""

    number: int
    file: str
    labels: tuple[str, ...]


def read(
    path: str | os.PathLike,
    images: str | os.PathLike | None = None,
    classes: Sequence[str] | None = None,
    split: str | None = None,
    wanted: Wanted | None = None,
) -> Dataset:
    """Reads a list with an image and its labels a line.

    An image has one label, or several with | or ; between them, or in columns; or every class has a column
    of 0 and 1. Several lines of an image are put together, which is said.

    Args:
      path: the file; what is between its columns, and whether the first line names them, shows.
      images: the folder that names are in; None: that of the list. Endings may be left out.
      classes: in the order of the labels; None: those that occur, sorted (numbers as such), or the columns.
      split: a value of the column split: lines of others are left out.
      wanted: which columns hold what; None: as their names and contents show.
    Raises:
      FileNotFoundError: there is no such list.
      SlimzooError: columns that are not known, images that are missing, lines without a label: all listed.
    """
    root, table, place = _opened(path, images, wanted)
    lines = table.lines if split is None else _of_split(root, table, split)
    rows = [_Row(line.number, _file(place, line.cell(table.image)), _labels(line, table)) for line in lines]
    several = table.flags or len(table.labels) > 1 or any(len(row.labels) > 1 for row in rows)
    problems = [] if several else [f"line {row.number} has no label" for row in rows if not row.labels]
    labels = _together(root, rows)
    multi_label = any(len(found) != 1 for found in labels.values())
    names = _classes(table, labels) if classes is None else tuple(map(same, classes))
    problems += _problems(rows, names)
    if not rows:
        problems.append("no image is listed")
    elif len(names) < 2 and not multi_label and not problems:
        problems.append(f"only one class ({some(names)}); at least two are needed")
    if problems:
        raise SlimzooError(listing(f"{root} cannot be used, {counted(len(problems), 'problem')}:", problems))
    return Dataset(tuple(_examples(labels, names)), names, root.stem, multi_label)


def parts(
    path: str | os.PathLike, images: str | os.PathLike | None = None, wanted: Wanted | None = None
) -> dict[str, str]:
    """Returns the values of the column split by part ("train", "val", "test"), where there is one."""
    if not os.path.isfile(path):
        return {}
    _, table, _ = _opened(path, images, wanted)
    values = {line.cell(table.split) for line in table.lines} if table.split is not None else ()
    return {PARTS[value.lower()]: value for value in sorted(values)}


def _opened(
    path: str | os.PathLike, images: str | os.PathLike | None, wanted: Wanted | None
) -> tuple[Path, Table, Path]:
    """Returns the file, the table in it, and the folder of its images."""
    root = Path(path)
    if not root.is_file():
        raise FileNotFoundError(f"there is no list {root}; give a file with an image and its label a line")
    place = Path(images) if images else root.parent
    table = read_table(root, lambda cell: os.path.isfile(_file(place, cell)), wanted or Wanted())
    return root, table, place


def _of_split(root: Path, table: Table, split: str) -> Sequence[Line]:
    if table.split is None:
        raise SlimzooError(
            f"{root} has no column split that says of which part an image is; there is no {split!r}"
        )
    column, part = table.split, PARTS.get(split.lower())
    values = {line.cell(column) for line in table.lines}
    if split in values:
        chosen = {split}
    elif not (chosen := {value for value in values if part and PARTS.get(value.lower()) == part}):
        raise SlimzooError(f"{root} has no image of split {split!r}; there are {some(sorted(values), 10)}")
    return [line for line in table.lines if line.cell(column) in chosen]


def _file(place: Path, name: str) -> str:
    """Returns the file of an image, as it was written down on Windows, or without its ending."""
    slashed = PureWindowsPath(name).as_posix() if "\\" in name else name
    path = os.path.join(place, slashed)
    if not name or os.path.isfile(path):
        return path
    return next((path + ending for ending in ENDINGS if os.path.isfile(path + ending)), path)


def _labels(line: Line, table: Table) -> tuple[str, ...]:
    if table.flags:
        return tuple(table.names[i] for i in table.labels if line.cell(i).lower() in _YES)
    cells = (label for i in table.labels for label in re.split(_BETWEEN, line.cell(i)))
    return tuple(dict.fromkeys(label for label in cells if label))


def _together(root: Path, rows: Iterable[_Row]) -> dict[str, set[str]]:
    """Returns the labels by image; that an image has several lines is said."""
    found: dict[str, set[str]] = {}
    again = []
    for row in rows:
        if row.file in found:
            again.append(Path(row.file).name)
        found.setdefault(row.file, set()).update(row.labels)
    if again:
        names = some([*dict.fromkeys(again)])
        log.warning("%s has several lines of an image, whose labels are put together: %s", root, names)
    return found


def _classes(table: Table, labels: Mapping[str, set[str]]) -> tuple[str, ...]:
    if table.flags:
        return tuple(dict.fromkeys(table.names[i] for i in table.labels))
    names = {name for found in labels.values() for name in found}
    numbers = all(re.fullmatch(r"\d{1,18}", name) for name in names)
    return tuple(sorted(names, key=(lambda name: (int(name), name)) if numbers else None))


def _problems(rows: Sequence[_Row], names: Sequence[str]) -> list[str]:
    """Returns which images cannot be read, and which labels are no class."""
    with ThreadPoolExecutor(_READERS) as readers:
        wrong = readers.map(_problem, [row.file for row in rows])
        problems = [f"line {row.number}: {said}" for row, said in zip(rows, wrong, strict=True) if said]
    known = {*names}
    unknown = [(row.number, name) for row in rows for name in row.labels if name not in known]
    problems += [
        f"line {number}: unknown class {name!r}; known are {some(names, 10)}" for number, name in unknown
    ]
    return problems


def _problem(file: str) -> str:
    name = shown(file, _LONGEST)
    if "\n" in file or "\r" in file:
        return f"a quote holds several lines together; closed too late? {name}"
    if not os.path.isfile(file):
        return f"a folder, no image, {name}" if os.path.isdir(file) else f"no such image, {name}"
    try:
        return "" if image_format(file) else f"{name} is not an image ({READABLE}){foreign(file)}"
    except OSError as error:
        return f"{name}: {error.strerror}"


def _examples(labels: Mapping[str, set[str]], names: Sequence[str]) -> Iterable[Example]:
    """Yields the images; those with the same labels share their arrays."""
    made: dict[frozenset[str], np.ndarray] = {}
    weights = np.ones(len(names), np.float32)
    for file, shows in labels.items():
        key = frozenset(shows)
        if key not in made:
            made[key] = np.array([name in shows for name in names], np.float32)
        yield Example(file, made[key], weights)
