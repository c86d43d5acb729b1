"""What the page shows of predictions: cards of images, and what was taken for what."""

import base64
import binascii
import io
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from slimzoo.report.data import Confusion, ExampleScore, Sample, image_file
from slimzoo.report.thumbnails import Thumbnail, thumbnail, thumbnail_of

MATRIX_CLASSES = 26  # a larger confusion matrix is given as its pairs
PAIRS = 30
MISSED = 60  # classes; of more, the most missed are shown
CARDS = 24  # of a group
SEEN = 1 << 20  # pixels of a picture of what was seen, at most
SHOWN_ABSENT = 3  # classes that are not in the image, under each picture


# What was trained on
class Learnt(NamedTuple):
    """An image of the first batch, and its classes in words."""

    picture: Thumbnail
    classes: str


def learnt(samples: Iterable[Sample]) -> list[Learnt]:
    """The images that can be shown; a share is said where an image is mixed of several."""
    shown = ((encoded_picture(sample.picture), _shares(sample.classes)) for sample in samples)
    return [Learnt(picture, classes) for picture, classes in shown if picture is not None]


def _shares(classes: Mapping[str, float]) -> str:
    said = (name if share >= 1 else f"{name} {share:.2f}" for name, share in classes.items())
    return ", ".join(said) or "no class"


# Images
class ScoreRow(NamedTuple):
    name: str
    score: float
    state: str  # "found", "missed", "alarm" (absent, yet above a class that is there), "absent" or "ignored"


class Card(NamedTuple):
    name: str
    path: str
    margin: float
    true_labels: list[str]
    picture: Thumbnail
    rows: list[ScoreRow]
    seen: Thumbnail | None  # what spoke for seen_class
    seen_class: str


def example_group(examples: Iterable[ExampleScore], group: str, folder: Path) -> tuple[str, list[Card]]:
    """The cards of a group, the most extreme first; what is not of it by its margin is left out."""
    chosen = [example for example in examples if example.group == group and not _belies(example)]
    chosen.sort(key=lambda example: example.score, reverse=group == "right")
    return group, [_card(example, folder) for example in chosen[:CARDS]]


def _belies(example: ExampleScore) -> bool:
    """Whether the margin says that the group is wrong, as it may in reports of older versions."""
    return example.score <= 0 if example.group == "right" else example.score > 0


def _card(example: ExampleScore, folder: Path) -> Card:
    path = image_file(folder, example.image_path)
    about = (path.name, str(path), example.score, list(example.true_labels))
    return Card(
        *about, thumbnail(path), score_rows(example), encoded_picture(example.seen), example.seen_class
    )


def encoded_picture(encoded: str) -> Thumbnail | None:
    """The picture in base64, read and written again: what a report.json holds may be anything."""
    if not encoded:
        return None
    try:
        found = thumbnail_of(io.BytesIO(base64.b64decode(encoded, validate=True)), SEEN)
    except (binascii.Error, ValueError):
        return None
    return found if found.uri else None


def score_rows(example: ExampleScore) -> list[ScoreRow]:
    """The classes of the image and the best of the others, by score."""
    scores = {name: s if math.isfinite(s) else math.nan for name, s in example.scores.items()}
    true, ignored = dict.fromkeys(example.true_labels), set(example.ignored_labels)
    absent = {name: s for name, s in scores.items() if name not in true and name not in ignored}
    above = max((s for s in absent.values() if s == s), default=-math.inf)
    lowest = min((s for s in (scores.get(name, math.nan) for name in true) if s == s), default=math.inf)
    rows = [
        ScoreRow(n, scores.get(n, math.nan), "found" if scores.get(n, -math.inf) >= above else "missed")
        for n in true
    ]
    best = sorted(absent.items(), key=lambda item: _descending(item[1]))[:SHOWN_ABSENT]
    rows += [ScoreRow(name, s, "alarm" if s > lowest else "absent") for name, s in best]
    rows += [
        ScoreRow(name, s, "ignored") for name, s in scores.items() if name in ignored and name not in true
    ]
    return sorted(rows, key=lambda row: _descending(row.score))


def _descending(score: float) -> float:
    return -score if score == score else math.inf


# Confusion
class Instead(NamedTuple):
    """A class, how many of its images were missed, and what was taken for it, most often first."""

    name: str
    positives: int
    missed: int
    taken: list[tuple[str, int]]


class ConfusionView(NamedTuple):
    multi_label: bool
    matrix: list[tuple[str, list[tuple[int, float]], int]]  # class, (count, share of its images), images
    classes: list[str]
    missed: list[Instead]
    pairs: list[tuple[str, str, int, int]]  # true, taken for, times, images of the true class


def confusion_view(confusion: Confusion) -> ConfusionView:
    small = not confusion.multi_label and len(confusion.classes) <= MATRIX_CLASSES
    rows = list(zip(confusion.classes, confusion.counts, confusion.positives, strict=True))
    matrix = [(n, [(c, c / max(1, sum(counts))) for c in counts], positives) for n, counts, positives in rows]
    missed = [_instead(i, confusion) for i in range(len(confusion.classes))] if confusion.multi_label else []
    missed = sorted(missed, key=lambda row: (-row.missed / max(1, row.positives), -row.positives))[:MISSED]
    return ConfusionView(
        confusion.multi_label,
        matrix if small else [],
        confusion.classes,
        missed,
        [] if confusion.multi_label or small else _pairs(confusion),
    )


def _instead(i: int, confusion: Confusion) -> Instead:
    taken = sorted(
        ((c, confusion.classes[o]) for o, c in enumerate(confusion.counts[i]) if c), key=lambda t: -t[0]
    )
    return Instead(
        confusion.classes[i],
        confusion.positives[i],
        sum(confusion.counts[i]),
        [(name, c) for c, name in taken[:3]],
    )


def _pairs(confusion: Confusion) -> list[tuple[str, str, int, int]]:
    wrong = [
        (confusion.classes[t], confusion.classes[o], c, confusion.positives[t])
        for t, counts in enumerate(confusion.counts)
        for o, c in enumerate(counts)
        if c and t != o
    ]
    return sorted(wrong, key=lambda pair: -pair[2])[:PAIRS]
