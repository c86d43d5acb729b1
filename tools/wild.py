"""Does a public program compute today what it computed? It runs in TensorFlow 1.15 and in `slimzoo run`.

    python tools/wild.py ssd --sources SOURCES --tf115 venv115/bin/python    # SOURCES/SSD-Tensorflow
    python tools/wild.py my_driver.py --checkout old_program --tf115 ...     # a driver and a folder of yours
    python tools/wild.py --sources SOURCES --tf115 ... --json wild.json --table tools/programs/README.md

The program's folder is copied, and a driver runs in the copy, once in each world (tools/worlds/record.py says
what a driver is; those of tools/programs name their program's repository, commit and licence, and nothing of
it is kept here). Each variable's value is drawn from its name: both worlds compute with the same numbers.
Printed are names, shapes, order and outputs, and the noise: how far TF 1.15 is from itself in one thread,
with every value moved by one rounding. --json is what --table takes the other programs' rows from.
Exit code 1: a program does not run today or differs; 2: it does not run in TF 1.15, or there is no such file.
"""

import argparse
import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tools.worlds.compare import Comparison, compare, is_over

TOOLS = Path(__file__).resolve().parent
PROGRAMS, RECORD = TOOLS / "programs", TOOLS / "worlds" / "record.py"
TIMEOUT_S = 1800
TRACE_LINES = 12
ERROR = re.compile(r"[\w.]*(Error|Exception)\b")  # TF 1.15 shows it before a long list of where ops were made
FACTS: dict[str, Any] = {  # what a driver says at its top, and what it is if it does not
    "REPOSITORY": "",
    "COMMIT": "",
    "LICENCE": "",
    "SUBJECT": "",
    "FOLDERS": (".",),  # of the program, that are on sys.path
    "PYTHON_2": False,  # its files are taken to Python 3 by lib2to3 first, for both worlds
    "EDITS": {},  # file: ((old, new), ...), what TF 1.15 on Python 3 itself wants changed
}
HEADER = (
    "| program | what | variables | outputs: difference, noise | two steps: difference, noise | |\n"
    "|---|---|---|---|---|---|"
)


class Problem(Exception):
    """Something that keeps a program from running; the message is for the user."""


@dataclass(frozen=True)
class Worlds:
    """The commands that run record.py: TensorFlow 1.15's Python, and today's slimzoo."""

    then: tuple[str, ...]
    now: tuple[str, ...]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the programs that the command line names, prints what came of each, and returns the exit code."""
    options = _parser().parse_args(arguments)
    slimzoo = (sys.executable, "-m", "slimzoo", "run", str(RECORD))
    worlds = Worlds((options.tf115, str(RECORD), "--again"), slimzoo)
    try:
        drivers = [driver_file(name) for name in options.drivers] or sorted(PROGRAMS.glob("*.py"))
        results = [_result(driver, options, worlds) for driver in drivers]
    except Problem as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    if options.json:
        _update(options.json, results)
    if options.table:
        write_table(options.table, json.loads(options.json.read_text()) if options.json else results)
    codes = [2 if "then" in result["fails"] else 0 if result["equal"] else 1 for result in results]
    return max(codes)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("drivers", nargs="*", help="names in tools/programs, or files; all of tools/programs")
    parser.add_argument("--tf115", required=True, metavar="PYTHON", help="a Python that has TensorFlow 1.15")
    parser.add_argument("--sources", type=Path, default=Path(), metavar="DIR", help="holds the checkouts")
    parser.add_argument("--checkout", type=Path, metavar="DIR", help="the program, if it is elsewhere")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there, beside others'")
    parser.add_argument("--table", type=Path, metavar="FILE", help="write the table into that page")
    parser.add_argument("--verbose", action="store_true", help="print every array")
    return parser


def driver_file(name: str) -> Path:
    """Returns the driver's file: a path, or a name in tools/programs."""
    for path in (Path(name), PROGRAMS / f"{name}.py"):
        if path.is_file():
            return path.resolve()
    known = ", ".join(sorted(path.stem for path in PROGRAMS.glob("*.py")))
    raise Problem(f"{name}: no such file, and no driver of tools/programs; there are {known}")


def facts(driver: Path) -> dict[str, Any]:
    """Returns the driver's FACTS without running it."""
    found = dict(FACTS)
    for line in ast.parse(driver.read_text()).body:
        if isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name):
            name = line.targets[0].id
            if name in FACTS:
                found[name] = ast.literal_eval(line.value)
    return found


def _result(driver: Path, options: argparse.Namespace, worlds: Worlds) -> dict[str, Any]:
    about = facts(driver)
    checkout = options.checkout or options.sources / about["REPOSITORY"].rpartition("/")[2]
    if not checkout.is_dir():
        raise Problem(f"{checkout}: no folder; check out {about['REPOSITORY']} at {about['COMMIT']} there")
    result = {
        "program": driver.stem,
        **{k.lower(): about[k] for k in ("REPOSITORY", "COMMIT", "LICENCE", "SUBJECT")},
    }
    result.update(run_both(driver, checkout, about, worlds))
    print(line(result), flush=True)
    print("".join(f"    {text}\n" for text in details(result, options.verbose)), end="", flush=True)
    return result


def run_both(driver: Path, checkout: Path, about: dict[str, Any], worlds: Worlds) -> dict[str, Any]:
    """Runs the driver in both worlds; returns the Comparison as plain data, and why a world failed."""
    with tempfile.TemporaryDirectory(prefix="wild-") as temporary:
        program = _copy(checkout, Path(temporary) / "program", about, worlds)
        fails, folders = {}, {}
        for world, command in (("then", worlds.then), ("now", worlds.now)):
            folders[world] = Path(temporary) / world
            folders[world].mkdir()
            why = _run([*command, str(driver), str(folders[world]), *about["FOLDERS"]], program)
            if why:
                fails[world] = why
        if fails:
            return {**Comparison().as_json(), "equal": False, "fails": fails}
        return {**_compared(folders["then"], folders["now"]).as_json(), "fails": {}}


def _copy(checkout: Path, target: Path, about: dict[str, Any], worlds: Worlds) -> Path:
    shutil.copytree(checkout, target, symlinks=True, ignore=shutil.ignore_patterns(".git"))
    if about["PYTHON_2"]:
        command = [worlds.then[0], "-m", "lib2to3", "-w", "-n", "--no-diffs", "."]
        subprocess.run(command, cwd=target, capture_output=True, check=False)
    for name, edits in about["EDITS"].items():
        text = (target / name).read_text()
        for old, new in edits:
            if old not in text:
                raise Problem(f"{checkout / name} does not say {old!r}, which the driver's EDITS change")
            text = text.replace(old, new)
        (target / name).write_text(text)
    return target


def _run(command: Sequence[str], folder: Path) -> list[str]:
    """Runs the command in `folder`; returns the last lines of stderr if it failed."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": "-1"}
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S
        )
    except OSError as error:
        raise Problem(f"{command[0]}: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        return [f"more than {TIMEOUT_S} s"]
    if not done.returncode:
        return []
    lines = (done.stderr or done.stdout).splitlines()
    errors = [text for text in lines[:-TRACE_LINES] if ERROR.match(text)]
    return [*errors[-2:], *lines[-TRACE_LINES:]] or [f"exit code {done.returncode}"]


def _compared(then: Path, now: Path) -> Comparison:
    arrays = [
        np.load(folder / file)
        for folder, file in ((then, "arrays.npz"), (then, "again.npz"), (now, "arrays.npz"))
    ]
    records = [json.loads((folder / "record.json").read_text()) for folder in (then, now)]
    return compare(records[0], records[1], arrays[0], arrays[1], arrays[2])


def word(result: dict[str, Any]) -> str:
    """Returns what became of a program, in a word or two."""
    for world, said in (("then", "does not run in TF 1.15"), ("now", "does not run")):
        if world in result["fails"]:
            return said
    return "equal" if result["equal"] else "differs"


def line(result: dict[str, Any]) -> str:
    """Returns the line that says what became of a program."""
    return (
        f"{result['program']}: {word(result)}; {result['variables']} variables, "
        f"{len(result['arrays'])} arrays, difference {result['worst']:.1e}, noise {result['noise']:.1e}"
    )


def details(result: dict[str, Any], verbose: bool) -> list[str]:
    """Returns what is behind the line: why a world failed, what differs, and every array if `verbose`."""
    lines = [f"{world}: {text}" for world, texts in result["fails"].items() for text in texts]
    lines += result["differences"]
    for name, row in result["arrays"].items():
        if verbose or is_over(row):
            lines.append(
                f"{name} {row['shape']}: difference {row['difference']:.1e}, noise {row['noise']:.1e}"
            )
    return lines


def _update(file: Path, results: list[dict[str, Any]]) -> None:
    known = json.loads(file.read_text()) if file.is_file() else []
    new = {result["program"]: result for result in [*known, *results]}
    file.write_text(json.dumps([new[name] for name in sorted(new)], indent=1) + "\n")


def write_table(page: Path, results: list[dict[str, Any]]) -> None:
    """Writes the results as a table in place of the one on the page, or at its end."""
    text = page.read_text() if page.is_file() else ""
    before, found, after = text.partition(HEADER.splitlines()[0])
    rest = after.splitlines()
    while found and rest and (not rest[0] or rest[0].startswith("|")):
        rest.pop(0)
    rows = "\n".join(table_row(result) for result in results)
    page.write_text(f"{before}{HEADER}\n{rows}\n" + ("\n" + "\n".join(rest) + "\n" if rest else ""))


def table_row(result: dict[str, Any]) -> str:
    """Returns the program's row of the table."""
    program = f"{result['repository']} {result['commit'][:8]} ({result['licence'] or 'no licence'})"
    figures = " | ".join(worst_of(result, phase) for phase in ("build", "train"))
    return f"| {program} | {result['subject']} | {result['variables']} | {figures} | {word(result)} |"


def worst_of(result: dict[str, Any], phase: str) -> str:
    """Returns the largest difference and noise of the phase's arrays, as the table has them."""
    rows = [row for name, row in result["arrays"].items() if name.startswith(f"{phase}/")]
    worst = [max(row[key] for row in rows) for key in ("difference", "noise")] if rows else []
    return ", ".join(f"{value:.0e}" if value else "0" for value in worst)


if __name__ == "__main__":
    sys.exit(main())
