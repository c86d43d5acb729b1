"""The page: `ReportData` turned into what the template shows, every number already text."""

import math
import shlex
from collections import Counter
from collections.abc import Mapping
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any, NamedTuple

from markupsafe import Markup

from slimzoo.errors import counted, some
from slimzoo.facts import tricks
from slimzoo.report import charts
from slimzoo.report.data import STATES, ClassAP, Layer, ReportData, Run, image_file
from slimzoo.report.history import History, best_step, last_step, series
from slimzoo.report.views import CARDS, confusion_view, example_group, learnt
from slimzoo.report.words import fact_rows, figure, fill, in_words, interval, percent

LONG = 60  # classes; of more, the ends are shown and the rest is folded or left out
END = 20
FEW = 5  # positives: the average precision of fewer says little
FIRM = 0.2  # the widest interval of a figure that is set large


def render(data: ReportData, folder: Path) -> str:
    """Returns the whole page; `folder` is where relative image paths are looked for."""
    return fill("report.html.j2", context(data, folder))


def context(data: ReportData, folder: Path) -> dict[str, Any]:
    best = data.best_step if data.best_step is not None else best_step(data.history)
    runs = [Run(data.run_name, data.history, data.map), *data.comparison]
    runs = [run._replace(map=best_map(run.map, run.history)) for run in runs]
    return {
        "data": data,
        "mean_ap": runs[0].map,
        "headline": headline(data, runs[0].map),
        "facts": fact_rows(data.facts),
        "precisions": precision_curves(data),
        "best": best,
        "last": last_step(data.history),
        "runs": [
            run_row(run, runs[0], best if i == 0 else best_step(run.history)) for i, run in enumerate(runs)
        ],
        "charts": [chart._replace(svg=Markup(chart.svg)) for chart in charts.curves(runs, best)],
        "ap": ap_tables(ap_rows(data)),
        "learnt": learnt(data.samples),
        "counts": count_tables(data),
        "layers": LayerView(data.layers),
        "looked": any(example.seen for example in data.examples),
        "groups": [example_group(data.examples, group, folder) for group in ("right", "wrong")],
        "confusion": confusion_view(data.confusion) if data.confusion else None,
        "tricks": tricks.lines(data.settings),
        "tables": {"Settings": pairs(data.settings), "Environment": pairs(data.environment)},
        "load": load_lines(folder, data.command, _photo(data, folder)),
    }


# Headline and curves
class Headline(NamedTuple):
    """The first figure; `firm` says that the images measured on are enough for it to be set large."""

    name: str
    value: float
    span: str  # its interval, in words
    firm: bool
    warnings: list[str]


def headline(data: ReportData, mean_ap: float) -> Headline:
    """mAP where an image has several classes or nothing else was measured, with how far it can be trusted."""
    low, high = data.map_interval
    known = math.isfinite(low) and math.isfinite(high)
    firm = known and high - low <= FIRM and math.isfinite(mean_ap)
    span = interval(data.map_interval) if known else ""
    return Headline("mAP, all-point", mean_ap, span, firm, _warnings(data, mean_ap, known))


def _warnings(data: ReportData, mean_ap: float, known: bool) -> list[str]:
    low, high = data.map_interval
    said = []
    if known and high - low > FIRM:
        others = f"Another {counted(data.images, 'image')}" if data.images else "Other images"
        said.append(
            f"{others} could as well give {figure(low, 2)} or {figure(high, 2)}: too few were measured on to "
            "choose between models by this mAP."
        )
    if math.isfinite(mean_ap) and not known:
        said.append("How far mAP may be off was not recorded.")
    few = [name for name, ap in data.ap.items() if 0 < ap.positives < FEW]
    if few:
        said.append(
            f"Fewer than {FEW} images show {some(few, 8)} "
            f"({len(few)} of {len(data.ap)} classes): the average precision of so few says little."
        )
    return said


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

    @property
    def few(self) -> bool:
        """Whether there are too few positives for the figure to say much."""
        return not self.problem and self.positives is not None and self.positives < FEW


def ap_rows(data: ReportData) -> list[APRow]:
    """One row for every class, best first, those without a number last."""
    names = dict.fromkeys([*data.classes, *data.ap])
    rows = [_ap_row(name, data.ap.get(name)) for name in names]
    return sorted(rows, key=lambda row: (bool(row.problem), -row.all_point if not row.problem else 0.0))


class CountRow(NamedTuple):
    name: str
    train: int
    held_out: int
    share: float  # of the images to train on, to those of the class that has most


def count_tables(data: ReportData) -> list[tuple[str, bool, list[CountRow]]]:
    """Returns the tables to show, the most frequent class first: heading, whether it is folded, rows."""
    most = max((count.train for count in data.counts.values()), default=0) or 1
    rows = [CountRow(name, *count, count.train / most) for name, count in data.counts.items()]
    rows.sort(key=lambda row: -row.train)
    if len(rows) <= LONG:
        return [("", False, rows)] if rows else []
    ends = [(f"The {END} most frequent", False, rows[:END]), (f"The {END} rarest", False, rows[-END:])]
    return [*ends, (f"All {len(rows)} classes", True, rows)]


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


class PrecisionCurve(NamedTuple):
    """Precision over recall of a class: `path` is that of an SVG of 100 by 100, recall to the right."""

    name: str
    all_point: float
    path: str


def precision_curves(data: ReportData) -> list[PrecisionCurve]:
    """One curve a class, best first, of LONG classes at most."""
    drawn = [_curve(name, data) for name, points in data.curves.items() if points]
    return sorted(drawn, key=lambda curve: -curve.all_point if curve.all_point == curve.all_point else 2)[
        :LONG
    ]


def _curve(name: str, data: ReportData) -> PrecisionCurve:
    places = [(100 * recall, 100 - 100 * precision) for recall, precision in data.curves[name]]
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in [(0, places[0][1]), *places])
    known = data.ap.get(name)
    return PrecisionCurve(name, known.all_point if known else math.nan, path)


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


# Settings, environment, use
def pairs(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(str(key).replace("_", " "), in_words(value)) for key, value in values.items()]


def load_lines(folder: Path, command: str, photo: str = "photo.jpg", does: str = "predict") -> dict[str, str]:
    """How to use the model in `folder`; networks of one's own come by the --import of the run's `command`."""
    given = [word for source in _imports(command) for word in ("--import", source)]
    words = [
        "slimzoo",
        does,
        *given,
        "--model",
        str(folder),
        f"./{photo}" if photo.startswith("-") else photo,
    ]
    return {
        "python": f"import slimzoo\n\nmodel = slimzoo.load({str(folder)!r})",
        "shell": shlex.join(words),
    }


def _photo(data: ReportData, folder: Path) -> str:
    """An image that is there, so that the command works as it stands; else a name for one."""
    paths = (image_file(folder, example.image_path) for example in data.examples[:CARDS])
    return next((str(path) for path in paths if path.is_file()), "photo.jpg")


def _imports(command: str) -> list[str]:
    """The files and modules that `command` imported; none where it cannot be read."""
    try:
        words = shlex.split(command)
    except ValueError:
        return []
    both = pairwise([*words, ""])
    found = [after if word == "--import" else word.partition("--import=")[2] for word, after in both]
    return [source for source in found if source]
