"""Making up for rare classes: what an image weighs in the loss, or how often it is drawn."""

from dataclasses import replace

import numpy as np

from slimzoo.data.dataset import Dataset


def weighted(dataset: Dataset) -> Dataset:
    """Returns `dataset` with weights by which each class has the same share in the loss.

    Of one label an image: by the images of its class. Of several: those that show a class and those that do
    not weigh half each; what did not count does not. The mean weight stays about 1.
    """
    labels, weights = dataset.labels, dataset.weights
    images, (shown, not_shown) = len(dataset), _counts(labels, weights)
    if dataset.multi_label:
        factors = np.where(labels > 0, images / (2 * shown), images / (2 * not_shown))
    else:
        factors = (labels * (images / (len(dataset.classes) * shown))).sum(axis=1, keepdims=True)
    rows = (weights * factors).astype(np.float32)
    pairs = zip(dataset.examples, rows, strict=True)
    return replace(dataset, examples=tuple(replace(example, weights=row) for example, row in pairs))


def odds(dataset: Dataset) -> np.ndarray:
    """Returns how much more often each image is drawn, float64 [N], by the rarest class that it shows."""
    labels = dataset.labels
    shown, _ = _counts(labels, np.ones_like(labels))
    rarity = np.where(labels > 0, 1 / shown, 0).max(axis=1)
    return np.where(rarity > 0, rarity, 1 / max(len(dataset), 1))


def _counts(labels: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns how many images show each class, and how many do not, where that counts; at least 1."""
    counts = weights > 0
    shown = (counts & (labels > 0)).sum(axis=0)
    return np.maximum(shown, 1), np.maximum(counts.sum(axis=0) - shown, 1)
