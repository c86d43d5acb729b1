"""Top-1, top-5 and loss of images with one label each, and how far another choice of images moves them."""

import math
from dataclasses import dataclass

import numpy as np

Z = 1.959963984540054  # of the normal distribution: 95 % lie within
RESAMPLES, SEED = 1000, 0
INTERVALS = f"95 % intervals: Wilson's of top-1 and top-5, a bootstrap's of {RESAMPLES} resamples of the loss"


@dataclass(frozen=True)
class Estimate:
    """A figure, and its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class TopK:
    """How good a model is on images with one label each."""

    top1: Estimate  # parts of 1
    top5: Estimate | None  # None with five classes or fewer, of which every five hold the right one
    loss: Estimate  # mean cross entropy, without regularization


def top_k(placed: np.ndarray, losses: np.ndarray, classes: int) -> TopK:
    """Returns the figures of N images.

    Args:
      placed: int [N], how many classes come before the right one (see places()).
      losses: float [N], of each image.
      classes: how many the model tells apart.
    """
    top5 = wilson(int((placed < 5).sum()), len(placed)) if classes > 5 else None
    return TopK(wilson(int((placed < 1).sum()), len(placed)), top5, bootstrap_mean(losses))


def places(scores: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Returns how many classes come before the right one, int [N].

    Of equal scores the first class comes first, as in argmax: a model that gives all classes the same is
    right about the first one, and not about every image.

    Args:
      scores: [N, K], logits or probabilities.
      true: int [N], the right classes.
    """
    its = scores[np.arange(len(true)), true][:, None]
    earlier = np.arange(scores.shape[1])[None] < true[:, None]
    return ((scores > its) | ((scores == its) & earlier)).sum(1)


def wilson(right: int, count: int) -> Estimate:
    """Returns the part `right` of `count` with Wilson's score interval (1927), without a correction."""
    part, square = right / count, Z**2 / count
    middle = (part + square / 2) / (1 + square)
    half = Z * math.sqrt(part * (1 - part) / count + square / (4 * count)) / (1 + square)
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return Estimate(part, min(part, low), max(part, high))  # rounding moves an end of 0 or 1


def bootstrap_mean(values: np.ndarray) -> Estimate:
    """Returns the mean of `values` with the percentile interval of RESAMPLES resamples; always the same."""
    random, values = np.random.default_rng(SEED), np.asarray(values, np.float64)
    means = [values[random.integers(0, len(values), len(values))].mean() for _ in range(RESAMPLES)]
    low, high = np.percentile(means, (2.5, 97.5))
    return Estimate(float(values.mean()), float(low), float(high))
