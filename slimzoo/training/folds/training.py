"""A cross-validation's plan, and a single training of it: what it scored is kept in a file."""

import itertools
import json
import tempfile
import time
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from slimzoo.data.dataset import Dataset
from slimzoo.errors import SlimzooError, listing
from slimzoo.files import atomic_write
from slimzoo.files.chatter import errors_alone
from slimzoo.training.dry_run import chosen_recipe
from slimzoo.training.finetune import finetune
from slimzoo.training.recipes import METHODS
from slimzoo.training.run_folder import fingerprint

# finetune() warns of a class that a fold lacks, but folds are pooled; TensorFlow of a function that is traced
# again and again, but each training has a network of its own.
LOGGERS = ("slimzoo", "tensorflow")
SCRATCH = "scratch"  # recipe "full" without weights
RECIPES = (*METHODS, SCRATCH)
INNER = 2  # parts of the images to train on, between which a setting is chosen
Options = Mapping[str, Any]  # fields of a recipe


@dataclass(frozen=True)
class Plan:
    """What is cross-validated. Raises: SlimzooError: it cannot be; everything wrong is listed."""

    data: Dataset
    model: str
    weights: str | None
    recipes: tuple[str, ...]
    folds: int = 5
    seeds: int = 3
    size: int | None = None
    options: Options | None = None  # of every recipe that trains
    network_arguments: Options = field(default_factory=dict)  # of all recipes
    deterministic: bool | None = None  # as finetune() takes it
    choose: Mapping[str, Sequence[Any]] = field(default_factory=dict)  # field of a recipe: values to try

    def __post_init__(self) -> None:
        problems = [f"no recipe {name!r}; there are {', '.join(RECIPES)}" for name in self._unknown()]
        if not self.recipes or len(set(self.recipes)) < len(self.recipes):
            problems.append("name one recipe or more, each once")
        if not 2 <= self.folds <= len(self.data):
            problems.append(f"folds is {self.folds}; it must lie between 2 and the {len(self.data)} images")
        if self.seeds < 1:
            problems.append(f"seeds is {self.seeds}; it must be at least 1")
        if self.weights is None and set(self.recipes) - {SCRATCH}:
            problems.append(f"without weights there is only recipe {SCRATCH!r}")
        if not self._unknown():
            problems += self._problems_of_choice()
        if problems:
            raise SlimzooError(listing("this cannot be cross-validated:", problems))

    def _unknown(self) -> list[str]:
        return [name for name in self.recipes if name not in RECIPES]

    def _problems_of_choice(self) -> list[str]:
        """Tries every candidate: what is wrong with one shows before an hour was trained."""
        problems = [f"choose: {name} has no value to choose from" for name, v in self.choose.items() if not v]
        if self.choose and not any(map(trains, self.recipes)):
            problems.append(
                f"choose: {', '.join(self.recipes)} trains by no steps, there is nothing to choose"
            )
        for recipe in filter(trains, self.recipes):
            for options in self.candidates(recipe):
                try:
                    chosen_recipe(method(recipe), options, self.model, self.data, self.weights, None)
                except SlimzooError as error:
                    problems.append(str(error))
        return [*dict.fromkeys(problems)]

    def candidates(self, recipe: str) -> list[dict[str, Any]]:
        """Returns the options that `recipe` is chosen between; a single entry where nothing is to choose."""
        own = {"network_arguments": self.network_arguments} if self.network_arguments else {}
        if not trains(recipe):
            return [own]
        combined = itertools.product(*self.choose.values())
        return [
            {**own, **(self.options or {}), **dict(zip(self.choose, values, strict=True))}
            for values in combined
        ]

    def trainings(self, recipe: str) -> int:
        """Returns how many models one fold of `recipe` takes."""
        count = len(self.candidates(recipe))
        return 1 if count == 1 else 1 + INNER * count

    def said(self, recipe: str) -> dict[str, Any]:
        """Returns what the scores of `recipe` depend on, plain."""
        return {
            "data": fingerprint(self.data),
            "model": self.model,
            "weights": None if recipe == SCRATCH else self.weights,
            "folds": self.folds,
            "size": self.size,
            "options": plain(self.options),
            **({"arguments": plain(self.network_arguments)} if self.network_arguments else {}),
            **({"choose": plain(self.choose)} if self.choose and trains(recipe) else {}),
        }


class Scored(NamedTuple):
    """What a training gave on the images held out of it: float32 [N, K]; how long it took."""

    scores: np.ndarray
    seconds: float


def method(recipe: str) -> str:
    """Returns the method of METHODS that `recipe` is."""
    return "full" if recipe == SCRATCH else recipe


def trains(recipe: str) -> bool:
    """Whether `recipe` goes by steps, which options say something of."""
    return METHODS[method(recipe)].steps


def scored(
    plan: Plan, recipe: str, options: Options, seed: int, train: Dataset, held_out: Dataset, path: Path
) -> Scored:
    """Returns the scores of `held_out` by a model that learnt from `train`, kept in `path` or trained now."""
    kept = _kept(path, held_out.labels.shape)
    return kept or _train(plan, recipe, options, seed, train, held_out, path)


def _kept(path: Path, shape: tuple[int, ...]) -> Scored | None:
    try:
        with np.load(path, allow_pickle=False) as kept:
            scores, seconds = kept["scores"], float(kept["seconds"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    return Scored(scores, seconds) if scores.shape == shape and np.isfinite(scores).all() else None


def _train(
    plan: Plan, recipe: str, options: Options, seed: int, train: Dataset, held_out: Dataset, path: Path
) -> Scored:
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="slimzoo-crossvalidate-") as out, errors_alone(*LOGGERS):
        result = finetune(
            train,
            held_out,
            Path(out) / "run",
            model=plan.model,
            weights=None if recipe == SCRATCH else plan.weights,
            recipe=method(recipe),
            size=plan.size,
            options=options,
            eval_every=10**9,
            keep_best=False,
            seed=seed,
            tensorboard=False,
            deterministic=plan.deterministic,
            report=False,
        )
    seconds = time.monotonic() - start
    with atomic_write(path, overwrite=True) as temporary, open(temporary, "wb") as file:
        np.savez(file, scores=result.evaluation.scores, seconds=seconds)
    return Scored(result.evaluation.scores, seconds)


def plain(options: Mapping[str, Any] | None) -> Any:
    """Returns `options` as JSON holds them."""
    return json.loads(json.dumps(dict(options or {}), default=str))
