"""A folder of masks: what is done of a job shows by its files.

NAME.json says of an image what its mask NAME.png shows, or why there is none; it is written last, so that
what a killed job left is done again. segment.json says what job it is, and which class has which colour.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from slimzoo.errors import SlimzooError, listing
from slimzoo.files import plain, schema, write_error, write_text
from slimzoo.files.locks import alone_at
from slimzoo.streaming.mask_files import (
    AREAS,
    ENDINGS,
    MASK,
    OVERLAY,
    Classes,
    write_legend,
    write_mask,
    write_overlay,
)
from slimzoo.streaming.mask_names import JOB, LEFT, LEGEND
from slimzoo.streaming.results import check_same

_LOCK = ".lock"
_SCHEMA = {"job": schema.needed(schema.dict_of(schema.anything()))}
_COUNT = schema.either(schema.whole(), schema.nothing())
_AREA = {"class": schema.needed(schema.whole()), "pixels": schema.needed(schema.whole())}
_ROW = {
    "image": schema.needed(schema.text()),
    "bytes": schema.needed(_COUNT),
    "modified": schema.needed(_COUNT),
    "areas": schema.list_of(schema.shaped(_AREA)),
}
_OPTIONS = {  # what a job is made of, as the command line calls it
    "opacity": "--overlay",
    "scales": "--scales",
    "flip": "--flip",
    "tile": "--tile",
    "turn": "--exif",
    "arguments": "--argument",
    "engine": "--engine",
    "precision": "--precision",
}
Row = dict[str, Any]


@dataclass
class MaskFolder:
    """The masks of one job, which no other process writes meanwhile.

    Attributes:
      opacity: of the colours in overlays, 0 to 1; None: there are none.
      images, problems: how many are done, and what is wrong with some.
      fresh: how many of them were not there before.
    """

    path: Path
    job: Mapping[str, Any]
    classes: Classes
    opacity: float | None
    images: int = 0
    fresh: int = 0
    problems: list[str] = field(default_factory=list)
    _totals: dict[int, list[int]] = field(default_factory=dict)  # class: [images, pixels]

    def describe(self, complete: bool) -> None:
        """Writes segment.json."""
        said = {"job": self.job, "complete": complete, "classes": self.classes.described(), **self.summary()}
        write_text(self.path / JOB, json.dumps(plain(said), indent=1) + "\n")

    def summary(self) -> dict[str, Any]:
        """Returns how many images there are, and how much of them each class takes."""
        pixels = sum(count for _, count in self._totals.values())
        areas = [
            {"images": images, **self.classes.area(number, count, pixels)}
            for number, (images, count) in sorted(self._totals.items(), key=lambda item: -item[1][1])
        ]
        return {"images": self.images, "errors": len(self.problems), "areas": areas}

    def row_of(self, name: str, file: str) -> Row | None:
        """Returns what is there of the image `file` already, None where it is to be done, or done again.

        Raises: SlimzooError: the name is another image's.
        """
        row = _read(self.path / f"{name}{AREAS}")
        if row is None:
            return None
        same = {key: row[key] for key in ("bytes", "modified")} == facts_of(file)
        if row["image"] != file and not same:
            raise SlimzooError(f"{name}{AREAS} is of the image {row['image']}, not of {file}")
        wanted = (MASK,) if self.opacity is None else (MASK, OVERLAY)
        whole = all((self.path / f"{name}{ending}").is_file() for ending in wanted)
        return row if same and whole and "areas" in row else None

    def write(self, name: str, row: Row, pixels: np.ndarray, mask: np.ndarray) -> Row:
        """Writes the mask of an image, the overlay and then the row; returns that."""
        overlay = None
        write_mask(self.path / f"{name}{MASK}", mask, self.classes)
        if self.opacity is not None:
            overlay = f"{name}{OVERLAY}"
            write_overlay(self.path / overlay, pixels, mask, self.classes, self.opacity)
        height, width = mask.shape
        row |= {"width": width, "height": height, "mask": f"{name}{MASK}", "overlay": overlay}
        return self.write_row(name, row | {"areas": self.classes.areas(mask)})

    def write_row(self, name: str, row: Row) -> Row:
        """Writes what is said of an image; returns it."""
        write_text(self.path / f"{name}{AREAS}", json.dumps(row, indent=1) + "\n")
        return row

    def count(self, row: Row, fresh: bool) -> None:
        """Counts an image that is done."""
        self.images += 1
        self.fresh += fresh
        if "problem" in row:
            self.problems.append(row["problem"])
        for area in row.get("areas", ()):
            total = self._totals.setdefault(area["class"], [0, 0])
            total[0] += 1
            total[1] += area["pixels"]


def _read(path: Path) -> Row | None:
    """Returns the row in a file, None where there is none."""
    try:
        row = schema.read(path)
        schema.take(row, _ROW, path)
    except (FileNotFoundError, NotADirectoryError, schema.Damaged):
        return None
    return row


def facts_of(file: str) -> Row:
    """Returns what tells an image from another one of that name, as JSON has it."""
    try:
        found = os.stat(file)
    except (OSError, ValueError):
        return {"bytes": None, "modified": None}
    return {"bytes": found.st_size, "modified": found.st_mtime_ns}


@contextmanager
def opened(
    path: Path, job: Mapping[str, Any], classes: Classes, opacity: float | None, overwrite: bool
) -> Iterator[MaskFolder]:
    """Yields the folder of the masks of `job`; nobody else writes it meanwhile.

    Args:
      overwrite: what is there, of this job or another, is removed.
    Raises: SlimzooError: it is another job's, and how that differs; another process is at work there.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(error, path) from error
    with alone_at(path, path / _LOCK, "wait for it, or name another folder"):
        if (path / JOB).is_file():
            if overwrite:
                _clear(path)
            else:
                known = schema.take(
                    schema.read(path / JOB), _SCHEMA, path / JOB, "overwrite=True starts anew"
                )
                check_same(known["job"], plain(job), path, _OPTIONS)
        for left in path.rglob(".*.tmp"):
            if LEFT.match(left.name):
                left.unlink()
        folder = MaskFolder(path, job, classes, opacity)
        folder.describe(complete=False)
        write_legend(path / LEGEND, classes)
        yield folder
        folder.describe(complete=True)


def conflicts(folder: MaskFolder, names: Mapping[str, str]) -> None:
    """Raises SlimzooError where what is there is of other images that are called the same: all of them."""
    problems = []
    for file, name in names.items():
        try:
            folder.row_of(name, file)
        except SlimzooError as error:
            problems.append(str(error))
    if problems:
        raise SlimzooError(
            listing(f"{folder.path} holds masks of other images:", problems)
            + "\nName another folder with --out; overwrite=True removes them"
        )


def _clear(path: Path) -> None:
    """Removes what earlier jobs wrote; segment.json last."""
    for file in path.rglob(f"*{AREAS}"):
        if file != path / JOB and _read(file) is not None:
            for ending in ENDINGS:
                file.with_name(file.name.removesuffix(AREAS) + ending).unlink(missing_ok=True)
    (path / JOB).unlink()
