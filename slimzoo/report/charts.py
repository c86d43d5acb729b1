"""The curves of a run and of those compared with it: losses, mAP, learning rate."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from slimzoo.report import svg
from slimzoo.report.data import Run
from slimzoo.report.history import Series, last_step, series

WIDTH = 4.5  # inches, of 72 SVG units: text stays readable at the width of a phone
MARGINS = {"left": 0.13, "right": 0.985}
BINS = 160  # points drawn of a training loss; more are averaged
DASHES = ((), (5, 2), (2, 1.5), (6, 1.5, 1.5, 1.5), (1, 1.2))  # a run is told by its dashes too


class Chart(NamedTuple):
    """A chart, or the `problem` in words; `remark` says what the drawing leaves out."""

    title: str
    svg: str = ""
    problem: str = ""
    remark: str = ""


class Measure(NamedTuple):
    """The figure that is drawn beside the loss: its column, and what it is called."""

    column: str
    title: str
    short: str


MEAN_AP = Measure("map", "Mean average precision by step", "mAP")
MEAN_IOU = Measure("miou", "Mean intersection over union by step", "mIoU")


def curves(runs: Sequence[Run], best: int | None, measure: Measure = MEAN_AP) -> tuple[Chart, Chart, Chart]:
    """Returns the charts of losses, `measure` and learning rate; `best`, a step, marks the first run."""
    runs = runs[: len(svg.RUNS)]
    with matplotlib.rc_context(svg.SETTINGS):
        return _losses(runs, best), _measured(runs, best, measure), _learning_rate(runs, best)


def _losses(runs: Sequence[Run], best: int | None) -> Chart:
    title = "Loss by step"
    train = [series(run.history, "loss", "train") for run in runs]
    evaluation = [series(run.history, "loss", "eval") for run in runs]
    if not any(s.steps for s in (*train, *evaluation)):
        return Chart(title, problem="No loss was recorded.", remark=_lost(runs, train, evaluation))
    figure, axes = _axes(2.4, runs)
    for i, line in enumerate(train):
        _train_line(axes, line, i)
    for i, line in enumerate(evaluation):
        _line(axes, line, i, linewidth=1.9, marker="o")
    _limits(axes, [v for s in (*train, *evaluation) for v in s.values])
    _mark(axes, best)
    return Chart(title, svg.to_inline_svg(figure, "loss", title), remark=_lost(runs, train, evaluation))


def _measured(runs: Sequence[Run], best: int | None, measure: Measure) -> Chart:
    title = measure.title
    lines = [series(run.history, measure.column, "eval") for run in runs]
    if not any(s.steps for s in lines):
        return Chart(title, problem=f"No {measure.short} was recorded.", remark=_lost(runs, lines))
    figure, axes = _axes(2.4, runs)
    for i, line in enumerate(lines):
        _line(axes, line, i, linewidth=1.9, marker="o")
    top = max(v for s in lines for v in s.values)
    axes.set_ylim(0, max(0.05, min(1.0, top) * 1.2))
    _mark(axes, best)
    _mark_best_value(axes, lines[0], best)
    return Chart(title, svg.to_inline_svg(figure, measure.column, title), remark=_lost(runs, lines))


def _learning_rate(runs: Sequence[Run], best: int | None) -> Chart:
    title = "Learning rate by step"
    lines = [series(run.history, "learning_rate", "train") for run in runs]
    if not any(s.steps for s in lines):
        return Chart(title, problem="No learning rate was recorded.")
    figure, axes = _axes(1.05, runs)
    axes.yaxis.set_major_locator(MaxNLocator(3))
    for i, line in enumerate(lines):
        _line(axes, _thinned(line), i, linewidth=1.4)
    axes.set_ylim(0, max(v for s in lines for v in s.values) * 1.15 or 1)
    _mark(axes, best)
    return Chart(title, svg.to_inline_svg(figure, "rate", title))


def _axes(height: float, runs: Sequence[Run]) -> tuple[Figure, Axes]:
    """An empty chart `height` inches high whose step axis holds every run, so that the charts line up."""
    figure = Figure(figsize=(WIDTH, height))
    axes = figure.add_axes(
        (MARGINS["left"], 0.24 / height, MARGINS["right"] - MARGINS["left"], 1 - 0.34 / height)
    )
    end = max([last_step(run.history) or 0 for run in runs] + [1])
    axes.set_xlim(-0.02 * end, end * 1.02)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(_step_text))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.4g}"))
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    axes.tick_params(length=0, pad=4)
    axes.tick_params(axis="x", length=3)
    axes.spines["left"].set_visible(False)
    return figure, axes


def _step_text(value: float, _: int | None) -> str:
    return f"{value / 1000:g}k" if abs(value) >= 10_000 else f"{value:g}"


def _train_line(axes: Axes, line: Series, run: int) -> None:
    if len(line.steps) > BINS and run == 0:
        low, high = _binned(line, np.min), _binned(line, np.max)
        axes.fill_between(low.steps, low.values, high.values, color=svg.RUNS[run], alpha=0.14, linewidth=0)
    _line(axes, _thinned(line), run, linewidth=1.0, alpha=0.75)


def _line(axes: Axes, line: Series, run: int, marker: str = "", **style: Any) -> None:
    count = len(line.steps)
    marker = marker if count <= 40 else ""
    dashes: dict[str, Any] = {"dashes": DASHES[run]} if DASHES[run] else {}
    axes.plot(
        line.steps,
        line.values,
        color=svg.RUNS[run],
        marker=marker or ("." if count == 1 else ""),
        markersize=3.2,
        zorder=4 - 0.1 * run,
        **dashes,
        **style,
    )


def _thinned(line: Series) -> Series:
    return line if len(line.steps) <= BINS else _binned(line, np.mean)


def _binned(line: Series, reduce: Callable) -> Series:
    parts = np.array_split(np.arange(len(line.steps)), min(BINS, len(line.steps)))
    steps, values = np.asarray(line.steps), np.asarray(line.values)
    return Series(
        [float(np.mean(steps[p])) for p in parts], [float(reduce(values[p])) for p in parts], line.lost
    )


def _limits(axes: Axes, values: list[float]) -> None:
    """A logarithmic axis for losses over more than two powers of ten, else one from zero."""
    low, high = min(values), max(values)
    if low > 0 and high / low > 100:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(FuncFormatter(lambda value, _: ""))
        axes.tick_params(which="minor", length=0)
    elif low >= 0:
        axes.set_ylim(0, high * 1.06 or 1)


def _mark(axes: Axes, best: int | None) -> None:
    if best is not None:
        axes.axvline(best, color=svg.INK, linewidth=0.9, dashes=(1, 2), zorder=2)


def _mark_best_value(axes: Axes, line: Series, best: int | None) -> None:
    if best is None or best not in line.steps:
        return
    value = line.values[line.steps.index(best)]
    left = best < sum(axes.get_xlim()) / 2
    axes.plot(best, value, "o", color=svg.RUNS[0], markersize=7, markeredgecolor=svg.PAPER, zorder=5)
    axes.annotate(
        f"best {value:.3f}",
        (best, value),
        (6 if left else -6, 8),
        textcoords="offset points",
        ha="left" if left else "right",
        fontweight="bold",
        zorder=6,
    )


def _lost(runs: Sequence[Run], *columns: Sequence[Series]) -> str:
    """Says at which steps a value was not a finite number; empty if there are none."""
    said = []
    for i, run in enumerate(runs):
        steps = sorted({step for column in columns for step in column[i].lost})
        if steps:
            where = (
                f"at {len(steps)} steps, first at step {steps[0]:g}"
                if len(steps) > 1
                else f"at step {steps[0]:g}"
            )
            said.append(f"{run.name}: not a finite number {where}; not drawn.")
    return " ".join(said)
