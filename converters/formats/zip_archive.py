"""ZIP archives, as .npz and .pth files are: members read in place, nothing ever extracted.

zipfile reads them, once what it takes on trust is checked: how long its list is, and what members unpack to.
"""

from __future__ import annotations

import errno
import re
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from slimzoo.converters.formats.binary import FileBytes, damaged
from slimzoo.errors import SlimzooError, shown

MAX_DIRECTORY = 4 << 20  # bytes of the list of members
MAX_MEMBERS = 20_000
MAX_UNPACKED = 256 << 20  # bytes of all members together, or the ratio to the file's size
MAX_RATIO = 100
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    ArithmeticError,
    NotImplementedError,
    RuntimeError,
)
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # zipfile unpacks the others without a limit
_TAIL = (1 << 16) + 22 + 20 + 56  # the longest comment and the three records that end an archive
_MEMBER = b"PK\x03\x04"
_ENDS = (
    (b"PK\x05\x06", 12, "<I"),
    (b"PK\x06\x06", 40, "<Q"),
)  # mark, where the directory's size is, its type
_IN_THE_OTHER = 0xFFFFFFFF  # the size stands in the 64-bit record


def is_zip(file: FileBytes) -> bool:
    """Says whether `file` begins like a ZIP archive."""
    return file[0:4] in (_MEMBER, b"PK\x05\x06")


def first_member(file: FileBytes) -> str:
    """Returns the name of the first member, "" where there is none."""
    if file[0:4] != _MEMBER:
        return ""
    return file[30 : 30 + int.from_bytes(file[26:28], "little")].decode("utf-8", "replace")


@contextmanager
def open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """Opens the archive `path` for reading, see kept_open; what is inside is in zip_errors, too."""
    with zip_errors(path), kept_open(path) as archive:
        yield archive


def kept_open(path: Path) -> zipfile.ZipFile:
    """Returns the archive `path`, its list of members read once, however many of them are.

    Names are told apart, and what the members claim to unpack to is in proportion to the file.
    """
    with zip_errors(path):
        _check_directory(path)
        archive = zipfile.ZipFile(path)
        try:
            _check_members(path, archive.infolist())
        except ValueError:
            archive.close()
            raise
        return archive


@contextmanager
def zip_errors(path: Path | str) -> Iterator[None]:
    """Turns whatever is said of wrong bytes of the archive `path` into a SlimzooError."""
    try:
        yield
    except SlimzooError:
        raise
    except OSError as error:
        if error.errno != errno.EINVAL:  # EINVAL: an offset before the start of the file
            raise
        raise damaged(path, "an offset in it is wrong") from error
    except _BROKEN as error:
        raise damaged(path, str(error)) from error


def _check_directory(path: Path) -> None:
    """Raises ValueError if the list of members is too long to be read at once."""
    with FileBytes(path) as file:
        tail = file[max(len(file) - _TAIL, 0) : len(file)]
    sizes = []
    for mark, where, kind in _ENDS:
        for found in re.finditer(re.escape(mark), tail):
            at = found.start() + where
            if at + struct.calcsize(kind) <= len(tail):
                sizes.append(struct.unpack_from(kind, tail, at)[0])
    stated = [size for size in sizes if size != _IN_THE_OTHER]
    if sizes and (not stated or max(stated) > MAX_DIRECTORY):
        raise ValueError(f"its list of members is said to take {max(sizes):,} bytes")


def _check_members(path: Path, members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MAX_MEMBERS:
        raise ValueError(f"it has {len(members):,} members; at most {MAX_MEMBERS:,} are read")
    names = [member.filename for member in members]
    if len(set(names)) < len(names):
        twice, _ = Counter(names).most_common(1)[0]
        raise ValueError(f"{twice!r} stands in it twice")
    if odd := next((member for member in members if member.compress_type not in _PACKINGS), None):
        raise SlimzooError(
            f"{path}: {shown(odd.filename)} is packed by method {odd.compress_type} of ZIP, which no program "
            "packs weights by. Unpack it and pack it again without compression (zip -0 -r)"
        )
    total, size = sum(member.file_size for member in members), path.stat().st_size
    if total > max(MAX_UNPACKED, MAX_RATIO * size):
        raise SlimzooError(
            f"{path} is not opened: its {size:,} bytes unpack to {total:,}, which no weights do. "
            "If you trust it, unpack it yourself"
        )


def data_span(path: Path, file: FileBytes, member: zipfile.ZipInfo) -> tuple[int, int]:
    """Returns where the bytes of the uncompressed `member` start and stop in `file`.

    Raises: SlimzooError: they are compressed, encrypted or not within the file.
    """
    if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1:
        raise SlimzooError(
            f"{path}: {member.filename} is compressed or encrypted, which PyTorch does not do. "
            "Unpack it and pack it again without compression (zip -0 -r)"
        )
    head = file[member.header_offset : member.header_offset + 30]
    if len(head) < 30 or head[:4] != _MEMBER:
        raise damaged(path, f"{member.filename} does not begin where it should")
    start = member.header_offset + 30 + sum(struct.unpack_from("<HH", head, 26))
    if start + member.file_size > len(file) or member.compress_size != member.file_size:
        raise damaged(path, f"{member.filename} is longer than the file")
    return start, start + member.file_size
