"""Compared networks as a chart: published accuracy against multiply-adds, and against images per second."""

import re
import textwrap
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import matplotlib
import numpy as np
import textalloc
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from slimzoo.catalogue.comparison import Compared, comparable, measure_of
from slimzoo.catalogue.entries import Entry
from slimzoo.errors import SlimzooError, some
from slimzoo.files import atomic_write
from slimzoo.files.charts import check_suffix

WIDTH, HEIGHT = 11.5, 5.8  # inches: of the figure, of a panel
LINE = 0.17  # inches: of a line of the note
LETTERS = 185  # of such a line
SIZE = 5.5  # points: of a marker
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#6a51a3", "#a6761d", "#56b4e9", "#444444")
MARKERS = "osD^vP"
INK, MUTED, GRID = "#222222", "#6b6b6b", "#e2e2e2"
SETTINGS: dict[Any, Any] = {  # of matplotlib
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "svg.fonttype": "none",
    "svg.hashsalt": "slimzoo",
    "text.color": INK,
    "text.parse_math": False,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "grid.color": GRID,
}
Styles = dict[str, dict[str, Any]]  # {family: colour and marker}


class Panel(NamedTuple):
    """What accuracy is drawn against."""

    label: str
    short: str  # in the title
    value: Callable[[Compared], float | None]


MULTIPLY_ADDS = Panel("multiply-adds of one image", "multiply-adds", lambda row: row.entry.multiply_adds)
SPEED = Panel("images per second on this machine", "speed", lambda row: row.images_per_second)


def check_scored(entries: Sequence[Entry]) -> None:
    """Raises SlimzooError if an accuracy is published for none of `entries`: there is nothing to draw."""
    if not any(entry.score is not None for entry in entries):
        names = some([entry.name for entry in entries])
        raise SlimzooError(
            f"no accuracy is published for {names}: a chart has nothing to show. Leave --out away for the "
            "table, or compare others; `slimzoo list` shows which have one"
        )


def draw(rows: Sequence[Compared], path: str, overwrite: bool = False) -> None:
    """Writes the chart of `rows` to `path`.

    Raises: SlimzooError: the name ends in neither .png nor .svg, no row has an accuracy, or it cannot be
    written. FileExistsError.
    """
    check_suffix(path)
    check_scored([row.entry for row in rows])
    panels = [MULTIPLY_ADDS, *([SPEED] if any(row.images_per_second for row in rows) else [])]
    with matplotlib.rc_context(SETTINGS), atomic_write(path, overwrite) as temporary:
        figure = figure_of(rows, panels)
        kind = path.lower().rpartition(".")[2]
        metadata = {"Date": None} if kind == "svg" else {"Software": None}
        figure.savefig(temporary, format=kind, dpi=figure.dpi, facecolor="white", metadata=metadata)


def figure_of(rows: Sequence[Compared], panels: Sequence[Panel]) -> Figure:
    """Returns the drawing: a panel of accuracies each, and in a note the networks that have none."""
    published = comparable(rows)
    note = textwrap.wrap(_note(rows), LETTERS)
    height = len(panels) * HEIGHT + LINE * (len(note) + 1) + 0.4
    figure = Figure(figsize=(WIDTH, height), dpi=160)
    canvas = FigureCanvasAgg(figure)
    room = LINE * (len(note) + 0.6) / height
    figure.set_layout_engine("constrained", rect=(0, room, 1, 1 - room))
    figure.suptitle(_title(published, panels), fontsize=11, fontweight="bold")
    figure.text(0.012, LINE * 0.4 / height, "\n".join(note), fontsize=7.5, color=MUTED, va="bottom")
    styles = _styles(rows)
    drawn = []
    for panel, axes in zip(panels, np.ravel(figure.subplots(len(panels), 1)), strict=True):
        measured = [row for row in published if panel.value(row) is not None]
        _set_x_axis(axes, [panel.value(row) or 1 for row in measured or published], panel.label)
        _draw_accuracies(axes, measured, panel, styles)
        drawn.append((axes, measured, panel))
    canvas.draw()
    _settle(figure)
    for place in drawn:  # names are placed where the finished layout leaves room
        _name_points(*place, styles)
    return figure


def _title(published: Sequence[Compared], panels: Sequence[Panel]) -> str:
    against = " and ".join(panel.short for panel in panels)
    count = len(published)
    return f"Published accuracy of {count} network{'s' * (count != 1)} against {against}"


def _note(rows: Sequence[Compared]) -> str:
    """What the drawing does not say by itself."""
    parts = ["A line joins the width multipliers of one network."] if _lines(rows) else []
    drawn = {row.entry.name for row in comparable(rows)}
    others = [row.entry for row in rows if row.entry.name not in drawn]
    for why, found in (
        ("no accuracy is published", [entry.name for entry in others if entry.score is None]),
        ("measured on another set of classes", [entry.name for entry in others if entry.score is not None]),
    ):
        parts += [f"Not drawn, as {why}: {', '.join(found)}."] if found else []
    return " ".join(parts)


def _settle(figure: Figure) -> None:
    """Ends the layout: its solver goes through its terms by address in memory, so its last digits change."""
    figure.set_layout_engine("none")
    for axes in figure.axes:
        left, bottom, width, height = (round(side, 9) for side in axes.get_position().bounds)
        axes.set_position((left, bottom, width, height))


def family(name: str) -> str:
    """Returns the part of a network's name that its variants share: "resnet_v1" of "resnet_v1_50"."""
    start = re.match(r".*?_v\d+|[a-z]+", name)
    return start.group() if start else name


def width_family(name: str) -> str:
    """Returns the network that `name` is a width multiplier of, itself for most: "mobilenet_v1" of "..._025".

    The multiplier is in percent, below 100 with a nought in front; 101 and 152 are numbers of layers.
    """
    return re.sub(r"_(0\d\d|1[1-9]0)$", "", name)


def _lines(rows: Sequence[Compared]) -> list[list[Compared]]:
    """Returns the networks with an accuracy that a line joins."""
    published = comparable(rows)
    names = dict.fromkeys(width_family(row.entry.name) for row in published)
    groups = [[row for row in published if width_family(row.entry.name) == name] for name in names]
    return [group for group in groups if len(group) > 1]


def _styles(rows: Sequence[Compared]) -> Styles:
    """Returns colour and marker by family."""
    families = dict.fromkeys(family(row.entry.name) for row in rows)
    return {
        name: {"color": COLOURS[i % len(COLOURS)], "marker": MARKERS[i % len(MARKERS)]}
        for i, name in enumerate(families)
    }


def _set_x_axis(axes: Axes, values: Sequence[float], label: str) -> None:
    axes.set_xscale("log")
    axes.set_xlim(min(values) / 3, max(values) * 3)  # room for names on both sides
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(label)
    axes.tick_params(which="both", length=2)
    if not label:
        axes.tick_params(labelbottom=False)


def _short(value: float) -> str:
    unit, size = next((unit for unit in (("G", 1e9), ("M", 1e6)) if value >= unit[1]), ("", 1))
    return f"{value / size:g} {unit}".strip()


def _draw_accuracies(axes: Axes, rows: Sequence[Compared], panel: Panel, styles: Styles) -> None:
    """Draws each network as a point, and the lines."""
    for group in _lines(rows):
        style = styles[family(group[0].entry.name)]
        axes.plot(*zip(*_places(group, panel), strict=True), color=style["color"], linewidth=0.9, zorder=3)
    for row in rows:
        style = styles[family(row.entry.name)]
        axes.plot(*_places([row], panel)[0], **style, markersize=SIZE, linewidth=0, zorder=3)
    axes.grid()
    axes.margins(y=0.09)
    accuracy = measure_of(rows)
    axes.set_ylabel(f"published {accuracy}{' accuracy' if accuracy == 'top-1' else ''}, %")


def _places(rows: Sequence[Compared], panel: Panel) -> list[tuple[float, float]]:
    """Returns (what the panel draws against, accuracy) of each, the least work first."""
    by_work = sorted(rows, key=lambda row: row.entry.multiply_adds)
    return [(panel.value(row) or 1, row.entry.score or 0) for row in by_work]


def _name_points(axes: Axes, rows: Sequence[Compared], panel: Panel, styles: Styles) -> None:
    """Writes each name, in its family's colour, where it hides nothing; a line leads to it."""
    rows = sorted(rows, key=lambda row: -(row.entry.score or 0))  # those placed first have the most room
    places = np.array([_places([row], panel)[0] for row in rows])
    lines = [np.array(_places(group, panel)) for group in _lines(rows)]
    textalloc.allocate(
        axes,
        places[:, 0],
        places[:, 1],
        [row.entry.name for row in rows],
        x_scatter=places[:, 0],
        y_scatter=places[:, 1],
        x_lines=[line[:, 0] for line in lines],
        y_lines=[line[:, 1] for line in lines],
        textsize=7.5,
        textcolor=[_darker(styles[family(row.entry.name)]["color"]) for row in rows],
        margin=0.005,
        min_distance=0.007,
        nbr_candidates=1000,
        linecolor=MUTED,
        linewidth=0.5,
        avoid_label_lines_overlap=True,
        avoid_crossing_label_lines=True,
        zorder=4,
    )


def _darker(colour: str) -> str:
    """Returns `colour` as dark as small letters on white need it: a contrast of 4.5 to 1 and more."""
    red, green, blue = to_rgb(colour)
    return to_hex((0.6 * red, 0.6 * green, 0.6 * blue))
