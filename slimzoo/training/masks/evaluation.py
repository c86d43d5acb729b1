"""How good a model's masks are on a data set; of what it gives, no more than counts is kept."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from slimzoo.data.dataset import Dataset
from slimzoo.data.dense.batches import ids_of
from slimzoo.data.dense.dataset import MaskDataset
from slimzoo.data.images import read_image
from slimzoo.errors import SlimzooError, counted
from slimzoo.files.progress import bar
from slimzoo.model.masks import looking_of
from slimzoo.model.model import Model
from slimzoo.model.views import Seen
from slimzoo.preprocessing.spec import KINDS
from slimzoo.preprocessing.views import Views
from slimzoo.report.history import number
from slimzoo.training.bootstrap import RESAMPLES, UNKNOWN, Interval, between, draws
from slimzoo.training.evaluation import check_finite, check_fits, found_by_all
from slimzoo.training.masks.feeding import pixel_loss
from slimzoo.training.masks.scores import FOUND, HIT, TRUE, Counts, ious, mean_iou
from slimzoo.training.together.cluster import Alone

_WORST = -1e30  # in place of what is no number
BATCH = 8  # images whose logits are held
READERS = 4


@dataclass
class MaskEvaluation:
    """How good the masks are; figures are parts of 1."""

    dataset: MaskDataset
    counts: Counts
    loss: float  # mean cross entropy of the labelled pixels, as the network sees them; nan in squares
    views: Views

    def __repr__(self) -> str:
        said = [f"{name} {value:.3f}" for name, value in self.figures.items() if not math.isnan(value)]
        return f"<MaskEvaluation of {counted(len(self.dataset), 'image')}: {', '.join(said)}>"

    @property
    def total(self) -> np.ndarray:
        """Pixels of each class that were found, that there are, that were seen: int64 [3, K]."""
        return self.counts.by_image.sum(0)

    @property
    def miou(self) -> float:
        """Mean of the IoU of the classes that are in the truth or in what was seen."""
        return float(mean_iou(self.total))

    @property
    def iou(self) -> np.ndarray:
        """Of each class, float64 [K]; nan of one that is nowhere."""
        return ious(self.total)

    @property
    def pixel_accuracy(self) -> float:
        """Part of the labelled pixels whose class is right."""
        return float(self.total[HIT].sum() / max(self.total[TRUE].sum(), 1))

    @property
    def boundary_by_class(self) -> np.ndarray:
        """Boundary F of each class, float64 [K], the mean over the images that show it; nan without any."""
        each = self.counts.boundary
        images = np.isfinite(each).sum(0)
        total = np.nansum(each, 0)
        return np.divide(total, images, out=np.full(len(total), math.nan), where=images > 0)

    @property
    def boundary_f(self) -> float:
        """Mean of the boundary F of the classes that have one."""
        found = self.boundary_by_class
        return float(np.nanmean(found)) if np.isfinite(found).any() else math.nan

    @property
    def interval(self) -> Interval:
        """Of mIoU, 95 %, by a bootstrap over the images."""
        by_image = self.counts.by_image
        if len(by_image) < 2:
            return UNKNOWN
        sampled = np.concatenate(
            [
                mean_iou(np.tensordot(times, by_image, 1))
                for times in draws(np.random.default_rng(0), len(by_image), RESAMPLES)
            ]
        )
        return between(sampled, self.miou, len(by_image))

    @property
    def figures(self) -> dict[str, float]:
        """What a row of the history says of it."""
        values = {
            "loss": self.loss,
            "miou": self.miou,
            "pixel_accuracy": self.pixel_accuracy,
            "boundary_f": self.boundary_f,
        }
        return {name: value for name, value in values.items() if not math.isnan(value)}

    @property
    def rank(self) -> list[float]:
        """What a better model has more of."""
        return rank(self.figures)

    @property
    def unmeasured(self) -> list[str]:
        """The classes that no mask shows."""
        pairs = zip(self.dataset.classes, self.total[TRUE], strict=True)
        return [name for name, pixels in pairs if not pixels]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        columns = {
            "iou": self.iou.tolist(),
            "boundary_f_by_class": self.boundary_by_class.tolist(),
            "pixels": self.total[TRUE].tolist(),
            "seen": self.total[FOUND].tolist(),
        }
        return {
            "task": self.dataset.task,
            "data": self.dataset.name,
            "images": len(self.dataset),
            **self.figures,
            "miou_interval": list(self.interval),
            **{
                name: dict(zip(self.dataset.classes, values, strict=True)) for name, values in columns.items()
            },
            "unmeasured": self.unmeasured,
        }


def rank(row: Any) -> list[float]:
    """Returns what a better model has more of, from its row of the history: mIoU, accuracy, less loss."""
    values = number(row.get("miou")), number(row.get("pixel_accuracy")), -number(row.get("loss"))
    return [value if math.isfinite(value) else _WORST for value in values]


def check_masks_fit(model: Model, dataset: Dataset) -> MaskDataset:
    """Returns `dataset`; raises SlimzooError with everything that keeps `model` from being measured on it."""
    check_fits(model, dataset)
    assert isinstance(dataset, MaskDataset) and model.preprocessing is not None, "check_fits() looked"
    geometry = "longer_side"
    if KINDS[model.preprocessing.kind].geometry != geometry:
        kinds = ", ".join(kind for kind, row in KINDS.items() if row.geometry == geometry)
        raise SlimzooError(
            f"preprocessing of kind {model.preprocessing.kind!r} changes the shape of images or cuts some of "
            f"them off, which masks do not follow; kinds that do neither: {kinds}"
        )
    return dataset


def evaluate_masks(
    model: Model,
    dataset: Dataset,
    batch_size: int = BATCH,
    progress: bool = False,
    views: Views | None = None,
) -> MaskEvaluation:
    """Runs `model` over `dataset`; each mask is compared at the size of its image.

    Args:
      batch_size: images that are looked at at once; of no more than BATCH the logits are held.
      views: how images are looked at, as Model.predict_masks() takes it.
    Raises: SlimzooError: model and data do not fit together, an image or a mask cannot be read.
    """
    masks, views = check_masks_fit(model, dataset), views or Views()
    return _of_parts(model, masks, views, [_run_over(model, masks, batch_size, progress, views)])


def evaluate_masks_together(
    model: Model,
    dataset: Dataset,
    batch_size: int,
    progress: bool,
    views: Views,
    cluster: Alone,
    breaking_off: Callable[[], AbstractContextManager] = nullcontext,
) -> MaskEvaluation:
    """Returns what evaluate_masks() does, in every process of `cluster`: each runs over its part.

    Args:
      breaking_off: lets a signal leave the part of this process.
    Raises:
      SlimzooError: as evaluate_masks(). BrokenOff: a signal came, to any of the processes.
    """
    masks = check_masks_fit(model, dataset)
    own = cluster.part_of(masks, min(batch_size, BATCH))
    assert isinstance(own, MaskDataset), "a part of masks has masks"
    run = partial(_run_over, model, own, batch_size, progress, views)
    return _of_parts(model, masks, views, found_by_all(run, cluster, breaking_off))


def _of_parts(
    model: Model, masks: MaskDataset, views: Views, parts: Sequence[Mapping[str, np.ndarray]]
) -> MaskEvaluation:
    """Returns the evaluation of `masks` from what its parts gave, in order."""
    counts = Counts(len(masks.classes))
    losses = np.concatenate([part["losses"] for part in parts])
    for part in parts:
        counts.add_arrays(part)
    loss = float(np.average(losses[:, 0], weights=np.maximum(losses[:, 1], 1e-9)))
    if views.tile is None:
        check_finite(model, masks, loss)
    return MaskEvaluation(masks, counts, loss, views)


def _run_over(
    model: Model, masks: MaskDataset, batch_size: int, progress: bool, views: Views
) -> dict[str, np.ndarray]:
    """Returns the arrays of the counts of `masks`, and of each image its loss and of how many pixels."""
    looking, size = looking_of(model, views), min(batch_size, BATCH)
    counts, losses = Counts(len(masks.classes)), []
    shown = bar(total=len(masks), desc="evaluate", unit="image", disable=not progress, leave=False)
    with shown:
        for start in range(0, len(masks), size):
            pairs = _read(masks, range(start, min(start + size, len(masks))))
            found = looking.seen([image for image, _ in pairs], size)
            for (_, truth), one in zip(pairs, found, strict=True):
                counts.add(truth, one.mask)
                losses.append(_loss(one, truth))
                shown.update()
    return {**counts.to_arrays(), "losses": np.array(losses, np.float64).reshape(-1, 2)}


def _read(masks: MaskDataset, indices: Iterable[int]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Returns the pixels of images [H, W, 3] and their masks [H, W]. Raises SlimzooError that names them."""

    def read(index: int) -> tuple[np.ndarray, np.ndarray]:
        return read_image(masks.paths[index], masks.turn), ids_of(masks, index)

    with ThreadPoolExecutor(READERS) as readers:
        return [*readers.map(read, indices)]


def _loss(seen: Seen, truth: np.ndarray) -> tuple[float, int]:
    """Returns the mean cross entropy where the network sees an image, and of how many pixels; nan in squares.

    The mask is shrunk as the network sees the image.
    """
    if seen.scores is None:
        return math.nan, 0
    high, wide, _ = seen.scores.shape
    mask = tf.image.resize(truth[None, ..., None].astype(np.int32), [high, wide], method="nearest")
    logits = seen.scores if seen.logits else tf.math.log(tf.maximum(seen.scores, np.finfo(np.float32).tiny))
    loss, terms = pixel_loss(logits[None], mask[..., 0])  # softmax takes the sum out of probabilities
    return float(loss), int(terms)
