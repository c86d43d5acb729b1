"""A range test drawn: the loss over the learning rate, and the rate that is suggested."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from slimzoo.files import atomic_write

INK, LINE, DOT = "#222222", "#0072b2", "#9ecae1"


class Tested(Protocol):
    """What a range test found."""

    @property
    def rates(self) -> Sequence[float]:
        """Of each step."""

    @property
    def losses(self) -> Sequence[float]:
        """The same steps'."""

    @property
    def smooth(self) -> Sequence[float]:
        """The losses without their noise."""

    @property
    def suggested(self) -> float | None:
        """The rate to take."""


def draw(found: Tested, path: Path, title: str) -> None:
    """Writes the chart as SVG to `path`, over an older one. Raises: SlimzooError: it cannot be written."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "slimzoo", "font.size": 9}):
        figure = Figure(figsize=(7.5, 3.6), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        axes.plot(found.rates, found.losses, ".", color=DOT, markersize=4, label="a step")
        axes.plot(found.rates, found.smooth, color=LINE, linewidth=1.8, label="smooth")
        axes.set_xscale("log")
        if found.smooth:  # what diverges is cut off, or nothing else would be seen
            low, start = min(found.smooth), found.smooth[0]
            axes.set_ylim(low - 0.1 * abs(start - low) - 1e-6, start + max(start - low, 0.2 * abs(start)))
        if found.suggested is not None:
            axes.axvline(found.suggested, color=INK, linewidth=0.9, dashes=(2, 2))
            axes.annotate(
                f"{found.suggested:g}: falls fastest",
                (found.suggested, 0.97),
                (5, 0),
                xycoords=("data", "axes fraction"),
                textcoords="offset points",
                va="top",
            )
        axes.set_xlabel("learning rate")
        axes.set_ylabel("loss")
        axes.legend(frameon=False, loc="best")
        axes.set_title(title, fontsize=9, color=INK, loc="left")
        axes.spines[["top", "right"]].set_visible(False)
        with atomic_write(path, overwrite=True) as temporary:
            figure.savefig(temporary, format="svg", metadata={"Date": None})
