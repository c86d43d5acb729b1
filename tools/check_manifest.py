"""Checks the rows of the weights manifest, and with --online the files that they name.

    python tools/check_manifest.py                       # rows: complete, consistent, of known networks
    python tools/check_manifest.py --online              # and every source: is it there, with that size?
    python tools/check_manifest.py --online --hashes vgg_16 mobilenet_v1.slim_in1k_224

--hashes downloads each file (about 20 GB for all of them), compares its digests with the published ones, and
prints those of files of which nobody published any, to be compared from two places before they are written
into a row. Exit code 1: something is wrong.
"""

import argparse
import fnmatch
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slimzoo.converters import name_maps
from slimzoo.errors import SlimzooError
from slimzoo.labels import named
from slimzoo.preprocessing import Preprocessing
from slimzoo.registry import is_network
from slimzoo.weights import hub
from slimzoo.weights.download import SourceError, Wanted, download, probe
from slimzoo.weights.manifest import WeightsRow, read_manifest

FOLDER = Path(__file__).resolve().parents[1] / "weights_manifest"


def main(arguments: Sequence[str] | None = None) -> int:
    """Checks what `arguments` say; returns the exit code."""
    options = _parse(arguments)
    try:
        rows = read_manifest(options.folder)
    except SlimzooError as error:
        print(error)
        return 1
    chosen = [row for row in rows if not options.names or _is_named(row, options.names)]
    problems = [f"{row}: {problem}" for row in chosen for problem in row_problems(row)]
    problems += manifest_problems(rows)
    if options.online:
        problems += [line for row in chosen for line in _online(row, options.hashes)]
    print("\n".join([*problems, f"{len(chosen)} rows checked, {len(problems)} problems"]))
    return 1 if problems else 0


def _parse(arguments: Sequence[str] | None) -> Any:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="rows, as vgg_16.slim_in1k, networks, or patterns of these")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="of the *.toml files")
    parser.add_argument("--online", action="store_true", help="ask every source for its file's size")
    parser.add_argument("--hashes", action="store_true", help="with --online: download and hash")
    return parser.parse_args(arguments)


def _is_named(row: WeightsRow, names: Iterable[str]) -> bool:
    return any(fnmatch.fnmatch(str(row), name) or row.network == name for name in names)


# --- what can be said without a network ---


def row_problems(row: WeightsRow) -> list[str]:
    """Returns what is wrong with `row` beyond what reading it checks."""
    return [problem for check in CHECKS for problem in check(row)]


def _of_a_network(row: WeightsRow) -> Iterable[str]:
    if not is_network(row.network):
        yield f"there is no network {row.network!r}"


def _preprocessing(row: WeightsRow) -> Iterable[str]:
    try:
        Preprocessing.from_dict(row.preprocessing)
    except SlimzooError as error:
        yield str(error)


def _classes(row: WeightsRow) -> Iterable[str]:
    wanted = len(named(row.labels, row.label_offset))
    if row.num_classes != wanted:
        yield f"{row.num_classes} classes, where its labels are {wanted}"


def _accuracy(row: WeightsRow) -> Iterable[str]:
    if row.top1 is not None and not row.accuracy_source:
        yield "an accuracy without a source"
    if row.top1 is not None and row.top5 is not None and not 0 < row.top1 < row.top5 < 100:
        yield f"top-1 {row.top1} and top-5 {row.top5} cannot both be right"


def _name_map(row: WeightsRow) -> Iterable[str]:
    if row.maths == "other":
        return
    try:
        name_maps.get_name_map(row.name_map, row.network)
    except SlimzooError as error:
        yield str(error)


def _words(row: WeightsRow) -> Iterable[str]:
    for name in ("license", "provenance"):
        if not getattr(row, name):
            yield f"{name} is empty"


CHECKS: tuple[Callable[[WeightsRow], Iterable[str]], ...] = (
    _of_a_network,
    _preprocessing,
    _classes,
    _accuracy,
    _name_map,
    _words,
)


def manifest_problems(rows: Sequence[WeightsRow]) -> list[str]:
    """Returns what is wrong with rows beside each other: one content has one row; a default can be loaded."""
    owner: dict[tuple[str, str], WeightsRow] = {}
    problems = []
    for row in rows:
        for source in row.sources:
            other = owner.setdefault((source, row.member), row)
            if other is not row:
                problems.append(f"{row}: {source} is a source of {other} too")
    for row in {row.network: row for row in reversed(rows)}.values():
        if row.maths != "same":
            problems.append(f"{row} is the first of its network, and its maths are not the same")
    return problems


# --- what the sources have ---


@dataclass(frozen=True)
class _File:
    """What a source has: `size` in bytes, 0 where it does not say."""

    size: int
    digests: dict[str, str]


def _online(row: WeightsRow, hashes: bool) -> list[str]:
    """Asks every source of `row`; prints a line for each, returns what is wrong."""
    problems = []
    for source in row.sources:
        if source.startswith("package:"):
            continue
        try:
            found = _fetch(row, source) if hashes else _File(_size(source), {})
        except SourceError as error:
            problems.append(f"{row}: {source}: {error}")
            continue
        print(
            f"{row}: {source}: {found.size:,} bytes {' '.join(f'{n} {d}' for n, d in found.digests.items())}"
        )
        if row.size and found.size and found.size != row.size:
            problems.append(f"{row}: {source} has {found.size:,} bytes, not {row.size:,}")
        problems += [
            f"{row}: {source} has the {name} {digest}, not {row.published[name]}"
            for name, digest in found.digests.items()
            if row.published.get(name, digest) != digest
        ]
        if row.hint and not found.digests.get("sha256", row.hint).startswith(row.hint):
            problems.append(f"{row}: the sha256 of {source} does not begin with {row.hint}, as its name says")
    return problems


def _size(source: str) -> int:
    if not source.startswith("hf://"):
        return probe(source)
    address, headers = hub.plain_address(source)
    return probe(address, headers)


def _fetch(row: WeightsRow, source: str) -> _File:
    address, headers = hub.plain_address(source) if source.startswith("hf://") else (source, {})
    algorithms = tuple(dict.fromkeys(("sha256", *row.published)))
    wanted = Wanted(url=address, size=0, verified=True, algorithms=algorithms, headers=headers)
    with tempfile.TemporaryDirectory(prefix="slimzoo-manifest-") as folder:
        part = Path(folder) / "file.part"
        found = download(wanted, part)
        return _File(part.stat().st_size, found.digests)


if __name__ == "__main__":
    sys.exit(main())
