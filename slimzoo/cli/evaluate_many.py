"""What `slimzoo evaluate folder` does: one model after the other on images with one label each."""

import gc
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from slimzoo.cli.errors import failure_for
from slimzoo.cli.output import echo, echo_json, scores_table, table
from slimzoo.data import Dataset, folder
from slimzoo.errors import SlimzooError, counted
from slimzoo.labels import imagenet
from slimzoo.loading.load import load
from slimzoo.model.model import Model
from slimzoo.registry import CLASSIFICATION, check_task
from slimzoo.training import evaluate as evaluate_one
from slimzoo.training import held_out
from slimzoo.training.ranking import Labelled, for_imagenet, for_its_own, rank, settings_of
from slimzoo.training.results import Results, Row, number, plain_row, row_of
from slimzoo.training.top_k import INTERVALS, Estimate, TopK

log = logging.getLogger("slimzoo")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The options of the command."""

    data: str
    labels: str | None
    model: tuple[str, ...]
    weights: str | None
    rename: dict[str, str] | None
    exclude: tuple[str, ...]
    ema: bool
    network_arguments: dict[str, Any]
    size: int | None
    crop: float | None
    out: str | None
    batch_size: int
    turn: bool
    progress: bool
    as_json: bool

    @property
    def is_plain(self) -> bool:
        """Whether it is one model on its own classes, and for the screen: average precisions are shown."""
        return self.labels is None and self.out is None and len(self.model) == 1


def evaluate(asked: Asked, of_imagenet: tuple[Dataset, np.ndarray] | None) -> None:
    """Measures, and prints what was found.

    Args:
      of_imagenet: images, and the class of each; None: they are in folders called as a model's labels are.
    Raises: SlimzooError: data, file or models cannot be used; of several models the others are measured.
    """
    results = Results.of(asked.out)
    read = _reader(asked, of_imagenet)
    if asked.is_plain:
        return _average_precisions(asked)
    rows: list[Row] = []
    problems: list[str] = []
    try:
        _measure_all(asked, read, results, rows, problems)
    finally:  # Ctrl-C too
        if rows:
            _print(rows, asked)
    if problems:
        count = f"{len(problems)} of {len(asked.model)} models cannot be measured:"
        raise SlimzooError("\n".join([count, *problems]))
    return None


def _measure_all(
    asked: Asked,
    read: Callable[[Model], Labelled],
    results: Results,
    rows: list[Row],
    problems: list[str],
) -> None:
    """Adds to `rows` what is measured, and to `problems` what keeps a model from it, if there are others."""
    for name in dict.fromkeys(asked.model):
        try:
            rows.append(_measured(name, asked, read, results))
        except Exception as error:
            failure = failure_for(error)
            if failure is None or len(asked.model) == 1:
                raise
            problems.append(f"{name}: {failure.message}")
        gc.collect()  # the weights of the next one may need the room


def _reader(asked: Asked, of_imagenet: tuple[Dataset, np.ndarray] | None) -> Callable[[Model], Labelled]:
    """Returns what gives the images of a model; ImageNet's are read once."""
    if of_imagenet is None:
        return lambda model: for_its_own(model, _of_its_own_classes(model, asked))
    images, classes = replace(of_imagenet[0], turn=asked.turn), of_imagenet[1]
    return lambda model: for_imagenet(model, images, classes)


def _of_its_own_classes(model: Model, asked: Asked) -> Dataset:
    """Returns the images, in folders that are called as the labels of `model` are."""
    try:
        return replace(folder.read(asked.data, model.labels), turn=asked.turn)
    except SlimzooError as error:
        if model.labels not in (imagenet(0), imagenet(1)):
            raise
        hint = "Folders called by WordNet ids, or by one of a class's names, are read with --labels imagenet"
        raise SlimzooError(f"{error.full}\n{hint}") from error


def _average_precisions(asked: Asked) -> None:
    (name,) = asked.model
    model = _loaded(name, asked)
    data = _of_its_own_classes(model, asked)
    _warn_of_trained_on(name, data)
    found = evaluate_one(model, data, asked.batch_size, progress=asked.progress)
    said, top = found.to_dict(), None if model.multi_label else found.top
    if asked.as_json:
        return echo_json({**said, **({} if top is None else {**asdict(top), "intervals": INTERVALS})})
    return echo("\n".join([scores_table(said), *([] if top is None else _lines(top))]))


def _lines(top: TopK) -> list[str]:
    parts = (("top-1", top.top1, 100, " %"), ("top-5", top.top5, 100, " %"), ("loss", top.loss, 1, ""))
    known = [(name, e, factor, unit) for name, e, factor, unit in parts if e is not None]
    return [*(f"{name} {_said(e, factor)}{unit}" for name, e, factor, unit in known), INTERVALS]


def _said(estimate: Estimate, factor: float) -> str:
    value, low, high = (factor * v for v in (estimate.value, estimate.low, estimate.high))
    return f"{value:.4g} ({low:.4g} to {high:.4g})"


def _loaded(name: str, asked: Asked) -> Model:
    model = load(
        name,
        pretrained=asked.weights is None,
        weights=asked.weights,
        rename=asked.rename,
        exclude=asked.exclude,
        ema=asked.ema,
        network_arguments=asked.network_arguments,
        size=asked.size,
    )
    check_task(model.name, model.task, CLASSIFICATION)
    if asked.crop is not None and model.preprocessing is not None:
        model.preprocessing = model.preprocessing.cropped(asked.crop)
    return model


def _warn_of_trained_on(name: str, data: Dataset) -> None:
    if seen := held_out.count_trained_on(name, data):
        log.warning("%d of these %d images are among those that %s was trained on", seen, len(data), name)


def _measured(name: str, asked: Asked, read: Callable[[Model], Labelled], results: Results) -> Row:
    """Returns the line of a model: the one that there is, or a new one."""
    model = _loaded(name, asked)
    labelled = read(model)
    _warn_of_trained_on(name, labelled.images)
    settings = settings_of(model, labelled)
    if known := results.find(settings):
        log.warning("%s was measured so before: its line of %s is taken", name, asked.out)
        return known
    ranked = rank(model, labelled, asked.batch_size, asked.progress)
    row = row_of(model, _tag(name, model, asked), settings, labelled, ranked)
    results.add(row)
    return row


def _tag(name: str, model: Model, asked: Asked) -> str:
    """Returns which weights they are: a tag of the manifest, or the file."""
    released = model.provenance
    if released.released and not released.trained and not os.path.exists(name):
        return released.released.removeprefix(f"{model.name}.")
    return asked.weights or name


def _print(rows: Sequence[Row], asked: Asked) -> None:
    if asked.as_json:
        found = [plain_row(row) for row in rows]
        return echo_json({"results": found, "intervals": INTERVALS, "out": asked.out})
    columns = ("network", "tag", "size>", "crop>", "top-1, %>", "top-5, %>", "loss>", "images/s>")
    lines = [
        (
            *(row["network"], row["tag"], row["size"], _short(row["crop"])),
            *(_with_interval(row, name) for name in ("top-1", "top-5", "loss")),
            _short(row["images/s"]),
        )
        for row in rows
    ]
    echo(table(columns, lines, _title(rows, asked)))
    echo(INTERVALS)
    if asked.out is not None:
        echo(f"results: {asked.out}")
    return None


def _title(rows: Sequence[Row], asked: Asked) -> str:
    row = rows[0]
    of = " of ImageNet's 1000" if asked.labels else ""
    return f"{row['data']}, {counted(int(row['images']), 'image')} of {row['classes']}{of} classes"


def _with_interval(row: Row, name: str) -> str:
    value, low, high = (_short(row[column]) for column in (name, f"{name} low", f"{name} high"))
    return f"{value} ({low} to {high})" if value else "-"


def _short(text: str) -> str:
    value = number(text)
    return "" if value is None else f"{value:.4g}"
