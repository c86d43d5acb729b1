"""Looks for files that break a reader, led by which lines of the readers each file reaches.

    pip install atheris
    python tools/fuzz.py --seconds 120                   # shared out among all readers
    python tools/fuzz.py --seconds 600 tflite torch      # these
    python tools/fuzz.py --seconds-each 120              # so long for every reader

It begins with the small files of tests/converters/test_mutations.py, made at run time, and holds each reader
to what that test does: arrays, SlimzooError or FileNotFoundError, within 5 s and 2 GB, and nothing written.
Prints how many files were read, by reader, and what failed, and keeps those that did. Exit code 1: some.
"""

import argparse
import importlib.util
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
_FEW = 20  # different failures of one reader that are kept
_COUNT = re.compile(r"stat::number_of_executed_units: (\d+)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzzes what `arguments` say; returns the exit code."""
    options = _parse(arguments)
    if options.child:
        _fuzz(options.child, options.seconds)
        return 0
    kept = Path(tempfile.mkdtemp(prefix="fuzz-"))
    executions, failures = 0, 0
    for reader in options.readers:
        found = _fuzzed(kept, reader, options.seconds_each or options.seconds // len(options.readers))
        executions, failures = executions + found["executions"], failures + len(found["failures"])
        print(f"{reader}: {found['executions']:,} files", *found["failures"], sep="\n  ", flush=True)
    print(f"{executions:,} files, {failures} failures" + f", kept in {kept}" * bool(failures))
    return 1 if failures else 0


def _fuzzed(kept: Path, reader: str, seconds: int) -> dict[str, Any]:
    """Returns how many files a reader was given in `seconds`, shared among its samples, and what failed."""
    count = len(_samples()[reader])
    runs = [_run(kept, reader, number, max(seconds // count, 1)) for number in range(count)]
    return {
        "executions": sum(found["executions"] for found in runs),
        "failures": [failure for found in runs for failure in found["failures"]],
    }


def _parse(arguments: Sequence[str] | None) -> Any:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("readers", nargs="*", help="formats, as tflite; all of them if none is named")
    parser.add_argument("--seconds", type=int, default=120, help="in all (120)")
    parser.add_argument("--seconds-each", type=int, default=0, help="for each reader, in place of --seconds")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        return options
    if unknown := set(options.readers) - set(_samples()):
        parser.error(f"no reader is called {', '.join(sorted(unknown))}; there are {', '.join(_samples())}")
    if not importlib.util.find_spec("atheris"):
        parser.error("atheris, which leads the search, is not installed: pip install atheris")
    options.readers = options.readers or list(_samples())
    return options


def _samples() -> dict[str, tuple]:
    sys.path[:0] = [str(ROOT)] * (str(ROOT) not in sys.path)
    from tests.converters.test_mutations import SAMPLES

    return SAMPLES


def _run(kept: Path, reader: str, number: int, seconds: int) -> dict[str, Any]:
    """Returns how many files a reader was given in a process of its own, and what failed."""
    from tests.converters.conftest import saved
    from tests.converters.mutations import write_job

    folder = kept / f"{reader}-{number}"
    folder.mkdir()
    sample = _samples()[reader][number](folder, saved)
    write_job(folder, replace(sample, forks=True))  # any file may turn into HDF5
    command = [sys.executable, __file__, "--child", str(folder), "--seconds", str(seconds)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=seconds + 120)
    count = _COUNT.search(done.stderr)
    log = folder / "failures"
    failures = log.read_text().splitlines() if log.is_file() else []
    if not count:
        failures.append(f"the process ended ({done.returncode}): {done.stderr.strip()[-500:]}")
    return {"executions": int(count[1]) if count else 0, "failures": failures}


def _fuzz(folder: Path, seconds: int) -> None:
    """Gives the reader of the sample in `folder` changed copies of it; does not return."""
    import atheris

    sys.path.insert(0, str(ROOT))
    with atheris.instrument_imports(include=["slimzoo.converters"]):
        import slimzoo.converters.formats  # noqa: F401
    from tests.converters import mutations

    check, sample = mutations.watched(folder)
    corpus = folder / "corpus"
    corpus.mkdir()
    (corpus / "sample").write_bytes((folder / sample.mutated).read_bytes())
    seen: set[str] = set()

    def one(data: bytes) -> None:
        result = check(data)
        if result not in ("read", "refused") and result not in seen and len(seen) < _FEW:
            seen.add(result)
            (folder / f"failure-{len(seen)}").write_bytes(data)
            with open(folder / "failures", "a") as log:
                log.write(f"failure-{len(seen)}: {' '.join(result.split())}\n")

    limits = [f"-max_total_time={seconds}", "-max_len=65536", "-rss_limit_mb=4096", "-timeout=30"]
    atheris.Setup([sys.argv[0], *limits, "-print_final_stats=1", str(corpus)], one)
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
