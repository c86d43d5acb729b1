"""What layers compute over the images of all replicas of tf.distribute."""

import tensorflow as tf


def moments_of_all(values: tf.Tensor, axis: int) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Returns (mean, variance, unbiased variance) of `values` over all replicas and dimensions but `axis`.

    The variance is that of what is left without the mean: the mean of squares loses digits.
    """
    replica, add = tf.distribute.get_replica_context(), tf.distribute.ReduceOp.SUM
    axes = [other for other in range(values.shape.rank) if other != axis]
    along = [-1 if other == axis else 1 for other in range(values.shape.rank)]
    here = tf.cast(tf.size(values) / values.shape[axis], values.dtype)
    count = replica.all_reduce(add, here)
    mean = replica.all_reduce(add, tf.reduce_sum(values, axes)) / count
    off = tf.square(values - tf.reshape(mean, along))
    variance = replica.all_reduce(add, tf.reduce_sum(off, axes)) / count
    return mean, variance, variance * count / tf.maximum(count - 1.0, 1.0)
