"""Where an image is: a file of its own, or a record of a shard, which is called FILE@OFFSET."""

import io
import os
import re
from pathlib import Path
from typing import BinaryIO

from slimzoo.data.tf_examples import Features
from slimzoo.errors import SlimzooError
from slimzoo.files.reading import LARGEST, NO_FILE, is_endless
from slimzoo.files.tfrecord import Broken, read_content, read_length

_RECORD = re.compile(r"(?s)(.+)@(\d{1,18})")


def record_name(shard: str, offset: int) -> str:
    """Returns what the image in the record at `offset` of `shard` is called."""
    return f"{shard}@{offset}"


def record_at(path: str | os.PathLike) -> tuple[str, int] | None:
    """Returns the shard and the offset that `path` names; None: it names a file."""
    name = os.fspath(path)
    found = None if os.path.lexists(name) else _RECORD.fullmatch(name)
    return (found[1], int(found[2])) if found and os.path.isfile(found[1]) else None


def is_there(path: str | os.PathLike) -> bool:
    """Whether there is such a file, or the shard of such a record."""
    return os.path.isfile(path) or record_at(path) is not None


def real(path: str | os.PathLike) -> str:
    """Returns `path` without links."""
    record = record_at(path)
    return record_name(os.path.realpath(record[0]), record[1]) if record else os.path.realpath(path)


def opened(path: str | os.PathLike) -> BinaryIO:
    """Returns the image file, open, or the image of a record.

    Raises: OSError: it cannot be opened, or might be waited for. SlimzooError: the record is broken.
    """
    if record := record_at(path):
        return io.BytesIO(_image(*record))
    if is_endless(path):
        raise OSError(22, NO_FILE, os.fspath(path))
    return open(path, "rb")


def image_bytes(path: str | os.PathLike) -> bytes:
    """Returns the bytes of an image. Raises: as opened() does."""
    record = record_at(path)
    return _image(*record) if record else Path(path).read_bytes()


def _image(shard: str, offset: int) -> bytes:
    name = record_name(shard, offset)
    with open(shard, "rb") as file:
        file.seek(offset)
        try:
            length = read_length(file)
            if length is None or length > LARGEST:
                raise Broken("no record begins there", for_good=True)
            record = read_content(file, length)
            span = Features(record).image()
        except Broken as error:
            raise SlimzooError(f"{name} is a broken record: {error}") from error
        except ValueError as error:
            raise SlimzooError(f"{name} is no tf.train.Example: {error}") from error
    if span is None:
        raise SlimzooError(f"{name} holds no image")
    return record[slice(*span)]
