"""The image files of a run as they were when it began: what changed since is said before it goes on."""

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from os import PathLike
from pathlib import Path
from typing import Any

from slimzoo.data.dataset import Dataset
from slimzoo.data.places import is_there
from slimzoo.data.records import Record
from slimzoo.errors import SlimzooError, counted, listing, some
from slimzoo.files import schema, write_text
from slimzoo.files.schema import Damaged, needed

log = logging.getLogger("slimzoo")
FILE = "images.json"
_READERS = 16
_CHUNK = 1 << 20  # bytes
_SHOWN = 5  # names in a message
_ROWS = needed(schema.list_of(schema.list_of(schema.either(schema.whole(-(2**63)), schema.text()), least=3)))
Row = tuple[int, int, str]  # size, time in nanoseconds, digest
Named = tuple[str, Record | None]  # a file; or the name of a record, and the record


def remember(folder: Path, parts: Mapping[str, Dataset]) -> None:
    """Writes size, time and digest of every image of `parts` ("train", "validation") into `folder`.

    It warns of images that are held out and trained on, as copies under another path.
    """
    rows = {part: _map(_row, _named(data)) for part, data in parts.items()}
    write_text(folder / FILE, json.dumps(rows))
    _say_copies(parts, rows)


def check(folder: Path, parts: Mapping[str, Dataset]) -> None:
    """Warns of images of `parts` that are not those the run in `folder` began with.

    One of the same size and time is taken for the same; else its digest decides.
    Raises: SlimzooError: some are gone.
    """
    gone = [path for data in parts.values() for path in data.files if not is_there(path)]
    if gone:
        which = f"{counted(len(gone), 'image')} of the run in {folder}"
        headline = f"{which} {'is' if len(gone) == 1 else 'are'} gone; bring back, or begin anew:"
        raise SlimzooError(listing(headline, gone, limit=_SHOWN))
    try:
        before = schema.take(schema.read(folder / FILE), dict.fromkeys(parts, _ROWS), folder / FILE)
        if any(len(before[part]) != len(data.files) for part, data in parts.items()):
            raise Damaged(f"{folder / FILE} is damaged: it is of more or fewer images")
    except (FileNotFoundError, Damaged) as error:
        why = error if isinstance(error, Damaged) else f"{folder / FILE} is not there"
        log.warning("%s\nWhether the images are still those that the run began with is not known", why)
        return remember(folder, parts)
    for part, data in parts.items():
        if changed := _changed(_named(data), before[part]):
            names = [Path(path).name for path in changed]
            log.warning(
                "%d of the %d images of %s are other files than when the run in %s began, under the same "
                "names: %s. Its numbers will be those of neither; overwrite=True begins anew",
                *(len(changed), len(data.files), data.name, folder),
                some(names, _SHOWN),
            )
    return None


def _say_copies(parts: Mapping[str, Dataset], rows: Mapping[str, list[Row]]) -> None:
    trained = {(size, digest): path for (size, _, digest), path in _pairs("train", parts, rows) if digest}
    copies = [
        f"{path} of {trained[size, digest]}"
        for (size, _, digest), path in _pairs("validation", parts, rows)
        if (size, digest) in trained
    ]
    if copies:
        log.warning(
            "%d of the %d held-out images are copies of images that are trained on, which makes every figure "
            "too good: %s",
            *(len(copies), len(parts["validation"]), some(copies, _SHOWN)),
        )


def _pairs(
    part: str, parts: Mapping[str, Dataset], rows: Mapping[str, list[Row]]
) -> Iterable[tuple[Row, str]]:
    images = parts[part].paths  # masks come after them, and many are alike: of no thing, or of one shape
    return zip(rows[part][: len(images)], images, strict=True)


def _named(data: Dataset) -> list[Named]:
    records = data.records
    return [(path, records.get(path)) for path in data.files]


def _changed(files: Iterable[Named], before: Iterable[Any]) -> list[str]:
    pairs = list(zip(files, before, strict=True))
    return [path for ((path, _), _), same in zip(pairs, _map(_is_same, pairs), strict=True) if not same]


def _is_same(pair: tuple[Named, Row]) -> bool:
    (path, record), (size, time, digest, *_) = pair
    if record is not None:
        return (record.length, record.digest) == (size, digest)
    found = Path(path).stat()
    if found.st_size != size:
        return False
    return found.st_mtime_ns == time or _digest(path) == digest


def _row(named: Named) -> Row:
    """Returns what is noted of a file; an image in a shard was read when this was indexed."""
    path, record = named
    if record is not None:
        return record.length, 0, record.digest
    try:
        found = Path(path).stat()
        return found.st_size, found.st_mtime_ns, _digest(path)
    except OSError:  # training says so, of all that cannot be read
        return -1, 0, ""


def _digest(path: str | PathLike) -> str:
    digest = hashlib.blake2b(digest_size=8)
    with open(path, "rb") as file:
        while block := file.read(_CHUNK):
            digest.update(block)
    return digest.hexdigest()


def _map(function: Any, items: Iterable[Any]) -> list[Any]:
    with ThreadPoolExecutor(_READERS) as readers:
        return list(readers.map(function, items))
