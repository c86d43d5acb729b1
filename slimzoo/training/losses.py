"""The training loss, through slim.losses, so that replicas together give the number that one device gives."""

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from slimzoo import slim
from slimzoo.model.model import Model

Batch = Mapping[str, Any]  # image and what is true of it: tensors, or values of every replica
BatchLoss = Callable[[Model, tf.Tensor, Batch], tuple[tf.Tensor, tf.Tensor]]  # logits -> loss, its terms


def of_classes(label_smoothing: float = 0.0) -> BatchLoss:
    """Returns the loss of a batch with labels and weights; the arguments are classification_loss()'s."""

    def loss(model: Model, logits: tf.Tensor, batch: Batch) -> tuple[tf.Tensor, tf.Tensor]:
        targets = (batch["labels"], batch["weights"], model.multi_label, label_smoothing)
        return classification_loss(logits, *targets)

    return loss


def classification_loss(
    logits: tf.Tensor,
    labels: tf.Tensor,
    weights: tf.Tensor,
    multi_label: bool,
    label_smoothing: float = 0.0,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns (loss of these images, number of terms it is the mean of).

    Args:
      logits: float32 [N, K].
      labels: float32 [N, K]; 1 where the class shows.
      weights: float32 [N, K]; 0 where a term does not count.
      multi_label: a sigmoid for each class; else one softmax, and an image counts by its first weight.
      label_smoothing: part of each label that goes to all classes alike.
    """
    if multi_label:
        loss = slim.losses.sigmoid_cross_entropy(
            logits, labels, weights=weights, label_smoothing=label_smoothing
        )
        return loss, tf.reduce_sum(tf.cast(weights > 0, tf.float32))
    counts = weights[:, 0]
    loss = slim.losses.softmax_cross_entropy(logits, labels, weights=counts, label_smoothing=label_smoothing)
    return loss, tf.reduce_sum(tf.cast(counts > 0, tf.float32))


def share_of_replica(loss: tf.Tensor, terms: tf.Tensor) -> tf.Tensor:
    """Returns this replica's part of the mean over all replicas' terms: the parts add up to it."""
    replica = tf.distribute.get_replica_context()
    total = replica.all_reduce(tf.distribute.ReduceOp.SUM, terms) if replica else terms
    return tf.math.divide_no_nan(loss * terms, total)
