"""scikit-learn's folds as they were: made of the number of samples or the labels, and iterated over."""

from collections.abc import Iterator
from typing import Any

import numpy as np


class _Folds:
    """Yields (training, test) indices.

    Args:
      samples: what the splitter of today's is given: the data, and its labels.
      splitter: it.
    """

    def __init__(self, samples: tuple[Any, ...], splitter: Any):
        self._samples, self._splitter = samples, splitter

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        return iter(self._splitter.split(*self._samples))

    def __len__(self) -> int:
        return int(self._splitter.get_n_splits(*self._samples))

    def split(self, *samples: Any) -> Any:
        """Splits as today's does: for a program that knows both."""
        return self._splitter.split(*samples)


def _made(name: str, samples: tuple[Any, ...], *args: Any, **kwargs: Any) -> _Folds:
    from sklearn import model_selection

    return _Folds(samples, getattr(model_selection, name)(*args, **kwargs))


def KFold(n: int, n_folds: int = 3, shuffle: bool = False, random_state: Any = None) -> _Folds:
    """n samples in n_folds."""
    return _made("KFold", (np.zeros(n),), n_folds, shuffle=shuffle, random_state=random_state)


def StratifiedKFold(y: Any, n_folds: int = 3, shuffle: bool = False, random_state: Any = None) -> _Folds:
    """Samples of the classes `y` in n_folds, each with its share of every class."""
    samples = (np.zeros(len(y)), y)
    return _made("StratifiedKFold", samples, n_folds, shuffle=shuffle, random_state=random_state)


def ShuffleSplit(
    n: int, n_iter: int = 10, test_size: Any = 0.1, train_size: Any = None, random_state: Any = None
) -> _Folds:
    """n samples, split n_iter times."""
    sizes = {"test_size": test_size, "train_size": train_size}
    return _made("ShuffleSplit", (np.zeros(n),), n_iter, random_state=random_state, **sizes)


def StratifiedShuffleSplit(
    y: Any, n_iter: int = 10, test_size: Any = 0.1, train_size: Any = None, random_state: Any = None
) -> _Folds:
    """Samples of the classes `y`, split n_iter times."""
    sizes = {"test_size": test_size, "train_size": train_size}
    samples = (np.zeros(len(y)), y)
    return _made("StratifiedShuffleSplit", samples, n_iter, random_state=random_state, **sizes)


def LeaveOneOut(n: int) -> _Folds:
    """n samples, each a test once."""
    return _made("LeaveOneOut", (np.zeros(n),))


def linear_assignment(X: Any) -> np.ndarray:
    """Returns the rows and columns [n, 2] of the cheapest assignment."""
    from scipy.optimize import linear_sum_assignment

    return np.transpose(np.asarray(linear_sum_assignment(X)))
