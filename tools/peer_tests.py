r"""Do the tests of tf-slim 1.1.0 pass on slimzoo? Its own test files, with `tf_slim` being slimzoo.

    python tools/peer_tests.py                                    # every file
    python tools/peer_tests.py layers/layers_test ops --baseline  # these, beside tf-slim itself with tf_keras
    python tools/peer_tests.py --source DIR learning_test         # DIR: where tf_slim is unpacked already

tf-slim is fetched from the package index into a temporary folder; only its test files are laid out for
pytest, so that nothing else of it can be imported by them. Each file runs in a process of its own. What had
to be put back or changed for the test files themselves to run today (SHIMS, EDITS) is the same for both.
Exit code 1: with --baseline, a test that passes there fails here; 2: something could not be run.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

PEER = "tf-slim==1.1.0"
REPOSITORY = Path(__file__).resolve().parents[1]
SUPPORT = Path(__file__).resolve().parent / "peer"  # where pytest finds the plug-in
TEST_FILE, TEST_SUPPORT = "*_test.py", "data/test_utils.py"
EDITS = {  # what test files say: what current NumPy wants there, for the same value
    "int(2 * self._labels[i] +": "int(2 * self._labels[i, 0] +",
    ".tostring()": ".tobytes()",
}
TIMEOUT_S = 1800  # a file; the largest takes minutes
OUTCOMES = ("passed", "failed", "skipped")

Outcomes = dict[str, str]  # test: one of OUTCOMES


class Problem(Exception):
    """Something that keeps the tests from running; the message is for the user."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs what the command line asks for, prints the tables, and returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory(prefix="peer-tests-") as folder:
            return _run(options, Path(folder))
    except Problem as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "files", nargs="*", help="test files or folders, as layers/layers_test or ops; all if none"
    )
    parser.add_argument(
        "--source", type=Path, metavar="DIR", help="holds the folder tf_slim; nothing is fetched"
    )
    parser.add_argument(
        "--baseline", action="store_true", help="run them on tf-slim itself with tf_keras too"
    )
    parser.add_argument("--keras", type=Path, metavar="DIR", help="holds tf_keras, for the baseline")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every test's outcome there too")
    parser.add_argument("--failures", action="store_true", help="show why each test failed")
    return parser


def _run(options: argparse.Namespace, folder: Path) -> int:
    peer = options.source or _fetch(PEER, folder / "peer")
    tree = lay_out(peer / "tf_slim", folder / "tests")
    files = select(tree, options.files)
    subjects = {"slimzoo": [REPOSITORY]}
    if options.baseline:
        subjects["baseline"] = [peer, options.keras or _fetch(_tf_keras(), folder / "keras")]
    results: dict[str, dict[str, Outcomes]] = {name: {} for name in subjects}
    _describe_changes()
    print(header(list(subjects)))
    for file in files:
        name = file.relative_to(tree).with_suffix("").as_posix()
        for subject, path in subjects.items():
            results[subject][name], reasons = _run_file(subject, file, tree, path)
            if options.failures and subject == "slimzoo":
                print("".join(f"  {test}: {why}\n" for test, why in reasons.items()), end="")
        print(row(name, [results[subject][name] for subject in subjects]), flush=True)
    print(row("all", [_merged(results[subject]) for subject in subjects]))
    if options.json:
        options.json.write_text(json.dumps(results, indent=1, sort_keys=True))
    return _judge(results) if options.baseline else 0


def _judge(results: dict[str, dict[str, Outcomes]]) -> int:
    worse = regressions(_merged(results["baseline"]), _merged(results["slimzoo"]))
    passing = sum(outcome == "passed" for outcome in _merged(results["baseline"]).values())
    print(f"\n{len(worse)} of the {passing} tests that pass on the baseline do not pass on slimzoo")
    print("".join(f"  {test}\n" for test in worse), end="")
    return 1 if worse else 0


def lay_out(package: Path, tree: Path) -> Path:
    """Copies the test files below `package`, and nothing else, to `tree`; returns `tree`."""
    found = [*sorted(package.rglob(TEST_FILE)), *package.glob(TEST_SUPPORT)]
    if not found:
        raise Problem(f"{package} holds no {TEST_FILE}; --source takes the folder in which tf_slim lies")
    for file in found:
        target = tree / file.relative_to(package)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_edited(file.read_text()))
    return tree


def _edited(text: str) -> str:
    for old, new in EDITS.items():
        text = text.replace(old, new)
    return text


def select(tree: Path, wanted: Iterable[str]) -> list[Path]:
    """Returns the test files of `tree` that `wanted` names by file or folder; all where it names none."""
    files = sorted(tree.rglob(TEST_FILE))
    names = {file: file.relative_to(tree).with_suffix("").as_posix() for file in files}
    plain = [name.removesuffix(".py").strip("/") for name in wanted]
    unknown = [name for name in plain if not any(_names(name, file) for file in names.values())]
    if unknown:
        raise Problem(f"no test file or folder {', '.join(unknown)}; there are {', '.join(names.values())}")
    return [file for file in files if not plain or any(_names(name, names[file]) for name in plain)]


def _names(wanted: str, file: str) -> bool:
    return file == wanted or file.startswith(wanted + "/")


def _fetch(requirement: str, target: Path) -> Path:
    command = (
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--target",
        str(target),
        requirement,
    )
    if subprocess.run(command).returncode:
        raise Problem(f"{requirement} could not be fetched; --source and --keras take folders that have it")
    return target


def _tf_keras() -> str:
    major, minor, *_ = version("tensorflow").split(".")
    return f"tf_keras=={major}.{minor}.*"


def _run_file(subject: str, file: Path, tree: Path, path: Sequence[Path]) -> tuple[Outcomes, dict[str, str]]:
    report = file.with_suffix(f".{subject}.xml")
    log = file.with_suffix(f".{subject}.log")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "plugin",
        "-p",
        "no:cacheprovider",
        "--import-mode=importlib",
    ]
    command += [f"--rootdir={tree}", "-c", os.devnull, f"--junitxml={report}", str(file)]
    with log.open("w") as output:
        try:
            subprocess.run(
                command, cwd=tree, env=_environment(subject, tree, path), stdout=output, stderr=output,
                timeout=TIMEOUT_S,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise Problem(f"{file.name} on {subject} took more than {TIMEOUT_S} s") from None
    if not report.exists():
        raise Problem(f"{file.name} on {subject} ended without a report:\n{log.read_text()[-2000:]}")
    return read_report(report.read_text())


def _environment(subject: str, tree: Path, path: Sequence[Path]) -> dict[str, str]:
    own = {
        "PYTHONPATH": os.pathsep.join(str(folder.resolve()) for folder in (SUPPORT, *path)),
        "PEER_TESTS_SUBJECT": subject,
        "PEER_TESTS_TREE": str(tree),
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    legacy = {"TF_USE_LEGACY_KERAS": "1"} if subject == "baseline" else {}
    kept = {name: value for name, value in os.environ.items() if name != "TF_USE_LEGACY_KERAS"}
    return {**kept, **own, **legacy}


def read_report(xml: str) -> tuple[Outcomes, dict[str, str]]:
    """Returns {test: outcome} and {failed test: first line of the reason} of a JUnit XML report."""
    outcomes, reasons = {}, {}
    for case in ElementTree.fromstring(xml).iter("testcase"):
        test = f"{case.get('classname')}.{case.get('name')}".strip(".")
        outcomes[test] = "passed"
        for child in case:
            if child.tag in ("failure", "error"):
                outcomes[test] = "failed"
                reasons[test] = _reason(child)
            elif child.tag == "skipped" and outcomes[test] == "passed":
                outcomes[test] = "skipped"
    return outcomes, reasons


def _reason(failure: ElementTree.Element) -> str:
    told = [line for line in (failure.text or "").splitlines() if line.startswith("E  ")]
    return told[0][2:].strip() if told else (failure.get("message") or "").partition("\n")[0]


def regressions(baseline: Outcomes, slimzoo: Outcomes) -> list[str]:
    """Returns the tests that pass on the baseline and do not on slimzoo."""
    return sorted(
        test for test, outcome in baseline.items() if outcome == "passed" and slimzoo.get(test) != "passed"
    )


def _merged(by_file: dict[str, Outcomes]) -> Outcomes:
    return {f"{file}: {test}": outcome for file, tests in by_file.items() for test, outcome in tests.items()}


def header(subjects: Sequence[str]) -> str:
    """Returns the first line of the table; a column an outcome and subject."""
    titles = [f"{subject} {outcome}" for subject in subjects for outcome in OUTCOMES]
    return "  ".join([f"{'file':34}", *(f"{title:>16}" for title in titles)])


def row(name: str, outcomes: Sequence[Outcomes]) -> str:
    """Returns a line of the table: how many tests of file `name` had which outcome."""
    counts = [sum(found == wanted for found in tests.values()) for tests in outcomes for wanted in OUTCOMES]
    return "  ".join([f"{name:34}", *(f"{count:16}" for count in counts)])


def _describe_changes() -> None:
    from tools.peer.plugin import SHIMS

    print("Put back for the test files (tools/peer/plugin.py), for slimzoo and the baseline alike:")
    for module, names in {**SHIMS, "nose.tools": ("nottest",)}.items():
        print(f"  {module}: {', '.join(names)}")
    print(f"Changed in the test files: {'; '.join(f'{old} -> {new}' for old, new in EDITS.items())}\n")


if __name__ == "__main__":
    sys.path.insert(0, str(REPOSITORY))
    sys.exit(main())
