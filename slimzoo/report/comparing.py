"""Several runs side by side on one page: figures, curves, average precision by class, other settings."""

import math
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from markupsafe import Markup

from slimzoo.errors import SlimzooError, listing, some
from slimzoo.files import write_text
from slimzoo.report import charts
from slimzoo.report.data import ReportData, Run
from slimzoo.report.history import best_step
from slimzoo.report.page import FEW, best_map
from slimzoo.report.words import count, fact_rows, figure, fill, in_words, interval
from slimzoo.report.write import read_report

COMPARISON = "comparison.html"
MOST = 12  # runs on a page
CLASSES = 200  # rows of average precisions; of more classes, those that differ most


class Row(NamedTuple):
    """One line of a table: a value a run, and which of them are the best."""

    name: str
    values: list[str]
    best: frozenset[int] = frozenset()


Runs = Mapping[str, ReportData]


def write_comparison(
    folders: Sequence[str | os.PathLike], path: str | os.PathLike = COMPARISON, overwrite: bool = False
) -> Path:
    """Writes the page that compares the runs in `folders` to `path`, and returns that.

    Raises:
      SlimzooError: a folder holds no finished run, or one that was not evaluated, or they have other classes;
        everything wrong is listed.
      FileExistsError: `path` is there and not `overwrite`.
    """
    runs = _read(folders)
    return write_text(path, fill("comparison.html.j2", _context(runs)), overwrite)


def _read(folders: Sequence[str | os.PathLike]) -> dict[str, ReportData]:
    names = [os.fspath(folder) for folder in folders]
    problems = [f"{name} is given more than once" for name in dict.fromkeys(names) if names.count(name) > 1]
    if not 2 <= len(names) <= MOST:
        problems.append(f"{len(names)} runs were given; a page compares 2 to {MOST}")
    runs: dict[str, ReportData] = {}
    for name in dict.fromkeys(names):
        try:
            runs[name] = read_report(name)
        except (FileNotFoundError, SlimzooError) as error:
            problems.append(str(error))
    problems += [f"{name} was not evaluated: it has no mAP" for name, d in runs.items() if not _evaluated(d)]
    problems += _other_classes(runs)
    if problems:
        raise SlimzooError(listing("these runs cannot be compared:", problems))
    return runs


def _evaluated(data: ReportData) -> bool:
    return math.isfinite(best_map(data.map, data.history))


def _other_classes(runs: Runs) -> list[str]:
    """Says which runs have other classes than the first one."""
    first, *others = runs or [""]
    problems = []
    for other in others:
        here, there = dict.fromkeys(runs[first].classes), dict.fromkeys(runs[other].classes)
        lacks = [name for name in here if name not in there]
        more = [name for name in there if name not in here]
        said = [f"{word} {some(names)}" for word, names in (("lacks", lacks), ("adds", more)) if names]
        if said:
            problems.append(f"{other} has other classes than {first}: it {' and '.join(said)}")
    return problems


def _context(runs: Runs) -> dict[str, Any]:
    drawn = [Run(name, data.history, best_map(data.map, data.history)) for name, data in runs.items()]
    return {
        "names": list(runs),
        "title": f"{len(runs)} runs side by side",
        "figures": _figures(runs),
        "warnings": _warnings(runs),
        "facts": _facts(runs),
        "charts": [chart._replace(svg=Markup(chart.svg)) for chart in charts.curves(drawn, None)],
        "drawn": min(len(runs), len(charts.DASHES)),
        "classes": _classes(runs),
        "all_classes": len(_names_of_classes(runs)),
        "settings": _settings(runs),
    }


def _figures(runs: Runs) -> list[Row]:
    columns: dict[str, Callable[[ReportData], float]] = {
        "mAP, all-point": lambda data: best_map(data.map, data.history),
        "mAP, 11-point": lambda data: data.map_11point,
        "accuracy": lambda data: data.accuracy,
    }
    rows = []
    for name, of in columns.items():
        values = [of(data) for data in runs.values()]
        if any(map(math.isfinite, values)):
            rows.append(_row(name, values))
        if name == "mAP, all-point":
            rows.append(Row("its 95 % interval", [interval(data.map_interval) for data in runs.values()]))
    return rows


def _row(name: str, values: Sequence[float]) -> Row:
    highest = max((value for value in values if math.isfinite(value)), default=math.nan)
    return Row(name, [figure(v) for v in values], frozenset(i for i, v in enumerate(values) if v == highest))


def _warnings(runs: Runs) -> list[str]:
    said = []
    measured = {data.evaluated_on: name for name, data in runs.items()}
    if len(measured) > 1:
        where = "; ".join(f"{name}: {on or 'not recorded'}" for on, name in measured.items())
        said.append(f"Not all were measured on the same images, so their figures say little: {where}.")
    order = sorted(runs, key=lambda name: -best_map(runs[name].map, runs[name].history))
    best, *others = order
    near = [name for name in others if runs[name].map_interval[1] >= runs[best].map_interval[0]]
    if near:
        said.append(
            f"{best} has the highest mAP, but its interval overlaps that of {some(near)}: these images do "
            "not tell for certain which is better."
        )
    return said


def _facts(runs: Runs) -> list[Row]:
    columns = [
        {
            **dict(fact_rows(data.facts)),
            "measured on": data.evaluated_on or "not recorded",
            "best step": _step(data),
            "parameters": count(total)
            if (total := sum(e.parameters for e in data.layers))
            else "not recorded",
        }
        for data in runs.values()
    ]
    names = dict.fromkeys(name for column in columns for name in column)
    return [Row(name, [column.get(name, "not recorded") for column in columns]) for name in names]


def _step(data: ReportData) -> str:
    best = data.best_step if data.best_step is not None else best_step(data.history)
    return "not recorded" if best is None else count(best)


def _names_of_classes(runs: Runs) -> list[str]:
    return list(dict.fromkeys(name for data in runs.values() for name in data.classes))


def _classes(runs: Runs) -> list[tuple[Row, str]]:
    """A row a class with its positives; of very many classes, those whose figures differ most."""
    table = {name: [_ap(data, name) for data in runs.values()] for name in _names_of_classes(runs)}
    names = list(table)
    if len(names) > CLASSES:
        names = sorted(names, key=lambda name: -_spread(table[name]))[:CLASSES]
    return [(_row(name, table[name]), _positives(runs, name)) for name in names]


def _ap(data: ReportData, name: str) -> float:
    return data.ap[name].all_point if name in data.ap else math.nan


def _spread(values: Sequence[float]) -> float:
    finite = [value for value in values if math.isfinite(value)]
    return max(finite) - min(finite) if finite else -1.0


def _positives(runs: Runs, name: str) -> str:
    found = dict.fromkeys(data.ap[name].positives for data in runs.values() if name in data.ap)
    few = " (few)" if any(0 < number < FEW for number in found) else ""
    return " / ".join(map(count, found)) + few if found else "\u2013"


def _settings(runs: Runs) -> list[Row]:
    """What was not set alike; a run without a setting has "not set"."""
    columns = [data.settings for data in runs.values()]
    names = dict.fromkeys(name for column in columns for name in column)
    rows = [Row(name.replace("_", " "), [in_words(column.get(name)) for column in columns]) for name in names]
    return [row for row in rows if len(set(row.values)) > 1]
