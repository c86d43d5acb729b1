"""One table of ratios: slimzoo against keras.applications, the same call on both sides.

    python tools/bench.py                              # everything: 30 pairs a row, some hours
    python tools/bench.py --pairs 5 load 'forward/*/1'     # some rows, quickly
    python tools/bench.py --markdown table.md --json table.json

Each row runs in a process of its own, after imports and a warm-up; "load" in a new process for every
measurement, after its imports, as a user meets it. The two sides are measured in turn, and every other pair
begins with the other side. A ratio is formed in each pair. The table shows their median with its one-sided
95 % bound (order statistics, no assumption on the distribution) on the side that could miss the target:
"pass" if the bound meets it, "open" if only the median does, "FAIL" if not even that; "absent" where this
slimzoo does not have the network, or a package that the row needs is not installed. Random weights, float32.
Files go to a temporary folder (--folder; 4 GB), which is removed. Exit code 1 if a row fails.
"""

import argparse
import datetime
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from slimzoo.catalogue.machine import cores, processor
from tools.benchmarks.pairs import Row, Settings
from tools.benchmarks.rows import ROWS, select
from tools.benchmarks.statistics import judge


def main(arguments: list[str] | None = None) -> int:
    """Measures the rows that are asked for, one process each, and prints the table."""
    options = _parser().parse_args(arguments)
    if options.child:
        return _measure_here(options)
    try:
        rows = select(options.rows)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if options.list:
        for row in rows:
            print(f"{row.key:32} {row.title}; {row.target}")
        return 0
    report = {"machine": machine(), "pairs": options.pairs, "rows": []}
    results = report["rows"]
    stopped = False
    with tempfile.TemporaryDirectory(prefix="slimzoo-bench-", dir=options.folder) as folder:
        try:
            for row in rows:
                results.append(_run(row, options.pairs, Path(folder)))
                print(_line(results[-1]), file=sys.stderr, flush=True)
        except KeyboardInterrupt:
            stopped = True
            print(f"stopped after {len(results)} of {len(rows)} rows", file=sys.stderr)
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    table = render(report)
    if options.markdown:
        options.markdown.write_text(table + "\n")
    print(table)
    return 130 if stopped else int(any(row["word"] in ("FAIL", "error") for row in results))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "rows", nargs="*", help="keys of rows, or patterns of them; default: all (see --list)"
    )
    parser.add_argument("--pairs", type=int, default=30, help="measurements of each side (default: 30)")
    parser.add_argument("--folder", help="where the temporary folder is made")
    parser.add_argument("--json", type=Path, help="write everything measured to this file")
    parser.add_argument("--markdown", type=Path, help="write the table to this file")
    parser.add_argument("--list", action="store_true", help="name the rows and stop")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)  # folder, file of the result
    return parser


def _run(row: Row, pairs: int, folder: Path) -> dict:
    """Measures `row` in a process of its own; what it says goes to stderr."""
    print(f"{row.key} ...", file=sys.stderr, flush=True)
    result = folder / "result.json"
    command = [sys.executable, __file__, row.key, "--pairs", str(pairs), "--child", str(folder), str(result)]
    if code := subprocess.run(command, check=False, stdout=sys.stderr).returncode:
        failed = {"key": row.key, "title": row.title, "target": str(row.target), "word": "error"}
        return {**failed, "notes": [f"its process ended with {code}"]}
    sample = json.loads(result.read_text())
    if not sample:
        why = ", ".join(_missing(row))
        notes = [f"not installed: {why}"] if why else []
        absent = {"key": row.key, "title": row.title, "target": str(row.target), "word": "absent"}
        return {**absent, "notes": notes}
    return summarise(row, **sample)


def _measure_here(options: argparse.Namespace) -> int:
    folder, result = map(Path, options.child)
    row = ROWS[options.rows[0]]
    there = not _missing(row) and (row.network is None or _is_registered(row.network))
    sample = vars(row.measure(Settings(options.pairs, folder))) if there else {}
    result.write_text(json.dumps(sample))
    return 0


def _missing(row: Row) -> list[str]:
    return [package for package in row.needs if importlib.util.find_spec(package) is None]


def _is_registered(network: str) -> bool:
    import slimzoo

    return network in slimzoo.list_models()


def summarise(row: Row, ours: list[float], theirs: list[float], notes: list[str]) -> dict:
    """Returns everything about a measured row, as --json writes it."""
    ratios = [row.ratio(a, b) for a, b in zip(ours, theirs, strict=True)]
    verdict = judge(ratios, row.target)
    return {
        "key": row.key,
        "title": row.title,
        "target": str(row.target),
        **vars(verdict),
        "ours_median": statistics.median(ours),
        "theirs_median": statistics.median(theirs),
        "unit": row.unit,
        "notes": notes,
        "ours": ours,
        "theirs": theirs,
    }


def machine() -> str:
    """Returns what the numbers depend on, in a line."""
    names = ("tensorflow", "keras", "numpy")
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in names)
    load = f", load average {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return (
        f"{processor()}, {cores()} cores; Python {platform.python_version()}, {versions}; "
        f"{datetime.date.today()}{load}"
    )


def render(report: dict) -> str:
    """Returns the table in Markdown."""
    lines = [
        f"{report['machine']}; {report['pairs']} interleaved pairs a row",
        "",
        "| | median | 95 % bound | target | | ours | theirs | |",
        "|---|---:|---:|---|---|---:|---:|---|",
    ]
    return "\n".join([*lines, *map(_line, report["rows"])])


def _line(row: dict) -> str:
    if row["word"] in ("error", "absent"):
        why = "; ".join(row.get("notes", ()))
        return f"| {row['title']} | | | {row['target']} | {row['word']} | | | {why} |"
    bound = "-" if row["bound"] is None else f"{row['bound']:.3f}"
    cells = [row["title"], f"{row['median']:.3f}", bound, row["target"], row["word"]]
    cells += [_quantity(row[f"{side}_median"], row["unit"]) for side in ("ours", "theirs")]
    return "| " + " | ".join([*cells, "; ".join(row["notes"])]) + " |"


def _quantity(value: float, unit: str) -> str:
    if value == 0:
        return "-"
    if unit == "B":
        return f"{value / 1e6:.0f} MB"
    return f"{value * 1e3:.1f} ms" if value < 1 else f"{value:.2f} s"


if __name__ == "__main__":
    sys.exit(main())
