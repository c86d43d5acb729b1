"""An image that lies in a shard among others: where, and what its bytes say of themselves."""

import hashlib
import os
import zlib
from typing import NamedTuple

from slimzoo.data.headers import Header
from slimzoo.data.places import record_name
from slimzoo.errors import SlimzooError

_DIGEST = 8  # bytes


class Record(NamedTuple):
    """One image in a shard, as its index knows it.

    Attributes:
      shard: the file.
      offset: of the record in it, by which it is called.
      start, length: of the image's own bytes in the file.
      digest: of these bytes, 16 hexadecimal digits.
      check: their CRC-32, which takes a fifth of the time.
      called: as its file was, before it was put there; "" where that is not known, or tells it from no other.
    """

    shard: str
    offset: int
    start: int
    length: int
    digest: str
    check: int
    header: Header
    called: str = ""

    @property
    def name(self) -> str:
        """What the image is called."""
        return record_name(self.shard, self.offset)


def digest_of(image: bytes) -> str:
    """Returns the digest of the bytes of an image."""
    return hashlib.blake2b(image, digest_size=_DIGEST).hexdigest()


def read_record(record: Record) -> bytes:
    """Returns the bytes of an image in a shard. Raises: SlimzooError: they are not those of its index."""
    handle = os.open(record.shard, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        found = os.pread(handle, record.length, record.start)
    finally:
        os.close(handle)
    if zlib.crc32(found) != record.check:
        raise SlimzooError(f"{record.name} is not what it was when it was indexed")
    return found
