"""What a report shows, as plain dataclasses that go to JSON and back."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from slimzoo.data.places import is_there
from slimzoo.files import plain, schema
from slimzoo.files.schema import needed
from slimzoo.report.history import History, number

STATES = ("restored", "new", "frozen")
GROUPS = ("right", "wrong")
FORMAT = 3  # of report.json; a reader refuses a higher one

NAN = float("nan")
Interval = tuple[float, float]  # the lowest and the highest that are likely, 95 %
UNKNOWN: Interval = (NAN, NAN)


class ClassAP(NamedTuple):
    """The average precision of one class, 0..1; nan where there are no positives."""

    all_point: float
    eleven_point: float
    positives: int


class Run(NamedTuple):
    """Another run to draw beside this one: its history has the columns of `ReportData.history`."""

    name: str
    history: History
    map: float = NAN


@dataclass(frozen=True)
class Facts:
    """What a run was like; None or "" where that was not recorded."""

    image_size: int | None = None  # pixels, square
    started_from: str = ""  # the weights, or "nothing: from scratch"
    date: str = ""  # when it ended: 2026-01-31 12:00 UTC
    seconds: float | None = None  # of training, evaluations included
    images_per_second: float | None = None  # of training, evaluations left out
    peak_memory: int | None = None  # bytes
    peak_gpu_memory: int | None = None


@dataclass
class Layer:
    """One scope of the network; `source` says where its weights came from ("mobilenet_v1.ckpt")."""

    scope: str
    parameters: int
    state: str  # one of STATES; frozen: restored and not trained
    source: str = ""

    def __post_init__(self) -> None:
        if self.state not in STATES:
            raise ValueError(
                f"layer {self.scope!r} has state {self.state!r}; give one of {', '.join(STATES)}"
            )


@dataclass
class ExampleScore:
    """One evaluated image.

    `scores` are probabilities by class; leaving out the low ones is fine. `score` is the margin: the lowest
    score of a class that is in the image minus the highest of one that is not, -1..1. `group` puts the image
    among the most "right" or most "wrong"; left empty, the sign of `score` decides. `seen` is a small
    picture, JPEG in base64, of what spoke for the class `seen_class`.
    """

    image_path: str
    true_labels: list[str]
    scores: dict[str, float]
    score: float
    group: str = ""
    ignored_labels: list[str] = field(default_factory=list)
    seen: str = ""
    seen_class: str = ""

    def __post_init__(self) -> None:
        self.group = self.group or ("right" if self.score > 0 else "wrong")
        if self.group not in GROUPS:
            raise ValueError(
                f"{self.image_path!r} is in group {self.group!r}; give one of {', '.join(GROUPS)}"
            )


@dataclass(frozen=True)
class Sample:
    """An image as the network saw it in training, JPEG in base64, and the share of each class in it, 0..1."""

    picture: str
    classes: dict[str, float]


class Counts(NamedTuple):
    """How many images show a class: of those to train on, and of those held out."""

    train: int
    held_out: int


@dataclass
class Confusion:
    """What was taken for what.

    `counts[t][o]`: with one label an image, the images of class t whose best class is o. With several labels
    (`multi_label`), the images holding t in which some absent class outscores t, by the best absent class o.
    """

    classes: list[str]
    counts: list[list[int]]
    positives: list[int]
    multi_label: bool


@dataclass
class ReportData:
    """Everything on the page; whatever is left out is said to be missing there.

    `history` rows have `step`, `kind` ("train" or "eval") and any of `loss`, `map`, `map_11point`,
    `learning_rate`, `epoch`; numbers may be text, as a csv reader gives them, and empty where not measured.
    """

    title: str
    command: str = ""
    evaluated_on: str = ""  # "VOC2012 val, 50 images"
    map: float = NAN  # all-point
    map_11point: float = NAN
    accuracy: float = NAN  # for data with one label an image
    map_interval: Interval = UNKNOWN
    accuracy_interval: Interval = UNKNOWN
    images: int | None = None  # that it was measured on
    facts: Facts = field(default_factory=Facts)
    best_step: int | None = None
    history: History = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    ap: dict[str, ClassAP] = field(default_factory=dict)
    curves: dict[str, list[tuple[float, float]]] = field(default_factory=dict)  # by class: recall, precision
    layers: list[Layer] = field(default_factory=list)
    examples: list[ExampleScore] = field(default_factory=list)
    confusion: Confusion | None = None
    samples: list[Sample] = field(default_factory=list)  # of the first batch
    counts: dict[str, Counts] = field(default_factory=dict)  # by class
    settings: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    comparison: list[Run] = field(default_factory=list)
    run_name: str = "this run"  # in legends, beside the names in `comparison`

    def __post_init__(self) -> None:
        self.ap = {name: ClassAP(*row) for name, row in self.ap.items()}
        self.counts = {name: Counts(*row) for name, row in self.counts.items()}
        self.comparison = [Run(*run) for run in self.comparison]

    def to_json(self) -> str:
        """Returns strict JSON; numbers that are not finite become null."""
        return json.dumps({"format": FORMAT, **plain(self)}, allow_nan=False, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "ReportData":
        """Reads what `to_json` wrote. Raises SlimzooError: not such a text; everything wrong is named."""
        try:
            raw = schema.parse(text)
        except ValueError as error:
            raise schema.Damaged(f"report.json is damaged: {error}") from error
        return _report_from(raw)


_MEASURE = schema.either(schema.number(), schema.nothing())
_COUNT = schema.either(schema.whole(), schema.nothing())
_HISTORY = schema.list_of(schema.dict_of(schema.either(schema.number(), schema.text(), schema.nothing())))
_NAMES = schema.list_of(schema.text())
LAYER: schema.Schema = {
    "scope": needed(schema.text()),
    "parameters": needed(schema.whole()),
    "state": needed(schema.text("|".join(STATES), f"one of {', '.join(STATES)}")),
    "source": schema.text(),
}
_EXAMPLE: schema.Schema = {
    "image_path": needed(schema.text()),
    "true_labels": needed(_NAMES),
    "scores": needed(schema.dict_of(_MEASURE)),
    "score": needed(_MEASURE),
    "group": schema.text("|".join(("", *GROUPS)), f"one of {', '.join(GROUPS)}"),
    "ignored_labels": _NAMES,
    "seen": schema.text(),
    "seen_class": schema.text(),
}
_CONFUSION: schema.Schema = {
    "classes": needed(_NAMES),
    "counts": needed(schema.list_of(schema.list_of(schema.whole()))),
    "positives": needed(schema.list_of(schema.whole())),
    "multi_label": needed(schema.flag()),
}
_SAMPLE: schema.Schema = {
    "picture": needed(schema.text()),
    "classes": needed(schema.dict_of(schema.number(0, 1))),
}
FACTS: schema.Schema = {
    "image_size": _COUNT,
    "started_from": schema.text(),
    "date": schema.text(),
    "seconds": _MEASURE,
    "images_per_second": _MEASURE,
    "peak_memory": _COUNT,
    "peak_gpu_memory": _COUNT,
}
_RUN: schema.Schema = {"name": needed(schema.text()), "history": needed(_HISTORY), "map": needed(_MEASURE)}
_REPORT: schema.Schema = {
    "format": needed(schema.whole(1)),
    "title": needed(schema.text()),
    **dict.fromkeys(("command", "evaluated_on", "run_name"), schema.text()),
    **dict.fromkeys(("map", "map_11point", "accuracy"), _MEASURE),
    **dict.fromkeys(("map_interval", "accuracy_interval"), schema.list_of(_MEASURE, 2)),
    **dict.fromkeys(("best_step", "images"), _COUNT),
    "facts": schema.shaped(FACTS),
    "history": _HISTORY,
    **dict.fromkeys(("classes", "notes"), _NAMES),
    "ap": schema.dict_of(schema.list_of(_MEASURE, 3)),
    "curves": schema.dict_of(schema.list_of(schema.list_of(schema.number(0, 1), 2))),
    "layers": schema.list_of(schema.shaped(LAYER)),
    "examples": schema.list_of(schema.shaped(_EXAMPLE)),
    "samples": schema.list_of(schema.shaped(_SAMPLE)),
    "counts": schema.dict_of(schema.list_of(schema.whole(), 2)),
    "confusion": schema.either(schema.shaped(_CONFUSION), schema.nothing()),
    **dict.fromkeys(("settings", "environment"), schema.dict_of(schema.anything())),
    "comparison": schema.list_of(schema.list_of(schema.anything(), 3)),
}


def _report_from(raw: Any) -> ReportData:
    version = raw.get("format") if isinstance(raw, dict) else None
    if isinstance(version, int) and version > FORMAT:
        raise schema.Damaged(
            f"report.json has format {version!r}; this slimzoo reads up to {FORMAT}. Update slimzoo."
        )
    values = schema.take(raw, _REPORT, "report.json")
    if unknown := raw.keys() - values.keys():
        raise schema.Damaged(f"report.json has unknown fields: {', '.join(sorted(unknown))}")
    del values["format"]
    values |= {key: number(values[key]) for key in ("map", "map_11point", "accuracy") if key in values}
    values |= {key: _interval(values[key]) for key in ("map_interval", "accuracy_interval") if key in values}
    values |= {key: list(values[key]) for key in ("classes", "notes") if key in values}
    values |= {key: read(values[key]) for key, read in _READERS.items() if key in values}
    return ReportData(**values)


def _interval(pair: Sequence[Any]) -> Interval:
    return number(pair[0]), number(pair[1])


def history_from(rows: Sequence[dict[str, Any]]) -> History:
    """Returns a history as it was before it went to JSON."""
    return [{key: NAN if value is None else value for key, value in row.items()} for row in rows]


def _example_from(raw: dict[str, Any]) -> ExampleScore:
    scores = {name: number(score) for name, score in raw["scores"].items()}
    return ExampleScore(**{**_known(raw, _EXAMPLE), "scores": scores, "score": number(raw["score"])})


def _confusion_from(raw: dict[str, Any] | None) -> Confusion | None:
    if raw is None:
        return None
    found = Confusion(**_known(raw, _CONFUSION))
    size = len(found.classes)
    if {len(found.counts), len(found.positives), *map(len, found.counts)} - {size}:
        raise schema.Damaged(
            f"report.json says what cannot be: a confusion of {size} classes has other counts"
        )
    return found


def _run_from(row: Sequence[Any]) -> Run:
    values = schema.take(dict(zip(Run._fields, row, strict=False)), _RUN, "a run in comparison")
    return Run(values["name"], history_from(values["history"]), number(values["map"]))


def _known(raw: dict[str, Any], fields: schema.Schema) -> dict[str, Any]:
    return {name: value for name, value in raw.items() if name in fields}


_READERS: dict[str, Callable[[Any], Any]] = {
    "history": history_from,
    "facts": lambda raw: Facts(**_known(raw, FACTS)),
    "ap": lambda rows: {
        name: ClassAP(number(a), number(b), int(c or 0)) for name, (a, b, c, *_) in rows.items()
    },
    "curves": lambda rows: {name: [(r, p) for r, p, *_ in points] for name, points in rows.items()},
    "layers": lambda rows: [Layer(**_known(row, LAYER)) for row in rows],
    "examples": lambda rows: [_example_from(row) for row in rows],
    "confusion": _confusion_from,
    "samples": lambda rows: [Sample(**_known(row, _SAMPLE)) for row in rows],
    "counts": lambda rows: {name: Counts(*row) for name, row in rows.items()},
    "comparison": lambda rows: [_run_from(row) for row in rows],
}


def image_file(folder: Path, image_path: str) -> Path:
    """The image: as given if that is a file or absolute, else looked for in `folder`."""
    path = Path(image_path)
    return path if path.is_absolute() or is_there(path) else folder / path
