"""Average precision as Pascal VOC defines it: 11-point (2007) and all-point (2010 and later)."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from slimzoo.errors import SlimzooError, listing


def average_precision(
    scores: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None, method: str = "all_point"
) -> float:
    """Returns the average precision of one class; nan where it has no positive.

    Examples with the same score enter together, so the order in which they are given does not matter and a
    constant score earns the share of positives. (VOC's own program takes ties in the order of the file.)

    Args:
      scores: [N], higher is more confident.
      labels: [N], 1 or 0 (True or False).
      weights: [N], 0 where an example does not count (difficult), else 1; None: all count.
      method: "all_point": the area under precision over recall, precision made falling from the right;
        "11_point": the mean of the best precision at recall of at least 0, 0.1, ..., 1.
    Raises: SlimzooError: shapes differ, a score is not finite, labels or weights are not 0 or 1.
    """
    scores, labels, weights = _arrays(scores, labels, weights, rank=1)
    return _one_class(scores, labels, weights, _method(method))


def average_precisions(
    scores: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None, method: str = "all_point"
) -> np.ndarray:
    """Returns the average precision of each class, float64 [K]; nan for classes without a positive.

    Args: as average_precision takes them, each [N, K].
    """
    scores, labels, weights = _arrays(scores, labels, weights, rank=2)
    area = _method(method)
    columns = range(scores.shape[1])
    return np.array([_one_class(scores[:, k], labels[:, k], weights[:, k], area) for k in columns])


def mean_average_precision(
    scores: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None, method: str = "all_point"
) -> float:
    """Returns the mean of average_precisions over the classes that have a positive; nan if none has."""
    values = average_precisions(scores, labels, weights, method)
    values = values[~np.isnan(values)]
    return float(values.mean()) if values.size else float("nan")


def precision_recall(
    scores: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns (precision, recall, threshold), each float64 [T], one entry a distinct score, highest first.

    Args: as average_precision takes them. Without a positive, recall is nan.
    """
    scores, labels, weights = _arrays(scores, labels, weights, rank=1)
    true, count, thresholds = _counts(scores, labels, weights)
    positives = true[-1] if true.size and true[-1] else np.nan
    return true / count, true / positives, thresholds


def _counts(scores: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, ...]:
    """Returns for each distinct score, highest first: positives so far, examples so far, the score."""
    counted = weights > 0
    scores, labels = scores[counted], labels[counted]
    order = np.argsort(-scores, kind="stable")
    scores, true = scores[order], np.cumsum(labels[order])
    last_of_tie = np.flatnonzero(np.append(np.diff(scores) != 0, True)[: len(scores)])
    return true[last_of_tie], last_of_tie + 1, scores[last_of_tie]


def _one_class(scores: np.ndarray, labels: np.ndarray, weights: np.ndarray, area: Callable) -> float:
    true, count, _ = _counts(scores, labels, weights)
    if not true.size or not true[-1]:
        return float("nan")
    # The best precision at this recall or a higher one.
    best = np.maximum.accumulate((true / count)[::-1])[::-1]
    return float(area(true, best))


def _all_point(true: np.ndarray, best: np.ndarray) -> float:
    return np.sum(np.diff(true, prepend=0) * best) / true[-1]


def _eleven_point(true: np.ndarray, best: np.ndarray) -> float:
    # In whole numbers: recall 0.3 is 3 of 10, exactly.
    first = np.searchsorted(10 * true, np.arange(11) * true[-1])
    return best[first].mean()


_METHODS = {"all_point": _all_point, "11_point": _eleven_point}


def _method(name: str) -> Callable:
    if name not in _METHODS:
        raise SlimzooError(f"method {name!r} does not exist; choose {' or '.join(_METHODS)}")
    return _METHODS[name]


def _arrays(
    scores: ArrayLike, labels: ArrayLike, weights: ArrayLike | None, rank: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    scores = np.asarray(scores, np.float64)
    labels = np.asarray(labels)
    weights = np.ones(scores.shape) if weights is None else np.asarray(weights)
    problems = []
    if scores.ndim != rank:
        problems.append(
            f"scores have shape {scores.shape}; they must have {rank} dimension{'s' * (rank > 1)}"
        )
    for name, values in (("labels", labels), ("weights", weights)):
        if values.shape != scores.shape:
            problems.append(f"{name} have shape {values.shape}, scores {scores.shape}")
        if not np.isin(values, (0, 1)).all():
            problems.append(f"{name} hold other values than 0 and 1")
    if not np.isfinite(scores).all():
        problems.append("scores hold NaN or infinity; did the training diverge?")
    if problems:
        raise SlimzooError(listing("average precision cannot be computed:", problems))
    return scores, labels.astype(np.int64), weights
