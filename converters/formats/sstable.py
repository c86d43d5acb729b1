"""Sorted string tables, the container of TensorFlow's V1 checkpoints and V2 indices: read and write.

A file of blocks. A block: entries (shared key bytes, new key bytes, value bytes, key, value), the offsets of
those that share nothing, their number; then one byte of compression and a masked CRC-32C. The last block maps
keys to blocks; a footer of 48 bytes says where it is.

TensorFlow has it in C++ alone, behind its checkpoint readers.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from slimzoo.converters.budget import Budget
from slimzoo.converters.formats.binary import MAX_TENSORS, FileBytes, HeldBytes, damaged, file_chunks
from slimzoo.files.crc32c import Crc32c
from slimzoo.files.wire import encode_varint, varint

MAGIC = bytes.fromhex("57fb808b247547db")
_FOOTER = 48
_TRAILER = 5
_SNAPPY = b"\x01"
_BLOCK = 4096  # bytes after which a written block ends
_MAX_COMPRESSED = 4 << 20  # bytes of all blocks that are; unpacking takes a second for a few megabytes
_MAX_KEY = 1 << 16  # bytes


class Block(NamedTuple):
    """Where a block stands in its file."""

    start: int
    size: int


class Entry(NamedTuple):
    """A key, and where its value is: value = data[start:stop]."""

    key: bytes
    data: FileBytes | HeldBytes
    start: int
    stop: int
    block: Block

    @property
    def value(self) -> bytes:
        return self.data[self.start : self.stop]


def is_table(file: FileBytes) -> bool:
    """Says whether `file` ends like a table."""
    return len(file) >= _FOOTER and file[len(file) - 8 : len(file)] == MAGIC


def entries(file: FileBytes, check: bool) -> Iterator[Entry]:
    """Yields every entry, in order; values are not read. `check`: compare each block's checksum first.

    Raises: SlimzooError: the table is damaged.
    """
    if not is_table(file):
        raise damaged(file.path, "the end of the table is missing")
    try:
        footer = file[len(file) - _FOOTER : len(file)]
        _, position = _handle(footer, 0)
        index, _ = _handle(footer, position)
        _check_bounds(file, index)
        check_block(file, index)
        rows = islice(_block_entries(file, index), MAX_TENSORS + 1)
        blocks = [_handle(row.value, 0)[0] for row in rows]
        if len(blocks) > MAX_TENSORS or sum(block.size for block in blocks) > len(file):
            raise ValueError("its blocks overlap, or are too many")
        packed = (block.size for block in (index, *blocks) if _compression(file, block) == _SNAPPY)
        if sum(packed) > _MAX_COMPRESSED:
            raise ValueError(
                f"more than {_MAX_COMPRESSED:,} bytes of it are compressed, as TensorFlow never does"
            )
        count = 0
        for block in blocks:
            _check_bounds(file, block)
            if check:
                check_block(file, block)
            for entry in _block_entries(file, block):
                count += 1
                if count > MAX_TENSORS:
                    raise ValueError(f"more than {MAX_TENSORS:,} entries")
                yield entry
    except (ValueError, IndexError, struct.error) as error:
        if str(file.path) in str(error):
            raise
        raise damaged(file.path, str(error)) from error


def check_block(file: FileBytes, block: Block) -> None:
    """Raises SlimzooError if the checksum of `block` is not that of its bytes."""
    end = block.start + block.size + 1  # the compression byte is covered too
    crc = Crc32c()
    for part in file_chunks(file.path, block.start, block.size + 1):
        crc.update(part)
    if struct.pack("<I", crc.masked) != file[end : end + 4]:
        raise damaged(file.path, f"the checksum of the block at byte {block.start} does not agree")


def _check_bounds(file: FileBytes, block: Block) -> None:
    if block.size < 4 or block.start + block.size + _TRAILER > len(file) - _FOOTER:
        raise ValueError(f"a block of {block.size} bytes at {block.start} lies outside the file")


def _handle(data: bytes, position: int) -> tuple[Block, int]:
    start, position = varint(data, position)
    size, position = varint(data, position)
    return Block(start, size), position


def _compression(file: FileBytes, block: Block) -> bytes:
    return file[block.start + block.size : block.start + block.size + 1]


def _block_entries(file: FileBytes, block: Block) -> Iterator[Entry]:
    data: FileBytes | HeldBytes = file
    position, end = block.start, block.start + block.size
    compression = _compression(file, block)
    if compression == _SNAPPY:
        data = HeldBytes(_snappy(file[position:end], file.budget), file.budget)
        position, end = 0, len(data)
    elif compression != b"\x00":
        raise ValueError(f"compression {compression.hex()} is not known")
    (restarts,) = struct.unpack("<I", data[end - 4 : end])
    end -= 4 + 4 * restarts
    if end < position:
        raise ValueError("a block has more restart points than bytes")
    key = b""
    while position < end:
        shared, position = varint(data, position, end)
        fresh, position = varint(data, position, end)
        size, position = varint(data, position, end)
        if shared > len(key) or position + fresh + size > end:
            raise ValueError("an entry runs over the end of its block")
        if shared + fresh > _MAX_KEY:
            raise ValueError(f"a name of {shared + fresh:,} bytes")
        file.budget.spend(shared + fresh, "the names in it")
        key = key[:shared] + data[position : position + fresh]
        position += fresh
        yield Entry(key, data, position, position + size, block)
        position += size


def _snappy(data: bytes, budget: Budget) -> bytes:
    size, position = varint(data, 0)
    if len(data) > _MAX_COMPRESSED:
        raise ValueError(f"a compressed block of {len(data):,} bytes")
    budget.spend(size, "its compressed blocks")
    out = bytearray()
    while position < len(data) and len(out) <= size:
        tag = data[position]
        position += 1
        kind, length = tag & 3, tag >> 2
        if kind == 0:  # literal bytes
            if length >= 60:
                extra = length - 59
                length = int.from_bytes(data[position : position + extra], "little")
                position += extra
            out += data[position : position + length + 1]
            position += length + 1
            continue
        if kind == 1:  # a copy of what was written, with 11 bits of distance
            length, distance = (length & 7) + 4, (tag >> 5 << 8) | data[position]
            position += 1
        else:
            width = 2 if kind == 2 else 4
            length, distance = length + 1, int.from_bytes(data[position : position + width], "little")
            position += width
        if not 0 < distance <= len(out):
            raise ValueError("a compressed block copies from before its start")
        pattern = bytes(out[-distance:][:length])
        out += (pattern * (length // len(pattern) + 1))[:length]
    if len(out) != size:
        raise ValueError("a compressed block has not the size it states")
    return bytes(out)


def table_bytes(items: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Returns the table of `items`, which must come in order of their keys."""
    out = bytearray()
    index: list[tuple[bytes, bytes]] = []
    pending: list[tuple[bytes, bytes]] = []

    def flush() -> None:
        if pending:
            index.append((pending[-1][0], _append_block(out, pending)))
            pending.clear()

    for key, value in items:
        pending.append((key, value))
        if sum(len(k) + len(v) for k, v in pending) > _BLOCK:
            flush()
    flush()
    footer = _append_block(out, []) + _append_block(out, index)
    return bytes(out) + footer.ljust(_FOOTER - len(MAGIC), b"\x00") + MAGIC


def _append_block(out: bytearray, items: list[tuple[bytes, bytes]]) -> bytes:
    """Appends a block to `out` and returns its handle; every entry is a restart point, no key is shared."""
    block = bytearray()
    restarts = []
    for key, value in items:
        restarts.append(len(block))
        block += b"\x00" + encode_varint(len(key)) + encode_varint(len(value)) + key + value
    restarts = restarts or [0]
    block += struct.pack(f"<{len(restarts) + 1}I", *restarts, len(restarts))
    handle = encode_varint(len(out)) + encode_varint(len(block))
    block += b"\x00"
    crc = Crc32c()
    crc.update(bytes(block))
    out += block + struct.pack("<I", crc.masked)
    return handle
