"""One call from a loss to an op that trains: learning rate, optimizer, noise, clipping and summaries."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from slimzoo.slim import moving_average
from slimzoo.slim.framework_ops import require_graph, with_dependencies
from slimzoo.slim.gradients import dense_values, mapped
from slimzoo.slim.types import Gradient, GradientsAndVariables, Scope, TensorLike

v1 = tf.compat.v1

OPTIMIZER_CLS_NAMES = {
    "Adagrad": v1.train.AdagradOptimizer,
    "Adam": v1.train.AdamOptimizer,
    "Ftrl": v1.train.FtrlOptimizer,
    "Momentum": lambda learning_rate: v1.train.MomentumOptimizer(learning_rate, momentum=0.9),
    "RMSProp": v1.train.RMSPropOptimizer,
    "SGD": v1.train.GradientDescentOptimizer,
}
OPTIMIZER_SUMMARIES = ["learning_rate", "loss", "gradients", "gradient_norm", "global_gradient_norm"]
_DEFAULT_SUMMARIES = ("loss", "learning_rate", "global_gradient_norm")
_NORMS = {"global_gradient_norm", "gradient_norm"}


def optimize_loss(
    loss: TensorLike,
    global_step: tf.Variable | None,
    learning_rate: float | tf.Tensor | None,
    optimizer: Any,
    gradient_noise_scale: float | None = None,
    gradient_multipliers: Mapping[Any, Any] | None = None,
    clip_gradients: float | Callable[[GradientsAndVariables], GradientsAndVariables] | None = None,
    learning_rate_decay_fn: Callable[[Any, Any], tf.Tensor] | None = None,
    update_ops: Iterable[Any] | None = None,
    variables: Sequence[tf.Variable] | None = None,
    name: Scope | None = None,
    summaries: Sequence[str] | None = None,
    colocate_gradients_with_ops: bool = False,
    increment_global_step: bool = True,
) -> tf.Tensor:
    """Returns a tensor that trains for one step when it is run, and is the loss.

    Args:
      loss: a scalar.
      global_step: the variable that counts the steps; None: that of the graph, if it has one.
      learning_rate: a float, which becomes the variable `learning_rate`, a scalar tensor, or None for an
        optimizer that knows its own.
      optimizer: a name of OPTIMIZER_CLS_NAMES, an optimizer, its class, or a function that makes one of the
        learning rate (of nothing, if that is None).
      gradient_noise_scale: adds normal noise of this scale, cut at two deviations.
      gradient_multipliers: {variable or its name, "w:0": factor}.
      clip_gradients: the largest norm of all gradients together, a float; or a function of the list of
        (gradient, variable), as `adaptive_clipping_fn` makes one.
      learning_rate_decay_fn: (learning rate, global step) -> learning rate.
      update_ops: what runs before the loss is computed; None: the collection "update_ops".
      variables: None: all trainable variables.
      name: the variable scope; None: "OptimizeLoss".
      summaries: some of OPTIMIZER_SUMMARIES; None: loss, learning rate and norm of all gradients.
      increment_global_step: False where another call of the same step counts it.

    Raises: ValueError: the loss is no scalar, the learning rate is negative or of another type, the
      optimizer or a summary is unknown, or a global step is needed and there is none. RuntimeError: not in a
      graph.
    """
    require_graph("optimize_loss")
    loss = tf.convert_to_tensor(loss)
    tf.debugging.assert_scalar(loss)
    if global_step is None:
        global_step = v1.train.get_global_step()
    else:
        v1.train.assert_global_step(global_step)
    wanted = _check_summaries(summaries)
    with v1.variable_scope(name, "OptimizeLoss", [loss, global_step]):
        update_ops = v1.get_collection(v1.GraphKeys.UPDATE_OPS) if update_ops is None else list(update_ops)
        if update_ops:
            loss = with_dependencies(update_ops, loss)
        rate = _learning_rate(learning_rate, learning_rate_decay_fn, global_step, wanted)
        chosen = _optimizer(optimizer, rate)
        gradients = chosen.compute_gradients(
            loss,
            v1.trainable_variables() if variables is None else variables,
            colocate_gradients_with_ops=colocate_gradients_with_ops,
        )
        if gradient_noise_scale is not None:
            gradients = [(_noisy(gradient, gradient_noise_scale), var) for gradient, var in gradients]
        if gradient_multipliers is not None:
            gradients = _multiplied(gradients, gradient_multipliers)
        gradients = _clipped(gradients, clip_gradients, wanted, loss)
        step = global_step if increment_global_step else None
        applied = chosen.apply_gradients(gradients, global_step=step, name="train")
        return with_dependencies([applied], loss)


def adaptive_clipping_fn(
    std_factor: float = 2.0,
    decay: float = 0.95,
    static_max_norm: float | None = None,
    global_step: tf.Variable | None = None,
    report_summary: bool = False,
    epsilon: float = 1e-8,
    name: Scope | None = None,
) -> Callable[[GradientsAndVariables], GradientsAndVariables]:
    """Returns a function that scales all gradients down where their common norm is unusually large.

    It keeps moving averages of mean and deviation of the norm's logarithm; a norm beyond
    exp(mean + std_factor * deviation) is brought down to exp(mean). Section 3.2.1 of arXiv:1412.1602.

    Args:
      decay: of the moving averages.
      static_max_norm: a largest norm that holds besides.
      global_step: lets the averages move faster in the first steps, by decay n / (n + 1).
      report_summary: add a summary of the largest norm.
      epsilon: keeps logarithm and deviation from 0.
      name: the variable scope of the averages; None: "AdaptiveMaxNorm".
    """

    def clip(grads_and_vars: GradientsAndVariables) -> GradientsAndVariables:
        norm = tf.linalg.global_norm([gradient for gradient, _ in grads_and_vars])
        largest, log_mean = _adaptive_max_norm(norm, std_factor, decay, global_step, epsilon, name)
        if report_summary:
            v1.summary.scalar("global_norm/adaptive_max_gradient_norm", largest)
        factor = tf.where(norm < largest, tf.ones_like(norm), tf.exp(log_mean) / norm)
        if static_max_norm is not None:
            factor = tf.minimum(static_max_norm / norm, factor)
        return [(mapped(lambda values: values * factor, gradient), var) for gradient, var in grads_and_vars]

    return clip


def _adaptive_max_norm(
    norm: tf.Tensor,
    std_factor: float,
    decay: float,
    global_step: tf.Variable | None,
    epsilon: float,
    name: Scope | None,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns (largest norm, mean of the logarithms) after this step's norm is taken into the averages."""
    with v1.variable_scope(name, "AdaptiveMaxNorm", [norm]):
        log_norm = tf.math.log(norm + epsilon)
        if global_step is not None:
            steps = tf.cast(global_step, tf.float32)
            decay = tf.minimum(decay, steps / (steps + 1.0))
        mean = _moving_average("mean", log_norm, decay)
        square = _moving_average("sq_mean", tf.square(log_norm), decay)
        deviation = tf.sqrt(tf.maximum(epsilon, square - tf.square(mean)))
        return tf.exp(mean + std_factor * deviation), mean


def _moving_average(name: str, value: tf.Tensor, decay: float) -> tf.Tensor:
    variable = v1.get_variable(
        name, value.shape, value.dtype, initializer=v1.zeros_initializer(), trainable=False
    )
    return tf.convert_to_tensor(moving_average.update(variable, value, decay))


def _check_summaries(summaries: Sequence[str] | None) -> set[str]:
    """Returns the names of the summaries to make; ValueError if some are unknown."""
    unknown = [name for name in summaries or () if name not in OPTIMIZER_SUMMARIES]
    if unknown:
        raise ValueError(
            f"Summaries should be one of [{', '.join(OPTIMIZER_SUMMARIES)}], "
            f"you provided {', '.join(unknown)}."
        )
    return set(_DEFAULT_SUMMARIES if summaries is None else summaries)


def _learning_rate(
    learning_rate: float | tf.Tensor | None,
    decay_fn: Callable[[Any, Any], tf.Tensor] | None,
    global_step: tf.Variable | None,
    summaries: set[str],
) -> tf.Tensor | tf.Variable | None:
    """Returns the learning rate as a scalar tensor or variable, or None."""
    if learning_rate is None:
        return None
    if isinstance(learning_rate, float):
        if learning_rate < 0.0:
            raise ValueError(f"Invalid learning_rate {learning_rate}; it should be 0 or more.")
        initializer = v1.constant_initializer(learning_rate)
        rate = v1.get_variable("learning_rate", [], trainable=False, initializer=initializer)
    elif isinstance(learning_rate, tf.Tensor) and learning_rate.shape.rank == 0:
        rate = learning_rate
    else:
        raise ValueError(
            f"Learning rate should be 0d Tensor or float. Got {learning_rate} of type {type(learning_rate)}"
        )
    if decay_fn is None:
        return rate
    if global_step is None:
        raise ValueError(
            "global_step is required for learning_rate_decay_fn; slim.create_global_step() makes one."
        )
    rate = decay_fn(rate, global_step)
    if "learning_rate" in summaries:
        v1.summary.scalar("learning_rate", rate)
    return rate


def _optimizer(optimizer: Any, rate: tf.Tensor | tf.Variable | None) -> tf.compat.v1.train.Optimizer:
    """Returns the optimizer that a name, a class, a function or an optimizer stands for."""
    if isinstance(optimizer, v1.train.Optimizer):
        return optimizer
    if isinstance(optimizer, str):
        if optimizer not in OPTIMIZER_CLS_NAMES:
            raise ValueError(
                f"Optimizer name should be one of [{', '.join(OPTIMIZER_CLS_NAMES)}], "
                f"you provided {optimizer}."
            )
        return OPTIMIZER_CLS_NAMES[optimizer](learning_rate=_needed(rate, "string", optimizer))
    if isinstance(optimizer, type) and issubclass(optimizer, v1.train.Optimizer):
        return optimizer(learning_rate=_needed(rate, "class", optimizer))
    if not callable(optimizer):
        raise ValueError(
            "Unrecognized optimizer: should be string, subclass of tf.compat.v1.train.Optimizer, instance of "
            f"subclass of Optimizer or function with one argument. Got {optimizer!r}."
        )
    made = optimizer() if rate is None else optimizer(rate)
    if not isinstance(made, v1.train.Optimizer):
        raise ValueError(
            f"Unrecognized optimizer: function should return subclass of Optimizer. Got {made!r}."
        )
    return made


def _needed(rate: tf.Tensor | tf.Variable | None, kind: str, optimizer: Any) -> tf.Tensor | tf.Variable:
    if rate is None:
        raise ValueError(
            f"Learning rate is None, but should be specified if optimizer is {kind} ({optimizer})."
        )
    return rate


def _clipped(
    gradients: GradientsAndVariables, clip_gradients: Any, summaries: set[str], loss: tf.Tensor
) -> GradientsAndVariables:
    """Returns the gradients, clipped as wanted, and adds the summaries of loss and gradients."""
    if summaries & _NORMS:
        _summarize_norm("gradient_norm", gradients)
    if isinstance(clip_gradients, float):
        clipped, _ = tf.clip_by_global_norm([gradient for gradient, _ in gradients], clip_gradients)
        gradients = list(zip(clipped, [var for _, var in gradients], strict=True))
    elif callable(clip_gradients):
        gradients = clip_gradients(gradients)
    elif clip_gradients is not None:
        raise ValueError(
            f"Unknown type {type(clip_gradients)} for clip_gradients: it takes a float, a function or None"
        )
    if "loss" in summaries:
        v1.summary.scalar("loss", loss)
    _summarize_each(gradients, summaries)
    if clip_gradients is not None and summaries & _NORMS:
        _summarize_norm("clipped_gradient_norm", gradients)
    return gradients


def _summarize_norm(name: str, gradients: GradientsAndVariables) -> None:
    v1.summary.scalar(f"global_norm/{name}", tf.linalg.global_norm([gradient for gradient, _ in gradients]))


def _summarize_each(gradients: GradientsAndVariables, summaries: set[str]) -> None:
    for gradient, var in gradients:
        if gradient is None:
            continue
        name, values = var.name.replace(":", "_"), dense_values(gradient)
        if "gradients" in summaries:
            v1.summary.histogram(f"gradients/{name}", values)
        if "gradient_norm" in summaries:
            v1.summary.scalar(f"gradient_norm/{name}", tf.linalg.global_norm([values]))


def _noisy(gradient: Gradient, scale: float) -> Gradient:
    if gradient is None:
        return None
    shape = gradient.dense_shape if isinstance(gradient, tf.IndexedSlices) else gradient.shape
    return gradient + tf.random.truncated_normal(shape) * scale


def _multiplied(gradients: GradientsAndVariables, multipliers: Mapping[Any, Any]) -> GradientsAndVariables:
    """Returns the gradients, those of the variables that `multipliers` holds times their factors."""
    factors = {key if isinstance(key, str) else key.name: factor for key, factor in multipliers.items()}
    return [
        (gradient if var.name not in factors else mapped(_times(factors[var.name]), gradient), var)
        for gradient, var in gradients
    ]


def _times(factor: TensorLike) -> Callable[[tf.Tensor], tf.Tensor]:
    return lambda values: values * tf.cast(factor, values.dtype)
