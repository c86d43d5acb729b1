"""What a report shows, as plain dataclasses that go to JSON and back."""

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from slimzoo.files import plain
from slimzoo.report.history import History, number

STATES = ("restored", "new", "frozen")
GROUPS = ("right", "wrong")
FORMAT = 1  # of report.json; a reader refuses a higher one

NAN = float("nan")


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
    among the most "right" or most "wrong"; left empty, the sign of `score` decides.
    """

    image_path: str
    true_labels: list[str]
    scores: dict[str, float]
    score: float
    group: str = ""
    ignored_labels: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.group = self.group or ("right" if self.score > 0 else "wrong")
        if self.group not in GROUPS:
            raise ValueError(
                f"{self.image_path!r} is in group {self.group!r}; give one of {', '.join(GROUPS)}"
            )


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
    best_step: int | None = None
    history: History = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    ap: dict[str, ClassAP] = field(default_factory=dict)
    layers: list[Layer] = field(default_factory=list)
    examples: list[ExampleScore] = field(default_factory=list)
    confusion: Confusion | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    comparison: list[Run] = field(default_factory=list)
    run_name: str = "this run"  # in legends, beside the names in `comparison`

    def __post_init__(self) -> None:
        self.ap = {name: ClassAP(*row) for name, row in self.ap.items()}
        self.comparison = [Run(*run) for run in self.comparison]

    def to_json(self) -> str:
        """Returns strict JSON; numbers that are not finite become null."""
        return json.dumps({"format": FORMAT, **plain(self)}, allow_nan=False, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "ReportData":
        """Reads what `to_json` wrote. Raises ValueError: not such a text."""
        try:
            return _report_from(json.loads(text))
        except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
            raise ValueError(
                f"this is not a report.json of slimzoo: {error!r}. Run the training again."
            ) from error


def _report_from(raw: dict[str, Any]) -> ReportData:
    version = raw.pop("format")
    if not isinstance(version, int) or version > FORMAT:
        raise ValueError(
            f"report.json has format {version!r}; this slimzoo reads up to {FORMAT}. Update slimzoo."
        )
    unknown = raw.keys() - {f.name for f in dataclasses.fields(ReportData)}
    if unknown:
        raise ValueError(f"report.json has unknown fields: {', '.join(sorted(unknown))}")
    for key in ("map", "map_11point", "accuracy"):
        raw[key] = number(raw.get(key))
    raw["history"] = _history_from(raw.get("history", []))
    raw["ap"] = {name: ClassAP(number(a), number(b), c) for name, (a, b, c) in raw.get("ap", {}).items()}
    raw["layers"] = [Layer(**layer) for layer in raw.get("layers", [])]
    raw["examples"] = [_example_from(example) for example in raw.get("examples", [])]
    raw["confusion"] = Confusion(**raw["confusion"]) if raw.get("confusion") else None
    raw["comparison"] = [Run(n, _history_from(h), number(m)) for n, h, m in raw.get("comparison", [])]
    return ReportData(**raw)


def _history_from(rows: list[dict[str, Any]]) -> History:
    return [{key: NAN if value is None else value for key, value in row.items()} for row in rows]


def _example_from(raw: dict[str, Any]) -> ExampleScore:
    scores = {name: number(score) for name, score in raw["scores"].items()}
    return ExampleScore(**{**raw, "scores": scores, "score": number(raw["score"])})


def image_file(folder: Path, image_path: str) -> Path:
    """The image: as given if that is a file or absolute, else looked for in `folder`."""
    path = Path(image_path)
    return path if path.is_absolute() or path.is_file() else folder / path
