"""tf.contrib.mixed_precision: a scaled loss, so that gradients of float16 do not vanish. arXiv:1710.03740."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

v1 = tf.compat.v1


class LossScaleManager:
    """How large the scale is; a subclass defines both methods."""

    def get_loss_scale(self) -> Any:
        """Returns the scale, a float32 scalar."""
        raise NotImplementedError(f"{type(self).__name__} has to define get_loss_scale()")

    def update_loss_scale(self, finite_grads: tf.Tensor) -> Any:
        """Returns the op that changes the scale after a step; `finite_grads`: whether it was one."""
        raise NotImplementedError(f"{type(self).__name__} has to define update_loss_scale(finite_grads)")


class FixedLossScaleManager(LossScaleManager):
    """A scale that stays. Raises: ValueError: it is below 1."""

    def __init__(self, loss_scale: float):
        if loss_scale < 1:
            raise ValueError(f"loss scale must be at least 1, not {loss_scale}")
        self._loss_scale = tf.convert_to_tensor(loss_scale, tf.float32)

    def get_loss_scale(self) -> tf.Tensor:
        """Returns the scale."""
        return self._loss_scale

    def update_loss_scale(self, finite_grads: tf.Tensor) -> tf.Operation:
        """Does nothing."""
        del finite_grads
        return tf.no_op()


class ExponentialUpdateLossScaleManager(LossScaleManager):
    """A scale that grows while gradients are finite, and shrinks when they are not.

    Args:
      incr_every_n_steps, incr_ratio: after so many good steps in a row it is multiplied by that.
      decr_every_n_nan_or_inf, decr_ratio: after so many bad ones it is multiplied by that, to 1 at least.
    """

    def __init__(
        self,
        init_loss_scale: float,
        incr_every_n_steps: int,
        decr_every_n_nan_or_inf: int = 2,
        incr_ratio: float = 2,
        decr_ratio: float = 0.8,
    ):
        self._every = incr_every_n_steps, decr_every_n_nan_or_inf
        self._ratios = incr_ratio, decr_ratio
        self._scale = _variable("loss_scale", tf.constant(init_loss_scale, tf.float32))
        self._good, self._bad = _variable("good_steps", 0), _variable("bad_steps", 0)

    def get_loss_scale(self) -> Any:
        """Returns the variable."""
        return self._scale

    def update_loss_scale(self, finite_grads: tf.Tensor) -> Any:
        """Returns the op that counts a step and changes the scale when it is time."""
        grown = self._scale * self._ratios[0]
        larger = tf.where(tf.math.is_finite(grown), grown, self._scale)
        smaller = tf.maximum(1.0, self._scale * self._ratios[1])
        is_good, is_bad = self._good + 1 >= self._every[0], self._bad + 1 >= self._every[1]

        def count_bad() -> tf.Operation:
            return tf.group(v1.assign_add(self._bad, 1), v1.assign(self._good, 0))

        return v1.cond(
            finite_grads,
            lambda: v1.cond(is_good, self._changer(larger), lambda: tf.group(v1.assign_add(self._good, 1))),
            lambda: v1.cond(is_bad, self._changer(smaller), count_bad),
        )

    def _changer(self, scale: tf.Tensor) -> Callable[[], tf.Operation]:
        counts = (self._good, self._bad)
        return lambda: tf.group(v1.assign(self._scale, scale), *(v1.assign(count, 0) for count in counts))


def _variable(name: str, value: Any) -> Any:
    return v1.get_variable(name, initializer=value, trainable=False)


class LossScaleOptimizer(tf.compat.v1.train.Optimizer):
    """Another optimizer, on a scaled loss: gradients are scaled back, steps not finite left out."""

    def __init__(self, opt: Any, loss_scale_manager: LossScaleManager):
        super().__init__(False, "LossScaleOptimizer")
        self._opt, self._manager = opt, loss_scale_manager

    def compute_gradients(self, loss: Any, *args: Any, **kwargs: Any) -> list[tuple[Any, Any]]:
        """tf.train.Optimizer.compute_gradients; `loss` may be a function."""
        scale = self._manager.get_loss_scale()
        value = loss() if callable(loss) else loss
        scaled = value * tf.cast(scale, value.dtype.base_dtype)
        inverse = tf.math.reciprocal(tf.convert_to_tensor(scale))
        pairs = self._opt.compute_gradients(scaled, *args, **kwargs)
        return [(None if grad is None else grad * tf.cast(inverse, grad.dtype), var) for grad, var in pairs]

    def apply_gradients(self, grads_and_vars: Any, global_step: Any = None, name: str | None = None) -> Any:
        """tf.train.Optimizer.apply_gradients, unless a gradient is not finite; then the scale changes."""
        pairs = list(grads_and_vars)
        values = [tf.convert_to_tensor(grad) for grad, _ in pairs if grad is not None]
        is_finite = tf.reduce_all([tf.reduce_all(tf.math.is_finite(value)) for value in values])

        def step() -> tf.Operation:
            return tf.group(self._opt.apply_gradients(pairs, global_step, name))

        return tf.group(v1.cond(is_finite, step, tf.no_op), self._manager.update_loss_scale(is_finite))
