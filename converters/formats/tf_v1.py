"""TensorFlow's V1 checkpoints: one table a shard, tensors as protocol buffers; read without TensorFlow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from slimzoo.converters.budget import Budget
from slimzoo.converters.formats import sstable
from slimzoo.converters.formats.binary import MAX_TENSORS, FileBytes, HeldBytes, damaged, file_chunks
from slimzoo.converters.formats.tensor_proto import (
    Extents,
    TensorField,
    assemble,
    check_cover,
    decode,
    describe,
    dtype_of,
    is_raw,
    parse_shape,
    parse_slice,
    slice_shape,
)
from slimzoo.converters.source import Source, Tensor, stored_tensor
from slimzoo.errors import SlimzooError, not_there, some
from slimzoo.files.wire import Field, fields

SHARD = re.compile(r"^(.+)-(\d{5})-of-(\d{5})$")
_ROW = 100  # bytes of the row of a slice, about
META_TAG = 0x0A  # the first byte of the first value; a V2 index has another there


@dataclass(frozen=True)
class _Piece:
    """A tensor, or a slice of one: where it stands, and how to get it."""

    path: Path
    name: str
    block: sstable.Block
    data: bytes | None  # the block's content where that is compressed
    tensor: TensorField
    dtype: np.dtype
    checked: set[sstable.Block]  # blocks of the file whose checksums agree; one block may hold many tensors

    def load(self) -> np.ndarray:
        """Returns the values, of shape tensor.shape."""
        with FileBytes(self.path) as file:
            self._check(file)
            try:
                data = file if self.data is None else self.data
                return decode(self.tensor, data, self.dtype, repeat=False)
            except SlimzooError:
                raise
            except ValueError as error:
                raise damaged(self.path, f"{self.name}: {error}") from error

    def chunks(self, into: np.ndarray | None) -> Iterator[np.ndarray]:
        """Yields the bytes, for values that stand in the file as they do in memory."""
        with FileBytes(self.path) as file:
            self._check(file)
        return file_chunks(self.path, self.tensor.start, self.tensor.stop - self.tensor.start, into)

    def _check(self, file: FileBytes) -> None:
        if self.block not in self.checked:
            sstable.check_block(file, self.block)
            self.checked.add(self.block)

    def whole(self) -> Tensor:
        """Returns the piece as a tensor of its own."""
        if self.data is None and is_raw(self.tensor, self.dtype):
            return stored_tensor(self.tensor.shape, self.dtype, self.chunks)
        return Tensor(self.tensor.shape, self.dtype, self.load)


@dataclass
class _Meta:
    """What the first entry of a shard says about a tensor."""

    type: int = 0
    shape: tuple[int, ...] = ()
    slices: dict[Extents, _Piece | None] = field(default_factory=dict)


def shards_of(path: Path) -> list[Path]:
    """Returns all files of the set that `path` belongs to, there or not; [path] if it stands alone."""
    match = SHARD.match(path.name)
    if not match:
        return [path]
    return [path.with_name(f"{match[1]}-{i:05d}-of-{match[3]}") for i in range(int(match[3]))]


def read(path: Path) -> Source:
    """Opens the checkpoint `path` (any shard of it).

    Raises: FileNotFoundError: a shard is missing. SlimzooError: a file is damaged.
    """
    files = shards_of(path)
    if missing := [file.name for file in files if not file.is_file()]:
        raise not_there(
            f"{path} is one file of a set, and {some(missing)} is missing beside it: "
            "copy or download all to the same folder"
        )
    metas: dict[str, _Meta] = {}
    for file in files:
        try:
            _read_shard(file, metas)
        except (ValueError, KeyError, IndexError, TypeError) as error:
            if isinstance(error, SlimzooError):
                raise
            raise damaged(file, str(error)) from error
    match = SHARD.match(path.name)
    prefix = path.with_name(match[1]) if match else path
    tensors, skipped = _tensors(prefix, metas)
    return Source("tf_checkpoint", prefix, tensors, files=files, skipped=skipped)


def _read_shard(path: Path, metas: dict[str, _Meta]) -> None:
    checked: set[sstable.Block] = set()
    with FileBytes(path) as file:
        rows = sstable.entries(file, check=False)
        first = next(rows, None)
        if first is None or first.key:
            raise ValueError("it does not begin with the list of its tensors")
        sstable.check_block(file, first.block)
        for f in fields(first.data, first.start, first.stop):
            if f.number == 1:
                _read_metas(first.data, f.start, f.stop, metas)
        for row in rows:
            for f in fields(row.data, row.start, row.stop):
                if f.number == 2:
                    _read_slice(path, row, f, metas, checked)


def _read_metas(data: FileBytes | HeldBytes, start: int, stop: int, metas: dict[str, _Meta]) -> None:
    for row in _rows(data, start, stop):
        name, kind, slices = "", 0, []
        shape: tuple[int, ...] = ()
        for f in fields(data, row.start, row.stop):
            if f.number == 1:
                name = data[f.start : f.stop].decode()
            elif f.number == 2:
                shape = parse_shape(data, f.start, f.stop)
            elif f.number == 3:
                kind = f.value or 0
            elif f.number == 4:
                slices.append(parse_slice(data, f.start, f.stop))
        meta = metas.setdefault(name, _Meta(kind, shape))
        if (meta.type, meta.shape) != (kind, shape):
            raise ValueError(f"two shards disagree about {name}")
        for extents in slices:
            meta.slices.setdefault(extents, None)


def _rows(data: FileBytes | HeldBytes, start: int, stop: int) -> Iterator[Field]:
    for count, row in enumerate(fields(data, start, stop)):
        if count >= MAX_TENSORS:
            raise ValueError(f"more than {MAX_TENSORS:,} tensors")
        if row.number == 1:
            yield row


def _read_slice(
    path: Path, row: sstable.Entry, saved: Field, metas: dict[str, _Meta], checked: set[sstable.Block]
) -> None:
    name, tensor = "", None
    extents: Extents = ()
    for f in fields(row.data, saved.start, saved.stop):
        if f.number == 1:
            name = row.data[f.start : f.stop].decode()
        elif f.number == 2:
            extents = parse_slice(row.data, f.start, f.stop)
        elif f.number == 3:
            tensor = describe(row.data, f.start, f.stop)
    meta = metas[name]
    dtype = dtype_of(meta.type)
    if dtype is None or tensor is None:
        return
    tensor = tensor._replace(shape=slice_shape(extents, meta.shape))
    data = row.data.data if isinstance(row.data, HeldBytes) else None
    meta.slices[extents] = _Piece(path, name, row.block, data, tensor, dtype, checked)


def _tensors(prefix: Path, metas: dict[str, _Meta]) -> tuple[dict[str, Tensor], list[str]]:
    tensors, skipped, lost = {}, [], []
    budget = Budget(_ROW * sum(len(meta.slices) for meta in metas.values()))
    for name, meta in metas.items():
        dtype = dtype_of(meta.type)
        pieces = [(extents, piece) for extents, piece in meta.slices.items() if piece is not None]
        if dtype is None:
            skipped.append(name)
        elif len(pieces) < len(meta.slices) or not pieces:
            lost.append(name)
        else:
            tensors[name] = _tensor(prefix, name, meta, dtype, pieces, budget)
    if lost:
        raise damaged(prefix, f"it lists tensors that it does not hold: {', '.join(lost[:5])}")
    return tensors, skipped


def _tensor(
    prefix: Path,
    name: str,
    meta: _Meta,
    dtype: np.dtype,
    pieces: list[tuple[Extents, _Piece]],
    budget: Budget,
) -> Tensor:
    shape = meta.shape
    try:
        check_cover(name, shape, [extents for extents, _ in pieces], budget)
    except ValueError as error:
        raise damaged(prefix, str(error)) from error
    if len(pieces) == 1:
        return pieces[0][1].whole()
    loads = [(extents, piece.load) for extents, piece in pieces]
    return Tensor(shape, dtype, partial(assemble, shape, dtype, loads))
