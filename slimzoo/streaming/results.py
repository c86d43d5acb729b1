"""What a job has found so far: a folder of parts, each written whole; what is done shows by their names.

A part is called part-CONTAINER-FIRST-ROWS-ERRORS, with -end where its container ends: it is there whole, or
not at all, so a job that is killed at any moment goes on behind the last of them. manifest.json says what job
it is and, for people and programs, which rows are where.
"""

import contextlib
import glob
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slimzoo.errors import SlimzooError, listing, shown
from slimzoo.files import atomic_write, check_folder, check_writable, plain, write_error, write_text
from slimzoo.files.locks import alone_at
from slimzoo.files.schema import anything, dict_of, flag, needed, read, take, whole
from slimzoo.streaming.formats import FORMATS, format_of, job_in
from slimzoo.streaming.rows import Outcome

MANIFEST = "manifest.json"
_LOCK = ".lock"
_MAY_BE_DONE = "if this command wrote it, it is done (a .parquet file and a folder say so themselves)"
_NAME = re.compile(r"part-(\d{6,})-(\d{9,})-(\d+)-(\d+)(-end)?(\.[a-z]+)")
_SCHEMA = {
    "job": needed(dict_of(anything())),
    "joined": flag(),
    "rows": needed(whole()),
    "errors": needed(whole()),
}
_OWN = re.compile(rf"\.lock$|\.({MANIFEST}|part-.*)\.[0-9a-f]+\.tmp$")  # what a killed process may leave
_NOTED = ("model", "images")  # of a job, but no part of it: the same can be called otherwise
_SHAPES_WEIGHTS = (
    "engine",
    "precision",
    "calibrate",
    "features",
)  # the digest is of what is computed: theirs too
_OPTIONS = {  # what a job is made of, as the command line calls it
    "top": "--top",
    "threshold": "--threshold",
    "features": "--features",
    "flip": "--flip",
    "turn": "--exif",
    "engine": "--engine",
    "precision": "--precision",
    "calibrate": "--calibrate",
}


@dataclass(frozen=True, order=True)
class Part:
    """Rows of a container, from `first` on, in a file of their own."""

    container: int
    first: int
    rows: int
    errors: int
    ends: bool

    def name(self, suffix: str) -> str:
        """Returns what its file is called."""
        end = "-end" if self.ends else ""
        return f"part-{self.container:06d}-{self.first:09d}-{self.rows}-{self.errors}{end}{suffix}"


@dataclass(frozen=True)
class Place:
    """Where results go: a folder, or one file, whose parts are in a folder beside it until it is whole."""

    out: Path
    suffix: str  # of the parts
    is_file: bool

    @property
    def folder(self) -> Path:
        """The folder of the parts."""
        return self.out.with_name(f"{self.out.name}.parts") if self.is_file else self.out

    @classmethod
    def of(cls, out: str, suffix: str | None, overwrite: bool) -> "Place":
        """Returns the place that --out names, of which nothing is made yet.

        Args:
          suffix: of the parts in a folder; None: ".parquet".
        Raises: SlimzooError, FileExistsError: it cannot be written, or is something else's.
        """
        if "://" in out:
            raise SlimzooError(f"--out {out}: results are written here, and copied to a store afterwards")
        path = Path(os.path.abspath(out))
        ending = path.suffix.lower()
        is_file = not out.endswith(os.sep) and not path.is_dir() and (ending in FORMATS)
        if not is_file and ending and not path.is_dir() and not out.endswith(os.sep):
            raise SlimzooError(
                f"--out {out}: a file ends in {', '.join(FORMATS)}, a folder in none, or in {os.sep}"
            )
        if is_file and suffix not in (None, ending):
            raise SlimzooError(f"--out {out} is no {suffix} file; a folder takes --format")
        place = cls(path, ending if is_file else suffix or ".parquet", is_file)
        format_of(place.suffix)
        place.check(overwrite)
        return place

    def check(self, overwrite: bool) -> None:
        """Raises where something else's files are in the way."""
        folder = self.folder
        check_folder(folder)
        ours = (folder / MANIFEST).is_file()
        if self.is_file and self.out.exists() and not ours and not overwrite and not job_in(self.out):
            done = "" if FORMATS[self.suffix].says_job else f"; {_MAY_BE_DONE}"
            raise FileExistsError(
                f"{self.out} exists already{done}; name another file; overwrite=True replaces it"
            )
        others = sorted(os.listdir(folder)) if folder.is_dir() and not ours else []
        if others := [name for name in others if not _OWN.match(name)]:
            raise SlimzooError(
                f"{folder} holds other files ({shown(others[0])}) and no {MANIFEST}; name a new folder"
            )
        if folder.is_dir():
            check_writable(folder / MANIFEST, overwrite=True)


@dataclass
class Results:
    """The results of one job at a place, which no other process writes meanwhile.

    joined: they are one file already: there is nothing left to do.
    """

    place: Place
    job: Mapping[str, Any]
    width: int
    parts: list[Part] = field(default_factory=list)
    joined: bool = False

    @property
    def rows(self) -> int:
        """How many there are."""
        return sum(part.rows for part in self.parts)

    @property
    def errors(self) -> int:
        """How many of them are of images that cannot be used."""
        return sum(part.errors for part in self.parts)

    def done(self) -> dict[int, tuple[int, bool]]:
        """Returns {container: (rows from its beginning, whether these are all)}."""
        found: dict[int, tuple[int, bool]] = {}
        for part in self.parts:
            found[part.container] = (part.first + part.rows, part.ends)
        return found

    def add(self, container: int, first: int, rows: Sequence[Outcome], ends: bool) -> None:
        """Writes rows as a part, durable when this returns."""
        part = Part(container, first, len(rows), sum(bool(row.error) for row in rows), ends)
        folder, suffix = self.place.folder, self.place.suffix
        with atomic_write(folder / part.name(suffix), overwrite=True) as temporary:
            FORMATS[suffix].write(temporary, rows, self.width, _text(self.job))
        self.parts.append(part)
        self.describe()

    def describe(self, complete: bool = False, joined: bool = False) -> None:
        """Writes the manifest."""
        suffix = self.place.suffix
        parts = [{"file": part.name(suffix), **plain(part)} for part in sorted(self.parts)]
        counts = {"rows": self.rows, "errors": self.errors}
        said = {"job": self.job, "complete": complete, "joined": joined, **counts, "parts": parts}
        write_text(self.place.folder / MANIFEST, json.dumps(plain(said), indent=1) + "\n")

    def finish(self) -> None:
        """Says that all is there; puts one file together, where that is asked for.

        Whenever it is killed, what is there says how far it came: finish() again ends it.
        """
        if self.joined:
            return
        self.describe(complete=True)
        if not self.place.is_file:
            return
        folder, suffix = self.place.folder, self.place.suffix
        paths = [folder / part.name(suffix) for part in sorted(self.parts)]
        with atomic_write(self.place.out, overwrite=True) as temporary:
            FORMATS[suffix].join(temporary, paths, _text(self.job))
        self.describe(complete=True, joined=True)
        _remove(folder)


@contextlib.contextmanager
def opened(place: Place, job: Mapping[str, Any], width: int, overwrite: bool) -> Iterator[Results]:
    """Yields the results of `job` at `place`, with what is done of it; nobody else writes them meanwhile.

    Args:
      overwrite: what is there of another job, or of this one, is removed.
    Raises: SlimzooError: they are another job's, and how it differs; another process is at work there.
    """
    folder, job = place.folder, plain(job)
    if place.is_file and not overwrite and not folder.exists() and (text := job_in(place.out)):
        check_same(json.loads(text), job, place.out)
        yield Results(place, job, width, [Part(0, 0, *_rows_in(place.out), True)], joined=True)
        return
    is_new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(error, folder) from error
    results = Results(place, job, width)
    try:
        with alone_at(folder, folder / _LOCK, "wait for it, or name another place"):
            if overwrite:
                _remove(folder)
            if (folder / MANIFEST).is_file():
                _take_up(results)
            if not results.joined:
                results.describe()
            try:
                yield results
            finally:
                if not results.parts:  # nothing came of it
                    _remove(folder)
    finally:
        if place.is_file or (is_new and not results.parts):
            with contextlib.suppress(OSError):  # it is not empty
                folder.rmdir()


def _take_up(results: Results) -> None:
    """Gives `results` the parts that are there, by container; what follows on a gap is removed.

    Raises: SlimzooError: they are another job's.
    """
    place = results.place
    manifest = place.folder / MANIFEST
    known = take(read(manifest), _SCHEMA, manifest, "overwrite=True starts anew")
    check_same(known["job"], results.job, place.folder)
    if known.get("joined") and place.out.is_file():  # and killed before its parts were removed
        results.parts, results.joined = [Part(0, 0, known["rows"], known["errors"], True)], True
        _remove(place.folder)
        return
    next_row: dict[int, int] = {}
    for part in sorted(_named(place)):
        if part.first == next_row.get(part.container, 0):
            results.parts.append(part)
            next_row[part.container] = part.first + part.rows
        else:
            (place.folder / part.name(place.suffix)).unlink()
    half = place.out.parent.glob(f".{glob.escape(place.out.name)}.*.tmp") if place.is_file else ()
    for path in [*place.folder.iterdir(), *half]:  # of a process that was killed
        if path.parent != place.folder or (_OWN.match(path.name) and path.name != _LOCK):
            path.unlink()


def _named(place: Place) -> Iterator[Part]:
    for name in os.listdir(place.folder):
        match = _NAME.fullmatch(name)
        if match and match[6] == place.suffix:
            container, first, rows, errors = (int(match[i]) for i in range(1, 5))
            yield Part(container, first, rows, errors, bool(match[5]))


def check_same(
    known: Mapping[str, Any], job: Mapping[str, Any], where: Path, options: Mapping[str, str] = _OPTIONS
) -> None:
    """Raises SlimzooError, which says how they differ, where the job `known` at `where` is not `job`.

    Args:
      options: what a job is made of, as the command line calls it.
    """
    differ = [
        key for key in [*job, *(key for key in known if key not in job)] if known.get(key) != job.get(key)
    ]
    noted = (*_NOTED, *(["weights"] if {*differ}.intersection(_SHAPES_WEIGHTS) else []))
    wrong = [
        f"{options.get(key, key)}: there {_said(known.get(key))}, now {_said(job.get(key))}"
        for key in differ
        if key not in noted
    ]
    if wrong:
        raise SlimzooError(
            listing(f"{where} holds the results of another job:", wrong)
            + "\nName another place with --out; overwrite=True replaces them"
        )


def _said(value: object) -> str:
    return "none" if value in (None, "") else shown(value)


def _rows_in(path: Path) -> tuple[int, int]:
    """Returns how many rows and errors a whole file of results has."""
    from slimzoo.files.parquet import pyarrow_or_error

    _, parquet = pyarrow_or_error()
    column = parquet.read_table(path, columns=["error"])["error"]
    return len(column), len(column) - column.null_count


def _remove(folder: Path) -> None:
    """Removes the parts in `folder`, and last what says of what job they are."""
    for path in folder.iterdir():
        if _NAME.fullmatch(path.name) or (_OWN.match(path.name) and path.name != _LOCK):
            path.unlink(missing_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)


def _text(job: Mapping[str, Any]) -> str:
    return json.dumps(job, sort_keys=True)
