"""Optimizers of tf.contrib.opt that are Adam with a difference; slots "m" and "v", as Adam has."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from slimzoo.compat.tf_contrib.opt.rules import OneRule, decay_then_add, fused

v1 = tf.compat.v1


class _Adam(OneRule, tf.compat.v1.train.AdamOptimizer):
    """What they share: the slots of a variable, the numbers as its type."""

    def _averages(self, var: Any) -> tuple[Any, Any]:
        return self.get_slot(var, "m"), self.get_slot(var, "v")

    def _numbers(self, var: Any) -> list[tf.Tensor]:
        """Returns the rate, beta1, beta2 and epsilon."""
        given = (self._lr_t, self._beta1_t, self._beta2_t, self._epsilon_t)
        return [tf.cast(number, var.dtype.base_dtype) for number in given]

    def _corrected_rate(self, var: Any) -> tf.Tensor:
        """Returns the rate of this step, corrected for averages that started at 0."""
        first, second = (tf.cast(power, var.dtype.base_dtype) for power in self._get_beta_accumulators())
        return self._numbers(var)[0] * tf.sqrt(1 - second) / (1 - first)

    def _move(self, grad: tf.Tensor, var: Any, **flags: Any) -> Any:
        m, v = self._averages(var)
        rate, beta1, beta2, epsilon = self._numbers(var)
        first, second = self._get_beta_accumulators()
        settings = {
            "beta1_power": first,
            "beta2_power": second,
            "lr": rate,
            "beta1": beta1,
            "beta2": beta2,
            "epsilon": epsilon,
        }
        slots = {"m": m, "v": v}
        return fused("ApplyAdam", var, slots, settings, grad=grad, use_locking=self._use_locking, **flags)


class NadamOptimizer(_Adam):
    """Adam with Nesterov's momentum. Dozat 2016, "Incorporating Nesterov Momentum into Adam"."""

    def _move(self, grad: tf.Tensor, var: Any, **flags: Any) -> Any:
        return super()._move(grad, var, use_nesterov=True, **flags)

    def _move_rows(self, values: tf.Tensor, var: Any, indices: tf.Tensor) -> Any:
        (m, v), (_, beta1, beta2, epsilon) = self._averages(var), self._numbers(var)
        rate, gained = self._corrected_rate(var), values * (1 - beta1)
        ahead = gained + beta1 * decay_then_add(m, beta1, gained, indices)
        square = decay_then_add(v, beta2, values * values * (1 - beta2), indices)
        return v1.scatter_add(var, indices, -rate * ahead / (tf.sqrt(square) + epsilon))


class LazyAdamOptimizer(_Adam):
    """Adam for embeddings: rows without a gradient, their averages too, stay as they are."""

    def _move_rows(self, values: tf.Tensor, var: Any, indices: tf.Tensor) -> Any:
        (m, v), (_, beta1, beta2, epsilon) = self._averages(var), self._numbers(var)
        rate = self._corrected_rate(var)
        mean = beta1 * tf.gather(m, indices) + (1 - beta1) * values
        square = beta2 * tf.gather(v, indices) + (1 - beta2) * tf.square(values)
        return tf.group(
            v1.scatter_update(m, indices, mean),
            v1.scatter_update(v, indices, square),
            v1.scatter_sub(var, indices, rate * mean / (tf.sqrt(square) + epsilon)),
        )


class AdaMaxOptimizer(_Adam):
    """Adam by the largest gradient in place of the mean square. Kingma & Ba 2014, section 7.1."""

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        epsilon: Any = 1e-8,
        use_locking: bool = False,
        name: str = "AdaMax",
    ):
        super().__init__(learning_rate, beta1, beta2, epsilon, use_locking, name)

    def _get_beta_accumulators(self) -> Any:
        graph = None if tf.executing_eagerly() else v1.get_default_graph()
        return self._get_non_slot_variable("beta1_power", graph=graph)

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        first = min(var_list, key=lambda variable: variable.name)
        self._create_non_slot_variable(self._beta1, "beta1_power", first)
        for variable in var_list:
            for slot in ("m", "v"):
                self._zeros_slot(variable, slot, self._name)

    def _move(self, grad: tf.Tensor, var: Any, **flags: Any) -> Any:
        m, v = self._averages(var)
        rate, beta1, beta2, epsilon = self._numbers(var)
        settings = {
            "beta1_power": self._get_beta_accumulators(),
            "lr": rate,
            "beta1": beta1,
            "beta2": beta2,
            "epsilon": epsilon,
        }
        slots = {"m": m, "v": v}
        return fused("ApplyAdaMax", var, slots, settings, grad=grad, use_locking=self._use_locking, **flags)

    def _move_rows(self, values: tf.Tensor, var: Any, indices: tf.Tensor) -> Any:
        (m, v), (rate, beta1, beta2, epsilon) = self._averages(var), self._numbers(var)
        power = tf.cast(self._get_beta_accumulators(), var.dtype.base_dtype)
        mean = tf.gather(m, indices) * beta1 + values * (1 - beta1)
        largest = tf.maximum(tf.gather(v, indices) * beta2, tf.abs(values))
        return tf.group(
            v1.scatter_update(m, indices, mean),
            v1.scatter_update(v, indices, largest),
            v1.scatter_add(var, indices, -rate / (1 - power) * (mean / (largest + epsilon))),
        )

    def _finish(self, update_ops: list[Any], name_scope: str) -> Any:
        power = self._get_beta_accumulators()
        with tf.control_dependencies(update_ops):
            moved = v1.assign(power, power * self._beta1_t, use_locking=self._use_locking)
        return tf.group(*update_ops, moved, name=name_scope)


class AdamGSOptimizer(tf.compat.v1.train.AdamOptimizer):
    """Adam whose powers of beta1 and beta2 come from `global_step`; no variable holds them."""

    def __init__(
        self,
        global_step: Any = 0,
        learning_rate: Any = 0.001,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        epsilon: Any = 1e-8,
        use_locking: bool = False,
        name: str = "Adam",
    ):
        super().__init__(learning_rate, beta1, beta2, epsilon, use_locking, name)
        self._global_step = global_step

    def _prepare(self) -> None:
        super()._prepare()
        self._step = tf.cast(tf.identity(self._global_step) + 1, tf.float32)

    def _get_beta_accumulators(self) -> tuple[tf.Tensor, tf.Tensor]:
        return tf.pow(self._beta1_t, self._step), tf.pow(self._beta2_t, self._step)

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for variable in var_list:
            for slot in ("m", "v"):
                self._zeros_slot(variable, slot, self._name)

    def _finish(self, update_ops: list[Any], name_scope: str) -> Any:
        return tf.group(*update_ops, name=name_scope)


class LazyAdamGSOptimizer(AdamGSOptimizer, LazyAdamOptimizer):
    """LazyAdamOptimizer whose powers of beta1 and beta2 come from `global_step`."""
