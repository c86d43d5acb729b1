"""Recipes side by side on few images: every image is scored by a model that never saw it.

For every seed the data is cut into folds; a recipe trains on all but one and scores that one, with the model
after the last step: no step is picked by looking at held-out images. The scores of all folds are pooled, and
mean average precision is computed over them. Differences are paired: a bootstrap draws the same images for
both recipes, and averages the seeds within each resample. What a plan leaves to choose each training chooses
anew, on the images that it trains on: see choosing.
"""

import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from slimzoo.data import splits
from slimzoo.data.average_precision import mean_average_precision
from slimzoo.data.dataset import Dataset
from slimzoo.errors import SlimzooError, counted, listing
from slimzoo.files import check_folder, check_writable, schema, write_text
from slimzoo.files.progress import bar
from slimzoo.training.bootstrap import COVERED, between, draws, mean_ap
from slimzoo.training.folds.choosing import choose
from slimzoo.training.folds.training import Options, Plan, scored
from slimzoo.training.interrupt import Stopped, Watch, watch

RESAMPLES = 2000
CONFIG = "crossvalidation.json"


@dataclass(frozen=True)
class Figures:
    """How good each recipe is."""

    map: dict[str, list[float]]  # of each seed, pooled over the folds, all-point
    interval: dict[str, tuple[float, float]]  # 95 %, of the mean over the seeds
    difference: dict[str, float]  # to the first recipe
    difference_interval: dict[str, tuple[float, float]]
    better: dict[str, float]  # in which part of the resamples it is better than the first
    seconds: dict[str, float]  # of one training, the mean
    chosen: dict[str, list[Options]] = field(default_factory=dict)  # what each training chose

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return dict(vars(self))


def crossvalidate(plan: Plan, out: str | os.PathLike, progress: bool = False) -> Figures:
    """Trains every recipe on every fold under every seed and returns the figures; writes them into `out`.

    Called again it goes on: what was scored is kept in `out`, one file a training.

    Raises: SlimzooError: `out` holds the scores of something else. What finetune() raises.
    """
    folder = _folder(plan, Path(out))
    scores: dict[str, np.ndarray] = {}
    seconds: dict[str, float] = {}
    chosen: dict[str, list[Options]] = {}
    total = plan.seeds * plan.folds * sum(map(plan.trainings, plan.recipes))
    shown = bar(total=total, desc="crossvalidate", unit="training", disable=not progress)
    with watch() as watcher, shown:
        for recipe in plan.recipes:
            parts = [_pooled(plan, recipe, seed, folder, shown, watcher) for seed in range(plan.seeds)]
            scores[recipe] = np.stack([part.scores for part in parts])
            seconds[recipe] = float(np.mean([part.seconds for part in parts]))
            if plan.trainings(recipe) > 1:
                chosen[recipe] = [{k: o[k] for k in plan.choose} for part in parts for o in part.options]
    figures = replace(measure(plan.data, scores, seconds), chosen=chosen)
    write_text(folder / "figures.json", json.dumps(figures.to_dict(), indent=1, default=str) + "\n")
    return figures


def check_free(out: str | os.PathLike) -> None:
    """Raises FileExistsError where no scores can be in `out`."""
    path = check_folder(out)
    config = path / CONFIG
    if not config.is_file() and path.is_dir() and any(path.iterdir()):
        raise FileExistsError(
            f"{path} holds other things than a cross-validation; name a new folder, out=DIR"
        )


def _folder(plan: Plan, path: Path) -> Path:
    """Returns the folder of the scores, made.

    Raises: SlimzooError, FileExistsError: it is another's.
    """
    check_free(path)
    config = check_writable(path / CONFIG, overwrite=True)
    said = {recipe: plan.said(recipe) for recipe in plan.recipes}
    before: dict[str, Any] = {}
    with contextlib.suppress(OSError, SlimzooError):
        found = schema.read(config)
        rows = found.items() if isinstance(found, dict) else ()
        before = {name: said for name, said in rows if isinstance(said, dict)}
    problems = [
        f"{recipe}: {key} is {before[recipe].get(key)!r} there, {value!r} here"
        for recipe, now in said.items()
        for key, value in now.items()
        if recipe in before and before[recipe].get(key) != value
    ]
    if problems:
        raise SlimzooError(
            listing(f"{path} holds scores of something else; name another folder, out=DIR:", problems)
        )
    write_text(config, json.dumps({**before, **said}, indent=1) + "\n")
    return path


@dataclass(frozen=True)
class _Pooled:
    """A recipe under one seed: scores [N, K] in the order of the data, seconds of a training, its options."""

    scores: np.ndarray
    seconds: float
    options: list[Options]


def _pooled(plan: Plan, recipe: str, seed: int, folder: Path, shown: Any, watcher: Watch) -> _Pooled:
    """Trains `recipe` on each fold under `seed`.

    Raises: Stopped: SIGTERM or Ctrl-C came; what was scored before is kept.
    """
    scores = np.full(plan.data.labels.shape, np.nan, np.float32)
    where = {path: i for i, path in enumerate(plan.data.paths)}
    times, options = [], []

    def done() -> None:
        shown.update()
        if watcher.signal is not None:
            raise _stopped(folder, watcher.signal)

    for number, (train, held_out) in enumerate(splits.folds(plan.data, plan.folds, seed)):
        name = f"{recipe}-seed{seed}-fold{number}"
        try:
            given = choose(plan, recipe, seed, train, folder, name, done)
            part = scored(plan, recipe, given, seed, train, held_out, folder / f"{name}.npz")
        except Stopped as stopped:
            raise _stopped(folder, stopped.signal) from stopped
        scores[[where[name] for name in held_out.paths]] = part.scores
        times.append(part.seconds)
        options.append(given)
        done()
    return _Pooled(scores, float(np.mean(times)), options)


def _stopped(folder: Path, signal: int) -> Stopped:
    done = counted(len([*folder.rglob("*.npz")]), "training")
    return Stopped(f"stopped; {done} kept in {folder}. The same command goes on from there.", signal)


def measure(data: Dataset, scores: Mapping[str, np.ndarray], seconds: Mapping[str, float]) -> Figures:
    """Returns the figures of `scores`, {recipe: [seeds, N, K]}; others differ from the first recipe."""
    first = next(iter(scores))
    drawn: dict[str, list[np.ndarray]] = {recipe: [] for recipe in scores}
    for times in draws(np.random.default_rng(0), len(data), RESAMPLES):  # the same images for every recipe
        for recipe, values in scores.items():
            by_seed_drawn = [mean_ap(one, data.labels, data.weights, times) for one in values]
            drawn[recipe].append(np.mean(by_seed_drawn, axis=0))
    sampled = {recipe: np.concatenate(values) for recipe, values in drawn.items()}
    by_seed = {recipe: [_map(data, one) for one in values] for recipe, values in scores.items()}
    mean = {recipe: float(np.mean(values)) for recipe, values in by_seed.items()}
    return Figures(
        map=by_seed,
        interval={r: between(v, mean[r], len(data)) for r, v in sampled.items()},
        difference={r: mean[r] - mean[first] for r in scores},
        difference_interval={r: _percentiles(v - sampled[first]) for r, v in sampled.items()},
        better={r: float(np.mean(v > sampled[first])) for r, v in sampled.items()},
        seconds=dict(seconds),
    )


def _map(data: Dataset, scores: np.ndarray) -> float:
    return mean_average_precision(scores, data.labels, data.weights, "all_point")


def _percentiles(values: np.ndarray) -> tuple[float, float]:
    low, high = np.percentile(values, COVERED)
    return float(low), float(high)


def names(text: str) -> Sequence[str]:
    """Returns the recipes named in `text`, with commas between them."""
    return tuple(name.strip() for name in text.split(",") if name.strip())
