"""What else goes to stderr: slimzoo's own messages as plain lines; TensorFlow's start-up chatter does not."""

import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import click

_LEVEL = "TF_CPP_MIN_LOG_LEVEL"


class _Stderr(logging.Handler):
    """Writes the bare message, between progress bars if there are any."""

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        tqdm = sys.modules.get("tqdm")
        if tqdm is None:
            click.echo(text, err=True)
        else:
            tqdm.tqdm.write(text, file=sys.stderr)


@contextmanager
def messages_on_stderr(verbose: bool = False) -> Iterator[None]:
    """Shows what slimzoo logs inside the block: warnings, and with `verbose` what it does."""
    log = logging.getLogger("slimzoo")
    handler, level, propagate = _Stderr(), log.level, log.propagate
    log.addHandler(handler)
    log.setLevel(logging.INFO if verbose else logging.WARNING)
    log.propagate = False
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
        log.propagate = propagate


def import_tensorflow() -> None:
    """Imports TensorFlow without its start-up messages, unless TF_CPP_MIN_LOG_LEVEL asks for them.

    Some come before TensorFlow looks at its own settings, so stderr is held back during the import; it
    is shown if the import fails.
    """
    wanted = os.environ.setdefault(_LEVEL, "3") in ("0", "1")
    if "tensorflow" in sys.modules or wanted:
        return
    with _stderr_held_back():
        import tensorflow  # noqa: F401


@contextmanager
def _stderr_held_back() -> Iterator[None]:
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            yield
        except BaseException:
            file.seek(0)
            os.write(kept, file.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
