"""Stratified parts of a data set, for validation and cross-validation."""

import numpy as np

from slimzoo.data.dataset import Dataset
from slimzoo.errors import SlimzooError, counted

_SWEEPS = 20  # at most; a few are enough
_CANDIDATES = 256  # partners looked at for one swap


def split(dataset: Dataset, fraction: float, seed: int) -> tuple[Dataset, Dataset]:
    """Returns (the rest, `fraction` of the examples), each class shared out in that proportion.

    The same data and seed give the same parts; examples keep their order.

    Raises: SlimzooError: `fraction` is not between 0 and 1, or there are fewer than 2 examples.
    """
    if not 0 < fraction < 1:
        raise SlimzooError(f"fraction is {fraction!r}; it must lie between 0 and 1 (0.2 keeps a fifth apart)")
    if len(dataset) < 2:
        raise SlimzooError(
            f"{dataset.name} holds {counted(len(dataset), 'image')}; at least 2 are needed to split it"
        )
    apart = min(max(round(fraction * len(dataset)), 1), len(dataset) - 1)
    part = assign(dataset.labels, [len(dataset) - apart, apart], seed)
    return dataset.subset(np.flatnonzero(part == 0)), dataset.subset(np.flatnonzero(part == 1))


def folds(dataset: Dataset, k: int, seed: int) -> list[tuple[Dataset, Dataset]]:
    """Returns k pairs (training part, held-out part); each example is held out once.

    Held-out parts differ by one example at most, and each class is shared out evenly as far as possible.

    Raises: SlimzooError: k is below 2 or above the number of examples.
    """
    n = len(dataset)
    if not 2 <= k <= n:
        raise SlimzooError(f"k is {k!r}; it must lie between 2 and the {n} examples of {dataset.name}")
    part = assign(dataset.labels, [n // k + (i < n % k) for i in range(k)], seed)
    return [
        (dataset.subset(np.flatnonzero(part != i)), dataset.subset(np.flatnonzero(part == i)))
        for i in range(k)
    ]


def assign(labels: np.ndarray, sizes: list[int], seed: int) -> np.ndarray:
    """Returns the part of each example, int64 [N], with each class spread over the parts like `sizes`.

    It starts from a random assignment and swaps pairs of examples as long as that evens out the classes.

    Args:
      labels: [N, K], above 0 where a class shows.
      sizes: how many examples each part gets; they sum to N.
    Raises: SlimzooError: `seed` is none.
    """
    if not 0 <= seed < 2**31:
        raise SlimzooError(f"seed is {seed}; it must lie between 0 and {2**31 - 1}")
    shows = (np.asarray(labels) > 0).astype(np.float64)
    random = np.random.RandomState(seed)  # its stream is frozen by NumPy; Generator's may change
    part = np.repeat(np.arange(len(sizes)), sizes)[random.permutation(len(shows))]
    totals = shows.sum(axis=0)
    excess = np.stack([shows[part == i].sum(axis=0) for i in range(len(sizes))])  # [parts, K]
    excess -= np.outer(np.array(sizes) / len(shows), totals)
    for _ in range(_SWEEPS):
        if not _sweep(shows, part, excess, 1 / np.maximum(totals, 1), random):
            break
    return part


def _sweep(
    shows: np.ndarray, part: np.ndarray, excess: np.ndarray, weight: np.ndarray, random: np.random.RandomState
) -> int:
    """Makes the best of some swaps for each example, in `part` and `excess`; returns how many were made."""
    swaps = 0
    for i in random.permutation(len(shows)):
        others = random.randint(len(shows), size=_CANDIDATES)
        change = shows[others] - shows[i]  # [others, K]: what the part of i gains
        gap = excess[part[i]] - excess[part[others]] + change
        cost = (2 * weight * change * gap).sum(axis=1)  # change in the sum of weight * excess ** 2
        cost[part[others] == part[i]] = 0
        best = cost.argmin()
        if cost[best] < -1e-9:
            j = others[best]
            excess[part[i]] += change[best]
            excess[part[j]] -= change[best]
            part[i], part[j] = part[j], part[i]
            swaps += 1
    return swaps
