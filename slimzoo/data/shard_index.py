"""What is in a shard, found out once and kept: where each image is, and what shows on it."""

import hashlib
import io
import json
import logging
import os
import re
import time
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from slimzoo.data.headers import READABLE, Header, foreign_start, header_of, too_large
from slimzoo.data.places import record_name
from slimzoo.data.records import Record, digest_of
from slimzoo.data.tf_examples import IMAGE, Features
from slimzoo.errors import SlimzooError
from slimzoo.files import schema, write_text
from slimzoo.files.progress import bar
from slimzoo.files.reading import LARGEST, NO_FILE, is_endless
from slimzoo.files.schema import Damaged, needed
from slimzoo.files.tfrecord import HEAD, Broken, read_content, read_length
from slimzoo.files.user_cache import cache_dir

log = logging.getLogger("slimzoo")
FORMAT = 3  # of a kept index
FOLDER = "shards"  # of the cache
_HEAD = 20_000  # characters, which hold the longest path
_BEGINS = re.compile(r'\{(?:"shard": ("(?:[^"\\]|\\.)*"), )?"state": (\[[\d, -]*\])')
_HOUR = 3600.0  # seconds, after which no process is at work any more on what it began to write
_READERS = 4
_PATIENCE = 2.0  # seconds without a progress bar
CLASSES, SEVERAL = "slimzoo/classes", "slimzoo/multi_label"  # in the first record of a shard that was packed
POSITION, LIGHT, WEIGHT = "slimzoo/position", "slimzoo/weight/label", "slimzoo/weight"
NAME = "image/filename"


class Keys(NamedTuple):
    """How the features of the image and of its label are called."""

    image: str = IMAGE
    label: str = "image/class/label"
    text: str = "image/class/text"


KEYS = Keys()
OBJECTS = Keys(IMAGE, "image/object/class/label", "image/object/class/text")


class Row(NamedTuple):
    """What one record says.

    Attributes:
      labels: numbers of its classes, or none where it only has their names.
      texts: names of these, and then perhaps of those in `weights`; or none.
      weights: (number, weight) of each class that does not count as 1.
      name: of the image's file before, "" if it does not say.
      position: its place in the data that it was packed from, -1 if it does not say.
    """

    record: Record
    labels: tuple[int, ...]
    texts: tuple[str, ...]
    weights: tuple[tuple[int, float], ...] = ()
    position: int = -1
    name: str = ""

    @property
    def nameless(self) -> bool:
        """Whether its classes have no numbers."""
        return not self.labels and not self.weights


@dataclass
class Index:
    """The rows of a shard; what it says of all; what is wrong in it, each with its place.

    Attributes:
      several: an image may show several classes; None: it does not say.
    """

    rows: list[Row] = field(default_factory=list)
    classes: tuple[str, ...] = ()
    several: bool | None = None
    problems: list[str] = field(default_factory=list)


def index(
    shards: Sequence[Path], keys: Keys = KEYS, progress: bool = True, anew: bool = False
) -> list[Index]:
    """Returns the index of each shard; one that is not known yet, or has changed, is read whole.

    Args:
      anew: all of them are read.
    """
    kept = [None if anew else _kept(shard, keys) for shard in shards]
    size = sum(_size(shard) for shard, known in zip(shards, kept, strict=True) if known is None)
    said = {"desc": "indexing", "unit": "B", "unit_scale": True, "delay": _PATIENCE, "leave": False}
    with (
        bar(total=size, disable=not progress or not size, **said) as shown,
        ThreadPoolExecutor(_READERS) as readers,
    ):

        def known(pair: tuple[Path, Index | None]) -> Index:
            return pair[1] or _read_and_keep(pair[0], keys, shown.update)

        return [*readers.map(known, zip(shards, kept, strict=True))]


def _size(shard: Path) -> int:
    return shard.stat().st_size if shard.is_file() else 0


def _read_and_keep(shard: Path, keys: Keys, done: Callable[[int], Any]) -> Index:
    found = Index()
    try:
        if is_endless(shard):
            raise OSError(22, NO_FILE, os.fspath(shard))
        state = _state(shard)
        with open(shard, "rb") as file:
            _read(file, str(shard), keys, found, done)
    except OSError as error:
        found.problems.append(f"{shard}: {error.strerror}")
    if not found.problems:
        _keep(shard, keys, state, found)
    return found


def _read(file: BinaryIO, shard: str, keys: Keys, found: Index, done: Callable[[int], Any]) -> None:
    if problem := _other_file(file.read(64)):
        found.problems.append(f"{shard} is no TFRecord file{problem}")
        return
    file.seek(0)
    while True:
        offset = file.tell()
        name = record_name(shard, offset)
        try:
            length = read_length(file)
            if length is None:
                return
            if length > LARGEST:
                raise Broken(f"it claims {length:,} bytes; up to {LARGEST:,} are read", for_good=True)
            record = read_content(file, length)
            found.rows.append(_row(record, shard, offset, keys, found))
        except Broken as error:
            after = "; what comes after it is not read" if error.for_good else ""
            found.problems.append(f"{name} is broken: {error}{after}")
            if error.for_good:
                return
        except ValueError as error:
            found.problems.append(f"{name}: {error}")
        done(file.tell() - offset)


def _other_file(start: bytes) -> str:
    if start.startswith(b"\x1f\x8b"):
        return ": it is compressed (gzip). Unpack it: its images are read in any order"
    return foreign_start(start) if start and foreign_start(start) else ""


def _row(record: bytes, shard: str, offset: int, keys: Keys, found: Index) -> Row:
    """Returns what a record says. Raises: ValueError: it lacks something, or is no such record."""
    try:
        features = Features(record)
    except ValueError as error:
        raise ValueError(f"no tf.train.Example ({error})") from error
    span = features.image(keys.image)
    if span is None:
        raise ValueError(f"no image: neither {keys.image} nor another feature that begins like one")
    image = record[slice(*span)]
    header = header_of(io.BytesIO(image))
    if header.format is None:
        raise ValueError(f"not an image ({READABLE}){foreign_start(image[:64])}")
    if large := too_large("it", header):
        raise ValueError(large)
    if CLASSES in features:
        found.classes = tuple(features.texts(CLASSES))
        found.several = bool((features.integers(SEVERAL) or [0])[0])
    labels, texts, weights = _labels(features, keys)
    start = offset + HEAD + span[0]
    where = Record(shard, offset, start, len(image), digest_of(image), zlib.crc32(image), header)
    name = (features.texts(NAME) or [""])[0]
    return Row(where, labels, texts, weights, (features.integers(POSITION) or [-1])[0], name)


def _labels(
    features: Features, keys: Keys
) -> tuple[tuple[int, ...], tuple[str, ...], tuple[tuple[int, float], ...]]:
    if keys.label in features or keys.text in features:
        light, weights = features.integers(LIGHT), features.floats(WEIGHT)
        if len(light) != len(weights):
            raise ValueError(f"{len(light)} classes with {len(weights)} weights")
        labels, texts = _numbers(features, keys.label), features.texts(keys.text)
        fits = not labels or len(texts) == len(labels)
        return tuple(labels), tuple(texts) if fits else (), tuple(zip(light, weights, strict=True))
    if OBJECTS.label not in features and OBJECTS.text not in features:
        raise ValueError(f"no label: neither {keys.label} nor {OBJECTS.label}")
    return _labels_of_objects(features)


def _labels_of_objects(
    features: Features,
) -> tuple[tuple[int, ...], tuple[str, ...], tuple[tuple[int, float], ...]]:
    """Returns the classes with a box; one of which all are difficult or a crowd has weight 0."""
    numbers, texts = _numbers(features, OBJECTS.label), features.texts(OBJECTS.text)
    doubtful = [features.integers(f"image/object/{name}") for name in ("difficult", "is_crowd")]
    counts = dict.fromkeys(numbers, False)
    for i, number in enumerate(numbers):
        counts[number] |= not any(flags[i] for flags in doubtful if i < len(flags))
    names = dict(zip(numbers, texts, strict=False))
    shows = tuple(number for number, counted in counts.items() if counted)
    light = tuple((number, 0.0) for number, counted in counts.items() if not counted)
    said = tuple(names[n] for n in (*shows, *(n for n, _ in light))) if len(texts) == len(numbers) else ()
    return shows, said, light


def _numbers(features: Features, name: str) -> list[int]:
    """Returns the integers of a feature. Raises: ValueError: it holds something else."""
    if other := features.other_than_integers(name):
        raise ValueError(
            f"{name} holds {other} in place of integers; names of classes are of another feature"
        )
    return features.integers(name)


def _state(shard: Path) -> list[int]:
    found = shard.stat()
    return [FORMAT, found.st_size, found.st_mtime_ns]


def _place(shard: Path, keys: Keys) -> Path:
    name = "\0".join((os.path.realpath(shard), *keys))
    return cache_dir() / FOLDER / f"{hashlib.sha256(os.fsencode(name)).hexdigest()[:32]}.json"


def _keep(shard: Path, keys: Keys, state: list[int], found: Index) -> None:
    rows = [[*row.record[1:-1], *row[1:]] for row in found.rows]
    head = {"shard": os.path.realpath(shard), "state": state}  # first, where _head() looks for it
    about = {**head, "classes": found.classes, "several": found.several, "rows": rows}
    try:
        write_text(_place(shard, keys), json.dumps(about))
    except (SlimzooError, OSError) as error:
        log.info("the index of %s is not kept: %s", shard, error)


_KEPT: schema.Schema = {
    "state": needed(schema.list_of(schema.whole())),
    "classes": needed(schema.list_of(schema.text())),
    "several": needed(schema.either(schema.flag(), schema.nothing())),
    "rows": needed(schema.list_of(schema.list_of(schema.anything(), least=11))),
    "shard": schema.text(),
}


@dataclass(frozen=True)
class Kept:
    """A file of an index in the cache.

    Attributes:
      shard: that it is of; "" where it does not say.
      used: when it was written, seconds since the epoch.
      useless: it is of a shard that is gone or has changed, is damaged, or was never written to its end.
    """

    file: Path
    shard: str
    bytes: int
    used: float
    useless: bool


def kept() -> list[Kept]:
    """Returns what is kept of shards, in order of their places."""
    found = []
    for file in sorted((cache_dir() / FOLDER).glob("*.json"), key=os.fspath):
        with suppress(FileNotFoundError):  # deleted meanwhile
            found.append(_known(file))
    for half in (cache_dir() / FOLDER).glob(".*.tmp"):
        with suppress(FileNotFoundError):
            status = half.stat()
            if time.time() - status.st_mtime > _HOUR:
                found.append(Kept(half, "", status.st_size, status.st_mtime, True))
    return sorted(found, key=lambda one: (one.shard, one.file))


def _known(file: Path) -> Kept:
    status, (shard, state), useless = file.stat(), _head(file), True
    with suppress(OSError):  # the shard is gone
        useless = state != _state(Path(shard)) if shard else state[:1] != [FORMAT]
    return Kept(file, shard, status.st_size, status.st_mtime, useless)


def _head(file: Path) -> tuple[str, list[int]]:
    """Returns the shard of an index, and its state then, without reading all of it; "", [] if damaged."""
    with open(file, encoding="utf-8", errors="replace") as opened:
        head = _BEGINS.match(opened.read(_HEAD))
    return (json.loads(head[1] or '""'), json.loads(head[2])) if head else ("", [])


def prune(everything: bool = False, dry_run: bool = False) -> list[Kept]:
    """Deletes what is useless of what is kept, or all of it, and returns it; it is made again when needed."""
    gone = [one for one in kept() if everything or one.useless]
    for one in gone if not dry_run else ():
        try:
            one.file.unlink(missing_ok=True)
        except OSError as error:
            raise SlimzooError(f"cannot delete {one.file}: {error.strerror}") from error
    return gone


def _kept(shard: Path, keys: Keys) -> Index | None:
    """Returns the index that is kept of a shard as it is now; None where there is none that can be read."""
    try:
        place = _place(shard, keys)
        about = schema.take(schema.read(place), _KEPT, place)
        if list(about["state"]) != _state(shard):
            return None
        rows = [_row_of(str(shard), *row) for row in about["rows"]]
    except (OSError, Damaged, TypeError, ValueError):
        return None
    return Index(rows, about["classes"], about["several"])


def _row_of(shard: str, *kept: Any) -> Row:
    *where, header, labels, texts, weights, position, name = kept
    offset, start, length, digest, check = where
    record = Record(shard, offset, start, length, digest, check, Header(*header))
    pairs = tuple((number, weight) for number, weight in weights)
    return Row(record, tuple(labels), tuple(texts), pairs, position, name)
