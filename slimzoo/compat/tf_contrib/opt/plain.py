"""Optimizers of tf.contrib.opt that keep one slot: LARS, the signs, AdaGrad that can hold still."""

import contextlib
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import tensorflow as tf

from slimzoo.compat.tf_contrib.opt.rules import OneRule, fused, spread

v1 = tf.compat.v1
Decay = Callable[[Any], tf.Tensor]  # global step -> a factor


class LARSOptimizer(OneRule, tf.compat.v1.train.Optimizer):
    """Momentum with a rate for each variable, by two norms: its own, its gradient's. arXiv:1708.03888.

    Args:
      eeta: how much of a variable's norm a step may be.
      skip_list: a variable whose name has one of these in it has the plain rate and no weight decay.
    Raises: ValueError: a negative momentum or weight decay.
    """

    def __init__(
        self,
        learning_rate: Any,
        momentum: float = 0.9,
        weight_decay: float = 0.0001,
        eeta: float = 0.001,
        epsilon: float = 0.0,
        name: str = "LARSOptimizer",
        skip_list: Sequence[str] | None = None,
        use_nesterov: bool = False,
    ):
        wrong = {"momentum": momentum, "weight_decay": weight_decay}
        if negative := [f"{key}={value}" for key, value in wrong.items() if value < 0.0]:
            raise ValueError(f"LARSOptimizer: {' and '.join(negative)} has to be positive")
        super().__init__(False, name)
        self._learning_rate, self._momentum, self._weight_decay = learning_rate, momentum, weight_decay
        self._eeta, self._epsilon, self._skip_list = eeta, epsilon, skip_list
        self._use_nesterov = use_nesterov

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for variable in var_list:
            self._zeros_slot(variable, "momentum", self._name)

    def _rate(self) -> Any:
        return self._learning_rate() if callable(self._learning_rate) else self._learning_rate

    def compute_lr(self, grad: tf.Tensor, var: Any) -> tuple[Any, tf.Tensor]:
        """Returns the rate of this variable, and its gradient with the weight decay."""
        if self._skip_list is not None and any(part in var.name for part in self._skip_list):
            return self._rate(), grad
        weight, slope = tf.norm(var, ord=2), tf.norm(grad, ord=2)
        trust = self._eeta * weight / (slope + self._weight_decay * weight + self._epsilon)
        is_known = tf.logical_and(weight > 0, slope > 0)
        return self._rate() * tf.where(is_known, trust, tf.ones_like(trust)), grad + self._weight_decay * var

    def _move(self, grad: tf.Tensor, var: Any) -> Any:
        rate, grad = self.compute_lr(grad, var)
        settings = {"lr": 1.0, "momentum": self._momentum}
        slots = {"accum": self.get_slot(var, "momentum")}
        nesterov = self._use_nesterov
        return fused("ApplyMomentum", var, slots, settings, grad=grad * rate, use_nesterov=nesterov)

    def _move_rows(self, values: tf.Tensor, var: Any, indices: tf.Tensor) -> Any:
        settings = {"lr": self._rate(), "momentum": self._momentum}
        flags = {"grad": values, "indices": indices, "use_nesterov": self._use_nesterov}
        op = "SparseApplyMomentum"
        return fused(op, var, {"accum": self.get_slot(var, "momentum")}, settings, **flags)


class _Sign(OneRule, tf.compat.v1.train.Optimizer):
    """What the two share: a step is larger where the gradient has the sign of its average, "m"."""

    def __init__(self, rate: Any, beta: Any, decay: Decay | None, use_locking: bool, name: str):
        super().__init__(use_locking, name)
        self._lr, self._beta, self._sign_decay_fn = rate, beta, decay
        self._sign_decay: Any = 1.0

    def apply_gradients(
        self, grads_and_vars: Any, global_step: Any = None, name: str | None = None
    ) -> tf.Operation:
        """tf.train.Optimizer.apply_gradients; the decay of the sign's weight is of `global_step`."""
        if self._sign_decay_fn is not None:
            self._sign_decay = tf.convert_to_tensor(self._sign_decay_fn(global_step), name="sign_decay")
        return super().apply_gradients(grads_and_vars, global_step=global_step, name=name)

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for variable in var_list:
            self._zeros_slot(variable, "m", self._name)

    def _larger(self, agreement: tf.Tensor) -> tf.Tensor:
        """Returns the factor of a step; `agreement` is 1 where the signs are equal, -1 where they are not."""
        raise NotImplementedError

    def _move_rows(self, values: tf.Tensor, var: Any, indices: tf.Tensor) -> Any:
        m = self.get_slot(var, "m")
        moved = m * self._beta + spread(values * (1 - self._beta), indices, var)
        with tf.control_dependencies([v1.assign(m, moved)]):
            agreement = tf.gather(tf.sign(moved), indices) * tf.sign(values)
        return v1.scatter_sub(var, indices, self._lr * self._larger(agreement) * values)


class PowerSignOptimizer(_Sign):
    """A step times base ** (decay * agreement of signs). Bello et al. 2017, arXiv:1709.07417."""

    def __init__(
        self,
        learning_rate: Any = 0.1,
        base: float = math.e,
        beta: Any = 0.9,
        sign_decay_fn: Decay | None = None,
        use_locking: bool = False,
        name: str = "PowerSignOptimizer",
    ):
        super().__init__(learning_rate, beta, sign_decay_fn, use_locking, name)
        self._logbase = math.log(base)

    def _larger(self, agreement: tf.Tensor) -> tf.Tensor:
        return tf.exp(self._logbase * self._sign_decay * agreement)

    def _move(self, grad: tf.Tensor, var: Any) -> Any:
        settings = {
            "lr": self._lr,
            "logbase": self._logbase,
            "sign_decay": self._sign_decay,
            "beta": self._beta,
        }
        slots = {"m": self.get_slot(var, "m")}
        return fused("ApplyPowerSign", var, slots, settings, grad=grad, use_locking=self._use_locking)


class AddSignOptimizer(_Sign):
    """A step times alpha + decay * agreement of signs. Bello et al. 2017, arXiv:1709.07417."""

    def __init__(
        self,
        learning_rate: Any = 0.1,
        alpha: float = 1.0,
        beta: Any = 0.9,
        sign_decay_fn: Decay | None = None,
        use_locking: bool = False,
        name: str = "AddSignOptimizer",
    ):
        super().__init__(learning_rate, beta, sign_decay_fn, use_locking, name)
        self._alpha = alpha

    def _larger(self, agreement: tf.Tensor) -> tf.Tensor:
        return self._alpha + self._sign_decay * agreement

    def _move(self, grad: tf.Tensor, var: Any) -> Any:
        settings = {"lr": self._lr, "alpha": self._alpha, "sign_decay": self._sign_decay, "beta": self._beta}
        slots = {"m": self.get_slot(var, "m")}
        return fused("ApplyAddSign", var, slots, settings, grad=grad, use_locking=self._use_locking)


class RegAdagradOptimizer(OneRule, tf.compat.v1.train.AdagradOptimizer):
    """AdaGrad whose sums do not count what is applied within `avoid_updating_slots`: penalties."""

    def __init__(
        self,
        learning_rate: Any,
        initial_accumulator_value: float = 0.1,
        use_locking: bool = False,
        name: str = "RegAdagrad",
    ):
        super().__init__(learning_rate, initial_accumulator_value, use_locking, name)
        self._moves_slots = True

    @contextlib.contextmanager
    def avoid_updating_slots(self) -> Iterator[None]:
        """Gradients applied within leave the sums of squares as they are."""
        before, self._moves_slots = self._moves_slots, False
        try:
            yield
        finally:
            self._moves_slots = before

    def _run(self, op: str, var: Any, **flags: Any) -> Any:
        slots, settings = {"accum": self.get_slot(var, "accumulator")}, {"lr": self._learning_rate_tensor}
        flags |= {"use_locking": self._use_locking, "update_slots": self._moves_slots}
        return fused(op, var, slots, settings, **flags)

    def _move(self, grad: tf.Tensor, var: Any) -> Any:
        return self._run("ApplyAdagrad", var, grad=grad)

    def _move_rows(self, values: tf.Tensor, var: Any, indices: tf.Tensor) -> Any:
        return self._run("SparseApplyAdagrad", var, grad=values, indices=indices)


def _progress(global_step: Any, decay_steps: Any, kind: str) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the step, `decay_steps` at most, and which part of these it is."""
    if global_step is None:
        raise ValueError(f"global_step is required for {kind}; hand it to minimize or apply_gradients")
    step = tf.minimum(global_step, tf.cast(decay_steps, tf.as_dtype(global_step.dtype).base_dtype))
    return step, tf.cast(step, tf.float32) / tf.cast(decay_steps, tf.float32)


def _half_cosine(turns: tf.Tensor, is_over: tf.Tensor | None) -> tf.Tensor:
    decayed = 0.5 * (1.0 + tf.cos(math.pi * turns))
    return decayed if is_over is None else tf.where(is_over, tf.zeros_like(decayed), decayed)


def get_linear_decay_fn(decay_steps: Any) -> Decay:
    """Returns global step -> from 1 down to 0 in `decay_steps`."""
    return lambda step: tf.maximum(0.0, 1.0 - _progress(step, decay_steps, "linear_decay")[1])


def get_cosine_decay_fn(decay_steps: Any, num_periods: float = 0.5, zero_after: float | None = None) -> Decay:
    """Returns global step -> a cosine between 1 and 0, `num_periods` of it; 0 after `zero_after` periods."""

    def decay(global_step: Any) -> tf.Tensor:
        turns = 2.0 * num_periods * _progress(global_step, decay_steps, "cosine_decay")[1]
        return _half_cosine(turns, None if zero_after is None else turns >= 2 * zero_after)

    return decay


def get_restart_decay_fn(decay_steps: Any, num_periods: int = 1, zero_after: float | None = None) -> Decay:
    """Returns global step -> `num_periods` cosines from 1 to 0; 0 after `zero_after` of them."""

    def decay(global_step: Any) -> tf.Tensor:
        step, part = _progress(global_step, decay_steps, "cosine_decay")
        steps = tf.cast(decay_steps, tf.float32)
        turns = tf.math.floormod(num_periods * tf.cast(step, tf.float32), steps) / steps
        return _half_cosine(turns, None if zero_after is None else num_periods * part >= zero_after)

    return decay
