"""Tables of text: what stands between the columns, whether the first line names them, and what each holds."""

import csv
import logging
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from slimzoo.data.folder import PARTS
from slimzoo.data.text import all_text, same
from slimzoo.errors import SlimzooError, counted, listing, some

log = logging.getLogger("slimzoo")
_DELIMITERS = ("\t", ",", ";", "|", " ")  # the first that makes columns of most lines
_LOOKED_AT = 50  # lines
_IMAGE = r"(image|img|photo|picture|file)[_ -]?(path|file|name|id)?|path|id|name|x"
_LABEL = r"(label|class|category|target|tag|species|y)(es|s|ies)?([_ -]?(name|id|\d+))?|categories"
_SPLIT = r"split|set|subset|part|partition|fold"
_FLAGS = {"0", "1", "0.0", "1.0", "true", "false", ""}


class Line(NamedTuple):
    """A line of a table, by its number in the file: the first one of several that a quote holds together."""

    number: int
    cells: tuple[str, ...]

    def cell(self, column: int) -> str:
        """Returns what stands in a column, "" where the line ends before."""
        return self.cells[column] if column < len(self.cells) else ""


@dataclass(frozen=True)
class Table:
    """Lines, and what is in their columns.

    Attributes:
      names: of the columns; () where the first line does not name them.
      image: the column with the image; labels: those with labels; split: the one that says of which part an
        image is.
      flags: every column of labels is a class, and holds 0 or 1.
    """

    lines: tuple[Line, ...]
    names: tuple[str, ...]
    image: int
    labels: tuple[int, ...]
    split: int | None = None
    flags: bool = False


class Wanted(NamedTuple):
    """Columns by name, or by number from 1; None: as names and contents show."""

    image: str | None = None
    labels: Sequence[str] | None = None


def read_table(path: Path, is_image: Callable[[str], bool], wanted: Wanted = Wanted()) -> Table:  # noqa: B008
    """Reads a table in which one column names images.

    Args:
      is_image: whether a cell names one.
    Raises: OSError. SlimzooError: it is no such table; which columns are not known.
    """
    try:
        lines = _lines(all_text(path), is_image)
    except csv.Error as error:
        asked = "is there a quote that nothing closes?"
        raise SlimzooError(f"{path} is no table of text: {error}; {asked}") from error
    if not lines or max(len(line.cells) for line in lines) < 2:
        raise SlimzooError(f"{path} has no two columns, one of images and one of labels (CSV or TSV)")
    image = _image_column(lines, is_image)
    names = _header(lines, image, is_image)
    body = tuple(lines[1:] if names else lines)
    if names:
        _check_width(path, names, body)
    if wanted.image is not None:
        image = _numbered(path, [wanted.image], names, lines)[0]
    width = len(names) or max(len(line.cells) for line in lines)
    rest = [i for i in range(width) if i != image]
    if wanted.labels is not None:
        named = _numbered(path, wanted.labels, names, lines)
        flags = bool(names) and _are_flags(named, body)
        return Table(body, names, image, tuple(named), flags=flags)
    split = next((i for i in rest if _is_split(i, names, body)), None)
    labels, flags = _label_columns(path, [i for i in rest if i != split], names, body)
    return Table(body, names, image, labels, split, flags)


def _lines(text: str, is_image: Callable[[str], bool]) -> list[Line]:
    rows = re.findall(r"[^\r\n]*(?:\r\n|\r|\n|$)", text)  # no other mark ends a line for an editor
    delimiter = _delimiter([row for row in rows[:_LOOKED_AT] if row.strip()], is_image)
    reader = csv.reader(rows, delimiter=delimiter, skipinitialspace=True)
    found, before = [], 0
    for cells in reader:
        stripped = tuple(same(cell.strip()) for cell in cells)
        if any(stripped):
            found.append(Line(before + 1, stripped))
        before = reader.line_num
    return found


def _delimiter(rows: Sequence[str], is_image: Callable[[str], bool]) -> str:
    """Returns what stands between columns: what makes images of most lines, else columns; or the first."""

    def worth(delimiter: str) -> tuple[int, int]:
        cut = [next(csv.reader([row], delimiter=delimiter, skipinitialspace=True)) for row in rows]
        wide = [cells for cells in cut if len(cells) > 1]
        return sum(any(cell and is_image(same(cell.strip())) for cell in cells) for cells in wide), len(wide)

    return max(_DELIMITERS, key=worth)


def _image_column(lines: Sequence[Line], is_image: Callable[[str], bool]) -> int:
    looked_at = lines[:_LOOKED_AT]
    columns = range(max(len(line.cells) for line in looked_at))
    counts = [sum(is_image(line.cell(i)) for line in looked_at if line.cell(i)) for i in columns]
    if any(counts):
        return counts.index(max(counts))
    named = (i for i, cell in enumerate(lines[0].cells) if _is_called(_IMAGE, cell))
    return next(named, 0)


def _header(lines: Sequence[Line], image: int, is_image: Callable[[str], bool]) -> tuple[str, ...]:
    """Returns the names of the columns, () where the first line is one of images."""
    first = lines[0].cell(image)
    named = _is_called(_IMAGE, first) or any(_is_called(_LABEL, cell) for cell in lines[0].cells)
    others = any(is_image(line.cell(image)) for line in lines[1:_LOOKED_AT])
    return lines[0].cells if not is_image(first) and (named or (others and not Path(first).suffix)) else ()


def _check_width(path: Path, names: Sequence[str], lines: Iterable[Line]) -> None:
    """Raises SlimzooError: columns hold something and have no name."""
    wide = [line for line in lines if any(line.cells[len(names) :])]
    problems = [f"line {line.number} has {len(line.cells)} columns" for line in wide]
    if problems:
        said = f"{path} names {counted(len(names), 'column')} in its first line"
        advice = "name the others there, and put quotes around what has the separator in it:"
        raise SlimzooError(listing(f"{said}; {advice}", problems))


def _is_called(pattern: str, name: str) -> bool:
    return re.fullmatch(pattern, name, re.IGNORECASE) is not None


def _is_split(column: int, names: Sequence[str], lines: Iterable[Line]) -> bool:
    called = column < len(names) and _is_called(_SPLIT, names[column])
    return called and all(line.cell(column).lower() in PARTS for line in lines)


def _label_columns(
    path: Path, rest: Sequence[int], names: Sequence[str], lines: Sequence[Line]
) -> tuple[tuple[int, ...], bool]:
    """Returns the columns of labels, and whether each is a class. Raises SlimzooError: that does not show."""
    flags = _are_flags(rest, lines)
    called = [i for i in rest if i < len(names) and _is_called(_LABEL, names[i])]
    if called:
        if left := [names[i] for i in rest if i not in called and i < len(names)]:
            log.warning("columns of %s are left out: %s", path, some(left, 12))
        return tuple(called), False
    if flags and not all(names[i] if names else "" for i in rest):
        raise SlimzooError(f"{path} has columns of 0 and 1, whose classes its first line should name")
    if flags or not names or len(rest) == 1:
        return tuple(rest), flags
    unknown = some([names[i] for i in rest if i < len(names)], 12)
    raise SlimzooError(
        f"{path} does not show which columns hold labels: {unknown} are neither called label or class, "
        "nor do all of them hold 0 and 1. Name them, label_columns=NAMES"
    )


def _are_flags(columns: Sequence[int], lines: Iterable[Line]) -> bool:
    """Whether each of `columns` is a class, and says of every image whether it shows it."""
    return len(columns) > 1 and all(line.cell(i).lower() in _FLAGS for line in lines for i in columns)


def _numbered(path: Path, wanted: Iterable[str], names: Sequence[str], lines: Sequence[Line]) -> list[int]:
    """Returns which columns go by these names or numbers."""
    width = max(len(line.cells) for line in lines)
    numbers = {str(i + 1): i for i in range(width)}
    known = numbers | {name: i for i, name in reversed([*enumerate(names)])}
    if unknown := [name for name in map(same, wanted) if name not in known]:
        there = some([*names], 12) if names else f"1 to {width}"
        raise SlimzooError(f"{path} has no column {some(unknown)}; there are {there}")
    return [known[name] for name in map(same, wanted)]
