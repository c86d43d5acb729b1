"""The page of a report on masks: `MaskReport` turned into what the template shows."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from markupsafe import Markup

from slimzoo.errors import counted
from slimzoo.facts import tricks
from slimzoo.report import charts
from slimzoo.report.data import Run, image_file
from slimzoo.report.dense import GROUPS, ClassIoU, MaskExample, MaskReport
from slimzoo.report.history import last_step
from slimzoo.report.page import FIRM, Headline, LayerView, load_lines, pairs
from slimzoo.report.thumbnails import Thumbnail, thumbnail
from slimzoo.report.views import MATRIX_CLASSES, PAIRS, encoded_picture
from slimzoo.report.words import fact_rows, figure, fill, interval

NO_PICTURE = Thumbnail(problem="not recorded")


def render(data: MaskReport, folder: Path) -> str:
    """Returns the whole page; `folder` is where relative image paths are looked for."""
    return fill("dense.html.j2", context(data, folder))


def context(data: MaskReport, folder: Path) -> dict[str, Any]:
    """Returns what the template shows."""
    rows = class_rows(data.classes)
    on_images = {name for example in data.examples for name in example.classes}
    run = Run("this run", data.history)
    return {
        "data": data,
        "headline": headline(data),
        "facts": fact_rows(data.facts),
        "best": data.best_step,
        "last": last_step(data.history),
        "charts": [
            chart._replace(svg=Markup(chart.svg))
            for chart in charts.curves([run], data.best_step, charts.MEAN_IOU)
        ],
        "rows": rows,
        "shown": [row for row in rows if row.name in on_images],
        "groups": [(group, cards(data.examples, group, folder)) for group in GROUPS],
        "confusion": confusion_of(data),
        "layers": LayerView(data.layers),
        "tricks": tricks.lines(data.settings),
        "tables": {"Settings": pairs(data.settings), "Environment": pairs(data.environment)},
        "load": load_lines(folder, data.command, _photo(data, folder), "segment"),
    }


def headline(data: MaskReport) -> Headline:
    """Returns mIoU, with how far it can be trusted."""
    low, high = data.miou_interval
    known = math.isfinite(low) and math.isfinite(high)
    firm = known and high - low <= FIRM and math.isfinite(data.miou)
    said = []
    if known and high - low > FIRM:
        others = f"Another {counted(data.images, 'image')}" if data.images else "Other images"
        said.append(
            f"{others} could as well give {figure(low, 2)} or {figure(high, 2)}: too few were measured."
        )
    return Headline("mIoU", data.miou, interval(data.miou_interval) if known else "", firm, said)


class ClassRow(NamedTuple):
    name: str
    iou: float
    boundary_f: float
    share: float  # of all labelled pixels
    colour: str


def class_rows(classes: Sequence[ClassIoU]) -> list[ClassRow]:
    """Returns a row for every class, best first, those without a number last."""
    total = max(sum(row.pixels for row in classes), 1)
    rows = [
        ClassRow(row.name, row.iou, row.boundary_f, row.pixels / total, f"rgb{tuple(map(int, row.colour))}")
        for row in classes
    ]
    return sorted(rows, key=lambda row: (math.isnan(row.iou), -row.iou if row.iou == row.iou else 0.0))


class Card(NamedTuple):
    name: str
    path: str
    iou: float
    classes: list[str]
    pictures: list[tuple[str, Thumbnail]]


def cards(examples: Iterable[MaskExample], group: str, folder: Path) -> list[Card]:
    """Returns the cards of a group, the most extreme first."""
    chosen = [example for example in examples if example.group == group]
    chosen.sort(key=lambda example: example.iou, reverse=group == "best")
    return [_card(example, folder) for example in chosen]


def _card(example: MaskExample, folder: Path) -> Card:
    path = image_file(folder, example.image_path)
    pictures = [
        ("image", thumbnail(path)),
        ("its mask", encoded_picture(example.truth) or NO_PICTURE),
        ("what is seen", encoded_picture(example.found) or NO_PICTURE),
    ]
    return Card(path.name, str(path), example.iou, example.classes, pictures)


@dataclass(frozen=True)
class ConfusionView:
    """Shares of each class's pixels: a matrix, or the pairs of many classes."""

    classes: list[str]
    matrix: list[tuple[str, list[float]]]
    pairs: list[tuple[str, str, float]]


def confusion_of(data: MaskReport) -> ConfusionView:
    """Returns what was taken for what."""
    names = [row.name for row in data.classes]
    shares = [[count / max(sum(counts), 1) for count in counts] for counts in data.confusion]
    matrix = list(zip(names, shares, strict=False))
    if len(names) <= MATRIX_CLASSES:
        return ConfusionView(names, matrix, [])
    wrong = [
        (name, names[i], share)
        for number, (name, row) in enumerate(matrix)
        for i, share in enumerate(row)
        if share and i != number
    ]
    return ConfusionView(names, [], sorted(wrong, key=lambda pair: -pair[2])[:PAIRS])


def _photo(data: MaskReport, folder: Path) -> str:
    paths = (image_file(folder, example.image_path) for example in data.examples)
    return next((str(path) for path in paths if path.is_file()), "photo.jpg")
