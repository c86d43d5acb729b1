"""Downloading one file: streaming, with a progress bar, and going on where an earlier attempt stopped."""

import hashlib
import http.client
import json
import os
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from tqdm import tqdm

import slimzoo
from slimzoo.errors import SlimzooError
from slimzoo.files import write_error

TIMEOUT = 30.0  # seconds without a byte before a connection counts as lost
ATTEMPTS = 6  # for one url in one call; an attempt that brings nothing new is the last
PAUSE = 1.0  # seconds before the second attempt; doubles from one to the next
CHUNK = 1 << 20  # bytes
TEMPORARY_STATUS = (408, 429, 500, 502, 503, 504)  # HTTP answers worth another attempt
LOST = (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError, ssl.SSLError)


class SourceError(SlimzooError):
    """One source cannot deliver the file; the message is the reason, another source may do better."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is known about a file before it is downloaded."""

    url: str  # https, http or file
    size: int  # bytes; 0 where unknown
    verified: bool  # a digest will be checked afterwards, so that the connection need not be trusted


def download(wanted: Wanted, part: Path, progress: bool = True) -> bool:
    """Completes the file `part` from `wanted.url`; returns whether bytes of an earlier call were used.

    An interrupted download leaves `part` and `part`.json (the server's name for this version of the file),
    from which the next call goes on if the server still has that version.
    Raises: SourceError: this url does not deliver. SlimzooError: `part` cannot be written.
    """
    _check_connection(wanted.url, wanted)
    earlier = resumed = _resume_point(wanted, part)[0]
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(PAUSE * 2 ** (attempt - 1))
        try:
            done, start = _transfer(wanted, part, progress)
            resumed = min(resumed, start)
            if done:
                return resumed > 0
            reason = "the connection ended before the file did"
        except urllib.error.HTTPError as error:
            reason = f"HTTP {error.code} {error.reason}"
            if error.code == 416:  # there are no bytes after those of `part`
                if error.headers.get("Content-Range") == f"bytes */{_size(part)}":
                    return True
                forget(part)
                resumed = 0
            elif error.code not in TEMPORARY_STATUS:
                break
            earlier = -1
        except LOST as error:
            reason = str(getattr(error, "reason", error)) or type(error).__name__
        now = _size(part)
        if now <= earlier:
            break
        earlier = now
    raise SourceError(f"{reason} (after {_size(part):,} bytes, {attempt + 1} attempts)")


def forget(part: Path) -> None:
    """Removes `part` and the note beside it."""
    part.unlink(missing_ok=True)
    _note(part).unlink(missing_ok=True)


def digests(path: Path, names: Iterable[str] = ("sha256",)) -> dict[str, str]:
    """Returns the hexadecimal digests of the file by name of the algorithm, in one pass over it."""
    hashes = {name: hashlib.new(name) for name in names}
    with open(path, "rb", buffering=0) as file:
        while block := file.read(CHUNK):
            for digest in hashes.values():
                digest.update(block)
    return {name: digest.hexdigest() for name, digest in hashes.items()}


def _transfer(wanted: Wanted, part: Path, progress: bool) -> tuple[bool, int]:
    """One request; returns whether `part` is complete, and how many bytes of it were there before."""
    offset, validator = _resume_point(wanted, part)
    if wanted.size and offset == wanted.size:
        return True, offset
    headers = {"User-Agent": f"slimzoo/{slimzoo.__version__}", "Accept-Encoding": "identity"}
    if offset:
        headers["Range"] = f"bytes={offset}-"
        if validator:
            headers["If-Range"] = validator
    request = urllib.request.Request(wanted.url, headers=headers)
    with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
        _check_connection(response.geturl(), wanted)
        start = _start(response, offset)
        length = response.headers.get("Content-Length")
        total = start + int(length) if length and length.isdigit() else wanted.size
        if wanted.size and total != wanted.size:
            raise SourceError(f"has {total:,} bytes where {wanted.size:,} were published")
        bar = tqdm(
            desc=part.name.split(".part")[0],
            total=total or None,
            initial=start,
            unit="B",
            unit_scale=True,
            disable=None if progress else True,  # None: shown on a terminal only
        )
        with bar:
            written = start + _save(response, part, start, bar, wanted)
    return not total or written == total, start


def _save(response: Any, part: Path, start: int, bar: tqdm, wanted: Wanted) -> int:
    """Appends the body at `start`; what was written stays when the connection or the user breaks off."""
    written = 0
    try:
        with open(part, "r+b" if start else "wb") as file:
            file.seek(start)
            file.truncate()
            if not start:
                _write_note(part, wanted.url, response.headers)
            try:
                while block := _read(response):
                    file.write(block)
                    bar.update(len(block))
                    written += len(block)
            finally:
                _flush(file)
    except _LostError as error:
        raise error.__cause__ or error from None
    except OSError as error:
        raise write_error(error, part) from error
    return written


class _LostError(Exception):
    """Carries a connection's error past the handler of the disk's errors."""


def _read(response: Any) -> bytes:
    try:
        return response.read1(CHUNK) if hasattr(response, "read1") else response.read(CHUNK)
    except LOST as error:
        raise _LostError from error


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _start(response: Any, offset: int) -> int:
    """Returns where the body begins: 0 for a server that sends the whole file, asked for a part or not."""
    if response.status != 206:
        return 0
    given = response.headers.get("Content-Range", "")
    if not given.startswith(f"bytes {offset}-"):
        raise SourceError(f"answered a request for the bytes from {offset} with {given!r}")
    return offset


def _resume_point(wanted: Wanted, part: Path) -> tuple[int, str]:
    """Returns how many bytes of `part` can be kept, and the server's name for that version of the file."""
    size = _size(part)
    try:
        note = json.loads(_note(part).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        note = {}
    same = isinstance(note, dict) and note.get("url") == wanted.url
    validator = str(note.get("validator") or "") if same else ""
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


def _check_connection(url: str, wanted: Wanted) -> None:
    """Raises SourceError for an address through which anyone between could put another file."""
    scheme, host = urllib.parse.urlsplit(url).scheme, urllib.parse.urlsplit(url).hostname
    if scheme == "http" and not wanted.verified and host not in ("127.0.0.1", "::1", "localhost"):
        raise SourceError(f"{url} is plain http and no digest is published to check the file against")
