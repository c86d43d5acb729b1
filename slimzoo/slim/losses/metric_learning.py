"""Losses that bring embeddings of one class together; none lists itself in a collection."""

from collections.abc import Sequence

import tensorflow as tf

from slimzoo.slim.losses.clustering import (
    cluster_loss,
    compute_augmented_facility_locations,
    compute_augmented_facility_locations_pam,
    compute_clustering_score,
    compute_facility_energy,
    compute_gt_cluster_score,
    get_cluster_assignment,
    update_1d_tensor,
    update_all_medoids,
    update_medoid_per_cluster,
)
from slimzoo.slim.losses.distances import masked_maximum, masked_minimum, pairwise_distance
from slimzoo.slim.types import TensorLike

__all__ = [
    "cluster_loss",
    "compute_augmented_facility_locations",
    "compute_augmented_facility_locations_pam",
    "compute_clustering_score",
    "compute_facility_energy",
    "compute_gt_cluster_score",
    "contrastive_loss",
    "get_cluster_assignment",
    "lifted_struct_loss",
    "masked_maximum",
    "masked_minimum",
    "npairs_loss",
    "npairs_loss_multilabel",
    "pairwise_distance",
    "triplet_semihard_loss",
    "update_1d_tensor",
    "update_all_medoids",
    "update_medoid_per_cluster",
]


def contrastive_loss(
    labels: TensorLike, embeddings_anchor: TensorLike, embeddings_positive: TensorLike, margin: float = 1.0
) -> tf.Tensor:
    """Returns the mean of d^2 for pairs of one class and max(margin - d, 0)^2 for the others (Hadsell 2006).

    Args:
      labels: [N], 1 where anchor and positive are of one class, else 0.
      embeddings_anchor, embeddings_positive: float [N, dimensions], each of length 1; d is their distance.
    """
    squares = tf.math.squared_difference(embeddings_anchor, embeddings_positive)
    distances = tf.sqrt(tf.reduce_sum(squares, 1))
    alike = tf.cast(labels, distances.dtype)
    apart = (1.0 - alike) * tf.square(tf.maximum(margin - distances, 0.0))
    return tf.reduce_mean(alike * tf.square(distances) + apart, name="contrastive_loss")


def triplet_semihard_loss(labels: TensorLike, embeddings: tf.Tensor, margin: float = 1.0) -> tf.Tensor:
    """Returns the triplet loss with semi-hard negatives (Schroff 2015, arXiv:1503.03832).

    The negative of an anchor and a positive is the nearest one that is further away than the positive; if
    there is none, the furthest.

    Args:
      labels: int [N].
      embeddings: float [N, dimensions], each of length 1.

    Raises: ValueError: `labels` is not of rank 1.
    """
    same = _same_class("triplet_semihard_loss", labels)
    squares = pairwise_distance(embeddings, squared=True)
    negative = tf.cast(~same, squares.dtype)
    from_anchor = squares[:, None, :]
    further = ~same[:, None, :] & (from_anchor > squares[:, :, None])  # [anchor, positive, negative]
    nearest = masked_minimum(from_anchor, tf.cast(further, squares.dtype), dim=2)[..., 0]
    chosen = tf.where(tf.reduce_any(further, 2), nearest, masked_maximum(squares, negative))
    positive = _positives(same, squares.dtype)
    losses = tf.maximum((margin + squares - chosen) * positive, 0.0)
    return tf.truediv(tf.reduce_sum(losses), tf.reduce_sum(positive), name="triplet_semihard_loss")


def lifted_struct_loss(labels: TensorLike, embeddings: tf.Tensor, margin: float = 1.0) -> tf.Tensor:
    """Returns the lifted structured loss (Song 2016, arXiv:1511.06452): each pair against all its negatives.

    Args:
      labels: int [N].
      embeddings: float [N, dimensions], not normalised.

    Raises: ValueError: `labels` is not of rank 1.
    """
    same = _same_class("lifted_struct_loss", labels)
    distances = pairwise_distance(embeddings)
    negative = tf.cast(~same, distances.dtype)
    closeness = margin - distances
    highest = masked_maximum(closeness, negative)
    highest = tf.maximum(highest, tf.transpose(highest))  # [N, N]; keeps the exponentials below 1
    terms = tf.exp(closeness[:, None, :] - highest[:, :, None]) * negative[:, None, :]
    of_anchor = tf.reduce_sum(terms, 2)
    losses = highest + tf.math.log(of_anchor + tf.transpose(of_anchor)) + distances
    positive = _positives(same, distances.dtype)
    total = tf.reduce_sum(tf.square(tf.maximum(losses * positive, 0.0)))
    return tf.truediv(0.25 * total, tf.reduce_sum(positive) / 2.0, name="liftedstruct_loss")


def npairs_loss(
    labels: TensorLike,
    embeddings_anchor: tf.Tensor,
    embeddings_positive: tf.Tensor,
    reg_lambda: float = 0.002,
    print_losses: bool = False,
) -> tf.Tensor:
    """Returns the n-pairs loss (Sohn 2016): cross entropy of the similarities, and an L2 penalty.

    Args:
      labels: int [N]; each pair is of one class.
      embeddings_anchor, embeddings_positive: float [N, dimensions], not normalised.
      print_losses: prints both parts to stderr.

    Raises: ValueError: `labels` is not of rank 1.
    """
    shared = tf.cast(_same_class("npairs_loss", labels), tf.float32)
    return _npairs(shared, embeddings_anchor, embeddings_positive, reg_lambda, print_losses)


def npairs_loss_multilabel(
    sparse_labels: Sequence[tf.SparseTensor],
    embeddings_anchor: tf.Tensor,
    embeddings_positive: tf.Tensor,
    reg_lambda: float = 0.002,
    print_losses: bool = False,
) -> tf.Tensor:
    """Returns the n-pairs loss of pairs of several classes; more classes in common make a closer target.

    Args:
      sparse_labels: N SparseTensors [classes], 1 for each class of the pair.
      embeddings_anchor, embeddings_positive: float [N, dimensions], not normalised.

    Raises: TypeError: an element of `sparse_labels` is no SparseTensor.
    """
    wrong = [type(labels).__name__ for labels in sparse_labels if not isinstance(labels, tf.SparseTensor)]
    if wrong:
        raise TypeError(
            f"sparse_labels must be a list of SparseTensors, but got {', '.join(wrong)} among its "
            f"{len(sparse_labels)} elements; tf.sparse.from_dense makes one of a dense vector"
        )
    with tf.name_scope("NpairsLossMultiLabel"):
        dense = [tf.sparse.to_dense(tf.cast(x, tf.float32), validate_indices=False) for x in sparse_labels]
        labels = tf.stack(dense)  # [N, classes]
        shared = tf.reduce_sum(tf.minimum(labels[:, None], labels[None]), 2)
        return _npairs(shared, embeddings_anchor, embeddings_positive, reg_lambda, print_losses)


def _npairs(
    shared: tf.Tensor, anchors: tf.Tensor, positives: tf.Tensor, reg_lambda: float, print_losses: bool
) -> tf.Tensor:
    """Returns the loss of pairs that have `shared` [N, N] classes in common."""
    lengths = [tf.reduce_mean(tf.reduce_sum(tf.square(x), 1)) for x in (anchors, positives)]
    penalty = tf.multiply(0.25 * reg_lambda, sum(lengths), name="l2loss")
    similarities = tf.matmul(anchors, positives, transpose_b=True)
    targets = shared / tf.reduce_sum(shared, 1, keepdims=True)
    entropies = tf.nn.softmax_cross_entropy_with_logits(tf.stop_gradient(targets), similarities)
    entropy = tf.reduce_mean(entropies, name="xentropy")
    if print_losses:
        entropy = tf.compat.v1.Print(entropy, ["cross entropy:", entropy, "l2loss:", penalty])
    return penalty + entropy


def _same_class(op_name: str, labels: TensorLike) -> tf.Tensor:
    """Returns bool [N, N], whether two samples are of one class; ValueError unless `labels` is [N]."""
    labels = tf.convert_to_tensor(labels)
    if labels.shape.rank != 1:
        raise ValueError(
            f"{op_name} needs one label for each embedding, so labels of rank 1, not of shape "
            f"{labels.shape}; tf.reshape(labels, [-1]) or set_shape([None]) makes them so"
        )
    return tf.equal(labels[:, None], labels[None, :])


def _positives(same: tf.Tensor, dtype: tf.DType) -> tf.Tensor:
    """Returns 1 where two different samples are of one class, else 0."""
    return tf.cast(same, dtype) - tf.eye(tf.shape(same)[0], dtype=dtype)
