"""Running old programs in a process of their own."""

import subprocess
import sys
from pathlib import Path

from tests import warm

SCRIPTS = Path(__file__).with_name("scripts")


def slimzoo(*arguments, cwd=SCRIPTS, code=0):
    """Runs `slimzoo` with `arguments`, expecting the exit code `code`; returns (stdout, stderr).

    TensorFlow is imported: `slimzoo run` does that before all else.
    """
    return _ended(warm.run("-m", "slimzoo", *arguments, cwd=cwd), code)


def python(*arguments, cwd=SCRIPTS, code=0):
    """Runs a new Python with `arguments`, expecting the exit code `code`; returns (stdout, stderr)."""
    command = [sys.executable, *map(str, arguments)]
    return _ended(subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False), code)


def _ended(done, code):
    assert done.returncode == code, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout, done.stderr
