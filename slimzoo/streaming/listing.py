"""What --images stands for: containers of images, in an order that is the same each time it is asked for."""

import glob
import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from slimzoo.data.finding import check_some_there, image_files
from slimzoo.data.headers import READABLE, image_format
from slimzoo.errors import SlimzooError, listing, some
from slimzoo.files.reading import is_endless
from slimzoo.streaming.readers import FILES, kind_of, looks_like_image
from slimzoo.streaming.rows import Piece
from slimzoo.streaming.stores import Entry, is_remote, read_bytes, remote_files, size_of

_SIGNS = "*?["  # of a pattern
_LOOKED_AT = 4096  # bytes of a file that may be a list
_GIVE = "a folder, a pattern, a list of files (one a line), .tar, .tfrecord or .parquet files, or an address"


@dataclass(frozen=True)
class Listing:
    """The images of a job.

    given: what --images said.
    kind: of its containers, of readers.KINDS.
    pieces: each a whole container.
    rows: how many images there are; None: that shows as they are read.
    digest: of every name and size, sha256.
    """

    given: str
    kind: str
    pieces: tuple[Piece, ...]
    rows: int | None
    digest: str

    def rest(self, done: dict[int, tuple[int, bool]]) -> list[Piece]:
        """Returns what is left; `done` is {container: (rows from its beginning, whether these are all)}."""
        left = []
        for piece in self.pieces:
            rows, ended = done.get(piece.container, (0, False))
            if not ended:
                names = piece.names[rows:]
                left.append(Piece(piece.container, piece.kind, piece.where, rows, names))
        return left


def listing_of(given: str) -> Listing:
    """Returns the images that `given` stands for.

    It is a folder (all images below it, or all shards), a pattern, a list with a name a line, a shard (.tar,
    .tfrecord, .parquet), or the address of any of these in a store that fsspec knows.

    Raises: SlimzooError, FileNotFoundError: there are none, or of several kinds.
    """
    entries = _entries(given)
    kinds = {kind_of(entry.where) for entry in entries}
    if len(kinds) > 1:
        example = {kind_of(entry.where): entry.where for entry in entries}
        names = some([f"{name} ({kind or 'an image'})" for kind, name in sorted(example.items())])
        raise SlimzooError(
            f"{given} holds several kinds of files: {names}. Name one kind, by a pattern such as '*.tar'"
        )
    (kind,) = kinds
    digest = hashlib.sha256()
    for entry in entries:
        digest.update(f"{entry.where}\0{entry.size}\n".encode("utf-8", "surrogateescape"))
    files = tuple(entry.where for entry in entries)
    if kind:
        pieces = tuple(Piece(number, kind, file) for number, file in enumerate(files))
        return Listing(given, kind, pieces, None, digest.hexdigest())
    return Listing(given, FILES, (Piece(0, FILES, given, 0, files),), len(files), digest.hexdigest())


def _entries(given: str) -> list[Entry]:
    if not given.strip():
        raise SlimzooError(f"--images is empty; give {_GIVE}")
    if is_remote(given):
        if kind_of(given) or not _may_be_list(given):
            return _useful(given, remote_files(given))
        return _sized(_lines(given, read_bytes(given)))
    if os.path.isdir(given):
        return _in_folder(given)
    if any(sign in given for sign in _SIGNS) and not os.path.lexists(given):
        return _of_pattern(given)
    return _of_file(given)


def _of_file(given: str) -> list[Entry]:
    if not os.path.lexists(given):
        raise FileNotFoundError(f"there is no {given}; --images takes {_GIVE}")
    if is_endless(given):
        raise SlimzooError(f"{given} is a pipe or a device; --images takes {_GIVE}")
    if kind_of(given) or image_format(given):
        return _sized([given])
    with open(given, "rb") as file:
        start = file.read(_LOOKED_AT)
    if b"\0" in start or not start.strip():
        what = "no list of names, and no shard" if start.strip() else "empty"
        raise SlimzooError(f"{given} is {what}; --images takes {_GIVE}. Of images, {READABLE}")
    names = _lines(given, Path(given).read_bytes())
    if not any(map(is_remote, names)):
        check_some_there(names)
    return _sized(names)


def _in_folder(given: str) -> list[Entry]:
    shards = [path for path in _below(given) if kind_of(path)]
    try:
        images = image_files([given])
    except SlimzooError:
        if not shards:
            raise
        images = []
    return _sized([*images, *shards])


def _below(folder: str) -> Iterable[str]:
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (os.path.join(root, name) for name in sorted(files) if not name.startswith("."))


def _of_pattern(given: str) -> list[Entry]:
    files = sorted(path for path in glob.iglob(given, recursive=True) if os.path.isfile(path))
    if not files:
        raise SlimzooError(f"the pattern {given} matches no file")
    return _sized(files)


def _useful(given: str, entries: list[Entry]) -> list[Entry]:
    """Returns what of a folder in a store is an image or a shard, by its name; one file is what it is."""
    found = [entry for entry in entries if kind_of(entry.where) or looks_like_image(entry.where)]
    if not found and len(entries) > 1:
        raise SlimzooError(
            f"{given} holds {len(entries):,} files, and no image or shard by its name: "
            f"{some([entry.where for entry in entries], 3)}"
        )
    return found or entries


def _may_be_list(given: str) -> bool:
    return given.lower().endswith((".txt", ".lst", ".list"))


def _lines(given: str, content: bytes) -> list[str]:
    lines = content.decode("utf-8-sig", "surrogateescape").splitlines()
    names = [line.strip() for line in lines if line.strip()]
    if not names:
        raise SlimzooError(f"{given} is empty; a list has the name of an image a line")
    if folders := [name for name in names if not is_remote(name) and os.path.isdir(name)]:
        raise SlimzooError(listing(f"{given} names folders; a list has the name of a file a line:", folders))
    return names


def _sized(names: Sequence[str]) -> list[Entry]:
    """Returns files with their sizes; a store is not asked for each."""
    return [Entry(name, -1 if is_remote(name) else size_of(name)) for name in names]
