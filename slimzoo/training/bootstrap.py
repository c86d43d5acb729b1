"""How far a figure could be off: what it would have been on other images, drawn again from the same ones."""

from collections.abc import Iterator

import numpy as np

RESAMPLES = 500
LEAST = 100  # with fewer resamples the ends of an interval are noise
WORK = 500_000_000  # images x classes x resamples: a few seconds
COVERED = (2.5, 97.5)  # percentiles
CHUNK = 4_000_000  # values that are held at once

Interval = tuple[float, float]
UNKNOWN: Interval = (float("nan"), float("nan"))


def intervals(
    scores: np.ndarray, labels: np.ndarray, weights: np.ndarray, seed: int = 0
) -> tuple[Interval, Interval]:
    """Returns the 95 % intervals of mAP (all-point) and of accuracy, by a bootstrap over images.

    A resample holds images twice, which makes its average precisions a little too good: the intervals are
    moved by as much as the mean of the resamples lies above the figure itself. In a resample a class without
    a positive is left out of the mean, as it is in mAP. Both intervals are nan for a set so large that this
    would take long: there they are narrow.

    Args: [N, K] each: scores finite, labels and weights 0 or 1, as average_precision() takes them.
    """
    images, classes = scores.shape
    resamples = min(RESAMPLES, WORK // max(1, images * classes))
    if resamples < LEAST or not images:
        return UNKNOWN, UNKNOWN
    once = np.ones((1, images))
    right = scores.argmax(1) == labels.argmax(1)
    random = np.random.default_rng(seed)
    means, accuracies = [], []
    for times in draws(random, images, resamples):
        means.append(mean_ap(scores, labels, weights, times))
        accuracies.append(times @ right / images)
    figure = float(mean_ap(scores, labels, weights, once)[0])
    of_map, of_accuracy = np.concatenate(means), np.concatenate(accuracies)
    return between(of_map, figure, images), between(of_accuracy, float(right.mean()), images)


def draws(random: np.random.Generator, images: int, resamples: int) -> Iterator[np.ndarray]:
    """Yields how often each image is in a resample, float64 [some, images]."""
    share = np.full(images, 1 / images)
    step = max(1, CHUNK // images)
    for start in range(0, resamples, step):
        yield random.multinomial(images, share, min(step, resamples - start)).astype(np.float64)


def mean_ap(scores: np.ndarray, labels: np.ndarray, weights: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Returns the mAP (all-point) of each resample, nan where no class has a positive.

    Args:
      times: how often each image is in a resample, float64 [resamples, N].
    """
    ap = np.stack([_ap(*column, times) for column in zip(scores.T, labels.T, weights.T, strict=True)])
    known = ~np.isnan(ap)
    with np.errstate(invalid="ignore"):
        return np.where(known, ap, 0).sum(0) / known.sum(0)


def _ap(scores: np.ndarray, labels: np.ndarray, weights: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Returns the all-point average precision of one class in each resample, nan without a positive."""
    counted = np.flatnonzero(weights > 0)
    order = counted[np.argsort(-scores[counted], kind="stable")]
    if not order.size:
        return np.full(len(times), np.nan)
    last_of_tie = np.append(np.diff(scores[order]) != 0, True)
    drawn = times[:, order]
    true = np.cumsum(drawn * (labels[order] > 0), axis=1)[:, last_of_tie]
    count = np.cumsum(drawn, axis=1)[:, last_of_tie]
    precision = np.divide(true, count, out=np.zeros_like(true), where=count > 0)
    best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    area = np.sum(np.diff(true, prepend=0.0, axis=1) * best, axis=1)
    return np.divide(area, true[:, -1], out=np.full(len(times), np.nan), where=true[:, -1] > 0)


def between(values: np.ndarray, figure: float, images: int) -> Interval:
    """Returns the interval of `values` around `figure`, moved by their bias.

    Where all resamples agree, as of images that are all right, it reaches as far as the rule of three says:
    what was seen in none of n images may be true of 3 / n of all.
    """
    values = values[np.isfinite(values)]
    if values.size < LEAST // 2 or not np.isfinite(figure):
        return UNKNOWN
    if np.ptp(values) == 0:
        return max(figure - 3 / images, 0.0), min(figure + 3 / images, 1.0)
    low, high = np.clip(np.percentile(values, COVERED) - (values.mean() - figure), 0, 1)
    return float(min(low, figure)), float(max(high, figure))
