"""From a recipe to a Keras optimizer, its learning rates over the steps, and the factors of single scopes."""

import math
from typing import Any

import keras

from slimzoo.model.model import Model
from slimzoo.names import Scopes
from slimzoo.training.recipes import Recipe


@keras.saving.register_keras_serializable("slimzoo")
class WarmupCosine(keras.optimizers.schedules.LearningRateSchedule):
    """Rises from 0 to `peak` over `warmup` steps, then falls to 0 along half a cosine; or stays at `peak`."""

    def __init__(self, peak: float, steps: int, warmup: int, cosine: bool):
        self.peak, self.steps, self.warmup, self.cosine = peak, steps, warmup, cosine

    def __call__(self, step: Any) -> Any:
        import tensorflow as tf

        step = tf.cast(step, tf.float32)
        rate = tf.constant(self.peak, tf.float32)
        if self.cosine:
            part = tf.clip_by_value((step - self.warmup) / max(self.steps - self.warmup, 1), 0.0, 1.0)
            rate = rate * 0.5 * (1.0 + tf.cos(math.pi * part))
        return rate * tf.minimum(1.0, (step + 1.0) / max(self.warmup, 1))

    def get_config(self) -> dict[str, Any]:
        return {"peak": self.peak, "steps": self.steps, "warmup": self.warmup, "cosine": self.cosine}


_OPTIMIZERS = {
    "momentum": lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
    "adam": lambda rate: keras.optimizers.Adam(rate),
    "rmsprop": lambda rate: keras.optimizers.RMSprop(rate, momentum=0.9, epsilon=1.0),  # slim's own settings
}


def make_optimizer(recipe: Recipe, steps: int, loss_scaling: bool) -> keras.optimizers.Optimizer:
    """Returns the optimizer of `recipe` for a run of `steps` steps."""
    schedule = WarmupCosine(
        recipe.learning_rate, steps, round(recipe.warmup * steps), recipe.schedule == "cosine"
    )
    optimizer = _OPTIMIZERS[recipe.optimizer](schedule)
    return keras.optimizers.LossScaleOptimizer(optimizer) if loss_scaling else optimizer


def gradient_factors(recipe: Recipe, model: Model) -> dict[str, float]:
    """Returns {variable name: factor on its gradient} for the variables whose factor is not 1.

    Raises: SlimzooError: a scope of recipe.learning_rates holds no variable.
    """
    Scopes(recipe.learning_rates, "learning_rates").check(model.variables_by_name)
    factors: dict[str, float] = {}
    for pattern, factor in recipe.learning_rates.items():
        factors |= dict.fromkeys(Scopes(pattern).of(model.variables_by_name), factor)
    return {name: factor for name, factor in factors.items() if factor != 1.0}
