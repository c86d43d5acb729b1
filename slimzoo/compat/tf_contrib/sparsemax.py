"""tf.contrib.sparsemax: a softmax with zeros. Martins & Astudillo 2016, arXiv:1602.02068."""

import math
from typing import Any

import tensorflow as tf

v1 = tf.compat.v1


def sparsemax(logits: Any, name: str | None = None) -> tf.Tensor:
    """Returns [N, classes], the point of the simplex that is nearest to each row of `logits`."""
    with v1.name_scope(name, "sparsemax", [logits]):
        logits = tf.convert_to_tensor(logits, name="logits")
        classes = tf.shape(logits)[1]
        largest = tf.math.top_k(logits, classes).values
        sums = tf.cumsum(largest, axis=1)
        ranks = tf.cast(tf.range(1, classes + 1), logits.dtype)
        support = tf.reduce_sum(tf.cast(1 + ranks * largest > sums, tf.int32), axis=1)
        total = tf.gather(sums, tf.maximum(support, 1) - 1, batch_dims=1)
        threshold = (total - 1) / tf.cast(support, logits.dtype)
        outputs = tf.maximum(tf.zeros([], logits.dtype), logits - threshold[:, tf.newaxis])
        is_undefined = tf.logical_or(tf.equal(support, 0), tf.math.is_nan(sums[:, -1]))
        nothing = tf.fill(tf.shape(logits), tf.constant(math.nan, logits.dtype))
        return tf.where(is_undefined[:, tf.newaxis], nothing, outputs)


def sparsemax_loss(logits: Any, sparsemax: Any, labels: Any, name: str | None = None) -> tf.Tensor:
    """Returns [N], the loss that belongs to `sparsemax`, the sparsemax of `logits`."""
    with v1.name_scope(name, "sparsemax_loss", [logits, sparsemax, labels]):
        logits, sparsemax, labels = (tf.convert_to_tensor(given) for given in (logits, sparsemax, labels))
        counts = tf.logical_or(sparsemax > 0, tf.math.is_nan(sparsemax))
        ours = tf.where(counts, sparsemax * (logits - 0.5 * sparsemax), tf.zeros_like(sparsemax))
        theirs = labels * (0.5 * labels - logits)
        is_safe = tf.logical_and(tf.equal(labels, 0), tf.math.is_inf(logits))
        return tf.reduce_sum(ours + tf.where(is_safe, tf.zeros_like(logits), theirs), axis=1)
