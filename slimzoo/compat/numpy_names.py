"""What NumPy took out of itself and no longer has under another name."""

from typing import Any

import numpy as np
import numpy.typing as npt

NINF = -np.inf
PZERO, NZERO = 0.0, -0.0


def alen(a: npt.ArrayLike) -> int:
    """Returns the length of the first axis of `a`, 1 for a number."""
    return len(np.atleast_1d(a))


def asfarray(a: npt.ArrayLike, dtype: npt.DTypeLike = np.float64) -> np.ndarray:
    """Returns `a` as an array of floats: of `dtype`, or float64 where that is no float type."""
    return np.asarray(a, dtype if np.issubdtype(dtype, np.inexact) else np.float64)


def asscalar(a: npt.ArrayLike) -> Any:
    """Returns the one element of `a` as a Python number."""
    return np.asarray(a).item()


def msort(a: npt.ArrayLike) -> np.ndarray:
    """Returns `a` sorted along its first axis."""
    return np.sort(a, axis=0)


def fromstring(
    string: Any, dtype: Any = float, count: int = -1, *, sep: str = "", like: Any = None
) -> np.ndarray:
    """Returns the array that the bytes `string` hold, or its numbers as text where there is a `sep`."""
    if sep:
        return np.fromstring(string, dtype, count, sep=sep, like=like)
    return np.frombuffer(string, dtype, count, like=like).copy()


def in1d(
    ar1: npt.ArrayLike, ar2: npt.ArrayLike, assume_unique: bool = False, invert: bool = False
) -> np.ndarray:
    """Says for each element of `ar1`, flattened, whether it is in `ar2`."""
    return np.isin(np.ravel(ar1), ar2, assume_unique=assume_unique, invert=invert)
