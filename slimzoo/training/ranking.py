"""One model after the other on images with one label each: what stands in a line of results.csv."""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import tensorflow as tf

from slimzoo.data.dataset import Dataset
from slimzoo.data.pipeline import batches
from slimzoo.errors import SlimzooError, listing
from slimzoo.files.progress import bar
from slimzoo.labels import imagenet
from slimzoo.model.model import Model
from slimzoo.model.noticing import note_prepared
from slimzoo.names import in_scopes
from slimzoo.training.broken_images import naming_broken_images
from slimzoo.training.evaluation import check_finite, check_fits
from slimzoo.training.run_folder import fingerprint
from slimzoo.training.top_k import TopK, places, top_k
from slimzoo.weights.provenance import fingerprint as fingerprint_of_values


@dataclass(frozen=True, eq=False)
class Labelled:
    """Images and the one class of each, in the numbering of a model's outputs."""

    images: Dataset
    true: np.ndarray  # int64 [N]

    @property
    def classes(self) -> int:
        """How many classes have an image."""
        return len(np.unique(self.true))


@dataclass(frozen=True)
class Ranked:
    """How good, how large and how fast a model is."""

    top: TopK
    parameters: int  # in inference
    multiply_adds: int | None  # of one image of that size; None where a part of it is not known
    images_per_second: float  # of the model alone, by the batches after the first
    batch: int  # images in each of these


def for_imagenet(model: Model, images: Dataset, classes: np.ndarray) -> Labelled:
    """Returns what `model` is to be measured on, where `classes` are ImageNet's, 0 to 999.

    Raises: SlimzooError: the model does not tell ImageNet's classes apart, or has no preprocessing.
    """
    problems = []
    offset = (model.num_classes or 0) - 1000
    if model.preprocessing is None:
        problems.append("the model has no preprocessing; give slimzoo.load(..., preprocessing=...)")
    if offset not in (0, 1):
        problems.append(
            f"the model has {model.num_classes} classes; ImageNet's are 1000, or 1001 with a background"
        )
    elif model.labels is not None and tuple(model.labels) != imagenet(offset):
        pairs = enumerate(zip(model.labels, imagenet(offset), strict=True))
        problems += [f"class {i} is {a!r} in the model, {b!r} in ImageNet" for i, (a, b) in pairs if a != b]
    if model.multi_label:
        problems.append("the model gives several labels an image; ImageNet's have one")
    if problems:
        raise SlimzooError(listing(f"{model.name} cannot be evaluated with ImageNet's labels:", problems))
    return Labelled(images, classes + offset)


def for_its_own(model: Model, dataset: Dataset) -> Labelled:
    """Returns what `model` is to be measured on, where the classes of `dataset` are its own.

    Raises: SlimzooError: they are not.
    """
    check_fits(model, dataset)
    if model.multi_label:
        raise SlimzooError(
            f"{model.name} gives several labels an image: one label an image gives no figures of it"
        )
    return Labelled(dataset, dataset.labels.argmax(1))


def settings_of(model: Model, labelled: Labelled) -> str:
    """Returns a hash of all that decides the figures: network, weights, preprocessing, images, classes."""
    assert model.preprocessing is not None, "for_imagenet() and for_its_own() looked"
    said: Mapping[str, Any] = {
        "network": model.name,
        "arguments": str(sorted(model.parts.arguments.items(), key=lambda item: item[0])),
        "classes": model.num_classes,
        "values": fingerprint_of_values(model.variables),
        "preprocessing": model.preprocessing.to_dict(),
        "images": fingerprint(labelled.images),
        "true": labelled.true.tolist(),
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


def rank(model: Model, labelled: Labelled, batch_size: int = 32, progress: bool = False) -> Ranked:
    """Runs `model` over the images, unaugmented.

    Raises: SlimzooError: an image cannot be read, or the model gives NaN.
    """
    assert model.preprocessing is not None, "for_imagenet() and for_its_own() looked"
    images = replace(labelled.images, classes=(), examples=_without_labels(labelled.images))
    size = min(batch_size, len(images) or 1)
    data = batches(images, model.preprocessing, size, training=False, pad_last=True)  # each of one shape
    placed, losses, seconds = [], [], []
    shown = bar(
        data, total=-(-len(images) // size), desc=model.name, unit="batch", disable=not progress, leave=False
    )
    with naming_broken_images(images):
        for batch in shown:
            there = batch["index"].numpy()
            there = there[there >= 0]  # the rest fills up the batch
            logits, took = _timed(model, batch["image"])
            logits, true = logits[: len(there)], labelled.true[there]
            check_finite(model, images, logits)
            placed.append(places(logits, true))
            losses.append(_cross_entropies(logits, true))
            seconds.append(took)
    if len(seconds) == 1:  # it was the warm-up too
        seconds.append(_timed(model, batch["image"])[1])
    top = top_k(np.concatenate(placed), np.concatenate(losses), model.num_classes or 0)
    return Ranked(
        top, *_counts(model), images_per_second=size * len(seconds[1:]) / sum(seconds[1:]), batch=size
    )


def _without_labels(images: Dataset) -> tuple[Any, ...]:
    nothing = np.zeros(0, np.float32)
    return tuple(replace(example, labels=nothing, weights=nothing) for example in images.examples)


def _timed(model: Model, images: tf.Tensor) -> tuple[np.ndarray, float]:
    note_prepared(model, images)
    before = time.perf_counter()
    logits = tf.cast(model(images, training=False), tf.float32).numpy()
    return logits, time.perf_counter() - before


def _cross_entropies(logits: np.ndarray, true: np.ndarray) -> np.ndarray:
    shifted = logits.astype(np.float64) - logits.max(1, keepdims=True)
    return np.log(np.exp(shifted).sum(1)) - shifted[np.arange(len(true)), true]


def _counts(model: Model) -> tuple[int, int | None]:
    auxiliary = (model.network.auxiliary if model.network else None) or ()
    rows = model.summary_rows()
    known = [row.multiply_adds for row in rows if row.multiply_adds is not None]
    parameters = sum(row.parameters for row in rows if not in_scopes(row.scope, auxiliary))
    return parameters, sum(known) or None
