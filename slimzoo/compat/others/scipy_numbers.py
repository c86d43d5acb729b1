"""Small functions that SciPy took out, with their numbers of then."""

from typing import Any

import numpy as np
import numpy.typing as npt


def simps(
    y: npt.ArrayLike, x: npt.ArrayLike | None = None, dx: float = 1, axis: int = -1, even: str = "avg"
) -> Any:
    """Returns the integral by Simpson's rule; of an even number of points by the trapezoid at one end.

    Args:
      even: that end: "last", "first", or "avg", the mean of both.
    """
    y = np.moveaxis(np.asarray(y), axis, -1)
    at = np.arange(y.shape[-1]) * dx if x is None else np.asarray(x)
    at = np.moveaxis(at, axis if at.ndim > 1 else -1, -1)
    if y.shape[-1] % 2:
        return _simpson(y, at)
    first = _simpson(y[..., :-1], at[..., :-1]) + _trapezoid(y[..., -2:], at[..., -2:])
    last = _simpson(y[..., 1:], at[..., 1:]) + _trapezoid(y[..., :2], at[..., :2])
    return {"first": first, "last": last, "avg": (first + last) / 2.0}[even]


def _simpson(y: np.ndarray, x: np.ndarray) -> Any:
    if y.shape[-1] < 3:
        return np.zeros(y.shape[:-1])[()]
    h = np.diff(x.astype(float), axis=-1)
    left, right = h[..., ::2], h[..., 1::2]
    both, ratio = left + right, left / right
    parts = (
        y[..., :-2:2] * (2 - 1 / ratio)
        + y[..., 1:-1:2] * both * both / (left * right)
        + y[..., 2::2] * (2 - ratio)
    )
    return np.sum(both / 6.0 * parts, axis=-1)


def _trapezoid(y: np.ndarray, x: np.ndarray) -> Any:
    return np.sum((y[..., 1:] + y[..., :-1]) * np.diff(x, axis=-1) / 2.0, axis=-1)


def central_diff_weights(Np: int, ndiv: int = 1) -> np.ndarray:
    """Returns the weights of Np points for the derivative number `ndiv` at their middle."""
    if Np < ndiv + 1 or Np % 2 == 0:
        raise ValueError(f"Np must be odd and more than ndiv, {ndiv}, not {Np}")
    from math import factorial

    at = np.arange(-(Np // 2), Np // 2 + 1.0)
    return factorial(ndiv) * np.linalg.inv(np.vander(at, increasing=True))[ndiv]


def derivative(func: Any, x0: float, dx: float = 1.0, n: int = 1, args: tuple = (), order: int = 3) -> Any:
    """Returns the derivative number n of `func` at x0, of `order` points that are dx apart."""
    weights = central_diff_weights(order, n)
    values = (weight * func(x0 + (k - order // 2) * dx, *args) for k, weight in enumerate(weights))
    return sum(values) / dx**n


def binom_test(x: Any, n: int | None = None, p: float = 0.5, alternative: str = "two-sided") -> float:
    """Returns the p-value of x successes in n trials; x may be (successes, failures)."""
    from scipy.stats import binomtest

    wins = int(x) if n is not None else int(x[0])
    return float(binomtest(wins, int(n if n is not None else sum(x)), p, alternative).pvalue)


def chisqprob(chisq: npt.ArrayLike, df: float) -> Any:
    """Returns the probability of a chi squared above `chisq`."""
    from scipy.stats import chi2

    return chi2.sf(chisq, df)


def itemfreq(a: npt.ArrayLike) -> np.ndarray:
    """Returns rows (item, how often)."""
    return np.array(np.unique(a, return_counts=True)).T


def median_absolute_deviation(x: npt.ArrayLike, axis: int = 0, scale: float = 1.4826) -> Any:
    """Returns the median of what lies between the values and their median, times `scale`."""
    x = np.asarray(x)
    return np.median(np.abs(x - np.median(x, axis=axis, keepdims=True)), axis=axis) * scale


def signaltonoise(a: Any, axis: int = 0, ddof: int = 0) -> Any:
    """Returns mean / deviation, 0 where there is no deviation."""
    mean, deviation = np.mean(a, axis=axis), np.std(a, axis=axis, ddof=ddof)
    return np.where(deviation == 0, 0, mean / np.where(deviation == 0, 1, deviation))


def threshold(
    a: npt.ArrayLike, threshmin: float | None = None, threshmax: float | None = None, newval: float = 0
) -> np.ndarray:
    """Returns `a` with `newval` where it is below threshmin or above threshmax."""
    a = np.array(a, copy=True)
    outside = np.zeros(a.shape, bool)
    if threshmin is not None:
        outside |= a < threshmin
    if threshmax is not None:
        outside |= a > threshmax
    a[outside] = newval
    return a
