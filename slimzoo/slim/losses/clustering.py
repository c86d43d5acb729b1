"""The clustering loss (Song 2017, arXiv:1612.01213): medoids chosen in NumPy, energies in TensorFlow."""

import importlib
from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf

from slimzoo.slim.losses.distances import pairwise_distance
from slimzoo.slim.types import TensorLike

Score: TypeAlias = Callable[[np.ndarray, np.ndarray], np.float32]
SCORES = {  # margin_type: what compares two clusterings; 1: they are the same but for the numbers of clusters
    "nmi": "normalized_mutual_info_score",
    "ami": "adjusted_mutual_info_score",
    "ari": "adjusted_rand_score",
    "vmeasure": "v_measure_score",
    "const": None,  # whether they are equal, numbers of clusters too
}


def cluster_loss(
    labels: TensorLike,
    embeddings: tf.Tensor,
    margin_multiplier: float,
    enable_pam_finetuning: bool = True,
    margin_type: str = "nmi",
    print_losses: bool = False,
) -> tf.Tensor:
    """Returns how much better the best wrong clustering of the embeddings is than that by their labels.

    Args:
      labels: int [N] or [N, 1].
      embeddings: float [N, dimensions], each of length 1.
      margin_multiplier: of 1 - score, the margin that a wrong clustering is given.
      enable_pam_finetuning: moves the medoids on, five rounds (section 3.4 of the paper).
      margin_type: the score of scikit-learn that compares clusterings: "nmi", "ami", "ari" or "vmeasure";
        "const" needs none of it.
      print_losses: prints the loss to stderr.

    Raises: ImportError: scikit-learn is not installed. ValueError: an unknown margin_type.
    """
    distances = pairwise_distance(embeddings)
    labels = tf.reshape(labels, [-1])
    settings: dict[str, Any] = {"margin_multiplier": margin_multiplier, "margin_type": margin_type}
    chosen = compute_augmented_facility_locations(distances, labels, None, **settings)
    if enable_pam_finetuning:
        chosen = compute_augmented_facility_locations_pam(distances, labels, chosen_ids=chosen, **settings)
    energy = compute_facility_energy(distances, chosen)
    score = compute_clustering_score(labels, get_cluster_assignment(distances, chosen), margin_type)
    energy_of_labels = compute_gt_cluster_score(distances, labels)
    margin = margin_multiplier * (1.0 - score)
    loss = tf.maximum(energy + margin - energy_of_labels, 0.0, name="clustering_loss")
    if print_losses:
        loss = tf.compat.v1.Print(loss, ["clustering_loss: ", loss, tf.shape(loss)])
    if not tf.executing_eagerly():
        parts = {"score_pred": energy, margin_type: score, "score_gt": energy_of_labels}
        for name, value in parts.items():
            tf.compat.v1.summary.scalar(f"losses/{name}", value)
    return loss


def compute_facility_energy(pairwise_distances: tf.Tensor, centroid_ids: tf.Tensor) -> tf.Tensor:
    """Returns minus the sum of the distances from all samples to the nearest of `centroid_ids` [K]."""
    return -tf.reduce_sum(tf.reduce_min(tf.gather(pairwise_distances, centroid_ids), axis=0))


def compute_gt_cluster_score(pairwise_distances: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Returns minus the sum of the distances from all samples to the best medoid of their class."""
    same = tf.cast(tf.equal(labels[:, None], labels[None, :]), pairwise_distances.dtype)
    as_medoid = tf.reduce_sum(pairwise_distances * same, axis=0)
    classes, numbers = tf.unique(labels)
    return -tf.reduce_sum(tf.math.unsorted_segment_min(as_medoid, numbers, tf.size(classes)))


def compute_clustering_score(labels: tf.Tensor, predictions: tf.Tensor, margin_type: str) -> tf.Tensor:
    """Returns how well two clusterings [N] agree, from 0 to 1 (see SCORES); no gradient goes through it."""
    score = tf.numpy_function(
        score_function(margin_type), [labels, predictions], tf.float32, name=margin_type
    )
    return tf.ensure_shape(score, [])


def get_cluster_assignment(pairwise_distances: tf.Tensor, centroid_ids: tf.Tensor) -> tf.Tensor:
    """Returns int64 [N], the place in `centroid_ids` [K] of the nearest one; a centroid belongs to itself."""
    nearest = tf.argmin(tf.gather(pairwise_distances, centroid_ids), axis=0)
    places = tf.range(tf.size(centroid_ids, tf.int64))
    return tf.tensor_scatter_nd_update(nearest, centroid_ids[:, None], places)


def update_1d_tensor(y: tf.Tensor, index: TensorLike, value: TensorLike) -> tf.Tensor:
    """Returns `y` [N] with `value` at `index`."""
    return tf.tensor_scatter_nd_update(y, [[index]], tf.reshape(value, [1]))


def compute_augmented_facility_locations(
    pairwise_distances: tf.Tensor,
    labels: tf.Tensor,
    all_ids: tf.Tensor | None,
    margin_multiplier: float,
    margin_type: str,
) -> tf.Tensor:
    """Returns int32 [classes], medoids added one by one, each the best of energy plus margin.

    Args:
      all_ids: the candidates; None: all samples.
    """
    all_ids = tf.range(tf.shape(pairwise_distances)[0]) if all_ids is None else all_ids
    return _ids(_add_medoids, margin_type, pairwise_distances, labels, margin_multiplier, all_ids)


def compute_augmented_facility_locations_pam(
    pairwise_distances: tf.Tensor,
    labels: tf.Tensor,
    margin_multiplier: float,
    margin_type: str,
    chosen_ids: tf.Tensor,
    pam_max_iter: int = 5,
) -> tf.Tensor:
    """Returns `chosen_ids` [classes] after `pam_max_iter` rounds of update_all_medoids."""
    for _ in range(pam_max_iter):
        predictions = get_cluster_assignment(pairwise_distances, chosen_ids)
        chosen_ids = update_all_medoids(
            pairwise_distances, predictions, labels, chosen_ids, margin_multiplier, margin_type
        )
    return chosen_ids


def update_all_medoids(
    pairwise_distances: tf.Tensor,
    predictions: tf.Tensor,
    labels: tf.Tensor,
    chosen_ids: tf.Tensor,
    margin_multiplier: float,
    margin_type: str,
) -> tf.Tensor:
    """Returns `chosen_ids` [classes] with the best medoid of each cluster of `predictions` [N] in turn."""
    inputs = (pairwise_distances, labels, margin_multiplier, chosen_ids, predictions)
    return _ids(_move_medoids, margin_type, *inputs)


def update_medoid_per_cluster(
    pairwise_distances: tf.Tensor,
    pairwise_distances_subset: Any,
    labels: tf.Tensor,
    chosen_ids: tf.Tensor,
    cluster_member_ids: tf.Tensor,
    cluster_idx: TensorLike,
    margin_multiplier: float,
    margin_type: str,
) -> tf.Tensor:
    """Returns `chosen_ids` [classes] with the best medoid of the one cluster `cluster_idx`.

    Args:
      pairwise_distances_subset: not needed, it follows from the next.
      cluster_member_ids: int [members] or [members, 1].
    """
    del pairwise_distances_subset
    members = tf.reshape(cluster_member_ids, [-1])
    inputs = (pairwise_distances, labels, margin_multiplier, chosen_ids, members, cluster_idx)
    return _ids(_move_medoid, margin_type, *inputs)


def score_function(margin_type: str) -> Score:
    """Returns the function of two int arrays [N] that SCORES names, from 0 to 1 as float32."""
    if margin_type not in SCORES:
        raise ValueError(f"Unrecognized margin_type: {margin_type!r}; there are {', '.join(SCORES)}")
    name = SCORES[margin_type]
    if name is None:
        return lambda labels, predictions: np.float32(np.array_equal(labels, predictions))
    try:
        score = getattr(importlib.import_module("sklearn.metrics"), name)
    except ImportError as error:
        raise ImportError(
            f"Cluster loss depends on sklearn for margin_type={margin_type!r}: pip install scikit-learn, or "
            'take margin_type="const", which needs nothing'
        ) from error
    return lambda labels, predictions: np.float32(max(0.0, score(labels, predictions)))


def _ids(
    choose: Callable[..., np.ndarray],
    margin_type: str,
    distances: tf.Tensor,
    labels: tf.Tensor,
    margin_multiplier: float,
    *more: TensorLike,
) -> tf.Tensor:
    """Runs a function below in NumPy; returns the int32 [classes] that it chooses."""
    function = partial(choose, score_function(margin_type))
    inputs = [distances, labels, tf.cast(margin_multiplier, tf.float32), *more]
    return tf.ensure_shape(tf.numpy_function(function, inputs, tf.int32), [None])


def _add_medoids(
    score: Score, distances: np.ndarray, labels: np.ndarray, multiplier: np.ndarray, ids: np.ndarray
) -> np.ndarray:
    chosen: list[int] = []
    reach = np.full(len(labels), np.inf, distances.dtype)  # the distance to the nearest medoid
    for _ in np.unique(labels):
        rest = ids[~np.isin(ids, chosen)]
        energies = -np.minimum(distances[rest], reach).sum(axis=1)
        best = _best(score, distances, labels, multiplier, energies, [[*chosen, other] for other in rest])
        chosen.append(rest[best])
        reach = np.minimum(reach, distances[rest[best]])
    return np.array(chosen, np.int32)


def _move_medoids(
    score: Score,
    distances: np.ndarray,
    labels: np.ndarray,
    multiplier: np.ndarray,
    chosen: np.ndarray,
    clusters: np.ndarray,
) -> np.ndarray:
    for cluster in range(len(np.unique(labels))):
        members = np.flatnonzero(clusters == cluster)
        chosen = _move_medoid(score, distances, labels, multiplier, chosen, members, cluster)
    return chosen


def _move_medoid(
    score: Score,
    distances: np.ndarray,
    labels: np.ndarray,
    multiplier: np.ndarray,
    chosen: np.ndarray,
    members: np.ndarray,
    cluster: int,
) -> np.ndarray:
    energies = -distances[np.ix_(members, members)].sum(axis=0)
    swapped = np.tile(chosen, [len(members), 1])
    swapped[:, cluster] = members
    return swapped[_best(score, distances, labels, multiplier, energies, swapped)].astype(np.int32)


def _best(
    score: Score,
    distances: np.ndarray,
    labels: np.ndarray,
    multiplier: np.ndarray,
    energies: np.ndarray,
    candidates: Any,
) -> np.intp:
    """Returns which of the candidates, lists of medoids, has the highest energy plus margin."""
    margins = [1 - score(labels, _assign(distances, medoids)) for medoids in candidates]
    return np.argmax(energies + multiplier * np.array(margins, np.float32))


def _assign(distances: np.ndarray, medoids: Any) -> np.ndarray:
    nearest = np.argmin(distances[medoids], axis=0)
    nearest[medoids] = np.arange(len(medoids))
    return nearest
