"""What matplotlib took out."""

from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np

_MAPS = {
    "spectral": "nipy_spectral",
    "Vega10": "tab10",
    "Vega20": "tab20",
    "Vega20b": "tab20b",
    "Vega20c": "tab20c",
}


def use(backend: str, warn: bool = False, force: bool = True) -> None:
    """matplotlib.use, without a warning where it comes too late."""
    matplotlib.use(backend, force=force)


def hold(*args: Any, **kwargs: Any) -> None:
    """Does nothing: every plot is drawn into what is there, which hold(True) was."""


def over(function: Any, *args: Any, **kwargs: Any) -> None:
    """Calls a function that draws."""
    function(*args, **kwargs)


def ishold(*args: Any) -> bool:
    """Returns True."""
    return True


def get_cmap(name: Any = None, lut: int | None = None) -> Any:
    """Returns a colour map by its name of then or now."""
    if name is not None and not isinstance(name, str):
        return name
    name = name or matplotlib.rcParams["image.cmap"]
    plain = name.removesuffix("_r")
    found = matplotlib.colormaps[_MAPS.get(plain, plain) + name[len(plain) :]]
    return found if lut is None else found.resampled(lut)


def register_cmap(name: str | None = None, cmap: Any = None, **kwargs: Any) -> None:
    """Gives a colour map a name."""
    matplotlib.colormaps.register(cmap, name=name, force=True)


def spectral() -> None:
    """Makes nipy_spectral the colour map."""
    plt.set_cmap("nipy_spectral")


def hist(x: Any, bins: Any = None, range: Any = None, normed: Any = None, *args: Any, **kwargs: Any) -> Any:
    """plt.hist, with `normed` of then where `density` is now."""
    return axes_hist(plt.gca(), x, bins, range, normed, *args, **kwargs)


def axes_hist(
    axes: Any, x: Any, bins: Any = None, range: Any = None, normed: Any = None, *args: Any, **kwargs: Any
) -> Any:
    """axes.hist, with `normed` of then where `density` is now."""
    kwargs.setdefault("density", bool(normed))
    return type(axes).hist(axes, x, bins, range, kwargs.pop("density"), *args, **kwargs)


def set_axis_bgcolor(axes: Any, color: Any) -> None:
    """axes.set_facecolor."""
    axes.set_facecolor(color)


def get_axis_bgcolor(axes: Any) -> Any:
    """axes.get_facecolor."""
    return axes.get_facecolor()


def normpdf(x: Any, mu: float, sigma: float) -> Any:
    """Returns the density of the normal distribution."""
    return np.exp(-0.5 * ((np.asarray(x) - mu) / sigma) ** 2) / (np.sqrt(2 * np.pi) * sigma)


def bivariate_normal(
    X: Any, Y: Any, sigmax: float = 1, sigmay: float = 1, mux: float = 0, muy: float = 0, sigmaxy: float = 0
) -> Any:
    """Returns the density of the normal distribution in the plane."""
    x, y, rho = X - mux, Y - muy, sigmaxy / (sigmax * sigmay)
    z = (x / sigmax) ** 2 + (y / sigmay) ** 2 - 2 * rho * x * y / (sigmax * sigmay)
    return np.exp(-z / (2 * (1 - rho**2))) / (2 * np.pi * sigmax * sigmay * np.sqrt(1 - rho**2))


def find(condition: Any) -> np.ndarray:
    """Returns where the flattened condition is true."""
    return np.nonzero(np.ravel(condition))[0]


def movavg(x: Any, n: int) -> np.ndarray:
    """Returns the mean of each n neighbours."""
    return np.convolve(x, np.full(n, 1.0 / n), mode="valid")


def prctile(x: Any, p: Any = (0, 25, 50, 75, 100)) -> Any:
    """Returns percentiles."""
    return np.percentile(np.ravel(x), p)


def entropy(y: Any, bins: Any) -> float:
    """Returns the entropy of a histogram of `y`, in units of a bin's width."""
    counts, edges = np.histogram(y, bins)
    share = counts[counts > 0] / counts.sum()
    return float(-np.sum(share * np.log(share)) + np.log(edges[1] - edges[0]))


def dist(x: Any, y: Any) -> Any:
    """Returns the distance of two points."""
    return np.sqrt(np.sum((np.asarray(x) - y) ** 2))


def frange(xini: float, xfin: float | None = None, delta: float | None = None, **kwargs: Any) -> np.ndarray:
    """Returns numbers from xini to xfin, both in it."""
    low, high = (0.0, xini + (delta or 1.0)) if xfin is None else (xini, xfin)
    step = delta or 1.0
    return low + step * np.arange(int(np.round((high - low) / step)) + 1)


def amap(function: Any, *several: Any) -> np.ndarray:
    """Returns the function of each element, as an array."""
    return np.array([function(*values) for values in zip(*several, strict=False)])
