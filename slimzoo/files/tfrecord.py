"""TFRecord files: records one after another, each with its length and two checksums."""

import struct
from typing import BinaryIO

from slimzoo.errors import SlimzooError
from slimzoo.files.crc32c import Crc32c

_LENGTH, _SUM = struct.Struct("<Q"), struct.Struct("<I")
HEAD, TAIL = _LENGTH.size + _SUM.size, _SUM.size  # bytes around a record


class Broken(SlimzooError):
    """A record that is not as it was written; the message names neither file nor place.

    Attributes:
      for_good: where the next record begins is not known either.
    """

    def __init__(self, message: str, for_good: bool):
        super().__init__(message)
        self.for_good = for_good


def checksum(data: bytes) -> int:
    """Returns the masked CRC-32C that TFRecord files have of `data`."""
    found = Crc32c()
    found.update(data)
    return found.masked


def framed(record: bytes) -> bytes:
    """Returns `record` as it stands in a file."""
    length = _LENGTH.pack(len(record))
    return b"".join((length, _SUM.pack(checksum(length)), record, _SUM.pack(checksum(record))))


def read_length(file: BinaryIO) -> int | None:
    """Returns the bytes of the record that begins here; None: the file ends here.

    Raises: Broken: no record begins here.
    """
    head = file.read(HEAD)
    if not head:
        return None
    if len(head) < HEAD:
        raise Broken("the file is cut short in the middle of it", for_good=True)
    if _SUM.unpack_from(head, _LENGTH.size)[0] != checksum(head[: _LENGTH.size]):
        raise Broken("the checksum of its length is wrong", for_good=True)
    return int(_LENGTH.unpack_from(head)[0])


def read_content(file: BinaryIO, length: int) -> bytes:
    """Returns the record whose length was just read.

    Raises: Broken: the file ends before, or the checksum is wrong.
    """
    record, tail = file.read(length), file.read(TAIL)
    if len(record) < length or len(tail) < TAIL:
        raise Broken("the file is cut short in the middle of it", for_good=True)
    if _SUM.unpack(tail)[0] != checksum(record):
        raise Broken("its checksum is wrong", for_good=False)
    return record
