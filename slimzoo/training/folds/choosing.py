"""A recipe's settings chosen on the images to train on alone: the inner half of nested cross-validation."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from slimzoo.data import splits
from slimzoo.data.average_precision import mean_average_precision
from slimzoo.data.dataset import Dataset
from slimzoo.files import write_text
from slimzoo.training.folds.training import INNER, Options, Plan, scored

FOLDER = "choosing"  # in that of the scores


def choose(
    plan: Plan, recipe: str, seed: int, train: Dataset, folder: Path, name: str, done: Callable[[], Any]
) -> Options:
    """Returns the candidate whose models rank images of `train` best that they did not learn from.

    `train` is cut in two; each half is scored by a model of the other, and both are pooled. Of equal ones the
    first is taken. What was scored is kept in `folder`, under `name` and the candidate's number.

    Args:
      done: called after each training.
    """
    candidates = plan.candidates(recipe)
    if len(candidates) == 1:
        return candidates[0]
    within = folder / FOLDER
    within.mkdir(exist_ok=True)
    where = {image: i for i, image in enumerate(train.paths)}
    precisions = []
    for number, options in enumerate(candidates):
        pooled = np.zeros(train.labels.shape, np.float32)
        for half, (rest, held) in enumerate(splits.folds(train, INNER, seed)):
            path = within / f"{name}-candidate{number}-half{half}.npz"
            part = scored(plan, recipe, options, seed, rest, held, path)
            pooled[[where[image] for image in held.paths]] = part.scores
            done()
        precisions.append(mean_average_precision(pooled, train.labels, train.weights, "all_point"))
    best = int(np.nanargmax(precisions)) if not np.isnan(precisions).all() else 0
    said = {"candidates": candidates, "map": precisions, "chosen": best}
    write_text(within / f"{name}.json", json.dumps(said, indent=1, default=str) + "\n")
    return candidates[best]
