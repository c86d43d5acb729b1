"""Of tf.contrib.data, staging and seq2seq: what is a few lines of today's TensorFlow."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf

Transformation = Callable[[tf.data.Dataset], tf.data.Dataset]


def batch_and_drop_remainder(batch_size: Any) -> Transformation:
    """Returns what dataset.apply takes to batch, without a smaller last batch."""
    return lambda dataset: dataset.batch(batch_size, drop_remainder=True)


def padded_batch_and_drop_remainder(
    batch_size: Any, padded_shapes: Any, padding_values: Any = None
) -> Transformation:
    """Returns what dataset.apply takes to pad and batch, without a smaller last batch."""
    return lambda dataset: dataset.padded_batch(
        batch_size, padded_shapes, padding_values, drop_remainder=True
    )


def sequence_loss(
    logits: tf.Tensor,
    targets: tf.Tensor,
    weights: tf.Tensor,
    average_across_timesteps: bool = True,
    average_across_batch: bool = True,
    sum_over_timesteps: bool = False,
    sum_over_batch: bool = False,
    softmax_loss_function: Callable[..., tf.Tensor] | None = None,
    name: str | None = None,
) -> tf.Tensor:
    """Returns the cross entropy of `logits` [N, T, classes] with `targets` [N, T], weighted.

    Args:
      average_across_timesteps, average_across_batch: whether the loss is divided by its weights there.
      sum_over_timesteps, sum_over_batch: whether it is divided by the number of weights, in place of that.
      softmax_loss_function: (labels, logits) -> losses; None: the sparse softmax cross entropy.
    """
    averaged = (average_across_batch, average_across_timesteps)
    summed = (sum_over_batch, sum_over_timesteps)
    if any(averaged) and any(summed):
        raise ValueError(
            "a loss is averaged or summed; one of average_across_* and sum_over_* has to be False"
        )
    with tf.compat.v1.name_scope(name, "sequence_loss", [logits, targets, weights]):
        loss = softmax_loss_function or tf.nn.sparse_softmax_cross_entropy_with_logits
        losses = loss(labels=tf.reshape(targets, [-1]), logits=tf.reshape(logits, [-1, logits.shape[2]]))
        losses = tf.reshape(losses * tf.reshape(weights, [-1]), tf.shape(logits)[:2])
        return _reduced(losses, weights, averaged, summed)


def _reduced(
    losses: tf.Tensor, weights: tf.Tensor, averaged: Sequence[bool], summed: Sequence[bool]
) -> tf.Tensor:
    if any(averaged):
        axes = [axis for axis in (0, 1) if averaged[axis]]
        return tf.reduce_sum(losses, axes) / (tf.reduce_sum(weights, axes) + 1e-12)
    if not any(summed):
        return losses
    axes = [axis for axis in (0, 1) if summed[axis]]
    counted = tf.math.count_nonzero(weights, axes, dtype=losses.dtype)
    return tf.math.divide_no_nan(tf.reduce_sum(losses, axes), counted)


class StagingArea:
    """Values put in by one run of a graph and taken out, in order, by another."""

    def __init__(
        self,
        dtypes: Sequence[tf.DType],
        shapes: Sequence[Any] | None = None,
        names: Sequence[str] | None = None,
        shared_name: str | None = None,
        capacity: int = 0,
        memory_limit: int = 0,
    ):
        self.dtypes, self.names = list(dtypes), list(names) if names else None
        self.shapes = [tf.TensorShape(s) for s in shapes or [None] * len(self.dtypes)]
        self.name = tf.compat.v1.get_default_graph().unique_name(shared_name or "StagingArea")
        self._settings = {
            "dtypes": self.dtypes,
            "capacity": capacity,
            "memory_limit": memory_limit,
            "shared_name": shared_name or self.name,
        }

    def put(self, values: Any, name: str | None = None) -> tf.Operation:
        """Returns the op that puts in a list of values, or a dict where there are names."""
        if isinstance(values, Mapping):
            values = [values[key] for key in self.names or ()]
        elif not isinstance(values, (list, tuple)):
            values = [values]
        if len(values) != len(self.dtypes):
            raise ValueError(f"put takes {len(self.dtypes)} values, got {len(values)}")
        tensors = [tf.convert_to_tensor(v, dtype) for v, dtype in zip(values, self.dtypes, strict=True)]
        settings = {key: value for key, value in self._settings.items() if key != "dtypes"}
        return tf.raw_ops.Stage(values=tensors, name=name, **settings)

    def get(self, name: str | None = None) -> Any:
        """Returns what was put in first: a list of tensors, or a dict where there are names."""
        values = tf.raw_ops.Unstage(name=name, **self._settings)
        for value, shape in zip(values, self.shapes, strict=True):
            value.set_shape(shape)
        return dict(zip(self.names, values, strict=True)) if self.names else values

    def size(self, name: str | None = None) -> tf.Tensor:
        """Returns how many are in it."""
        return tf.raw_ops.StageSize(name=name, **self._settings)

    def clear(self, name: str | None = None) -> tf.Operation:
        """Returns the op that empties it."""
        return tf.raw_ops.StageClear(name=name, **self._settings)
