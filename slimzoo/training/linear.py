"""A last layer fitted to convergence: logistic regression with an L2 penalty, by SciPy's L-BFGS."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

PENALTIES = (10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001)  # that are chosen from, the strongest first
_STEPS = 1000  # at most
SMALL = 1e8  # multiply-adds of one gradient, below which threads wait for each other longer than they compute
_CONVERGED = 1e-9  # a step changes the loss by this part of it, and it ends
Array = np.ndarray


@dataclass(frozen=True)
class Problem:
    """What is fitted.

    Attributes:
      features: float64 [N, D].
      labels, weights: float64 [N, K]; a term of weight 0 does not count.
      multi_label: a sigmoid for each class; else one softmax, and an image counts by its first weight.
    """

    features: Array
    labels: Array
    weights: Array
    multi_label: bool

    def of(self, rows: Array) -> "Problem":
        """Returns the part of it with these rows."""
        return Problem(self.features[rows], self.labels[rows], self.weights[rows], self.multi_label)


@dataclass(frozen=True)
class Fitted:
    """kernel float64 [D, K], bias [K], the penalty they were fitted with, and the loss without it."""

    kernel: Array
    bias: Array
    penalty: float
    loss: float = float("nan")

    def logits(self, features: Array) -> Array:
        """Returns float64 [N, K]."""
        return features @ self.kernel + self.bias


def fit(problem: Problem, penalty: float) -> Fitted:
    """Returns the least of the loss of an image + penalty / 2 * |kernel|^2, over centred features.

    One number scales all features: those that hardly vary say little, and are not blown up to say as much as
    the others. Each to its own spread, the hundred Pascal VOC images give an average precision 0.03 lower.
    """
    return fit_all(problem, (penalty,))[0]


def fit_all(problem: Problem, penalties: tuple[float, ...]) -> list[Fitted]:
    """Returns the fit of each of `penalties`; each begins where the one before it ended.

    What is fitted lies in the space of the rows, as its penalty is of its length alone: where they are fewer
    than the features, as of a wide network and few images, it is fitted in a basis of that space.
    """
    mean = problem.features.mean(axis=0)
    inputs = problem.features - mean
    scale = float(inputs.std()) or 1.0
    inputs = inputs / scale
    basis: Array | None = None
    if len(inputs) < inputs.shape[1]:
        basis, coordinates = np.linalg.qr(inputs.T)  # [D, N], [N, N]
        inputs = coordinates.T
    centred = replace(problem, features=inputs)
    at = np.zeros((inputs.shape[1] + 1, problem.labels.shape[1]))
    found = []
    threads = 1 if inputs.size * problem.labels.shape[1] < SMALL else None
    with threadpool_limits(threads, "blas"):
        for penalty in penalties:
            at = _least(centred, penalty, at)
            kernel = (at[:-1] if basis is None else basis @ at[:-1]) / scale
            loss = _loss(centred, inputs @ at[:-1] + at[-1])
            found.append(Fitted(kernel, at[-1] - mean @ kernel, penalty, loss))
    return found


def choose(problem: Problem, folds: int = 5, seed: int = 0, groups: Array | None = None) -> Fitted:
    """Returns the fit with the penalty whose loss on parts that it was not fitted to is least.

    Args:
      groups: [N], whose equal numbers stay together: the views of one image.
    """
    groups = np.arange(len(problem.features)) if groups is None else groups
    kinds = np.unique(groups)
    part = np.random.RandomState(seed).permutation(len(kinds)) % min(folds, len(kinds))
    of_row = part[np.searchsorted(kinds, groups)]
    losses = sum(_left_out(problem, of_row == fold) for fold in np.unique(part))
    best = int(np.argmin(losses))
    return fit_all(problem, PENALTIES[: best + 1])[-1]


def _left_out(problem: Problem, held: Array) -> Array:
    """Returns the loss of each penalty, added up, on the rows that are held out of the fit."""
    if held.all():
        return np.zeros(len(PENALTIES))
    rest = problem.of(held)
    fitted = fit_all(problem.of(~held), PENALTIES)
    return np.array([_loss(rest, one.logits(rest.features)) for one in fitted]) * _images(rest)


def _least(problem: Problem, penalty: float, start: Array) -> Array:
    """Returns kernel and, as the last row, bias where loss and penalty are least."""
    inputs, counts = problem.features, _counting(problem)
    total = _images(problem)

    def value(flat: Array) -> tuple[float, Array]:
        at = flat.reshape(start.shape)
        kernel = at[:-1]
        logits = inputs @ kernel + at[-1]
        slope = counts * (_probabilities(problem, logits) - problem.labels) / total
        gradient = np.vstack([inputs.T @ slope + penalty * kernel, slope.sum(axis=0)])
        return _loss(problem, logits) + 0.5 * penalty * float((kernel * kernel).sum()), gradient.ravel()

    settings = {"maxiter": _STEPS, "maxfun": 2 * _STEPS, "ftol": _CONVERGED}
    return minimize(value, start.ravel(), jac=True, method="L-BFGS-B", options=settings).x.reshape(
        start.shape
    )


def _counting(problem: Problem) -> Array:
    return problem.weights if problem.multi_label else problem.weights[:, :1]


def _images(problem: Problem) -> float:
    """Returns how many images count: a penalty means the same for each of few or many classes."""
    return max(float(_counting(problem).mean(axis=1).sum()), 1e-12)


def _probabilities(problem: Problem, logits: Array) -> Array:
    if problem.multi_label:
        return 0.5 * (1 + np.tanh(0.5 * logits))
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _loss(problem: Problem, logits: Array) -> float:
    """Returns the mean over what counts."""
    counts = _counting(problem)
    if problem.multi_label:
        terms = np.logaddexp(0, logits) - problem.labels * logits
    else:
        top = logits.max(axis=1, keepdims=True)
        together = top + np.log(np.exp(logits - top).sum(axis=1, keepdims=True))
        terms = together - (problem.labels * logits).sum(axis=1, keepdims=True)
    return float((counts * terms).sum()) / _images(problem)
