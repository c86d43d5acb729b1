"""What is installed: the wheel holds every file, and each of its modules can be imported.

.ci/package builds it with the usual tools, and installs it where there is nothing else.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import slimzoo
from tests.test_project import ROOT, tracked_files

IMPORT_ALL = """
import importlib, pkgutil, slimzoo
for module in pkgutil.walk_packages(slimzoo.__path__, "slimzoo."):
    importlib.import_module(module.name)
print(slimzoo.__file__)
"""


def shipped(folder):
    """Where the files of a folder of the checkout are installed."""
    inside = Path() if folder == "slimzoo" else Path("slimzoo")
    files = [p for p in tracked_files() if p.is_relative_to(ROOT / folder) and p.suffix != ".md"]
    return {inside / p.relative_to(ROOT) for p in files}


def copied_by_docker():
    """Returns what tools/Dockerfile copies out of the checkout."""
    lines = re.findall(r"^COPY (?!--from)(.+)$", (ROOT / "tools" / "Dockerfile").read_text(), re.MULTILINE)
    return [name for line in lines for name in line.split()[:-1]]


def test_a_wheel_holds_every_file_and_all_its_modules_can_be_imported(tmp_path):
    source, there = tmp_path / "source", tmp_path / "there"
    source.mkdir()
    for name in copied_by_docker():  # no more: the image is made of these
        path, left_out = ROOT / name, shutil.ignore_patterns("*.egg-info", "__pycache__")
        if path.is_dir():
            shutil.copytree(path, source / name, ignore=left_out)
        else:
            shutil.copy(path, source)
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", there, source]
    subprocess.run(install, check=True, capture_output=True)
    environment = {**os.environ, "PYTHONPATH": str(there), "TF_CPP_MIN_LOG_LEVEL": "3"}
    python = [sys.executable, "-c", IMPORT_ALL]
    done = subprocess.run(python, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert Path(done.stdout.splitlines()[-1]).is_relative_to(there)
    expected = set().union(*map(shipped, ("slimzoo", "converters", "weights_manifest")))
    installed = {path.relative_to(there) for path in (there / "slimzoo").rglob("*")}
    assert expected - installed == set()
    # the version stands in the package alone
    assert (there / f"slimzoo-{slimzoo.__version__}.dist-info").is_dir()
    assert '\nversion = "' not in (ROOT / "pyproject.toml").read_text()
