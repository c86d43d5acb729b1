"""Downloading one file: streaming and hashing, and going on where an earlier attempt stopped.

requests asks and reads; that a later process goes on after a kill, and the hashing on the way, it leaves to
its caller. huggingface_hub begins anew in each process, and knows its own addresses only.
"""

import hashlib
import json
import logging
import os
import time
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from slimzoo.files import schema, write_error
from slimzoo.files.progress import bar
from slimzoo.files.schema import Damaged
from slimzoo.weights import answers
from slimzoo.weights.answers import LostError, SourceError

if TYPE_CHECKING:
    import requests

log = logging.getLogger("slimzoo")
TIMEOUT = 30.0  # seconds without a byte before a connection counts as lost
FAILURES = 3  # attempts that bring nothing new, or too slowly, before an address is given up
ROUNDS = 1000  # attempts in all: each of them brought something
PAUSE = 1.0  # seconds after a failure; doubles from one to the next
LONGEST_PAUSE = 60.0  # seconds; also where the server asks for more
SLOWEST = 1000  # bytes a second, over WINDOW seconds; a connection below is given up
WINDOW = 60.0
CHUNK = 1 << 20  # bytes
LARGEST = 4 << 30  # bytes of a file of which no size is published; the largest released one has an eighth
_NOTE = {"url": schema.text(), "validator": schema.text("[ -~]*")}  # beside a part
ENDED = "the connection ended before the file did"
LOCAL = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is known about a file before it is downloaded."""

    url: str  # https or http
    size: int  # bytes; 0 where unknown
    verified: bool  # a digest will be checked afterwards, so that the connection need not be trusted
    algorithms: tuple[str, ...] = ("sha256",)  # of the digests to compute while it is written
    headers: Mapping[str, str] = field(default_factory=dict)  # of each request: who asks

    @property
    def most(self) -> int:
        """How many bytes are written at most, whatever the server sends."""
        return self.size or LARGEST


@dataclass
class Hashing:
    """The digests of the first `position` bytes of a file that grows."""

    algorithms: tuple[str, ...]
    position: int = 0
    hashes: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.hashes = {name: hashlib.new(name) for name in self.algorithms}

    def update(self, block: bytes) -> None:
        """Takes the bytes that follow."""
        for digest in self.hashes.values():
            digest.update(block)
        self.position += len(block)

    def seek(self, path: Path, offset: int) -> None:
        """Brings the digests to the first `offset` bytes of `path`, reading only what they lack."""
        if self.position > offset:
            self.position = 0
            self.__post_init__()
        if self.position < offset:
            with open(path, "rb", buffering=0) as file:
                file.seek(self.position)
                while self.position < offset and (block := file.read(min(CHUNK, offset - self.position))):
                    self.update(block)

    @property
    def digests(self) -> dict[str, str]:
        """In hexadecimal, by algorithm."""
        return {name: digest.hexdigest() for name, digest in self.hashes.items()}


@dataclass(frozen=True)
class Fetched:
    """What a download ended with: the digests of the file, and whether bytes of an earlier call are in it."""

    digests: dict[str, str]
    resumed: bool


def download(wanted: Wanted, part: Path, progress: bool = True) -> Fetched:
    """Completes the file `part` from `wanted.url`.

    An interrupted download leaves `part` and `part`.json (the server's name for this version of the file),
    from which the next call goes on if the server still has that version. What came is never asked for again.
    Raises: SourceError: this url does not deliver. SlimzooError: `part` cannot be written.
    """
    check_connection(wanted.url, wanted.verified)
    transfer = _Transfer(wanted, part, progress)
    with answers.session() as session:
        failures = 0
        for attempts in range(1, ROUNDS + 1):  # noqa: B007  # its last value is told
            before = _size(part)
            try:
                transfer.run(session)
                return Fetched(transfer.hashing.digests, transfer.resumed > 0)
            except LostError as error:
                lost = error
            moved = _size(part) > before and not lost.slow
            failures = 0 if moved else failures + 1
            if failures == FAILURES:
                break
            _wait(wanted.url, lost, 0 if moved else PAUSE * 2 ** (failures - 1))
    raise SourceError(f"{lost} (after {_size(part):,} bytes, {attempts} attempt{'s' * (attempts > 1)})")


def _wait(url: str, lost: LostError, usual: float) -> None:
    """Sleeps before the next attempt, as long as the server asks or else as `usual`; says so."""
    seconds = min(LONGEST_PAUSE, lost.pause or usual)
    if seconds:
        log.warning("%s: %s; asking again in %g seconds", url, lost, round(seconds, 2))
    time.sleep(seconds)


def forget(part: Path) -> None:
    """Removes `part` and the note beside it."""
    part.unlink(missing_ok=True)
    _note(part).unlink(missing_ok=True)


def digests(path: Path, names: Iterable[str] = ("sha256",)) -> dict[str, str]:
    """Returns the hexadecimal digests of the file by name of the algorithm, in one pass over it."""
    hashing = Hashing(tuple(names))
    hashing.seek(path, path.stat().st_size)
    return hashing.digests


def probe(url: str, headers: Mapping[str, str] | None = None) -> int:
    """Returns how many bytes the file at `url` has; 0 where the server does not say.

    Raises: SourceError: the server does not have it, or cannot be reached.
    """
    with answers.session() as session:
        try:
            with answers.ask(session, url, headers or {}, TIMEOUT) as answer:
                answers.check_status(answer, ranged=False)
                return answers.length(answer) or 0
        except LostError as error:
            raise SourceError(str(error)) from error


def check_connection(url: str, verified: bool) -> None:
    """Raises SourceError for an address through which anyone between could put another file."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "http" and not verified and parts.hostname not in LOCAL:
        raise SourceError(f"{url} is plain http and no digest is published to check the file against")


class _Transfer:
    """The attempts to complete one file; `resumed` is how many of its bytes an earlier call had left."""

    def __init__(self, wanted: Wanted, part: Path, progress: bool):
        self.wanted, self.part, self.progress = wanted, part, progress
        self.hashing = Hashing(wanted.algorithms)
        self.resumed = _resume_point(wanted, part)[0]

    def run(self, session: "requests.Session") -> None:
        """One request. Raises: LostError: another may bring the rest. SourceError: no other will."""
        offset, validator = _resume_point(self.wanted, self.part)
        self.resumed = min(self.resumed, offset)
        self.hashing.seek(self.part, offset)
        if self.wanted.size and offset == self.wanted.size:
            return
        headers = {**self.wanted.headers, **({"Range": f"bytes={offset}-"} if offset else {})}
        if offset and validator:
            headers["If-Range"] = validator
        with answers.ask(session, self.wanted.url, headers, TIMEOUT, self._check) as answer:
            if answer.status_code == 416 and offset and self._is_complete(answer, offset):
                return
            answers.check_status(answer, ranged=offset > 0)
            self._receive(answer, self._start(answer, offset))

    def _check(self, url: str) -> None:
        check_connection(url, self.wanted.verified)

    def _is_complete(self, answer: "requests.Response", offset: int) -> bool:
        """There are no bytes after those of `part`: it is whole, or of another version and forgotten."""
        if answer.headers.get("Content-Range") == f"bytes */{offset}":
            return True
        forget(self.part)
        raise LostError(f"HTTP 416 {answers.shown(answer.reason or '')}")

    def _start(self, answer: "requests.Response", offset: int) -> int:
        try:
            return answers.start(answer, offset, self.wanted.size)
        except SourceError:  # or it would be asked for that part at every call
            forget(self.part)
            raise

    def _receive(self, answer: "requests.Response", start: int) -> None:
        length = answers.length(answer)
        total = self.wanted.size if length is None else start + length
        if self.wanted.size and total != self.wanted.size:
            raise SourceError(f"has {total:,} bytes where {self.wanted.size:,} were published")
        if total > self.wanted.most:
            raise SourceError(f"has {total:,} bytes; no weights have more than {LARGEST:,}")
        self.resumed = min(self.resumed, start)
        self.hashing.seek(self.part, start)
        shown = bar(
            desc=self.part.name.split(".part")[0],
            total=total or None,
            initial=start,
            unit="B",
            unit_scale=True,
            disable=not self.progress,
        )
        with shown:
            try:
                self._save(answer, start, shown, total or self.wanted.most)
            except SourceError:  # it sends too much: what came is another file
                forget(self.part)
                raise
        if total and self.hashing.position != total:
            raise LostError(ENDED)

    def _save(self, answer: "requests.Response", start: int, bar: Any, most: int) -> None:
        """Appends the body at `start`; what was written stays when the connection or the user breaks off.

        Raises: SourceError: with it the file would have more than `most` bytes.
        """
        try:
            with open(self.part, "r+b" if start else "wb") as file:
                file.seek(start)
                file.truncate()
                if not start:
                    _write_note(self.part, self.wanted.url, answer.headers)
                try:
                    for block in _blocks(answer):
                        if self.hashing.position + len(block) > most:
                            raise SourceError(f"sends more than the {most:,} bytes that it can have")
                        file.write(block)
                        self.hashing.update(block)
                        bar.update(len(block))
                finally:
                    _flush(file)
        except OSError as error:
            raise write_error(error, self.part) from error


def _blocks(answer: "requests.Response") -> Iterator[bytes]:
    """Yields the body as it arrives. Raises: LostError: it broke off, stalled or crawls."""
    import urllib3

    began, received = time.monotonic(), 0
    while True:
        try:
            block = _read(answer)
        except (urllib3.exceptions.TimeoutError, TimeoutError) as error:
            raise LostError(f"nothing came for {TIMEOUT:g} seconds", slow=True) from error
        except (urllib3.exceptions.ProtocolError, ConnectionError) as error:
            raise LostError(ENDED) from error
        except urllib3.exceptions.HTTPError as error:
            raise LostError(answers.reason(error)) from error
        if not block:
            return
        yield block
        received += len(block)
        passed = time.monotonic() - began
        if passed > WINDOW:
            if received < SLOWEST * passed:
                raise LostError(f"only {received:,} bytes came in {passed:.0f} seconds", slow=True)
            began, received = time.monotonic(), 0


def _read(answer: "requests.Response") -> bytes:
    """Returns what has arrived, at most CHUNK bytes; b"" at the end."""
    raw: Any = answer.raw
    return raw.read1(CHUNK) if hasattr(raw, "read1") else raw.read(CHUNK // 16)


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _resume_point(wanted: Wanted, part: Path) -> tuple[int, str]:
    """Returns how many bytes of `part` can be kept, and the server's name for that version of the file."""
    size = _size(part)
    try:
        note = schema.take(schema.read(_note(part)), _NOTE, _note(part))
    except (Damaged, OSError):
        note = {}
    same = note.get("url") == wanted.url
    validator = note.get("validator", "") if same else ""
    keep = same and (validator or wanted.verified) and not (wanted.size and size > wanted.size)
    return (size, validator) if keep else (0, "")


def _write_note(part: Path, url: str, headers: Any) -> None:
    tag = headers.get("ETag") or ""
    validator = headers.get("Last-Modified") if not tag or tag.startswith("W/") else tag
    _note(part).write_text(json.dumps({"url": url, "validator": validator or ""}), encoding="utf-8")


def _note(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


YES = ("1", "true", "yes", "on")  # what sets SLIMZOO_OFFLINE, HF_HUB_OFFLINE and SLIMZOO_KEEP_ORIGINALS


def offline() -> str:
    """Returns which variable forbids requests, or ""."""
    variables = ("SLIMZOO_OFFLINE", "HF_HUB_OFFLINE")
    return next((name for name in variables if os.environ.get(name, "").lower() in YES), "")
