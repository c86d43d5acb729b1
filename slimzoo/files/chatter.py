"""What libraries write to stderr by themselves: a command holds it back, a program of somebody's does not."""

import logging
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

NOISE = re.compile(rb"INFO: |[IW]\d{4} |WARNING: All log messages before absl|fully_quantize: ")  # beginnings
ALL = re.compile(b"")
_held = threading.Lock()
_quiet: list[bool] = []  # a command runs


@contextmanager
def quiet() -> Iterator[None]:
    """Lets without_chatter() hold back what it is told to, inside the block."""
    _quiet.append(True)
    try:
        yield
    finally:
        _quiet.pop()


@contextmanager
def without_chatter() -> Iterator[None]:
    """Holds back, where a command runs, the lines of NOISE that come to stderr; others wait until the end."""
    if not _quiet or not _held.acquire(blocking=False):
        yield
        return
    try:
        with held_back(NOISE):
            yield
    finally:
        _held.release()


@contextmanager
def errors_alone(*names: str) -> Iterator[None]:
    """Lets the loggers `names` say errors alone, inside the block; handlers, the user's, stay as they are."""
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextmanager
def held_back(noise: re.Pattern[bytes]) -> Iterator[None]:
    """Keeps stderr back until the block ends; lines that begin with `noise` are dropped unless it fails."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        dropped = noise
        try:
            yield
        except BaseException:
            dropped = re.compile(b"(?!)")
            raise
        finally:
            sys.stderr.flush()
            file.seek(0)
            os.dup2(kept, 2)
            os.write(2, b"".join(line for line in file if not dropped.match(line)))
            os.close(kept)
