"""A last layer fitted to convergence: logistic regression with an L2 penalty, by Newton's method."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

PENALTIES = tuple(10.0**power for power in np.arange(-4.0, 1.01, 0.5))  # that are chosen from
_NEWTON, _CONJUGATE = 50, 60  # steps at most
_CONVERGED, _CHOSEN = 1e-6, 1e-4  # gradient against that at the beginning: of a fit, of one to choose by
_LEAST_SPREAD = 0.01  # of a feature, against all of them: of one that hardly varies nothing large is made
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
    """Returns the least of the mean loss + penalty / 2 * |kernel|^2, over features of mean 0 and spread 1."""
    return next(_fits(problem, (penalty,), _CONVERGED))


def _fits(problem: Problem, penalties: Iterable[float], converged: float) -> Iterator[Fitted]:
    """Yields the fit with each of `penalties`, which begins where that before it ended."""
    mean, scale = problem.features.mean(axis=0), scale_of(problem.features)
    inputs = np.hstack([(problem.features - mean) * scale, np.ones((len(problem.features), 1))])
    found, first = np.zeros((inputs.shape[1], problem.labels.shape[1])), 0.0
    decay = np.empty((inputs.shape[1], 1))
    for penalty in penalties:
        decay[:] = penalty
        decay[-1] = 1e-9  # nearly free, and yet a class that no image shows ends somewhere
        for _ in range(_NEWTON):
            gradient, product = _slope(problem, inputs, found, decay)
            size = float(np.linalg.norm(gradient))
            first = first or max(size, 1e-12)
            if size <= converged * first:
                break
            step = _solve(product, gradient, min(0.1, size / first))
            found = _along(problem, inputs, found, step, decay)
        kernel = found[:-1] * scale[:, np.newaxis]
        yield Fitted(kernel, found[-1] - mean @ kernel, penalty, _loss(problem, inputs @ found))


def scale_of(features: Array) -> Array:
    """Returns what brings each feature to a spread of 1, float64 [D]; those that hardly vary stay below."""
    variance = features.var(axis=0)
    least = _LEAST_SPREAD**2 * float(variance.mean())
    return 1 / np.sqrt(variance + max(least, 1e-30))


def choose(problem: Problem, folds: int = 5, seed: int = 0, groups: Array | None = None) -> Fitted:
    """Returns the fit with the penalty whose loss on parts that it was not fitted to is least.

    Args:
      groups: [N], whose equal numbers stay together: the views of one image.
    """
    groups = np.arange(len(problem.features)) if groups is None else groups
    kinds = np.unique(groups)
    part = np.random.RandomState(seed).permutation(len(kinds)) % min(folds, len(kinds))
    of_row = part[np.searchsorted(kinds, groups)]
    losses = np.sum([_left_out(problem, of_row == fold) for fold in np.unique(part)], axis=0)
    return fit(problem, PENALTIES[int(np.argmin(losses))])


def _left_out(problem: Problem, held: Array) -> Array:
    """Returns for each of PENALTIES the loss, added up, on the rows that are held out of the fit."""
    if held.all():
        return np.zeros(len(PENALTIES))
    rest = problem.of(held)
    falling = _fits(problem.of(~held), reversed(PENALTIES), _CHOSEN)  # each is near the one before
    losses = [_loss(rest, fitted.logits(rest.features)) for fitted in falling]
    return np.array(losses[::-1]) * float(_counting(rest).sum())


def _counting(problem: Problem) -> Array:
    return problem.weights if problem.multi_label else problem.weights[:, :1]


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
    return float((counts * terms).sum() / max(float(counts.sum()), 1e-12))


def _slope(
    problem: Problem, inputs: Array, found: Array, decay: Array
) -> tuple[Array, Callable[[Array], Array]]:
    """Returns the gradient at `found`, and what multiplies by the second derivative there."""
    counts = _counting(problem) / max(float(_counting(problem).sum()), 1e-12)
    chance = _probabilities(problem, inputs @ found)
    gradient = inputs.T @ (counts * (chance - problem.labels)) + decay * found

    def product(direction: Array) -> Array:
        along = inputs @ direction
        if not problem.multi_label:
            along = along - (chance * along).sum(axis=1, keepdims=True)
            return inputs.T @ (counts * chance * along) + decay * direction
        return inputs.T @ (counts * chance * (1 - chance) * along) + decay * direction

    return gradient, product


def _solve(product: Callable[[Array], Array], gradient: Array, tolerance: float) -> Array:
    """Returns the direction that takes the gradient away, by conjugate gradients."""
    step, rest = np.zeros_like(gradient), -gradient
    direction, size = rest, float((rest * rest).sum())
    wanted = size * tolerance**2
    for _ in range(_CONJUGATE):
        if size <= wanted:
            break
        image = product(direction)
        part = size / max(float((direction * image).sum()), 1e-300)
        step, rest = step + part * direction, rest - part * image
        now = float((rest * rest).sum())
        direction, size = rest + now / size * direction, now
    return step


def _along(problem: Problem, inputs: Array, found: Array, step: Array, decay: Array) -> Array:
    """Returns where the loss is less in the direction of `step`: all of it, or a half, a quarter, ..."""

    def value(at: Array) -> float:
        return _loss(problem, inputs @ at) + 0.5 * float((decay * at * at).sum())

    before, part = value(found), 1.0
    while value(found + part * step) > before and part > 1e-6:
        part /= 2
    return found + part * step
