"""Reading a file whole: only what is a file, and only so much of it."""

import os
import stat
from os import PathLike

LARGEST = 1 << 28  # bytes of a file that is read whole: the images of a large run take 80 MB
NO_FILE = "it is no file, but a pipe or a device"


def is_endless(path: str | PathLike) -> bool:
    """Says whether `path` is a pipe, a device or a socket: reading it may wait, and need not end."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):  # opening it will say why
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def read_whole(path: str | PathLike, most: int | None = None) -> bytes:
    """Returns what is in the file `path`, of `most` bytes (None: LARGEST).

    Raises: OSError: it cannot be opened. ValueError: it is no file, or larger; the message does not name it.
    """
    if is_endless(path):
        raise ValueError(NO_FILE)
    limit = LARGEST if most is None else most
    with open(path, "rb") as file:
        found = file.read(limit + 1)
    if len(found) > limit:
        raise ValueError(f"it has more than {limit:,} bytes")
    return found
