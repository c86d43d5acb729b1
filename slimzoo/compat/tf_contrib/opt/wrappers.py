"""Optimizers of tf.contrib.opt around another one: averages, clipping, stale gradients, several tasks."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from slimzoo.slim.variables import get_variable_full_name

v1 = tf.compat.v1
log = logging.getLogger("slimzoo")


class _Around(tf.compat.v1.train.Optimizer):
    """An optimizer that computes gradients and keeps slots as the one inside does."""

    def __init__(self, opt: Any, use_locking: bool, name: str):
        super().__init__(use_locking, name)
        self._opt = opt

    def compute_gradients(self, *args: Any, **kwargs: Any) -> list[tuple[Any, Any]]:
        """The inner optimizer's."""
        return self._opt.compute_gradients(*args, **kwargs)

    def get_slot(self, *args: Any, **kwargs: Any) -> Any:
        """The inner optimizer's."""
        return self._opt.get_slot(*args, **kwargs)

    def get_slot_names(self, *args: Any, **kwargs: Any) -> list[str]:
        """The inner optimizer's."""
        return self._opt.get_slot_names(*args, **kwargs)

    def variables(self) -> list[Any]:
        """The inner optimizer's."""
        return self._opt.variables()


class MovingAverageOptimizer(_Around):
    """Keeps an average of each variable while another optimizer trains them.

    Args:
      average_decay, num_updates: of tf.train.ExponentialMovingAverage.
      sequential_update: whether the averages wait for the step.
    """

    def __init__(
        self, opt: Any, average_decay: float = 0.9999, num_updates: Any = None, sequential_update: bool = True
    ):
        super().__init__(opt, False, "MovingAverageOptimizer")
        self._ema = v1.train.ExponentialMovingAverage(average_decay, num_updates=num_updates)
        self._waits = sequential_update
        self._swapped: dict[str, str] | None = None

    def apply_gradients(self, grads_and_vars: Any, global_step: Any = None, name: str | None = None) -> Any:
        """tf.train.Optimizer.apply_gradients, and the averages."""
        grads_and_vars = list(grads_and_vars)
        stepped = self._opt.apply_gradients(grads_and_vars, global_step=global_step, name=name)
        trained = [variable for gradient, variable in grads_and_vars if gradient is not None]
        with tf.control_dependencies([stepped] if self._waits else []):
            averaged = self._ema.apply(trained)
        self._swapped = {}
        for variable in trained:
            ours, other = variable.op.name, self._ema.average(variable).op.name
            self._swapped |= {ours: other, other: ours}
        return tf.group(stepped, averaged, name="train_with_avg")

    def swapping_saver(self, var_list: Any = None, name: str = "swapping_saver", **kwargs: Any) -> Any:
        """Returns a tf.train.Saver that saves averages under the names of their variables, and the reverse.

        Raises: RuntimeError: nothing was applied yet. ValueError: an average is not among `var_list`.
        """
        if self._swapped is None:
            raise RuntimeError("Must call apply_gradients or minimize before creating the swapping_saver")
        if not isinstance(var_list, Mapping):
            var_list = _by_name(v1.global_variables() if var_list is None else var_list)
        parts = {part.op.name: part for whole in var_list.values() for part in _as_list(whole)}
        swapped = {}
        for key, whole in var_list.items():
            new = [self._other(part, parts) for part in _as_list(whole)]
            swapped[key] = new if isinstance(whole, list) else new[0]
        return v1.train.Saver(swapped, name=name, **kwargs)

    def _other(self, variable: Any, known: Mapping[str, Any]) -> Any:
        other = (self._swapped or {}).get(variable.op.name)
        if other is None:
            return variable
        if other not in known:
            raise ValueError(f"Variable to swap {other} is not part of variables to save; add it to var_list")
        return known[other]


def _by_name(variables: Iterable[Any]) -> dict[str, Any]:
    """Returns variables by their names in a checkpoint; the parts of one are a list."""
    named: dict[str, Any] = {}
    for variable in variables:
        name = get_variable_full_name(variable)
        if name == variable.op.name:
            named[name] = variable
        else:
            named.setdefault(name, []).append(variable)
    return named


def _as_list(whole: Any) -> list[Any]:
    return list(whole) if isinstance(whole, (list, tuple)) else [whole]


class VariableClippingOptimizer(_Around):
    """After each step the norms of variables are at most `max_norm`.

    Args:
      vars_to_clip_dims: {variable: the axes that its norm goes over}; [1] for a norm of each row.
      colocate_clip_ops_with_vars: taken and not looked at.
    """

    def __init__(
        self,
        opt: Any,
        vars_to_clip_dims: Mapping[Any, Sequence[int]],
        max_norm: Any,
        use_locking: bool = False,
        colocate_clip_ops_with_vars: bool = False,
        name: str = "VariableClipping",
    ):
        super().__init__(opt, use_locking, name)
        del colocate_clip_ops_with_vars
        self._axes = {_key(variable): list(axes) for variable, axes in vars_to_clip_dims.items()}
        self._max_norm = max_norm

    def apply_gradients(self, grads_and_vars: Any, global_step: Any = None, name: str | None = None) -> Any:
        """tf.train.Optimizer.apply_gradients, and the clipping."""
        grads_and_vars = list(grads_and_vars)
        with v1.name_scope(name, self._name) as scope:
            stepped = self._opt.apply_gradients(grads_and_vars, global_step=global_step)
            clipped = []
            with tf.control_dependencies([stepped]):
                for gradient, variable in grads_and_vars:
                    if gradient is not None and _key(variable) in self._axes:
                        with v1.name_scope(f"clip_{variable.op.name}"):
                            clipped.append(self._clip(gradient, variable))
            return tf.group(stepped, *clipped, name=scope)

    def _clip(self, gradient: Any, variable: Any) -> Any:
        axes = self._axes[_key(variable)]
        if isinstance(gradient, tf.IndexedSlices) and 0 not in axes:
            rows = tf.gather(variable, gradient.indices)
            excess = rows - tf.clip_by_norm(rows, self._max_norm, axes)
            return v1.scatter_sub(variable, gradient.indices, excess)
        if isinstance(gradient, tf.IndexedSlices):
            log.warning("clipping %s over axis 0 goes over all of it, not only its rows", variable.op.name)
        value = variable.read_value()
        return v1.assign_sub(variable, value - tf.clip_by_norm(value, self._max_norm, axes))


def _key(variable: Any) -> str:
    """Returns what a variable is known by: resources cannot be keys of a dict outside of a graph."""
    given = variable.deref() if hasattr(variable, "deref") else variable
    return given.op.name


class DropStaleGradientOptimizer(_Around):
    """Leaves out steps whose gradients are older than `staleness` steps; "stale_counter" counts them."""

    def __init__(self, opt: Any, staleness: int, use_locking: bool = False, name: str = "DropStaleGradient"):
        super().__init__(opt, use_locking, name)
        self._staleness = staleness
        self._local_step: Any = None

    def compute_gradients(self, loss: tf.Tensor, *args: Any, **kwargs: Any) -> list[tuple[Any, Any]]:
        """The inner optimizer's, with the global step of now."""
        self._local_step = v1.train.get_global_step() + 0
        with tf.control_dependencies([self._local_step]):
            return self._opt.compute_gradients(tf.identity(loss), *args, **kwargs)

    def apply_gradients(self, grads_and_vars: Any, global_step: Any = None, name: str | None = None) -> Any:
        """tf.train.Optimizer.apply_gradients; returns how many steps were left out so far."""
        grads_and_vars = list(grads_and_vars)
        if global_step is None or self._local_step is None:
            raise ValueError(
                "DropStaleGradientOptimizer: apply_gradients needs global_step, and compute_gradients before"
            )
        left_out = v1.get_variable("stale_counter", [], initializer=v1.zeros_initializer(), trainable=False)

        def step() -> tf.Tensor:
            done = self._opt.apply_gradients(grads_and_vars, global_step=global_step, name=name)
            with tf.control_dependencies([done]):
                return tf.identity(0.0)

        computed = [tf.convert_to_tensor(gradient) for gradient, _ in grads_and_vars if gradient is not None]
        with tf.control_dependencies(computed):
            age = tf.reshape(global_step - self._local_step, [])
        is_young = tf.less_equal(age, tf.cast(self._staleness, age.dtype))
        counted = v1.assign_add(left_out, v1.cond(is_young, step, lambda: tf.identity(1.0)))
        share = left_out / tf.cast(global_step + 1, tf.float32)
        v1.summary.scalar("Gradient staleness percentage", share)
        return counted


_STEPS = ("_apply_dense", "_resource_apply_dense", "_apply_sparse", "_resource_apply_sparse")


class MultitaskOptimizerWrapper:
    """An optimizer that leaves a variable, its slots too, where its gradient is all zeros.

    Args:
      opt: a tf.train.Optimizer; it is changed, and its methods are the wrapper's.
    """

    def __init__(self, opt: Any):
        if not isinstance(opt, v1.train.Optimizer):
            raise TypeError(f"Supplied optimizer must be an instance of tf.train.Optimizer, not {opt!r}")
        self._opt = opt
        for name in _STEPS:
            setattr(opt, name, _unless_zero(getattr(opt, name)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._opt, name)


def _unless_zero(step: Callable[..., Any]) -> Callable[..., Any]:
    def wrapped(grad: Any, *args: Any, **kwargs: Any) -> Any:
        def taken() -> Any:
            with tf.control_dependencies([step(grad, *args, **kwargs)]):
                return tf.no_op()

        return v1.cond(_is_all_zeros(grad), tf.no_op, taken)

    return wrapped


def _is_all_zeros(gradient: Any) -> tf.Tensor:
    values = gradient.values if isinstance(gradient, tf.IndexedSlices) else gradient
    return tf.equal(tf.math.count_nonzero(values), 0)


def clip_gradients_by_global_norm(
    gradients_variables: Iterable[tuple[Any, Any]], clip_norm: Any = 20.0
) -> tuple[list[tuple[Any, Any]], tf.Tensor]:
    """Returns the gradients and variables, clipped by the norm of all gradients, and that norm."""
    gradients, variables = zip(*gradients_variables, strict=True)
    norm = tf.linalg.global_norm(gradients)
    clipped, _ = tf.clip_by_global_norm(gradients, clip_norm, use_norm=norm)
    return list(zip(clipped, variables, strict=True)), norm
