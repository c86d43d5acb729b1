"""What a run does for its task: its batches, its loss, how it is measured, what is reported. One row each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import tensorflow as tf

from slimzoo.data.dataset import Dataset
from slimzoo.model.model import Model
from slimzoo.registry import CLASSIFICATION
from slimzoo.report.history import rank
from slimzoo.training import run_report
from slimzoo.training.evaluation import evaluate, evaluate_together, held_out_batches
from slimzoo.training.feeding import Feed
from slimzoo.training.losses import BatchLoss, of_classes
from slimzoo.training.settings import Settings


class Feeding(Protocol):
    """The batches of a run; which images step s holds, and how each is changed, follows from (seed, s)."""

    def size_at(self, step: int) -> int | None:
        """Returns the pixels of the images after `step` steps; None: as many as in the end."""

    def batches(self, step: int) -> tf.data.Dataset:
        """Returns the batches from `step` on, of the size that they have there."""

    def unmixed(self) -> tf.data.Dataset:
        """Returns the batches from the first on, none mixed, all of the size in the end."""


class Evaluated(Protocol):
    """How good a model is."""

    dataset: Dataset

    @property
    def rank(self) -> list[float]:
        """What a better model has more of."""

    @property
    def figures(self) -> dict[str, float]:
        """What a row of the history says of it."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """A row of TASKS.

    Attributes:
      feed: what the steps train on: (settings, preprocessing), and the rows of each batch that this process
        makes where there are several.
      loss: what is made small of a batch.
      held_out: what evaluate() takes where the same images are measured again and again.
      evaluate: (model, data, batch size, progress, what held_out() gave) -> the figures.
      together: the same in every process of a cluster, each of which runs over its part: (..., cluster, what
        lets a signal leave it); None: each runs over all.
      rank: that of an evaluation, of its row in the history.
      shown: the figure beside the progress bar: what it is called, and its column.
      report: writes predictions and report, as run_report.write() does; returns the page's path.
    """

    feed: Callable[..., Feeding]
    loss: Callable[[Settings], BatchLoss]
    held_out: Callable[[Model, Dataset, int], Any]
    evaluate: Callable[[Model, Dataset, int, bool, Any], Evaluated]
    rank: Callable[[Mapping[str, Any]], list[float]]
    shown: tuple[str, str]
    report: Callable[..., Path]
    together: Callable[..., Evaluated] | None = None


def _report_of_classes(folder: Any, settings: Settings, evaluation: Any, *about: Any, **more: Any) -> Path:
    run_report.save_predictions(folder.path, evaluation)
    return run_report.write(folder, settings, evaluation, *about, **more)


TASKS: dict[str, Task] = {
    CLASSIFICATION: Task(
        feed=Feed,
        loss=lambda settings: of_classes(settings.recipe.label_smoothing),
        held_out=lambda model, data, size: held_out_batches(model, data, size, again=True),
        evaluate=evaluate,
        together=evaluate_together,
        rank=lambda row: rank(*(row.get(name) for name in ("map", "accuracy", "map_11point", "loss"))),
        shown=("mAP", "map"),
        report=_report_of_classes,
    ),
}
