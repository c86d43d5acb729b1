"""The page "TF-Slim, then and now": each of its programs runs, in its order, and does what the page says."""

import re
from pathlib import Path

import pytest

from tests import warm

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "slimzoo" / "compat" / "README.md"
STEPS = ("step1.py", "step2.py", "step3.py", "step4.py", "step5.py")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the programs of the page, in which the first one has been run."""
    folder = tmp_path_factory.mktemp("page")
    for name, code in re.findall(r"```python\n# (\w+\.py)\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL):
        (folder / name).write_text(code)
    run(folder, "-m", "slimzoo", "run", "then.py", "--logdir=logdir")
    return folder


def run(folder, *arguments):
    """Runs Python on `arguments` in `folder`; returns what it printed."""
    done = warm.run(*arguments, cwd=folder)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_the_old_program_leaves_a_checkpoint(folder):
    assert (folder / "logdir" / "model.ckpt-60.index").exists()


def test_every_step_of_the_page_runs_and_knows_the_bars_apart(folder):
    each = f"import runpy\nfor step in {STEPS}: print(step); runpy.run_path(step, run_name='__main__')"
    printed = run(folder, "-c", each)
    right = [float(found) for found in re.findall(r"right: ([\d.]+)", printed)]  # of steps 1, 2 and 3
    assert len(right) == 3 and right[0] == right[1]  # the same weights, the same answers
    assert min(right) > 0.9  # 0.5 would be a guess
    assert (folder / "exported" / "saved_model.pb").exists()
    assert (folder / "for_tf1" / "model.ckpt.index").exists()
