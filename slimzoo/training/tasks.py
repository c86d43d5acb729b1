"""What a run does for its task: its batches, its loss, how it is measured, what is reported. One row each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import tensorflow as tf

from slimzoo.data.dataset import Dataset
from slimzoo.model.model import Model
from slimzoo.preprocessing.views import Views
from slimzoo.registry import CLASSIFICATION, SEGMENTATION
from slimzoo.report.history import rank
from slimzoo.training import run_report
from slimzoo.training.evaluation import evaluate, evaluate_together, held_out_batches
from slimzoo.training.feeding import Feed
from slimzoo.training.losses import BatchLoss, of_classes
from slimzoo.training.masks.evaluation import evaluate_masks, evaluate_masks_together
from slimzoo.training.masks.evaluation import rank as rank_of_masks
from slimzoo.training.masks.feeding import MaskFeed, loss_of
from slimzoo.training.masks.report import write as write_report_of_masks
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

    @property
    def dataset(self) -> Dataset:
        """What it was measured on."""

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
        lets a signal leave it).
      rank: that of an evaluation, of its row in the history.
      shown: the figure beside the progress bar: what it is called, and its column.
      report: writes predictions and report, as run_report.write() does; returns the page's path.
    """

    feed: Callable[..., Feeding]
    loss: Callable[[Settings], BatchLoss]
    held_out: Callable[[Model, Dataset, Settings], Any]
    evaluate: Callable[[Model, Dataset, int, bool, Any], Evaluated]
    together: Callable[..., Evaluated]
    rank: Callable[[Mapping[str, Any]], list[float]]
    shown: tuple[str, str]
    report: Callable[..., Path]


def _report_of_classes(folder: Any, settings: Settings, evaluation: Any, *about: Any, **more: Any) -> Path:
    run_report.save_predictions(folder.path, evaluation)
    return run_report.write(folder, settings, evaluation, *about, **more)


def _batches_of_classes(model: Model, data: Dataset, settings: Settings) -> tf.data.Dataset | None:
    if not len(data):  # of more machines than there are batches
        return None
    return held_out_batches(model, data, settings.recipe.batch_size, again=True)


def _views_of_masks(model: Model, data: Dataset, settings: Settings) -> Views:
    """Returns how images are looked at: as the steps see them."""
    del data
    assert model.preprocessing is not None, "load() gives every registered network one"
    full = settings.recipe.resolution == "full"
    return Views(tile=model.preprocessing.size // 2) if full else Views()


TASKS: dict[str, Task] = {
    CLASSIFICATION: Task(
        feed=Feed,
        loss=lambda settings: of_classes(settings.recipe.label_smoothing),
        held_out=_batches_of_classes,
        evaluate=evaluate,
        together=evaluate_together,
        rank=lambda row: rank(*(row.get(name) for name in ("map", "accuracy", "map_11point", "loss"))),
        shown=("mAP", "map"),
        report=_report_of_classes,
    ),
    SEGMENTATION: Task(
        feed=MaskFeed,
        loss=loss_of,
        held_out=_views_of_masks,
        evaluate=evaluate_masks,
        together=evaluate_masks_together,
        rank=rank_of_masks,
        shown=("mIoU", "miou"),
        report=write_report_of_masks,
    ),
}
