"""PyTorch's .pth, .pt and .bin, the ZIP archives of today and the plain files before 1.6: tensors only.

Neither PyTorch nor Python's unpickler is used: see pickles.py.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from zipfile import ZipInfo

import numpy as np

from slimzoo.converters.formats.binary import FileBytes, check_total, damaged, file_chunks
from slimzoo.converters.formats.pickles import Refused, Unpickled, refusal, unpickle
from slimzoo.converters.formats.torch_kinds import is_script, of_refused, script, without_names
from slimzoo.converters.formats.torch_pickle import KNOWN, Described, StateDict, Storage, state_dict, storage
from slimzoo.converters.formats.zip_archive import data_span, first_member, open_zip
from slimzoo.converters.source import Chunks, Source, Tensor, empty, stored_tensor
from slimzoo.errors import SlimzooError, shown

_FIRST = re.compile(r"(^|/)(data\.pkl|data/\d+)$")
_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY = b"\x80\x02\x8a\x0a" + _MAGIC.to_bytes(10, "little")
_VERSION = 1001  # of the legacy form
_MAX_PICKLE = 64 << 20  # bytes; the values are not in it
_ADVICE = (
    "Where you trust it and have PyTorch, load it there and save its tensors alone: "
    "torch.save(model.state_dict(), 'weights.pth')"
)


@dataclass(eq=False)
class Stored:
    """Where the values of a storage stand in the file; `crc` is compared the first time they are read."""

    path: Path
    start: int
    size: int
    crc: int | None = None

    def chunks(self, start: int, size: int, into: np.ndarray | None) -> Iterator[np.ndarray]:
        """Yields bytes start:start + size of the storage."""
        whole = size == self.size
        if self.crc is not None and not whole:
            for _ in self.chunks(0, self.size, None):
                pass
        crc = 0
        for part in file_chunks(self.path, self.start + start, size, into):
            if self.crc is not None:
                crc = zlib.crc32(part.data, crc)
            yield part
        if whole and self.crc is not None and crc != self.crc:
            raise damaged(self.path, "the checksum of a tensor does not agree")
        self.crc = None


@dataclass(eq=False)
class _Content:
    """What was saved, and the storages that its tensors speak of."""

    root: object
    stored: dict[str, Stored] = field(default_factory=dict)


def sniff(file: FileBytes) -> bool:
    """Says whether `file` was written by torch.save, now or before PyTorch 1.6."""
    return file[0 : len(_LEGACY)] == _LEGACY or bool(_FIRST.search(first_member(file)))


def read(path: Path) -> Source:
    """Opens the state dict in `path`; {"state_dict": ...} and the like are unwrapped, which the metadata say.

    Raises: SlimzooError: the file is damaged, or asks for anything but tensors.
    """
    with FileBytes(path) as file:
        legacy = file[0 : len(_LEGACY)] == _LEGACY
        try:
            content = _read_legacy(path, file) if legacy else _read_zip(path, file)
            if kind := without_names(content.root):
                raise SlimzooError(f"{path} {kind}")
            found = state_dict(content.root)
            tensors = {name: _tensor(content, value) for name, value in found.tensors.items()}
        except (ValueError, KeyError, RecursionError) as error:
            if isinstance(error, SlimzooError):
                raise
            raise damaged(path, str(error)) from error
        read = sum(row.extent * row.kind.stored.itemsize for row in found.tensors.values())
        check_total(path, len(file), tensors, read)
    return Source("torch", path, tensors, metadata=_metadata(found), skipped=found.skipped)


def _unpickle(
    path: Path, data: FileBytes | bytes, start: int = 0, persistent: Callable = storage
) -> Unpickled:
    found = unpickle(data, start, min(len(data), start + _MAX_PICKLE), KNOWN, persistent)
    if kind := of_refused(found.refused):
        raise SlimzooError(f"{path} {kind}")
    if found.refused:
        raise refusal(path, found.refused, _ADVICE)
    return found


def _read_zip(path: Path, file: FileBytes) -> _Content:
    with open_zip(path) as archive:
        members = {info.filename: info for info in archive.infolist()}
        if is_script(members):
            raise SlimzooError(f"{path} {script()}")
        pickled = [name for name in members if re.fullmatch(r"([^/]*/)?data\.pkl", name)]
        if len(pickled) != 1:
            raise damaged(path, f"it has {len(pickled)} members called data.pkl")
        folder = pickled[0].removesuffix("data.pkl")
        order = members.get(f"{folder}byteorder")
        if order and _small(path, file, order) != b"little":
            raise SlimzooError(f"{path} was written on a big-endian machine; save it again on a usual one")
        content = _Content(_unpickle(path, _small(path, file, members[pickled[0]])).value)
        for name, info in members.items():
            if name.startswith(f"{folder}data/"):
                content.stored[name.removeprefix(f"{folder}data/")] = _member(path, file, info)
    return content


def _member(path: Path, file: FileBytes, info: ZipInfo) -> Stored:
    start, stop = data_span(path, file, info)
    return Stored(path, start, stop - start, info.CRC or None)  # 0: torch.serialization.set_crc32_options


def _small(path: Path, file: FileBytes, info: ZipInfo) -> bytes:
    """Returns the bytes of a member that holds no values."""
    if info.file_size > _MAX_PICKLE:
        raise damaged(path, f"{info.filename} is said to have {info.file_size:,} bytes")
    stored = _member(path, file, info)
    return b"".join(part.tobytes() for part in stored.chunks(0, stored.size, None))


def _read_legacy(path: Path, file: FileBytes) -> _Content:
    position, values = 0, []
    seen: dict[str, Storage] = {}

    def remember(identity: tuple) -> Storage | Refused:
        found = storage(identity)
        if isinstance(found, Storage):
            seen[found.key] = Storage(found.key, found.kind, identity[4])  # found may be a part of it
        return found

    for _ in range(5):  # a number that marks the format, its version, the machine, what was saved, the keys
        found = _unpickle(path, file, position, remember)
        values.append(found.value)
        position = found.stop
    magic, version, _, root, keys = values
    if magic != _MAGIC or version != _VERSION or not isinstance(keys, list):
        raise damaged(path, f"version {shown(version)} of the format is not known")
    content = _Content(root)
    for key in keys:
        if not isinstance(key, str) or key not in seen or key in content.stored:
            raise ValueError(f"a storage {key!r} that no tensor has")
        size = int.from_bytes(file[position : position + 8], "little")
        if size != seen[key].size:
            raise ValueError(f"storage {key} has {size} values, its tensors speak of {seen[key].size}")
        stored = Stored(path, position + 8, size * seen[key].kind.stored.itemsize)
        position = stored.start + stored.size
        if position > len(file):
            raise ValueError("it ends before its tensors do")
        content.stored[key] = stored
    return content


def _tensor(content: _Content, found: Described) -> Tensor:
    if found.storage.key not in content.stored:
        raise ValueError(f"the storage {found.storage.key!r} is missing")
    stored, dtype = content.stored[found.storage.key], found.kind.stored
    first = found.storage.offset * found.storage.kind.stored.itemsize + found.offset * dtype.itemsize
    if first + found.extent * dtype.itemsize > stored.size:
        raise ValueError(f"a tensor of shape {found.shape} in a storage of {stored.size} bytes")
    chunks = partial(stored.chunks, first, found.extent * dtype.itemsize)
    if found.kind.name == "bfloat16":
        wide = np.dtype("<f4")
        return Tensor(found.shape, wide, partial(_widened, found, chunks))
    if found.contiguous:
        return stored_tensor(found.shape, dtype, chunks)
    return Tensor(found.shape, dtype, partial(_strided, found, chunks))


def _strided(found: Described, chunks: Chunks) -> np.ndarray:
    """Returns a tensor whose values do not stand in C order."""
    dtype = found.kind.stored
    row = stored_tensor((found.extent,), dtype, chunks).load()
    steps = [stride * dtype.itemsize for stride in found.strides]
    array = empty(found.shape, dtype)
    array[...] = np.lib.stride_tricks.as_strided(row, found.shape, steps)
    return array


def _widened(found: Described, chunks: Chunks) -> np.ndarray:
    """Returns bfloat16 values as float32, which holds each of them exactly."""
    array = empty(found.shape, np.dtype("<u4"))
    array[...] = _strided(found, chunks)
    array <<= 16
    return array.view("<f4")


def _metadata(found: StateDict) -> dict[str, str]:
    said = {"unwrapped": found.wrapper, "not_read": ", ".join(found.others[:20])}
    said["averages"] = ", ".join(found.averages)
    wide = sum(tensor.kind.name == "bfloat16" for tensor in found.tensors.values())
    said["widened"] = f"{wide} tensors from bfloat16 to float32" if wide else ""
    return {key: text for key, text in said.items() if text}
