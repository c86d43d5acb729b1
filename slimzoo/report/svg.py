"""matplotlib figures as SVG inside a page: no namespaces, ids of their own, colours from the page's CSS."""

import io
import re
import xml.etree.ElementTree as ET
from typing import Any

import matplotlib
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

# Colours a chart is drawn in; each stands for a CSS variable, so that light and dark pages share one drawing.
INK, MUTED, GRID, PAPER = "#0a0b01", "#0a0b02", "#0a0b03", "#0a0b04"
RUNS = ("#0a0b11", "#0a0b12", "#0a0b13", "#0a0b14", "#0a0b15")  # this run, then those compared
VARIABLES = {INK: "ink", MUTED: "muted", GRID: "grid", PAPER: "paper"}
VARIABLES |= {colour: f"run{i}" for i, colour in enumerate(RUNS)}

SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: it takes the page's font and can be searched
    "font.family": "DejaVu Sans",  # ships with matplotlib; only used to measure
    "font.size": 9,
    "text.parse_math": False,
    "text.color": INK,
    "axes.edgecolor": GRID,
    "axes.facecolor": "none",
    "axes.labelcolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": GRID,
    "ytick.color": GRID,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "figure.facecolor": "none",
}
NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))


def to_inline_svg(figure: Figure, name: str, description: str) -> str:
    """Returns `figure` as an <svg> element.

    `name` keeps its ids apart from those of other charts; `description` is read aloud.
    Call it, and draw the figure, inside `matplotlib.rc_context(SETTINGS)`.
    """
    drawn = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": name}):
        FigureCanvasSVG(figure).print_svg(drawn, metadata=NO_METADATA)
    root = ET.fromstring(drawn.getvalue())
    used = set(re.findall(rb"#([\w-]+)", drawn.getvalue()))
    for parent in root.iter():
        for child in [c for c in parent if _tag(c) in ("metadata", "style")]:
            parent.remove(child)
        for child in [c for c in parent if _tag(c) == "defs" and not len(c)]:
            parent.remove(child)
    for element in root.iter():
        _clean(element, name, used)
    for attribute in ("width", "height", "version"):
        root.attrib.pop(attribute, None)
    root.set("role", "img")
    root.set("aria-label", description)
    return ET.tostring(root, encoding="unicode")


def _tag(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _clean(element: ET.Element, name: str, used: set[bytes]) -> None:
    element.tag = _tag(element)
    for key, value in list(element.attrib.items()):
        del element.attrib[key]
        plain = key.rpartition("}")[2]  # xlink:href is href in HTML
        if plain == "id" and value.encode() not in used:
            continue
        element.set(plain, _value(plain, value, name))


def _value(key: str, value: str, name: str) -> str:
    if key == "id":
        return f"{name}-{value}"
    if key == "href":
        return value.replace("#", f"#{name}-", 1)
    value = value.replace("url(#", f"url(#{name}-")
    if key in ("style", "fill", "stroke"):
        value = re.sub(r"font-family:[^;]*;?", "", value)
        value = re.sub(r"#0a0b\d\d", lambda colour: f"var(--{VARIABLES[colour.group()]})", value)
    return value
