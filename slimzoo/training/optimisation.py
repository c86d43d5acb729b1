"""From a recipe to a Keras optimizer, and the factors of single scopes on what it does."""

from collections.abc import Iterable, Mapping
from typing import Any

import keras
import tensorflow as tf

from slimzoo.model.model import Model
from slimzoo.names import Scopes
from slimzoo.training.accumulation import Together
from slimzoo.training.recipes import Recipe
from slimzoo.training.schedules import Schedule, WarmupCosine, make_schedule

__all__ = ["WarmupCosine", "gradient_factors", "make_optimizer", "rate_factors"]

_OPTIMIZERS: dict[str, tuple[type[keras.optimizers.Optimizer], dict[str, Any]]] = {
    "momentum": (keras.optimizers.SGD, {"momentum": 0.9}),
    "nesterov": (keras.optimizers.SGD, {"momentum": 0.9, "nesterov": True}),
    "adam": (keras.optimizers.Adam, {}),
    "adamw": (keras.optimizers.AdamW, {}),
    "lion": (keras.optimizers.Lion, {}),
    "lamb": (keras.optimizers.Lamb, {}),
    "rmsprop": (keras.optimizers.RMSprop, {"momentum": 0.9, "epsilon": 1.0}),  # slim's own settings
}


class ByScope:
    """Goes before a Keras optimizer's class: each variable has a factor on its learning rate, and its decay.

    Keras asks update_step() for a variable at a time; its own weight decay would not heed the factor.
    """

    decays: dict[Any, float]  # by tf.Variable.ref()
    factors: dict[Any, float]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Steps `variable` by its own learning rate."""
        rate = learning_rate * self.factors[variable.ref()]
        if decay := self.decays[variable.ref()]:
            variable.assign_sub(variable * tf.cast(rate * decay, variable.dtype))
        super().update_step(gradient, variable, rate)  # type: ignore[misc]


def make_optimizer(
    recipe: Recipe, steps: int | Schedule, loss_scaling: bool, model: Model | None = None, replicas: int = 1
) -> keras.optimizers.Optimizer:
    """Returns the optimizer of `recipe` for a run of `steps` steps.

    Args:
      steps: or the schedule of its learning rate.
      model: what it is to train; without it all variables decay, and learn, alike.
      replicas: each of them clips, and adds up, its share of a gradient that all of them know.
    """
    made, settings = _OPTIMIZERS[recipe.optimizer]
    settings = {**settings, **_settings(recipe, replicas)}
    variables = {} if model is None else _trained(model)
    factors = {} if model is None else rate_factors(recipe, model)
    if factors:
        made = type(f"{made.__name__}ByScope", (ByScope, made), {})
        settings["weight_decay"] = None if recipe.optimizer != "adamw" else 0.0
    elif recipe.decay is not None:
        settings["weight_decay"] = recipe.decay
    if recipe.accumulate > 1 and replicas > 1:
        made = type(f"{made.__name__}Together", (Together, made), {})
    schedule = make_schedule(recipe, steps) if isinstance(steps, int) else steps
    optimizer = made(schedule, **settings)
    whole = [name for name, variable in variables.items() if not decays(variable)]
    if factors:
        decay = {name: 0.0 if name in set(whole) else recipe.decay or 0.0 for name in variables}
        optimizer.factors = _by_ref(variables, {name: factors.get(name, 1.0) for name in variables})
        optimizer.decays = _by_ref(variables, decay)
    elif whole and recipe.decay is not None:
        optimizer.exclude_from_weight_decay(var_list=[variables[name] for name in whole])
    return keras.optimizers.LossScaleOptimizer(optimizer) if loss_scaling else optimizer


def _settings(recipe: Recipe, replicas: int) -> dict[str, Any]:
    """Returns what Keras's optimizers all take, of what is on."""
    settings: dict[str, Any] = {}
    if recipe.clip_norm is not None:
        settings["global_clipnorm"] = recipe.clip_norm / replicas
    if recipe.accumulate > 1:
        settings["gradient_accumulation_steps"] = recipe.accumulate
    if recipe.average_weights is not None:
        settings |= {"use_ema": True, "ema_momentum": recipe.average_weights}
    return settings


def _trained(model: Model) -> dict[str, Any]:
    return {name: variable for name, variable in model.variables_by_name.items() if variable.trainable}


def decays(variable: Any) -> bool:
    """Whether the optimizer's weight decay is of it: of kernels, not of biases and norm, the vectors."""
    return len(variable.shape) > 1


def _by_ref(variables: Mapping[str, Any], values: Mapping[str, float]) -> dict[Any, float]:
    """Returns `values` by what update_step() is given: a tf.Variable, that of each replica."""
    strategy = tf.distribute.get_strategy()
    pairs = (
        (component, name) for name, v in variables.items() for component in _components(strategy, v.value)
    )
    return {component.ref(): values[name] for component, name in pairs}


def _components(strategy: tf.distribute.Strategy, variable: Any) -> Iterable[Any]:
    return strategy.experimental_local_results(variable)


def rate_factors(recipe: Recipe, model: Model) -> dict[str, float]:
    """Returns {variable name: factor on its learning rate} of recipe.layer_decay; {} without it.

    The scopes inside of the network's own, in the order in which it makes them, are its depth: each has
    layer_decay times the rate of the next; what is new, and the last of them, has all of it.
    """
    if recipe.layer_decay == 1.0:
        return {}
    names = list(model.variables_by_name)
    scopes = list(dict.fromkeys(_part(name) for name in names))
    new = set(Scopes(recipe.new or (), "new").of(names))
    old = [scope for scope in scopes if any(_part(name) == scope and name not in new for name in names)]
    depth = {scope: len(old) - number for number, scope in enumerate(old)}
    if not new:  # the last of the network counts as new
        depth = {scope: below - 1 for scope, below in depth.items()}
    return {name: 1.0 if name in new else recipe.layer_decay ** depth[_part(name)] for name in names}


def _part(name: str) -> str:
    """Returns the scope of the variable `name` directly inside of the outermost one."""
    return "/".join(name.split("/")[:2])


def gradient_factors(recipe: Recipe, model: Model) -> dict[str, float]:
    """Returns {variable name: factor on its gradient} for the variables whose factor is not 1.

    Raises: SlimzooError: a scope of recipe.learning_rates holds no variable.
    """
    Scopes(recipe.learning_rates, "learning_rates").check(model.variables_by_name)
    factors: dict[str, float] = {}
    for pattern, factor in recipe.learning_rates.items():
        factors |= dict.fromkeys(Scopes(pattern).of(model.variables_by_name), factor)
    return {name: factor for name, factor in factors.items() if factor != 1.0}
