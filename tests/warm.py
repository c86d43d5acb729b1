"""Processes of their own that begin with TensorFlow imported, forked from one that has done only that.

Importing it is some five seconds of work for each. What tests say of such processes comes after: one is
killed, sets devices before the first operation, switches op determinism on, or has registered nothing. What
is said of imports themselves needs a new Python: subprocess.run([sys.executable, ...]).
"""

import atexit
import contextlib
import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType


class Process:
    """`python PROGRAM`, where that is "-m", a module and its arguments, or "-c", code and its arguments.

    It has what the tests need of subprocess.Popen. What it says goes to files, so that it never waits for a
    reader.
    """

    def __init__(self, *program: object, cwd: Path | None = None, env: Mapping[str, str] = os.environ):
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tensorflow"])
        self._folder = tempfile.TemporaryDirectory(prefix="said")
        self._said = [Path(self._folder.name, name) for name in ("out", "err")]
        arguments = ([str(part) for part in program], cwd or Path.cwd(), dict(env), self._said)
        self._process = context.Process(target=_become, args=arguments, daemon=True)
        self._process.start()

    def poll(self) -> int | None:
        """Returns the exit code, less than 0 of a signal; None while it runs."""
        return self._process.exitcode

    returncode = property(poll)

    def kill(self) -> None:
        """Ends it without asking."""
        self._process.kill()

    def terminate(self) -> None:
        """Sends SIGTERM."""
        self._process.terminate()

    def communicate(self, timeout: float = 300) -> tuple[str, str]:
        """Waits for its end; returns what it wrote to stdout and to stderr."""
        self._process.join(timeout)
        if self.poll() is None:
            self.kill()
            raise subprocess.TimeoutExpired("python", timeout)
        out, err = (path.read_text() for path in self._said)
        return out, err


def run(*program: object, cwd: Path | None = None) -> subprocess.CompletedProcess:
    """Runs `python PROGRAM` to its end."""
    process = Process(*program, cwd=cwd)
    out, err = process.communicate()
    return subprocess.CompletedProcess(program, process.poll(), out, err)


def _become(program: list[str], cwd: Path, env: dict[str, str], said: list[Path]) -> None:
    """Is what `python PROGRAM` is from here on."""
    for number, path in enumerate(said, start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    kind, what, *arguments = program
    sys.argv = [kind, *arguments]
    sys.path.insert(0, str(cwd))
    with contextlib.ExitStack() as end:
        end.push(_end)
        if kind == "-m":
            runpy.run_module(what, run_name="__main__", alter_sys=True)
        else:
            exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})


def _end(kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
    """Does what Python does at the end of a program, which may have an excepthook of its own."""
    atexit._run_exitfuncs()
    if kind is not None and error is not None and not issubclass(kind, SystemExit):
        sys.excepthook(kind, error, trace)
        sys.exit(1)
