"""Learning rates over the steps of a run, from Keras's own schedules where it has them."""

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import keras
import tensorflow as tf

from slimzoo.training.recipes import Recipe

Schedule: TypeAlias = keras.optimizers.schedules.LearningRateSchedule
_FACTOR, _EVERY, _POWER, _RISE, _PATIENCE = 0.1, 0.3, 1.0, 0.3, 3
_BEGINNING, _END = 1 / 25, 1e-4  # of the peak: one cycle's, as Smith & Topin 2018 (arXiv:1708.07120) have it


@keras.saving.register_keras_serializable("slimzoo")
class WarmupCosine(Schedule):
    """Rises from 0 to `peak` over `warmup` steps, then falls to 0 along half a cosine; or stays at `peak`."""

    def __init__(self, peak: float, steps: int, warmup: int, cosine: bool):
        self.peak, self.steps, self.warmup, self.cosine = peak, steps, warmup, cosine

    def __call__(self, step: Any) -> Any:
        step = tf.cast(step, tf.float32)
        rate = tf.constant(self.peak, tf.float32)
        if self.cosine:
            part = tf.clip_by_value((step - self.warmup) / max(self.steps - self.warmup, 1), 0.0, 1.0)
            rate = rate * 0.5 * (1.0 + tf.cos(math.pi * part))
        return rate * tf.minimum(1.0, (step + 1.0) / max(self.warmup, 1))

    def get_config(self) -> dict[str, Any]:
        return {"peak": self.peak, "steps": self.steps, "warmup": self.warmup, "cosine": self.cosine}


@keras.saving.register_keras_serializable("slimzoo")
class Warmed(Schedule):
    """Another schedule after `start` steps, all of it rising from 0 over the first `warmup`."""

    def __init__(self, inner: Schedule, warmup: int, start: int = 0):
        self.inner, self.warmup, self.start = inner, warmup, start

    def __call__(self, step: Any) -> Any:
        step = tf.cast(step, tf.float32)
        rate = tf.cast(self.inner(tf.maximum(step - self.start, 0.0)), tf.float32)
        return rate * tf.minimum(1.0, (step + 1.0) / max(self.warmup, 1))

    def get_config(self) -> dict[str, Any]:
        inner = keras.saving.serialize_keras_object(self.inner)
        return {"inner": inner, "warmup": self.warmup, "start": self.start}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Warmed":
        """Returns what get_config() described."""
        return cls(**{**config, "inner": keras.saving.deserialize_keras_object(config["inner"])})


@keras.saving.register_keras_serializable("slimzoo")
class Rising(Schedule):
    """Rises from `lowest` to `highest` over `steps` steps, by the same factor at each."""

    def __init__(self, lowest: float, highest: float, steps: int):
        self.lowest, self.highest, self.steps = lowest, highest, steps

    def __call__(self, step: Any) -> Any:
        part = tf.cast(step, tf.float32) / max(self.steps - 1, 1)
        return self.lowest * tf.pow(self.highest / self.lowest, part)

    def get_config(self) -> dict[str, Any]:
        return {"lowest": self.lowest, "highest": self.highest, "steps": self.steps}


@keras.saving.register_keras_serializable("slimzoo")
class Plateau(Schedule):
    """`peak`, times what the evaluations have left of it: see left_of()."""

    def __init__(self, peak: float, left: float = 1.0):
        self.peak = peak
        self.left = tf.Variable(left, trainable=False, dtype=tf.float32, name="left")

    def __call__(self, step: Any) -> Any:
        del step
        return self.peak * self.left

    def get_config(self) -> dict[str, Any]:
        return {"peak": self.peak, "left": float(self.left)}


def _step(recipe: Recipe, steps: int, warmup: int) -> Schedule:
    every = max(1, round((recipe.step_every or _EVERY) * steps))
    factor = recipe.step_factor or _FACTOR
    decay = keras.optimizers.schedules.ExponentialDecay(recipe.learning_rate, every, factor, staircase=True)
    return Warmed(decay, warmup)


def _polynomial(recipe: Recipe, steps: int, warmup: int) -> Schedule:
    decay = keras.optimizers.schedules.PolynomialDecay(
        recipe.learning_rate, max(steps - warmup, 1), end_learning_rate=0.0, power=recipe.power or _POWER
    )
    return Warmed(decay, warmup, start=warmup)


def _one_cycle(recipe: Recipe, steps: int, warmup: int) -> Schedule:
    del warmup  # it rises by itself
    rise, peak = max(1, round((recipe.rise or _RISE) * steps)), recipe.learning_rate
    return keras.optimizers.schedules.CosineDecay(
        peak * _BEGINNING, max(steps - rise, 1), alpha=_END, warmup_target=peak, warmup_steps=rise
    )


_SCHEDULES: dict[str, Callable[[Recipe, int, int], Schedule]] = {  # all of recipes.SCHEDULES
    "cosine": lambda recipe, steps, warmup: WarmupCosine(recipe.learning_rate, steps, warmup, cosine=True),
    "constant": lambda recipe, steps, warmup: WarmupCosine(recipe.learning_rate, steps, warmup, cosine=False),
    "step": _step,
    "polynomial": _polynomial,
    "plateau": lambda recipe, steps, warmup: Warmed(Plateau(recipe.learning_rate), warmup),
    "one_cycle": _one_cycle,
}


def make_schedule(recipe: Recipe, steps: int) -> Schedule:
    """Returns the schedule of `recipe` for a run of `steps` steps."""
    return _SCHEDULES[recipe.schedule](recipe, steps, round(recipe.warmup * steps))


def plateau_of(schedule: Schedule) -> Plateau | None:
    """Returns the part of `schedule` that evaluations change, None where none does."""
    inner = getattr(schedule, "inner", None)
    return inner if isinstance(inner, Plateau) else None


def left_of(recipe: Recipe, ranks: Sequence[list[float]]) -> float:
    """Returns what is left of the rate of a plateau after evaluations with these ranks, the oldest first.

    It falls by step_factor each time that plateau_patience of them in a row were not better than all before.
    That follows from the history alone, so that a run that goes on has the same.
    """
    left, best, waited = 1.0, None, 0
    for rank in ranks:
        waited = 0 if best is None or rank > best else waited + 1
        best = rank if waited == 0 else best
        if waited and waited % (recipe.plateau_patience or _PATIENCE) == 0:
            left *= recipe.step_factor or _FACTOR
    return left


def waited(ranks: Sequence[list[float]]) -> int:
    """Returns how many evaluations came after the best one, the first of equal ones."""
    return len(ranks) - 1 - ranks.index(max(ranks)) if ranks else 0
