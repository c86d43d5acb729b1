"""What else goes to stderr: slimzoo's own messages as plain lines; TensorFlow's start-up chatter does not."""

import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, redirect_stderr

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
    """Imports TensorFlow without its start-up messages, unless TF_CPP_MIN_LOG_LEVEL asks for them."""
    with start_held_back():
        import tensorflow  # noqa: F401


@contextmanager
def start_held_back(python: bool = True) -> Iterator[None]:
    """Holds back TensorFlow's start-up messages, if the block imports it; they are shown if that fails.

    Some come before TensorFlow looks at its own settings, so all of stderr is held back: what Python code
    writes there only with `python`.
    """
    wanted = os.environ.setdefault(_LEVEL, "3") in ("0", "1")
    if "tensorflow" in sys.modules or wanted:
        yield
        return
    with _stderr_held_back(python):
        yield


@contextmanager
def _stderr_held_back(python: bool) -> Iterator[None]:
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as file, open(kept, "w", buffering=1, errors="backslashreplace") as shown:
        os.dup2(file.fileno(), 2)
        try:
            with nullcontext() if python or sys.stderr is not sys.__stderr__ else redirect_stderr(shown):
                yield
        except BaseException:
            if "tensorflow" not in sys.modules:
                file.seek(0)
                os.write(kept, file.read())
            raise
        finally:
            os.dup2(kept, 2)
