"""`.tar`, `.tar.gz` and `.tgz` holding a checkpoint: its files are streamed to a private folder.

Nothing is extracted by the archive's own rules: links, absolute names, `..` and absurd sizes are refused.
"""

from __future__ import annotations

import errno
import gzip
import os
import shutil
import tarfile
import zlib
from collections.abc import Callable, Iterator
from io import FileIO, RawIOBase
from pathlib import Path, PurePosixPath

from slimzoo.converters.formats.binary import FileBytes, damaged
from slimzoo.converters.source import Source, TemporaryFolder
from slimzoo.errors import SlimzooError, listing, shown

SEPARATOR = "::"  # archive.tgz::member
MAX_MEMBERS = 2_000
MAX_BYTES = 16 << 30  # all members together
MAX_UNPACKED = 256 << 20  # bytes that any archive may unpack to ...
MAX_RATIO = 100  # ... or this many for each of its own: weights hardly shrink
_SECONDS = 2.0  # of work, for finding out which member is the checkpoint: one takes some hundredths
_MAX_HEADS = 4 << 20  # bytes of all that is said of the members: names, comments, maps of what is left out
_MAX_SAID = 100  # things that are said of one; what is said of all is copied for each
_CHUNK = 1 << 20
_BAD_NAME = (errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.EINVAL)
_GZIP = b"\x1f\x8b"
_UNWANTED = (".meta", ".txt", ".md", ".pbtxt", ".jpg", ".png", ".py")


def sniff(file: FileBytes) -> bool:
    """Says whether `file` is a tar archive, compressed by gzip or not."""
    return file[0:2] == _GZIP or file[257:262] == b"ustar"


def read(path: Path, open_file: Callable[[Path], Source], member: str = "") -> Source:
    """Opens the one checkpoint in the archive `path`.

    Args:
      open_file: opens a file of another format.
      member: which to take where there are several: a name as the archive has it, or the end of one.
    Raises: SlimzooError: none or several can be read; the archive is damaged or unsafe.
    """
    folder = TemporaryFolder()
    try:
        source = _read(path, open_file, member, folder.path)
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        folder.remove()
        if isinstance(error, tarfile.ReadError) and not _begins_as_tar(path):
            raise SlimzooError(
                f"{path} is compressed, and what is in it is no tar archive: unpack it first (gunzip)"
            ) from error
        raise damaged(path, str(error)) from error
    except BaseException:  # boundary() says what the others mean
        folder.remove()
        raise
    source.owner = folder
    return source


def _begins_as_tar(path: Path) -> bool:
    """Says whether what `path` unpacks to begins as a tar archive does; yes, if it has no beginning."""
    try:
        with gzip.open(path) as stream:
            start = stream.read(512)
    except (EOFError, OSError, zlib.error):
        return True
    return not start or start[257:262] == b"ustar"


def _read(path: Path, open_file: Callable[[Path], Source], member: str, folder: Path) -> Source:
    names = _unpack(path, folder)
    readable, unreadable = _open_all(folder, names, open_file)
    if member:
        readable = {name: source for name, source in readable.items() if _is_named(name, member)}
        unreadable = {name: error for name, error in unreadable.items() if _is_named(name, member)}
    readable = _unfolded(readable)
    if len(readable) != 1:
        raise SlimzooError(_none_or_several(path, member, names, readable, unreadable))
    ((name, source),) = readable.items()
    source.path, source.files = Path(f"{path}{SEPARATOR}{name}"), (path,)
    return source


def _unfolded(readable: dict[str, Source]) -> dict[str, Source]:
    """Returns those of `readable` that are no graph with folded weights, if there are such."""
    folded = [n for n, s in readable.items() if s.format == "frozen_graph" and "folded" in s.metadata]
    return {name: source for name, source in readable.items() if name not in folded} or readable


def _is_named(name: str, member: str) -> bool:
    member = member.removesuffix(".index")
    return name == member or name.endswith(f"/{member}")


def _unpack(path: Path, folder: Path) -> list[str]:
    """Writes the regular members that may be weights under `folder`, in one pass, and returns their names."""
    names: dict[str, None] = {}
    problems: list[str] = []
    total = 0
    limit = min(MAX_BYTES, max(MAX_UNPACKED, MAX_RATIO * path.stat().st_size))
    with _Bounded(path, limit) as stream, tarfile.open(fileobj=stream, mode="r:") as archive:
        for count, member in enumerate(archive, start=1):
            total += member.size
            if count > MAX_MEMBERS or total > limit or member.size < 0:
                raise SlimzooError(
                    f"{path} holds over {MAX_MEMBERS:,} files or {limit:,} bytes: no checkpoint"
                )
            if len(member.pax_headers) > _MAX_SAID:
                raise damaged(path, f"{len(member.pax_headers):,} things are said of {shown(member.name)}")
            if problem := _danger(member):
                problems.append(problem)
            elif member.isfile() and not member.name.endswith(_UNWANTED) and not problems:
                _write_member(path, stream, member, folder)
                names[str(PurePosixPath(member.name))] = None
        for _ in stream.content(stream.tell(), limit):
            pass  # to the very end, where gzip keeps its checksum
    if problems:
        raise SlimzooError(listing(f"{path} is not opened, it is not safe:", problems))
    return list(names)


class _Bounded(RawIOBase):
    """What is in a tar archive, unpacked as far as it is read, and not beyond `limit` bytes.

    tarfile reads what is said of the members; what is in them is read by content().
    """

    def __init__(self, path: Path, limit: int):
        self.path, self.limit, self.heads = path, limit, 0
        with open(path, "rb") as file:
            packed = file.read(2) == _GZIP
        self._stream = gzip.GzipFile(path) if packed else FileIO(path)

    def close(self) -> None:
        self._stream.close()
        super().close()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._stream.tell()

    def seek(self, offset: int, whence: int = 0) -> int:
        """Moves to `offset` from the start, which is all that tarfile asks for."""
        self._check(offset)
        return self._stream.seek(offset, whence)

    def read(self, size: int = -1) -> bytes:
        self.heads += size
        if size < 0 or self.heads > _MAX_HEADS:
            raise damaged(self.path, f"more than {_MAX_HEADS:,} bytes are said of its files")
        self._check(self._stream.tell())
        return self._stream.read(size)

    def content(self, start: int, size: int) -> Iterator[bytes]:
        """Yields up to `size` bytes from `start` on: fewer where the archive ends."""
        self.seek(start)
        while size > 0 and (part := self._stream.read(min(size, _CHUNK))):
            self._check(self._stream.tell())
            size -= len(part)
            yield part

    def _check(self, position: int) -> None:
        if position > self.limit:
            raise SlimzooError(f"{self.path} unpacks to over {self.limit:,} bytes, which no checkpoint does")


def _danger(member: tarfile.TarInfo) -> str:
    name = PurePosixPath(member.name)
    if name.is_absolute() or ".." in name.parts or "\\" in member.name or ":" in member.name:
        return f"{member.name!r} leads out of the folder"
    if not (member.isfile() or member.isdir()):
        return f"{member.name!r} is a link or a device"
    if member.issparse():
        return f"{member.name!r} leaves parts of itself out"
    return ""


def _write_member(path: Path, stream: _Bounded, member: tarfile.TarInfo, folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if member.size > free:
        raise SlimzooError(
            f"{member.name} in {path} takes {member.size:,} bytes, {folder.parent} has {free:,}: "
            "free some, or set TMPDIR to another folder"
        )
    target = folder / member.name
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(target, "wb") as file:  # of two members of one name the later counts, as for tar
            for part in stream.content(member.offset_data, member.size):
                file.write(part)
    except OSError as error:
        if error.errno not in _BAD_NAME:
            raise
        raise damaged(path, f"{member.name[:80]!r} is no name of a file beside the others") from error
    if target.stat().st_size != member.size:
        raise damaged(path, f"{member.name} is not whole")


def _open_all(
    folder: Path, names: list[str], open_file: Callable[[Path], Source]
) -> tuple[dict[str, Source], dict[str, str]]:
    """Returns what could be opened, and why the rest could not, both by name in the archive."""
    readable: dict[str, Source] = {}
    unreadable: dict[str, str] = {}
    start = _work()
    for name in names:
        if _work() - start > _SECONDS:
            raise ValueError(f"its {len(names):,} files take over {_SECONDS:.0f} s of work to look at")
        if PurePosixPath(name).name == "checkpoint":
            continue
        try:
            source = open_file(folder / name)
        except (ValueError, OSError) as error:
            unreadable[name] = str(error).replace(f"{folder}/", "")
        else:
            readable[str(source.path.relative_to(folder))] = source  # the files of a set give one checkpoint
    return _outermost(readable), unreadable


def _work() -> float:
    """Returns the seconds that this process, and those that it started, have worked."""
    return sum(os.times()[:4])


def _outermost(found: dict[str, Source]) -> dict[str, Source]:
    """Returns `found` without what is a part of another: the checkpoint in a SavedModel."""
    files = {name: set(source.files) for name, source in found.items()}
    return {n: s for n, s in found.items() if not any(files[n] < other for other in files.values())}


def _none_or_several(path: Path, member: str, names: list[str], readable: dict, unreadable: dict) -> str:
    if readable:
        choices = [f"{path}{SEPARATOR}{name}" for name in readable]
        return listing(f"{path} holds several checkpoints; name one of them:", choices)
    if member and not unreadable:
        return listing(f"{path} holds no checkpoint {member!r}; it has:", names)
    return listing(f"{path} holds no checkpoint that can be read:", list(unreadable.values()) or ["no files"])
