"""Recipes side by side, drawn: mean average precision with its interval, and each seed as a dot."""

from typing import TYPE_CHECKING

from slimzoo.files import atomic_write
from slimzoo.files.charts import check_suffix

if TYPE_CHECKING:
    from slimzoo.training.folds.crossvalidation import Figures

ROW = 0.45  # inches, of a recipe
INK, LINE, DOT = "#222222", "#0072b2", "#9ecae1"


def draw(figures: "Figures", path: str, title: str) -> None:
    """Writes the chart to `path`, over an older one. Raises: SlimzooError: it cannot be written."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    check_suffix(path)
    means = {recipe: sum(values) / len(values) for recipe, values in figures.map.items()}
    order = sorted(means, key=means.__getitem__)
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "slimzoo", "font.size": 9}):
        figure = Figure(figsize=(7.5, 1.3 + ROW * len(order)), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        for at, recipe in enumerate(order):
            low, high = figures.interval[recipe]
            axes.plot([low, high], [at, at], color=LINE, linewidth=2, solid_capstyle="butt")
            axes.plot(figures.map[recipe], [at] * len(figures.map[recipe]), "o", color=DOT, markersize=4)
            axes.plot(means[recipe], at, "D", color=LINE, markersize=6)
            axes.annotate(
                f"{means[recipe]:.3f}", (means[recipe], at), (0, 7), textcoords="offset points", ha="center"
            )
        axes.set_yticks(range(len(order)), order)
        axes.set_ylim(-0.6, len(order) - 0.3)
        axes.set_xlabel("mean average precision; line: 95 % interval, dots: seeds")
        axes.set_title(title, fontsize=9, color=INK, loc="left")
        axes.spines[["top", "right"]].set_visible(False)
        with atomic_write(path, overwrite=True) as temporary:
            figure.savefig(temporary, format=path.rpartition(".")[2].lower(), dpi=150)
