"""What a report on masks shows, as plain dataclasses that go to JSON and back."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from slimzoo.files import plain, schema
from slimzoo.files.schema import needed
from slimzoo.report.data import FACTS, LAYER, NAN, UNKNOWN, Facts, Interval, Layer, history_from
from slimzoo.report.history import History, number

TASK = "segmentation"
FORMAT = 1  # of report.json; a reader refuses a higher one
GROUPS = ("best", "worst")


@dataclass
class ClassIoU:
    """A class; its IoU is nan where it is neither there nor seen, its boundary F where no image shows it.

    Attributes:
      colour: red, green, blue of 0..255, that it has in pictures.
    """

    name: str
    iou: float
    boundary_f: float
    pixels: int
    colour: tuple[int, int, int]


@dataclass
class MaskExample:
    """One image: `truth` and `found` are pictures of its mask and of what was seen, PNG in base64."""

    image_path: str
    classes: list[str]
    iou: float
    group: str
    truth: str = ""
    found: str = ""


@dataclass
class MaskReport:
    """Everything on the page; whatever is left out is said to be missing there.

    `confusion[t][o]`: pixels of class t that were taken for o.
    """

    title: str
    command: str = ""
    evaluated_on: str = ""
    miou: float = NAN
    miou_interval: Interval = UNKNOWN
    pixel_accuracy: float = NAN
    boundary_f: float = NAN
    images: int | None = None
    facts: Facts = field(default_factory=Facts)
    best_step: int | None = None
    history: History = field(default_factory=list)
    classes: list[ClassIoU] = field(default_factory=list)
    examples: list[MaskExample] = field(default_factory=list)
    confusion: list[list[int]] = field(default_factory=list)
    layers: list[Layer] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> str:
        """Returns strict JSON; numbers that are not finite become null."""
        return json.dumps({"task": TASK, "format": FORMAT, **plain(self)}, allow_nan=False, indent=1) + "\n"

    @classmethod
    def from_raw(cls, raw: dict[str, Any]) -> "MaskReport":
        """Reads the object that to_json() wrote. Raises Damaged: everything wrong is named."""
        version = raw.get("format")
        if isinstance(version, int) and version > FORMAT:
            raise schema.Damaged(
                f"report.json has format {version!r}; this slimzoo reads up to {FORMAT}. Update slimzoo."
            )
        values = schema.take(raw, _REPORT, "report.json")
        if unknown := raw.keys() - values.keys():
            raise schema.Damaged(f"report.json has unknown fields: {', '.join(sorted(unknown))}")
        values = {name: value for name, value in values.items() if name not in ("task", "format")}
        values |= {name: _READERS[name](values[name]) for name in _READERS.keys() & values.keys()}
        report = cls(**values)
        size = len(report.classes)
        if report.confusion and {len(report.confusion), *map(len, report.confusion)} != {size}:
            raise schema.Damaged(
                f"report.json says what cannot be: a confusion of {size} classes has other counts"
            )
        return report


_MEASURE = schema.either(schema.number(), schema.nothing())
_COUNT = schema.either(schema.whole(), schema.nothing())
_HISTORY = schema.list_of(schema.dict_of(schema.either(schema.number(), schema.text(), schema.nothing())))
_TEXTS = schema.list_of(schema.text())
_CLASS: schema.Schema = {
    "name": needed(schema.text()),
    "iou": needed(_MEASURE),
    "boundary_f": needed(_MEASURE),
    "pixels": needed(schema.whole()),
    "colour": needed(schema.list_of(schema.number(0, 255), 3)),
}
_EXAMPLE: schema.Schema = {
    "image_path": needed(schema.text()),
    "classes": needed(_TEXTS),
    "iou": needed(_MEASURE),
    "group": needed(schema.text("|".join(GROUPS), f"one of {', '.join(GROUPS)}")),
    "truth": schema.text(),
    "found": schema.text(),
}
_REPORT: schema.Schema = {
    "task": needed(schema.text()),
    "format": needed(schema.whole(1)),
    "title": needed(schema.text()),
    **dict.fromkeys(("command", "evaluated_on"), schema.text()),
    **dict.fromkeys(("miou", "pixel_accuracy", "boundary_f"), _MEASURE),
    "miou_interval": schema.list_of(_MEASURE, 2),
    **dict.fromkeys(("best_step", "images"), _COUNT),
    "facts": schema.shaped(FACTS),
    "history": _HISTORY,
    "classes": schema.list_of(schema.shaped(_CLASS)),
    "examples": schema.list_of(schema.shaped(_EXAMPLE)),
    "confusion": schema.list_of(schema.list_of(schema.whole())),
    "layers": schema.list_of(schema.shaped(LAYER)),
    **dict.fromkeys(("settings", "environment"), schema.dict_of(schema.anything())),
    "notes": _TEXTS,
}


def _class_from(row: dict[str, Any]) -> ClassIoU:
    red, green, blue = (int(shade) for shade in row["colour"])
    return ClassIoU(
        row["name"], number(row["iou"]), number(row["boundary_f"]), row["pixels"], (red, green, blue)
    )


def _example_from(row: dict[str, Any]) -> MaskExample:
    known = {name: value for name, value in row.items() if name in _EXAMPLE}
    return MaskExample(**{**known, "iou": number(row["iou"])})


_READERS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("miou", "pixel_accuracy", "boundary_f"), number),
    "miou_interval": lambda pair: (number(pair[0]), number(pair[1])),
    "history": history_from,
    "facts": lambda raw: Facts(**{name: value for name, value in raw.items() if name in FACTS}),
    "classes": lambda rows: [_class_from(row) for row in rows],
    "examples": lambda rows: [_example_from(row) for row in rows],
    "layers": lambda rows: [Layer(**{n: v for n, v in row.items() if n in LAYER}) for row in rows],
}
