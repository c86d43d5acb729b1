"""From arrays of predictions to what the report shows: images most right and most wrong, confusion."""

from collections.abc import Sequence

import numpy as np

from slimzoo.report.data import Confusion, ExampleScore

SHOWN_SCORES = 8  # scores of absent classes kept with an example, besides those of its own classes


def select_examples(
    paths: Sequence[str],
    labels: np.ndarray,
    scores: np.ndarray,
    classes: Sequence[str],
    *,
    weights: np.ndarray | None = None,
    count: int = 12,
) -> list[ExampleScore]:
    """Returns the `count` images with the highest margin, best first, then the `count` lowest, worst first.

    The first are right: every class on them outscores every other; the last are not. Images without a class,
    or without an absent class, or with a score that is not finite have no margin and are left out.

    Args:
      labels: [N, C], 1 where the class is in the image.
      scores: [N, C] probabilities.
      weights: [N, C], 0 where the class is to be ignored (difficult objects).
    """
    labels, scores, weights = _check(paths, labels, scores, weights, classes)
    present, absent = _present_absent(labels, weights)
    margin = _lowest(scores, present) - _highest(scores, absent)
    order = np.argsort(-margin, kind="stable")
    order = order[np.isfinite(margin[order])]
    right, wrong = order[margin[order] > 0][:count], order[margin[order] <= 0][::-1][:count]

    def example(i: int, group: str) -> ExampleScore:
        best = np.argsort(-scores[i], kind="stable")[:SHOWN_SCORES].tolist()
        kept = sorted({*best, *_indices(present[i])}, key=lambda c: -scores[i, c])
        return ExampleScore(
            image_path=str(paths[i]),
            true_labels=[classes[c] for c in _indices(present[i])],
            scores={classes[c]: float(scores[i, c]) for c in kept},
            score=float(margin[i]),
            group=group,
            ignored_labels=[classes[c] for c in _indices(weights[i] <= 0)],
        )

    return [example(i, "right") for i in right.tolist()] + [example(i, "wrong") for i in wrong.tolist()]


def confusion(
    labels: np.ndarray,
    scores: np.ndarray,
    classes: Sequence[str],
    *,
    multi_label: bool,
    weights: np.ndarray | None = None,
) -> Confusion:
    """Counts what was taken for what; shapes as in `select_examples`, the counts as `Confusion` says."""
    labels, scores, weights = _check(labels, labels, scores, weights, classes)
    present, absent = _present_absent(labels, weights)
    absent_best, absent_score = np.argmax(np.where(absent, scores, -np.inf), axis=1), _highest(scores, absent)
    best = np.argmax(scores, axis=1)
    counts = np.zeros((len(classes), len(classes)), np.int64)
    for image, true in np.argwhere(present):
        if not multi_label:
            counts[true, best[image]] += 1
        elif absent_score[image] > scores[image, true]:
            counts[true, absent_best[image]] += 1
    return Confusion(list(classes), counts.tolist(), present.sum(axis=0).tolist(), multi_label)


def _check(
    rows: Sequence | np.ndarray,
    labels: np.ndarray,
    scores: np.ndarray,
    weights: np.ndarray | None,
    classes: Sequence[str],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    labels, scores = np.asarray(labels), np.asarray(scores)
    weights = np.ones_like(scores) if weights is None else np.asarray(weights)
    expected = (len(rows), len(classes))
    shapes = {"labels": labels.shape, "scores": scores.shape, "weights": weights.shape}
    wrong = [f"{name} {shape}" for name, shape in shapes.items() if shape != expected]
    if wrong:
        raise ValueError(f"expected [images, classes] = {list(expected)}, given {', '.join(wrong)}")
    return labels, scores, weights


def _present_absent(labels: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return (labels > 0) & (weights > 0), (labels <= 0) & (weights > 0)


def _indices(mask: np.ndarray) -> list[int]:
    return np.flatnonzero(mask).tolist()


def _lowest(scores: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return np.min(np.where(mask, scores, np.inf), axis=1, initial=np.inf)


def _highest(scores: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return np.max(np.where(mask, scores, -np.inf), axis=1, initial=-np.inf)
