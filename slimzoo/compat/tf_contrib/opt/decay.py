"""Weight decay apart from the loss. Loshchilov & Hutter 2017, arXiv:1711.05101."""

import logging
from collections.abc import Callable, Iterable
from typing import Any

import tensorflow as tf

v1 = tf.compat.v1
log = logging.getLogger("slimzoo")


class DecoupledWeightDecayExtension:
    """A mixin before an optimizer: each step first takes `weight_decay` times a variable off the variable.

    Args:
      weight_decay: a number, a tensor, or a function that returns one; it is not multiplied by the rate.
    """

    def __init__(self, weight_decay: Any, **kwargs: Any):
        self._weight_decay = weight_decay
        self._decaying: set[int] | None = None
        super().__init__(**kwargs)

    def minimize(
        self, loss: Any, *args: Any, decay_var_list: Iterable[Any] | None = None, **kwargs: Any
    ) -> Any:
        """tf.train.Optimizer.minimize: all variables decay, as in 1.15; `decay_var_list` is lost."""
        if decay_var_list is not None:
            log.warning("minimize decays all variables; apply_gradients keeps to decay_var_list")
        return super().minimize(loss, *args, **kwargs)  # type: ignore[misc]

    def apply_gradients(
        self,
        grads_and_vars: Any,
        global_step: Any = None,
        name: str | None = None,
        decay_var_list: Iterable[Any] | None = None,
    ) -> Any:
        """tf.train.Optimizer.apply_gradients; `decay_var_list`: which variables decay, None: all."""
        self._decaying = {id(variable) for variable in decay_var_list or ()} or None
        return super().apply_gradients(grads_and_vars, global_step=global_step, name=name)  # type: ignore[misc]

    def _decayed(self, var: Any, indices: tf.Tensor | None = None) -> list[Any]:
        """Returns what a step waits for: the op that decays a variable, or rows of it."""
        if self._decaying is not None and id(var) not in self._decaying:
            return []
        rate = self._weight_decay() if callable(self._weight_decay) else self._weight_decay
        rate = tf.cast(rate, var.dtype.base_dtype)
        if indices is not None:
            return [v1.scatter_sub(var, indices, rate * tf.gather(var, indices))]
        return [v1.assign_sub(var, rate * var)]

    def _apply_dense(self, grad: tf.Tensor, var: Any) -> Any:
        with tf.control_dependencies(self._decayed(var)):
            return super()._apply_dense(grad, var)  # type: ignore[misc]

    def _resource_apply_dense(self, grad: tf.Tensor, var: Any) -> Any:
        with tf.control_dependencies(self._decayed(var)):
            return super()._resource_apply_dense(grad, var)  # type: ignore[misc]

    def _apply_sparse(self, grad: tf.IndexedSlices, var: Any) -> Any:
        with tf.control_dependencies(self._decayed(var, grad.indices)):
            return super()._apply_sparse(grad, var)  # type: ignore[misc]

    def _resource_apply_sparse(self, grad: tf.Tensor, var: Any, indices: tf.Tensor) -> Any:
        with tf.control_dependencies(self._decayed(var, indices)):
            return super()._resource_apply_sparse(grad, var, indices)  # type: ignore[misc]


def extend_with_decoupled_weight_decay(base_optimizer: type) -> Callable[..., Any]:
    """Returns a class: `base_optimizer` with weight decay, which is its first argument."""

    class OptimizerWithDecoupledWeightDecay(DecoupledWeightDecayExtension, base_optimizer):  # type: ignore
        """An optimizer with weight decay; the arguments after `weight_decay` are by name."""

    return OptimizerWithDecoupledWeightDecay


class MomentumWOptimizer(DecoupledWeightDecayExtension, tf.compat.v1.train.MomentumOptimizer):
    """tf.train.MomentumOptimizer with weight decay."""

    def __init__(
        self,
        weight_decay: Any,
        learning_rate: Any,
        momentum: Any,
        use_locking: bool = False,
        name: str = "MomentumW",
        use_nesterov: bool = False,
    ):
        super().__init__(
            weight_decay,
            learning_rate=learning_rate,
            momentum=momentum,
            use_locking=use_locking,
            name=name,
            use_nesterov=use_nesterov,
        )


class AdamWOptimizer(DecoupledWeightDecayExtension, tf.compat.v1.train.AdamOptimizer):
    """tf.train.AdamOptimizer with weight decay."""

    def __init__(
        self,
        weight_decay: Any,
        learning_rate: Any = 0.001,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        epsilon: Any = 1e-8,
        use_locking: bool = False,
        name: str = "AdamW",
    ):
        super().__init__(
            weight_decay,
            learning_rate=learning_rate,
            beta1=beta1,
            beta2=beta2,
            epsilon=epsilon,
            use_locking=use_locking,
            name=name,
        )
