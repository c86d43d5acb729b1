"""Distances between the rows of a matrix, and extremes over some of its elements."""

import tensorflow as tf


def pairwise_distance(feature: tf.Tensor, squared: bool = False) -> tf.Tensor:
    """Returns the Euclidean distances [N, N] between the rows of `feature`, exactly 0 on the diagonal.

    Args:
      feature: float [N, dimensions].
    """
    norms = tf.reduce_sum(tf.square(feature), axis=1, keepdims=True)
    squares = tf.maximum(
        norms + tf.transpose(norms) - 2.0 * tf.matmul(feature, feature, transpose_b=True), 0.0
    )
    apart = tf.cast(squares > 0.0, squares.dtype)
    distances = squares if squared else tf.sqrt(squares + (1.0 - apart) * 1e-16)  # no infinite gradient at 0
    return distances * apart * (1.0 - tf.eye(tf.shape(feature)[0], dtype=distances.dtype))


def masked_maximum(data: tf.Tensor, mask: tf.Tensor, dim: int = 1) -> tf.Tensor:
    """Returns the maxima of `data` along `dim` where `mask` (float) is 1; of an empty row its minimum."""
    lowest = tf.reduce_min(data, dim, keepdims=True)
    return tf.reduce_max((data - lowest) * mask, dim, keepdims=True) + lowest


def masked_minimum(data: tf.Tensor, mask: tf.Tensor, dim: int = 1) -> tf.Tensor:
    """Returns the minima of `data` along `dim` where `mask` (float) is 1; of an empty row its maximum."""
    highest = tf.reduce_max(data, dim, keepdims=True)
    return tf.reduce_min((data - highest) * mask, dim, keepdims=True) + highest
