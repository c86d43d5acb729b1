"""How good a model is on a data set: loss, average precision by class, and what was right and wrong."""

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from slimzoo.data.average_precision import average_precisions
from slimzoo.data.dataset import Dataset
from slimzoo.data.pipeline import batches
from slimzoo.errors import SlimzooError, counted, listing
from slimzoo.files.progress import bar
from slimzoo.model.model import Model
from slimzoo.model.noticing import note_prepared
from slimzoo.registry import CLASSIFICATION, check_task
from slimzoo.report.history import rank
from slimzoo.training.broken_images import naming_broken_images
from slimzoo.training.interrupt import BrokenOff
from slimzoo.training.losses import classification_loss
from slimzoo.training.together.cluster import Alone
from slimzoo.training.top_k import TopK, places, top_k

KEPT = 1 << 28  # bytes
_FOUND = ("scores", "losses", "terms")
Found = dict[str, np.ndarray]  # of each image its scores; of each batch its loss times terms, and the terms


@dataclass
class Evaluation:
    """How good the model is; `scores` are probabilities."""

    dataset: Dataset
    scores: np.ndarray  # float32 [N, K]
    loss: float
    ap: np.ndarray  # float64 [K], all-point; nan without a positive
    ap_11point: np.ndarray

    def __repr__(self) -> str:
        figures = {"mAP": self.map, "accuracy": self.accuracy, "loss": self.loss}
        said = [f"{name} {value:.3f}" for name, value in figures.items() if not math.isnan(value)]
        return f"<Evaluation of {counted(len(self.dataset), 'image')}: {', '.join(said)}>"

    @property
    def map(self) -> float:
        """Mean of the all-point average precisions of the classes that have a positive."""
        return _mean(self.ap)

    @property
    def map_11point(self) -> float:
        """The same by VOC 2007's 11 points."""
        return _mean(self.ap_11point)

    @property
    def accuracy(self) -> float:
        """Part of the images whose best class is theirs; nan where an image may show several."""
        if self.dataset.multi_label:
            return float("nan")
        return float(np.mean(self.scores.argmax(1) == self.dataset.labels.argmax(1)))

    @property
    def top(self) -> TopK | None:
        """Top-1, top-5 and loss with their intervals; None where an image may show several classes."""
        if self.dataset.multi_label:
            return None
        true = self.dataset.labels.argmax(1)
        floor = np.finfo(np.float32).tiny  # a probability that float32 rounded to 0
        losses = -np.log(np.maximum(self.scores[np.arange(len(true)), true], floor))
        return top_k(places(self.scores, true), losses, len(self.dataset.classes))

    @property
    def rank(self) -> list[float]:
        """What a better model has more of: see report.history.rank."""
        return rank(self.map, self.accuracy, self.map_11point, self.loss)

    @property
    def figures(self) -> dict[str, float]:
        """What a row of the history says of it."""
        row = {"loss": self.loss, "map": self.map, "map_11point": self.map_11point}
        return row if math.isnan(self.accuracy) else {**row, "accuracy": self.accuracy}

    @property
    def unmeasured(self) -> list[str]:
        """The classes that no image shows, so that nothing is known of them."""
        return [name for name, count in self.dataset.counts.items() if not count]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        classes = self.dataset.classes
        return {
            "data": self.dataset.name,
            "images": len(self.dataset),
            "loss": self.loss,
            "map": self.map,
            "map_11point": self.map_11point,
            "accuracy": self.accuracy,
            "ap": {c: float(v) for c, v in zip(classes, self.ap, strict=True)},
            "ap_11point": {c: float(v) for c, v in zip(classes, self.ap_11point, strict=True)},
            "positives": self.dataset.counts,
            "unmeasured": self.unmeasured,
        }


def evaluate(
    model: Model,
    dataset: Dataset,
    batch_size: int = 32,
    progress: bool = False,
    data: tf.data.Dataset | None = None,
) -> Evaluation:
    """Runs `model` over `dataset`, unaugmented.

    Args:
      data: what held_out_batches() gave for the same arguments, where it is run over again and again.
    Raises: SlimzooError: classes of model and data differ, or the model has no preprocessing; they are of
      masks, which masks.evaluation.evaluate_masks() measures.
    """
    if dataset.task != CLASSIFICATION:
        raise SlimzooError(
            f"{dataset.name} has masks: slimzoo.training.evaluate_masks(model, dataset) measures by them"
        )
    check_fits(model, dataset)
    return _of_parts(model, dataset, [_run_over(model, dataset, batch_size, progress, data)])


def evaluate_together(
    model: Model,
    dataset: Dataset,
    batch_size: int,
    progress: bool,
    data: tf.data.Dataset | None,
    cluster: Alone,
    breaking_off: Callable[[], AbstractContextManager] = nullcontext,
) -> Evaluation:
    """Returns what evaluate() does, in every process of `cluster`: each runs over its part.

    Args:
      data: what held_out_batches() gave for the part of `dataset` that is this process's, if that has any.
      breaking_off: lets a signal leave the part of this process.
    Raises:
      SlimzooError: as evaluate(). BrokenOff: a signal came, to any of the processes.
    """
    check_fits(model, dataset)
    own = cluster.part_of(dataset, batch_size)

    def run() -> Found:
        return _run_over(model, own, batch_size, progress, data) if len(own) else _nothing(dataset)

    return _of_parts(model, dataset, found_by_all(run, cluster, breaking_off))


def found_by_all(
    run: Callable[[], Found], cluster: Alone, breaking_off: Callable[[], AbstractContextManager]
) -> list[Found]:
    """Returns what `run` gave in every process of `cluster`.

    Raises: BrokenOff: a signal came, to any of them; breaking_off() lets it leave `run` in this one.
    """
    found: Found | None = None
    with suppress(BrokenOff), breaking_off():
        found = run()
    parts = cluster.gather_arrays(found)
    if parts is None:
        raise BrokenOff
    return parts


def _of_parts(model: Model, dataset: Dataset, parts: Sequence[Found]) -> Evaluation:
    """Returns the evaluation of `dataset` from what its parts gave, in order."""
    scores, losses, terms = (np.concatenate([part[name] for part in parts]) for name in _FOUND)
    check_finite(model, dataset, scores, losses)
    arguments = (scores, dataset.labels, dataset.weights)
    return Evaluation(
        dataset=dataset,
        scores=scores,
        loss=float(sum(losses.tolist()) / max(sum(terms.tolist()), 1)),
        ap=average_precisions(*arguments),
        ap_11point=average_precisions(*arguments, method="11_point"),
    )


def _nothing(dataset: Dataset) -> Found:
    """Returns what there is of no image."""
    none = np.zeros(0)
    return {"scores": np.zeros((0, len(dataset.classes)), np.float32), "losses": none, "terms": none}


def _run_over(
    model: Model, dataset: Dataset, batch_size: int, progress: bool, data: tf.data.Dataset | None
) -> Found:
    data = held_out_batches(model, dataset, batch_size) if data is None else data
    losses, terms, parts = [], [], []
    total = -(-len(dataset) // batch_size)
    shown = bar(data, total=total, desc="evaluate", unit="batch", disable=not progress, leave=False)
    with naming_broken_images(dataset):
        for batch in shown:
            part, loss, count = _evaluate_batch(model, batch)
            parts.append(part)
            losses.append(loss * count)
            terms.append(count)
    return {"scores": np.concatenate(parts), "losses": np.array(losses), "terms": np.array(terms)}


def check_finite(model: Model, dataset: Dataset, *values: Any) -> None:
    """Raises SlimzooError where what `model` gave on `dataset` is not finite."""
    if not all(np.isfinite(value).all() for value in values):
        raise SlimzooError(
            f"{model.name} gives values that are not finite on {dataset.name}: training diverged (lower the "
            "learning rate), or the weights hold NaN (slimzoo inspect lists them)"
        )


def held_out_batches(model: Model, dataset: Dataset, batch_size: int, again: bool = False) -> tf.data.Dataset:
    """Returns the batches of `dataset` as `model` wants them.

    Args:
      again: they are gone through several times: where they fit into KEPT bytes they are decoded once.
    """
    assert model.preprocessing is not None, "check_fits() looked"
    data = batches(dataset, model.preprocessing, batch_size, training=False)
    size = len(dataset) * math.prod(model.preprocessing.shape) * 4
    return data.cache() if again and size <= KEPT else data


def check_fits(model: Model, dataset: Dataset) -> None:
    """Raises SlimzooError with everything that keeps `model` from being run on `dataset`."""
    check_task(model.name, model.task, dataset.task)
    problems = []
    if model.preprocessing is None:
        problems.append("the model has no preprocessing; give slimzoo.load(..., preprocessing=...)")
    if model.num_classes != len(dataset.classes):
        problems.append(
            f"the model has {model.num_classes} classes, {dataset.name} has {len(dataset.classes)}; load it "
            f"with num_classes={len(dataset.classes)} and fine-tune it"
        )
    elif model.labels is not None and tuple(model.labels) != tuple(dataset.classes):
        pairs = enumerate(zip(model.labels, dataset.classes, strict=True))
        problems += [f"class {i} is {a!r} in the model, {b!r} in the data" for i, (a, b) in pairs if a != b]
    if problems:
        raise SlimzooError(listing(f"{model.name} cannot be evaluated on {dataset.name}:", problems))


def _evaluate_batch(model: Model, batch: Mapping[str, tf.Tensor]) -> tuple[np.ndarray, float, float]:
    note_prepared(model, batch["image"])
    logits = model(batch["image"], training=False)
    loss, terms = _batch_loss(logits, batch["labels"], batch["weights"], model.multi_label, logits.shape[1])
    scores = tf.sigmoid(logits) if model.multi_label else tf.nn.softmax(logits)
    return scores.numpy(), float(loss), float(terms)


@tf.function(autograph=False, reduce_retracing=True)
def _batch_loss(
    logits: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor, multi_label: bool, classes: int
) -> tuple[tf.Tensor, tf.Tensor]:
    logits, labels, weights = (tf.ensure_shape(x, [None, classes]) for x in (logits, labels, weights))
    return classification_loss(logits, labels, weights, multi_label)


def _mean(values: np.ndarray) -> float:
    values = values[~np.isnan(values)]
    return float(values.mean()) if values.size else float("nan")
