"""Shards of TFRecords as a data set: those of TF-Slim and of object detection."""

import logging
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from slimzoo.data import packed, shards
from slimzoo.data.dataset import Dataset, Example
from slimzoo.data.shard_index import KEYS, Index, Keys, Row, index
from slimzoo.data.text import read_lines, same
from slimzoo.errors import SlimzooError, counted, listing, some

log = logging.getLogger("slimzoo")
LABELS = "labels.txt"  # beside the shards: `number:name` a line, or a name a line
_BACKGROUND = "background"
Names = Mapping[int, str]


@dataclass(frozen=True)
class Source:
    """Files of records, and how they are to be read.

    Attributes:
      names: of the classes by their numbers; None: as the shards or what is beside them say.
    """

    title: str
    files: Sequence[Path]
    keys: Keys = KEYS
    names: Names | None = None


def read(
    given: str | os.PathLike,
    split: str | None = None,
    classes: Sequence[str] | None = None,
    progress: bool = True,
) -> Dataset:
    """Reads the index of shards; their images stay where they are.

    Images come in the order of the data that was packed, else in that of the shards and of the records.
    Labels are of image/class/label; where there is none, of the objects on the image.

    Args:
      given: a folder of shards, one of them, or a pattern.
      split: which shards of a folder: a part, a word or a pattern; None: all.
      classes: names in the order of the labels; None: those in the shards, of labels.txt beside them, of
        image/class/text, or the numbers themselves. A class 0 "background" that no image has is left out.
    Raises:
      FileNotFoundError: there is no such file or folder.
      SlimzooError: shards or records are broken or missing, labels are not known: all are listed.
    """
    title = Path(given).name if split is None else f"{Path(given).name} {split}"
    return read_source(Source(title, shards.find(given, split)), classes, progress)


def read_source(
    source: Source, classes: Sequence[str] | None = None, progress: bool = True, anew: bool = False
) -> Dataset:
    """Returns what read() does, of files that were found; `anew` reads them though their index is known."""
    found = index(source.files, source.keys, progress, anew)
    problems = [problem for one in found for problem in one.problems]
    if not problems:
        problems += packed.lost(source.files, found)
    rows = _in_order(source.files, found)
    names, wrong = _names(source, found, rows)
    problems += wrong
    known = tuple(map(same, classes)) if classes is not None else _classes(names, rows, source.title)
    problems += _problems_of_labels(rows, names, known)
    several = next((one.several for one in found if one.several is not None), None)
    if several is None:
        several = any(len(row.texts if row.nameless else row.labels) != 1 or row.weights for row in rows)
    if not rows and not problems:
        problems.append("no record in it")
    elif len(known) == 1 and not several and not problems:
        problems.append(f"only one class ({known[0]}); at least two are needed")
    if problems:
        headline = f"{source.title} cannot be used, {counted(len(problems), 'problem')}:"
        raise SlimzooError(listing(headline, problems))
    return Dataset(tuple(_examples(rows, names, known)), known, source.title, multi_label=several)


def _in_order(files: Sequence[Path], found: Sequence[Index]) -> list[Row]:
    """Returns all rows: of shards that were packed in the order that the data had before."""
    rows: list[Row] = []
    series: dict[tuple[Path, str], list[Row]] = {}
    for path, one in zip(files, found, strict=True):
        series.setdefault((path.parent, shards.series(path)), []).extend(one.rows)
    for together in series.values():
        placed = all(row.position >= 0 for row in together)
        rows += sorted(together, key=lambda row: row.position) if placed else together
    return rows


def _names(source: Source, found: Sequence[Index], rows: Iterable[Row]) -> tuple[Names, list[str]]:
    """Returns the names of the classes by their numbers, and what contradicts itself there."""
    said = {one.classes for one in found if one.classes}
    if len(said) > 1:
        differ = "; ".join(some(classes) for classes in said)
        return {}, [f"the shards have different classes, so that they are not of one data set: {differ}"]
    if source.names is not None or said:
        return source.names or dict(enumerate(said.pop())), []
    beside = source.files[0].parent / LABELS
    if beside.is_file():
        names, problems = _read_names(beside)
        return _distinct(names, beside), problems
    return _said(rows)


def _read_names(path: Path) -> tuple[Names, list[str]]:
    lines = read_lines(path)
    if not lines:
        return {}, [f"{path} is empty; it names the classes, NUMBER:NAME a line, or a name"]
    numbered = [match for line in lines if (match := re.fullmatch(r"(\d{1,9})\s*:\s*(.+)", line))]
    if len(numbered) < len(lines):
        return dict(enumerate(lines)), []
    names: dict[int, str] = {}
    problems = []
    for number, name in ((int(match[1]), match[2]) for match in numbered):
        if names.setdefault(number, name) != name:
            problems.append(f"{path}: class {number} is {name!r} and {names[number]!r}")
    return names, problems


def _distinct(names: Names, path: Path) -> Names:
    """Returns `names` with the number after each that another class has too."""
    several = {name for name, times in Counter(names.values()).items() if times > 1}
    if several:
        log.warning(
            "classes of %s have the same name, and are told by their numbers: %s", path, some([*several])
        )
    return {number: f"{name} ({number})" if name in several else name for number, name in names.items()}


def _said(rows: Iterable[Row]) -> tuple[Names, list[str]]:
    """Returns the names that records give to their labels, else the numbers."""
    names: dict[int, str] = {}
    only: set[str] = set()
    problems = []
    for row in rows:
        if row.nameless:
            only.update(map(same, row.texts))
        numbers = (*row.labels, *(number for number, _ in row.weights))
        for number, text in zip(numbers, row.texts or map(str, numbers), strict=False):
            if number < 0:
                problems.append(f"{row.record.name}: label {number}; numbers of classes are at least 0")
            name = names.setdefault(number, same(text))
            if name != same(text):
                problems.append(f"{row.record.name}: label {number} is {text!r} here and {name!r} before")
    if only and not names:
        return dict(enumerate(sorted(only))), problems
    return names, problems


def _classes(names: Names, rows: Iterable[Row], title: str) -> tuple[str, ...]:
    numbers = sorted(names)
    if (
        names.get(0, "").casefold() == _BACKGROUND
        and len(numbers) > 1
        and not any(0 in row.labels for row in rows)
    ):
        log.warning("no image of %s is of class 0, %s: it is left out", title, names[0])
        numbers = numbers[1:]
    return tuple(dict.fromkeys(same(names[number]) for number in numbers))


def _problems_of_labels(rows: Iterable[Row], names: Names, classes: Sequence[str]) -> list[str]:
    if not names:
        return []
    there = (
        f"{min(names)} to {max(names)}"
        if len(names) == max(names) - min(names) + 1
        else some([*map(str, names)])
    )
    known, unknown, problems = {*classes}, set(), []
    for row in rows:
        wrong = [n for n in (*row.labels, *(n for n, _ in row.weights)) if n not in names]
        problems += [f"{row.record.name}: label {n}; there are {there}" for n in wrong]
        unknown |= {name for name in _of(row, names) if name not in known}
    return problems + [f"unknown class {name!r}; known are {some(classes, 10)}" for name in sorted(unknown)]


def _of(row: Row, names: Names) -> list[str]:
    """Returns the classes of an image that are known."""
    if row.nameless:
        return [same(text) for text in row.texts]
    return [same(names[number]) for number in row.labels if number in names]


def _examples(rows: Sequence[Row], names: Names, classes: tuple[str, ...]) -> Iterable[Example]:
    """Yields the images; those with the same classes share their arrays."""
    place = {name: i for i, name in enumerate(classes)}
    made: dict[tuple, tuple[np.ndarray, np.ndarray]] = {}
    alone = {name for name, times in Counter(row.name for row in rows).items() if times == 1}
    for row in rows:
        key = (row.labels, row.weights, row.texts if row.nameless else ())
        if key not in made:
            labels, weights = np.zeros(len(classes), np.float32), np.ones(len(classes), np.float32)
            labels[[place[name] for name in _of(row, names)]] = 1
            for number, weight in row.weights:
                weights[place[same(names[number])]] = weight
            made[key] = labels, weights
        called = row.name if row.name in alone else ""
        yield Example(row.record.name, *made[key], row.record._replace(called=called))
