"""Recipes side by side on few images: every image is scored by a model that never saw it.

For every seed the data is cut into folds; a recipe trains on all but one and scores that one, with the model
after the last step: no step is picked by looking at held-out images. The scores of all folds are pooled, and
mean average precision is computed over them. Differences are paired: a bootstrap draws the same images for
both recipes, and averages the seeds within each resample.
"""

import contextlib
import json
import logging
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from slimzoo.data import splits
from slimzoo.data.average_precision import mean_average_precision
from slimzoo.data.dataset import Dataset
from slimzoo.errors import SlimzooError, counted, listing
from slimzoo.files import atomic_write, write_text
from slimzoo.files.progress import bar
from slimzoo.training.bootstrap import COVERED, between, draws, mean_ap
from slimzoo.training.finetune import finetune
from slimzoo.training.interrupt import Stopped, Watch, watch
from slimzoo.training.recipes import METHODS
from slimzoo.training.run_folder import fingerprint

log = logging.getLogger("slimzoo")
SCRATCH = "scratch"  # recipe "full" without weights
RECIPES = (*METHODS, SCRATCH)
RESAMPLES = 2000
CONFIG = "crossvalidation.json"


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
    options: Mapping[str, Any] | None = None  # of every recipe that trains
    deterministic: bool | None = None  # as finetune() takes it

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
        if problems:
            raise SlimzooError(listing("this cannot be cross-validated:", problems))

    def _unknown(self) -> list[str]:
        return [name for name in self.recipes if name not in RECIPES]

    def said(self, recipe: str) -> dict[str, Any]:
        """Returns what the scores of `recipe` depend on, plain."""
        return {
            "data": fingerprint(self.data),
            "model": self.model,
            "weights": None if recipe == SCRATCH else self.weights,
            "folds": self.folds,
            "size": self.size,
            "options": _plain(self.options),
        }


@dataclass(frozen=True)
class Figures:
    """How good each recipe is."""

    map: dict[str, list[float]]  # of each seed, pooled over the folds, all-point
    interval: dict[str, tuple[float, float]]  # 95 %, of the mean over the seeds
    difference: dict[str, float]  # to the first recipe
    difference_interval: dict[str, tuple[float, float]]
    better: dict[str, float]  # in which part of the resamples it is better than the first
    seconds: dict[str, float]  # of one training, the mean

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
    total = len(plan.recipes) * plan.seeds * plan.folds
    shown = bar(total=total, desc="crossvalidate", unit="training", disable=not progress)
    with watch() as watcher, shown:
        for recipe in plan.recipes:
            by_seed, times = [], []
            for seed in range(plan.seeds):
                pooled, spent = _pooled(plan, recipe, seed, folder, shown, watcher)
                by_seed.append(pooled)
                times += spent
            scores[recipe], seconds[recipe] = np.stack(by_seed), float(np.mean(times))
    figures = measure(plan.data, scores, seconds)
    write_text(folder / "figures.json", json.dumps(figures.to_dict(), indent=1) + "\n")
    return figures


def _folder(plan: Plan, path: Path) -> Path:
    """Returns the folder of the scores, made.

    Raises: SlimzooError, FileExistsError: it is another's.
    """
    if path.exists() and not path.is_dir():
        raise FileExistsError(f"{path} is a file; name a folder, out=DIR")
    config = path / CONFIG
    if not config.is_file() and path.is_dir() and any(path.iterdir()):
        raise FileExistsError(
            f"{path} holds other things than a cross-validation; name a new folder, out=DIR"
        )
    path.mkdir(parents=True, exist_ok=True)
    said = {recipe: plan.said(recipe) for recipe in plan.recipes}
    before: dict[str, Any] = {}
    with contextlib.suppress(OSError, ValueError):
        before = json.loads(config.read_text("utf-8"))
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


def _pooled(
    plan: Plan, recipe: str, seed: int, folder: Path, shown: Any, watcher: Watch
) -> tuple[np.ndarray, list[float]]:
    """Returns scores [N, K] in the order of the data, and the seconds of each training.

    Raises: Stopped: SIGTERM or Ctrl-C came; what was scored before is kept.
    """
    scores = np.full(plan.data.labels.shape, np.nan, np.float32)
    where = {path: i for i, path in enumerate(plan.data.paths)}
    times = []
    for number, (train, held_out) in enumerate(splits.folds(plan.data, plan.folds, seed)):
        path = folder / f"{recipe}-seed{seed}-fold{number}.npz"
        try:
            kept = _kept(path, held_out.labels.shape)
            part, spent = kept or _train(plan, recipe, seed, train, held_out, path)
        except Stopped as stopped:
            watcher.signal = stopped.signal
        if watcher.signal is not None:
            done = counted(len([*folder.glob("*-fold*.npz")]), "training")
            message = f"stopped; {done} kept in {folder}. The same command goes on from there."
            raise Stopped(message, watcher.signal)
        scores[[where[name] for name in held_out.paths]] = part
        times.append(spent)
        shown.update()
    return scores, times


def _kept(path: Path, shape: tuple[int, ...]) -> tuple[np.ndarray, float] | None:
    try:
        with np.load(path, allow_pickle=False) as kept:
            scores, seconds = kept["scores"], float(kept["seconds"])
    except (OSError, ValueError, KeyError, EOFError):
        return None
    return (scores, seconds) if scores.shape == shape and np.isfinite(scores).all() else None


def _train(
    plan: Plan, recipe: str, seed: int, train: Dataset, held_out: Dataset, path: Path
) -> tuple[np.ndarray, float]:
    scratch = recipe == SCRATCH
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="slimzoo-crossvalidate-") as out, _without_warnings():
        result = finetune(
            train,
            held_out,
            Path(out) / "run",
            model=plan.model,
            weights=None if scratch else plan.weights,
            recipe="full" if scratch else recipe,
            size=plan.size,
            options=plan.options if scratch or METHODS[recipe].steps else {},
            eval_every=10**9,
            keep_best=False,
            seed=seed,
            tensorboard=False,
            deterministic=plan.deterministic,
        )
    seconds = time.monotonic() - start
    with atomic_write(path, overwrite=True) as temporary, open(temporary, "wb") as file:
        np.savez(file, scores=result.evaluation.scores, seconds=seconds)
    return result.evaluation.scores, seconds


@contextlib.contextmanager
def _without_warnings() -> Iterator[None]:
    """Leaves out what finetune() warns of: of a fold that lacks a class, as folds are pooled."""
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)


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


def _plain(options: Mapping[str, Any] | None) -> Any:
    return json.loads(json.dumps(dict(options or {}), default=str))


def names(text: str) -> Sequence[str]:
    """Returns the recipes named in `text`, with commas between them."""
    return tuple(name.strip() for name in text.split(",") if name.strip())
