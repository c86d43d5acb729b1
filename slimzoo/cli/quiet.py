"""What else goes to stderr: slimzoo's own messages as plain lines; TensorFlow's start-up chatter does not."""

import importlib.util
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import click

from slimzoo.cli.errors import naming_options
from slimzoo.files.chatter import ALL, held_back, quiet

_LEVEL = "TF_CPP_MIN_LOG_LEVEL"


class _Stderr(logging.Handler):
    """Writes the bare message, between progress bars if there are any."""

    def emit(self, record: logging.LogRecord) -> None:
        context = click.get_current_context(silent=True)
        text = naming_options(record.getMessage(), context.command if context else None)
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


@contextmanager
def quiet_tensorflow() -> Iterator[None]:
    """Whatever imports TensorFlow inside the block, first: its start-up messages are held back.

    They are shown if the import fails, or if TF_CPP_MIN_LOG_LEVEL asks for them. Some come before TensorFlow
    looks at its own settings, so all of stderr is held back meanwhile. What its parts say later is, too.
    """
    if os.environ.setdefault(_LEVEL, "3") in ("0", "1"):
        yield
        return
    with quiet(), _quiet_start():
        yield


@contextmanager
def _quiet_start() -> Iterator[None]:
    if "tensorflow" in sys.modules:
        yield
        return
    finder = _Finder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)


class _Finder(MetaPathFinder):
    """Finds TensorFlow as Python would, and has it loaded quietly; who only asks whether it is there may."""

    def find_spec(self, fullname: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:
        if fullname != "tensorflow":
            return None
        sys.meta_path.remove(self)
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            sys.meta_path.insert(0, self)
        if spec is not None and spec.loader is not None:
            load: Callable = spec.loader.exec_module

            def load_quietly(module: ModuleType) -> None:
                with _waiting("starting TensorFlow ..."), held_back(ALL):
                    load(module)

            spec.loader.exec_module = load_quietly  # type: ignore[method-assign]
        return spec


@contextmanager
def _waiting(text: str) -> Iterator[None]:
    """Shows `text` during the block where a person looks on."""
    if not sys.stderr.isatty():
        yield
        return
    click.echo(text, nl=False, err=True)
    try:
        yield
    finally:
        click.echo("\r\x1b[K", nl=False, err=True)
