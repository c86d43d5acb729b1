"""How an optimizer moves a variable of either kind, all of it or rows."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

v1 = tf.compat.v1


class OneRule:
    """A mixin before tf.train.Optimizer or one of its kind.

    `_move(grad, var)` moves all of a variable, `_move_rows(values, var, indices)` the rows of it that a
    gradient has; no row stands in `indices` twice.
    """

    def _move(self, grad: tf.Tensor, var: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} takes no dense gradients")

    def _move_rows(self, values: tf.Tensor, var: Any, indices: tf.Tensor) -> Any:
        raise NotImplementedError(f"{type(self).__name__} takes no gradients by rows (tf.IndexedSlices)")

    def _apply_dense(self, grad: tf.Tensor, var: Any) -> Any:
        return self._move(grad, var)

    def _resource_apply_dense(self, grad: tf.Tensor, handle: Any) -> Any:
        return self._move(grad, handle)

    def _apply_sparse(self, grad: tf.IndexedSlices, var: Any) -> Any:
        return self._move_rows(grad.values, var, grad.indices)

    def _resource_apply_sparse(self, grad: tf.Tensor, handle: Any, indices: tf.Tensor) -> Any:
        return self._move_rows(grad, handle, indices)


def fused(op: str, var: Any, slots: Mapping[str, Any], settings: Mapping[str, Any], **flags: Any) -> Any:
    """Runs TensorFlow's own update op on a variable of either kind.

    Args:
      op: its name in tf.raw_ops, for TensorFlow 1's variables.
      slots: variables by the names of the op's arguments.
      settings: numbers by such names; they become of the variable's type.
      flags: all other arguments.
    """
    dtype = var.dtype.base_dtype
    cast = {name: tf.cast(value, dtype) for name, value in settings.items()}
    if is_resource(var):
        handles = {name: slot.handle for name, slot in slots.items()}
        return getattr(tf.raw_ops, f"Resource{op}")(var=var.handle, **handles, **cast, **flags)
    return getattr(tf.raw_ops, op)(var=var, **slots, **cast, **flags)


def is_resource(var: Any) -> bool:
    """Says whether a variable is a resource, which TensorFlow 1's variables are not."""
    return hasattr(var, "handle")


def decay_then_add(slot: Any, decay: tf.Tensor, values: tf.Tensor, indices: tf.Tensor) -> tf.Tensor:
    """Multiplies all of a slot by `decay` and adds `values` to its rows `indices`; returns these rows."""
    with tf.control_dependencies([v1.assign(slot, slot * decay)]):
        added = v1.scatter_add(slot, indices, values)
    with tf.control_dependencies([added]):
        return tf.gather(slot.read_value(), indices)


def spread(values: tf.Tensor, indices: tf.Tensor, var: Any) -> tf.Tensor:
    """Returns a tensor of the variable's shape: `values` in the rows `indices`, zeros elsewhere."""
    indices = tf.cast(indices, tf.int64)[:, tf.newaxis]
    return tf.scatter_nd(indices, values, tf.shape(var, out_type=tf.int64))
