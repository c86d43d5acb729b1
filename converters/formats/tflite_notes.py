"""What slimzoo notes in a TensorFlow Lite model: texts in its metadata, and names of classes in an archive.

A flat buffer only points forwards. So a note is added by a new root before the old file, which stays as it is
byte by byte: the new root points to the old tables, to the buffers and to one more.
"""

from __future__ import annotations

import json
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

from slimzoo.converters.formats.binary import FileBytes
from slimzoo.converters.formats.flatbuffer import Table, root
from slimzoo.converters.formats.plain_json import parsed
from slimzoo.errors import SlimzooError

NAME = "slimzoo"  # of the note, among the model's metadata
LABELS = "labels.txt"  # in the archive behind the model, where TensorFlow Lite's own tools have it
_BUFFERS, _METADATA, _FIELDS = 4, 6, 8  # numbers of fields of the root, and how many it has
_OLD_METADATA = 5  # buffers of a metadata of old, which nobody writes any more
_ALIGNED = 16  # bytes: what the largest numbers want
_MOST = 1 << 16  # buffers of a model
_MAX_NOTE = 1 << 20  # bytes


def write(path: Path, note: Mapping[str, str], labels: str | None = None) -> None:
    """Adds `note` to the metadata of the model `path`, and the names of its classes, one a line.

    Raises: SlimzooError: the model is larger than 2 GB, whose buffers lie behind it.
    """
    with FileBytes(path) as file:
        start = _start(file, json.dumps(note, ensure_ascii=False).encode())
        old = file[0 : len(file)]
    path.write_bytes(start + old)
    if labels is not None:
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(zipfile.ZipInfo(LABELS), labels)  # of no date: the same model, the same bytes


def read(model: Table) -> dict[str, str]:
    """Returns the note of the model with this root, {} where there is none.

    Raises: ValueError: it is none that slimzoo writes.
    """
    buffers = model.tables(_BUFFERS, _MOST)
    for entry in model.tables(_METADATA, _MOST):
        number = entry.number(1, "I")
        if entry.text(0) != NAME or number >= len(buffers):
            continue
        start, size = buffers[number].vector(0, 1)
        if size > _MAX_NOTE:
            raise ValueError(f"a note of {size:,} bytes")
        note = parsed(model.data[start : start + size])
        if not isinstance(note, dict) or not all(isinstance(text, str) for text in note.values()):
            raise ValueError("its note is none of slimzoo's")
        return note
    return {}


def _start(file: FileBytes, content: bytes) -> bytes:
    """Returns what stands before the old file, a multiple of _ALIGNED bytes long."""
    model = root(file)
    buffers = [table.position for table in model.tables(_BUFFERS, _MOST)]
    metadata = [table.position for table in model.tables(_METADATA, _MOST)]
    if any(Table(file, position).number(1, "Q") > 1 for position in buffers):
        raise SlimzooError("the model is larger than 2 GB: no note can be written into it")
    length = len(_laid_out(model, buffers, metadata, content, 0))
    return _laid_out(model, buffers, metadata, content, length)


def _laid_out(model: Table, buffers: list[int], metadata: list[int], content: bytes, base: int) -> bytes:
    """Returns the new root and all that it needs, where the old file will stand `base` bytes on."""
    out = _Writer(base)
    out.add("<I4s", 0, b"TFL3")
    present = [number for number in range(_FIELDS) if _kept(model, number)]
    layout = out.layout(present, _FIELDS)
    table = out.table(layout, len(present))
    out.set(0, table)
    places = {number: table + 4 + 4 * i for i, number in enumerate(present)}
    for number, place in places.items():
        if number == 0:
            struct.pack_into("<I", out.data, place, model.number(0, "I"))
        elif number not in (_BUFFERS, _METADATA) and (target := model.target(number)) is not None:
            out.set(place, base + target)
    new_buffer = out.vector_of_tables(places[_BUFFERS], buffers)
    new_entry = out.vector_of_tables(places[_METADATA], metadata)
    entry = out.table(out.layout([0, 1], 2), 2)
    out.set(new_entry, entry)
    struct.pack_into("<I", out.data, entry + 8, len(buffers))
    out.set(entry + 4, out.bytes_vector(NAME.encode() + b"\0", len(NAME)))
    buffer = out.table(out.layout([0], 1), 1)
    out.set(new_buffer, buffer)
    out.set(buffer + 4, out.bytes_vector(content, len(content)))
    out.pad(_ALIGNED)
    return bytes(out.data)


def _kept(model: Table, number: int) -> bool:
    return number in (_BUFFERS, _METADATA) or (number != _OLD_METADATA and model.field(number) is not None)


class _Writer:
    """A flat buffer that grows at its end; what is not there yet is pointed to later."""

    def __init__(self, base: int) -> None:
        self.data, self._base = bytearray(), base

    def pad(self, size: int) -> None:
        self.data += bytes(-len(self.data) % size)

    def add(self, kind: str, *values: object) -> int:
        """Appends numbers, at a multiple of 4, and returns where they stand."""
        self.pad(4)
        self.data += struct.pack(kind, *values)
        return len(self.data) - struct.calcsize(kind)

    def set(self, place: int, target: int) -> None:
        """Lets what stands at `place` point to `target`."""
        struct.pack_into("<I", self.data, place, max(target - place, 0))

    def layout(self, present: list[int], fields: int) -> int:
        """Appends the layout of a table whose fields, the `present` ones, are four bytes each."""
        offsets = [4 + 4 * present.index(number) if number in present else 0 for number in range(fields)]
        return self.add(f"<{2 + fields}H", 4 + 2 * fields, 4 + 4 * len(present), *offsets)

    def table(self, layout: int, fields: int) -> int:
        """Appends a table of empty fields."""
        place = self.add(f"<{1 + fields}i", *[0] * (1 + fields))
        struct.pack_into("<i", self.data, place, place - layout)
        return place

    def vector_of_tables(self, field: int, old: list[int]) -> int:
        """Appends pointers to tables of the old file and one more, whose place is returned."""
        start = self.add(f"<{2 + len(old)}I", 1 + len(old), *[0] * (1 + len(old)))
        self.set(field, start)
        for i, position in enumerate(old):
            self.set(start + 4 + 4 * i, self._base + position)
        return start + 4 + 4 * len(old)

    def bytes_vector(self, content: bytes, count: int) -> int:
        """Appends bytes, which start at a multiple of _ALIGNED; `count` of them count."""
        self.pad(_ALIGNED)
        self.data += bytes(_ALIGNED - 4)
        place = len(self.data)
        self.data += struct.pack("<I", count) + content
        return place
