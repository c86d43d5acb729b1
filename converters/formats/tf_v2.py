"""TensorFlow's V2 checkpoints (`.index` and `.data-?????-of-?????`), read and written without TensorFlow.

TensorFlow's own reader aborts on a row that makes no sense and has the right checksum. TF 1.15 reads what is
written here.
"""

from __future__ import annotations

import math
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np

from slimzoo.converters.budget import Budget
from slimzoo.converters.formats import sstable
from slimzoo.converters.formats.binary import FileBytes, HeldBytes, damaged, file_chunks
from slimzoo.converters.formats.tensor_proto import (
    Extents,
    assemble,
    check_cover,
    dtype_of,
    encode_shape,
    parse_shape,
    parse_slice,
    slice_shape,
    type_number,
)
from slimzoo.converters.formats.watch import Watch
from slimzoo.converters.source import Source, Tensor, stored_tensor
from slimzoo.errors import SlimzooError, not_there, some
from slimzoo.files import check_writable, sync, write_error
from slimzoo.files.crc32c import Crc32c
from slimzoo.files.wire import FIXED32, encode_field, encode_varint, fields, varint

_HEADER = encode_field(1, 1) + encode_field(3, encode_field(1, 1))  # one shard, little endian, version 1
_MAX_TEXT = 64 << 20  # bytes
_ROW = 100  # bytes of an entry, about


@dataclass
class _Row:
    """A BundleEntryProto: where one tensor, or one slice of it, is stored."""

    type: int = 0
    shape: tuple[int, ...] = ()
    shard: int = 0
    offset: int = 0
    size: int = 0
    crc: int = 0
    checked: bool = False
    slices: list[Extents] = field(default_factory=list)


def data_path(prefix: Path, shard: int, shards: int) -> Path:
    """Returns the data file number `shard` of the checkpoint `prefix`."""
    return prefix.with_name(f"{prefix.name}.data-{shard:05d}-of-{shards:05d}")


def index_path(prefix: Path) -> Path:
    """Returns the index file of the checkpoint `prefix`."""
    return prefix.with_name(f"{prefix.name}.index")


def read(prefix: Path) -> Source:
    """Opens the checkpoint `prefix`; every file must be there and long enough.

    Raises: FileNotFoundError: a data file is missing. SlimzooError: a file is damaged.
    """
    index = index_path(prefix)
    try:
        shards, rows = _rows(index)
        files = [data_path(prefix, shard, shards) for shard in range(shards)]
        _check_files(index, files, rows)
        tensors, skipped = _tensors(files, rows)
    except (ValueError, KeyError, IndexError, TypeError) as error:
        if isinstance(error, SlimzooError):
            raise
        raise damaged(index, str(error)) from error
    return Source("tf_checkpoint", prefix, tensors, files=[*files, index], skipped=skipped)


def _rows(index: Path) -> tuple[int, dict[bytes, _Row]]:
    with FileBytes(index) as file:
        values = {entry.key: entry.value for entry in sstable.entries(file, check=True)}
    header = {f.number: f.value for f in fields(HeldBytes(values.pop(b""), file.budget))}
    if header.get(2):
        raise SlimzooError(f"{index} was written on a big-endian machine; save it again on a usual one")
    shards = header.get(1) or 0
    if not 0 < shards < 100_000:
        raise ValueError(f"{shards} data files")
    return shards, {key: _row(HeldBytes(value, file.budget)) for key, value in values.items()}


def checksums(prefix: Path) -> dict[str, tuple]:
    """Returns {tensor: what two of the same values have in common} of the checkpoint `prefix`, unread."""
    _, rows = _rows(index_path(prefix))
    return {
        key.decode(): (row.type, row.shape, row.size, row.crc, key if row.slices else b"")
        for key, row in rows.items()
        if key and not key.startswith(b"\x00")
    }


def read_text(prefix: Path, name: str) -> bytes:
    """Returns the one text of the tensor `name`: its length, a checksum of that, then the text.

    Raises: SlimzooError: it is damaged.
    """
    shards, rows = _rows(index_path(prefix))
    row, path = rows[name.encode()], index_path(prefix)
    if row.size > _MAX_TEXT or row.shape:
        raise damaged(path, f"{name} is no text of up to {_MAX_TEXT:,} bytes")
    parts = file_chunks(data_path(prefix, row.shard, shards), row.offset, row.size)
    data = b"".join(part.tobytes() for part in parts)
    try:
        size, start = varint(data, 0)
    except ValueError as error:
        raise damaged(path, str(error)) from error
    crc = Crc32c()
    crc.update(size.to_bytes(4 if size < 1 << 32 else 8, "little") + data[start:])
    if start + 4 + size != len(data) or crc.masked != row.crc:
        raise damaged(path, f"the checksum of {name} does not agree")
    return data[start + 4 :]


def _row(data: HeldBytes) -> _Row:
    row = _Row()
    for f in fields(data):
        if f.number == 2:
            row.shape = parse_shape(data, f.start, f.stop)
        elif f.number == 7:
            row.slices.append(parse_slice(data, f.start, f.stop))
        elif f.number in (1, 3, 4, 5, 6):
            name = ("type", "", "shard", "offset", "size", "crc")[f.number - 1]
            setattr(row, name, f.value)
    return row


def _check_files(index: Path, files: list[Path], rows: Mapping[bytes, _Row]) -> None:
    if missing := [file.name for file in files if not file.is_file()]:
        raise not_there(
            f"{index} needs {some(missing)} beside it: a checkpoint is all of its files. "
            "Copy or download them to the same folder"
        )
    sizes = [file.stat().st_size for file in files]
    for row in rows.values():
        if row.shard >= len(files):
            raise ValueError(f"data file {row.shard} of {len(files)}")
        if row.offset + row.size > sizes[row.shard]:
            raise damaged(
                files[row.shard], f"{sizes[row.shard]} bytes, its index speaks of {row.offset + row.size}"
            )


def _tensors(files: list[Path], rows: Mapping[bytes, _Row]) -> tuple[dict[str, Tensor], list[str]]:
    tensors, skipped = {}, []
    budget = Budget(_ROW * len(rows))
    for key, row in rows.items():
        if key.startswith(b"\x00"):  # a slice; its tensor's own row lists it
            continue
        name = key.decode()
        dtype = dtype_of(row.type)
        if dtype is None:
            skipped.append(name)
        elif row.slices:
            check_cover(name, row.shape, row.slices, budget)
            parts = [(extents, rows[slice_key(name, extents)]) for extents in row.slices]
            pieces = [(extents, _tensor(files, name, part, dtype).load) for extents, part in parts]
            for extents, part in parts:
                if part.shape != slice_shape(extents, row.shape):
                    raise ValueError(f"a slice of {name} has shape {part.shape}")
            tensors[name] = Tensor(row.shape, dtype, partial(assemble, row.shape, dtype, pieces))
        else:
            tensors[name] = _tensor(files, name, row, dtype)
    return tensors, skipped


def _tensor(files: list[Path], name: str, row: _Row, dtype: np.dtype) -> Tensor:
    if row.size != math.prod(row.shape) * dtype.itemsize:
        raise ValueError(f"{name} of shape {row.shape} and type {dtype} in {row.size} bytes")
    return stored_tensor(row.shape, dtype, partial(_chunks, files[row.shard], name, row))


def _chunks(file: Path, name: str, row: _Row, into: np.ndarray | None) -> Iterator[np.ndarray]:
    """Yields the bytes of the tensor `name`; its checksum is compared the first time."""
    crc = Crc32c()
    for part in file_chunks(file, row.offset, row.size, into):
        if not row.checked:
            crc.update(part)
        yield part
    if not row.checked and crc.masked != row.crc:
        raise damaged(file, f"the checksum of {name} does not agree")
    row.checked = True


def slice_key(name: str, extents: Extents) -> bytes:
    """Returns the key under which the slice of tensor `name` at `extents` is stored."""
    text = name.encode().replace(b"\xff", b"\xff\x00").replace(b"\x00", b"\x00\xff")
    out = [b"\x00", text, b"\x00\x01", _ordered_unsigned(len(extents))]
    for start, length in extents:
        whole = length is None
        out += [_ordered_signed(0 if whole else start), _ordered_signed(-1 if length is None else length)]
    return b"".join(out)


def _ordered_unsigned(value: int) -> bytes:
    digits = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return bytes([len(digits)]) + digits


def _ordered_signed(value: int) -> bytes:
    """n bytes hold 7n bits, the sign among them; n leading one bits mark a number that is not negative."""
    size = (~value if value < 0 else value).bit_length() // 7 + 1
    marks = ((1 << size) - 1) << (7 * size) if value >= 0 else 0
    return (marks | value & ((1 << (7 * size)) - 1)).to_bytes(size, "big")


def targets(prefix: Path) -> list[Path]:
    """Returns the files that make up a checkpoint written as `prefix` (or as its index)."""
    prefix = prefix.with_name(prefix.name.removesuffix(".index"))
    return [data_path(prefix, 0, 1), index_path(prefix)]


def write(
    prefix: Path,
    arrays: Source,
    watch: Watch,
    overwrite: bool = False,
    metadata: Mapping[str, str] | None = None,
) -> list[Path]:
    """Writes `arrays` as the checkpoint `prefix`, one data file, tensor by tensor; TF 1.15's Saver reads it.

    Nothing stands at `prefix` before all is written; the index comes last, and makes it a checkpoint.
    The format has no place for `metadata`.
    Returns: the files, data before index.
    """
    paths = targets(prefix)
    for path in paths:
        check_writable(path, overwrite)
    mark = secrets.token_hex(4)
    temporary = [path.with_name(f".{path.name}.{mark}.tmp") for path in paths]
    try:
        rows: dict[bytes, bytes] = {b"": _HEADER}
        with open(temporary[0], "wb") as file:
            for name in sorted(arrays, key=str.encode):
                rows[name.encode()] = _write_tensor(file, arrays.tensors[name], watch)
        with open(temporary[1], "wb") as file:
            watch.write(file, np.frombuffer(sstable.table_bytes(rows.items()), np.uint8))
        for path, other in zip(paths, temporary, strict=True):
            sync(other)
            os.replace(other, path)
        sync(prefix.parent)
    except OSError as error:
        raise write_error(error, prefix) from error
    finally:
        for other in temporary:
            other.unlink(missing_ok=True)
    return paths


def _write_tensor(file: BinaryIO, tensor: Tensor, watch: Watch) -> bytes:
    """Writes the values of `tensor` and returns its row for the index."""
    out = encode_field(1, type_number(tensor.dtype)) + encode_field(2, encode_shape(tensor.shape))
    crc, start = Crc32c(), file.tell()
    for part in tensor.parts():
        watch.write(file, part)
        crc.update(part)
    out += encode_field(4, start) + encode_field(5, file.tell() - start)
    return out + encode_varint(6 << 3 | FIXED32) + crc.masked.to_bytes(4, "little")
