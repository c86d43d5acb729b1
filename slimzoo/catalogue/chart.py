"""Compared networks as a chart: published accuracy against multiply-adds, and against images per second."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from matplotlib.transforms import Bbox

from slimzoo.catalogue.comparison import Compared
from slimzoo.errors import SlimzooError
from slimzoo.files import atomic_write

SUFFIXES = (".png", ".svg")
WIDTH, HEIGHT = 9.5, 4.6  # inches: of the figure, of a panel's accuracies
LETTER = 0.056  # inches: of a name in the strip of networks without a published accuracy
TOP = 0.78  # of that strip: where the names begin
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
    value: Callable[[Compared], float | None]


MULTIPLY_ADDS = Panel("multiply-adds of one image", lambda row: row.entry.multiply_adds)
SPEED = Panel("images per second on this machine", lambda row: row.images_per_second)


def check_suffix(path: str) -> None:
    """Raises SlimzooError if a chart cannot be written to a file of that name."""
    if not path.lower().endswith(SUFFIXES):
        raise SlimzooError(f"{path}: a chart is a .png or an .svg file; end its name so")


def draw(rows: Sequence[Compared], path: str, overwrite: bool = False) -> None:
    """Writes the chart of `rows` to `path`.

    Raises: SlimzooError: the name ends in neither .png nor .svg, or it cannot be written. FileExistsError.
    """
    check_suffix(path)
    panels = [MULTIPLY_ADDS, *([SPEED] if any(row.images_per_second for row in rows) else [])]
    with matplotlib.rc_context(SETTINGS), atomic_write(path, overwrite) as temporary:
        figure = figure_of(rows, panels)
        kind = path.lower().rpartition(".")[2]
        metadata = {"Date": None} if kind == "svg" else {"Software": None}
        figure.savefig(temporary, format=kind, dpi=160, facecolor="white", metadata=metadata)


def figure_of(rows: Sequence[Compared], panels: Sequence[Panel]) -> Figure:
    """Returns the drawing: in each panel the accuracies, below them a strip of the networks without one."""
    published = [row for row in rows if row.entry.top1 is not None]
    others = [row for row in rows if row.entry.top1 is None]
    longest = max((len(row.entry.name) for row in others), default=0)
    heights = ([HEIGHT] if published else []) + ([LETTER * (longest + 1) / TOP] if others else [])
    figure = Figure(figsize=(WIDTH, len(panels) * (sum(heights) + 0.55) + 0.2), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    grid = figure.add_gridspec(len(panels) * len(heights), 1, height_ratios=heights * len(panels))
    styles = _styles(rows)
    naming = []  # names are placed where the finished layout leaves room
    for i, panel in enumerate(panels):
        axes = [figure.add_subplot(grid[i * len(heights) + j]) for j in range(len(heights))]
        for each in axes:
            label = panel.label if each is axes[-1] else ""
            _set_x_axis(each, [panel.value(row) or 1 for row in rows], label)
        if published:
            _draw_accuracies(axes[0], published, panel, styles)
            naming.append(partial(_name_points, axes[0], published, panel))
        if others:
            naming.append(partial(_draw_strip, axes[-1], others, panel, styles))
    canvas.draw()
    _settle(figure)
    for place_names in naming:
        place_names()
    return figure


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


def _styles(rows: Sequence[Compared]) -> Styles:
    """Returns colour and marker by family."""
    families = dict.fromkeys(family(row.entry.name) for row in rows)
    return {
        name: {"color": COLOURS[i % len(COLOURS)], "marker": MARKERS[i % len(MARKERS)]}
        for i, name in enumerate(families)
    }


def _set_x_axis(axes: Axes, values: Sequence[float], label: str) -> None:
    axes.set_xscale("log")
    axes.set_xlim(min(values) / 1.35, max(values) * 1.8)
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
    """Draws the networks of a family as a line of points."""
    for name in dict.fromkeys(family(row.entry.name) for row in rows):
        points = sorted(
            (panel.value(row) or 1, row.entry.top1) for row in rows if family(row.entry.name) == name
        )
        axes.plot(*zip(*points, strict=True), **styles[name], markersize=5.5, linewidth=0.9, zorder=3)
    axes.grid()
    axes.margins(y=0.09)
    axes.set_ylabel("published top-1 accuracy, %")


def _name_points(axes: Axes, rows: Sequence[Compared], panel: Panel) -> None:
    """Writes each name where it hides neither a point nor another name, as far as there is room."""
    places = [axes.transData.transform((panel.value(row) or 1, row.entry.top1 or 0)) for row in rows]
    taken = [Bbox.from_bounds(x - 5, y - 5, 10, 10) for x, y in places]
    frame = axes.get_window_extent()
    for row, (x, y) in sorted(zip(rows, places, strict=True), key=lambda placed: -placed[1][1]):
        text = axes.text(0, 0, row.entry.name, fontsize=8, zorder=4, va="bottom", transform=None)
        size = text.get_window_extent()
        boxes = [
            Bbox.from_bounds(x + dx, y + dy, size.width, size.height)
            for dx, dy in _around(size.width, size.height)
        ]
        box = min(boxes, key=lambda box: _overlap(box, taken, frame))
        text.set(position=axes.transData.inverted().transform(box.p0), transform=axes.transData)
        taken.append(box)


def _around(width: float, height: float) -> Iterator[tuple[float, float]]:
    """Yields where a text may begin, in pixels from its point: beside it first, then farther away."""
    for gap in (7, 14, 22):
        yield gap, -height / 2
        yield -width / 2, gap - 2
        yield -width / 2, -height - gap + 2
        yield -width - gap, -height / 2
        yield gap, gap - 4
        yield gap, -height - gap + 4
        yield -width - gap, gap - 4
        yield -width - gap, -height - gap + 4


def _overlap(box: Bbox, taken: Sequence[Bbox], frame: Bbox) -> float:
    """Returns the pixels that `box` shares with others, or that lie outside of `frame`."""
    shared = [Bbox.intersection(box, other) for other in taken]
    inside = Bbox.intersection(box, frame)
    outside = box.width * box.height - (inside.width * inside.height if inside else 0)
    return outside + sum(part.width * part.height for part in shared if part)


def _draw_strip(axes: Axes, rows: Sequence[Compared], panel: Panel, styles: Styles) -> None:
    """Names those without a published accuracy below their place on the axis."""
    rows = sorted(rows, key=lambda row: panel.value(row) or 1)
    to_axes = axes.transScale + axes.transLimits
    wanted = [float(to_axes.transform((panel.value(row) or 1, 0))[0]) for row in rows]
    room = axes.get_window_extent().width / axes.figure.dpi
    for row, want, x in zip(rows, wanted, spread(wanted, 0.145 / room), strict=True):
        style = styles[family(row.entry.name)]
        axes.plot(
            want, 0.94, **style, markersize=5, fillstyle="none", transform=axes.transAxes, clip_on=False
        )
        axes.plot(
            [want, x], [0.90, TOP + 0.02], color=style["color"], linewidth=0.6, transform=axes.transAxes
        )
        axes.text(
            x, TOP, row.entry.name, rotation=90, ha="center", va="top", fontsize=7, transform=axes.transAxes
        )
    axes.set_yticks([])
    axes.set_ylim(0, 1)
    axes.spines["left"].set_visible(False)
    axes.set_ylabel("accuracy not\npublished", color=MUTED)


def spread(wanted: Sequence[float], gap: float) -> list[float]:
    """Returns the ascending `wanted` places, between 0 and 1, moved until they are `gap` apart."""
    gap = min(gap, 1 / max(1, len(wanted)))
    places: list[float] = []
    for place in wanted:
        places.append(max(place, places[-1] + gap) if places else place)
    limit = 1.0
    for i in reversed(range(len(places))):
        limit = places[i] = min(places[i], limit)
        limit -= gap
    return places
