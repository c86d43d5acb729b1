"""The page: `ReportData` turned into what the template shows, every number already text."""

import json
import math
import shlex
from collections import Counter
from collections.abc import Iterable, Mapping
from importlib import resources
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
from markupsafe import Markup, escape

from slimzoo.errors import clean
from slimzoo.report import charts
from slimzoo.report.data import STATES, ClassAP, Confusion, ExampleScore, Layer, ReportData, Run, image_file
from slimzoo.report.history import History, best_step, last_step, series
from slimzoo.report.thumbnails import Thumbnail, thumbnail

MATRIX_CLASSES = 26  # a larger confusion matrix is given as its pairs
PAIRS = 30
LONG = 60  # classes; of more, the ends are shown and the rest is folded or left out
END = 20
SHOWN_ABSENT = 3  # classes that are not in the image, under each picture


def render(data: ReportData, folder: Path) -> str:
    """Returns the whole page; `folder` is where relative image paths are looked for."""
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_resource),
        autoescape=True,
        finalize=_clean,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "figure": figure,
        "signed": signed,
        "count": count,
        "percent": percent,
        "breakable": breakable,
    }
    return environment.get_template("report.html.j2").render(context(data, folder))


def context(data: ReportData, folder: Path) -> dict[str, Any]:
    best = data.best_step if data.best_step is not None else best_step(data.history)
    runs = [Run(data.run_name, data.history, data.map), *data.comparison]
    runs = [run._replace(map=best_map(run.map, run.history)) for run in runs]
    return {
        "data": data,
        "mean_ap": runs[0].map,
        "best": best,
        "last": last_step(data.history),
        "runs": [
            run_row(run, runs[0], best if i == 0 else best_step(run.history)) for i, run in enumerate(runs)
        ],
        "charts": [chart._replace(svg=Markup(chart.svg)) for chart in charts.curves(runs, best)],
        "ap": ap_tables(ap_rows(data)),
        "layers": LayerView(data.layers),
        "groups": [example_group(data.examples, group, folder) for group in ("right", "wrong")],
        "confusion": confusion_view(data.confusion) if data.confusion else None,
        "tables": {"Settings": pairs(data.settings), "Environment": pairs(data.environment)},
        "load": load_lines(folder),
    }


def _resource(name: str) -> str:
    return resources.files("slimzoo.report").joinpath(name).read_text("utf-8")


# Numbers as text. A real minus sign and thin spaces are for the eye; tables align by tabular figures.
def figure(value: float, digits: int = 3) -> str:
    return f"{value:.{digits}f}".replace("-", "\u2212") if math.isfinite(value) else "not measured"


def signed(value: float, digits: int = 3) -> str:
    return ("+" if value >= 0 else "") + figure(value, digits)


def count(value: float) -> str:
    return f"{value:,.0f}".replace(",", "\u202f")


def percent(value: float) -> str:
    """`value` of 0..1; small but not nothing is "< 0.1 %"."""
    return "< 0.1 %" if 0 < value < 0.001 else f"{100 * value:.1f} %"


def _clean(value: Any) -> Any:
    """`value` as the page shows it: in text of any origin, no character that turns or hides it."""
    if isinstance(value, str):
        return type(value)(clean(value))  # Markup stays Markup
    return value


def breakable(scope: str) -> Markup:
    """`scope` escaped, with places where a narrow table may break it."""
    return Markup(str(escape(scope)).replace("/", "/<wbr>").replace("_", "_<wbr>"))


# Headline and curves
def best_map(measured: float, history: History) -> float:
    """The mAP that was measured, else that of the best evaluation in the history."""
    values = series(history, "map", "eval").values
    return measured if math.isfinite(measured) else max(values, default=math.nan)


class RunRow(NamedTuple):
    name: str
    map: float
    difference: float  # of this report's run to this one; nan for itself
    best: int | None


def run_row(run: Run, first: Run, best: int | None) -> RunRow:
    return RunRow(run.name, run.map, math.nan if run is first else first.map - run.map, best)


# Average precision by class
class APRow(NamedTuple):
    name: str
    all_point: float
    eleven_point: float
    positives: int | None
    problem: str


def ap_rows(data: ReportData) -> list[APRow]:
    """One row for every class, best first, those without a number last."""
    names = dict.fromkeys([*data.classes, *data.ap])
    rows = [_ap_row(name, data.ap.get(name)) for name in names]
    return sorted(rows, key=lambda row: (bool(row.problem), -row.all_point if not row.problem else 0.0))


def ap_tables(rows: list[APRow]) -> list[tuple[str, bool, list[APRow]]]:
    """Returns the tables to show: heading, whether it is folded, rows."""
    if len(rows) <= LONG:
        return [("", False, rows)] if rows else []
    measured = [row for row in rows if not row.problem]
    ends = [(f"Best {END}", False, measured[:END]), (f"Worst {END}", False, measured[-END:])]
    return [*(ends if len(measured) > 2 * END else []), (f"All {len(rows)} classes", True, rows)]


def _ap_row(name: str, ap: ClassAP | None) -> APRow:
    if ap is None:
        return APRow(name, math.nan, math.nan, None, "not measured")
    if ap.positives == 0:
        return APRow(name, math.nan, math.nan, 0, "no positives")
    return APRow(name, *ap, "" if math.isfinite(ap.all_point) else "not measured")


# Layers
class Stretch(NamedTuple):
    """Neighbouring layers of one state and source."""

    first: str
    last: str
    layers: int
    parameters: int
    share: float
    state: str
    source: str


class LayerView:
    """The layers with their share of the parameters, one by one and in stretches."""

    def __init__(self, layers: list[Layer]):
        self.total = sum(layer.parameters for layer in layers)
        self.rows = [(layer, layer.parameters / max(1, self.total)) for layer in layers]
        parameters: Counter[str] = Counter()
        for layer in layers:
            parameters[layer.state] += layer.parameters
        self.states = [(s, parameters[s], parameters[s] / max(1, self.total)) for s in STATES]
        self.stretches = [
            _stretch(list(group), self.total)
            for _, group in groupby(layers, key=lambda layer: (layer.state, layer.source))
        ]
        self.described = "; ".join(f"{state} {percent(share)}" for state, _, share in self.states)


def _stretch(layers: list[Layer], total: int) -> Stretch:
    first, last, parameters = layers[0], layers[-1], sum(layer.parameters for layer in layers)
    share = parameters / max(1, total)
    return Stretch(first.scope, last.scope, len(layers), parameters, share, first.state, first.source)


# Images
class ScoreRow(NamedTuple):
    name: str
    score: float
    state: str  # "found", "missed", "alarm" (absent, yet above a class that is there), "absent" or "ignored"


class Card(NamedTuple):
    name: str
    path: str
    margin: float
    true_labels: list[str]
    picture: Thumbnail
    rows: list[ScoreRow]


def example_group(examples: Iterable[ExampleScore], group: str, folder: Path) -> tuple[str, list[Card]]:
    """The cards of a group, the most extreme first."""
    chosen = [example for example in examples if example.group == group]
    chosen.sort(key=lambda example: example.score, reverse=group == "right")
    return group, [_card(example, folder) for example in chosen]


def _card(example: ExampleScore, folder: Path) -> Card:
    path = image_file(folder, example.image_path)
    return Card(
        path.name, str(path), example.score, example.true_labels, thumbnail(path), score_rows(example)
    )


def score_rows(example: ExampleScore) -> list[ScoreRow]:
    """The classes of the image and the best of the others, by score."""
    scores = {name: s if math.isfinite(s) else math.nan for name, s in example.scores.items()}
    true, ignored = dict.fromkeys(example.true_labels), set(example.ignored_labels)
    absent = {name: s for name, s in scores.items() if name not in true and name not in ignored}
    above = max((s for s in absent.values() if s == s), default=-math.inf)
    lowest = min((s for s in (scores.get(name, math.nan) for name in true) if s == s), default=math.inf)
    rows = [
        ScoreRow(n, scores.get(n, math.nan), "found" if scores.get(n, -math.inf) >= above else "missed")
        for n in true
    ]
    best = sorted(absent.items(), key=lambda item: _descending(item[1]))[:SHOWN_ABSENT]
    rows += [ScoreRow(name, s, "alarm" if s > lowest else "absent") for name, s in best]
    rows += [
        ScoreRow(name, s, "ignored") for name, s in scores.items() if name in ignored and name not in true
    ]
    return sorted(rows, key=lambda row: _descending(row.score))


def _descending(score: float) -> float:
    return -score if score == score else math.inf


# Confusion
class Instead(NamedTuple):
    """A class, how many of its images were missed, and what was taken for it, most often first."""

    name: str
    positives: int
    missed: int
    taken: list[tuple[str, int]]


class ConfusionView(NamedTuple):
    multi_label: bool
    matrix: list[tuple[str, list[tuple[int, float]], int]]  # class, (count, share of its images), images
    classes: list[str]
    missed: list[Instead]
    pairs: list[tuple[str, str, int, int]]  # true, taken for, times, images of the true class


def confusion_view(confusion: Confusion) -> ConfusionView:
    small = not confusion.multi_label and len(confusion.classes) <= MATRIX_CLASSES
    rows = list(zip(confusion.classes, confusion.counts, confusion.positives, strict=True))
    matrix = [(n, [(c, c / max(1, sum(counts))) for c in counts], positives) for n, counts, positives in rows]
    missed = [_instead(i, confusion) for i in range(len(confusion.classes))] if confusion.multi_label else []
    missed = sorted(missed, key=lambda row: (-row.missed / max(1, row.positives), -row.positives))[:LONG]
    return ConfusionView(
        confusion.multi_label,
        matrix if small else [],
        confusion.classes,
        missed,
        [] if confusion.multi_label or small else _pairs(confusion),
    )


def _instead(i: int, confusion: Confusion) -> Instead:
    taken = sorted(
        ((c, confusion.classes[o]) for o, c in enumerate(confusion.counts[i]) if c), key=lambda t: -t[0]
    )
    return Instead(
        confusion.classes[i],
        confusion.positives[i],
        sum(confusion.counts[i]),
        [(name, c) for c, name in taken[:3]],
    )


def _pairs(confusion: Confusion) -> list[tuple[str, str, int, int]]:
    wrong = [
        (confusion.classes[t], confusion.classes[o], c, confusion.positives[t])
        for t, counts in enumerate(confusion.counts)
        for o, c in enumerate(counts)
        if c and t != o
    ]
    return sorted(wrong, key=lambda pair: -pair[2])[:PAIRS]


# Settings, environment, use
def pairs(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(str(key), _text(value)) for key, value in values.items()]


def _text(value: Any) -> str:
    if isinstance(value, (dict, list, tuple)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return "\u2013" if value is None or value == "" else str(value)


def load_lines(folder: Path) -> dict[str, str]:
    return {
        "python": f"import slimzoo\n\nmodel = slimzoo.load({str(folder)!r})",
        "shell": f"slimzoo predict --model {shlex.quote(str(folder))} photo.jpg",
    }
