"""Running old programs in a process of their own."""

import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).with_name("scripts")


def slimzoo(*arguments, cwd=SCRIPTS, code=0):
    """Runs `slimzoo` with `arguments`, expecting the exit code `code`; returns (stdout, stderr)."""
    return python("-m", "slimzoo", *arguments, cwd=cwd, code=code)


def python(*arguments, cwd=SCRIPTS, code=0):
    """Runs Python with `arguments`, expecting the exit code `code`; returns (stdout, stderr)."""
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout, done.stderr
