"""Checks the floors of the house: import-linter, with the contracts in pyproject.toml.

    python tools/lint_imports.py

It imports what it checks, and a checkout has converters/ and weights_manifest/ beside slimzoo/: so this puts
a copy together as it is installed, and checks that. Exit code 1 if a contract is broken.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PLACES = {  # folder of the checkout: where it is installed
    "slimzoo": "slimzoo",
    "converters": "slimzoo/converters",
    "weights_manifest": "slimzoo/weights_manifest",
}


def main() -> int:
    """Returns the exit code of lint-imports."""
    with tempfile.TemporaryDirectory(prefix="slimzoo-floors-") as folder:
        for here, there in PLACES.items():
            shutil.copytree(ROOT / here, Path(folder) / there, ignore=shutil.ignore_patterns("__pycache__"))
        lint = [str(Path(sys.executable).with_name("lint-imports")), str(ROOT / "pyproject.toml")]
        environment = {**os.environ, "PYTHONPATH": folder}
        return subprocess.run(lint, cwd=folder, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
