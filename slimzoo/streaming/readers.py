"""From a container of images to their bytes, one by one: a row for each kind of file that holds some."""

import itertools
import mimetypes
import re
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from slimzoo.data.shards import SHARD
from slimzoo.data.tf_examples import Features
from slimzoo.errors import SlimzooError, shown
from slimzoo.files.parquet import pyarrow_or_error
from slimzoo.files.reading import LARGEST
from slimzoo.files.tfrecord import TAIL, Broken, read_content, read_length
from slimzoo.streaming.rows import End, Item, Piece
from slimzoo.streaming.stores import open_binary, read_bytes

INSIDE = "::"  # between the name of a file and what is in it
_ROWS = 64  # of a Parquet file that are read at a time


@dataclass(frozen=True)
class Kind:
    """A kind of container: how files of it are called, and `read`, which yields its images from one on."""

    called: str  # a pattern of names
    read: Callable[[Piece], Iterator[Item]]


def items(piece: Piece) -> Iterator[Item | End]:
    """Yields what is in `piece`, and End at the end of its container.

    What cannot be read of a container is one Item that says so: its rows end there.
    """
    position = piece.first
    try:
        for item in KINDS[piece.kind].read(piece):
            yield item
            position = item.position + 1
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  # whatever a library raises of a damaged file
        yield Item(piece.container, position, piece.where, problem=_said(piece.where, position, error))
        position += 1
    if piece.ends:
        yield End(piece.container, position)


def fetch(item: Item | End) -> Item | End:
    """Returns `item` with its bytes."""
    if isinstance(item, End) or item.problem or item.content is not None:
        return item
    try:
        content, problem = read_bytes(item.where), ""
    except FileNotFoundError:
        content, problem = None, f"there is no image {item.where}"
    except (OSError, SlimzooError) as error:
        content, problem = None, _said(item.where, None, error)
    return Item(item.container, item.position, item.name, content, item.where, problem)


def kind_of(name: str) -> str:
    """Returns the kind of container that a file of this name is, "" for none: it may be an image."""
    return next((kind for kind, row in KINDS.items() if re.search(row.called, name.lower())), "")


def looks_like_image(name: str) -> bool:
    """Whether a file is called like an image."""
    return (mimetypes.guess_type(name, strict=False)[0] or "").startswith("image/")


def _said(where: str, position: int | None, error: Exception) -> str:
    text = str(error) if isinstance(error, SlimzooError) else getattr(error, "strerror", None) or str(error)
    if position is None:
        return text if where in text else f"{where}: {text}"
    return f"{where} cannot be read beyond row {position}: {shown(text, 300)}"


def _files(piece: Piece) -> Iterator[Item]:
    for position, name in enumerate(piece.names, piece.first):
        yield Item(piece.container, position, name, where=name)


def _tar(piece: Piece) -> Iterator[Item]:
    """Yields the members that are called like images, in the order of the archive."""
    position = 0
    with open_binary(piece.where) as file, tarfile.open(fileobj=file, mode="r|*") as archive:
        for member in archive:
            archive.members = []  # type: ignore[attr-defined]  # which it would keep for every one that was passed
            if not member.isfile() or not looks_like_image(member.name):
                continue
            if position >= piece.first:
                name = f"{piece.where}{INSIDE}{member.name}"
                if member.size > LARGEST:
                    yield Item(piece.container, position, name, problem=_too_many(name, member.size))
                else:
                    content = archive.extractfile(member)
                    assert content is not None
                    yield Item(piece.container, position, name, content.read())
            position += 1


def _tfrecord(piece: Piece) -> Iterator[Item]:
    """Yields image/encoded of each tf.train.Example, or the only feature that begins like an image."""
    with open_binary(piece.where) as file:
        for position, record in enumerate(_records(file, piece.first)):
            if record is None:
                continue
            name = f"{piece.where}{INSIDE}{position}"
            if not record:
                problem = f"{name} is damaged: its checksum is wrong"
                yield Item(piece.container, position, name, problem=problem)
                continue
            features = Features(record)
            span = features.image()
            name = (features.texts("image/filename") or [str(position)])[0]
            yield _row(piece, position, name, record[slice(*span)] if span else None)


def _records(file: BinaryIO, first: int) -> Iterator[bytes | None]:
    """Yields the records of a TFRecord file: None for those before `first`, b"" for what is damaged."""
    for position in itertools.count():
        try:
            length = read_length(file)
            if length is None:
                return
            if length > LARGEST:
                raise Broken(f"it claims {length:,} bytes", for_good=True)
            if position < first:
                file.seek(length + TAIL, 1)
                yield None
            else:
                yield read_content(file, length)
        except Broken as error:
            if error.for_good:
                raise SlimzooError(
                    f"record {position} is damaged ({error}), or this is no TFRecord file"
                ) from error
            yield b""


def _parquet(piece: Piece) -> Iterator[Item]:
    """Yields the images of a Parquet file, of which one column holds bytes, or names of image files."""
    pyarrow, parquet = pyarrow_or_error()
    with open_binary(piece.where) as file:
        try:
            table = parquet.ParquetFile(file)
            columns = parquet_columns(table.schema_arrow, piece.where)
            for position, row in _parquet_rows(table, columns.wanted, piece.first):
                name, content, where = columns.of(row)
                if where and content is None:
                    yield Item(piece.container, position, where, where=where)
                else:
                    yield _row(piece, position, name or str(position), content)
        except pyarrow.ArrowException as error:
            raise SlimzooError(str(error)) from error


def _parquet_rows(table: Any, columns: list[str], first: int) -> Iterator[tuple[int, dict[str, Any]]]:
    start = 0
    for group in range(table.metadata.num_row_groups):
        rows = table.metadata.row_group(group).num_rows
        if start + rows > first:
            position = start
            for batch in table.iter_batches(_ROWS, row_groups=[group], columns=columns):
                if position + batch.num_rows > first:
                    skipped = max(0, first - position)
                    yield from enumerate(batch.slice(skipped).to_pylist(), position + skipped)
                position += batch.num_rows
        start += rows


@dataclass(frozen=True)
class Columns:
    """Where a Parquet file has its images: a column of bytes, or of {bytes, path}; and one of names."""

    image: str
    name: str
    kind: str  # "bytes", "struct", or "path": the names of image files

    @property
    def wanted(self) -> list[str]:
        """The columns to read."""
        return [column for column in dict.fromkeys((self.image, self.name)) if column]

    def of(self, row: Mapping[str, Any]) -> tuple[str, bytes | None, str]:
        """Returns name, bytes, and the file where they are if they are None."""
        value, name = row[self.image], str(row.get(self.name) or "") if self.name else ""
        if self.kind == "bytes":
            return name, value, ""
        if self.kind == "path":
            return str(value or ""), None, str(value or "")
        value = value or {}
        path = str(value.get("path") or "")
        return name or path, value.get("bytes"), path


_NAMES = ("name", "path", "file_name", "filename", "image_path", "key", "url", "uri", "id")


def parquet_columns(schema: Any, where: str) -> Columns:
    """Returns the columns of images and of their names. Raises: SlimzooError: they cannot be told."""
    pyarrow, _ = pyarrow_or_error()
    kinds = pyarrow.types
    text = [f.name for f in schema if kinds.is_string(f.type) or kinds.is_large_string(f.type)]
    name = next((known for known in _NAMES if known in text), "")
    binary = [f.name for f in schema if kinds.is_binary(f.type) or kinds.is_large_binary(f.type)]
    structs = [
        f.name for f in schema if kinds.is_struct(f.type) and f.type.get_field_index("bytes") >= 0
    ]  # as datasets of the hub have them
    found = [(column, "bytes") for column in binary] + [(column, "struct") for column in structs]
    found = [row for row in found if row[0] == "image"] or found or ([(name, "path")] if name else [])
    if len(found) == 1:
        return Columns(found[0][0], name, found[0][1])
    said = (
        f"{len(found)} columns of bytes: {', '.join(column for column, _ in found)}"
        if found
        else (f"none of bytes, and none of names ({', '.join(_NAMES[:5])})")
    )
    raise SlimzooError(
        f"{where}: it does not show which column holds the images: there are {said}. Call that one image; "
        f"there are the columns {', '.join(schema.names)}"
    )


def _row(piece: Piece, position: int, name: str, content: bytes | None) -> Item:
    name = f"{piece.where}{INSIDE}{name}"
    if not content:
        return Item(piece.container, position, name, problem=f"{name} has no image")
    if len(content) > LARGEST:
        return Item(piece.container, position, name, problem=_too_many(name, len(content)))
    return Item(piece.container, position, name, content)


def _too_many(name: str, size: int) -> str:
    return f"{name} has {size:,} bytes; up to {LARGEST:,} are read"


FILES = "files"  # the kind of a container that is a list of image files
KINDS: dict[str, Kind] = {
    FILES: Kind(r"(?!)", _files),
    "tar": Kind(r"\.(tar|tar\.gz|tgz|tar\.bz2|tar\.xz)$", _tar),
    "TFRecord": Kind(SHARD, _tfrecord),
    "Parquet": Kind(r"\.(parquet|pq)$", _parquet),
}
